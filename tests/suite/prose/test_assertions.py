"""Sentences that some results would contradict are pointed at, and nothing else is."""

from __future__ import annotations

import json

import pytest

from benchsuite.suite import parse_suite
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.assertions import asserted_results
from support.fake_components import BASE, REGISTRY

CLAIMS = "claims:\n  - {id: uno, text: La red ancha gana, at_least: 0.9}\n"
PAPER = (
    "paper:\n  labels: {recipe.freeze.blocks=1: un bloque, recipe.freeze.blocks=2: dos bloques}\n"
    "  references: [{key: informe, text: «Un informe»}]\n"
)


def warnings(text: str, place: str = "discussion") -> list[str]:
    section = json.dumps({"title": "Así fue", "place": place, "text": text}, ensure_ascii=False)
    source = f"{BASE}{CLAIMS}{PAPER}  sections:\n    - {section}\n"
    suite = parse_suite(source.encode(), "tiny.yaml", REGISTRY)
    found = asserted_results(suite, expand(suite, REGISTRY).cases)
    assert all(warning.remedy and warning.line == source.count("\n") for warning in found)
    return [warning.what for warning in found]


@pytest.mark.parametrize(
    "text",
    [
        "Congelar un bloque supera a la referencia.",
        "Congelar dos bloques es peor que no congelar.",
        "La exactitud es {{test_accuracy 1}} y empeora la de partida.",
        "Con {{difference 2}}, la segunda mejora a la primera.",
        "Las tres apenas se distinguen.",
        "El {{tab-results}} permite juzgar qué diferencias resisten.",
        "Las curvas con un bloque convergen antes.",
        "{{if claim uno holds}}Bien.{{else}}Mal.{{end}} Entrenar dos bloques rinde menos.",
    ],
)
def test_a_result_that_is_asserted_whatever_comes_out_is_pointed_at(text: str) -> None:
    assert len(warnings(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "{{if difference 1 positive}}Congelar un bloque supera a la referencia.{{else}}No.{{end}}",
        "Según [[informe]], congelar un bloque supera a la referencia.",
        "Si congelar un bloque supera a la referencia, conviene saberlo.",
        "Congelar un bloque podría ser mejor que no congelar.",
        "La mayor exactitud media en test corresponde a {{best test_accuracy}}.",
        "Lo esperado: {{claim uno}}; {{verdict uno}}.",
        "La exactitud es {{test_accuracy 1}} con un bloque y {{test_accuracy 2}} con dos bloques.",
        "Se observa la mejora en la mejor época de un bloque.",
        "El trabajo previo dice que un bloque supera a los demás.",
    ],
)
def test_what_follows_the_results_or_is_only_possible_is_left_alone(text: str) -> None:
    assert warnings(text) == []


def test_only_where_results_are_told_and_not_where_the_method_is() -> None:
    assert warnings("Congelar un bloque supera a la referencia.", "method") == []
    assert len(warnings("Congelar un bloque supera a la referencia.", "conclusions")) == 1
