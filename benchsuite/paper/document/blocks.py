"""The document: what a paper consists of, before numbers, layout or markup.

Blocks are plain frozen data, but for figures, which are drawn when they are asked for. Texts are in the mini grammar of
`text`; they name figures, tables, equations and works by identifier, and quoted results by the tokens of `quantities`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import ClassVar, Literal

from benchsuite.paper.document.quantities import Quantity
from benchsuite.paper.document.style import Form

RESULTS = "results.json"
Align = Literal["left", "right", "center"]


@dataclass(frozen=True)
class Heading:
    """A section (level 1) or subsection (level 2). Third-level headings run into their paragraph."""

    id: str
    level: Literal[1, 2]
    title: str
    lang: str = ""
    """The language of its words, where that is not the paper's; likewise below."""
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Paragraph:
    """Running text; `lead` is the third-level heading that opens it, if any."""

    text: str
    lead: str | None = None
    lang: str = ""
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Bullets:
    """A list; a `numbered` one counts its items, whose order matters."""

    items: tuple[str, ...]
    lang: str = ""
    numbered: bool = False
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Equation:
    """A displayed, numbered equation: TeX for matplotlib's mathtext and how it is read aloud."""

    id: str
    tex: str
    reading: str
    kind: ClassVar[str] = "equation"


@dataclass(frozen=True)
class Facet:
    """The case, by its name, and the seed that a part of a figure or table is about; None for all of them."""

    case: str | None = None
    seed: int | None = None


ALL = Facet()


@dataclass(frozen=True)
class Series:
    """Points of a drawing whose values can be asked for, in reading order.

    Each is its place from the left and from the top, as parts of the drawing's width and height, and what it says.
    """

    title: str
    points: tuple[tuple[float, float, str], ...]
    facet: Facet = ALL


@dataclass(frozen=True)
class Drawing:
    """A drawing as SVG, what it shows in words, with numbers, and the values that can be asked for."""

    svg: str
    alt: str
    series: tuple[Series, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A drawing, which `draw` makes for the figure's identifier. `wide` figures span both columns; `narrow` draws them
    for a screen that has no room for that, with one panel below the other."""

    id: str
    caption: str
    draw: Callable[[str], Drawing]
    wide: bool = False
    narrow: Callable[[str], Drawing] | None = None
    kind: ClassVar[str] = "figure"

    @cached_property
    def drawing(self) -> Drawing:
        """Made when it is first asked for."""
        return self.draw(self.id)

    @cached_property
    def narrow_drawing(self) -> Drawing | None:
        return None if self.narrow is None else self.narrow(f"{self.id}-narrow")


def figure(name: str, caption: str, draw: Callable[..., Drawing], *, wide: bool) -> Figure:
    """A figure whose `draw` takes `narrow`, which only a wide one has use for."""
    return Figure(name, caption, draw, wide, partial(draw, narrow=True) if wide else None)


@dataclass(frozen=True)
class Photos:
    """Photos, one row a class, or as a `gallery` one photo a class. The only raster content of a paper."""

    id: str
    rows: tuple[tuple[str, tuple[bytes, ...]], ...]
    """(class title, JPEG files)."""
    caption: str
    wide: bool = False
    gallery: bool = False
    kind: ClassVar[str] = "photos"


@dataclass(frozen=True)
class Listing:
    """Code, or the text of a file, as it is written; numbered with the figures. `wide` ones have long lines."""

    id: str
    source: str
    caption: str
    wide: bool = False
    lang: str = "en"
    kind: ClassVar[str] = "listing"


@dataclass(frozen=True)
class Cell:
    """What a table prints, the number behind it (for sorting and for data files) and the runs it comes from.

    `value` and the bounds of its `interval` are in the unit that the head of the column names.
    """

    text: str
    value: float | None = None
    runs: tuple[str, ...] = ()
    strong: bool = False
    interval: tuple[float, float] | None = None
    of: str | None = None
    """The run that this cell tells of: where the page leads those who ask for it."""
    again: bool = False
    """It says the same as the cell above, with which it makes a group: a print says it once, data files in each row."""


@dataclass(frozen=True)
class Column:
    title: str
    align: Align = "left"
    data: str | None = None
    """What a data file calls the column, where the title lacks the unit of the values."""
    facet: Facet = ALL


@dataclass(frozen=True)
class Table:
    """A table; with `row_headers` its first column names the rows. `long` ones may break across columns.

    `facets` tells what each row is about, where rows are about cases or seeds.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str | None = None
    wide: bool = False
    row_headers: bool = True
    long: bool = False
    facets: tuple[Facet, ...] = ()
    kind: ClassVar[str] = "table"


Block = Heading | Paragraph | Bullets | Equation | Figure | Photos | Listing | Table
Float = Figure | Photos | Listing | Table


@dataclass(frozen=True)
class Author:
    name: str
    affiliation: str
    place: str
    email: str


@dataclass(frozen=True)
class Document:
    """A whole paper. `watermark` runs behind every page; `notices` open the abstract."""

    title: str
    authors: tuple[Author, ...]
    abstract: str
    keywords: tuple[str, ...]
    body: tuple[Block, ...]
    references: Mapping[str, str]
    quantities: tuple[Quantity, ...]
    date: str | None
    """ISO 8601: when the last run finished."""
    highlights: tuple[str, ...] = ()
    """What was found, in sentences: the box after the abstract."""
    assignment: str = ""
    """The course and the assignment that it is handed in for."""
    rights: str = ""
    """Whose rights it is under, and its licence."""
    title_lang: str = ""
    abstract_lang: str = ""
    watermark: str | None = None
    notices: tuple[str, ...] = ()
    version: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What the PDF carries inside, by name; the HTML offers the results among them."""
    expected: frozenset[str] = frozenset()
    """Figures and tables that this paper lacks only because its results are not there yet."""
    bibtex: Mapping[str, str] = field(default_factory=dict)
    """The BibTeX entries of the references that have one, by key."""
    factor: str = ""
    """What sets the cases apart."""
    cases: tuple[tuple[str, str], ...] = ()
    """(name, what the paper calls it) of every case."""
    seeds: tuple[int, ...] = ()
    runs: tuple[tuple[str, str, int], ...] = ()
    """(key, name of the case, seed) of every finished run."""
    form: Form = field(default_factory=Form)
    name: str = "paper"
    """What the files are called in which the paper is written."""
    verified: int = 0
    """How many of its numbers have been traced to runs that it carries and that do not contradict themselves."""

    @property
    def results(self) -> bytes:
        """JSON: all that the paper's numbers come from."""
        return self.files.get(RESULTS, b"{}")


def texts(block: Block) -> Iterator[str]:
    """Every text of a block that may cite a work or point at another block, in reading order."""
    match block:
        case Paragraph():
            yield block.text
        case Bullets():
            yield from block.items
        case Figure() | Photos() | Listing():
            yield block.caption
        case Table():
            yield block.title
            for row in block.rows:
                yield from (cell.text for cell in row)
            yield block.note or ""
        case _:
            pass
