"""The study that a command works on: its suite read, expanded and prepared in the place the options describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchsuite.atomic_files import write_text
from benchsuite.commands.console import announce, say
from benchsuite.commands.options import StudyOptions
from benchsuite.errors import PaperError, StoreError
from benchsuite.execution.fleet import Fleet, deal, remembered
from benchsuite.execution.foresight import check_lengths, foresee
from benchsuite.execution.measuring import require_metrics
from benchsuite.execution.preparation import Place, Preparation, prepare
from benchsuite.execution.search_tasks import SearchTasks
from benchsuite.execution.seed_tasks import LookTaken, SeedTasks
from benchsuite.extras import require
from benchsuite.identity.numerics import CPU_THREADS, ChosenDevice
from benchsuite.registry import Registry, registry, use_local
from benchsuite.registry.local_plugins import places
from benchsuite.settings import CACHE_GB, CHECKPOINT_SECONDS, GRAPHS, HANG_SECONDS, THREADS, cache_root
from benchsuite.store.migrations import DamagedRecord
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store, Survey
from benchsuite.suite.cases.plan import Plan
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.assertions import asserted_results
from benchsuite.suite.prose.references import typed_results
from benchsuite.suite.prose.translations import in_each_language
from benchsuite.suite.reader import name_in, plugins_of, read_suite, suite_path
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source.problems import SuiteError

OWNER = ".suite"
"""In the folder of a paper: the file of the suite whose it is."""
FEW = 5
"""Damaged records that are named one by one."""


@dataclass(frozen=True)
class Session:
    """A suite that was read, expanded and prepared."""

    suite: Suite
    preparation: Preparation
    later: SearchTasks | SeedTasks
    """What becomes due as runs are made."""
    place: Place
    registry: Registry
    file: Path
    """The suite's."""
    name: str
    """What the command line calls the suite."""
    options: StudyOptions
    plugins: tuple[Path, ...]
    """The local plugins that the user named beside the suite's own."""

    @property
    def looks(self) -> tuple[LookTaken, ...]:
        """Of sequential seeds, those that were taken."""
        return tuple(self.later.looks) if isinstance(self.later, SeedTasks) else ()

    @property
    def origins(self) -> set[str]:
        """Where its data sets come from, as `Dataset.origin` says."""
        used = {case.dataset.qualified_name for case in self.preparation.plan.cases}
        components: list[Any] = [self.registry.dataset(name).component for name in used]
        return {component.origin for component in components}

    def arguments(self) -> tuple[str, ...]:
        """What makes a command work on this study again, on any machine that has the data."""
        plan, options, sample = self.preparation.plan, self.options, self.preparation.sample
        found = [self.name]
        if options.seeds is not None and (sample or plan.seeds != self.suite.seed_values):
            found += ["--seeds", options.seeds]
        if sample or any(not change.startswith("seeds = ") for change in plan.changes):
            found += [part for change in options.overrides or () for part in ("--set", change)]
        found += ["--policy", "sample"] if sample and self.origins != {"generated"} else []
        found += ["--skip-broken"] if options.skip_broken else []
        found += ["--device", options.device.value] if options.device != "auto" else []
        threads = self.preparation.numerics.threads
        if self.preparation.numerics.device == "cpu" and threads != CPU_THREADS:
            found += ["--threads", str(threads)]
        found += [part for place in self.plugins for part in ("--plugins", _nearby(place))]
        return tuple(found)

    def check_paper_folder(self) -> None:
        """Raise PaperError when another suite of this name has its paper where this one's would be."""
        check_owner(self.preparation.paper_folder, self.file, self.suite.name, self.registry)

    def own_paper_folder(self) -> None:
        """Note whose paper lies there."""
        note_owner(self.preparation.paper_folder, self.file)

    def survey(self) -> Survey:
        """How the runs in the folder of its results stand."""
        return Store(self.preparation.runs_folder).survey(self.place.cache)


def check_owner(folder: Path, file: Path, name: str, known: Registry) -> None:
    """Raise PaperError when another suite of this name than that in `file` has its paper in `folder`."""
    other = None
    with suppress(OSError, UnicodeDecodeError):
        other = Path((folder / OWNER).read_text(encoding="utf-8").strip())
    if other is None or other == file.resolve() or name_in(other) != name:
        return
    shadowed = any(place.resolve() == other.parent for place, _ in known.suite_folders)
    if shadowed and other.stem == file.stem:  # a copy in ./suites goes before a plugin's file
        return
    raise PaperError(
        f"two suites are named {name}, and the paper of one would overwrite that of the other",
        where=f"{file} and {other}; the paper is in {folder}",
        expected="different names",
        remedy="change the `name` in one of the files (its runs stay done), or give another folder with --results",
    )


def note_owner(folder: Path, file: Path) -> None:
    """Note in the folder of a paper whose it is."""
    with suppress(StoreError):  # the paper itself is there
        write_text(folder / OWNER, f"{file.resolve()}\n")


def place_from(options: StudyOptions) -> Place:
    """The place that the command line and the environment describe. Raises SetupError."""
    for variable in (CACHE_GB, CHECKPOINT_SECONDS, GRAPHS, HANG_SECONDS):
        variable.value()  # the workers read them, where a mistake would look like a defect
    return Place(
        policy=options.policy.value,
        data=options.data.expanduser() if options.data is not None else None,
        cache=cache_root(),
        results=options.results,
        device=options.device.value,
        threads=options.threads or int(THREADS.value()),
        skip_broken=options.skip_broken,
    )


def tell_damaged(damaged: Sequence[DamagedRecord], folder: Path) -> None:
    """Say which runs below a results folder have a record or files that were damaged."""
    for one in damaged[:FEW]:
        announce(f"a damaged record counts as not done: {one.what} ({one.where}); {one.remedy}")
    if damaged[FEW:]:
        announce(f"and {len(damaged) - FEW} more; all of them: benchsuite doctor --results {folder}")


def made_here(suite: Suite, results: Path, device: ChosenDevice) -> None:
    """A study that is made on this machine, whichever made it before."""


def open_study(
    name: str,
    options: StudyOptions,
    *,
    download: bool,
    remake: bool = False,
    quiet: bool = False,
    machines: Callable[[Suite, Path, ChosenDevice], Fleet | None] = remembered,
) -> Session:
    """Read, expand and prepare a suite, its search or its sequential seeds as far as their results go.

    `machines` gives the kinds of machine that make it, None for this one, given the folder of all results and the
    device.

    With `download` false nothing is fetched: what is absent is told. `remake` is as SearchTasks says. Results that
    the prose has typed are pointed at.
    """
    place, plugins = place_from(options), places()
    known = registry()
    path = suite_path(name, known)
    if own := plugins_of(path):
        known = use_local(own)
    suite = read_suite(path, known)
    plan = expand(suite, known, overrides=options.overrides or (), seeds=options.seeds)
    if plan.search is not None and plan.search.declared.sampler == "tpe":
        require("the sampler tpe", "optuna", where=str(path), otherwise="choose the sampler random or grid")
    require_metrics(plan.metrics, known)
    for said in () if quiet else in_each_language(suite):
        for warning in (*typed_results(said), *asserted_results(said, plan.cases)):
            announce(f"warning: {warning}")
    place = replace(place, fleet=deal(machines(suite, place.results, place.device), suite, plan.seeds))
    preparation = prepare(plan, known, place, download=download, say=(lambda _: None) if quiet else say)
    if plan.search is None and not preparation.sample:
        check_lengths(preparation.tasks, known)
    for text in () if quiet else foresee(suite, preparation.tasks, known, preparation.numerics.device):
        announce(f"warning: {text}")
    named = called(name, path, suite.name, known)
    later = _later(suite, preparation, known, remake)
    return Session(suite, later.preparation, later, place, known, path, named, options, plugins)


def _later(suite: Suite, preparation: Preparation, known: Registry, remake: bool) -> SearchTasks | SeedTasks:
    """What grows with the results of a prepared study, as far as it is; `remake` is as SearchTasks says."""
    if preparation.plan.sequential is None:
        return SearchTasks(preparation, known, remake=remake)

    def open_after(
        looks: int,
        plan: Plan,
        keys: Mapping[tuple[str, int], str],
        records: Mapping[str, RunRecord],
        claims: Sequence[str],
    ) -> Sequence[str]:
        from benchsuite.analysis.results import Results

        return Results(suite, plan, keys, records).open_after(looks, claims)

    return SeedTasks(preparation, suite.claims, open_after, known)


def called(typed: str, path: Path, name: str, known: Registry) -> str:
    """What to call a suite so that it is found: its name where that leads to its file."""
    with suppress(SuiteError, OSError):
        if suite_path(name, known).resolve() == path.resolve():
            return name
    return typed if typed == path.stem else _nearby(path)


def _nearby(path: Path) -> str:
    """A path from here, where it lies below the current folder."""
    with suppress(ValueError, OSError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)
