"""Checking one rule of the kit on one class, in this process; and a data set that keeps all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from benchsuite.api import (
    Dataset,
    DatasetCard,
    DatasetIndex,
    Found,
    Parameters,
    PhotoFiles,
    Preprocessing,
    Split,
)
from benchsuite.testing.harness.component_source import Declared
from benchsuite.testing.harness.subject import Subject, parsed
from benchsuite.testing.rules.catalogue import rules_of

CLASSES = ("blue", "green", "red")
COUNTS = {"train": 6, "validation": 3, "test": 3}


def subject_of(component: type, folder: Path, **given: Any) -> Subject:
    """The class as a subject that has its folders below `folder`."""
    origin = Declared.of(component)
    entry = origin.load()
    return Subject(origin, entry, given, parsed(entry, given), folder)


def check(component: type, rule: str, folder: Path, **given: Any) -> str | None:
    """Check one rule; raises Broken or Inapplicable."""
    subject = subject_of(component, folder, **given)
    (found,) = (known for known in rules_of(subject.entry.kind) if known.id == rule)
    return found.run(subject)


class DotsParameters(Parameters):
    """How large the pictures are."""

    image_size: int = Field(default=8, ge=8, le=64)
    """Height and width in pixels."""


class Dots(Dataset[DotsParameters]):
    """Noisy pictures of three colours, `dots/<split>/<class>_<number>.png`."""

    name = "dots"
    Parameters = DotsParameters

    def card(self, params: DotsParameters) -> DatasetCard:
        bibtex = "@misc{dots, title = {Dots}}"
        return DatasetCard(
            "Dots", "Tres colores.", "CC0", bibtex, "", (), CLASSES, {n: 3 * c for n, c in COUNTS.items()}
        )

    def preprocessing(self, params: DotsParameters) -> Preprocessing:
        return Preprocessing((params.image_size, params.image_size), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))

    def find(self, params: DotsParameters, root: Path, scratch: Path) -> Found | None:
        home = root / "dots"
        return Found(home, "unofficial copy", "folders and counts") if home.is_dir() else None

    def sample(self, params: DotsParameters, folder: Path) -> None:
        from PIL import Image

        for number, split in enumerate(COUNTS):
            home = folder / "dots" / split
            home.mkdir(parents=True)
            draw = np.random.Generator(np.random.Philox(key=number))
            for i in range(3 * COUNTS[split]):
                pixels = draw.integers(0, 200, (8, 8, 3), dtype=np.uint8)
                pixels[..., 2 - i % 3] += 50
                Image.fromarray(pixels).save(home / f"{CLASSES[i % 3]}_{i:02d}.png")

    def index(self, params: DotsParameters, folder: Path) -> DatasetIndex:
        return DatasetIndex(CLASSES, *(self.split(folder, name) for name in COUNTS))

    def split(self, folder: Path, name: str) -> Split:
        files = tuple(sorted(path.relative_to(folder).as_posix() for path in (folder / name).glob("*.png")))
        return Split(PhotoFiles(folder, files), self.labels(files))

    def labels(self, files: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(CLASSES.index(Path(file).name.partition("_")[0]) for file in files)

    def smoke(self, params: DotsParameters) -> Mapping[str, Any]:
        return {"image_size": 8}
