"""The tables of the design say what was set and by which name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from benchsuite_plugins.recipes.two_phase import PRESETS

from benchsuite.contracts.recipe import FreezePolicy, Optimizer, Phase
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Table
from benchsuite.paper.language.catalogue import find
from benchsuite.paper.language.current import speaking
from benchsuite.paper.tables.configuration import configuration_table, describe_trained, phases_table
from benchsuite.registry import registry
from benchsuite.suite import read_suite
from benchsuite.suite.schema.suite import Language
from support.paper_studies import make_study
from support.shipped import SUITES
from support.synthetic_study import make_suite_material, make_unstudied_material


def rows(name: str) -> dict[str, str]:
    table = configuration_table(PaperContext(make_unstudied_material(read_suite(SUITES / f"{name}.yaml", registry()))))
    assert isinstance(table, Table)
    return {row[0].text: row[1].text for row in table.rows}


def test_components_go_by_their_names_whatever_words_are_spelled_like_them() -> None:
    """A recipe is called `train`, as is a mode of normalization; another like one of the strategies it offers."""
    assert rows("cifar10_dense")["Receta"] == "`train`"
    assert rows("two_phase")["Receta"] == "`two_phase`"
    assert rows("cifar10_dense")["Optimizador"] == "SGD"


def phases(material: Any) -> list[list[str]]:
    """The table of phases, its heads first."""
    table = phases_table(PaperContext(material))
    assert table is not None
    return [[column.title for column in table.columns], *([cell.text for cell in row] for row in table.rows)]


@pytest.mark.slow
def test_the_presets_of_two_phases_are_spelt_out() -> None:
    heads, *rows = phases(make_suite_material("two_phase"))
    assert heads[2:] == ["Etapas que se entrenan", "Optimizador", "Momento", "Épocas", "Tasa inicial"]
    assert next(row[1:] for row in rows if row[1] == "cabeza") == ["cabeza", "la última", "SGD", "0,9", "10", "0,001"]
    gradual = next(at for at, row in enumerate(rows) if row[0].startswith("gradual"))
    assert [row[2] for row in rows[gradual : gradual + 5]] == [
        "la última",
        *(f"las {n} últimas" for n in ("dos", "tres", "cuatro")),
        "todas",
    ]


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_phases_of_presets_have_words_and_those_of_a_suite_stay_as_code(language: Language) -> None:
    material = make_study("fases")
    with speaking(language):
        assert all(find(f"phase-{phase.name}") for preset in PRESETS.values() for phase in preset)
        ours = {row[1] for row in phases(material)[1:]}
    assert ours >= ({"cabeza", "red entera"} if language == "es" else {"head", "whole network"})
    plan = material.results.plan
    cases = []
    for case in plan.cases:
        parameters = {**case.recipe.parameters, "phases": [{"name": "head"}, {"name": "all"}]}
        cases.append(case.model_copy(update={"recipe": case.recipe.model_copy(update={"parameters": parameters})}))
    theirs = replace(material, results=replace(material.results, plan=plan.model_copy(update={"cases": cases})))
    assert {row[1] for row in phases(theirs)[1:]} >= {"`head`", "`all`"}


def declared(**options: Any) -> dict[str, tuple[Phase, ...]]:
    names = [f"phases={phases},depth={depth}" for phases in ("two_phase", "head_only") for depth in (50, 18)]
    made = [Phase(name, 5, 32, Optimizer("adam", 0.1, options)) for name in ("head", "all")]
    return {name: tuple(made) for name in names}


def test_options_have_a_column_only_where_a_phase_sets_them() -> None:
    assert "Decaimiento" not in phases(make_study("fases", phases=declared(weight_decay=0.0)))[0]
    heads, *rows = phases(make_study("fases", phases=declared(weight_decay=0.01)))
    assert heads[-3:] == ["Decaimiento", "Épocas", "Tasa inicial"]
    assert {row[4] for row in rows} == {"0,01", "—"}, "of the phases that nobody declared, nothing is said"


def test_without_declared_phases_the_table_has_what_went_on() -> None:
    material = make_study("fases")
    assert phases(replace(material, phases={}))[0] == ["Configuración", "Fase", "Épocas", "Tasa inicial"]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({}, "todas"),
        ({"blocks": 1}, "todas menos la de entrada y un bloque"),
        ({"blocks": 2, "stem": "never"}, "todas menos dos bloques"),
        ({"stem": "always"}, "todas menos la de entrada"),
        ({"stages": ["stem", "layer1"]}, "todas menos `stem` y `layer1`"),
        ({"stages": []}, "todas"),
        ({"train_last": 1}, "la última"),
        ({"train_last": 3}, "las tres últimas"),
    ],
)
def test_what_trains_is_told_by_what_is_frozen(policy: dict[str, Any], said: str) -> None:
    assert describe_trained(FreezePolicy.model_validate(policy, strict=False)).replace("\u00a0", " ") == said
