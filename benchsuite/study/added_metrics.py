"""Metrics of plugins for stored runs, asked for from Python: nothing is trained, and no suite need name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchsuite.execution.measuring import measure, require_metrics
from benchsuite.metrics import METRICS, of_splits
from benchsuite.registry import registry
from benchsuite.store.run_store import Store
from benchsuite.study.arguments import wrong
from benchsuite.study.outcomes import Run
from benchsuite.suite.cases.asked_metrics import planned_metric
from benchsuite.suite.source.problems import Mark, SuiteError
from benchsuite.suite.source.yaml_nodes import from_plain

Asked = Iterable[str] | Mapping[str, Mapping[str, Any]]
"""Metrics as a suite asks for them, by what they are to be called; or just their names."""
EXPECTED = "names of metrics, or mappings of their parameters by names that no metric of benchsuite has"


def with_metrics(runs: Sequence[Run], asked: Asked) -> tuple[Run, ...]:
    """The runs, those that are done with these metrics beside their own. Raises SuiteError, PluginError, SetupError or
    StoreError."""
    known = registry()
    if isinstance(asked, str):
        asked = (asked,)
    if not isinstance(asked, Iterable):
        raise wrong("metrics", asked, EXPECTED)
    given = dict(asked) if isinstance(asked, Mapping) else {name: {} for name in asked}
    for name, parameters in given.items():
        if not isinstance(name, str) or any(one in METRICS for one in of_splits(name)):
            raise wrong("metrics", name, EXPECTED)
        if not isinstance(parameters, Mapping):
            raise wrong("metrics", parameters, EXPECTED)
    planned = []
    for name, parameters in given.items():
        resolved, metric = planned_metric(name, from_plain(parameters, Mark("metrics")), known)
        if metric is None:
            raise SuiteError(resolved.problems)
        planned.append(metric)
    require_metrics(planned, known)
    told = []
    for run in runs:
        store = Store(run.folder.parent.parent)
        record = store.read(run.key) if run.status == "done" else None
        if record is not None:
            (record,) = measure({run.key: record}, planned, known, store).values()
        told.append(run if record is None else replace(run, metrics={**run.metrics, **record.measured}))
    return tuple(told)
