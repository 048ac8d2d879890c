"""Build a paper: material in, `paper.html` and `paper.pdf` out, both or neither half-written, and a README beside them.

What was built is remembered in the cache, with the drawings it took: an unchanged paper is not built again, and one
whose prose alone has changed is not drawn again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.atomic_files import write_bytes, write_text
from benchsuite.errors import StoreError
from benchsuite.paper.context.material import PaperFiles

if TYPE_CHECKING:
    from benchsuite.paper.context.material import Material, PaperMaterial
    from benchsuite.paper.rendering.process import Renderer


README = "README.md"


@dataclass(frozen=True)
class Built:
    """What is remembered of a paper: what it was made from, the SHA-256 of its files, and its drawings."""

    order: str
    renderer: str
    html: str
    pdf: str
    readme: str = ""
    memo: Mapping[str, str] = field(default_factory=dict)


NOTHING = Built("", "", "", "")


def build_paper(
    material: Material, folder: Path, *, renderer: Renderer | None = None, memory: Path | None = None
) -> PaperFiles:
    """Write the paper of a study, or of a report, into `folder` as `paper.html` and `paper.pdf`, and what it says in
    short as `README.md`. The same material gives the same bytes.

    `renderer` is a process that has been started already; `memory` the folder that remembers papers: without it, all
    is built from nothing. Raises PaperError for prose that cannot be set, SetupError where Pango is missing, StoreError
    where the folder cannot be written.
    """
    return _build((material,), folder, "paper", renderer, memory)


def build_comparison(
    first: PaperMaterial, second: PaperMaterial, folder: Path, *, renderer: Renderer | None = None
) -> PaperFiles:
    """Write `comparison.html` and `comparison.pdf`, two sets of results side by side, into `folder`.

    Raises what `build_paper` raises.
    """
    return _build((first, second), folder, "comparison", renderer, None)


def _build(
    materials: tuple[Material, ...], folder: Path, name: str, renderer: Renderer | None, memory: Path | None
) -> PaperFiles:
    from benchsuite.paper.bundle import attachments
    from benchsuite.paper.rendering import pango, process

    files = PaperFiles(html=folder / f"{name}.html", pdf=folder / f"{name}.pdf")
    packed = [attachments.pack(material) for material in materials]
    setting = _digest(json.dumps([dict(materials[0].renderer), pango.versions(), sys.version]).encode())
    order = _digest(*(part for files in packed for name, content in files.items() for part in (name.encode(), content)))
    place = memory / f"{_digest(os.fsencode(folder.resolve()))[:32]}.json" if memory is not None else None
    before = _remembered(place)
    if (before.order, before.renderer) == (order, setting) and _stand(files, before):
        return files
    with renderer or process.Renderer() as rendering:
        pages = rendering.pages(packed, before.memo if before.renderer == setting else {})
    write_bytes(files.html, pages.html)
    write_bytes(files.pdf, pages.pdf)
    if len(materials) == 1:
        write_text(folder / README, pages.readme)
    if place is not None:
        readme = _digest(pages.readme.encode())
        now = Built(order, setting, _digest(pages.html), _digest(pages.pdf), readme, pages.memo)
        with suppress(StoreError):  # a cache that cannot be written costs time, not the paper
            content = json.dumps(asdict(now))
            write_text(place, f"{_digest(content.encode())}\n{content}")
    return files


def _digest(*contents: bytes) -> str:
    found = hashlib.sha256()
    for content in contents:
        found.update(b"%d " % len(content) if contents[1:] else b"")
        found.update(content)
    return found.hexdigest()


def _remembered(place: Path | None) -> Built:
    """What was built last; nothing where there is no memory of it, or a damaged one."""
    if place is not None:
        with suppress(OSError, ValueError, TypeError):
            digest, _, content = place.read_text(encoding="utf-8").partition("\n")
            if _digest(content.encode()) == digest:
                return Built(**json.loads(content))
    return NOTHING


def _stand(files: PaperFiles, built: Built) -> bool:
    """Whether all its files are there as they were built."""
    paths = (files.html, files.pdf, files.html.with_name(README))
    with suppress(OSError):
        return tuple(_digest(path.read_bytes()) for path in paths) == (built.html, built.pdf, built.readme)
    return False
