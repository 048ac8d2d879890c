"""Handwritten digits of 8x8 pixels, 1,797 images that scikit-learn brings in a file (E. Alpaydin and C. Kaynak, 1998).

The file's lines are in the order of the writers; its first two thirds are for training, a sixth each for the rest.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from benchsuite import api

if TYPE_CHECKING:
    from PIL import Image

benchsuite_api = "1.0"
FILE, SHA256 = "digits.csv.gz", "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
CLASSES = tuple("0123456789")
BIBTEX = """@misc{alpaydin1998optical, author = {Alpaydin, Ethem and Kaynak, Cenk}, year = {1998},
  title = {Optical Recognition of Handwritten Digits}, howpublished = {UCI Machine Learning Repository}}"""


class DigitsParameters(api.Parameters):
    """What a suite may choose."""

    image_size: int = Field(default=16, ge=8, le=64)
    """Height and width of the network's input in pixels."""


@dataclass(frozen=True)
class Lines:
    """Images as lines of 64 numbers from 0 to 16."""

    first: int
    lines: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"line/{self.first + i:04d}" for i in range(len(self)))

    def read(self, i: int) -> bytes:
        return self.lines[i].encode()

    def decode(self, i: int, content: bytes) -> Image.Image:
        from PIL import Image

        pixels = bytes(min(255, 16 * int(float(value))) for value in content.split(b","))
        return Image.frombytes("L", (8, 8), pixels).convert("RGB")


class Digits(api.Dataset[DigitsParameters]):
    """Handwritten digits of 8x8 pixels, from scikit-learn."""

    name = "digits"
    Parameters = DigitsParameters
    origin: ClassVar = "packaged"

    def card(self, params: DigitsParameters) -> api.DatasetCard:
        summary = "Dígitos manuscritos de 8 por 8 píxeles, con 17 niveles de gris, de trece personas."
        return api.DatasetCard("Digits", summary, "CC BY 4.0", BIBTEX, "https://doi.org/10.24432/C50P49", (), CLASSES,
                           {"train": 1198, "validation": 299, "test": 300}, layout=FILE)  # fmt: skip

    def preprocessing(self, params: DigitsParameters) -> api.Preprocessing:
        return api.Preprocessing((params.image_size, params.image_size), (0.3, 0.3, 0.3), (0.37, 0.37, 0.37))

    def find(self, params: DigitsParameters, root: Path, scratch: Path) -> api.Found | None:
        package = find_spec("sklearn")
        shipped = Path(package.origin).parent / "datasets" / "data" if package and package.origin else root
        folder = next((place for place in (root, shipped) if (place / FILE).is_file()), None)
        if folder is None:
            return None
        if api.file_sha256(folder / FILE) == SHA256:
            return api.Found(folder, "official", f"the SHA-256 of {FILE} is scikit-learn's")
        return api.Found(folder, "unofficial copy", f"{FILE} is not scikit-learn's")

    def sample(self, params: DigitsParameters, folder: Path) -> None:
        import numpy as np

        draw, lines = np.random.default_rng(5), []
        for i in range(360):
            image = draw.integers(0, 4, (8, 8))
            image[i % 10 // 2 : i % 10 // 2 + 3, i % 10 % 2 * 4 : i % 10 % 2 * 4 + 3] += 12  # a place for each class
            lines.append(",".join(map(str, [*image.ravel(), i % 10])))
        (folder / FILE).write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))

    def index(self, params: DigitsParameters, folder: Path) -> api.DatasetIndex:
        try:
            rows = [line.rpartition(",") for line in gzip.decompress((folder / FILE).read_bytes()).decode().split()]
            labels = [int(float(label)) for _, _, label in rows]
        except (OSError, EOFError, ValueError) as error:
            raise api.DataError(f"this file is damaged: {error}", where=str(folder / FILE)) from error

        def split(start: int, end: int) -> api.Split:
            return api.Split(Lines(start, tuple(line for line, _, _ in rows[start:end])), tuple(labels[start:end]))

        n = len(rows)
        return api.DatasetIndex(CLASSES, split(0, n * 2 // 3), split(n * 2 // 3, n * 5 // 6), split(n * 5 // 6, n))


@api.hookimpl
def benchsuite_datasets() -> Iterable[type[api.Dataset[Any]]]:
    return [Digits]
