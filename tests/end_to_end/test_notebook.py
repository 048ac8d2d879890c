"""benchsuite in a real notebook's kernel: what cells show, how long that is, and what the stop button does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from support.kernel import Kernel, open_kernel
from support.plugins import SUITE
from support.program import Program

MOST = 6000
"""Characters that a small study may write into a cell."""
RUN = "study = benchsuite.run('squares_width', policy='sample', paper=False)"


@pytest.fixture
def kernel(program: Program) -> Iterator[Kernel]:
    with open_kernel(program.folder, PYTHONPATH=str(program.plugins), FORCE_COLOR="1") as started:
        assert started.run("import os, benchsuite").error is None
        yield started


def wait_for(happens: Callable[[], object], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, f"{happens} did not come within {seconds} s"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell", [RUN, "!benchsuite run squares_width --policy sample --no-paper",
             "%%bash\nbenchsuite run squares_width --policy sample --no-paper"],
    ids=["call", "shell", "bash"],
)  # fmt: skip
def test_a_cell_gets_a_few_plain_lines(kernel: Kernel, cell: str) -> None:
    import sys
    from pathlib import Path

    kernel.run(f"os.environ['PATH'] = {str(Path(sys.executable).parent)!r} + os.pathsep + os.environ['PATH']")
    done = kernel.run(cell)
    assert done.error is None, done.text
    assert "[4/4]" in done.text
    assert "\x1b" not in done.text
    assert "<pre" not in done.html
    assert len(str(done.outputs)) < MOST, done.text
    if cell is RUN:  # on the stream that notebooks do not show as an error
        assert {output["name"] for output in done.outputs} == {"stdout"}


@pytest.mark.slow
def test_a_study_and_its_paper_show_themselves_and_drawing_stays_the_notebooks(kernel: Kernel) -> None:
    backend = "import matplotlib; print(matplotlib.get_backend(), os.environ.get('MPLBACKEND'))"
    before = kernel.run(backend).text
    assert kernel.run(RUN.replace("paper=False", "paper=True")).error is None
    shown = kernel.run("study")
    assert "4 runs done" in shown.html
    paper = kernel.run("study.paper()")
    assert "<iframe srcdoc=" in paper.html
    assert "Anchura y exactitud" in paper.html
    assert "inline" in before
    assert kernel.run(backend).text == before


@pytest.mark.slow
def test_a_mistake_is_shown_without_a_traceback(kernel: Kernel) -> None:
    told = kernel.run("benchsuite.run('squares_widt', policy='sample')")
    assert told.error == "SuiteError"
    assert "squares_width" in told.text
    assert "Traceback" not in told.text
    assert len(told.text.splitlines()) < 10


@pytest.mark.slow
def test_an_interrupt_ends_the_runs_and_the_next_call_goes_on(program: Program, kernel: Kernel) -> None:
    program.suite(SUITE.replace("{name: speck}", "{name: speck, fault: slow}"))
    kernel.run("os.environ['TINY_SLOW_SECONDS'] = '0.3'")
    cell = kernel.start(RUN.replace("paper=False", "paper=False, workers=1"))
    wait_for(lambda: list(program.smoke_runs.glob("*/checkpoint.pt")) or list(program.smoke_runs.glob("*/record.json")))
    workers = [
        child for child in psutil.Process(kernel.manager.provisioner.pid).children(recursive=True) if child.is_running()
    ]
    kernel.interrupt()
    stopped = kernel.finish(cell, 60)
    assert stopped.error == "KeyboardInterrupt", stopped.text
    assert "what is done is kept" in stopped.text
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert workers
    assert not alive
    assert not [path for path in program.smoke_runs.glob("*/record.json") if '"failed"' in path.read_text()]

    kernel.run("os.environ['TINY_SLOW_SECONDS'] = '0'")
    assert kernel.run(RUN).error is None
    again = kernel.run("print(len(study.done), study.failed)")
    assert again.text.strip() == "4 ()"
