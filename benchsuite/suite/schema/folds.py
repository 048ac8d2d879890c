"""Folds: k-fold cross-validation as the way in which a study repeats its runs.

Seeds and folds are one axis: the run of seed n is validated on fold n mod k of round n // k, and trained on the other
folds. Each round divides the images of training and validation anew; the test split takes no part. The division itself
is in `sources.folds`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from benchsuite.suite.schema.base import Declared

FEWEST_FOLDS, MOST_FOLDS = 2, 1000


def _enough(k: int) -> int:
    if k < FEWEST_FOLDS:
        raise ValueError(
            f"with folds: {k} no images would be left to train on; write {FEWEST_FOLDS} or more, or leave folds out"
        )
    return k


FoldCount = Annotated[int, AfterValidator(_enough), Field(le=MOST_FOLDS, json_schema_extra={"minimum": FEWEST_FOLDS})]


def overlap_of(k: int) -> float:
    """Images that a run is validated on, over those that it is trained on, with k folds: by as much the results of
    different folds depend on each other."""
    return 1 / (k - 1)


class Folds(Declared):
    """Into how many parts the images are divided, and which images may be."""

    k: FoldCount
    """How many folds there are; the seeds are a multiple of it."""

    merge_official: bool = False
    """Whether the images are divided anew although their division into training and validation is official, or the
    user's own."""

    @property
    def overlap(self) -> float:
        """As `overlap_of` says."""
        return overlap_of(self.k)

    def fold(self, seed: int) -> Fold:
        """What the runs of a seed are validated on."""
        return Fold(k=self.k, number=seed % self.k, round=seed // self.k)


class Fold(BaseModel):
    """One of k folds of a round, both by their numbers from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    k: int = Field(ge=FEWEST_FOLDS, le=MOST_FOLDS)
    number: int = Field(ge=0)
    round: int = Field(ge=0)

    @property
    def overlap(self) -> float:
        """As `overlap_of` says."""
        return overlap_of(self.k)

    def __str__(self) -> str:
        again = f", round {self.round + 1}" if self.round else ""
        return f"fold {self.number + 1} of {self.k}{again}"
