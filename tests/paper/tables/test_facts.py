"""Tables of facts: the runs as a grid that the page has room for, or summed up."""

from __future__ import annotations

import re

import pytest

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Table
from benchsuite.paper.tables import facts
from benchsuite.paper.tables.facts import runs_table
from support.paper_material import make_material


@pytest.fixture(autouse=True)
def narrow_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "ABREAST", 3)
    monkeypatch.setattr(facts, "KEYS_ABREAST", 5)


def made(cases: int, seeds: int) -> Table:
    return runs_table(PaperContext(make_material(cases=cases, seeds=seeds)))


@pytest.mark.parametrize(
    ("cases", "seeds", "shape", "cell"),
    [(3, 9, (9, 4), "`k`/`w`"), (5, 3, (5, 4), "`k`/`w`"), (4, 5, (4, 6), "`k`")],
)
def test_runs_are_a_grid_of_cases_and_seeds(cases: int, seeds: int, shape: tuple[int, int], cell: str) -> None:
    table = made(cases, seeds)
    assert (len(table.rows), len(table.columns)) == shape
    pattern = cell.replace("k", "[0-9a-f]{8}").replace("w", "[0-9a-f]{8}")
    assert all(re.fullmatch(pattern, one.text) and one.of for row in table.rows for one in row[1:])
    assert ("resultados adjuntos" in (table.note or "")) == ("w" not in cell)


def test_runs_that_fit_no_grid_are_one_row_a_case() -> None:
    table = made(4, 9)
    assert len(table.rows) == 4
    assert [row[1].value for row in table.rows] == [9] * 4
    assert len({row[2].text for row in table.rows}) == 4
    assert all(len(row[2].runs) == 9 for row in table.rows)
    assert "resultados adjuntos" in (table.note or "")
    assert table == made(4, 9)


def test_the_factor_in_the_title_of_runs_keeps_its_capitals() -> None:
    study = PaperContext(make_material({"labels": {"recipe.freeze.blocks": "Bloques sin SGD"}}, cases=2, seeds=2))
    assert runs_table(study).title == "Ejecuciones por semilla y bloques sin SGD"
