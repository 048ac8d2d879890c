"""The tables of the design say what was set and by which name."""

from __future__ import annotations

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Table
from benchsuite.paper.tables.configuration import configuration_table
from benchsuite.registry import registry
from benchsuite.suite import read_suite
from support.shipped import SUITES
from support.synthetic_study import make_unstudied_material


def rows(name: str) -> dict[str, str]:
    table = configuration_table(PaperContext(make_unstudied_material(read_suite(SUITES / f"{name}.yaml", registry()))))
    assert isinstance(table, Table)
    return {row[0].text: row[1].text for row in table.rows}


def test_components_go_by_their_names_whatever_words_are_spelled_like_them() -> None:
    """A recipe is called `train`, as is a mode of normalization; another like one of the strategies it offers."""
    assert rows("cifar10_dense")["Receta"] == "`train`"
    assert rows("two_phase")["Receta"] == "`two_phase`"
    assert rows("cifar10_dense")["Optimizador"] == "SGD"
