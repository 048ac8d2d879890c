"""Each rule of models is kept by a sound one, and broken by one that breaks it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from benchsuite.api import BenchsuiteError, Model, Parameters, Task, WeightsRequest
from benchsuite.testing.harness.outcomes import Broken, Inapplicable
from benchsuite.testing.rules.model import RULES
from support.contract import check

DIGEST = "0123456789abcdef"
numbers = itertools.count()


class SpeckParameters(Parameters):
    """How wide it is."""

    width: int = Field(default=4, ge=1, le=64)
    """Channels."""


def layers(*parts: Any) -> Any:
    from torch import nn

    return nn.Sequential(*parts)


def function(of: Any) -> Any:
    """A layer without parameters that applies `of`."""
    from torch import nn

    class Function(nn.Module):
        def forward(self, batch: Any) -> Any:
            return of(self, batch)

    return Function()


class Speck(Model[SpeckParameters]):
    """stem, block and head."""

    name = "speck"
    Parameters = SpeckParameters

    def title(self, params: SpeckParameters) -> str:
        return "Speck"

    def bibtex(self, params: SpeckParameters) -> str:
        return "@misc{speck, title = {Speck}}"

    def build(self, params: SpeckParameters, task: Task) -> Any:
        from torch import nn

        class Network(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.stem = layers(nn.Conv2d(task.channels, params.width, 3, stride=4), nn.BatchNorm2d(params.width))
                self.block = layers(nn.Conv2d(params.width, params.width, 3, padding=1), nn.ReLU(), nn.Dropout(0.2))
                self.head = layers(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(params.width, task.classes))

            def forward(self, images: Any) -> Any:
                return self.head(self.block(self.stem(images)))

        return self.altered(Network(), task)

    def altered(self, network: Any, task: Task) -> Any:
        return network

    def stages(self, module: Any) -> Mapping[str, Any]:
        return {name: getattr(module, name) for name in ("stem", "block", "head")}

    def weights(self, params: SpeckParameters) -> WeightsRequest | None:
        return WeightsRequest("official", "speck.pth", "https://example.invalid/speck.pth", DIGEST)

    def adapt(self, params: SpeckParameters, state: dict[str, Any]) -> dict[str, Any]:
        return {name: tensor for name, tensor in state.items() if not name.startswith("head")}


class NoWeights(Speck):
    def weights(self, params: SpeckParameters) -> WeightsRequest | None:
        return None


class OnlyLarge(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        if task.height < 64:
            raise BenchsuiteError("the images are too small", expected="64 pixels or more")
        return network


class StagesLeaveOut(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        network.forward = lambda images: 2 * network.head(network.block(network.stem(images)))
        return network


class StagesInDisorder(Speck):
    def stages(self, module: Any) -> Mapping[str, Any]:
        return {"head": module.head, "stem": module.stem, "block": module.block}


class Homeless(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        import torch

        network.scale = torch.nn.Parameter(torch.ones(1))
        return network


class Shared(Speck):
    def stages(self, module: Any) -> Mapping[str, Any]:
        return {**super().stages(module), "again": module.stem}


class ThreeLogits(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        from torch import nn

        network.head[2] = nn.Linear(4, 3)
        return network


class MovesItself(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        import torch

        def decay(layer: Any, batch: Any) -> Any:
            with torch.no_grad():
                network.stem[0].bias.mul_(0.5)
            return batch

        network.stem.append(function(decay))
        return network


class Unreached(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        network.head[0] = layers(function(lambda layer, batch: batch.detach()), network.head[0])
        return network


class OtherWidths(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        from torch import nn

        network.block[0] = nn.Conv2d(4, 4, 3 + 2 * (next(numbers) % 2), padding="same")
        return network


class Lazy(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        def grow(layer: Any, batch: Any) -> Any:
            layer.register_buffer("seen", batch.mean())
            return batch

        network.block.append(function(grow))
        return network


class SeedsItself(Speck):
    def build(self, params: SpeckParameters, task: Task) -> Any:
        import torch

        torch.manual_seed(0)
        return super().build(params, task)


class NoSeed(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        import torch

        generator = torch.Generator()
        generator.seed()
        with torch.no_grad():
            network.head[2].weight.normal_(generator=generator)
        return network


class OwnNoise(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        import torch

        generator = torch.Generator()
        generator.seed()
        noise = function(lambda layer, batch: batch * torch.rand(batch.shape, generator=generator))
        network.block.append(noise)
        return network


class PoolsToTwo(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        from torch import nn

        network.head = layers(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * 4, task.classes))
        return network


class Companions(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        network.block.append(function(lambda layer, batch: batch - batch.mean(dim=0)))
        return network


class OneSize(Speck):
    def altered(self, network: Any, task: Task) -> Any:
        from torch import nn

        network.head = layers(nn.Flatten(), nn.Linear(4 * 8 * 8, task.classes))
        return network


class BadDigest(Speck):
    def weights(self, params: SpeckParameters) -> WeightsRequest | None:
        return WeightsRequest("official", "speck.pth", "https://example.invalid/speck.pth", "SHA:12")


class NoDigest(Speck):
    def weights(self, params: SpeckParameters) -> WeightsRequest | None:
        return WeightsRequest("official", "speck.pth", "https://example.invalid/speck.pth")


class KeepsTheHead(Speck):
    def adapt(self, params: SpeckParameters, state: dict[str, Any]) -> dict[str, Any]:
        return state


class AsksForItsModule(Speck):
    """Takes what the module has a place for."""

    def adapt(self, params: SpeckParameters, state: dict[str, Any], module: Any = None) -> dict[str, Any]:
        own = module.state_dict()
        return {name: t for name, t in state.items() if name in own and own[name].shape == t.shape}


class Renames(Speck):
    def adapt(self, params: SpeckParameters, state: dict[str, Any]) -> dict[str, Any]:
        return {f"backbone.{name}": tensor for name, tensor in super().adapt(params, state).items()}


class Forgets(Speck):
    def adapt(self, params: SpeckParameters, state: dict[str, Any]) -> dict[str, Any]:
        return {name: tensor for name, tensor in state.items() if name.startswith("stem")}


BROKEN: list[tuple[str, type[Speck], str]] = [
    ("stages-compose", StagesLeaveOut, "the logits of stages and forward() differ by up to"),
    ("stages-compose", StagesInDisorder, "head, stem, block cannot be run in a row"),
    ("stages-cover", Homeless, "in no stage: scale"),
    ("stages-cover", Shared, "shared by stem and again"),
    ("one-logit-a-class", ThreeLogits, "for 2 classes and 2 images the output has the shape (2, 3)"),
    ("frozen-prefix", MovesItself, "with stem, block frozen and its batch-norm held, a step changes stem.0.bias"),
    ("frozen-prefix", Unreached, "no gradient reaches block.0.bias, block.0.weight"),
    ("same-parameters", OtherWidths, "two builds differ in block.0.weight"),
    ("same-parameters", Lazy, "the first forward pass makes or resizes parameters"),
    ("seed-decides", SeedsItself, "seeds 5 and 6 give the same weights"),
    ("seed-decides", NoSeed, "two builds with seed 5 have other weights"),
    ("deterministic-backward", OwnNoise, "on cpu the gradients of"),
    ("repeatable-on-cuda", PoolsToTwo, "head: the gradient of adaptive average pooling to more than 1 x 1"),
    ("independent-of-companions", Companions, "alone and among 4 the logits differ by"),
    ("image-sizes", OneSize, "it was built for 64 x 64 and then fails"),
    ("weights-request", BadDigest, "'SHA:12' is no SHA-256"),
    ("weights-request", NoDigest, "it has no SHA-256"),
    ("weights-fit", KeepsTheHead, "other shapes: head.2.weight is (17, 4), not (3, 4)"),
    ("weights-fit", Renames, "names that the module does not have: backbone.stem.0.weight"),
    ("weights-fit", Forgets, "adapt() leaves out block.0.weight"),
]


@pytest.fixture(autouse=True)
def _deterministic() -> Iterator[None]:
    import torch

    was = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(was)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_sound_model_keeps_the_rule(rule: str, tmp_path: Path) -> None:
    check(Speck, rule, tmp_path)


@pytest.mark.parametrize(("rule", "component", "words"), BROKEN, ids=[f"{r}-{c.__name__}" for r, c, _ in BROKEN])
def test_a_model_that_breaks_the_rule_is_caught(rule: str, component: type[Speck], words: str, tmp_path: Path) -> None:
    with pytest.raises(Broken) as caught:
        check(component, rule, tmp_path)
    assert words in str(caught.value)


def test_every_rule_is_broken_by_something() -> None:
    assert {rule for rule, _, _ in BROKEN} == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", ["weights-request", "weights-fit"])
def test_a_model_without_weights_has_none_to_check(rule: str, tmp_path: Path) -> None:
    with pytest.raises(Inapplicable, match="ask for no weights"):
        check(NoWeights, rule, tmp_path)


def test_a_size_that_is_refused_with_a_reason_breaks_nothing(tmp_path: Path) -> None:
    assert check(OnlyLarge, "image-sizes", tmp_path) == "takes 64, 96, 224, 299; refuses 32"
    check(OnlyLarge, "frozen-prefix", tmp_path)


def test_own_weights_are_read_and_compared(tmp_path: Path) -> None:
    import torch

    file = tmp_path / "own.pth"
    torch.save({"stem.0.weight": torch.zeros(1)}, file)

    class Own(Speck):
        def weights(self, params: SpeckParameters) -> WeightsRequest | None:
            return WeightsRequest("own", file.name, path=file)

    from benchsuite.registry import Entry
    from benchsuite.testing.harness.component_source import Declared
    from benchsuite.testing.harness.subject import Subject
    from benchsuite.testing.rules import model

    entry = Entry("speck", "model", Own(), "test", "0", __name__)
    subject = Subject(Declared.of(Own), entry, {}, SpeckParameters(), tmp_path)
    with pytest.raises(Broken, match=r"own\.pth: other shapes: stem\.0\.weight is \(1,\)"):
        model.weights_fit(subject)


@pytest.mark.slow
def test_a_model_may_ask_for_its_module(tmp_path: Path) -> None:
    assert "tensors of the state of a network of 17 classes" in (check(AsksForItsModule, "weights-fit", tmp_path) or "")
