"""A new study: a commented suite over the user's data that runs, and has a paper, before anything in it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchsuite.atomic_files import write_text
from benchsuite.errors import StoreError, on_one_line
from benchsuite.suite.source.yaml_nodes import flow_text

CLASSES_SHOWN = 12
SEEDS = 7
"""With fewer, the suite's claim could not be refuted, whatever came out; with fewer than 6 nothing can be shown."""


@dataclass(frozen=True)
class Study:
    """What the template is filled with: the data set as the suite writes it, and what was seen of it. `side` is how
    many pixels a side of the images has, and `sizable` whether the suite may choose it."""

    name: str
    title: str
    dataset: Mapping[str, Any]
    classes: tuple[str, ...]
    counts: Mapping[str, int]
    side: int
    sizable: bool

    @property
    def small(self) -> bool:
        """Whether the images are too small for the networks that were pretrained on photos."""
        return self.side < 64

    @property
    def image_size(self) -> int:
        """Pixels of a side for a first study: no more than the photos have, and than a CPU does in minutes."""
        return self.side if self.small else max(size for size in (64, 96, 128) if size <= max(64, self.side))

    @property
    def batch_size(self) -> int:
        """Some tens of steps an epoch."""
        train = self.counts.get("train", 0)
        return 16 if train < 1000 else 32 if train < 5000 else 64


def write_suite(study: Study, file: Path) -> None:
    """Write the suite of a study. Raises StoreError where something is there already."""
    from jinja2 import Environment, StrictUndefined

    if file.exists():
        raise StoreError(
            "there is a file of this name already",
            where=str(file),
            expected="a name that no suite has",
            remedy="choose another name, or take the file away",
        )
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False)
    template = environment.from_string(
        (files("benchsuite.scaffold") / "templates" / "study" / "suite.yaml.jinja").read_text(encoding="utf-8")
    )
    names = ", ".join(map(_remark, study.classes[:CLASSES_SHOWN]))
    values = {
        "classes": names + (" …" if len(study.classes) > CLASSES_SHOWN else ""),
        "dataset": {name: flow_text(value) for name, value in study.dataset.items()},
        "title": _remark(study.title),
    }
    write_text(file, template.render(study=study, seeds=SEEDS, **values))


def _remark(text: str) -> str:
    """Foreign words as a comment may hold them."""
    return "".join(filter(str.isprintable, on_one_line(text)))
