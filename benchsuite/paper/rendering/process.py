"""Rendering apart: papers are set in a closed process, which gets the material as bytes and gives back the pages."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchsuite.errors import BenchsuiteError, PaperError
from benchsuite.paper.concurrency.closed_process import (
    BYTES_AS_BASE64,
    ClosedProcess,
    allowed,
    answer,
    close,
)
from benchsuite.processes import Parent, ProcessEnded, limit_memory

SECONDS = 600
MEMORY = 4 * 2**30
"""Bytes beyond what the libraries take; papers of a hundred pages stay below a quarter of it."""
COPIES = 3
"""Of drawings, measures and the web page."""


@dataclass(frozen=True)
class Pages:
    """A paper as HTML and PDF, its README, and what memoized functions made for it."""

    __pydantic_config__ = BYTES_AS_BASE64

    html: bytes
    pdf: bytes
    memo: Mapping[str, str]
    readme: str = ""


class Renderer(ClosedProcess):
    """A process that tries the words of one paper and sets it. It reads in its libraries from the start, while the
    material is gathered."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds, self._memory = seconds, memory
        super().__init__(main)

    @classmethod
    def of_stranger(cls, *papers: Path) -> Renderer:
        """One for papers that somebody else has made, which gets no more than reading the largest does."""
        sizes = [0]
        for paper in papers:
            with contextlib.suppress(OSError):  # which reading it tells
                sizes.append(paper.stat().st_size)
        return cls(*allowed(max(sizes)))

    def pages(self, packed: Sequence[Mapping[str, bytes]], memo: Mapping[str, str] | None = None) -> Pages:
        """The paper of one packed material, or the comparison of two. `memo` is that of earlier pages, if any.

        Raises what setting it raises, and PaperError beyond the limits.
        """
        return self._set([dict(files) for files in packed], dict(memo or {}), whole=True)

    def try_words(self, files: Mapping[str, bytes]) -> None:
        """Set the web page alone: whether the words of a packed material can be set.

        Raises what `pages` raises.
        """
        self._set([dict(files)], {}, whole=False)

    def _set(self, packed: list[dict[str, bytes]], memo: dict[str, str], *, whole: bool) -> Pages:
        try:
            return self.ask((packed, memo, whole, self._memory), Pages, self._seconds)
        except ProcessEnded as ended:
            if ended.timed_out:
                raise PaperError(
                    f"the paper is not finished after {self._seconds:.0f} s of work",
                    expected="a paper of at most a hundred pages",
                    remedy="shorten the suite's prose, or leave out tables and figures that are very long; where much "
                    "else keeps the machine busy, try again later",
                ) from None
            killed = ended.code is None or ended.code < 0
            raise PaperError(
                f"the process that sets the paper ended: {ended}",
                where=self.last_words(),
                expected=f"at most {self._memory / 2**30:.3g} GiB of memory" if killed else None,
                remedy="shorten the suite's prose; if it is short, please report this",
            ) from None


def main(parent: Parent) -> None:
    """Receive orders, and send for each the pages, or the error."""
    render = _libraries()
    # Nothing of one paper is garbage for long; looking for it takes a fifth of the time.
    gc.disable()
    order = parent.receive()
    memory = order[-1]
    limit_memory(memory)
    close(COPIES)
    made: dict[str, str] = {}

    def pages() -> Pages:
        packed, memo, whole, _ = order
        try:
            set_now = render(packed, {**memo, **made}, whole)
            made.update(set_now.memo)  # some of it this process now knows by heart, and would not tell of again
            return replace(set_now, memo=made)
        except MemoryError:
            raise PaperError(
                f"the paper needs more than {memory / 2**30:.3g} GiB of memory",
                remedy="shorten the suite's prose, or its tables",
            ) from None

    while True:
        answer(parent, pages)
        order = parent.receive()


def _libraries() -> Callable[[list[dict[str, bytes]], dict[str, str], bool], Pages]:
    """Import all that setting a paper needs, and give the function that does it."""
    from benchsuite.paper.bundle.attachments import unpack, unpack_study
    from benchsuite.paper.concurrency.fork import run_in_fork
    from benchsuite.paper.concurrency.memo import prefetch, use_memo
    from benchsuite.paper.context.material import Material, ReportMaterial
    from benchsuite.paper.document.blocks import Document, Figure
    from benchsuite.paper.document.numbering import number
    from benchsuite.paper.language.current import speaking
    from benchsuite.paper.rendering import weasyprint_boxes
    from benchsuite.paper.rendering.html import render_html
    from benchsuite.paper.rendering.layout_plan import arrange
    from benchsuite.paper.rendering.pango import check_pango
    from benchsuite.paper.rendering.pdf import render_pdf
    from benchsuite.paper.rendering.readme import render_readme
    from benchsuite.paper.sections.comparison import compose_comparison
    from benchsuite.paper.sections.compose import compose
    from benchsuite.paper.sections.report import compose_report

    with contextlib.suppress(BenchsuiteError):  # said when the order comes
        check_pango()
        import scipy.special  # noqa: F401
        import weasyprint  # noqa: F401

        weasyprint_boxes.installed()  # which looks into folders, as later it may not

    def compose_any(packed: list[dict[str, bytes]], material: Material) -> Document:
        if isinstance(material, ReportMaterial):
            return compose_report(material, packed[0])
        return compose_comparison(material, unpack_study(packed[1])) if packed[1:] else compose(material, packed[0])

    def render(packed: list[dict[str, bytes]], before: dict[str, str], whole: bool = True) -> Pages:
        check_pango()
        material = unpack(packed[0])
        paper = material.suite.paper
        with speaking(paper.language), use_memo(before, f"{paper.language} {paper.template} {paper.page}") as memo:
            document = compose_any(packed, material)
            numbering = number(document)
            if not whole:
                return Pages(render_html(document, numbering).encode(), b"", memo.used)
            figures = [block for block in document.body if isinstance(block, Figure)]
            figures.sort(key=lambda figure: not figure.wide)  # what takes longest comes first
            drawn = [partial(getattr, figure, "drawing") for figure in figures]
            drawn += [partial(getattr, figure, "narrow_drawing") for figure in figures if figure.narrow is not None]
            prefetch(drawn)
            planned = arrange(document, numbering)

            def web() -> tuple[bytes, dict[str, str]]:
                return render_html(document, numbering).encode(), memo.used

            with run_in_fork(web) as page:
                pdf = render_pdf(document, numbering, planned)
                html, used = page()
            return Pages(html, pdf, memo.used | used, render_readme(document, numbering))

    return render
