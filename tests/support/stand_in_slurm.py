"""A cluster that is not there: Slurm's commands, with processes of this machine as jobs.

As a module it puts the commands into a folder, and lets tests close the nodes, make commands fail, and send signals. As
a program it is each of the commands, and the controller of an array: it starts its jobs, starts them anew when they
are requeued, and ends them.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

COMMANDS = ("sbatch", "squeue", "sacct", "scancel", "scontrol", "srun")
_LASTS = 120.0
_KNOWN = (
    "array", "constraint", "cpus-per-task", "error", "exclude", "gpus-per-node", "gres", "job-name", "mem", "nodes",
    "open-mode", "output", "partition", "account", "qos", "requeue", "signal", "time",
)  # fmt: skip
_THERE = ("PENDING", "RUNNING")


class StandInSlurm:
    def __init__(self, folder: Path) -> None:
        self.state, self.commands = folder / "state", folder / "bin"
        for made in (self.commands, self.state / "jobs", self.state / "scripts"):
            made.mkdir(parents=True)
        for command in COMMANDS:
            program = self.commands / command
            words = (sys.executable, "-S", "-E", __file__, command, str(self.state))
            program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            program.chmod(0o755)

    def make_fail(self, command: str, message: str) -> None:
        (self.state / f"{command}-fails").write_text(message)

    def mend(self, command: str) -> None:
        (self.state / f"{command}-fails").unlink()

    def close_nodes(self) -> None:
        (self.state / "nodes-closed").touch()

    def open_nodes(self) -> None:
        (self.state / "nodes-closed").unlink()

    def scripts(self) -> list[str]:
        return [path.read_text() for path in sorted((self.state / "scripts").iterdir())]

    def running(self) -> list[str]:
        return [job.name for job in _jobs(self.state) if _read(job / "state") == "RUNNING"]

    def all_jobs(self) -> list[str]:
        return [job.name for job in _jobs(self.state)]

    def most_at_once(self) -> int:
        """How many jobs ran at once, at most, in any array."""
        return max((int(_read(path)) for path in self.state.glob("most-*")), default=0)

    def starts(self, job: str) -> int:
        return len(_read(self.state / "jobs" / job / "starts").split())

    def signal(self, job: str, number: signal.Signals) -> None:
        """Send a signal to the processes of a job's step, as Slurm does."""
        os.kill(int(_read(self.state / "jobs" / job / "step")), number)

    def preempt(self, job: str) -> None:
        """End a job and let it wait again, without the signal that it asked for."""
        (self.state / "jobs" / job / "requeue").touch()

    def stop(self) -> None:
        """End everything, and wait for it."""
        (self.state / "stop").touch()
        until = time.monotonic() + 20
        while list(self.state.glob("controller-*")):
            assert time.monotonic() < until, "the stand-in's jobs did not end"
            time.sleep(0.05)


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text()
    return ""


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.replace(path)


def _jobs(state: Path) -> list[Path]:
    return sorted((state / "jobs").iterdir())


def _fail(text: str) -> None:
    sys.stderr.write(text + "\n")
    raise SystemExit(1)


def sbatch(state: Path, arguments: list[str]) -> None:
    (script,) = arguments
    text = Path(script).read_text()
    flags = dict(re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", text, flags=re.MULTILINE))
    flags = {name: "".join(shlex.split(value)) for name, value in flags.items()}
    for name in flags:
        if name not in _KNOWN:
            _fail(f"sbatch: unrecognized option '--{name}'")
    if flags.get("partition") == "absent":
        _fail("sbatch: error: invalid partition specified: absent")
    number = 1000
    while True:
        with suppress(FileExistsError):
            (state / f"id-{number}").mkdir()
            break
        number += 1
    copy = state / "scripts" / str(number)
    copy.write_text(text)
    array = re.fullmatch(r"0-(\d+)%(\d+)", flags.get("array", ""))
    count, parallel = (int(array[1]) + 1, int(array[2])) if array else (0, 1)
    for name in [f"{number}_{index}" for index in range(count)] or [str(number)]:
        job = state / "jobs" / name
        job.mkdir()
        _write(job / "name", flags["job-name"])
        _write(job / "output", flags["output"])
        _write(job / "state", "PENDING")
    (state / f"controller-{number}").touch()
    subprocess.Popen(
        [sys.executable, "-S", "-E", __file__, "controller", str(state), str(number), str(count), str(parallel)],
        start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sys.stdout.write(f"Submitted batch job {number}\n")


def controller(state: Path, arguments: list[str]) -> None:
    number, count, parallel = (int(argument) for argument in arguments)
    jobs = [state / "jobs" / name for name in [f"{number}_{index}" for index in range(count)] or [str(number)]]
    processes: dict[Path, subprocess.Popen[bytes]] = {}
    most, until = 0, time.monotonic() + _LASTS
    while any(_read(job / "state") in _THERE for job in jobs):
        stop = (state / "stop").exists() or time.monotonic() > until
        for job in jobs:
            process = processes.get(job)
            if process is None:
                if stop or (job / "cancel").exists():
                    _end(job, "CANCELLED", 0)
                elif _read(job / "state") == "PENDING" and not (
                    len(processes) >= parallel or (state / "nodes-closed").exists()
                ):
                    processes[job] = _begin(state, number, job, count > 0)
                continue
            requeue = (job / "requeue").exists()
            if process.poll() is None:
                if stop:
                    _signal(process, signal.SIGKILL)
                elif requeue or (job / "cancel").exists():
                    if not (job / "ending").exists():
                        _write(job / "ending", str(time.monotonic()))
                        _signal(process, signal.SIGTERM)
                    elif time.monotonic() - float(_read(job / "ending")) > 1.0:
                        _signal(process, signal.SIGKILL)
                continue
            _signal(process, signal.SIGKILL)  # what a job leaves behind ends with it
            del processes[job]
            if requeue and not stop:
                (job / "requeue").unlink()
                (job / "ending").unlink(missing_ok=True)
                _write(job / "state", "PENDING")
            else:
                _end(job, "CANCELLED" if (job / "cancel").exists() else "", process.returncode)
        most = max(most, len(processes))
        _write(state / f"most-{number}", str(most))
        time.sleep(0.03)
    (state / f"controller-{number}").unlink()


def _begin(state: Path, number: int, job: Path, array: bool) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    environment |= {"SLURM_JOB_ID": job.name, "STAND_IN_JOB": str(job)}
    if array:
        environment |= {"SLURM_ARRAY_JOB_ID": str(number), "SLURM_ARRAY_TASK_ID": job.name.partition("_")[2]}
    with (job / "starts").open("a") as stream:
        stream.write("start\n")
    _write(job / "state", "RUNNING")
    output = Path(_expand(_read(job / "output"), job.name))
    with output.open("ab") as stream:
        return subprocess.Popen(
            ["bash", str(state / "scripts" / str(number))],
            env=environment, start_new_session=True, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
        )  # fmt: skip


def _expand(pattern: str, job: str) -> str:
    array, _, index = job.partition("_")
    for name, value in (("%A", array), ("%a", index), ("%j", job), ("%t", "0")):
        pattern = pattern.replace(name, value)
    return pattern


def _end(job: Path, state: str, code: int) -> None:
    _write(job / "code", str(code))
    _write(job / "state", state or ("COMPLETED" if code == 0 else "FAILED"))


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def srun(state: Path, arguments: list[str]) -> None:
    job = Path(os.environ["STAND_IN_JOB"])
    streams = {"--output": 1, "--error": 2}
    while arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option in streams:
            file = _expand(arguments.pop(0), job.name)
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), streams[option])
        elif option != "--unbuffered":
            _fail(f"srun: unrecognized option '{option}'")
    _write(job / "step", str(os.getpid()))
    os.execvp(arguments[0], arguments)


def _options(arguments: list[str], known: tuple[str, ...]) -> dict[str, str]:
    options = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
    for name in options:
        if name not in known:
            _fail(f"unrecognized option '--{name}'")
    return options


def squeue(state: Path, arguments: list[str]) -> None:
    options = _options(arguments, ("noheader", "array", "name", "format"))
    for job in _jobs(state):
        now = _read(job / "state")
        if now in _THERE and _read(job / "name") == options["name"]:
            sys.stdout.write(f"{job.name}|{now}|{'Resources' if now == 'PENDING' else 'None'}\n")


def sacct(state: Path, arguments: list[str]) -> None:
    options = _options(arguments, ("noheader", "parsable2", "allocations", "jobs", "format"))
    for name in options["jobs"].split(","):
        job = state / "jobs" / name
        sys.stdout.write(f"{name}|{_read(job / 'state')}|{abs(int(_read(job / 'code') or 0))}:0|node7\n")


def scancel(state: Path, arguments: list[str]) -> None:
    options = _options(arguments, ("name", "state"))
    for job in _jobs(state):
        states = (options["state"],) if "state" in options else _THERE
        if _read(job / "name") == options["name"] and _read(job / "state") in states:
            (job / "cancel").touch()


def scontrol(state: Path, arguments: list[str]) -> None:
    command, name = arguments
    if command != "requeue":
        _fail(f"scontrol: unknown command {command}")
    (state / "jobs" / name / "requeue").touch()


def _main(command: str, folder: str, *arguments: str) -> None:
    state = Path(folder)
    if message := _read(state / f"{command}-fails"):
        _fail(message)
    programs = {
        "sbatch": sbatch, "controller": controller, "srun": srun, "squeue": squeue, "sacct": sacct,
        "scancel": scancel, "scontrol": scontrol,
    }  # fmt: skip
    programs[command](state, list(arguments))


if __name__ == "__main__":
    _main(*sys.argv[1:])
