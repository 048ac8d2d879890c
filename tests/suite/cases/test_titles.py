"""Cases whose models are varied as a whole are called by the models' titles."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.registry import Registry, discover
from benchsuite.suite import expand, parse_suite
from benchsuite.suite.cases.titles import _as_case_name
from benchsuite.suite.prose.references import Vocabulary
from benchsuite.suite.schema.suite import LONGEST_CASE_NAME

SUITE = """\
name: two
size: {{cases: {cases}, seeds: 1}}
dataset: {{name: fake}}
recipe: {{name: train}}
seeds: 1
{rest}
"""
TWO = "[{name: resnet, depth: 18}, {name: torchvision, architecture: mobilenet_v3_small}]"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return discover()


def names(registry: Registry, rest: str, cases: int = 2) -> list[str]:
    suite = parse_suite(SUITE.format(cases=cases, rest=rest).encode(), "two.yaml", registry)
    return [case.name for case in expand(suite, registry).cases]


def test_models_lend_their_titles_and_need_no_base(registry: Registry) -> None:
    assert names(registry, f"vary: {{model: {TWO}}}") == ["ResNet18", "MobileNetV3-Small"]
    assert names(registry, f"model: {{name: mlp}}\nvary: {{model: {TWO}}}") == ["ResNet18", "MobileNetV3-Small"]


def test_other_axes_and_named_cases_stand_beside_them(registry: Registry) -> None:
    found = names(registry, f"vary: {{model: {TWO}, recipe.max_epochs: [1, 2]}}", 4)
    assert found[:2] == ["ResNet18,max_epochs=1", "ResNet18,max_epochs=2"]
    found = names(registry, f"cases: [{{name: corto, set: {{recipe.max_epochs: 1}}}}]\nvary: {{model: {TWO}}}")
    assert found == ["corto,ResNet18", "corto,MobileNetV3-Small"]


def test_titles_that_tell_nothing_apart_name_no_case(registry: Registry) -> None:
    same = "vary: {model: [{name: resnet, depth: 18}, {name: resnet, depth: 18, weights: none}]}"
    assert names(registry, same) == ["model=resnet(depth=18)", "model=resnet(depth=18+weights=none)"]
    deeper = "vary: {model: [{name: resnet}], model.depth: [18, 34]}"
    assert names(registry, deeper) == ["model=resnet,depth=18", "model=resnet,depth=34"]


def test_the_suite_may_speak_of_them_by_title_and_as_it_writes_them(registry: Registry) -> None:
    rest = f"vary: {{model: {TWO}}}\ncompare: {{baseline: ResNet18}}"
    suite = parse_suite(SUITE.format(cases=2, rest=rest).encode(), "two.yaml", registry)
    find = Vocabulary(suite, expand(suite, registry).cases).find
    for reference in ("ResNet18", "resnet", "resnet(depth=18)", "model=resnet(depth=18)"):
        assert find(reference) == "ResNet18", reference


@given(st.text(max_size=200))
def test_any_title_becomes_the_name_of_a_case_or_nothing(title: str) -> None:
    name = _as_case_name(title)
    assert len(name) <= LONGEST_CASE_NAME
    assert not name or re.fullmatch(r"\w(?:[\w .()+%-]*[\w)%+])?", name)
