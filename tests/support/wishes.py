"""What the page of wishes promises: each row of its tables, and the suite that its lines make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.pages import DOCS, Block, blocks, pages

PAGE = DOCS / "guide" / "wishes.md"
COMPONENTS = ("dataset", "model", "recipe")
_ROW = re.compile(r"^\| (?P<wish>[^|]+) \| (?P<how>[^|]+) \| (?P<lines>[\d +]+) \| (?P<written>`[^|]*`) \|$", re.M)


@dataclass(frozen=True)
class Wish:
    """A row. `lines` is what its column says, `written` each line of YAML, `file` the Python file that it takes."""

    wish: str
    lines: str
    written: tuple[str, ...]
    file: Block | None

    @property
    def counted(self) -> str:
        """How many lines there are, as the column should have it."""
        own = str(len(self.written))
        lines = [] if self.file is None else [line for line in self.file.body.splitlines() if line.strip()]
        return f"{len(lines)} + {own}" if lines else own

    @property
    def suite(self) -> str:
        """The suite of the page with these lines."""
        whole = yaml.safe_load(base())
        for line in self.written:
            whole = _added(whole, yaml.safe_load(line))
        return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)


def base() -> str:
    """The suite of the page."""
    return next(block.body for block in blocks(PAGE) if block.language == "yaml")


def wishes() -> Iterator[Wish]:
    """The rows of the page, in order."""
    files = {block.caption: block for page in (*pages(), PAGE) for block in blocks(page) if block.language == "python"}
    for row in _ROW.finditer(PAGE.read_text(encoding="utf-8")):
        named = re.match(r"\[`(\w+\.py)`\]", row["how"])
        assert named or row["how"] == "YAML", row["how"]
        written = tuple(re.findall(r"`([^`]+)`", row["written"]))
        yield Wish(row["wish"], row["lines"], written, files[named[1]] if named else None)


def draw_photos(folder: Path) -> None:
    """The user's own photos, below `folder`: a folder a class, and a table of them."""
    import numpy as np
    from PIL import Image

    draw = np.random.default_rng(0)
    rows = ["label,split,file"]
    for shift, label in enumerate(("pale", "red")):
        home = folder / "photos" / label
        home.mkdir(parents=True)
        for number in range(20):
            pixels = draw.integers(0, 128, (16, 16, 3)) + np.array([127 * shift, 0, 0])
            Image.fromarray(pixels.astype(np.uint8)).save(home / f"{number:02d}.png")
            split = {0: "validation", 1: "test"}.get(number % 5, "train")
            rows.append(f"{label},{split},{label}/{number:02d}.png")
    (folder / "photos" / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _added(given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping with what stands in another, side by side where both have mappings, unless it names a component."""
    merged = dict(given)
    for key, value in more.items():
        known = given.get(key)
        beside = isinstance(known, dict) and isinstance(value, dict) and not (key in COMPONENTS and "name" in value)
        merged[key] = _added(known, value) if beside else value  # type: ignore[arg-type]
    return merged
