"""Each rule of recipes is kept by a sound one, and broken by one that breaks it."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from benchsuite.api import FreezePolicy, Optimizer, Parameters, Phase, Preprocessing, Recipe, Scheduler
from benchsuite.testing.harness.outcomes import Broken
from benchsuite.testing.rules import recipe
from benchsuite.testing.rules.recipe import RULES
from support.contract import check

pytestmark = pytest.mark.slow


numbers = itertools.count()


class PlainParameters(Parameters):
    """How fast it learns."""

    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    """Of Adam."""


class Plain(Recipe[PlainParameters]):
    """The head alone, then everything."""

    name = "plain"
    Parameters = PlainParameters

    def phases(self, params: PlainParameters) -> tuple[Phase, ...]:
        adam = Optimizer("adam", params.learning_rate)
        head = Phase("head", 3, 16, adam, freeze=FreezePolicy(train_last=1))
        return (head, Phase("all", 30, 16, adam, scheduler=Scheduler("cosine")))


class Mixing(Plain):
    """Draws as the contract says."""

    def transform(self, params: Any, images: Any, targets: Any, draw: Any) -> tuple[Any, Any]:
        return images + float(draw.uniform(0, 0.1)), targets


class Asking(Plain):
    """Asks for all that it may be given, and cannot do without."""

    def loss(self, params: Any, logits: Any, targets: Any, counts: Any = None, task: Any = None) -> Any:
        assert logits.shape[1] == task.classes == len(counts)
        return super().loss(params, logits, targets) * (counts.sum() / (task.classes * counts.max()))

    def transform(
        self, params: Any, images: Any, targets: Any, draw: Any, preprocessing: Preprocessing | None = None
    ) -> tuple[Any, Any]:
        assert preprocessing is not None
        assert images.shape[2:] == preprocessing.size
        return images + float(draw.uniform(0, 0.1)) / preprocessing.std[0], targets


class WrongSign(Plain):
    def loss(self, params: Any, logits: Any, targets: Any) -> Any:
        return -super().loss(params, logits, targets).clamp(max=5)


class FreezesTooMuch(Plain):
    def phases(self, params: PlainParameters) -> tuple[Phase, ...]:
        return (replace(super().phases(params)[0], freeze=FreezePolicy(stages=("stem", "nowhere"))),)


class Counting(Plain):
    """The loss depends on how often it was asked for."""

    calls = 0

    def loss(self, params: Any, logits: Any, targets: Any) -> Any:
        self.calls += 1
        return super().loss(params, logits, targets) * (1 + 1 / self.calls)


class CountingFromAnew(Counting):
    """Forgets its count wherever a run begins, so that two in one process are alike."""

    def phases(self, params: PlainParameters) -> tuple[Phase, ...]:
        self.calls = 0
        return super().phases(params)


class OwnDraws(Plain):
    def transform(self, params: Any, images: Any, targets: Any, draw: Any) -> tuple[Any, Any]:
        import os

        return images + os.urandom(1)[0] / 255, targets


class OpensTheTest(Plain):
    def loss(self, params: Any, logits: Any, targets: Any) -> Any:
        from benchsuite.testing.harness.reference_components import PatternImages

        images = PatternImages("test", 0)
        images.decode(0, images.read(0))
        return super().loss(params, logits, targets)


class FeelsTheTest(Plain):
    """Finds the test split in memory, and lets it decide without opening an image."""

    def loss(self, params: Any, logits: Any, targets: Any) -> Any:
        from benchsuite.testing.harness.reference_components import PatternImages

        held = [o for o in gc.get_objects() if type(o) is PatternImages and o.split == "test"]
        return super().loss(params, logits, targets) * (1 + max(images.seed for images in held))


class Fickle(Plain):
    def phases(self, params: PlainParameters) -> tuple[Phase, ...]:
        first, second = super().phases(params)
        return (first, second) if next(numbers) % 2 else (first,)


class OneNameTwice(Plain):
    def phases(self, params: PlainParameters) -> tuple[Phase, ...]:
        return tuple(replace(phase, name="train") for phase in super().phases(params))


class Reaching(Plain):
    """Reaches for the network behind the engine's back."""

    def loss(self, params: Any, logits: Any, targets: Any) -> Any:
        from benchsuite.testing.harness.reference_components import Blocks

        for model in (o for o in gc.get_objects() if type(o) is Blocks and o.built is not None):
            # Through .data, of which autograd hears nothing.
            next(model.built.get_submodule("layer1").parameters()).data.add_(0.01)
        return super().loss(params, logits, targets)


class Detached(Plain):
    def loss(self, params: Any, logits: Any, targets: Any) -> Any:
        return 0 * super().loss(params, logits, targets)


class AtTheMedian(Plain):
    def loss(self, params: Any, logits: Any, targets: Any) -> Any:
        return super().loss(params, logits - logits.median(dim=1, keepdim=True).values, targets)


class MixesInOrder(Plain):
    def transform(self, params: Any, images: Any, targets: Any, draw: Any) -> Any:
        import torch

        return images, targets + 0 * torch.histc(targets, 4)


BROKEN: list[tuple[str, type[Plain], str]] = [
    ("memorises", WrongSign, "are expected, and chance is 25%"),
    ("memorises", FreezesTooMuch, "a stage that the model does not have: nowhere"),
    ("same-bits", Counting, "the second of two runs in one process has another train_loss in epoch 1"),
    ("same-bits", OwnDraws, "the second of two runs in one process has another"),
    ("resumes", CountingFromAnew, "a run that was stopped after epoch 1 of 4 has another train_loss in epoch 2"),
    ("repeatable-on-cuda", AtTheMedian, "CUDA has no deterministic way to do the median along a dimension"),
    ("repeatable-on-cuda", MixesInOrder, "CUDA has no deterministic way to do histc"),
    ("test-sealed", OpensTheTest, "in epoch 1 the test image test/00 was opened"),
    ("test-sealed", FeelsTheTest, "with other test images the trained weights are other ones"),
    ("policies-kept", Fickle, "declares other phases at its second call"),
    ("policies-kept", OneNameTwice, "two phases have one name: train, train"),
    ("policies-kept", Reaching, "head: layer1 is frozen and moves"),
    ("policies-kept", Detached, "head: head is free and does not train"),
]


@pytest.fixture(autouse=True)
def _few_threads() -> Iterator[None]:
    import torch

    was, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(was)


@pytest.mark.parametrize("component", [Plain, Mixing, Asking])
@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_sound_recipe_keeps_the_rule(rule: str, component: type[Plain], tmp_path: Path) -> None:
    check(component, rule, tmp_path)


@pytest.mark.parametrize(("rule", "component", "words"), BROKEN, ids=[f"{r}-{c.__name__}" for r, c, _ in BROKEN])
def test_a_recipe_that_breaks_the_rule_is_caught(
    rule: str, component: type[Plain], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "RATES", (1, 10))
    with pytest.raises(Broken) as caught:
        check(component, rule, tmp_path)
    assert words in str(caught.value)


def test_every_rule_is_broken_by_something() -> None:
    assert {rule for rule, _, _ in BROKEN} == {rule.id for rule in RULES}


def test_a_learning_rate_for_other_networks_is_raised(tmp_path: Path) -> None:
    said = check(Plain, "memorises", tmp_path, learning_rate=1e-6)
    assert said is not None
    assert "at 1 times" not in said
