"""A real Dask cluster on this machine: a scheduler and workers, each a process, which listen on loopback alone."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from benchsuite.api import Session, Site

T = TypeVar("T")

LOOPBACK = {"127.0.0.1", "::1"}
LIMIT = 60.0
"""Seconds that anything may take before a test gives up on it."""
WITHOUT_BENCHSUITE = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("benchsuite", "benchsuite_plugins", "support"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Finder())
"""


def wait_for(what: str, found: Callable[[], T | None], limit: float = LIMIT) -> T:
    """What `found` gives, once it gives something."""
    deadline = time.monotonic() + limit
    while not (result := found()):
        assert time.monotonic() < deadline, f"{limit:g} seconds without {what}"
        time.sleep(0.02)
    return result


@dataclass
class Cluster:
    """The processes of a cluster, below a folder of its own."""

    folder: Path
    tls: tuple[str, ...] = ()
    scheduler: subprocess.Popen[bytes] | None = None
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        content = json.loads(self.file.read_text())
        return str(content["address"])

    def start(self, workers: int = 2, nanny: bool = False, bare: bool = False) -> None:
        self.scheduler = self._start("scheduler", "scheduler", "--port", "0", patch=WITHOUT_BENCHSUITE if bare else "")
        wait_for("the scheduler's file", lambda: self.file.exists() and self.file.stat().st_size > 0)
        for number in range(workers):
            self.add_worker(f"w{number + 1}", nanny=nanny)

    def add_worker(
        self, name: str, nanny: bool = False, bare: bool = False, patch: str = "", largest: int | None = None
    ) -> None:
        """Another worker, whose Python begins with `patch`, as do the processes that it starts; no file that they write
        may be larger than `largest`, as on a disk that is full."""
        patch = WITHOUT_BENCHSUITE if bare else patch
        own = ("--name", name, "--nthreads", "1", "--local-directory", str(self.folder / name))
        self.workers[name] = self._start(
            name, "worker", *own, "--nanny" if nanny else "--no-nanny", patch=patch, largest=largest
        )

    def _start(
        self, name: str, *arguments: str, patch: str = "", largest: int | None = None
    ) -> subprocess.Popen[bytes]:
        path = [entry or str(Path.cwd()) for entry in sys.path]
        if patch:
            own = self.folder / f"{name}-patch"
            own.mkdir(exist_ok=True)
            (own / "sitecustomize.py").write_text(patch)
            path.insert(0, str(own))
        local = ("--scheduler-file", str(self.file), "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
        protocol = ("--protocol", "tls") if self.tls else ()
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, *local, *protocol, *self.tls],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(self.folder), "PYTHONPATH": os.pathsep.join(path)},
                preexec_fn=lambda: largest and resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
            )

    def processes(self) -> list[psutil.Process]:
        started = [process for process in (self.scheduler, *self.workers.values()) if process is not None]
        alive = [psutil.Process(process.pid) for process in started if process.poll() is None]
        return [*alive, *(child for process in alive for child in process.children(recursive=True))]

    def listening(self) -> set[str]:
        """The addresses on which they listen."""
        found = set()
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                sockets = process.net_connections("inet")
                found |= {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}
        return found

    def end_workers(self) -> None:
        """Kill them, and what they have started."""
        scheduler, self.scheduler = self.scheduler, None
        self.end()
        self.scheduler = scheduler
        self.workers.clear()

    def end(self) -> None:
        for process in self.processes():
            process.kill()
        for started in (self.scheduler, *self.workers.values()):
            if started is not None:
                started.wait(LIMIT)


@contextmanager
def cluster(
    folder: Path, workers: int = 2, nanny: bool = False, bare: bool = False, tls: tuple[str, ...] = ()
) -> Iterator[Cluster]:
    """A cluster for as long as the context lasts; `bare` is a scheduler to which benchsuite is not installed."""
    made = Cluster(folder, tls)
    try:
        made.start(workers, nanny, bare)
        yield made
        assert made.listening() <= LOOPBACK, "nobody else may reach what tests start"
    finally:
        made.end()


def usable(session: Session, count: int) -> tuple[Site, ...]:
    """The sites to which orders can be given, once there are `count`."""

    def found() -> tuple[Site, ...] | None:
        sites = tuple(site for site in session.sites() if not site.trouble)
        return sites if len(sites) == count else None

    return wait_for(f"{count} sites", found)


def certificates(folder: Path) -> dict[str, Path]:
    """An authority, and a certificate that it signed: `ca`, `cert` and `key`."""
    folder.mkdir()
    made = {name: folder / f"{name}.pem" for name in ("ca", "ca_key", "cert", "key", "request")}

    def openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=LIMIT)

    new = ("req", "-newkey", "rsa:2048", "-nodes", "-subj")
    openssl(*new, "/CN=authority", "-x509", "-days", "2", "-keyout", made["ca_key"], "-out", made["ca"])
    openssl(*new, "/CN=member", "-keyout", made["key"], "-out", made["request"])
    signed = ("-CA", made["ca"], "-CAkey", made["ca_key"], "-CAcreateserial", "-days", "2")
    openssl("x509", "-req", "-in", made["request"], *signed, "-out", made["cert"])
    return {name: made[name] for name in ("ca", "cert", "key")}
