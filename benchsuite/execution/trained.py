"""What is done with finished runs, in a process of its own that computes as they were computed.

The process that asks imports no torch: the environment that its libraries read once is set before they are imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Literal

from benchsuite.errors import BenchsuiteError, WeightsError, WorkerDied
from benchsuite.execution import logs, worker
from benchsuite.execution.messages import TrainedJob
from benchsuite.identity.gpu_trial import usable_gpus
from benchsuite.identity.numerics import Numerics, machine_facts, numerics_of
from benchsuite.identity.source_fingerprint import fingerprints
from benchsuite.processes import ChildProcess, ProcessEnded
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import WEIGHTS, Store


def numerics_like(run: Numerics, device: Literal["auto", "cpu", "cuda"] = "auto") -> Numerics:
    """The numerics of a run as far as this machine has them: its device, threads and precision; where a GPU is not
    here, those of the CPU. Raises DeviceError where what is asked for cannot be had."""
    wanted = run.device if device == "auto" else device
    machine = machine_facts(wanted)
    if device == "auto" and machine.gpu is None:
        wanted = "cpu"
    precision = "fp32" if (wanted, run.precision) == ("cpu", "fp16") else run.precision
    return numerics_of(machine, wanted, run.threads if wanted == "cpu" else None, precision)


def deviations(record: RunRecord, numerics: Numerics) -> list[str]:
    """Why what is computed now may have other bits than the run had."""
    here, then = numerics, record.environment
    found = [
        f"{name} {getattr(here, name)} (the run: {getattr(then, name)})"
        for name in Numerics.model_fields
        if getattr(here, name) != getattr(then, name)
    ]
    planned: Mapping[str, str] = record.key_fields.get("code", {})
    try:
        now = fingerprints(name for name in planned if name != "benchsuite")
    except BenchsuiteError as error:
        return [*found, error.what]
    return found + [f"the code of {name}, which has changed" for name in planned if now[name] != planned[name]]


def weights_of(store: Store, record: RunRecord) -> Path:
    """The weights file of a finished run. Raises WeightsError where it is not here."""
    path = store.folder(record.key) / WEIGHTS
    if not path.is_file():
        raise WeightsError(
            "the weights of this run are not here",
            where=str(path),
            expected=f"the file {WEIGHTS} that the run left",
            remedy="copy it from the machine that made the run, or remove this folder and make the run again:"
            f" benchsuite run {record.spec.suite}",
        )
    return path


def carry_out(job: TrainedJob) -> Any:
    """Have a process do the job; returns what it gives. Raises what it raises, and WorkerDied."""
    gpu = usable_gpus()[0].uuid if job.numerics.device == "cuda" else None
    with ChildProcess(worker.main, job.numerics, gpu, logs.level(), output=DEVNULL) as process:
        try:
            process.send(job)
            while (answer := process.receive())[0] == logs.MESSAGE:
                logs.relay(answer[1], "the trained network")
            kind, content = answer
        except ProcessEnded as ended:
            raise WorkerDied(
                f"the process that had the network ended: {ended}",
                where=job.numerics.device_name,
                expected="memory for the network and a batch of photos",
                remedy="free memory, and start the command again",
            ) from None
    if kind == "error":
        raise content
    return content
