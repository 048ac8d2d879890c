"""Pretrained weights as parameters: an official set by its name, none, or a file of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from benchsuite.api import WeightsRequest

FILE_TYPES = (".pth", ".pt", ".safetensors", ".ckpt", ".bin", ".tar")


def weights_file(official: str) -> AfterValidator:
    """Accepts the path of a weights file; what is refused was meant as a file or as the name `official`."""

    def check(path: Path) -> Path:
        if path.suffix.lower() not in FILE_TYPES:
            raise ValueError(
                f"{str(path)!r} is neither {official} nor none, nor a file ending in {', '.join(FILE_TYPES)}"
            )
        return path

    return AfterValidator(check)


ImageNetWeights = Annotated[
    Literal["imagenet1k_v1", "none"] | Annotated[Path, weights_file("imagenet1k_v1")],
    Field(union_mode="left_to_right"),
]

DefaultWeights = Annotated[
    Literal["default", "none"] | Annotated[Path, weights_file("default")], Field(union_mode="left_to_right")
]


def requested(choice: str | Path, filename: str) -> WeightsRequest | None:
    """The request for a parameter's value; `filename` is torchvision's, whose end begins the file's SHA-256."""
    if choice == "none":
        return None
    if isinstance(choice, Path):
        return WeightsRequest(name=choice.name, filename=choice.name, path=choice)
    return WeightsRequest(
        name=choice,
        filename=filename,
        url=f"https://download.pytorch.org/models/{filename}",
        sha256=filename.removesuffix(".pth").rpartition("-")[2],
    )
