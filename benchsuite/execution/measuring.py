"""Metrics of plugins, computed from the stored predictions of runs, whenever these were made: nothing is trained.

A value is kept beside its run, under a hash of all that decides it: the predictions, the metric's parameters and
source, and the libraries that it imports. Where one of them is another, it is computed again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import metadata
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from benchsuite.errors import BenchsuiteError, PluginError, on_one_line
from benchsuite.identity.canonical import digest
from benchsuite.identity.source_fingerprint import component_fingerprint, libraries
from benchsuite.metrics import SPLITS
from benchsuite.registry import Entry, Registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import PREDICTIONS, Store
from benchsuite.suite.cases.plan import PlannedMetric

if TYPE_CHECKING:
    from benchsuite.contracts.metric import Metric, Predicted
    from benchsuite.store.predictions import Predictions

ROUNDING = 1e-6
"""By so much a value may be outside of what its metric says that it can be: sums of single precision."""


def measure(
    records: Mapping[str, RunRecord],
    metrics: Sequence[PlannedMetric],
    registry: Registry,
    store: Store,
    splits: Sequence[str] = SPLITS,
) -> dict[str, RunRecord]:
    """The same records, the finished ones with the values of these metrics on these splits.

    Raises PluginError where a plugin is not there, fails, or gives what is no value of its metric; StoreError where
    predictions are missing.
    """
    if not metrics or not records:
        return dict(records)
    rulers = [Ruler(asked, registry.metric(asked.component.qualified_name)) for asked in metrics]
    return {
        key: record.model_copy(update={"measured": _measured(record, rulers, store, splits)})
        if record.status == "done" and record.test is not None
        else record
        for key, record in records.items()
    }


def require_metrics(metrics: Sequence[PlannedMetric], registry: Registry) -> None:
    """Raise SetupError where something is not installed that one of these metrics is computed with, PluginError where
    its plugin fails."""
    for asked in metrics:
        Ruler(asked, registry.metric(asked.component.qualified_name)).require()


class Ruler:
    """A metric with its parameters, and what identifies its values."""

    def __init__(self, asked: PlannedMetric, entry: Entry) -> None:
        self.asked, self.entry = asked, entry
        self.metric = cast("Metric[Any]", entry.component)
        self.params = entry.parse(asked.component.parameters)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Which metric it is."""
        component = self.asked.component
        return {"metric": component.qualified_name, "parameters": dict(component.parameters)}

    @cached_property
    def code(self) -> dict[str, Any]:
        """What computes it."""
        module = self.entry.module
        versions = libraries(module, frozenset({"benchsuite"})) | {"numpy": metadata.version("numpy")}
        return {"source": component_fingerprint(module), "libraries": versions}

    def require(self) -> None:
        """Raise SetupError where something is not installed that it is computed with; PluginError where it fails."""
        try:
            self.metric.require(self.params)
        except BenchsuiteError:
            raise
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"the metric {self.asked.id} raised {type(error).__name__}: {on_one_line(error)}",
                where=f"{self.entry.distribution} {self.entry.version}, require() of {self.entry.module}",
                expected="nothing, or a SetupError that says what to install",
                remedy=self._remedy,
            ) from error

    def value(self, predicted: Predicted, what: str) -> float | None:
        """What it gives for these predictions. Raises PluginError."""
        try:
            given = self.metric.compute(self.params, predicted)
        except BenchsuiteError:
            raise
        except (Exception, SystemExit) as error:
            raise self._unusable(what, f"raised {type(error).__name__}: {on_one_line(error)}") from error
        if given is None:
            return None
        if not isinstance(given, Real) or isinstance(given, bool):
            shape = getattr(given, "shape", None)
            form = f"{type(given).__name__} of shape {tuple(shape)}" if shape is not None else f"{given!r:.60}"
            raise self._unusable(what, f"gave {form}, which is no single number")
        least, most = self.asked.least, math.inf if self.asked.most is None else self.asked.most
        value = float(given)
        if not least - ROUNDING <= value <= most + ROUNDING or math.isinf(value):  # no comparison is true of NaN
            raise self._unusable(what, f"gave {value}")
        return min(max(value, least), most)

    def _unusable(self, what: str, how: str) -> PluginError:
        asked, entry = self.asked, self.entry
        high = "any size" if asked.most is None else f"{asked.most:g}"
        return PluginError(
            f"the metric {asked.id} {how}, on {what}",
            where=f"{entry.distribution} {entry.version}, compute() of {entry.module}",
            expected=f"one finite number from {asked.least:g} to {high}, or None where it has no value",
            remedy=self._remedy,
        )

    @property
    def _remedy(self) -> str:
        return f"mend {self.entry.distribution}, or leave the metric out of `metrics`; no result is lost"


def _measured(record: RunRecord, rulers: Sequence[Ruler], store: Store, splits: Sequence[str]) -> dict[str, float]:
    listed = record.files.get(PREDICTIONS)
    known = store.read_measured(record.key)
    kept = dict(known)
    found: dict[str, float] = {}
    predictions: Predictions | None = None
    for ruler in rulers:
        for split in splits:
            what = {**ruler.identity, "split": split}
            classes = list(record.dataset.classes) if record.dataset is not None else []
            decided = {**what, **ruler.code, "predictions": listed.sha256 if listed else record.predictions_hash}
            identity = digest({**decided, "classes": classes})
            if not _is_value(known.get(identity)):
                predictions = predictions or store.read_predictions(record)
                run = f"the {split} images of run {record.key[:12]} ({record.spec.case.name}, seed {record.spec.seed})"
                value = ruler.value(predicted_of(predictions, split, classes), run)
                kept = {name: one for name, one in kept.items() if not _is_of(one, what)}
                kept[identity] = {**what, "value": value}
            else:
                value = known[identity]["value"]
            if value is not None:
                found[f"{split}_{ruler.asked.id}"] = value
    if kept != known:
        store.write_measured(record.key, kept)
    return found


def _is_value(found: object) -> bool:
    """Whether this is a value that was kept: a cache may hold anything."""
    return isinstance(found, dict) and (
        found.get("value", "") is None or (isinstance(found.get("value"), float) and math.isfinite(found["value"]))
    )


def _is_of(found: object, what: Mapping[str, Any]) -> bool:
    """Whether a kept value is of this metric with these parameters on this split, whatever decided it."""
    return isinstance(found, dict) and all(found.get(name) == value for name, value in what.items())


def predicted_of(predictions: Predictions, split: str, classes: Sequence[str]) -> Predicted:
    """What was predicted for a split, as plugins are told of it: arrays that cannot be changed."""
    from benchsuite.contracts.metric import Predicted

    arrays = [getattr(predictions, f"{split}_{name}").view() for name in ("probabilities", "labels")]
    for array in arrays:
        array.flags.writeable = False
    return Predicted(arrays[0], arrays[1], tuple(classes))
