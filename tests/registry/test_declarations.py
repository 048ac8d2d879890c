"""What components declare is checked against the contract's types, before anything runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.api import EarlyStopping, Optimizer, Parameters, Phase, Preprocessing, Scheduler, WeightsRequest
from benchsuite.errors import PluginError
from benchsuite.registry import Registry, discover
from benchsuite.registry.declarations import check_declared, declared_phases
from benchsuite.registry.validation import ClassesPlugin
from benchsuite.suite import SuiteError, parse_suite
from support.fake_components import BASE, Announced, Leaves, Mlp, Net, Tune

PHASE = Phase("all", 3, 16, Optimizer("adam", 1e-3, {"weight_decay": 0}), early_stopping=EarlyStopping(2))


def declaring(kind: str, method: str, declared: Any) -> Registry:
    """A registry of which one component declares this."""
    base: Any = {"recipe": Tune, "model": Net, "dataset": Leaves}[kind]
    own = type(base.__name__, (base,), {method: lambda self, params: declared, "__module__": __name__})
    classes = [own if one is base else one for one in (Leaves, Net, Mlp, Tune)]
    return discover([Announced("pretend", ClassesPlugin(classes, "1.0"))])


def refusal(kind: str, method: str, declared: Any) -> str:
    registry = declaring(kind, method, declared)
    with pytest.raises(SuiteError) as caught:
        parse_suite(BASE.encode(), "tiny.yaml", registry)
    (problem,) = caught.value.problems
    assert problem.path == kind
    assert f"correct its {method}()" in (problem.remedy or "")
    return problem.what


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ((), "the recipe tune cannot be trained: it has no phase"),
        ((replace(PHASE, optimizer=Optimizer("lion", 1e-3)),), "phases[0]: no optimizer is called 'lion'; there are"),
        (
            (replace(PHASE, scheduler=Scheduler("liner")),),
            "phases[0]: no schedule is called 'liner'; did you mean 'linear'",
        ),
        ((PHASE, replace(PHASE, name="more", max_epochs=0)), "phases[1].max_epochs is 0: input should be greater"),
        ((replace(PHASE, batch_size=-1),), "phases[0].batch_size is -1"),
        ((replace(PHASE, optimizer=Optimizer("sgd", float("nan"))),), "phases[0].optimizer.learning_rate is nan"),
        ((replace(PHASE, early_stopping=EarlyStopping(0)),), "phases[0].early_stopping.patience is 0"),
        ((replace(PHASE, l1=-0.1),), "phases[0].l1 is -0.1"),
        ((replace(PHASE, monitor="test_accuracy"),), "phases[0].monitor is 'test_accuracy'"),  # type: ignore[arg-type]
        ((PHASE, PHASE), "two phases are called 'all'"),
        (("train",), "phases[0] is 'train'"),
    ],
)
def test_phases_that_could_not_be_trained_are_a_problem_of_the_suite(phases: Any, said: str) -> None:
    assert said in refusal("recipe", "phases", phases)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (WeightsRequest("own", "weights/own.pth"), "weights.filename is 'weights/own.pth'"),
        (WeightsRequest("own", "own.pth", url="ftp://example.org"), "weights.url is 'ftp://example.org'"),
        (WeightsRequest("own", "own.pth", sha256="ABC"), "weights.sha256 is 'ABC'"),
        ("imagenet", "weights is 'imagenet'"),
    ],
)
def test_weights_that_could_not_be_found_are_a_problem_of_the_suite(request_: Any, said: str) -> None:
    assert said in refusal("model", "weights", request_)


def test_a_preprocessing_of_no_known_kind_is_a_problem_of_the_suite() -> None:
    odd = Preprocessing((8, 8), (0, 0, 0), (1, 1, 1), "stretch")  # type: ignore[arg-type]
    assert "preprocessing.resize is 'stretch'" in refusal("dataset", "preprocessing", odd)


def test_what_the_contract_knows_stays_as_it_was_declared() -> None:
    registry = declaring("recipe", "phases", (PHASE,))
    assert declared_phases(registry.recipe("tune"), Parameters()) == (PHASE,)
    check_declared("model", registry.model("net"), registry.model("net").parse({}))


def test_a_recipe_is_named_with_its_distribution() -> None:
    registry = declaring("recipe", "phases", ())
    with pytest.raises(PluginError) as caught:
        declared_phases(registry.recipe("tune"), Parameters())
    assert "pretend 1.0, phases()" in (caught.value.where or "")
