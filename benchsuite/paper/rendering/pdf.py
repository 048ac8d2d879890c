"""The PDF: WeasyPrint on the print template, archival (PDF/A-3a) and accessible (PDF/UA-1), results attached.

Nothing but a white list of named assets can be read while it is made. The bytes depend on the document alone.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path
from types import MethodType
from typing import Any

from markupsafe import escape

from benchsuite.errors import PaperError
from benchsuite.paper.bundle.attachments import BIBTEX, DESCRIPTIONS, SUITE
from benchsuite.paper.concurrency.fork import shared
from benchsuite.paper.document.blocks import Bullets, Document, Equation, Figure, Heading, Photos, Table, texts
from benchsuite.paper.document.numbering import Numbering
from benchsuite.paper.document.page import INCH, PIXEL, Geometry
from benchsuite.paper.rendering import fonts, templates, weasyprint_boxes
from benchsuite.paper.rendering.templates import Entry
from benchsuite.paper.typesetting import float_placement
from benchsuite.paper.typesetting.arrangement import Arrangement, Block, Kind
from benchsuite.paper.typesetting.column_model import Measure, Sheet
from benchsuite.paper.typesetting.layout_checks import faults
from benchsuite.suite.prose.references import REFERENCE

VARIANT = "pdf/a-3a"
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
"""Faults for which the wide blocks of a page are set after the columns instead."""
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Asset:
    content: bytes
    media_type: str


def render_pdf(document: Document, numbering: Numbering, planned: Arrangement | None = None) -> bytes:
    """The paper as PDF bytes, as `arrange` has planned it, which is done here where no plan is given."""
    assets = _assets(document)
    content = _content(document)
    arrangement = planned or arrange(document, numbering)
    laid_out = _compose(_html(document, numbering, arrangement), assets)
    for _ in range(RESCUES):
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
        laid_out = _compose(_html(document, numbering, arrangement), assets)
    _declare_accessible(laid_out)
    when = datetime.fromisoformat(document.date).astimezone(UTC) if document.date else UNDATED
    laid_out.metadata.attachments = [_attachment(name, file, when) for name, file in document.files.items()]
    target = io.BytesIO()
    laid_out.write_pdf(target, pdf_variant=VARIANT)
    return target.getvalue()


def _attachment(name: str, content: bytes, when: datetime) -> Any:
    """A file inside the PDF, its media type given, which WeasyPrint would else ask the system for."""
    from weasyprint import Attachment

    made = Attachment(
        string=content,
        name=name,
        description=DESCRIPTIONS.get(name) or ("Bibliografía" if name.endswith(BIBTEX) else "Fotografía de ejemplo"),
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


def _assets(document: Document) -> dict[str, Asset]:
    assets = {f"font/{name}.ttf": Asset(fonts.face(name), "font/ttf") for name in fonts.FACES}
    for block in document.body:
        if isinstance(block, Figure):
            assets[f"figure/{block.id}.svg"] = Asset(block.drawing.svg.encode(), "image/svg+xml")
        elif isinstance(block, Photos):
            for row, (_, files) in enumerate(block.rows):
                for column, file in enumerate(files):
                    assets[_photo_name(block.id, row, column)] = Asset(file, "image/jpeg")
    if document.watermark:
        drawn = _watermark(document.watermark, document.form.geometry)
        assets["watermark.svg"] = Asset(drawn.encode(), "image/svg+xml")
    return assets


def _emptied(name: str, asset: Asset) -> Asset:
    """The same size without the drawing: what trial layouts need, in a fraction of the time."""
    if not name.startswith("figure/"):
        return asset
    return Asset(re.sub(rb"(<svg[^>]*>).*</svg>", rb"\1</svg>", asset.content, flags=re.DOTALL), asset.media_type)


def _photo_name(identifier: str, row: int, column: int) -> str:
    return f"photo/{identifier}/{row}-{column}.jpg"


def _watermark(words: str, page: Geometry) -> str:
    """The words across a page, in points."""
    width, height = (length * 72 / INCH for length in (page.width, page.height))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.2f} {height:.2f}" '
        f'width="{width:.2f}" height="{height:.2f}">'
        f'<text x="{width / 2:.2f}" y="{height / 2 + 19:.2f}" text-anchor="middle" font-family="IEEE" font-size="62" '
        f'fill="#eeeeee" transform="rotate(-52 {width / 2:.2f} {height / 2:.2f})">{escape(words)}</text></svg>'
    )


def _css(document: Document, arrangement: Arrangement) -> str:
    form = document.form
    page = form.geometry
    rules = [page.css, templates.template_text("ieee_es/print.css")]
    if form.template != "ieee":
        rules.append(templates.template_text(f"{form.template}_es/print.css"))
    if document.watermark:
        size = f"{page.width:g}mm {page.height:g}mm"
        rules.append(f"@page{{background:url(asset:watermark.svg) no-repeat center center;background-size:{size}}}")
    for number in sorted({*arrangement.booked.values(), arrangement.last} if page.columns > 1 else ()):
        head, foot = arrangement.reserve(number)
        rules.append(
            f"@page :nth({number}){{margin-top:calc({page.top:g}mm + {head:.2f}px);"
            f"margin-bottom:calc({page.bottom:g}mm + {foot:.2f}px);"
            f"@bottom-center{{padding-top:calc(5mm + {foot:.2f}px)}}}}"
        )
    if any(_wide(document, index) and index not in arrangement.booked for index in arrangement.order):
        rules.append(".columns{column-fill:balance}")
    for index, margin in sorted(arrangement.margins.items()):
        rules.append(f'[data-b="{index}"]{{margin-top:{margin:.2f}px}}')
    for index in arrangement.heads:
        rules.append(f'[data-b="{index}"]{{top:-{arrangement.offset(index):.2f}px}}')
    for index in arrangement.feet:
        # By its bottom: WeasyPrint breaks what it positions by its top below the text area.
        rules.append(f'[data-b="{index}"]{{bottom:-{arrangement.offset(index) + arrangement.heights[index]:.2f}px}}')
    return "".join(rules)


def _html(document: Document, numbering: Numbering, arrangement: Arrangement, extra: str = "") -> str:
    entries: list[Entry] = []
    for index in arrangement.order:
        block = document.body[index]
        place = "wide" if _declared_wide(block) else ""
        if _wide(document, index):
            place += " booked" if index in arrangement.booked else " after"
        entries.append(Entry(block, index, numbering.numbers[index], place))
    html = templates.render(
        document,
        numbering,
        entries,
        "paper",
        _css(document, arrangement) + extra,
        lambda identifier, row, column, _: f"asset:{_photo_name(identifier, row, column)}",
    )
    return _BEFORE_INLINE.sub(" \N{ZERO WIDTH SPACE}", html)


_BEFORE_INLINE = re.compile(r"(?<=\S) (?=<(?:a|b|code|i|span)\b)")
"""A space before an inline element. Where all before it fills a line to less than a space's width, WeasyPrint breaks
that line after its first word; a zero-width space, which is neither drawn nor extracted, gives it the right place."""


def _wide(document: Document, index: int) -> bool:
    """Whether a block takes the width of more columns than one."""
    return _declared_wide(document.body[index]) and document.form.geometry.columns > 1


def _declared_wide(block: object) -> bool:
    return isinstance(block, Figure | Photos | Table) and block.wide


def _content(document: Document) -> tuple[Block, ...]:
    mentions = _mentions(document)
    body = document.body
    return tuple(
        Block(
            kind=_kind(block),
            wide=_wide(document, index),
            glued=isinstance(block, Equation | Bullets) or (index > 0 and isinstance(body[index - 1], Equation)),
            barrier=isinstance(block, Heading) and block.level == 1,
            mention=mentions.get(index),
        )
        for index, block in enumerate(body)
    )


def _kind(block: object) -> Kind:
    match block:
        case Figure() | Photos():
            return "figure"
        case Table():
            return "table"
        case Heading():
            return "heading"
        case _:
            return "text"


def arrange(document: Document, numbering: Numbering) -> Arrangement:
    """Place the floats on the imitation of columns, from measures of every block."""
    geometry = document.form.geometry
    content = _content(document)
    (measures, front), (more, _) = _measured(document, numbering, content)
    measures |= more
    heights = {i: measures[i].height for i, block in enumerate(content) if block.wide}
    head = tuple(sorted(index for index in measures if index < 0))
    tail = tuple(sorted(index for index in measures if index >= weasyprint_boxes.TAIL))
    sheet = Sheet(geometry.text_height / PIXEL, front, head, tail, geometry.columns)
    return float_placement.place(content, measures, heights, sheet)


def _measured(
    document: Document, numbering: Numbering, content: Sequence[Block]
) -> list[tuple[dict[int, Measure], float]]:
    """The measures of the blocks, and the height of the title block, from trial layouts of the paper's halves."""
    assets = {name: _emptied(name, asset) for name, asset in _assets(document).items()}
    lengths = list(accumulate(sum(map(len, texts(block))) for block in document.body))
    cited = sum(len(document.references[key]) for key in numbering.citations)
    half = bisect_right(lengths, (lengths[-1] + cited) / 2) if lengths else 0
    half = next((i for i in range(half, len(content)) if not content[i].glued), len(content))

    def measured(blocks: range, left_out: str) -> tuple[dict[int, Measure], float]:
        rules = f"{document.form.geometry.endless}.matter,{left_out}{{display:none}}"
        return weasyprint_boxes.measures(
            _compose(_html(document, numbering, Arrangement(tuple(blocks)), rules), assets)
        )

    first, second = range(half), range(half, len(content))
    return shared([partial(measured, first, _AFTER), partial(measured, second, _BEFORE)])


_BEFORE, _AFTER = '[data-b^="-"]', "#referencias,.references"
"""Selectors of what stands before the body and after it."""


def _mentions(document: Document) -> dict[int, int]:
    """For each identified block, the first block whose text refers to it."""
    first: dict[str, int] = {}
    for index, block in enumerate(document.body):
        for text in texts(block):
            for name in REFERENCE.findall(text):
                first.setdefault(name.strip(), index)
    names = {index: getattr(block, "id", "") for index, block in enumerate(document.body)}
    return {index: first[name] for index, name in names.items() if name in first}


def _compose(html: str, assets: Mapping[str, Asset]) -> Any:
    """Lay out a page of HTML that may use `assets` and nothing else."""
    from weasyprint import HTML
    from weasyprint.text.fonts import FontConfiguration

    fetcher = _fetcher(assets)
    laid_out = HTML(string=html, url_fetcher=fetcher, base_url="asset:").render(
        font_config=FontConfiguration(), pdf_variant=VARIANT
    )
    if fetcher.refused:
        raise PaperError(f"the paper asked for a resource that is not its own: {fetcher.refused[0][:120]}")
    return laid_out


def _fetcher(assets: Mapping[str, Asset]) -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class WhiteList(URLFetcher):
        """Serves `asset:` names that the document owns; no file, no network."""

        def __init__(self) -> None:
            super().__init__(allowed_protocols=set(), allow_redirects=False)  # type: ignore[no-untyped-call]
            self.refused: list[str] = []

        def fetch(self, url: str, headers: Any = None) -> Any:
            asset = assets.get(url.removeprefix("asset:")) if url.startswith("asset:") else None
            if asset is None:
                self.refused.append(url)
                raise ValueError(f"not an asset of this paper: {url[:120]}")
            return URLFetcherResponse(url, asset.content, {"Content-Type": asset.media_type})

    return WhiteList()


_PDFUA = (
    '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part>'
    '</rdf:Description><rdf:Description rdf:about="" '
    'xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
    'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
    'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>'
    "<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    '<rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>'
    "<pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    "<pdfaProperty:category>internal</pdfaProperty:category>"
    "<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>"
    "</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


def _declare_accessible(laid_out: Any) -> None:
    """Declare PDF/UA-1 beside PDF/A-3a in the metadata; WeasyPrint admits one variant a document."""
    plain = laid_out.metadata.generate_rdf_metadata

    def both(_: Any, *arguments: Any) -> bytes:
        text: str = plain(*arguments).decode()
        return text.replace("</rdf:RDF>", f"{_PDFUA}</rdf:RDF>").encode()

    laid_out.metadata.generate_rdf_metadata = MethodType(both, laid_out.metadata)
