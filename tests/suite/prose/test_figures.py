"""Figures that a suite asks plugins for: checked when the suite is read."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from benchsuite.registry import Registry, discover
from benchsuite.suite.reader import parse_suite
from benchsuite.suite.schema.editor_schema import suite_schema
from benchsuite.suite.source.problems import SuiteError
from benchsuite.suite.source.yaml_nodes import parse_text
from support import fake_components
from support.figures import Announced, Spread

REGISTRY: Registry = discover([fake_components.Announced("pretend", fake_components.Provider()), Announced(Spread)])


def asking(*lines: str) -> bytes:
    return (fake_components.BASE + "paper:\n  figures:\n" + "".join(f"    - {line}\n" for line in lines)).encode()


def problems(*lines: str) -> str:
    with pytest.raises(SuiteError) as caught:
        parse_suite(asking(*lines), "tiny.yaml", REGISTRY)
    return str(caught.value)


def test_a_suite_asks_for_figures_with_parameters() -> None:
    suite = parse_suite(
        asking("figure: {name: spread, metric: test_loss}", "{figure: {name: spread}, id: again}"), "t", REGISTRY
    )
    assert [asked.block for asked in suite.paper.figures] == ["fig-spread", "fig-again"]
    assert [asked.place for asked in suite.paper.figures] == ["test", "test"]


def test_prose_may_refer_to_them() -> None:
    text = asking("figure: {name: spread}") + b"  abstract: Mire la {{fig-spread}}.\n"
    assert "fig-spread" in parse_suite(text, "t", REGISTRY).paper.abstract
    with pytest.raises(SuiteError, match="fig-sprad"):
        parse_suite(text.replace(b"{{fig-spread}}", b"{{fig-sprad}}"), "t", REGISTRY)


def test_citations_may_be_of_their_works() -> None:
    text = asking("figure: {name: spread}") + b'  abstract: "Como [[tukey1977]]."\n'
    parse_suite(text, "t", REGISTRY)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("figure: {name: spred}", "did you mean 'spread'?"),
        ("figure: {name: spread, metric: TEST}", "figure.metric"),
        ("figure: {name: spread, no_such: 1}", "no_such"),
        ("figure: {metric: test_loss}", "'name' is missing"),
        ("{figure: {name: spread}, id: loss}", "another figure called 'fig-loss'"),
        ("{figure: {name: spread}, place: nowhere}", "place"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, said: str) -> None:
    told = problems(line)
    assert said in told
    assert "tiny.yaml:" in told


def test_two_of_one_name_need_an_id() -> None:
    assert "give this one an `id` of its own" in problems("figure: {name: spread}", "figure: {name: spread}")


def test_the_schema_knows_them() -> None:
    schema = suite_schema(REGISTRY)
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    good, _ = parse_text(asking("figure: {name: spread, metric: test_loss}").decode(), "t")
    bad, _ = parse_text(asking("figure: {name: spread, metric: 7}").decode(), "t")
    assert not list(check.iter_errors(json.loads(json.dumps(good.plain()))))
    assert list(check.iter_errors(json.loads(json.dumps(bad.plain()))))
