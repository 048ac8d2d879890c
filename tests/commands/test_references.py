"""`benchsuite references`: all that prose may quote and cite, with what it says once there are results."""

from __future__ import annotations

import json

import pytest

from benchsuite.suite.prose.references import Vocabulary
from support.plugins import SUITE
from support.program import Program


def listed(program: Program, *arguments: str) -> dict[str, str]:
    told = program.run("references", "squares_width", "--policy", "sample", "--json", *arguments)
    assert told.code == 0, told.err
    return {one["reference"]: one["says"] for one in json.loads(told.out)}


def test_all_that_may_be_quoted_is_listed_before_there_are_results(program: Program) -> None:
    found = listed(program)
    for reference in (
        "{{seeds}}",
        "{{best test_accuracy}}",
        "{{test_accuracy width=4}}",
        "{{tab-results}}",
        "[[squares]]",
    ):
        assert reference in found, reference
    assert "sin resultados todavía" in found["{{test_accuracy width=4}}"]
    assert found["{{seeds}}"].endswith("semillas")


def test_words_choose_among_them(program: Program) -> None:
    assert set(listed(program, "BEST", "loss")) == {
        "{{best train_loss}}", "{{best validation_loss}}", "{{best test_loss}}"
    } & set(listed(program))  # fmt: skip
    told = program.run("references", "squares_width", "nothing-has-this")
    assert told.code == 0
    assert "leave them out" in told.err


def test_every_reference_that_is_listed_is_understood_and_each_is_listed_once(program: Program) -> None:
    from benchsuite.registry import registry
    from benchsuite.suite import expand, parse_suite

    suite = parse_suite(SUITE.encode(), "x.yaml", registry())
    vocabulary = Vocabulary(suite, expand(suite, registry()).cases)
    references = list(vocabulary.references())
    assert len(references) == len(set(references))
    for reference in references:
        vocabulary.read(reference)


def test_a_suite_that_there_is_not_is_refused(program: Program) -> None:
    program.run("references", "squares_with").refused("squares_width")


@pytest.mark.slow
def test_with_results_each_says_what_the_paper_would_print(program: Program) -> None:
    done = program.run("run", "squares_width", "--policy", "sample", "--no-estimate")
    assert done.code == 0, done.err
    found = listed(program)
    assert "%" in found["{{test_accuracy width=4}}"]
    assert found["{{tab-results}}"].replace("\u00a0", " ").startswith(("Cuadro ", "Tabla "))
    page = (program.results / "squares_width@sample" / "paper.html").read_text(encoding="utf-8")
    number = found["{{test_accuracy width=4}}"].partition(" [")[0].replace("\u00a0", " ")
    assert number in page.replace("\u00a0", " ").replace("&nbsp;", " ")
