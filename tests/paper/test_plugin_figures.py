"""Charts of plugins: what they are told, what is refused, and where and how papers show them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.api import Chart, ChartSeries, Parameters, StudyResult
from benchsuite.errors import PluginError
from benchsuite.paper.bundle.attachments import pack, unpack
from benchsuite.paper.context.chart_checks import MOST_POINTS, chart_faults
from benchsuite.paper.document.blocks import Document, Figure, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.figures.chart import draw_chart
from benchsuite.paper.plugin_figures import charts_apart, charts_of, compared, study_result
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from benchsuite.store.run_store import Store
from support.figures import Spread, charted, registry_of
from support.paper_material import make_material
from support.runs import put_run

LINE = Chart(
    shows="una recta",
    alt="De 1 a 2.",
    kind="lines",
    x="Época",
    y="Pérdida",
    series=(ChartSeries("", (1.0, 2.0), (1.0, 2.0)),),
)


def series(**changes: Any) -> Chart:
    return replace(LINE, series=(replace(LINE.series[0], **changes),))


def figure(document: Document, name: str = "fig-spread") -> Figure:
    return next(block for block in document.body if isinstance(block, Figure) and block.id == name)


def test_a_plugin_is_told_of_every_case_and_its_finished_runs() -> None:
    material = make_material(cases=3, seeds=4, failed=[(1, 2)])
    study = study_result(material)
    findings = material.findings
    assert [case.label for case in study.cases] == [case.label for case in findings.cases]
    assert [[run.seed for run in case.runs] for case in study.cases] == [[0, 1, 2, 3], [0, 1, 3], [0, 1, 2, 3]]
    assert study.factor == "Bloques congelados"
    assert study.classes == findings.dataset.classes  # type: ignore[union-attr]
    for case, found in zip(study.cases, findings.cases, strict=True):
        assert [run.metrics["test_accuracy"] for run in case.runs] == list(found.estimates["test_accuracy"].values)
        assert [run.key for run in case.runs] == list(found.estimates["test_accuracy"].runs)
        record = material.results.records[case.runs[0].key]
        assert [each.validation_loss for each in case.runs[0].epochs] == [e.validation_loss for e in record.epochs]


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        ("no chart", "it is str, no Chart"),
        (replace(LINE, x=" "), "x is empty"),
        (replace(LINE, alt="a" * 3000), "alt has 3000 characters"),
        (replace(LINE, kind="pie"), "its kind is 'pie'"),  # type: ignore[arg-type]
        (replace(LINE, series=()), "it has 0 series"),
        (replace(LINE, series=LINE.series * 25), "it has 25 series"),
        (replace(LINE, series=LINE.series * 2), "one of several series has no title"),
        (series(y=(1.0,)), "series 1 has 2 of x, 1 of y"),
        (series(y=(1.0, float("nan"))), "y of series 1 is no tuple of finite numbers"),
        (series(y=[1.0, 2.0]), "y of series 1 is no tuple"),
        (series(low=(0.0, 0.0)), "2 of low, 0 of high"),
        (series(x=(), y=()), "it has 0 points"),
        (series(x=(1.0,) * (MOST_POINTS + 1), y=(1.0,) * (MOST_POINTS + 1)), "it has 10001 points"),
        (series(case="nobody"), "of the case 'nobody', which there is not"),
        (replace(series(y=(0.0, 1.0)), log_y=True), "not above 0"),
        (replace(LINE, categories=("a", "b")), "places that are no category, 0 to 1"),
        (replace(series(x=(0.0, 1.0)), categories=("a", ""), log_x=True), "categories are no tuple of names"),
        (replace(series(x=(0.0, 1.0)), categories=("a", "b"), log_x=True), "cannot be logarithmic"),
    ],
)
def test_what_cannot_be_drawn_is_said(chart: Any, words: str) -> None:
    faults = list(chart_faults(chart, study_result(make_material(cases=2, seeds=1))))
    assert any(words in fault for fault in faults), faults


def test_a_sound_chart_has_no_fault() -> None:
    assert list(chart_faults(LINE)) == []


values = st.floats(-1e6, 1e6, allow_nan=False)
words = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S")), min_size=1, max_size=30)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    categories = draw(st.lists(words, max_size=6))
    places = st.integers(0, len(categories) - 1).map(float) if categories else values
    made = []
    for at in range(draw(st.integers(1, 4))):
        x = tuple(draw(st.lists(places, min_size=1, max_size=5)))
        y = tuple(draw(st.lists(values, min_size=len(x), max_size=len(x))))
        spread = draw(st.booleans())
        low, high = (tuple(v - 1 for v in y), tuple(v + 2 for v in y)) if spread else ((), ())
        made.append(ChartSeries(f"{at} {draw(words)}", x, y, low, high))
    kind = draw(st.sampled_from(("lines", "points", "bars")))
    return Chart("algo", "1", kind, draw(words), draw(words), tuple(made), tuple(categories), wide=draw(st.booleans()))


@settings(max_examples=25, deadline=None)
@given(charts())
def test_whatever_has_no_fault_is_drawn(chart: Chart) -> None:
    assert list(chart_faults(chart)) == []
    drawn = draw_chart("fig-any", chart)
    assert drawn.svg.startswith("<svg")
    assert sum(len(one.points) for one in drawn.series) <= sum(len(one.x) for one in chart.series)


def test_the_paper_shows_the_chart_where_the_suite_wants_it_and_cites_its_works() -> None:
    material = charted()
    document = compose(material)
    drawn = figure(document)
    at = document.body.index(drawn)
    mention = document.body[at - 1]
    assert isinstance(mention, Paragraph)
    assert mention.text.startswith("La {{fig-spread}} muestra la dispersión de la exactitud")
    assert "[[tukey1977]]" in mention.text
    assert "tukey1977" in document.references
    assert drawn.caption == "La dispersión de la exactitud."
    assert drawn.drawing.alt.startswith("Medias: ")
    assert drawn.drawing.series[0].points
    leads = [(i, block.lead) for i, block in enumerate(document.body) if isinstance(block, Paragraph) and block.lead]
    assert max(pair for pair in leads if pair[0] < at)[1] == "Eficiencia computacional"
    told = " ".join(block.text for block in document.body if isinstance(block, Paragraph))
    assert "La {{fig-spread}} la calcula `outsider 2.1` (`spread`)" in told


def test_a_figure_with_nothing_to_show_leaves_no_gap() -> None:
    document = compose(charted(done=2))
    assert not any(getattr(block, "id", "") == "fig-spread" for block in document.body)


def test_prose_that_names_a_figure_with_nothing_to_show_says_so() -> None:
    class Empty(Spread):
        def chart(self, params: Any, study: StudyResult) -> Chart | None:
            return None

    for done in (None, 0):
        document = compose(charted(Empty, paper={"abstract": "Como en la {{fig-spread}}."}, done=done))
        assert "Como en la (figura pendiente)." in render_html(document, number(document))


def test_hostile_words_end_as_text() -> None:
    class Hostile(Spread):
        name = "spread"

        def chart(self, params: Any, study: StudyResult) -> Chart | None:
            bad = "<script>alert(1)</script> {{fig-loss}} **x** [[y]] \u202e\x00"
            sound = super().chart(params, study)
            assert sound is not None
            return replace(sound, shows=bad, alt=bad, x=bad, y=bad, categories=(bad,) * len(sound.categories))

    document = compose(charted(Hostile))
    drawn = figure(document)
    assert "<script" not in drawn.drawing.svg
    assert "\u202e" not in drawn.drawing.svg + drawn.caption
    assert "\\{\\{fig-loss\\}\\}" in drawn.caption


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ValueError("too bad"), "it raised ValueError: too bad"),
        ("a text", "its chart cannot be drawn: it is str, no Chart"),
        (series(y=(1.0, float("inf"))), "no tuple of finite numbers"),
    ],
)
def test_a_plugin_that_fails_is_named(answer: Any, said: str) -> None:
    class Failing(Spread):
        name = "failing"

        def chart(self, params: Parameters, study: StudyResult) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

    with pytest.raises(PluginError) as caught:
        charted(Failing)
    assert said in str(caught.value)
    assert "the figure failing of outsider 2.1" in str(caught.value)
    assert "no result is lost" in str(caught.value)


def test_a_paper_carries_its_charts() -> None:
    material = charted()
    again = unpack(pack(material))
    assert again.charts == material.charts
    assert figure(compose(again)).drawing == figure(compose(material)).drawing


def test_a_chart_that_was_changed_is_told_from_its_figures_own() -> None:
    material = charted()
    (made,) = material.charts
    assert [same for _, same in compared(material.charts, charts_of(material, registry_of(Spread)))] == [True]
    other = replace(made.chart, series=(replace(made.chart.series[0], y=(0.1, 0.2, 0.3, 0.4, 0.5)),))
    assert [same for _, same in compared([replace(made, chart=other)], material.charts)] == [False]
    assert [same for _, same in compared([replace(made, version="2.0")], material.charts)] == [None]
    assert [same for _, same in compared(material.charts, ())] == [None]


LEAVING = """
import os, time
from benchsuite.api import Chart, Figure, Parameters


class Leaving(Figure[Parameters]):
    name = "leaving"
    Parameters = Parameters

    def chart(self, params, study):
        print("rubbish")
        {does}
"""


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("os._exit(5)", "a plugin ended the process that asked it (exit code 5)"),
        ("os.kill(os.getpid(), 9)", "a plugin ended the process that asked it (SIGKILL)"),
        ("raise SystemExit(1)", "it raised SystemExit"),
        pytest.param("time.sleep(600)", "there is no chart after 8 s", marks=pytest.mark.slow),
    ],
)
def test_a_plugin_that_leaves_or_hangs_does_not_take_the_program_with_it(
    does: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "leaving_figure.py").write_text(LEAVING.format(does=does))
    monkeypatch.setenv("BENCHSUITE_PLUGINS", str(tmp_path / "leaving_figure.py"))
    if "sleep" in does:
        monkeypatch.setattr("benchsuite.paper.plugin_figures.SECONDS", 8.0)
    with pytest.raises(PluginError) as caught:
        charts_apart(make_material({"figures": [{"figure": {"name": "leaving"}}]}, cases=2, seeds=1))
    assert said in str(caught.value)
    assert "leaving" in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_without_asked_figures_no_plugin_is_asked() -> None:
    assert charts_of(make_material(), registry_of(Spread)) == ()


class Sureness(Spread):
    """The mean probability of the most probable class, in the test of each case."""

    sees_predictions = True

    def chart(self, params: Any, study: StudyResult) -> Chart | None:
        runs = [run.test for case in study.cases for run in case.runs]
        assert all(each is not None and each.classes for each in runs)
        made = super().chart(params, study)
        sure = tuple(float(each.probabilities.max(axis=1).mean()) for each in runs if each)
        return made and replace(made, series=(ChartSeries("", tuple(map(float, range(len(sure)))), sure),))


def test_a_figure_that_says_so_is_told_what_runs_predicted(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    material = make_material({"figures": [{"figure": {"name": "spread"}}]}, cases=1, seeds=1)
    (key,) = material.results.keys
    results = replace(material.results, keys={key: record.key}, records={record.key: record})
    material = replace(material, results=results)
    store = Store(tmp_path)
    assert charts_of(material, registry_of(Sureness)) == ()
    (made,) = charts_of(material, registry_of(Sureness), store)
    predicted = store.read_predictions(record)
    assert made.chart.series[0].y == pytest.approx([float(predicted.test_probabilities.max(axis=1).mean())])
    assert [same for _, same in compared([made], charts_of(material, registry_of(Sureness)))] == [None]
    (run,) = study_result(material, store).cases[0].runs
    assert run.validation is not None
    with pytest.raises(ValueError, match="read-only"):
        run.validation.probabilities[0, 0] = 1
    (told,) = study_result(material).cases[0].runs
    assert (told.validation, told.test) == (None, None)
