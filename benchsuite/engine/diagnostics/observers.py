"""The observer plugins of a run, called one at a time so that whoever raises can be named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchsuite.contracts.observer import EpochReport, RunInfo, RunSummary
from benchsuite.errors import PluginError
from benchsuite.registry import Registry


class Observers:
    """Tells every observer how `run` goes. Raises PluginError, naming hook and distribution, when one raises.

    All observers are told before the first error is raised: what one of them does must not depend on another.
    """

    def __init__(self, registry: Registry, run: RunInfo) -> None:
        self._run = run
        self._observers = [(name, registry.relay(plugin)) for name, plugin in registry.observers]

    def started(self) -> None:
        self._call("benchsuite_run_started", {})

    def epoch(self, report: EpochReport) -> None:
        self._call("benchsuite_epoch_finished", {"epoch": report})

    def finished(self, summary: RunSummary) -> None:
        self._call("benchsuite_run_finished", {"summary": summary})

    def _call(self, hook: str, facts: Mapping[str, Any]) -> None:
        errors = []
        for name, relay in self._observers:
            try:
                getattr(relay, hook)(run=self._run, **facts)
            except Exception as error:
                errors.append((name, error))
        for name, raised in errors:
            raise PluginError(
                f"an observer raised {type(raised).__name__}: {raised}",
                where=f"{hook} of {name}",
                expected="observers that raise nothing",
                remedy=f"correct or uninstall {name}; the run goes on from its last epoch when started again",
            ) from raised
