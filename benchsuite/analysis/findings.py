"""Findings: all that a paper may say about a suite's results, each number with the runs it comes from.

Plain frozen data. `analysis.study` makes them from a plan and its records; the paper only reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchsuite.identity.numerics import Numerics
from benchsuite.metrics import Metric
from benchsuite.store.record import DatasetFacts, Deviation, Environment, Failure, ModelFacts, WeightsFacts
from benchsuite.suite.cases.asked_metrics import metrics_of
from benchsuite.suite.cases.plan import Case, PlannedMetric
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.folds import Fold, Folds
from benchsuite.suite.schema.sequential import LEVEL, Sequential
from benchsuite.suite.schema.suite import Search

SIGNIFICANCE = 2 * LEVEL
Sign = Literal["positive", "negative", "open"]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds. `low` and `high` bound the 95 % interval, None with fewer than two seeds; `sd` likewise.

    `runs` are the keys of the runs it comes from, in the order of their seeds, and `values` their values.
    """

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    runs: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Comparison:
    """A case against the baseline over the seeds both have finished.

    `difference` is case minus baseline. `p` is None when the sample is too small for the test to ever reach 0.05 after
    the correction; `seeds_needed` then says how many pairs would do. `p_adjusted` is Holm's over the family.
    """

    case: str
    baseline: str
    metric: str
    difference: Estimate | None
    p: float | None
    p_adjusted: float | None
    seeds_needed: int | None
    refused_pairs: tuple[RefusedPair, ...] = ()
    """Seeds of both that are not in the difference."""
    crossed: tuple[float, float] | None = None
    """Of a difference of test accuracy, the 95 % interval over seeds and test images at once."""
    single: PairedImages | None = None
    """What the images say of the two models of the one seed that there is; None with more seeds."""

    @property
    def sign(self) -> Sign:
        """That of the difference where it is significant after the correction, else open."""
        if self.difference is None or self.p_adjusted is None or self.p_adjusted >= SIGNIFICANCE:
            return "open"
        return "positive" if self.difference.mean > 0 else "negative"


@dataclass(frozen=True)
class PairedImages:
    """Test images that only one of two models has right, and McNemar's exact p."""

    gained: int
    lost: int
    p: float


@dataclass(frozen=True)
class Inequality:
    """A part of a claim: `quantity` is the case's mean, or its paired difference to `other`, in the metric's unit.

    `slack` is by how much the inequality is true in the mean, negative when it is not; `shown` is the one-sided p of
    the inequality, `refuted` that of its contrary. All are None without runs.
    """

    case: str
    other: str | None
    quantity: Estimate | None
    slack: float | None
    shown: float | None
    refuted: float | None
    refused_pairs: tuple[RefusedPair, ...] = ()


@dataclass(frozen=True)
class RefusedPair:
    """Two runs of one seed whose difference is not taken, and why: between kinds of machine it would be theirs, too."""

    seed: int
    reason: Literal["made on different kinds of machine"] = "made on different kinds of machine"


@dataclass(frozen=True)
class KindFindings:
    """A kind of machine, by the numerics of its first run, with the seeds and the finished runs that it made."""

    numerics: Numerics
    seeds: tuple[int, ...]
    runs: tuple[str, ...]


Verdict = Literal["holds", "fails", "open"]


@dataclass(frozen=True)
class ClaimFindings:
    """What became of a claim. `seeds_needed`: so many would let it be decided, None where seeds do not lack.

    With sequential seeds, `decided_with` is how many there were at the look that decided, whose numbers these are, and
    `p_adjusted` the p of the verdict over all looks and inequalities: of the claim, or where it fails of its contrary.
    """

    claim: Claim
    verdict: Verdict
    inequalities: tuple[Inequality, ...]
    seeds_needed: int | None
    decided_with: int | None = None
    p_adjusted: float | None = None

    @property
    def decisive(self) -> Inequality | None:
        """The inequality that decides: the most clearly refuted one when the claim fails, else the weakest."""
        known = [part for part in self.inequalities if part.slack is not None]
        if self.verdict == "fails":
            return min(known, key=lambda part: (part.refuted or 0.0, part.slack or 0.0), default=None)
        return min(known, key=lambda part: (-(part.shown or 0.0), part.slack or 0.0), default=None)

    @property
    def runs(self) -> tuple[str, ...]:
        quantities = [part.quantity for part in self.inequalities if part.quantity is not None]
        return tuple(dict.fromkeys(run for quantity in quantities for run in quantity.runs))


@dataclass(frozen=True)
class SequentialFindings:
    """How far sequential seeds are: of the looks of their design so many were `taken`."""

    design: Sequential
    taken: int
    boundaries: tuple[float, ...]
    """The one-sided p below which each look of the design shows an inequality, in the limit of many seeds."""

    @property
    def repeats(self) -> bool:
        """Whether there is more than one look, so that tests differ from those of fixed seeds."""
        return len(self.design.looks) > 1


@dataclass(frozen=True)
class FoldFindings:
    """The folds of a study, and how many images each has where a run of it is done."""

    design: Folds
    rounds: int
    sizes: tuple[FoldSize, ...]
    """In the order of rounds and folds."""


@dataclass(frozen=True)
class FoldSize:
    """Images by class of a fold of a round, and of those that are trained on; `run` is the key of a run that tells."""

    fold: Fold
    train: tuple[int, ...]
    validation: tuple[int, ...]
    run: str


@dataclass(frozen=True)
class Curve:
    """A metric by epoch over seeds: at `epochs[i]`, mean over `n[i]` runs, and their smallest and largest value.

    `each[j]` has the values of `runs[j]`, as many as that run has epochs.
    """

    epochs: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: tuple[int, ...]
    runs: tuple[str, ...]
    each: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class PhaseFindings:
    """A phase as it went: means over the finished runs. `first_epoch` counts from 1 over all phases."""

    name: str
    first_epoch: float
    epochs: float
    learning_rate: float
    """In its first epoch."""
    runs: tuple[str, ...]


@dataclass(frozen=True)
class CaseFindings:
    """What came out of one case.

    `estimates` has the metrics that its finished runs tell; it is empty when no run is done.
    `curves` has train_loss, validation_loss, train_accuracy, validation_accuracy and overfitting_gap.
    """

    case: Case
    label: str
    """How figures and tables call it: the value of the factor when the suite varies one, else the case's name."""
    planned: int
    done: int
    failures: tuple[tuple[int, Failure], ...]
    estimates: Mapping[str, Estimate]
    curves: Mapping[str, Curve]
    confusion: tuple[tuple[int, ...], ...] | None
    """Summed over seeds."""
    accuracy_wilson: tuple[float, float] | None
    """95 % Wilson interval of the test accuracy of the first seed, which only the test set's size limits."""
    accuracy_crossed: tuple[float, float] | None
    """95 % interval of the mean test accuracy over seeds and test images at once; None with fewer than two seeds."""
    model: ModelFacts | None
    phases: tuple[PhaseFindings, ...] = ()
    """In the order they were run."""
    devices: tuple[str, ...] = ()
    """What the finished runs were computed on, each name once."""
    at_once: tuple[int, ...] = ()
    """How many runs their devices carried at once, each number once, the least first."""
    costs: tuple[Mapping[str, Estimate], ...] = ()
    """Where there are several kinds of machine, the metrics of `COST_COLUMNS` on each, in the order of the kinds."""
    dataset: DatasetFacts | None = None
    weights: WeightsFacts | None = None


@dataclass(frozen=True)
class TrialFindings:
    """One trial of a search, by the last rung that it finished.

    `values` has the metrics `OF_TRIALS`, which do without the test split; it is empty while nothing is done. `resource`
    is what halving gave it, None without halving.
    """

    number: int
    settings: Mapping[str, Any]
    """The value on each axis."""
    rung: int
    resource: int | None
    status: Literal["done", "failed", "due"]
    run: str | None
    values: Mapping[str, float]


@dataclass(frozen=True)
class AxisImportance:
    """The share of the metric's variance over the trials that goes with the values of one axis.

    `chance` is what an axis of no effect stays below 95 times in 100. Both are None when there are too few trials
    for the `levels` different values.
    """

    path: str
    share: float | None
    chance: float | None
    levels: int
    runs: tuple[str, ...]


@dataclass(frozen=True)
class SearchFindings:
    """What came out of a search: its trials, the best first, and its axes, the most important first.

    `planned` counts runs, of which there are fewer than `most` when failures left a rung smaller.
    """

    declared: Search
    points: int
    trials: tuple[TrialFindings, ...]
    importances: tuple[AxisImportance, ...]
    planned: int
    done: int
    failed: int
    most: int

    @property
    def best(self) -> TrialFindings | None:
        return next((trial for trial in self.trials if trial.run is not None), None)


@dataclass(frozen=True)
class Findings:
    """All of a suite's results. `runs` lists every finished run as (key, case, seed, weights hash).

    What is counted are the runs of the cases; `search` counts its own.
    """

    suite: str
    metric: str
    baselines: tuple[str, ...]
    """The cases that others are compared with; in a grid of several axes one for each row."""
    cases: tuple[CaseFindings, ...]
    comparisons: tuple[Comparison, ...]
    seeds: tuple[int, ...]
    planned: int
    done: int
    failed: int
    changes: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    dataset: DatasetFacts | None
    weights: WeightsFacts | None
    """Like `dataset`, of the first finished run; each case has its own."""
    environments: tuple[Environment, ...]
    """Each different environment once, most runs first."""
    runs: tuple[tuple[str, str, int, str], ...]
    finished: str | None
    """When the last run finished, ISO 8601: the paper's date."""
    total_seconds: float
    settings: Mapping[str, Any]
    """Resolved parameters common to all cases, by dotted path."""
    search: SearchFindings | None = None
    claims: tuple[ClaimFindings, ...] = ()
    kinds: tuple[KindFindings, ...] = ()
    """Of machine, that with the most runs first: it alone is in estimates of time, memory and energy."""
    sequential: SequentialFindings | None = None
    folds: FoldFindings | None = None
    asked: tuple[PlannedMetric, ...] = ()
    """The metrics of plugins that the suite asks for."""

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """All metrics of the study by their names, those of plugins last."""
        return metrics_of(self.asked)

    @property
    def sample(self) -> bool:
        return self.dataset is not None and self.dataset.provenance == "synthetic sample"

    @property
    def partial(self) -> bool:
        return self.done < self.planned or (self.search is not None and self.search.done < self.search.planned)

    def case(self, name: str) -> CaseFindings:
        return next(case for case in self.cases if case.case.name == name)
