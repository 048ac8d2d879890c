"""`benchsuite doctor`: whether this machine has what a study needs, a line for each part, with what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchsuite.commands.console import count, out, print_json, size
from benchsuite.commands.doctor_sites import sites
from benchsuite.commands.findings import Finding, Verdict, findings_table
from benchsuite.commands.options import RESULTS, Data, ExecutorName, ExecutorOptions, Json, Plugins, Results
from benchsuite.errors import BenchsuiteError, cut, on_one_line

LITTLE = 5_000_000_000
"""Bytes of a disk below which a study soon fills it."""


def doctor(
    context: typer.Context,
    data: Data = None,
    results: Results = RESULTS,
    plugins: Plugins = None,
    gpu: Annotated[
        bool,
        typer.Option("--gpu", help="Look at the GPUs alone: each computes products, and a small run twice."),
    ] = False,
    executor: ExecutorName = None,
    executor_option: ExecutorOptions = None,
    as_json: Json = False,
) -> None:
    """Look at everything that a study needs: Python, torch, CUDA, Pango, fonts, data, caches, disk and plugins.

    With --results DIR every run in that folder is looked at too: whether its files are those that its record lists, and
    what to make again. With --gpu each GPU computes for a moment, and must give what the processor gives and the same
    bits twice; it takes less than a minute. With --executor NAME the sites are looked at on which that executor makes
    runs. Works with every plugin broken. Exit code 0: a study can be run (with --gpu: on every GPU; with --executor: on
    every site); 1: something must be mended first, or there is no GPU that was asked about.
    """
    parts = [("gpu", _gpus)] if gpu else _parts(data, results)
    if executor is not None:
        parts = [("executor", lambda: sites(executor, executor_option or ()))]
    source = context.get_parameter_source("results")
    if source is not None and source.name != "DEFAULT":
        parts.append(("runs", lambda: _runs(results)))
    found = [finding for part, look in parts for finding in _looked(part, look)]
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        out.print(findings_table("benchsuite doctor", found))
    if any(finding.verdict == "bad" for finding in found):
        raise typer.Exit(1)


def _parts(data: Path | None, results: Path) -> list[tuple[str, Callable[[], Iterator[Finding]]]]:
    return [
        ("python", _python),
        ("torch", _torch),
        ("extras", _extras),
        ("device", _device),
        ("pango", _pango),
        ("weasyprint", _weasyprint),
        ("fonts", _fonts),
        ("data", lambda: _data(data)),
        ("cache", _cache),
        ("results", lambda: _folder("results", results)),
        ("memory", _memory),
        ("plugins", _plugins),
    ]


def _looked(part: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a look finds; whatever it raises is a finding too, for the other parts go on."""
    try:
        yield from look()
    except BenchsuiteError as error:
        where = f" ({error.where})" if error.where else ""
        yield Finding(part, "bad", f"{error.what}{where}", error.remedy or "")
    except Exception as error:
        yield Finding(part, "bad", on_one_line(f"{type(error).__name__}: {error}"), "mend or reinstall it")


def _python() -> Iterator[Finding]:
    from benchsuite import __version__

    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Finding("python", "good", f"Python {version}, benchsuite {__version__}")
    else:
        yield Finding("python", "bad", f"Python {version}", "use Python 3.11, 3.12 or 3.13")


def _torch() -> Iterator[Finding]:
    """In a process of its own: a broken build can take its process with it."""
    code = "import torch, torchvision; print(torch.__version__, torchvision.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        told = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        remedy = "install matching versions: pip install --force-reinstall torch torchvision"
        yield Finding("torch", "bad", f"torch and torchvision cannot be imported: {cut(told, 200)}", remedy)
        return
    torch, torchvision = done.stdout.split()
    yield Finding("torch", "good", f"torch {torch}, torchvision {torchvision}")


def _extras() -> Iterator[Finding]:
    from benchsuite.extras import EXTRAS, install, missing

    absent = [name for name, modules in EXTRAS.items() if missing(modules)]
    there = ", ".join(name for name in EXTRAS if name not in absent) or "none"
    if absent:
        remedy = f"whoever needs one is told; to have them all: {install(','.join(absent))}"
        yield Finding("extras", "note", f"{there}; not installed: {', '.join(absent)}", remedy)
    else:
        yield Finding("extras", "good", there)


def _device() -> Iterator[Finding]:
    from benchsuite.identity.gpu_trial import REMEDY, faults
    from benchsuite.identity.numerics import describe

    for fault in faults():
        yield Finding("device", "note", f"a GPU cannot be used: {fault}", REMEDY)
    numerics = describe()
    if numerics.device == "cuda":
        found = f"{numerics.device_name}, CUDA {numerics.cuda}, driver {numerics.driver}, {numerics.precision}"
        yield Finding("device", "good", found)
    else:
        found = f"no CUDA GPU; {numerics.device_name}, {count(numerics.threads, 'thread')}"
        yield Finding("device", "note", found, "studies run on the CPU, slower; benchsuite plan --cost says how long")


def _gpus() -> Iterator[Finding]:
    from benchsuite.commands.doctor_gpu import look_at_gpus

    yield from look_at_gpus()


def _pango() -> Iterator[Finding]:
    from benchsuite.paper.rendering.pango import check_pango, versions

    check_pango()
    yield Finding("pango", "good", ", ".join(f"{name} {version}" for name, version in versions().items()) or "there")


def _weasyprint() -> Iterator[Finding]:
    from benchsuite.paper.rendering.weasyprint_boxes import KNOWN, installed, is_known

    if is_known():
        yield Finding("weasyprint", "good", f"WeasyPrint {installed()}")
    else:
        what = f"WeasyPrint {installed()} sets papers plainly, their wide figures and tables after the text"
        yield Finding("weasyprint", "note", what, f"pip install 'weasyprint=={KNOWN}.*'")


def _fonts() -> Iterator[Finding]:
    from benchsuite.paper.rendering.fonts import FACES, face

    absent = []
    for name in FACES:
        try:
            face(name)
        except OSError:
            absent.append(name)
    if absent:
        yield Finding("fonts", "bad", f"matplotlib lacks {', '.join(absent)}", "reinstall it: pip install matplotlib")
    else:
        yield Finding("fonts", "good", f"{len(FACES)} faces, those that matplotlib brings; no system font is used")


def _data(data: Path | None) -> Iterator[Finding]:
    from benchsuite.sources.download import offline

    if data is None:
        found = "no folder is named; missing data sets are " + (
            "not downloaded: offline" if offline() else "downloaded"
        )
        yield Finding("data", "note", found, "name the folder with your data: --data DIR or BENCHSUITE_DATA=DIR")
    elif not data.expanduser().is_dir():
        yield Finding("data", "bad", f"{data} is no folder", "correct --data or BENCHSUITE_DATA")
    else:
        held = sorted(path.name for path in data.expanduser().iterdir() if not path.name.startswith("."))
        shown = ", ".join(held[:8]) + (f" and {len(held) - 8} more" if len(held) > 8 else "")
        yield Finding("data", "good" if held else "note", f"{data} holds {shown or 'nothing'}")


def _cache() -> Iterator[Finding]:
    from benchsuite.settings import CACHE_GB, CHECKPOINT_SECONDS, GRAPHS, HANG_SECONDS, THREADS, cache_root

    for variable in (CACHE_GB, CHECKPOINT_SECONDS, GRAPHS, HANG_SECONDS, THREADS):
        variable.value()
    yield from _folder("cache", cache_root(), "set BENCHSUITE_CACHE to a folder elsewhere")


def _folder(part: str, folder: Path, remedy: str = "name a folder elsewhere with --results") -> Iterator[Finding]:
    """A folder that will be written: whether it can be, and the room on its disk."""
    place = folder.expanduser().resolve()
    standing = next(path for path in (place, *place.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=standing):
            pass
    except OSError as error:
        yield Finding(part, "bad", f"{place} cannot be written: {error.strerror}", remedy)
        return
    free = shutil.disk_usage(standing).free
    verdict: Verdict = "good" if free >= LITTLE else "note"
    yield Finding(
        part, verdict, f"{place}, {size(free)} free", "" if free >= LITTLE else f"free some space, or {remedy}"
    )


def _runs(results: Path) -> Iterator[Finding]:
    """Every run in the results folder: what is not as it was written, and how many there are."""
    from benchsuite.atomic_files import TEMPORARY
    from benchsuite.store.run_store import CHECKPOINT, stores_below

    for store in stores_below(results.expanduser()):
        damaged = store.damaged(thorough=True)
        for one in damaged:
            yield Finding("runs", "bad", f"{one.what} ({one.where})", one.remedy or "")
        for path in (path for key in store.run_keys() for path in store.different(key)):
            remedy = "see which machine repeats its own (benchsuite verify, benchsuite doctor --gpu), then move it away"
            yield Finding("runs", "bad", f"another machine made other bits of the same run ({path})", remedy)
        bad = {str(one.where) for one in damaged}
        whole = [record for record in store.records() if not any(record.key in where for where in bad)]
        done = sum(record.status == "done" for record in whole)
        begun = len(list(store.root.glob(f"runs/*/{CHECKPOINT}")))
        left = [f"{len(whole) - done} failed"] if done < len(whole) else []
        left += [f"{begun} begun and not finished"] if begun else []
        written = len(list(store.root.glob(f"runs/*/{TEMPORARY}*")))
        left += [f"{written} files that a process writes now, or did on another machine"] if written else []
        told = f"{store.root}: {count(done, 'run')} done, all files as they were written"
        again = "benchsuite run SUITE makes them, and goes on where they stopped"
        yield Finding("runs", "note" if left else "good", ", ".join((told, *left)), again if left else "")


def _memory() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    verdict: Verdict = "good" if memory.available >= 2e9 else "note"
    found = f"{size(memory.available)} of {size(memory.total)} free"
    yield Finding("memory", verdict, found, "" if verdict == "good" else "end other programs, or use smaller batches")


def _plugins() -> Iterator[Finding]:
    from benchsuite.registry.import_check import find_hanging_import

    culprit = find_hanging_import()
    if culprit is not None:
        remedy = f"uninstall {culprit.distribution}, or mend it; until then no command can load the plugins"
        if culprit.distribution == "local":
            remedy = "mend the file, or leave it out of --plugins, BENCHSUITE_PLUGINS and the suite"
        yield Finding("plugins", "bad", f"importing {culprit.name} of {culprit.distribution} {culprit.how}", remedy)
        return
    from benchsuite.registry import registry

    known = registry()
    owners: dict[str, int] = {}
    for entry in known.components:
        title = f"{entry.distribution} {entry.version}"
        owners[title] = owners.get(title, 0) + 1
    for title, number in owners.items():
        yield Finding("plugins", "good", f"{title}: {count(number, 'component')}")
    for bad in known.quarantined:
        remedy = f"upgrade or uninstall {bad.distribution}, or report it to its authors; the others work without it"
        yield Finding("plugins", "note", f"{bad.entry_point} of {bad.distribution} {bad.version} is set aside: "
                      f"{bad.reason}", remedy)  # fmt: skip
    for distribution, notice in known.notices:
        yield Finding("plugins", "note", f"{distribution}: {notice}", f"upgrade {distribution}")
