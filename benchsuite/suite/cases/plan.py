"""The plan: what a suite expands to. Plain frozen data that can be stored and sent to a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from benchsuite.suite.schema.folds import Fold, Folds
from benchsuite.suite.schema.sequential import Sequential
from benchsuite.suite.schema.suite import Search


class Component(BaseModel):
    """One dataset, model or recipe of a case, with every parameter resolved (defaults included), as JSON values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    distribution: str
    version: str
    parameters: Mapping[str, Any]

    @property
    def qualified_name(self) -> str:
        """What finds it in the registry, whichever other distributions provide one of the same name."""
        return f"{self.distribution}:{self.name}"


class Case(BaseModel):
    """One cell of the suite's matrix: a full set of parameters without the seed.

    `name` is unique in the suite and stable ("freeze_blocks=3"); `settings` maps what sets this case apart (dotted
    path, such as `recipe.freeze.blocks`) to its value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    settings: Mapping[str, Any]
    dataset: Component
    model: Component
    recipe: Component


class PlannedMetric(BaseModel):
    """A metric that a suite asks for: the plugin's, with every parameter resolved, and what the plugin says of it, so
    that results can be told where the plugin is not. `id` is what the suite calls it.

    What decides its values is its component; the rest is as the contract of metrics has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    component: Component
    titles: Mapping[str, str]
    """By the language of the paper, without the split."""
    gender: Literal["feminine", "masculine"]
    higher_is_better: bool
    least: float
    most: float | None
    """None where there is no largest value: JSON has no infinity."""
    percent: bool
    decimals: int
    bibtex: str


class RunSpec(BaseModel):
    """One case with one seed: the unit of work, of caching and of failure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    case: Case
    seed: int
    fold: Fold | None = None
    """What it is validated on, where the suite has folds."""

    @model_serializer(mode="wrap")
    def _serialized(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Runs without folds are written as they were before there were any."""
        written: dict[str, Any] = serialize(self)
        if self.fold is None:
            written.pop("fold", None)
        return written


class PlannedSearch(BaseModel):
    """A search and what its trials change: the base as declared (`dataset`, `model`, `recipe`), `--set` included.

    `reduced` tells that its trials take the components' changes for a smoke run on the sample.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    declared: Search
    base: Mapping[str, Any]
    reduced: bool = False


class Trial(BaseModel):
    """One run of a search: trial `number` (from 1), with halving on `rung` (from 0)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    rung: int
    case: Case


class Plan(BaseModel):
    """The cases and seeds of a suite, in the order of the file.

    `changes` lists what `--set` and the like altered. A trial leaves alone what is `studied`, the paths of the axes
    and of what is compared, and what is `pinned`, the paths that the user asked for (and `seeds`). `trials` are those
    runs of the search that the results so far imply; at most `following` come after them. `metrics` are those of
    plugins.

    With `sequential` seeds, `seeds` are all that there may be, and in a prepared study those of the looks that the
    results so far imply; at most `following` runs come after theirs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    cases: tuple[Case, ...]
    seeds: tuple[int, ...]
    changes: tuple[str, ...] = ()
    studied: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    search: PlannedSearch | None = None
    trials: tuple[Trial, ...] = ()
    following: int = 0
    sequential: Sequential | None = None
    metrics: tuple[PlannedMetric, ...] = ()
    folds: Folds | None = None

    @property
    def runs(self) -> tuple[RunSpec, ...]:
        """Every known run: cases seed by seed, so that an interrupted study has whole rows of paired cases; trials."""
        cases = (
            RunSpec(suite=self.suite, case=case, seed=seed, fold=self.folds.fold(seed) if self.folds else None)
            for seed in self.seeds
            for case in self.cases
        )
        return (*cases, *(self.trial_run(trial.case) for trial in self.trials))

    def trial_run(self, case: Case) -> RunSpec:
        """A trial's case as a run, with the seed of the search."""
        if self.search is None:
            raise ValueError("this plan has no search")
        return RunSpec(suite=self.suite, case=case, seed=self.search.declared.seed)
