"""Slurm: orders are carried out by jobs, which sbatch takes and which speak through a folder that all machines share.

Nothing of benchsuite lives on between jobs, and no port is opened. What kind of job to ask for is declared in the
options, and is a site; where several kinds of machines are to be used, each is one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from benchsuite_plugins.executors.slurm_job import Desk
from benchsuite_plugins.executors.slurm_queue import LocalQueue, Queue, Refused, SlurmQueue
from benchsuite_plugins.executors.slurm_session import NAME, Limits, SlurmSession, folder_error
from pydantic import Field

from benchsuite.api import Executor, Handler, Parameters, Session, SetupError, Survey

_Word = Annotated[str, Field(pattern=r"^[^\s'\"\\]+$", max_length=200)]
_Line = Annotated[str, Field(pattern=r"^[^\r\n]+$", max_length=1000)]
_COMMANDS = ("sbatch", "squeue", "scancel", "srun")


class SlurmJobs(Parameters):
    """One kind of job: what is asked of Slurm for it."""

    partition: _Word | None = None
    """Partition, or several with commas between them; none is the cluster's default."""
    account: _Word | None = None
    """Account that is charged."""
    qos: _Word | None = None
    """Quality of service."""
    constraint: _Word | None = None
    """Features that a node must have, such as a100&nvlink."""
    exclude: _Word | None = None
    """Nodes that are given no job, such as node7,node[12-14]."""
    gpus: int = Field(default=0, ge=0, le=16)
    """GPUs of a job. A run uses one."""
    gres: _Word | None = None
    """Generic resources, such as gpu:a100:1; the way to ask for one kind of GPU."""
    cpus: int = Field(default=4, ge=1, le=1024)
    """Cores of a job."""
    memory: int = Field(default=16, ge=1, le=65536)
    """Memory of a job in GB."""
    minutes: int = Field(default=240, ge=1, le=525600)
    """Time limit of a job. One that reaches it is submitted again, and goes on."""
    most: int = Field(default=8, ge=1, le=1000)
    """Jobs at once."""
    setup: tuple[_Line, ...] = Field(default=(), max_length=100)
    """Commands of the shell before Python starts on a node, such as module load cuda."""


class SlurmOptions(SlurmJobs):
    sites: dict[_Word, SlurmJobs] = Field(default_factory=dict, max_length=100)
    """Several kinds of jobs, by a name for each; what one does not set is as it is beside them."""
    folder: Path = Path("~/.cache/benchsuite/slurm")
    """Folder that this machine and all nodes share, under the same path: jobs and answers meet there."""
    python: str = Field(default=sys.executable, min_length=1, max_length=1000)
    """Python on the nodes, with benchsuite[slurm]; this one by default."""
    chunk: int = Field(default=8, ge=1, le=1000)
    """Most orders that one job carries out, one after another."""
    patience: float = Field(default=60.0, gt=0, le=43200)
    """Minutes for which the first job may wait in the queue."""
    look: float = Field(default=15.0, ge=0.1, le=600)
    """Seconds between two questions to squeue."""
    silence: float = Field(default=30.0, ge=2, le=3600)
    """Seconds without a sign of life of this command after which its jobs end."""
    tolerance: float = Field(default=300.0, ge=0, le=86400)
    """Seconds for which Slurm, or the folder, may fail before this command gives up."""
    grace: int = Field(default=60, ge=5, le=3600)
    """Seconds before its time limit at which a job is told to submit itself again."""
    requeues: int = Field(default=100, ge=0, le=10000)
    """How often a job that has reached its time limit is submitted again."""
    cluster: Literal["slurm", "local"] = "slurm"
    """local: the jobs are processes of this machine, without Slurm, to try things out."""

    def kinds(self) -> dict[str, SlurmJobs]:
        """The declared sites by their names."""
        common = {name: getattr(self, name) for name in SlurmJobs.model_fields}
        if not self.sites:
            return {self.partition or "slurm": SlurmJobs(**common)}
        return {name: SlurmJobs(**(common | jobs.model_dump(exclude_unset=True))) for name, jobs in self.sites.items()}


class Slurm(Executor[SlurmOptions]):
    """Jobs of Slurm, which speak with the session that submits them through a folder that all machines share."""

    name: ClassVar[str] = "slurm"
    Parameters: ClassVar[type[Parameters]] = SlurmOptions

    def open(
        self, options: SlurmOptions, handler: Handler, survey: Survey, heard: Callable[[str, bytes], None]
    ) -> Session:
        _check_programs(options)
        kinds = options.kinds()
        folder = options.folder.expanduser().absolute()
        desk = Desk(folder / f"{NAME}{secrets.token_hex(6)}")
        limits = Limits(
            most={name: jobs.most for name, jobs in kinds.items()},
            chunk=options.chunk,
            look=options.look,
            silence=options.silence,
            tolerance=options.tolerance,
            patience=options.patience * 60,
        )
        try:
            _check_folder(folder)
            desk.lay_out()
            queue = _queue(options, kinds, desk)
            session: Session = SlurmSession(desk, queue, limits, handler, survey, heard)
            return session
        except OSError as error:
            shutil.rmtree(desk.folder, ignore_errors=True)
            raise folder_error(error, folder) from None
        except Refused as error:
            queue.stop()
            shutil.rmtree(desk.folder, ignore_errors=True)
            raise SetupError(
                f"Slurm does not take a job: {error}",
                where=f"sbatch, for {', '.join(kinds)}",
                expected="a partition, account and resources that this user may have",
                remedy="see sinfo and sacctmgr show associations user=$USER, and name them with --executor-option "
                "partition=NAME, account=NAME, qos=NAME",
            ) from None

    @contextmanager
    def sample(self, options: SlurmOptions, folder: Path) -> Iterator[SlurmOptions]:
        """Two sites whose jobs are processes of this machine, unless a partition or sites are named."""
        if options.partition or options.sites:
            yield options
            return
        sites = {"first": SlurmJobs(most=1), "second": SlurmJobs(most=1)}
        quick: dict[str, Any] = {"look": 0.5, "silence": 5.0}
        yield options.model_copy(
            update={"cluster": "local", "folder": folder, "sites": sites, "python": sys.executable, **quick}
        )


def _queue(options: SlurmOptions, kinds: dict[str, SlurmJobs], desk: Desk) -> Queue:
    if options.cluster == "local":
        return LocalQueue(desk.jobs, max(jobs.minutes for jobs in kinds.values()))
    parameters = {name: _parameters(jobs, options) for name, jobs in kinds.items()}
    return SlurmQueue(desk.folder.name, desk.jobs, parameters, options.python, options.requeues)


def _parameters(jobs: SlurmJobs, options: SlurmOptions) -> dict[str, Any]:
    """What submitit calls these."""
    names = ("partition", "account", "qos", "constraint", "exclude", "gres")
    asked: dict[str, Any] = {name: getattr(jobs, name) for name in names if getattr(jobs, name) is not None}
    asked |= {"gpus_per_node": jobs.gpus} if jobs.gpus else {}
    return asked | {
        "cpus_per_task": jobs.cpus,
        "mem": f"{jobs.memory}GB",
        "time": jobs.minutes,
        "array_parallelism": jobs.most,
        "setup": list(jobs.setup) or None,
        "signal_delay_s": options.grace,
        "wckey": None,
        # A job whose node fails, or that is preempted without a signal, starts again as well.
        "additional_parameters": {"requeue": True},
    }


def _check_programs(options: SlurmOptions) -> None:
    try:
        import submitit  # noqa: F401
    except ImportError:
        raise SetupError(
            "the package submitit is not installed",
            where=sys.prefix,
            expected="submitit, here and on the nodes",
            remedy="pip install 'benchsuite[slurm]'",
        ) from None
    missing = [command for command in _COMMANDS if shutil.which(command) is None]
    if missing and options.cluster == "slurm":
        raise SetupError(
            f"there is no {missing[0]}",
            where="the PATH",
            expected=f"the commands of Slurm: {', '.join(_COMMANDS)}",
            remedy="start this on a machine from which jobs are submitted (a login node), or load Slurm's module",
        )


def _check_folder(folder: Path) -> None:
    """What is in the folder is run on the nodes as this user: it must be theirs alone to write. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SetupError(
            "others can write to the folder from which jobs are started",
            where=str(folder),
            expected="a folder of your own, to which nobody else can write",
            remedy=f"chmod go-w {folder}, or name another one with --executor-option folder=PATH",
        )
