"""The options that several commands share, and the study that they open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchsuite.commands.console import say
from benchsuite.execution.preparation import Place, Preparation, prepare
from benchsuite.registry import Registry, registry
from benchsuite.sources.cache import cache_root
from benchsuite.suite.expand import expand
from benchsuite.suite.reader import read_suite, suite_files
from benchsuite.suite.schema import Suite


class PolicyName(StrEnum):
    """What to do when the real data are not here."""

    auto = "auto"
    real = "real"
    sample = "sample"


class DeviceName(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


def complete_suite(incomplete: str) -> list[str]:
    """Names of suites for the shell's completion."""
    return [name for name in suite_files(registry()) if name.startswith(incomplete)]


SuiteName = Annotated[
    str,
    typer.Argument(metavar="SUITE", help="A suite's name, or the path of a .yaml file.", autocompletion=complete_suite),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a parameter of every case: recipe.max_epochs=2."),
]
Seeds = Annotated[str | None, typer.Option("--seeds", help="How many seeds (3), or which ones (0,4,7 or 0-4).")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="BENCHSUITE_DATA", help="Folder with the real data sets, as their authors lay them out."
    ),
]
PolicyOption = Annotated[
    PolicyName,
    typer.Option(
        "--policy",
        help="Without the real data: auto takes the synthetic sample and says so, real refuses; sample asks for it.",
    ),
]
DeviceOption = Annotated[DeviceName, typer.Option("--device", help="auto takes CUDA where it is, else the CPU.")]
Results = Annotated[Path, typer.Option("--results", envvar="BENCHSUITE_RESULTS", help="Folder for records and papers.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]


RESULTS = Path("results")


@dataclass(frozen=True)
class Study:
    """A suite that was read, expanded and prepared."""

    suite: Suite
    preparation: Preparation
    place: Place
    registry: Registry


def place_from(data: Path | None, policy: PolicyName, device: DeviceName, results: Path) -> Place:
    """The place that the command line and the environment describe."""
    threads = os.environ.get("BENCHSUITE_THREADS")
    return Place(
        policy=policy.value,
        data=data.expanduser() if data is not None else None,
        cache=cache_root(),
        results=results,
        device=device.value,
        threads=int(threads) if threads and threads.isdigit() else None,
    )


def open_study(
    name: str, place: Place, *, overrides: Sequence[str] | None, seeds: str | None, download: bool, quiet: bool = False
) -> Study:
    """Read, expand and prepare a suite. With `download` false nothing is fetched: what is absent is told."""
    known = registry()
    suite = read_suite(Path(name) if name.endswith((".yaml", ".yml")) else name, known)
    plan = expand(suite, known, overrides=overrides or (), seeds=seeds)
    preparation = prepare(plan, known, place, download=download, say=(lambda _: None) if quiet else say)
    return Study(suite, preparation, place, known)
