"""Small pretended components, registries of them, and a suite over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from benchsuite.api import (
    Dataset,
    DatasetCard,
    DatasetIndex,
    Downloader,
    Found,
    FreezePolicy,
    Model,
    Optimizer,
    Parameters,
    Phase,
    Preprocessing,
    Recipe,
    Task,
    WeightsRequest,
    hookimpl,
)
from benchsuite.registry import Registry, discover


class LeavesParameters(Parameters):
    image_size: int = Field(default=224, ge=8, le=1024)
    """Side of the square image, in pixels."""


class Leaves(Dataset[LeavesParameters]):
    name = "leaves"
    Parameters = LeavesParameters

    def card(self, params: LeavesParameters) -> DatasetCard:
        raise NotImplementedError

    def preprocessing(self, params: LeavesParameters) -> Preprocessing:
        return Preprocessing((params.image_size, params.image_size), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def find(self, params: LeavesParameters, root: Path, scratch: Path) -> Found | None:
        raise NotImplementedError

    def download(self, params: LeavesParameters, folder: Path, downloader: Downloader) -> None:
        raise NotImplementedError

    def sample(self, params: LeavesParameters, folder: Path) -> None:
        raise NotImplementedError

    def index(self, params: LeavesParameters, folder: Path) -> DatasetIndex:
        raise NotImplementedError

    def smoke(self, params: LeavesParameters) -> dict[str, Any]:
        return {"image_size": min(32, params.image_size)}


class NetParameters(Parameters):
    depth: Literal[18, 34, 50] = 18
    """Number of layers."""

    weights: Literal["imagenet", "none"] = "imagenet"
    """Where the weights come from."""


class Net(Model[NetParameters]):
    name = "net"
    Parameters = NetParameters

    def title(self, params: NetParameters) -> str:
        return f"Net{params.depth}"

    def bibtex(self, params: NetParameters) -> str:
        return ""

    def build(self, params: NetParameters, task: Task) -> Any:
        raise NotImplementedError

    def stages(self, module: Any) -> dict[str, Any]:
        raise NotImplementedError

    def weights(self, params: NetParameters) -> WeightsRequest | None:
        return None

    def smoke(self, params: NetParameters) -> dict[str, Any]:
        return {"weights": "none"}


class MlpParameters(Parameters):
    widths: tuple[int, ...] = (64, 32)
    """Units of each layer."""


class Mlp(Net):
    name = "mlp"
    Parameters = MlpParameters  # type: ignore[assignment]

    def smoke(self, params: Any) -> dict[str, Any]:
        return {}


class TuneParameters(Parameters):
    max_epochs: int = Field(default=30, ge=1)
    """Most epochs."""

    weight_decay: float = Field(default=0.0, ge=0)
    """Strength of the decay."""

    nesterov: bool = False
    """Nesterov's momentum."""

    freeze: FreezePolicy = FreezePolicy()
    """What does not train."""

    milestones: tuple[int, ...] = ()
    """Epochs at which the rate falls."""

    @field_validator("milestones")
    @classmethod
    def rising(cls, milestones: tuple[int, ...]) -> tuple[int, ...]:
        if list(milestones) != sorted(milestones):
            raise ValueError("the milestones do not rise")
        return milestones

    @model_validator(mode="after")
    def odd(self) -> TuneParameters:
        if self.weight_decay == 13:
            raise ZeroDivisionError("a defect of the plugin")
        if self.nesterov and self.weight_decay == 11:
            raise ValueError("a weight decay of 11 does not go with nesterov")
        return self


class Tune(Recipe[TuneParameters]):
    name = "tune"
    Parameters = TuneParameters

    def phases(self, params: TuneParameters) -> tuple[Phase, ...]:
        return (Phase("all", params.max_epochs, 16, Optimizer("adam", 1e-4)),)

    def smoke(self, params: TuneParameters) -> dict[str, Any]:
        return {"max_epochs": min(3, params.max_epochs), "freeze.blocks": 1}


class Provider:
    """A plugin object that provides the pretended components."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    benchsuite_api = "1.0"

    @hookimpl
    def benchsuite_datasets(self) -> list[type[Dataset[Any]]]:
        return [Leaves]

    @hookimpl
    def benchsuite_models(self) -> list[type[Model[Any]]]:
        return [Net, Mlp]

    @hookimpl
    def benchsuite_recipes(self) -> list[type[Recipe[Any]]]:
        return [Tune]

    @hookimpl
    def benchsuite_suite_folders(self) -> list[Path]:
        return [self.folder] if self.folder else []


class Announced:
    """An entry point of a pretended distribution."""

    class Distribution:
        def __init__(self, name: str) -> None:
            self.name = name
            self.version = "1.0"

    def __init__(self, distribution: str, plugin: object) -> None:
        self.name = "plugin"
        self.dist = self.Distribution(distribution)
        self.plugin = plugin

    def load(self) -> object:
        return self.plugin


def made(folder: Path | None = None, *more: str) -> Registry:
    """A registry of the pretended components, from `pretend` and the distributions named besides."""
    points = [Announced(name, Provider(folder)) for name in ("pretend", *more)]
    found = discover(points)
    assert not found.quarantined
    return found


REGISTRY = made()

BASE = """\
name: tiny
title: "Un estudio pequeño"
size: {cases: 3, seeds: 2}
dataset: {name: leaves, image_size: 64}
model: {name: net, depth: 18}
recipe: {name: tune, max_epochs: 30}
vary: {recipe.freeze.blocks: [0, 1, 2]}
seeds: 2
compare: {factor: recipe.freeze.blocks, baseline: 0}
"""
