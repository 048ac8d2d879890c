"""One laid-out print: the HTML and CSS that WeasyPrint sets, and the pictures it may fetch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from benchsuite.errors import PaperError, cut
from benchsuite.paper.document.blocks import Document, Figure, Listing, Photos, Table
from benchsuite.paper.document.numbering import Numbering
from benchsuite.paper.document.page import INCH, Geometry
from benchsuite.paper.rendering import fonts, templates, weasyprint_boxes
from benchsuite.paper.rendering.line_breaks import keep_together
from benchsuite.paper.rendering.templates import Entry
from benchsuite.paper.typesetting.arrangement import Arrangement

VARIANT = "pdf/a-3a"


@dataclass(frozen=True)
class Asset:
    content: bytes
    media_type: str


def collect_assets(document: Document) -> dict[str, Asset]:
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
    if not is_filled_in_order(document, arrangement):
        rules.append(".columns{column-fill:balance}")
    return "".join(rules)


def is_filled_in_order(document: Document, arrangement: Arrangement) -> bool:
    """Whether each column is filled before the next: nothing spans the columns, above which they would end."""
    return all(index in arrangement.booked or not is_wide(document, index) for index in arrangement.order)


def _placed(html: str, arrangement: Arrangement) -> str:
    """The page with the places of its blocks: as rules, every element would be compared with each of them."""
    styles = {index: f"margin-top:{margin:.2f}px" for index, margin in arrangement.margins.items()}
    styles |= {index: f"top:-{arrangement.offset(index):.2f}px" for index in arrangement.heads}
    for index in arrangement.feet:
        # By its bottom: WeasyPrint breaks what it positions by its top below the text area.
        styles[index] = f"bottom:-{arrangement.offset(index) + arrangement.heights[index]:.2f}px"

    def placed(block: re.Match[str]) -> str:
        style = styles.get(int(block[1]))
        return f'{block[0]} style="{style}"' if style else block[0]

    return re.sub(r' data-b="(-?\d+)"', placed, html)


def print_html(document: Document, numbering: Numbering, arrangement: Arrangement, extra: str = "") -> str:
    entries: list[Entry] = []
    for index in arrangement.order:
        block = document.body[index]
        place = "wide" if _declared_wide(block) else ""
        if is_wide(document, index):
            place += " booked" if index in arrangement.booked else " spanning"
        entries.append(Entry(block, index, numbering.numbers[index], place))
    html = templates.render(
        document,
        numbering,
        entries,
        "paper",
        _css(document, arrangement) + extra,
        lambda identifier, row, column, _: f"asset:{_photo_name(identifier, row, column)}",
    )
    return keep_together(_placed(html, arrangement))


def is_wide(document: Document, index: int) -> bool:
    """Whether a block takes the width of more columns than one."""
    return _declared_wide(document.body[index]) and document.form.geometry.columns > 1


def _declared_wide(block: object) -> bool:
    return isinstance(block, Figure | Photos | Listing | Table) and block.wide


def lay_out_arranged(
    document: Document, numbering: Numbering, arrangement: Arrangement, assets: Mapping[str, Asset]
) -> Any:
    """Lay out a paper as it is arranged."""
    html = print_html(document, numbering, arrangement)
    return lay_out(html, assets, in_order=is_filled_in_order(document, arrangement))


def lay_out(html: str, assets: Mapping[str, Asset], *, in_order: bool = False) -> Any:
    """Lay out a page of HTML that may use `assets` and nothing else. Where its columns are filled `in_order`, that is
    done in half the time."""
    from weasyprint import HTML
    from weasyprint.text.fonts import FontConfiguration

    fetcher = _fetcher(assets)
    with weasyprint_boxes.columns_set_once() if in_order else nullcontext():
        laid_out = HTML(string=html, url_fetcher=fetcher, base_url="asset:").render(
            font_config=FontConfiguration(), pdf_variant=VARIANT
        )
    if fetcher.refused:
        raise PaperError(
            f"the paper asked for a resource that is not its own: {cut(fetcher.refused[0], 120)}",
            remedy="leave the address out of the suite's prose; if it is not there, please report this",
        )
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
