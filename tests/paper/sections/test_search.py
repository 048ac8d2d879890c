"""What papers say of a search: its table, its figures, and prose that quotes the best trial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.document.blocks import Document, Figure, Table, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import templates
from benchsuite.paper.sections.compose import compose
from benchsuite.suite.schema.suite import Halving
from support.paper_material import make_material
from support.search import LABELS, make_search, make_search_material

HALVING = Halving(path="recipe.max_epochs", rungs=(3, 9, 27), keep=0.34)


def said(document: Document) -> str:
    parts = [document.abstract, *document.notices, *(text for block in document.body for text in texts(block))]
    return " ".join(templates.plain(document, part) for part in parts).replace("\u00a0", " ")


def block(document: Document, name: str) -> Any:
    return next(found for found in document.body if getattr(found, "id", "") == name)


def test_the_table_has_the_best_trials_first_with_the_runs_behind_every_number() -> None:
    material = make_search_material()
    found = material.findings.search
    assert found is not None
    table: Table = block(compose(material), "tab-search")
    assert [row[0].value for row in table.rows] == [trial.number for trial in found.trials[:12]]
    for row, trial in zip(table.rows, found.trials, strict=False):
        assert row[1].value == 100 * trial.values["validation_accuracy"]
        assert row[1].runs == (trial.run,)
    assert [cell.strong for row in table.rows for cell in row].count(True) == 1
    assert "los 12 primeros de 24" in (table.note or "")
    titles = [column.title for column in table.columns]
    assert titles[5:8] == list(LABELS.values())


def test_the_times_of_all_trials_are_in_one_unit() -> None:
    material = make_search_material()
    found = material.findings.search
    assert found is not None
    trials = [
        replace(trial, values={**trial.values, "training_seconds": 100.0 + 10 * at})
        for at, trial in enumerate(found.trials)
    ]
    material.__dict__["findings"] = replace(material.findings, search=replace(found, trials=tuple(trials)))
    table: Table = block(compose(material), "tab-search")
    assert [row[-2].text for row in table.rows] == [f"{100 + 10 * at},0\u00a0s" for at in range(12)]


@pytest.mark.parametrize(
    ("search", "results", "words"),
    [
        ({}, {}, ["espacio de 196 puntos con muestreo aleatorio", "24 ensayos", "test no interviene", "Kelley"]),
        (
            {"sampler": "tpe", "halving": HALVING},
            {"done": 28, "failing": 7},
            [
                "Parzen",
                "de 4 en 4",
                "escalones de 3, 9 y 27",
                "el 34 % mejor",
                "fallaron tres; faltan nueve",
                "primer escalón",
            ],
        ),
        ({"sampler": "tpe", "lag": 6}, {}, ["el n-ésimo, a partir de los resultados de los ensayos 1 a n − 6."]),
        ({}, {"done": 0}, ["Todavía no ha terminado ningún ensayo", "RESULTADOS PARCIALES: 0 de 25"]),
        ({"budget": 3}, {}, ["Con tan pocos ensayos"]),
        ({"metric": "validation_loss", "budget": 2}, {"done": 1}, ["menor pérdida de validación", "falta una"]),
        ({"sampler": "grid", "budget": 2, "space": {"recipe.words": ("<b>$x$", "{y}_*")}}, {}, ["la rejilla completa"]),
    ],
)
def test_every_state_of_a_search_makes_a_paper_that_says_so(
    search: dict[str, Any], results: dict[str, Any], words: list[str]
) -> None:
    document = compose(make_search_material(make_search(**search), **results))
    text = said(document)
    for word in words:
        assert word in text
    number(document)


def test_prose_quotes_the_best_trial_by_reference() -> None:
    abstract = (
        "De {{trials}}, el mejor tiene {{best_trial}} y {{best_trial validation_accuracy}}; véase {{tab-search}}."
    )
    material = make_search_material(paper={"abstract": abstract})
    found = material.findings.search
    assert found is not None
    assert found.best is not None
    document = compose(material)
    text = said(document)
    assert "De 24 ensayos, el mejor tiene tasa de aprendizaje 0,01; momento" in text
    assert f"{100 * found.best.values['validation_accuracy']:.1f}".replace(".", ",") in text
    assert found.best.run in {run for quantity in document.quantities for run in quantity.runs}
    assert "(sin resultados todavía)" in said(compose(make_search_material(paper={"abstract": abstract}, done=0)))


@pytest.mark.parametrize("quote", ["best_trial test_accuracy", "best_trials"])
def test_unknown_quotes_of_a_search_are_errors(quote: str) -> None:
    with pytest.raises(PaperError, match="unknown"):
        compose(make_search_material(paper={"abstract": f"{{{{{quote}}}}}"}))
    with pytest.raises(PaperError, match="unknown"):
        compose(make_material({"abstract": "{{best_trial}}"}, cases=1, seeds=1))


def test_a_paper_without_a_search_says_nothing_of_one() -> None:
    document = compose(make_material(cases=1, seeds=1))
    assert not [found for found in document.body if getattr(found, "id", "") in ("sec-search", "tab-search")]
    assert "tab-search" not in document.expected


def test_the_trials_take_the_width_of_the_page() -> None:
    figure: Figure = block(compose(make_search_material()), "fig-search")
    assert figure.wide


def test_the_caption_says_when_only_the_best_trials_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("figures", "sections"):
        monkeypatch.setattr(f"benchsuite.paper.{module}.search.MOST_LINES", 5)
    figure: Figure = block(compose(make_search_material()), "fig-search")
    assert "coordenadas paralelas, los 5 mejores de 24 ensayos: " in figure.caption.replace("\N{NO-BREAK SPACE}", " ")
