"""Rendering apart: papers are set in a process of their own, with limits on time and memory and nothing to read.

What suites and plugins say goes through a layout engine, which hostile sizes can keep busy for hours. The process gets
the material as bytes and gives back the pages; once it has its libraries it opens no file but those of the Python
installation, starts nothing but copies of itself, and reaches no network.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchsuite.errors import BenchsuiteError, PaperError
from benchsuite.processes import ChildProcess, Parent, ProcessEnded, describe_exit, limit_memory

SECONDS = 600
MEMORY = 4 * 2**30
"""Bytes of address space; papers of forty pages stay below a quarter of it."""
TOUCHING = ("open", "os.remove", "os.rmdir", "shutil.rmtree")
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.rename", "shutil.",
             "ctypes.dlopen", "urllib.", "ftplib.", "http.")  # fmt: skip


@dataclass(frozen=True)
class Pages:
    """A paper as HTML and PDF, and what memoized functions made for it."""

    html: bytes
    pdf: bytes
    memo: Mapping[str, str]


class Renderer:
    """A process that sets one paper. It reads in its libraries from the start, while the material is gathered."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="benchsuite-paper-", ignore_cleanup_errors=True)
        folder = Path(self._scratch.name)
        self._printed = folder / "printed"
        self._process = ChildProcess(
            main,
            output=self._printed,
            environment=dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._scratch.name),
            folder=folder,
            own_group=True,
        )

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()
        self._scratch.cleanup()

    def pages(
        self,
        packed: Sequence[Mapping[str, bytes]],
        memo: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
        memory: int = MEMORY,
    ) -> Pages:
        """The paper of one packed material, or the comparison of two. `memo` is that of earlier pages, if any.

        Raises what setting it raises, and PaperError beyond the limits.
        """
        try:
            with self._process.limited(seconds):
                self._process.send(([dict(files) for files in packed], dict(memo or {}), memory))
                pages: Pages = self._process.receive()
                return pages
        except ProcessEnded as ended:
            if ended.timed_out:
                raise PaperError(
                    f"the paper is not finished after {seconds:.0f} s",
                    expected="a paper of at most a hundred pages",
                    remedy="shorten the suite's prose, or leave out tables and figures that are very long",
                ) from None
            printed = self._printed.read_text(errors="replace").strip().splitlines()
            raise PaperError(
                f"the process that sets the paper ended with {describe_exit(ended.code or 0)}",
                where=printed[-1][:300] if printed else None,
                expected=f"at most {memory / 2**30:.0f} GiB of memory",
                remedy="shorten the suite's prose; if it is short, please report this",
            ) from None


def main(parent: Parent) -> None:
    """Receive an order, and send the pages, or the error."""
    render = _libraries()
    # Nothing of one paper is garbage for long; looking for it takes a fifth of the time.
    gc.disable()
    packed, memo, memory = parent.receive()
    try:
        limit_memory(memory)
        _close()
        parent.send(render(packed, memo))
    except BenchsuiteError as error:
        parent.send(error)
    except MemoryError:
        parent.send(
            PaperError(
                f"the paper needs more than {memory / 2**30:.0f} GiB of memory",
                remedy="shorten the suite's prose, or its tables",
            )
        )


def _libraries() -> Callable[[list[dict[str, bytes]], dict[str, str]], Pages]:
    """Import all that setting a paper needs, and give the function that does it."""
    from benchsuite.paper.bundle.attachments import unpack
    from benchsuite.paper.concurrency.fork import run_in_fork
    from benchsuite.paper.concurrency.memo import prefetch, use_memo
    from benchsuite.paper.document.blocks import Figure
    from benchsuite.paper.document.numbering import number
    from benchsuite.paper.rendering.html import render_html
    from benchsuite.paper.rendering.layout_plan import arrange
    from benchsuite.paper.rendering.pango import check_pango
    from benchsuite.paper.rendering.pdf import render_pdf
    from benchsuite.paper.sections.comparison import compose_comparison
    from benchsuite.paper.sections.compose import compose

    with contextlib.suppress(BenchsuiteError):  # said when the order comes
        check_pango()
        import scipy.special  # noqa: F401
        import weasyprint  # noqa: F401

    def render(packed: list[dict[str, bytes]], before: dict[str, str]) -> Pages:
        check_pango()
        materials = [unpack(files) for files in packed]
        with use_memo(before) as memo:
            document = compose_comparison(*materials) if len(materials) > 1 else compose(materials[0], packed[0])
            figures = [block for block in document.body if isinstance(block, Figure)]
            figures.sort(key=lambda figure: not figure.wide)  # what takes longest comes first
            prefetch(partial(figure.draw, figure.id) for figure in figures)
            numbering = number(document)
            planned = arrange(document, numbering)

            def web() -> tuple[bytes, dict[str, str]]:
                return render_html(document, numbering).encode(), memo.used

            with run_in_fork(web) as page:
                pdf = render_pdf(document, numbering, planned)
                html, used = page()
            return Pages(html, pdf, memo.used | used)

    return render


def _close() -> None:
    """From here on touch no file but what the installation consists of, what matplotlib keeps, and the own scratch."""
    import matplotlib

    import benchsuite

    own = os.path.realpath(tempfile.gettempdir()) + os.sep
    roots = [sys.prefix, sys.base_prefix, str(Path(benchsuite.__file__).parents[1]), matplotlib.get_cachedir()]
    roots += [path for path in sys.path if path]
    allowed = tuple(os.path.realpath(root) + os.sep for root in roots)
    copies = ["drawings", "measures", "placements", "web page"]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in TOUCHING:
            path = os.path.realpath(os.fsdecode(arguments[0])) if isinstance(arguments[0], str | bytes) else own
            known = event == "open" and (path.startswith(allowed) or path in (os.devnull, "/dev/urandom"))
            if not known and not (path + os.sep).startswith(own):
                raise PermissionError(f"the renderer may not touch {path}")
        elif event == "os.fork" and copies:
            copies.pop()
        elif event.startswith(FORBIDDEN):
            raise PermissionError(f"the renderer may not do {event}")

    sys.addaudithook(watch)
