"""What placement works on and gives: blocks, where they may end up, and in which order and where they are set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from benchsuite.paper.typesetting.column_model import Reserve

Kind = Literal["text", "heading", "figure", "table"]

GAP = 12.0
"""Pixels between stacked heads, and between a head or a foot and the columns."""
HOLE = 48.0
"""Pixels of three lines: smaller holes are let be."""
STRETCH = 12.0
"""Pixels by which a loose space may grow."""


@dataclass(frozen=True)
class Block:
    """What placement needs to know of a block. `glued` follows the block before it directly; what `leads` may not end a
    column; a `barrier` is a section's heading, which floats had better not pass; `mention` is the first block that
    points at it."""

    kind: Kind
    wide: bool = False
    glued: bool = False
    leads: bool = False
    barrier: bool = False
    mention: int | None = None

    @property
    def floats(self) -> bool:
        return self.kind in ("figure", "table")


def is_loose(content: Sequence[Block], before: int, index: int) -> bool:
    """Whether the space between two blocks may grow: in the front matter, above headings, and around floats."""

    def one_of(index: int, *kinds: Kind) -> bool:
        return 0 <= index < len(content) and content[index].kind in kinds

    return index < 0 or one_of(index, "heading", "figure", "table") or one_of(before, "figure", "table")


@dataclass(frozen=True)
class Fragment:
    """A part of block `index` as laid out, without its margins; pixels from the left edge of the page and from the top
    of the highest text area. `lines` are counted in paragraphs alone."""

    index: int
    page: int
    column: int
    top: float
    bottom: float
    left: float
    right: float
    lines: int | None = None


@dataclass(frozen=True)
class Layout:
    """Pages from 1; `areas[p - 1]` is from where to where the columns of page p reach."""

    areas: tuple[tuple[float, float], ...]
    fragments: tuple[Fragment, ...]

    @property
    def pages(self) -> int:
        return len(self.areas)

    def page_of(self, index: int) -> int | None:
        return next((f.page for f in self.fragments if f.index == index), None)


@dataclass(frozen=True)
class Arrangement:
    """Blocks in the order they are set. `heads` and `feet` map wide blocks to their pages, in the order they stand
    there; they are in `order` too, before a block of their page. Other wide blocks span the columns where they stand.
    `heights` are pixels, as are `margins`: what some blocks keep free above them. The columns of page `last` are
    `spare` pixels shorter, which makes them end together.
    """

    order: tuple[int, ...]
    heads: Mapping[int, int] = field(default_factory=dict)
    feet: Mapping[int, int] = field(default_factory=dict)
    heights: Mapping[int, float] = field(default_factory=dict)
    margins: Mapping[int, float] = field(default_factory=dict)
    last: int = 0
    spare: float = 0.0

    @property
    def booked(self) -> Mapping[int, int]:
        """Every block out of the flow, with its page."""
        return {**self.heads, **self.feet}

    def relaxed(self, slipped: Collection[int]) -> Arrangement:
        """The same with these wide blocks across the columns, and the last page as it comes."""
        heads, feet = ({i: at for i, at in where.items() if i not in slipped} for where in (self.heads, self.feet))
        return replace(self, heads=heads, feet=feet, spare=0.0)

    def flow(self, content: Sequence[Block]) -> tuple[list[int], frozenset[int]]:
        """The blocks that fill the columns, in order, and those among them that span all of them."""
        flow = [index for index in self.order if index not in self.booked]
        return flow, frozenset(index for index in flow if content[index].wide)

    def reserve(self, page: int) -> Reserve:
        """How much heads and feet take from the columns of a page."""
        head, foot = (
            sum(self.heights[i] + GAP for i, at in where.items() if at == page) for where in (self.heads, self.feet)
        )
        return Reserve(head, foot + (self.spare if page == self.last else 0.0))

    def offset(self, index: int) -> float:
        """How far above the columns a head begins, or below them a foot."""
        where = self.heads if index in self.heads else self.feet
        page = where[index]
        stack = [i for i, at in where.items() if at == page]
        before = sum(self.heights[i] + GAP for i in stack[: stack.index(index)])
        return self.reserve(page).head - before if index in self.heads else before + GAP
