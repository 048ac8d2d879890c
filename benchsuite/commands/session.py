"""The study that a command works on: its suite read, expanded and prepared in the place the options describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchsuite.commands.console import announce, say
from benchsuite.commands.options import StudyOptions
from benchsuite.execution.preparation import Place, Preparation, prepare
from benchsuite.execution.search_tasks import add_trials
from benchsuite.registry import Registry, registry, use_local
from benchsuite.settings import CACHE_GB, CHECKPOINT_SECONDS, HANG_SECONDS, THREADS
from benchsuite.sources.cache import cache_root
from benchsuite.store.migrations import DamagedRecord
from benchsuite.store.run_store import Store, Survey
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.references import typed_results
from benchsuite.suite.reader import plugins_of, read_suite, suite_path
from benchsuite.suite.schema.suite import Suite

FEW = 5
"""Damaged records that are named one by one."""


@dataclass(frozen=True)
class Session:
    """A suite that was read, expanded and prepared."""

    suite: Suite
    preparation: Preparation
    place: Place
    registry: Registry

    def survey(self) -> Survey:
        """How the runs in the folder of its results stand."""
        return Store(self.preparation.runs_folder).survey(self.place.cache)


def place_from(options: StudyOptions) -> Place:
    """The place that the command line and the environment describe. Raises SetupError."""
    for variable in (CACHE_GB, CHECKPOINT_SECONDS, HANG_SECONDS):
        variable.value()  # the workers read them, where a mistake would look like a defect
    return Place(
        policy=options.policy.value,
        data=options.data.expanduser() if options.data is not None else None,
        cache=cache_root(),
        results=options.results,
        device=options.device.value,
        threads=int(THREADS.value()) or None,
        skip_broken=options.skip_broken,
    )


def tell_damaged(damaged: Sequence[DamagedRecord], folder: Path) -> None:
    """Say which runs below a results folder have a record or files that were damaged."""
    for one in damaged[:FEW]:
        announce(f"a damaged record counts as not done: {one.what} ({one.where}); {one.remedy}")
    if damaged[FEW:]:
        announce(f"and {len(damaged) - FEW} more; all of them: benchsuite doctor --results {folder}")


def open_study(name: str, options: StudyOptions, *, download: bool, quiet: bool = False) -> Session:
    """Read, expand and prepare a suite, its search as far as its results go.

    With `download` false nothing is fetched: what is absent is told. Results that the prose has typed are pointed at.
    """
    place = place_from(options)
    known = registry()
    path = suite_path(name, known)
    if own := plugins_of(path):
        known = use_local(own)
    suite = read_suite(path, known)
    for warning in () if quiet else typed_results(suite):
        announce(f"warning: {warning}")
    plan = expand(suite, known, overrides=options.overrides or (), seeds=options.seeds)
    preparation = prepare(plan, known, place, download=download, say=(lambda _: None) if quiet else say)
    return Session(suite, add_trials(preparation, known), place, known)
