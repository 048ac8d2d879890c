"""Each rule of figures is kept by a sound one, and broken by one that breaks it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from benchsuite.api import Chart, ChartSeries, Figure, Parameters, StudyResult
from benchsuite.testing.harness.outcomes import Broken, Inapplicable
from benchsuite.testing.rules.catalogue import rules_of
from benchsuite.testing.rules.figure import RULES
from support.contract import check

pytestmark = pytest.mark.slow

numbers = itertools.count()


class GapParameters(Parameters):
    """What is shown."""

    percent: bool = Field(default=True)
    """Whether in percentage points."""


class Gap(Figure[GapParameters]):
    """Training minus validation accuracy of each run."""

    name = "gap"
    Parameters = GapParameters

    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        scale = 100 if params.percent else 1
        shown = [case for case in study.cases if case.runs][:20]
        if not shown:
            return None
        return Chart(
            shows="la brecha de cada ejecución",
            alt=f"Brechas de {len(shown)} configuraciones.",
            kind="points",
            x="Semilla",
            y="Brecha",
            series=tuple(
                ChartSeries(
                    case.label,
                    tuple(float(run.seed) for run in case.runs),
                    tuple(scale * run.metrics["overfitting_gap"] for run in case.runs),
                    case=case.name,
                )
                for case in shown
            ),
        )


class Sure(Gap):
    """How sure each run is of its test images."""

    sees_predictions = True

    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        made = super().chart(params, study)
        runs = [[run.test.probabilities for run in case.runs if run.test] for case in study.cases if case.runs][:20]
        sure = [tuple(float(each.max(axis=1).mean()) for each in case) for case in runs]
        return made and replace(made, series=tuple(replace(o, y=y) for o, y in zip(made.series, sure, strict=True)))


class SureInSecret(Sure):
    sees_predictions = False


class Empty(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        return None


class Speechless(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        made = super().chart(params, study)
        return made and replace(made, alt="Brechas.")


class Endless(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        made = super().chart(params, study)
        return made and replace(made, series=tuple(replace(one, y=(float("inf"),) * len(one.y)) for one in made.series))


class Hasty(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        study.cases[0].runs[0]
        return super().chart(params, study)


class Crowded(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        made = super().chart(params, study)
        return made and replace(made, series=made.series * 2)


class Counting(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        made = super().chart(params, study)
        return made and replace(made, x=f"Semilla {next(numbers)}")


class Unsorted(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        made = super().chart(params, study)
        return made and replace(made, x=" ".join({"Semilla", "de", "cada", "una", "las", "ejecuciones"}))


class Meddling(Gap):
    def chart(self, params: GapParameters, study: StudyResult) -> Chart | None:
        for case in study.cases:
            for run in case.runs:
                run.metrics["overfitting_gap"] = 0.5  # type: ignore[index]
        return super().chart(params, study)


class Bilingual(Gap):
    def chart(self, params: Any, study: StudyResult) -> Chart | None:
        chart = super().chart(params, study)
        return chart and replace(chart, shows={"es": "la brecha", "en": "the gap"}[study.language])


class SpanishAlone(Gap):
    def chart(self, params: Any, study: StudyResult) -> Chart | None:
        return super().chart(params, study) if study.language == "es" else None


BROKEN: list[tuple[str, type[Gap], str]] = [
    ("words-follow", SpanishAlone, "a chart for papers in one language and None for the other"),
    ("draws", Empty, "it returns None for a study of three cases"),
    ("draws", Speechless, "the alternative text has no number"),
    ("draws", SureInSecret, "series 1 has 3 of x, 0 of y"),
    ("draws", Endless, "no tuple of finite numbers"),
    ("unfinished", Hasty, "a study with no run finished: IndexError"),
    ("unfinished", Crowded, "it has 40 series"),
    ("same-chart", Counting, "a second call gives another chart"),
    ("same-chart", Unsorted, "another process gives another chart"),
    ("same-chart", Meddling, "it changes the study that it is given"),
]


@pytest.mark.parametrize("figure", [Gap, Sure])
@pytest.mark.parametrize("rule", [rule.id for rule in rules_of("figure")])
def test_a_sound_figure_keeps_the_rule(rule: str, figure: type[Gap], tmp_path: Path) -> None:
    try:
        check(figure, rule, tmp_path)
    except Inapplicable:
        assert rule in ("smoke-valid", "bibtex-reads")


@pytest.mark.parametrize(("rule", "component", "words"), BROKEN, ids=[f"{r}-{c.__name__}" for r, c, _ in BROKEN])
def test_a_figure_that_breaks_the_rule_is_caught(rule: str, component: type[Gap], words: str, tmp_path: Path) -> None:
    with pytest.raises(Broken) as caught:
        check(component, rule, tmp_path)
    assert words in str(caught.value)


def test_words_in_one_language_are_told(tmp_path: Path) -> None:
    assert check(Gap, "words-follow", tmp_path) == (
        "one language alone: papers in Spanish and in English both have 'la brecha de cada ejecución'"
    )
    assert check(Bilingual, "words-follow", tmp_path) == "Spanish, English"


def test_every_rule_is_broken_by_something() -> None:
    assert {rule for rule, _, _ in BROKEN} == {rule.id for rule in RULES}


def test_parameters_reach_the_figure(tmp_path: Path) -> None:
    from support.contract import subject_of

    subject: Any = subject_of(Gap, tmp_path, percent=False)
    assert subject.params.percent is False
