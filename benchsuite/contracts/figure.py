"""The figure contract: a figure of the paper as a declaration.

A figure turns what the runs left into a chart: points, axes and words. The core draws it in the paper's style, reads it
aloud and lets its values be asked for. The chart itself is kept in the paper, which can so be built again, and checked,
where the plugin is not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

from benchsuite.contracts.metric import Predicted
from benchsuite.contracts.observer import EpochReport
from benchsuite.contracts.parameters import Parameters

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class RunResult:
    """A finished run of a case."""

    key: str
    """The run key: 32 hexadecimal digits."""
    seed: int
    """The run's seed."""
    metrics: Mapping[str, float]
    """What was measured: `test_accuracy`, `test_macro_f1`, `validation_accuracy` and the other metrics of suites, as
    fractions of 1, and `training_seconds`, `epochs_run`, `peak_memory_bytes` and their like; and the metrics of plugins
    that the suite asks for. What a run lacks is left out."""
    epochs: tuple[EpochReport, ...]
    """Its epochs in order; their `steps` are empty."""
    confusion: tuple[tuple[int, ...], ...]
    """Test images by true class (rows) and predicted class (columns); empty without a test."""
    validation: Predicted | None = field(default=None, kw_only=True, repr=False)
    """What it predicted for the validation images, the probabilities of all classes; only of a figure that
    `sees_predictions`."""
    test: Predicted | None = field(default=None, kw_only=True, repr=False)
    """The same for the test images."""


@dataclass(frozen=True)
class CaseResult:
    """A case with its finished runs, which may be none."""

    name: str
    """The case's name, as `benchsuite plan` shows it."""
    label: str
    """What the paper's figures call it."""
    settings: Mapping[str, Any]
    """The values that set it apart, by dotted path."""
    parameters: int | None
    """Parameters of its network; None before a run has finished."""
    trainable: int | None
    """Those that train in the last phase."""
    runs: tuple[RunResult, ...]
    """In the order of their seeds."""


@dataclass(frozen=True)
class StudyResult:
    """What the runs of a suite left."""

    factor: str
    """What sets the cases apart, as the paper calls it."""
    classes: tuple[str, ...]
    """The classes in the order of their numbers; empty before a run has finished."""
    cases: tuple[CaseResult, ...]
    """In the order of the suite."""
    language: str = "es"
    """The language of the paper, in which the chart's words have to be: `es` or `en`."""


@dataclass(frozen=True)
class ChartSeries:
    """Points that belong together and share a colour and a mark; with `low` and `high`, each has an interval."""

    title: str
    """What the legend calls it; empty for the only one."""
    x: tuple[float, ...]
    """Places along the x axis; with categories, their numbers from 0."""
    y: tuple[float, ...]
    """As many values."""
    low: tuple[float, ...] = ()
    """Lower ends of the intervals: none, or as many as values."""
    high: tuple[float, ...] = ()
    """Upper ends."""
    case: str | None = None
    """The name of the case that it shows, by which the web page hides and shows it; None for all of them."""


@dataclass(frozen=True)
class Chart:
    """A figure as it is to be drawn. Its words are in the language of the study's paper, without markup."""

    shows: str
    """What it shows, to follow «La Figura 3 muestra», such as «las épocas hasta el 90 % de exactitud»."""
    alt: str
    """What one would say who sees it, with the numbers that matter."""
    kind: Literal["lines", "points", "bars"]
    """Whether points are joined, stand alone, or are bars."""
    x: str
    """Title of the x axis, with its unit; up to 120 characters, as that of the y axis."""
    y: str
    """Title of the y axis, with its unit."""
    series: tuple[ChartSeries, ...]
    """1 to 24 of them, with up to 10,000 points in all."""
    categories: tuple[str, ...] = ()
    """Up to 100 names of the places 0, 1, 2 ... along the x axis; without them it has numbers."""
    log_x: bool = False
    """Whether the x axis is logarithmic; not with categories."""
    log_y: bool = False
    """Whether the y axis is logarithmic."""
    wide: bool = False
    """Whether it takes the width of the page."""


class Figure(ABC, Generic[P]):
    """A figure that suites can name under `paper.figures`."""

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]

    sees_predictions: ClassVar[bool] = False
    """Whether it is told what runs predicted. The paper carries the chart and not the predictions, so that who has the
    paper alone cannot compute the chart again."""

    @abstractmethod
    def chart(self, params: P, study: StudyResult) -> Chart | None:
        """The chart of a study; None where there is nothing to show yet, as when too few runs have finished. It follows
        from the study alone: no files, no network, nothing drawn at random."""

    def bibtex(self, params: P) -> str:
        """The BibTeX entries of the works that it follows; empty where there is none to cite."""
        return ""
