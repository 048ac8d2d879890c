"""Which executor carries out a study: the one door through which commands come to one."""

from __future__ import annotations

from benchsuite.execution.executor import Executor
from benchsuite.execution.messages import RunWatcher
from benchsuite.identity.numerics import Numerics, find_gpus


def open_executor(numerics: Numerics, watcher: RunWatcher) -> Executor:
    """The executor of runs with these numerics: a worker process for every GPU of their kind, or one for the CPU."""
    from benchsuite.execution.worker_pool import Pool  # starting processes is nothing that planning needs

    gpus = tuple(gpu.uuid for gpu in find_gpus()) if numerics.device == "cuda" else (None,)
    return Pool(numerics, gpus, watcher)
