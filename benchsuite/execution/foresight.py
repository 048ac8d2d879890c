"""What can be foreseen of a study's results before anything is trained, for warnings. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchsuite.engine.diagnostics.last_batch import describe_batch, fitting_sizes, has_batch_of_one
from benchsuite.engine.task import RunTask
from benchsuite.metrics import METRICS
from benchsuite.registry import Registry
from benchsuite.registry.declarations import declared_phases
from benchsuite.suite.prose.references import asked_metrics
from benchsuite.suite.schema.suite import Suite


def foresee(suite: Suite, tasks: Iterable[RunTask], registry: Registry, device: str) -> Iterator[str]:
    """Warnings: batches of one image, and metrics that runs on this device will not have."""
    yield from dict.fromkeys(_lonely_images(tasks, registry))
    if device != "cuda":
        for place, name in asked_metrics(suite):
            if name in METRICS and METRICS[name].of_gpu:
                yield f"{place} asks for {name}, which no run on the CPU has: it will stay without a value"


def _lonely_images(tasks: Iterable[RunTask], registry: Registry) -> Iterator[str]:
    # The resolved recipes of a grid and its data are shared by many runs.
    different = {(id(task.spec.case.recipe), id(task.data)): task for task in tasks}
    for task in different.values():
        recipe, images = task.spec.case.recipe, len(task.data.index.train)
        entry = registry.recipe(recipe.qualified_name)
        for phase in declared_phases(entry, entry.parse(recipe.parameters)):
            if has_batch_of_one(images, phase.batch_size):
                yield (
                    f"{describe_batch(images, phase)}, on which batch normalisation may not be able to train; "
                    f"sizes that fit: {fitting_sizes(images, phase.batch_size)}"
                )
