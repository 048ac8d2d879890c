"""Build a paper: material in, `paper.html` and `paper.pdf` out, both or neither half-written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.atomic import write_bytes

if TYPE_CHECKING:
    from benchsuite.paper.material import PaperFiles, PaperMaterial


def build_paper(material: PaperMaterial, folder: Path) -> PaperFiles:
    """Write the paper of a study into `folder` as `paper.html` and `paper.pdf`. The same material gives the same bytes.

    Raises PaperError for prose that cannot be set, SetupError where Pango is missing, StoreError where the folder
    cannot be written.
    """
    return _build((material,), folder, "paper")


def build_comparison(first: PaperMaterial, second: PaperMaterial, folder: Path) -> PaperFiles:
    """Write `comparison.html` and `comparison.pdf`, two sets of results side by side, into `folder`.

    Raises what `build_paper` raises.
    """
    return _build((first, second), folder, "comparison")


def _build(materials: tuple[PaperMaterial, ...], folder: Path, name: str) -> PaperFiles:
    from benchsuite.paper.apart import render_apart
    from benchsuite.paper.material import PaperFiles

    html, pdf = render_apart(*materials)
    files = PaperFiles(html=folder / f"{name}.html", pdf=folder / f"{name}.pdf")
    write_bytes(files.html, html)
    write_bytes(files.pdf, pdf)
    return files
