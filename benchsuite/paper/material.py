"""What a paper is made from: plain data, so that it can be rendered elsewhere, or again, from what was stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.analysis.findings import Findings
from benchsuite.contracts.dataset import DatasetCard
from benchsuite.suite.schema import Suite

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class PaperMaterial:
    """A suite, its findings, and what its plugins say about themselves.

    `class_titles` maps a class to how the paper calls it (left empty, the card's titles are used); `configuration`
    adds rows (what, value) to the configuration table, such as what a recipe resolves only when it runs; `samples`
    are (class title, photo) pairs, the photo an encoded PNG or JPEG file or a picture; `models` are the title and the
    BibTeX entry of each case's model, by the case's name, where cases have models of their own.
    """

    suite: Suite
    findings: Findings
    card: DatasetCard
    model_title: str
    model_bibtex: str = ""
    class_titles: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    samples: Sequence[tuple[str, bytes | Image.Image]] = ()
    configuration: tuple[tuple[str, str], ...] = ()
    version: str = ""


@dataclass(frozen=True)
class PaperFiles:
    html: Path
    pdf: Path
