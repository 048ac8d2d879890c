"""How papers round and print each metric, with its unit and its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from benchsuite import metrics
from benchsuite.analysis.findings import Estimate
from benchsuite.metrics import Metric
from benchsuite.paper.language import spanish


class PrintedMetric(Metric):
    """A metric with the ways to print its values in Spanish."""

    @property
    def article(self) -> str:
        return "la" if self.feminine else "el"

    def format(self, value: float) -> str:
        """A single value with its unit."""
        if self.unit == "duration":
            return spanish.seconds(value)
        if self.unit == "MiB":
            return spanish.megabytes(value)
        text = self.bare(value)
        return f"{text}{spanish.NBSP}{self.unit}" if self.unit else text

    def bare(self, value: float) -> str:
        """A single value without its unit, for tables whose heads name it."""
        whole = self.counted and value == int(value)
        return spanish.number(self.scale * value, 0 if whole else self.decimals)

    def in_column(self, value: float) -> str:
        """A single value without its unit, unless the unit follows from the value, as in «12,3 min»."""
        return self.format(value) if self.unit in ("duration", "MiB") else self.bare(value)

    @property
    def unit_of_difference(self) -> str:
        return self.difference_unit or ("s" if self.unit == "duration" else self.unit)

    def bounds(self, estimate: Estimate) -> tuple[float, float] | None:
        """The interval within what the metric can be; None when one seed says nothing about the spread."""
        if estimate.low is None or estimate.high is None:
            return None
        return max(self.least, estimate.low), min(self.most, estimate.high)

    def interval(self, estimate: Estimate) -> str:
        """«[95,2; 97,0]», or nothing."""
        bounds = self.bounds(estimate)
        return _brackets(*bounds, self.in_column) if bounds else ""

    def quote(self, estimate: Estimate) -> str:
        """A mean with its interval, as running text quotes it."""
        interval = self.interval(estimate)
        return f"{self.format(estimate.mean)}{f' {interval}' if interval else ''}"

    def difference(self, estimate: Estimate) -> str:
        """A signed difference with its interval: «−0,6 puntos [−1,1; −0,1]»."""
        unit = self.unit_of_difference
        text = spanish.signed(self.scale * estimate.mean, self.decimals)
        interval = self.signed_interval(estimate)
        return f"{text}{f'{spanish.NBSP}{unit}' if unit else ''}{f' {interval}' if interval else ''}"

    def signed_interval(self, difference: Estimate) -> str:
        """The interval of a difference, which may have either sign."""
        if difference.low is None or difference.high is None:
            return ""
        return self.signed_bounds(difference.low, difference.high)

    def signed_bounds(self, low: float, high: float) -> str:
        return _brackets(low, high, self.signed)

    def signed(self, value: float) -> str:
        return spanish.signed(self.scale * value, self.decimals)


def _brackets(low: float, high: float, form: Callable[[float], str]) -> str:
    return f"[{form(low)};{spanish.NBSP}{form(high)}]"


METRICS = {
    name: PrintedMetric(**{field.name: getattr(metric, field.name) for field in fields(metric)})
    for name, metric in metrics.METRICS.items()
}
