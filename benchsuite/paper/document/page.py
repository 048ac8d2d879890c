"""The page of a paper: size, margins and columns, once for the style sheet and for the placement of floats.

Conference papers follow IEEEtran.cls 1.8b: text 7.14 in wide and 9.25 in high, columns of 3.487 in. Reports have the
margins of a word processor, an inch or 25 mm, and one column.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchsuite.suite.schema.suite import PageSize, Template

PIXEL = 25.4 / 96
"""Millimetres of a CSS pixel, the unit of WeasyPrint's boxes."""
INCH = 25.4


@dataclass(frozen=True)
class Geometry:
    """Lengths in millimetres."""

    width: float
    height: float
    top: float
    side: float
    bottom: float
    columns: int
    gap: float

    @property
    def text_width(self) -> float:
        return self.width - 2 * self.side

    @property
    def text_height(self) -> float:
        return self.height - self.top - self.bottom

    @property
    def column_width(self) -> float:
        return (self.text_width - (self.columns - 1) * self.gap) / self.columns

    @property
    def page(self) -> str:
        """The size and the margins of a page, as declarations of an `@page` rule."""
        return f"size:{self.width:g}mm {self.height:g}mm;margin:{self._margin}"

    @property
    def css(self) -> str:
        """The rules that print sheets leave out; `--text-height` and `--text-width` are for what fills a page."""
        columns = f"columns:{self.columns};column-gap:{self.gap:g}mm" if self.columns > 1 else "columns:auto"
        return (
            f"@page{{{self.page}}}.columns{{{columns}}}"
            f":root{{--text-width:{self.text_width:g}mm;--text-height:{self.text_height:g}mm}}"
        )

    @property
    def endless(self) -> str:
        """Rules for one column on a page without end, on which blocks are measured."""
        return (
            f"@page{{size:{self.width:g}mm 100000px;margin:{self._margin}}}"
            f".columns{{columns:auto;width:{self.column_width:g}mm}}.spanning{{width:{self.text_width:g}mm}}"
        )

    @property
    def _margin(self) -> str:
        return f"{self.top:g}mm {self.side:g}mm {self.bottom:g}mm"


GEOMETRIES: dict[tuple[Template, PageSize], Geometry] = {
    ("ieee", "a4"): Geometry(210, 297, 19, 14.32, 43, 2, 4.22),
    ("ieee", "letter"): Geometry(8.5 * INCH, 11 * INCH, 0.75 * INCH, 0.68 * INCH, INCH, 2, 4.22),
    ("report", "a4"): Geometry(210, 297, 25, 25, 25, 1, 0),
    ("report", "letter"): Geometry(8.5 * INCH, 11 * INCH, INCH, INCH, INCH, 1, 0),
}
