"""Rendering apart: papers are set in a process of their own, with limits on time and memory and nothing to read.

What suites and plugins say goes through a layout engine, which hostile sizes can keep busy for hours. The process gets
the material as bytes and gives back the pages; once it has its libraries it opens no file but those of the Python
installation, starts nothing, and reaches no network.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.errors import BenchsuiteError, PaperError

if TYPE_CHECKING:
    from benchsuite.paper.material import PaperMaterial

SECONDS = 600
MEMORY = 4 * 2**30
"""Bytes of address space; papers of forty pages stay below a quarter of it."""
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.remove", "os.rename",
             "os.rmdir", "shutil.", "ctypes.dlopen", "urllib.", "ftplib.", "http.")  # fmt: skip


def render_apart(*materials: PaperMaterial, seconds: float = SECONDS, memory: int = MEMORY) -> tuple[bytes, bytes]:
    """The HTML and the PDF of the paper of one material, or of the comparison of two.

    Raises what setting it raises, and PaperError beyond the limits.
    """
    from benchsuite.paper.attached import pack

    order = pickle.dumps(([pack(material) for material in materials], memory))
    # Python's own -P would do from 3.11 on, but the child must find the same packages as we do.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchsuite.paper.apart"],
            input=order,
            capture_output=True,
            env=environment,
            cwd=tempfile.gettempdir(),
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PaperError(
            f"the paper is not finished after {seconds:.0f} s",
            expected="a paper of at most a hundred pages",
            remedy="shorten the suite's prose, or leave out tables and figures that are very long",
        ) from None
    if done.returncode != 0 or not done.stdout:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise PaperError(
            f"the process that sets the paper ended with {_exit(done.returncode)}",
            where=told[-1][:300] if told else None,
            expected=f"at most {memory / 2**30:.0f} GiB of memory",
            remedy="shorten the suite's prose; if it is short, please report this",
        )
    kind, content = pickle.loads(done.stdout)
    if kind == "error":
        raise content
    html, pdf = content
    return html, pdf


def _exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def main() -> None:
    """Read an order from standard input, and write the pages, or the error, to standard output."""
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr
    packed, memory = pickle.loads(sys.stdin.buffer.read())
    try:
        _limit(memory)
        done: tuple[str, Any] = ("pages", _pages(packed))
    except BenchsuiteError as error:
        done = ("error", error)
    except MemoryError:
        done = ("error", PaperError(f"the paper needs more than {memory / 2**30:.0f} GiB of memory",
                                    remedy="shorten the suite's prose, or its tables"))  # fmt: skip
    answer.write(pickle.dumps(done))
    answer.flush()


def _pages(packed: list[dict[str, bytes]]) -> tuple[bytes, bytes]:
    from benchsuite.paper.attached import unpack
    from benchsuite.paper.html import render_html
    from benchsuite.paper.numbering import number
    from benchsuite.paper.pdf import check_pango, render_pdf
    from benchsuite.paper.study.comparison import compose_comparison
    from benchsuite.paper.study.compose import compose

    check_pango()
    _close()
    materials = [unpack(files) for files in packed]
    document = compose(*materials) if len(materials) == 1 else compose_comparison(*materials)
    numbering = number(document)
    return render_html(document, numbering).encode(), render_pdf(document, numbering)


def _limit(memory: int) -> None:
    """Bound the address space, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (memory if most < 0 else min(memory, most), most))


def _close() -> None:
    """From here on open nothing but what the installation itself consists of, and what matplotlib keeps."""
    import matplotlib

    import benchsuite

    roots = [sys.prefix, sys.base_prefix, str(Path(benchsuite.__file__).parents[1]), matplotlib.get_cachedir()]
    roots += [path for path in sys.path if path]
    allowed = tuple(os.path.realpath(root) + os.sep for root in roots)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if not path.startswith(allowed) and path not in (os.devnull, "/dev/urandom"):
                raise PermissionError(f"the renderer may not open {path}")
        elif event.startswith(FORBIDDEN):
            raise PermissionError(f"the renderer may not do {event}")

    sys.addaudithook(watch)


if __name__ == "__main__":
    main()
