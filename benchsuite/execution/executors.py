"""Which executor carries out a study: the one door through which commands come to one."""

from __future__ import annotations

from benchsuite.execution.executor import Executor
from benchsuite.execution.messages import RunWatcher
from benchsuite.identity.gpu_trial import usable_gpus
from benchsuite.identity.numerics import Numerics


def open_executor(numerics: Numerics, watcher: RunWatcher) -> Executor:
    """The executor of runs with these numerics: a worker process for every GPU of their kind, or one for the CPU."""
    from benchsuite.execution.worker_pool import Pool  # starting processes is nothing that planning needs

    if numerics.device != "cuda":
        return Pool(numerics, (None,), watcher)
    kind = numerics.device_name, numerics.driver, numerics.capability, numerics.cores
    usable = usable_gpus()
    idle = [gpu.name for gpu in usable if gpu.model != kind]
    if idle:
        watcher.say(f"GPUs that would give other bits than the {numerics.device_name} stay idle: {', '.join(idle)}")
    return Pool(numerics, tuple(gpu.uuid for gpu in usable if gpu.model == kind), watcher)
