"""The PDF: WeasyPrint on the print template, archival (PDF/A-3a) and accessible (PDF/UA-1), results attached.

Nothing but a white list of named assets can be read while it is made. The bytes depend on the document alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchsuite.paper.bundle.files import SUITE, content_of
from benchsuite.paper.document.blocks import Document
from benchsuite.paper.document.numbering import Numbering
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.rendering import archival, weasyprint_boxes
from benchsuite.paper.rendering.layout_plan import arrange, layout_blocks
from benchsuite.paper.rendering.print_page import VARIANT, collect_assets, lay_out_arranged
from benchsuite.paper.typesetting.arrangement import Arrangement
from benchsuite.paper.typesetting.layout_checks import faults

MEDIA_TYPES = {
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".bib": "application/x-bibtex",
    ".txt": "text/plain",
    ".jpg": "image/jpeg",
}
RESCUES = 3
"""How often a layout that came out otherwise than planned is mended."""
GRAVE = ("lost", "moved", "overlap")
"""Faults for which the wide blocks of a page span the columns instead."""
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


def render_pdf(document: Document, numbering: Numbering, planned: Arrangement | None = None) -> bytes:
    """The paper as PDF bytes, as `arrange` has planned it, which is done here where no plan is given."""
    with speaking(document.form.language):
        return _render_pdf(document, numbering, planned)


def _render_pdf(document: Document, numbering: Numbering, planned: Arrangement | None) -> bytes:
    assets = collect_assets(document)
    content = layout_blocks(document)
    arrangement = planned or arrange(document, numbering)
    laid_out = lay_out_arranged(document, numbering, arrangement, assets)
    for _ in range(RESCUES if weasyprint_boxes.is_known() else 0):
        layout = weasyprint_boxes.layout(laid_out)
        grave = [fault for fault in faults(content, arrangement, layout) if fault.kind in GRAVE]
        if not grave and layout.pages <= arrangement.last:
            break
        pages = {fault.page for fault in grave}
        slipped = {i for i, at in arrangement.booked.items() if at in pages or any(i == f.index for f in grave)}
        relaxed = arrangement.relaxed(slipped)
        if relaxed == arrangement:
            break
        arrangement = relaxed
        laid_out = lay_out_arranged(document, numbering, arrangement, assets)
    archival.declare_accessible(laid_out)
    when = datetime.fromisoformat(document.date).astimezone(UTC) if document.date else UNDATED
    laid_out.metadata.attachments = [_attachment(name, file, when) for name, file in document.files.items()]
    target = io.BytesIO()
    laid_out.write_pdf(target, finisher=archival.finish, pdf_variant=VARIANT)
    return target.getvalue()


def _attachment(name: str, content: bytes, when: datetime) -> Any:
    """A file inside the PDF, its media type given, which WeasyPrint would else ask the system for."""
    from weasyprint import Attachment

    made = Attachment(
        string=content,
        name=name,
        description=say(f"attachment-{content_of(name)}"),
        created=when,
        modified=when,
        relationship="Source" if name == SUITE else "Data",
    )
    made.source = _source(content, MEDIA_TYPES[Path(name).suffix])
    return made


@contextmanager
def _source(content: bytes, media_type: str) -> Iterator[tuple[io.BytesIO, None, None, str]]:
    """An attachment as WeasyPrint reads it: a file, its address, its encoding, its media type."""
    yield io.BytesIO(content), None, None, media_type
