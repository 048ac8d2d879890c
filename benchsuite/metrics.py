"""The metrics of a run: the one place where each is declared.

Everything else follows from the table `METRICS`: what suites may compare, claim, quote and search by, the JSON Schema
for editors, what findings hold, and how papers title, round and print it. A new metric is one more entry here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

CONVERGED = 0.95
"""The share of its best validation accuracy at which a run counts as converged."""


@dataclass(frozen=True)
class Metric:
    """One metric. `read` takes a finished run's record (`store.record.RunRecord`); None where the run does not tell it.

    Papers print `scale` times the value with `decimals` decimals and `unit`, which may be "duration" (seconds in
    words) or "MiB" (of bytes). `title` is Spanish, and feminine or masculine as `feminine` says.
    """

    name: str
    about: str
    """What it is, in English, for the documentation."""
    read: Callable[[Any], float | None]
    title: str
    decimals: int
    higher_is_better: bool | None = None
    """None where no value is better than another."""
    scale: float = 1.0
    unit: str = ""
    difference_unit: str = ""
    """Of a difference, where it is another one: percent and points."""
    feminine: bool = True
    least: float = 0.0
    most: float = math.inf
    counted: bool = False
    """Whole in every run, so that only means of several have decimals."""
    guides_search: bool = False
    """Whether a search may choose by it."""
    compared_as: Literal["quality", "cost"] | None = None
    """In which table of `paper --compare` it stands."""

    @property
    def sealed(self) -> bool:
        """Whether it is taken on the test split, which no search may see."""
        return self.name.startswith("test_")


def _field(*path: str) -> Callable[[Any], float | None]:
    """Reads an attribute of an attribute ...; None as soon as one of them is None."""

    def read(record: Any) -> float | None:
        value = record
        for name in path:
            if value is None:
                return None
            value = getattr(value, name)
        return None if value is None else float(value)

    return read


def _best_epoch(record: Any) -> Any:
    """The epoch whose checkpoint validation chose."""
    return record.best and next((epoch for epoch in record.epochs if epoch.epoch == record.best.epoch), None)


def _at_best(name: str) -> Callable[[Any], float | None]:
    return lambda record: _field(name)(_best_epoch(record))


def _overfitting_gap(record: Any) -> float | None:
    epoch = _best_epoch(record)
    return None if epoch is None else float(epoch.train_accuracy - epoch.validation_accuracy)


def _epochs_to_95(record: Any) -> int | None:
    """The first epoch whose validation accuracy is 95 % of the run's own best."""
    best = max((epoch.validation_accuracy for epoch in record.epochs), default=0.0)
    return next((epoch.epoch for epoch in record.epochs if epoch.validation_accuracy >= CONVERGED * best), None)


def _training_seconds(record: Any) -> float | None:
    return None if record.cost is None else record.cost.seconds.get("training")


def _seconds_per_epoch(record: Any) -> float | None:
    return sum(epoch.seconds for epoch in record.epochs) / len(record.epochs) if record.epochs else None


def _accuracy(name: str, about: str, read: Callable[[Any], float | None], title: str, **more: Any) -> Metric:
    return Metric(name, about, read, title, 1, True, 100, "%", "puntos", most=1, **more)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _accuracy("test_accuracy", "share of the test images that are right", _field("test", "accuracy"),
                  "exactitud en test", compared_as="quality"),
        Metric("test_macro_f1", "mean over the classes of F1 on the test split", _field("test", "macro_f1"),
               "F1 macro en test", 3, True, most=1, compared_as="quality"),
        Metric("test_loss", "cross-entropy on the test split", _field("test", "loss"), "pérdida en test", 3, False,
               compared_as="quality"),
        _accuracy("validation_accuracy", "share of the validation images that are right, in the best epoch",
                  _field("best", "validation_accuracy"), "exactitud de validación", guides_search=True,
                  compared_as="quality"),
        Metric("validation_loss", "cross-entropy on the validation split, in the best epoch",
               _field("best", "validation_loss"), "pérdida de validación", 3, False, guides_search=True),
        _accuracy("train_accuracy", "share of the training images that are right while the best epoch trains",
                  _at_best("train_accuracy"), "exactitud de entrenamiento"),
        Metric("train_loss", "loss while the best epoch trains", _at_best("train_loss"), "pérdida de entrenamiento", 3,
               False),
        Metric("overfitting_gap", "training less validation accuracy, in the best epoch", _overfitting_gap,
               "brecha de sobreajuste", 1, False, 100, "puntos", least=-1, most=1),
        Metric("best_epoch", "the epoch that validation chose", _field("best", "epoch"), "mejor época", 1,
               counted=True),
        Metric("epochs_run", "epochs until training stopped", lambda record: len(record.epochs) or None,
               "número de épocas", 1, False, feminine=False, counted=True),
        Metric("epochs_to_95", "epochs until 95 % of the run's own best validation accuracy", _epochs_to_95,
               "número de épocas hasta el 95\N{NO-BREAK SPACE}%", 1, False, feminine=False, counted=True),
        Metric("training_seconds", "seconds of all epochs' training", _training_seconds, "tiempo de entrenamiento", 1,
               False, unit="duration", feminine=False, compared_as="cost"),
        Metric("seconds_per_epoch", "seconds of an epoch, validation included", _seconds_per_epoch,
               "tiempo por época", 1, False, unit="duration", feminine=False),
        Metric("images_per_second", "training images a second", _field("cost", "images_per_second"),
               "ritmo de entrenamiento", 0, True, unit="imágenes/s", feminine=False, compared_as="cost"),
        Metric("peak_memory_bytes", "largest memory of the process", _field("cost", "peak_memory_bytes"),
               "memoria máxima", 0, False, unit="MiB", compared_as="cost"),
        Metric("energy_joules", "energy of the whole GPU while the run was made", _field("cost", "energy_joules"),
               "energía de la GPU", 1, False, 0.001, "kJ", compared_as="cost"),
    )
}  # fmt: skip
"""By name, in the order in which tables of metrics show them."""


if TYPE_CHECKING:
    MetricName = str
    SearchMetricName = str
else:  # pydantic reads from these types what a suite may say; a type checker cannot read them from a table
    MetricName = Literal[tuple(METRICS)]
    SearchMetricName = Literal[tuple(name for name, metric in METRICS.items() if metric.guides_search)]
