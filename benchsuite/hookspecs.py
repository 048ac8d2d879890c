"""Every hook of benchsuite. A plugin implements the ones it needs with `@benchsuite.api.hookimpl`.

A distribution announces its plugin module (or object) in the entry-point group `benchsuite`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pluggy

from benchsuite.contracts.dataset import Dataset
from benchsuite.contracts.executor import Executor
from benchsuite.contracts.figure import Figure
from benchsuite.contracts.metric import Metric
from benchsuite.contracts.model import Model
from benchsuite.contracts.observer import EpochReport, RunInfo, RunSummary
from benchsuite.contracts.recipe import Recipe

hookspec = pluggy.HookspecMarker("benchsuite")
hookimpl = pluggy.HookimplMarker("benchsuite")


@hookspec
def benchsuite_datasets() -> Iterable[type[Dataset[Any]]]:
    """Data sets that this plugin provides. Must not import torch."""
    raise NotImplementedError


@hookspec
def benchsuite_models() -> Iterable[type[Model[Any]]]:
    """Models that this plugin provides. Must not import torch."""
    raise NotImplementedError


@hookspec
def benchsuite_recipes() -> Iterable[type[Recipe[Any]]]:
    """Training recipes that this plugin provides. Must not import torch."""
    raise NotImplementedError


@hookspec
def benchsuite_metrics() -> Iterable[type[Metric[Any]]]:
    """Metrics that this plugin computes from stored predictions. Must not import torch."""
    raise NotImplementedError


@hookspec
def benchsuite_figures() -> Iterable[type[Figure[Any]]]:
    """Figures that this plugin provides for papers. Must not import torch."""
    raise NotImplementedError


@hookspec
def benchsuite_executors() -> Iterable[type[Executor[Any]]]:
    """Executors that this plugin provides. Must not import torch, nor the engine."""
    raise NotImplementedError


@hookspec
def benchsuite_suite_folders() -> Iterable[Path]:
    """Folders whose `*.yaml` files are suites."""
    raise NotImplementedError


@hookspec
def benchsuite_run_started(run: RunInfo) -> None:
    """A run is about to train. Called in the process that carries it."""


@hookspec
def benchsuite_epoch_finished(run: RunInfo, epoch: EpochReport) -> None:
    """An epoch has finished, its validation metrics included."""


@hookspec
def benchsuite_run_finished(run: RunInfo, summary: RunSummary) -> None:
    """A run has ended, well or badly."""
