"""What came of a study's runs and claims, and of the steps of a report, as Python sees it: plain values that nobody
changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.commands.console import count
from benchsuite.contracts.figure import RunResult
from benchsuite.paper.document.markup import plain
from benchsuite.paper.plugin_figures import run_result

if TYPE_CHECKING:
    from benchsuite.analysis.chain import ChainStep
    from benchsuite.analysis.findings import ClaimFindings
    from benchsuite.store.record import RunRecord


@dataclass(frozen=True)
class Run(RunResult):
    """A run: one case with one seed. Of one that failed, what it did not get to is missing or empty."""

    suite: str
    """The name of its suite."""
    case: str
    """The case's name, as `benchsuite plan` shows it."""
    settings: Mapping[str, Any]
    """The values that set the case apart, by dotted path."""
    status: Literal["done", "failed"]
    """Whether it was finished."""
    failure: str | None
    """Why it failed, with what to do."""
    deviations: tuple[str, ...]
    """Everything about it that is not as the suite asked, in words."""
    started: str
    """When, as ISO 8601, UTC."""
    finished: str
    """When, as ISO 8601, UTC."""
    folds: int | None
    """How many folds there are of its training and validation images; None where the study has no folds."""
    fold: int | None
    """On which of them it was validated, from 0."""
    folder: Path
    """Where its record, predictions, weights and log lie."""


def run_of(record: RunRecord, folder: Path) -> Run:
    """A stored run as Python sees it."""
    failure = record.failure
    told = failure and ((failure.what, ""), (failure.where, "where: "), (failure.remedy, "remedy: "))
    return Run(
        **vars(run_result(record)),
        suite=record.spec.suite,
        case=record.spec.case.name,
        settings=record.spec.case.settings,
        status=record.status,
        failure="; ".join(f"{title}{text}" for text, title in told if text) if told else None,
        deviations=tuple(map(str, record.deviations)),
        started=record.started,
        finished=record.finished,
        folds=None if record.spec.fold is None else record.spec.fold.k,
        fold=None if record.spec.fold is None else record.spec.fold.number,
        folder=folder,
    )


def standing(runs: Iterable[Run]) -> str:
    """How runs stand in a few words: `9 runs done, 1 failed`."""
    statuses = [run.status for run in runs]
    failed = statuses.count("failed")
    return f"{count(statuses.count('done'), 'run')} done" + (f", {failed} failed" if failed else "")


def in_order(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Runs by case and seed, as people count: `hidden=8` comes before `hidden=32`."""

    def rank(run: Run) -> tuple[list[tuple[bool, float, str]], int]:
        parts = re.findall(r"[0-9]+|[^0-9]+", run.case)
        return [(part.isdecimal(), float(part) if part.isdecimal() else 0, part) for part in parts], run.seed

    return tuple(sorted(runs, key=rank))


@dataclass(frozen=True)
class Claim:
    """A claim of the suite, and what became of it."""

    id: str
    """Its name in the suite."""
    text: str
    """The sentence, in Spanish, without its markup."""
    source: str | None
    """The work that says so; None for one of the suite's own."""
    verdict: Literal["holds", "fails", "open"]
    """`holds` and `fails` are shown by the runs; `open` is neither."""
    seeds_needed: int | None
    """So many seeds would let an open claim be decided; None where seeds are not what it lacks."""
    runs: tuple[str, ...]
    """The keys of the runs that decide."""


def claim_of(found: ClaimFindings) -> Claim:
    """A claim as Python sees it."""
    return Claim(
        found.claim.id,
        plain(found.claim.text),
        found.claim.source,
        found.verdict,
        found.seeds_needed,
        found.runs,
    )


@dataclass(frozen=True)
class Step:
    """A study of a report, as a step of the chain."""

    study: str
    """The name of the study."""
    label: str
    """What figures and tables of the report call it."""
    chosen: str
    """The case that it hands on."""
    first: tuple[str, ...]
    """The case that validation ranks first; several only where their means are the same."""
    validation_accuracy: float | None
    """Of what it hands on, the mean over seeds, as a fraction of 1."""
    test_accuracy: float | None
    """Of what it hands on, the mean over seeds, as a fraction of 1. It takes part in no choice."""
    begun: Literal["kept", "partly", "lost"] | None
    """Whether all, some or none of the next study's cases have all that was chosen; None in the last step."""
    claims: tuple[Claim, ...]
    """The claims of the study with their verdicts."""


def step_of(label: str, step: ChainStep) -> Step:
    """A step of a chain as Python sees it."""
    estimates = step.chosen.estimates
    means: Mapping[str, float] = {name: found.mean for name, found in estimates.items()}
    return Step(
        study=step.study,
        label=label,
        chosen=step.chosen.case.name,
        first=tuple(case.case.name for case in step.first),
        validation_accuracy=means.get("validation_accuracy"),
        test_accuracy=means.get("test_accuracy"),
        begun=step.begun,
        claims=tuple(map(claim_of, step.findings.claims)),
    )
