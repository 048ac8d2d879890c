"""What can be foreseen of a study before anything is trained: what will be missing, and what is too long. Imports no
torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial

from benchsuite.contracts.recipe import Phase
from benchsuite.engine.diagnostics.last_batch import describe_batch, fitting_sizes, has_batch_of_one
from benchsuite.engine.task import RunTask
from benchsuite.metrics import METRICS
from benchsuite.registry import Registry
from benchsuite.registry.declarations import check_schedules, declared_phases
from benchsuite.suite.prose.references import named_metrics
from benchsuite.suite.schema.suite import Suite


def foresee(suite: Suite, tasks: Iterable[RunTask], registry: Registry, device: str) -> Iterator[str]:
    """Warnings: batches of one image, and metrics that runs on this device will not have."""
    yield from dict.fromkeys(_lonely_images(tasks, registry))
    if device != "cuda":
        for place, name in named_metrics(suite):
            if name in METRICS and METRICS[name].of_gpu:
                yield f"{place} asks for {name}, which no run on the CPU has: it will stay without a value"


def check_lengths(tasks: Iterable[RunTask], registry: Registry) -> None:
    """Raise PluginError for a schedule that is longer than its training, where only the images tell how many steps an
    epoch has. For plans that train as long as their suites say."""
    for task in _different(tasks):
        recipe, images = task.spec.case.recipe, len(task.data.index.train)
        entry = registry.recipe(recipe.qualified_name)
        check_schedules(entry, entry.parse(recipe.parameters), partial(_batches, images))


def _batches(images: int, phase: Phase) -> int:
    return math.ceil(images / phase.batch_size)


def _different(tasks: Iterable[RunTask]) -> Iterable[RunTask]:
    # The resolved recipes of a grid and its data are shared by many runs.
    return {(id(task.spec.case.recipe), id(task.data)): task for task in tasks}.values()


def _lonely_images(tasks: Iterable[RunTask], registry: Registry) -> Iterator[str]:
    for task in _different(tasks):
        recipe, images = task.spec.case.recipe, len(task.data.index.train)
        entry = registry.recipe(recipe.qualified_name)
        for phase in declared_phases(entry, entry.parse(recipe.parameters)):
            if has_batch_of_one(images, phase.batch_size):
                yield (
                    f"{describe_batch(images, phase)}, on which batch normalisation may not be able to train; "
                    f"sizes that fit: {fitting_sizes(images, phase.batch_size)}"
                )
