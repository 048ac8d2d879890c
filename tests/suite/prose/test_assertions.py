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
        "Añade ruido [[informe]], a costa de épocas más largas: {{train_accuracy 1}} y {{train_accuracy 2}}.",
        "It adds noise [[informe]], at the price of longer epochs: {{train_accuracy 1}} and {{train_accuracy 2}}.",
    ],
)
def test_a_result_that_is_asserted_whatever_comes_out_is_pointed_at(text: str) -> None:
    assert len(warnings(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "La {{fig-loss}} muestra si el entrenamiento quedó a medias.",
        "La {{fig-gap}} indica también cuánto se separan.",
        "Las curvas de la {{fig-loss}} dejan ver otra cosa.",
        "La velocidad debe leerse en la {{fig-convergence}}, y con cautela.",
        "La mejor época es la {{best_epoch 1}}. Si esa época es temprana, la red ha dejado pronto de aprender.",
        "Ese valor sería la suma; si queda por debajo, unas formas sobran.",
        "La {{fig-convergence}} muestra la evolución que se obtiene aquí.",
        "{{fig-loss}} shows whether training was left half done.",
        "{{fig-loss}} tells how far they part.",
        "The curves of {{fig-loss}} let something else be seen.",
        "Speed should be read in {{fig-convergence}}, and with caution.",
        "The best epoch is {{best_epoch 1}}. If that epoch is early, the network has stopped learning soon.",
        "That would be the sum; if it stays below, some forms are needless.",
    ],
)
def test_what_leaves_the_result_to_the_reader_is_pointed_at(text: str) -> None:
    (what,) = warnings(text)
    assert what.endswith("leaves the result to the reader")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Con pocas fotografías una red memoriza antes de generalizar.", "how networks learn"),
        (
            "Reducir pronto la tasa aprovecha mejor un entrenamiento breve, y otro orden podría darse.",
            "how networks learn",
        ),
        ("Eso favorece a la tasa constante, cuyas oscilaciones dan ocasión de escoger.", "how networks learn"),
        ("Conviene partir de otra red, que es lo que aconseja la literatura.", "names no work"),
        ("With few photos a network memorizes before it generalizes.", "how networks learn"),
        ("It begins from another network, which is what the literature advises.", "names no work"),
    ],
)
def test_what_is_told_as_if_everybody_knew_it_is_pointed_at(text: str, what: str) -> None:
    (found,) = warnings(text)
    assert what in found


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
        "Con pocas fotografías una red puede memorizar antes de generalizar.",
        "Las redes memorizan las etiquetas [[informe]].",
        "Conviene partir de otra red, que es lo que aconseja la literatura [[informe]].",
        "La repetición no muestra que difieran, y no ha podido decidirse si es la mejor.",
        "El informe de partida no dice cuántas veces lo repitió, and it does not say how often it did.",
        "Si es así, la diferencia es la de la {{fig-gap}}.",
        "{{fig-gap}} shows the gap, and if so it is small.",
    ],
)
def test_what_follows_the_results_or_is_only_possible_is_left_alone(text: str) -> None:
    assert warnings(text) == []


def test_only_where_results_are_told_and_not_where_the_method_is() -> None:
    assert warnings("Congelar un bloque supera a la referencia.", "method") == []
    assert len(warnings("Congelar un bloque supera a la referencia.", "conclusions")) == 1
