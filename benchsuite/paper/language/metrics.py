"""How papers call, round and print each metric that findings may hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchsuite.analysis.findings import Estimate
from benchsuite.paper.language import spanish


@dataclass(frozen=True)
class Metric:
    """`title` is Spanish and feminine or masculine as `feminine` says; `scale` multiplies before rounding; `least` and
    `most` bound what the metric can be."""

    title: str
    decimals: int
    scale: float = 1.0
    unit: str = ""
    feminine: bool = True
    difference_unit: str = ""
    least: float = 0.0
    most: float = math.inf
    counted: bool = False
    """Whole in every run, so that only means of several have decimals."""

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

    def bounds(self, estimate: Estimate) -> tuple[float, float] | None:
        """The interval within what the metric can be; None when one seed says nothing about the spread."""
        if estimate.low is None or estimate.high is None:
            return None
        return max(self.least, estimate.low), min(self.most, estimate.high)

    def interval(self, estimate: Estimate) -> str:
        """«[95,2; 97,0]», or nothing."""
        bounds = self.bounds(estimate)
        return _brackets(*bounds, self.format if self.unit in ("duration", "MiB") else self.bare) if bounds else ""

    def quote(self, estimate: Estimate) -> str:
        """A mean with its interval, as running text quotes it."""
        interval = self.interval(estimate)
        return f"{self.format(estimate.mean)}{f' {interval}' if interval else ''}"

    def difference(self, estimate: Estimate) -> str:
        """A signed difference with its interval: «−0,6 puntos [−1,1; −0,1]»."""
        unit = self.difference_unit or self.unit
        unit = "s" if unit == "duration" else unit
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


def _share(title: str) -> Metric:
    return Metric(title, 1, 100, "%", True, "puntos", most=1)


METRICS = {
    "test_accuracy": _share("exactitud en test"),
    "test_macro_f1": Metric("F1 macro en test", 3, most=1),
    "test_loss": Metric("pérdida en test", 3),
    "validation_accuracy": _share("exactitud de validación"),
    "validation_loss": Metric("pérdida de validación", 3),
    "train_accuracy": _share("exactitud de entrenamiento"),
    "train_loss": Metric("pérdida de entrenamiento", 3),
    "overfitting_gap": Metric("brecha de sobreajuste", 1, 100, "puntos", least=-1, most=1),
    "best_epoch": Metric("mejor época", 1, counted=True),
    "epochs_run": Metric("número de épocas", 1, feminine=False, counted=True),
    "epochs_to_95": Metric(f"número de épocas hasta el 95{spanish.NBSP}%", 1, feminine=False, counted=True),
    "training_seconds": Metric("tiempo de entrenamiento", 1, 1, "duration", False),
    "seconds_per_epoch": Metric("tiempo por época", 1, 1, "duration", False),
    "images_per_second": Metric("ritmo de entrenamiento", 0, 1, "imágenes/s", False),
    "peak_memory_bytes": Metric("memoria máxima", 0, 1, "MiB"),
    "energy_joules": Metric("energía de la GPU", 1, 0.001, "kJ"),
}
