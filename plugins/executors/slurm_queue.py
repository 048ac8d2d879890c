"""The queue of a cluster: jobs go into it through submitit, and squeue, sacct and scancel tell of them and end them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchsuite_plugins.executors.slurm_job import Task

_PATIENCE = 120
"""Seconds that a command of Slurm may take; its own limits are below that."""
_NEVER = "launch failed requeued held"
"""Why Slurm holds a job whose node could not start it: it waits for an administrator."""

_OF_A_JOB = (
    "SLURM_JOB", "SLURM_ARRAY", "SLURM_STEP", "SLURM_TASK", "SLURM_TRES", "SLURM_CPU", "SLURM_MEM", "SLURM_GPU",
    "SLURM_N", "SLURM_PROCID", "SLURM_LOCALID", "SUBMITIT_",
)  # fmt: skip


class Refused(Exception):
    """The queue does not take a job, or says nothing; its own words."""


class Queue(ABC):
    """The jobs of one session."""

    folder: Path
    """Where submitit lays down what jobs do, and what they print."""

    @abstractmethod
    def start(self, site: str, tasks: Sequence[Task]) -> list[str]:
        """Submit a job for each of these tasks; their names, in the same order. Raises Refused."""

    @abstractmethod
    def look(self) -> Mapping[str, str]:
        """The jobs that are waiting or running, each with why it waits. Raises Refused."""

    @abstractmethod
    def why(self, jobs: Collection[str]) -> dict[str, str]:
        """What is known of the end of jobs that are gone: best effort."""

    @abstractmethod
    def stop(self, *, waiting: bool = False) -> None:
        """End all jobs, or only those that wait: best effort."""

    def log(self, job: str) -> str:
        """The last words of a job that are not empty."""
        with suppress(OSError):
            text = (self.folder / f"{job}_0_log.err").read_bytes()[-4000:].decode(errors="replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            return lines[-1][:300] if lines else ""
        return ""


class SlurmQueue(Queue):
    def __init__(self, name: str, folder: Path, sites: Mapping[str, dict[str, Any]], python: str, requeues: int):
        import submitit

        self.folder = folder
        self._name = name
        self._executors: dict[str, Any] = {}
        for site, parameters in sites.items():
            executor = submitit.SlurmExecutor(folder, max_num_timeout=requeues, python=shlex.quote(python))
            executor.update_parameters(job_name=name, **parameters)
            self._executors[site] = executor

    def start(self, site: str, tasks: Sequence[Task]) -> list[str]:
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        try:
            with _outside_jobs():
                return [job.job_id for job in self._executors[site].submit_array(tasks)]
        except (FailedJobError, FailedSubmissionError) as error:
            raise Refused(_words(str(error))) from None

    def look(self) -> dict[str, str]:
        said = _command("squeue", "--noheader", "--array", f"--name={self._name}", "--format=%i|%T|%r")
        jobs = [line.strip().split("|") for line in said.splitlines() if line.count("|") >= 2]
        return {job: why if state == "PENDING" else "" for job, state, why, *_ in jobs if why != _NEVER}

    def why(self, jobs: Collection[str]) -> dict[str, str]:
        with suppress(Refused):
            said = _command(
                "sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={','.join(jobs)}",
                "--format=JobID,State,ExitCode,NodeList",
            )  # fmt: skip
            ends = [line.strip().split("|") for line in said.splitlines() if line.count("|") == 3]
            return {job: f"{state}, exit code {code}, on {nodes}" for job, state, code, nodes in ends}
        return {}

    def stop(self, *, waiting: bool = False) -> None:
        stop_named(self._name, waiting=waiting)


@contextmanager
def _outside_jobs() -> Iterator[None]:
    """Hide the job that this command may run in itself: sbatch would take its limits for those of what it submits.

    What users set for themselves stays, as SLURM_CONF and SBATCH_ACCOUNT.
    """
    inside = "SLURM_JOB_ID" in os.environ
    inherited = {name: value for name, value in os.environ.items() if inside and name.startswith(_OF_A_JOB)}
    for name in inherited:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(inherited)


def stop_named(name: str, *, waiting: bool = False) -> None:
    """End the jobs of this name, which may be another session's."""
    with suppress(Refused):
        _command("scancel", f"--name={name}", *(["--state=PENDING"] if waiting else []))


class LocalQueue(Queue):
    """Jobs as processes of this machine, to try things out."""

    def __init__(self, folder: Path, minutes: float):
        import submitit

        self.folder = folder
        self._executor = submitit.LocalExecutor(folder, python=shlex.quote(sys.executable))
        self._executor.update_parameters(timeout_min=minutes, signal_delay_s=1)
        self._executor._throttling = 0.0
        self._jobs: dict[str, Any] = {}

    def start(self, site: str, tasks: Sequence[Task]) -> list[str]:
        started = {job.job_id: job for job in self._executor.submit_array(tasks)}
        self._jobs |= started
        return list(started)

    def look(self) -> dict[str, str]:
        self._jobs = {name: job for name, job in self._jobs.items() if not job.done()}
        return dict.fromkeys(self._jobs, "")

    def why(self, jobs: Collection[str]) -> dict[str, str]:
        return {}

    def stop(self, *, waiting: bool = False) -> None:
        for job in [] if waiting else self._jobs.values():
            with suppress(OSError):
                job.cancel(check=False)


def _command(*command: str) -> str:
    environment = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"{command[0]}: {error}") from None
    if done.returncode:
        raise Refused(_words(done.stderr) or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def _words(text: str) -> str:
    return " ".join(text.split())[:400]
