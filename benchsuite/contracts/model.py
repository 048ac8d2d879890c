"""The model contract: a network, its ordered stages, and the pretrained weights it may ask for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import Field

from benchsuite.contracts.optional_arguments import asked_for
from benchsuite.contracts.parameters import Parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class Task:
    """What the network must do: tell `classes` classes apart in images of shape (channels, height, width)."""

    classes: int
    """How many logits there must be for an image."""
    height: int
    """Pixels from top to bottom, after preprocessing."""
    width: int
    """Pixels from left to right, after preprocessing."""
    channels: int = 3
    """Colours; today always 3."""


@dataclass(frozen=True)
class WeightsRequest:
    """Pretrained weights that a model asks for: a named official file, or the user's own file (`path`)."""

    name: str
    """What listings and papers call them."""
    filename: Annotated[str, Field(pattern=r"^[^/\\\\]+$")]
    """What the file is called, in the user's data folder and in the cache; `.pth` or `.safetensors`."""
    url: Annotated[str, Field(pattern="^https://")] | None = None
    """Where it can be had, over HTTPS; None when it can only be brought by hand."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")] | None = None
    """Hexadecimal SHA-256, or a prefix of it as in torchvision's file names; a file that matches it is `official`."""
    path: Path | None = None
    """The user's own file, in the place of the official one."""
    licence: str = ""
    """The licence of the official weights, for the paper; empty where nobody says."""
    remedy: str = ""
    """What else to do where they are not here, in one English phrase."""


class Model(ABC, Generic[P]):
    """A network that suites can name. Subclass it; import torch inside the methods, never at module level."""

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]
    requires: ClassVar[tuple[str, ...]] = ()
    """Modules of an extra of its distribution, without which it can be named and planned, and not built."""

    @abstractmethod
    def title(self, params: P) -> str:
        """The model's name as a paper writes it, such as "ResNet18"."""

    @abstractmethod
    def bibtex(self, params: P) -> str:
        """The BibTeX entry of the paper that introduced it."""

    @abstractmethod
    def build(self, params: P, task: Task) -> nn.Module:
        """The network, freshly initialised from torch's default generator (which the engine has seeded).

        Its forward maps a float tensor (N, channels, height, width) to logits (N, classes).
        """

    @abstractmethod
    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        """The ordered parts whose composition IS the forward pass; the last one is the classification head.

        Freezing and feature caching speak of stages. They must share no parameters.
        """

    def weights(self, params: P) -> WeightsRequest | None:
        """The pretrained weights these parameters ask for; None to start from the seeded initialisation."""
        return None

    def adapt(self, params: P, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Turn a pretrained state dict into this module's names, leaving out what starts anew (the head).

        An override may take `module: nn.Module | None = None` as well: the network that `build` made, for its names and
        shapes; what is done to it does not count."""
        return state

    def inputs(self, params: P) -> Mapping[str, Any]:
        """How images were prepared on which the weights were trained, as values for parameters of data sets: of
        `image_size`, `resize`, `crop_fraction`, `interpolation`, `mean` and `std` those that make a difference.

        The data set of a case takes those that it has a parameter for and that the suite leaves open.
        """
        return {}

    def smoke(self, params: P) -> Mapping[str, Any]:
        """Parameter changes that make a smoke run on the synthetic sample quick."""
        return {}


def adapted(model: Model[Any], params: Parameters, state: dict[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """What a model makes of a pretrained state dict for its network."""
    return model.adapt(params, state, **asked_for(model.adapt, {"module": lambda: module}))
