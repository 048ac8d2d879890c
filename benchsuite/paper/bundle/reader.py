"""Papers of strangers: what a PDF carries is read, checked and compared in a closed process, whatever the file is.

The process has so much time and memory for all that it is asked. What it gives back is written anew from what it could
read, so nobody else has to do with the file; whatever goes wrong there is said of the file.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchsuite.errors import BenchsuiteError, PaperError
from benchsuite.paper.bundle.attachments import attached, damaged, most_unpacked, no_study, pack, read_paper, unpack
from benchsuite.paper.bundle.pdf_diff import Difference
from benchsuite.paper.concurrency.closed_process import (
    BYTES_AS_BASE64,
    STRANGERS_MEMORY,
    ClosedProcess,
    allowed,
    answer,
    close,
)
from benchsuite.paper.context.material import Material, PaperMaterial, ReportMaterial
from benchsuite.processes import Parent, ProcessEnded, limit_memory
from benchsuite.suite.prose.extent import extent_problems
from benchsuite.suite.source.problems import printable

T = TypeVar("T")


@dataclass(frozen=True)
class Carried:
    """The files inside a paper, written anew and compressed, and what in them does not follow from the rest of them."""

    __pydantic_config__ = BYTES_AS_BASE64

    files: Mapping[str, bytes]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Differences:
    """Where a paper and one built again differ: in words, and the pages that are drawn otherwise."""

    words: tuple[Difference, ...]
    drawings: tuple[int, ...]


class PaperReader(ClosedProcess):
    """A process that reads one paper. Raises PaperError where there is no file that may be one."""

    def __init__(self, paper: Path) -> None:
        self.given = read_paper(paper)
        self._where = str(paper)
        self._seconds, self._memory = allowed(len(self.given))
        # A thread of these libraries reserves memory by the gigabyte.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        super().__init__(main, threads)

    def read_study(self) -> tuple[PaperMaterial, tuple[str, ...]]:
        """The same of the paper of a study. Raises PaperError for that of a report, too."""
        material, faults = self.read()
        if isinstance(material, ReportMaterial):
            error = no_study(material)
            error.where = self._where
            raise error
        return material, faults

    def read(self) -> tuple[Material, tuple[str, ...]]:
        """The material that the paper carries, and what in it does not follow from the rest. Raises PaperError."""
        found = self._asked((self.given, self._memory), Carried)
        most = most_unpacked(len(self.given))
        return unpack({name: _inflated(content, most) for name, content in found.files.items()}), found.faults

    def compare(self, rebuilt: bytes) -> Differences:
        """How the paper differs from one built again from what it carries. Raises PaperError."""
        return self._asked(rebuilt, Differences)

    def _asked(self, order: object, kind: type[T]) -> T:
        left = self._seconds - self.work()
        try:
            if left <= 0:
                raise ProcessEnded(None, timed_out=True)
            return self.ask(order, kind, left)
        except ProcessEnded as ended:
            long, large = f"more than {self._seconds:.0f} s of work", _too_much(self._memory)
            what = (
                f"reading it takes {long}" if ended.timed_out else f"reading it takes {large}, or is cut short: {ended}"
            )
            raise damaged(what, self._where) from None
        except BenchsuiteError as error:
            error.where = error.where or self._where
            raise


def _too_much(memory: int) -> str:
    return f"more than {memory / 2**30:.3g} GiB of memory"


def _inflated(content: bytes, most: int) -> bytes:
    """A file as it was before it was compressed: by a process that is not trusted."""
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(content, most)
    except zlib.error as error:
        raise damaged(str(error)) from error
    if not stream.eof:
        raise damaged(f"it unpacks to more than {most:,} bytes")
    return inflated


def main(parent: Parent) -> None:
    """Receive a paper, and send what it carries; then receive papers built again, and send how they differ."""
    import pypdf  # noqa: F401
    from PIL import Image

    from benchsuite.analysis import summary  # noqa: F401
    from benchsuite.paper.bundle import consistency, pdf_diff  # noqa: F401

    Image.init()
    given, memory = parent.receive()
    limit_memory(memory)
    close()
    answer(parent, partial(_guarded, _carried, given, memory=memory))
    while (rebuilt := parent.receive()) is not None:
        answer(parent, partial(_guarded, _differences, given, rebuilt, memory=memory))


def _guarded(make: Callable[..., T], *content: bytes, memory: int = STRANGERS_MEMORY) -> T:
    """What is made of a file: whatever goes wrong is the file's fault, for nothing else is worked on here."""
    # It has a remark on every object of a damaged file. Nobody reads them, and they take memory, disk and time.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        return make(*content)
    except BenchsuiteError:
        raise
    except MemoryError:
        raise damaged(f"reading it takes {_too_much(memory)}") from None
    except Exception as error:
        raise damaged(f"{type(error).__name__}: {error}") from None


def _carried(pdf: bytes) -> Carried:
    from benchsuite.paper.bundle.consistency import inconsistencies

    material = unpack(attached(pdf))
    for suite in (material.suite, *(study.suite for study in material.studies)):
        for problem in extent_problems(suite):  # which no suite gets past
            raise damaged(problem.what)
    faults = tuple(printable(fault, 300) for fault in inconsistencies(material))
    for study in material.studies:
        _ = study.findings  # which is where numbers that cannot be show
    try:
        return Carried({name: zlib.compress(content, 1) for name, content in pack(material).items()}, faults)
    except PaperError as error:  # a photo that is none
        raise damaged(error.what) from error


def _differences(given: bytes, rebuilt: bytes) -> Differences:
    from benchsuite.paper.bundle.pdf_diff import differing_drawings, differing_words

    return Differences(tuple(differing_words(given, rebuilt)), tuple(differing_drawings(given, rebuilt)))
