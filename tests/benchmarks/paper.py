"""Seconds and memory from results to a paper, PDF and HTML, each in a fresh process that imports all it needs.

The results are those of a whole suite, made up. In turn, `--rounds` times: a paper built from nothing, built again
unchanged, built again with another title, and a long one, which has figures of plugins besides with prose about each.
Memory is that of the largest process.
"""

from __future__ import annotations

import argparse
import math
import pickle
import platform
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchsuite.paper.context.material import PluginChart

SENTENCE = (
    "Lo que muestra la figura se discute aquí con sus condiciones y sus límites, como en un informe largo, donde cada "
    "resultado tiene su párrafo y se dice qué se sigue de él para los demás casos, y qué no. "
)


def main() -> None:
    options = _options()
    if options.build:
        _build(*options.build)
        return
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {platform.system()}, "
          f"{time.strftime('%Y-%m-%d')}; {options.rounds} rounds\n")  # fmt: skip
    measured: dict[str, list[tuple[float, float]]] = {}
    pages: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="benchsuite-bench-") as scratch:
        # In a process of its own: the memory of this one would count as that of those it starts.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            short, renamed, long = pool.submit(_papers, options.suite, options.figures, Path(scratch)).result()
        for number in range(options.rounds):
            one, other = Path(scratch, f"short-{number}"), Path(scratch, f"long-{number}")
            for name, paper, folder in (
                ("from nothing", short, one),
                ("again, unchanged", short, one),
                ("again, another title", renamed, one),
                (f"from nothing, {options.figures} more figures", long, other),
            ):
                measured.setdefault(name, []).append(_timed(paper, folder))
                pages[name] = _pages(folder / "paper.pdf")
    print("| paper | pages | seconds (median) | least to most | memory (MB) |\n|---|---|---|---|---|")
    for name, found in measured.items():
        seconds, memory = zip(*found, strict=True)
        print(
            f"| {name} | {pages[name]} | {median(seconds):.1f} | {min(seconds):.1f} to {max(seconds):.1f} | "
            f"{max(memory):.0f} |"
        )


def _papers(suite: str, figures: int, folder: Path) -> list[Path]:
    """The packed materials of the three papers, in files."""
    from benchsuite.paper.bundle.attachments import pack
    from benchsuite.suite.schema.suite import Section
    from support.synthetic_study import make_suite_material

    material = make_suite_material(suite)
    results = material.results
    declared = results.suite.paper
    renamed = results.suite.model_copy(update={"title": "Otro título"})
    discussion = [
        Section(
            title=f"Discusión de la figura {number + 1}",
            place="discussion",
            text=SENTENCE * 10,
        )
        for number in range(figures)
    ]
    longer = results.suite.model_copy(
        update={"paper": declared.model_copy(update={"sections": (*declared.sections, *discussion)})}
    )
    made = [
        material,
        replace(material, results=replace(results, suite=renamed)),
        replace(material, results=replace(results, suite=longer), charts=_charts(figures)),
    ]
    files = []
    for number, one in enumerate(made):
        files.append(folder / f"{number}.pickle")
        files[-1].write_bytes(pickle.dumps(pack(one)))
    return files


def _charts(count: int) -> tuple[PluginChart, ...]:
    """Curves of two series, as a plugin would declare them."""
    from benchsuite.contracts.figure import Chart, ChartSeries
    from benchsuite.paper.context.material import PluginChart

    steps = tuple(float(step) for step in range(1, 31))
    made = []
    for number in range(count):
        series = tuple(
            ChartSeries(f"serie {which}", steps, tuple(math.log(step + number) / (which + 1) for step in steps))
            for which in range(2)
        )
        chart = Chart(
            shows=f"el logaritmo desplazado {number} pasos",
            alt=f"Dos curvas que crecen, desplazadas {number} pasos.",
            kind="lines",
            x="Paso",
            y="Valor",
            series=series,
        )
        place = ("performance", "generalization", "efficiency", "test")[number * 4 // count]
        made.append(PluginChart(f"fig-more-{number}", place, "shifted", "benchmark", "1.0", "", chart))
    return tuple(made)


def _timed(paper: Path, folder: Path) -> tuple[float, float]:
    """Seconds of a process that builds a paper, and megabytes of its largest process."""
    command = [sys.executable, "-m", "tests.benchmarks.paper", "--build", str(paper), str(folder)]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - start, float(done.stdout)


def _build(paper: str, folder: str) -> None:
    """What is timed: as `benchsuite paper` builds it, from results that are read already."""
    from benchsuite.paper.rendering.process import Renderer

    with Renderer() as renderer:
        from benchsuite.paper.build import build_paper
        from benchsuite.paper.bundle.attachments import unpack

        material = unpack(pickle.loads(Path(paper).read_bytes()))
        build_paper(material, Path(folder), renderer=renderer, memory=Path(folder, "memory"))
    print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024)


def _pages(paper: Path) -> int:
    from pypdf import PdfReader

    return len(PdfReader(paper).pages)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=paper ARGS=…", description=__doc__)
    parser.add_argument("--suite", default="beans_freeze", help="the suite whose paper is built (%(default)s)")
    parser.add_argument("--figures", type=int, default=62, help="figures more of the long paper (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of it is done (%(default)s)")
    parser.add_argument("--build", nargs=2, metavar=("PACKED", "FOLDER"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
