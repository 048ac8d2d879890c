"""The worker process: makes one run after another on its device, until told to stop or its parent is gone.

Messages from the parent are a RunTask, a ProbeJob, or None to stop; answers are (kind, content) pairs, the last of
each job being ("result", ...) or ("error", exception). While a run is made, everything the process prints goes into
the run's log.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import Timeout

from benchsuite.contracts.observer import EpochReport
from benchsuite.engine.determinism import configure, prepare_environment
from benchsuite.engine.task import RunTask
from benchsuite.execution.jobs import Busy, Probe, ProbeJob
from benchsuite.identity.numerics import Numerics
from benchsuite.registry import registry
from benchsuite.store.folders import LOG, Store
from benchsuite.store.record import RunRecord

if TYPE_CHECKING:
    from benchsuite.contracts.recipe import Recipe


def main(connection: Connection, numerics: Numerics, gpu: int | None) -> None:
    """Serve jobs over `connection`. Returns when the parent says so or has gone away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    try:
        prepare_environment(numerics, gpu)
        configure(numerics)
        while (job := connection.recv()) is not None:
            try:
                answer: tuple[str, object] = ("result", _serve(job, connection))
            except (BrokenPipeError, ConnectionResetError):
                raise
            except Exception as error:
                answer = ("error", error)
            connection.send(answer)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:
        connection.send(("error", error))


def _serve(job: RunTask | ProbeJob, connection: Connection) -> RunRecord | Probe | Busy:
    if isinstance(job, ProbeJob):
        return _probe(job.task)
    store = Store(job.results)
    lock = store.lock(job.key.key)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return Busy(job.key.key)
    try:
        known = store.read(job.key.key)
        if known is not None and known.status == "done":
            return known
        return _carry(job, store, connection)
    finally:
        lock.release()


def _carry(task: RunTask, store: Store, connection: Connection) -> RunRecord:
    from benchsuite.engine.run import carry

    with _logging(store.folder(task.key.key) / LOG):
        watcher = _Watcher(connection)
        watcher.log(f"run {task.key.key}: {task.spec.suite}, {task.title}")
        record = carry(task, registry(), watcher)
        watcher.log(f"{record.status}" + (f": {record.failure.what}" if record.failure else ""))
        return record


class _Watcher:
    """Tells the parent, and the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def log(self, text: str) -> None:
        print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)

    def say(self, text: str) -> None:
        self.log(text)
        self._connection.send(("say", text))

    def epoch(self, report: EpochReport, max_epochs: int) -> None:
        self.log(
            f"epoch {report.epoch} of {max_epochs}: train loss {report.train_loss:.4f}, accuracy "
            f"{report.train_accuracy:.4f}; validation loss {report.validation_loss:.4f}, accuracy "
            f"{report.validation_accuracy:.4f}; {report.seconds:.2f} s"
        )
        self._connection.send(("epoch", (report, max_epochs)))

    def steps(self, epoch: int, done: int, total: int) -> None:
        self._connection.send(("steps", (epoch, done, total)))


@contextmanager
def _logging(file: Path) -> Iterator[None]:
    """Send standard output and error of the whole process, native code included, to `file`."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with file.open("ab", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        faulthandler.enable(log)
        try:
            yield
        finally:
            faulthandler.disable()
            sys.stdout.flush()
            sys.stderr.flush()
            for saved, stream in zip(kept, (1, 2), strict=True):
                os.dup2(saved, stream)
                os.close(saved)


def _probe(task: RunTask) -> Probe:
    import torch

    from benchsuite.contracts.dataset import Dataset
    from benchsuite.contracts.model import Model, Task
    from benchsuite.engine import cost, freeze
    from benchsuite.engine.features import cut
    from benchsuite.engine.loop import Arithmetic
    from benchsuite.engine.network import build
    from benchsuite.engine.run import is_cacheable

    case = task.spec.case
    parts = {
        role: getattr(registry(), role)(f"{component.distribution}:{component.name}")
        for role, component in (("dataset", case.dataset), ("model", case.model), ("recipe", case.recipe))
    }
    recipe = cast("Recipe[Any]", parts["recipe"].component)
    phases = recipe.phases(parts["recipe"].parse(case.recipe.parameters))
    preprocessing = cast(Dataset[Any], parts["dataset"].component).preprocessing(
        parts["dataset"].parse(case.dataset.parameters)
    )
    shape = Task(len(task.data.index.classes), *preprocessing.size)
    network = build(
        cast(Model[Any], parts["model"].component),
        parts["model"].parse(case.model.parameters),
        shape,
        task.spec.seed,
        task.weights.file,
    )
    arithmetic = Arithmetic(torch.device(task.numerics.device), task.numerics.precision)
    network.module.to(arithmetic.device)
    cacheable = is_cacheable(bool(preprocessing.augmentations), recipe)
    frozen = freeze.resolve(phases[-1].freeze, network.stages)
    freeze.apply(frozen, network.stages)
    facts = cost.model_facts(network, frozen, cut(network, frozen, cacheable), shape)
    n, held_out, test = len(task.data.index.train), len(task.data.index.validation), len(task.data.index.test)
    seconds = setup = 0.0
    feature_bytes = 0
    for phase in phases:
        measured = cost.time_phase(network, phase, cacheable, arithmetic, shape)
        steps = -(-n // phase.batch_size)
        seconds += phase.max_epochs * (
            steps * measured.seconds_per_step + held_out * measured.validation_seconds_per_image
        )
        setup += (n + held_out + test) * measured.prefix_seconds_per_image
        feature_bytes += (n + held_out + test) * measured.feature_bytes_per_image
    epochs = sum(phase.max_epochs for phase in phases)
    return Probe(
        parameters_total=facts.parameters_total,
        parameters_trainable=facts.parameters_trainable,
        forward_flops=facts.forward_flops,
        train_flops=facts.train_flops,
        seconds_per_epoch=seconds / epochs,
        setup_seconds=setup,
        max_epochs=epochs,
        feature_bytes=feature_bytes,
        weights_bytes=sum(tensor.nbytes for tensor in network.module.state_dict().values()),
    )
