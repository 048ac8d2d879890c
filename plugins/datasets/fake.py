"""Noise with labels: a data set of any size without a file, for tests and first steps (after torchvision's FakeData).

Pixels are drawn uniformly from a Philox generator keyed by the seed and counted by split and image, and computed when
they are asked for. There is nothing to learn in them: accuracy on validation and test stays at chance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator

from benchsuite.api import (
    Augmentations,
    CardTranslation,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Found,
    Parameters,
    Preprocessing,
    Split,
    declared,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

SPLITS = ("train", "validation", "test")
_MANIFEST = "fake.json"


class FakeParameters(Parameters):
    """Parameters of the noise data set."""

    classes: int = Field(default=10, ge=2, le=1000)
    """Number of classes, which the images of each split belong to in turn."""

    train_images: int = Field(default=1000, ge=2, le=100_000)
    """Images of the training split."""

    validation_images: int = Field(default=200, ge=2, le=100_000)
    """Images of the validation split."""

    test_images: int = Field(default=200, ge=2, le=100_000)
    """Images of the test split."""

    image_size: int = Field(default=224, ge=8, le=1024)
    """Height and width of the images in pixels."""

    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Seed of the noise."""

    augmentation: Augmentations = ()
    """Random changes of training images, in order: names, or mappings such as `{name: pad_crop, padding: 8}`."""

    labels: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "es": {
            "validation_images": "Imágenes de validación",
            "test_images": "Imágenes de test",
            "seed": "Semilla del ruido",
        },
        "en": {"validation_images": "Validation images", "test_images": "Test images", "seed": "Noise seed"},
    }

    @model_validator(mode="after")
    def _every_class_in_every_split(self) -> Self:
        for name, images in _counts(self).items():
            if images < self.classes:
                raise ValueError(f"{name}_images = {images} is too few for {self.classes} classes: one of each is due")
        return self


@dataclass(frozen=True)
class NoiseImages:
    """The `count` noise images of one split, `size` x `size` pixels each."""

    seed: int
    split: str
    count: int
    size: int

    def __len__(self) -> int:
        return self.count

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.split}/{i:06d}" for i in range(self.count))

    def read(self, i: int) -> bytes:
        return self._pixels(i).tobytes()

    def decode(self, i: int, content: bytes) -> Image.Image:
        from PIL import Image

        return Image.frombytes("RGB", (self.size, self.size), content)

    def _pixels(self, i: int) -> NDArray[np.uint8]:
        import numpy as np
        from numpy.random import Philox

        # The lowest word counts the blocks drawn, so images never overlap.
        noise = Philox(key=self.seed, counter=np.array([0, i, SPLITS.index(self.split), 0], np.uint64))
        values = 3 * self.size * self.size
        words = noise.random_raw((values + 7) // 8).astype("<u8")
        return words.view(np.uint8)[:values].reshape(self.size, self.size, 3)


class Fake(Dataset[FakeParameters]):
    """Noise of any size."""

    name: ClassVar[str] = "fake"
    Parameters: ClassVar[type[Parameters]] = FakeParameters
    origin = "generated"

    def card(self, params: FakeParameters) -> DatasetCard:
        return DatasetCard(
            title="Ruido sintético",
            summary=(
                "Las imágenes son ruido uniforme generado a partir de una semilla y sus etiquetas no guardan relación"
                " con ellas: el conjunto sirve para comprobar que un estudio funciona, no para comparar modelos."
            ),
            licence="",
            bibtex="",
            homepage="",
            sources=(),
            classes=_classes(params),
            splits=_counts(params),
            class_titles={name: f"clase {number}" for number, name in enumerate(_classes(params))},
            layout="nothing: the images are computed",
            translations={
                "en": CardTranslation(
                    title="Synthetic noise",
                    summary=(
                        "The images are uniform noise generated from a seed, and their labels have nothing to do with"
                        " them: the set serves to check that a study works, not to compare models."
                    ),
                    class_titles={name: f"class {number}" for number, name in enumerate(_classes(params))},
                )
            },
        )

    def preprocessing(self, params: FakeParameters) -> Preprocessing:
        return Preprocessing(
            size=(params.image_size, params.image_size),
            mean=(0.5, 0.5, 0.5),
            std=(0.2887, 0.2887, 0.2887),
            augmentations=declared(params.augmentation),
        )

    def find(self, params: FakeParameters, root: Path, scratch: Path) -> Found | None:
        if not (root / _MANIFEST).is_file():
            return None
        return Found(root, "synthetic sample", "noise generated by this plugin")

    def sample(self, params: FakeParameters, folder: Path) -> None:
        content = json.dumps({"dataset": self.name, "parameters": params.model_dump(mode="json")}, indent=1)
        (folder / _MANIFEST).write_text(content + "\n", encoding="utf-8")

    def index(self, params: FakeParameters, folder: Path) -> DatasetIndex:
        splits = {
            name: Split(
                NoiseImages(params.seed, name, images, params.image_size),
                tuple(i % params.classes for i in range(images)),
            )
            for name, images in _counts(params).items()
        }
        return DatasetIndex(_classes(params), **splits, redivisible=True)

    def smoke(self, params: FakeParameters) -> Mapping[str, Any]:
        counts = {
            f"{name}_images": min(images, max(params.classes, 120 if name == "train" else 40))
            for name, images in _counts(params).items()
        }
        return {**counts, "image_size": min(params.image_size, 48)}


def _counts(params: FakeParameters) -> dict[str, int]:
    images = (params.train_images, params.validation_images, params.test_images)
    return dict(zip(SPLITS, images, strict=True))


def _classes(params: FakeParameters) -> tuple[str, ...]:
    return tuple(f"class_{number:03d}" for number in range(params.classes))
