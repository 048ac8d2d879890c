"""How papers call, round and print metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from benchsuite import metrics
from benchsuite.analysis.findings import Estimate
from benchsuite.analysis.intervals import FEWEST_SEEDS
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import find, say
from benchsuite.paper.language.current import spoken

MOST_DECIMALS = 6
"""Decimals of the bounds of an interval that ends next to zero."""


def is_observed(estimate: Estimate) -> bool:
    """Whether an estimate has too few seeds for an interval, so that the smallest and largest value stand for it."""
    return 1 < estimate.n < FEWEST_SEEDS


def spread_of(estimates: Iterable[Estimate]) -> Literal["", "interval", "observed", "mixed"]:
    """What brackets after these means hold, or bars on their points; nothing where none has several seeds."""
    observed = {is_observed(estimate) for estimate in estimates if estimate.n > 1}
    return "" if not observed else "mixed" if len(observed) > 1 else "observed" if True in observed else "interval"


@dataclass(frozen=True)
class PrintedMetric(metrics.Metric):
    """A metric with ways to print its values, all of which are given as they are recorded."""

    @property
    def title(self) -> str:
        """What it is called within a sentence."""
        return say(f"metric-on-{self.split}", metric=self.measure) if self.titles else say(f"metric-{self.name}")

    @property
    def measure(self) -> str:
        """What a metric of a plugin is called without the split."""
        return self.titles[spoken()]

    @property
    def gender(self) -> str:
        """The context of what agrees with the title."""
        return self.title_gender or say(f"gender-{self.name}")

    @property
    def the(self) -> str:
        """The title with its article."""
        return say("the-metric", context=self.gender, metric=self.title)

    @property
    def symbol(self) -> str:
        return _unit(self.unit.symbol)

    @property
    def heading(self) -> str:
        """What heads its values: «Exactitud en test (%)»."""
        title = typography.upper_first(self.title)
        return f"{title} ({self.symbol})" if self.symbol else title

    @property
    def difference_unit(self) -> str:
        return _unit(self.unit.difference or self.unit.symbol)

    @property
    def scale(self) -> float:
        """From a recorded value to what data files and the axes of figures have."""
        return 1.0 if self.unit.recorded else self.unit.scale

    def data_heading(self, heading: str) -> str | None:
        """What data files call a column of this heading; None when the same."""
        return f"{heading} ({self.unit.recorded})" if self.unit.recorded else None

    def format(self, value: float, *, whole: bool = True, among: Sequence[float] = ()) -> str:
        """A single value with its unit, a duration in one unit with those `among` which it is told; with decimals,
        unless it is `whole` and so may be written."""
        if self.unit is metrics.DURATION:
            return typography.seconds(value, like=typography.shared_duration(among) if among else None)
        return typography.with_unit(self.bare(value, whole=whole), self.symbol)

    def bare(self, value: float, *, whole: bool = True) -> str:
        """A single value without its unit, for tables whose heads name it."""
        whole = whole and self.unit.whole and value == int(value)
        return typography.number(self.unit.scale * value, 0 if whole else self.unit.decimals)

    def in_column(self, value: float, among: Sequence[float] = ()) -> str:
        """A single value in a column: without its unit where the head names it, else in one unit with those `among`
        which it stands."""
        return self.format(value, among=among) if self.unit.recorded else self.bare(value)

    def bounds(self, estimate: Estimate) -> tuple[float, float] | None:
        """The interval within what the metric can be, or with fewer than `FEWEST_SEEDS` the smallest and largest value;
        None where one seed says nothing about the spread, and where nothing varies."""
        if estimate.low is None or estimate.high is None or estimate.sd == 0:
            return None
        if is_observed(estimate):
            return min(estimate.values), max(estimate.values)
        return max(self.least, estimate.low), min(self.most, estimate.high)

    def interval(self, estimate: Estimate, among: Sequence[float] = ()) -> str:
        """«[95,2; 97,0]», «[95,2 a 97,0]» when these are the values observed, or nothing; durations are in the unit of
        their mean."""
        bounds = self.bounds(estimate)
        return _brackets(*bounds, self._like(estimate, among), observed=is_observed(estimate)) if bounds else ""

    def together(self, *values: float) -> list[str]:
        """Single values that one sentence sets beside each other, with as many decimals: «3,0» beside «7,5»."""
        whole = all(value == int(value) for value in values)
        return [self.format(value, whole=whole) for value in values]

    def quote(self, estimate: Estimate, among: Sequence[float] = (), *, whole: bool = True) -> str:
        """A mean with its interval, as running text quotes it: «96,1 % [95,2; 97,0]», «96,1 % [95,2 a 97,0; n = 3]»;
        with decimals, unless it may be `whole`."""
        mean = self.format(estimate.mean, whole=whole and self.is_whole(estimate), among=among)
        return f"{mean} {_counted(self.interval(estimate, among), estimate)}".rstrip(" ")

    def quote_in_column(self, estimate: Estimate) -> str:
        """The same in a column."""
        if self.unit.recorded:
            return f"{self.format(estimate.mean)} {self.interval(estimate)}".rstrip(" ")
        mean = self.bare(estimate.mean, whole=not self._has_interval(estimate))
        return f"{mean} {self.interval(estimate)}".rstrip(" ")

    def is_whole(self, estimate: Estimate) -> bool:
        """Whether its mean is written without decimals, where the metric may be."""
        return not self._has_interval(estimate) and estimate.mean == int(estimate.mean)

    def _has_interval(self, estimate: Estimate) -> bool:
        """Whether an interval follows the mean, so that all three have as many decimals; what was observed is whole."""
        return self.bounds(estimate) is not None and not is_observed(estimate)

    def _like(self, estimate: Estimate, among: Sequence[float] = ()) -> Callable[[float], str]:
        """How the bounds of a mean are written."""
        if self.unit is not metrics.DURATION:
            return self.in_column if self.unit.recorded else partial(self.bare, whole=not self._has_interval(estimate))
        shared = typography.shared_duration(among) if among else None
        _, scale, decimals = typography.duration_unit(estimate.mean if shared is None else shared)
        return lambda value: typography.number(scale * value, decimals)

    def margin(self, value: float) -> str:
        """The largest difference that does not matter."""
        if self.unit is metrics.DURATION:
            return typography.seconds(value)
        return typography.measure(self.unit.scale * value, self.difference_unit, self.unit.decimals)

    def difference(self, estimate: Estimate) -> str:
        """A signed difference with its interval: «−0,6 puntos [−1,1; −0,1]»."""
        mean = typography.with_unit(self.signed(estimate.mean), self.difference_unit)
        return f"{mean} {_counted(self.signed_interval(estimate), estimate)}".rstrip(" ")

    def signed_interval(self, difference: Estimate) -> str:
        """The interval of a difference, which may have either sign; of few seeds the smallest and largest value."""
        bounds = self.signed_bounds(difference)
        return self.signed_brackets(*bounds, observed=is_observed(difference)) if bounds else ""

    def signed_bounds(self, difference: Estimate) -> tuple[float, float] | None:
        if difference.low is None or difference.high is None or difference.sd == 0:
            return None
        if is_observed(difference):
            return min(difference.values), max(difference.values)
        return difference.low, difference.high

    def signed_brackets(self, low: float, high: float, *, observed: bool = False) -> str:
        """Both bounds; with more decimals where one would else print as the zero that they exclude."""
        decimals = self.unit.decimals
        if low > 0 or high < 0:
            least = self.unit.scale * min(abs(low), abs(high))
            while round(least, decimals) == 0 and decimals < MOST_DECIMALS:
                decimals += 1
        form = partial(self.signed, decimals=decimals)
        return _brackets(low, high, form, observed=observed)

    def signed(self, value: float, *, decimals: int | None = None) -> str:
        return typography.signed(self.unit.scale * value, self.unit.decimals if decimals is None else decimals)


def _unit(symbol: str) -> str:
    """A unit as the paper writes it: those that are words are its language's."""
    return find(f"unit-{symbol}") or symbol


def _brackets(low: float, high: float, form: Callable[[float], str], *, observed: bool = False) -> str:
    return say("observed" if observed else "interval", low=form(low), high=form(high))


def _counted(interval: str, estimate: Estimate) -> str:
    """An interval that tells of how few seeds it is."""
    if not interval or not is_observed(estimate):
        return interval
    return say("interval-counted", interval=interval[:-1], seeds=estimate.n)


def printed(known: Mapping[str, metrics.Metric]) -> Mapping[str, PrintedMetric]:
    """Metrics with ways to print them."""
    return {name: METRICS.get(name) or PrintedMetric(**vars(metric)) for name, metric in known.items()}


METRICS: Mapping[str, PrintedMetric] = {name: PrintedMetric(**vars(metric)) for name, metric in metrics.METRICS.items()}
"""Those that every study has."""
