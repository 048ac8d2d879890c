"""Dask: orders to the workers of a cluster that runs already, by ssh, on Slurm, on Kubernetes or on this machine.

An order waits here until a worker that may carry it out has a slot free, and is sent to that one worker: so what is
submitted first is begun first, no order waits behind a long one while another worker is idle, and Dask has nowhere to
rerun an order whose worker is lost, whatever its own rules for that are.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import environ, pathsep
from pathlib import Path

from benchsuite.api import Executor, Handler, Session, SetupError, Survey

from .dask_address import Address, greet, parse_address, read_scheduler_file, tls_context
from .dask_options import DaskParameters

SAMPLE_WORKERS = ("worker-1", "worker-2")
START_SECONDS = 60
"""How long a cluster on this machine may take to start."""
STOP_SECONDS = 5


class Dask(Executor[DaskParameters]):
    """Workers of a Dask cluster that runs already: by ssh, on Slurm, on Kubernetes or on this machine."""

    name = "dask"
    Parameters = DaskParameters

    def open(
        self, options: DaskParameters, handler: Handler, survey: Survey, heard: Callable[[str, bytes], None]
    ) -> Session:
        with _installed():
            from .dask_session import connect
        address = _address(options)
        security, context = tls_context(options.ca, options.cert, options.key) if address.encrypted else (None, None)
        greet(address, context, options.timeout)
        return connect(address, security, options, handler, survey, heard)

    @contextmanager
    def sample(self, options: DaskParameters, folder: Path) -> Iterator[DaskParameters]:
        if options.address is not None or options.scheduler_file is not None:
            yield options
            return
        with _installed():
            from distributed import Client
        with ExitStack() as processes:
            file = folder / "scheduler.json"
            known = ("--scheduler-file", str(file))
            _start(processes, folder, "scheduler", "--port", "0", *known)
            if not _comes(file, START_SECONDS):
                raise SetupError(
                    "a Dask scheduler on this machine does not start",
                    where=str(folder),
                    expected=f"{file.name} within {START_SECONDS} seconds",
                    remedy="read scheduler.log there",
                )
            for name in SAMPLE_WORKERS:
                own = ("--name", name, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder / name))
                _start(processes, folder, "worker", *own, *known)
            with Client(scheduler_file=str(file), set_as_default=False, timeout=START_SECONDS) as client:
                client.wait_for_workers(len(SAMPLE_WORKERS), timeout=START_SECONDS)
            yield options.model_copy(update={"scheduler_file": file, "workers": len(SAMPLE_WORKERS)})


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise SetupError(
            f"Dask is not installed here: there is no module {error.name}",
            where="executor dask",
            expected="distributed, which is not among what benchsuite needs for one machine",
            remedy='pip install "benchsuite[dask]", here as on every machine of the cluster',
        ) from None


def _address(options: DaskParameters) -> Address:
    if options.scheduler_file is not None:
        _comes(options.scheduler_file, options.wait)
        address = read_scheduler_file(options.scheduler_file)
    elif options.address is not None:
        address = parse_address(options.address, "option address")
    else:
        raise SetupError(
            "nothing says where the Dask scheduler is",
            where="executor dask",
            expected="the option address or scheduler_file",
            remedy="add --executor-option address=tls://HOST:8786",
        )
    if not address.encrypted and not address.on_loopback and not options.insecure:
        raise SetupError(
            "this connection would be readable and open to everybody on the network: tcp:// has no TLS",
            where=address.url,
            expected="tls://, or an address of this machine, such as the end of an ssh tunnel",
            remedy="start scheduler and workers with certificates (--tls-ca-file, --tls-cert, --tls-key) and give ca, "
            "cert and key here; insecure=true accepts it on a network that is yours alone",
        )
    return address


def _start(processes: ExitStack, folder: Path, *arguments: str) -> None:
    """Start a `dask` command that listens on this machine alone, and ends with `processes`."""
    name = arguments[arguments.index("--name") + 1] if "--name" in arguments else arguments[0]
    local = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    log = processes.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, *local],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={
            **environ,
            "DASK_TEMPORARY_DIRECTORY": str(folder),
            "PYTHONPATH": pathsep.join(path or str(Path.cwd()) for path in sys.path),
        },
    )
    processes.callback(_stop, process)


def _comes(file: Path, seconds: float) -> bool:
    """Whether a file is there with its content, in time."""
    deadline = time.monotonic() + seconds
    while not (file.exists() and file.stat().st_size):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
