"""Handlers of orders, and a survey, for tests of executors: functions that sites import by their names."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path

from benchsuite.api import Channel, DataError


def survey() -> bytes:
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode()


def echo(order: bytes, channel: Channel) -> bytes:
    return order[::-1]


def told(order: bytes, channel: Channel) -> bytes:
    """As many messages as the order says."""
    for number in range(int(order)):
        channel.tell(b"message %d \x00\xff\n" % number)
    return b"told"


def failing(order: bytes, channel: Channel) -> bytes:
    raise DataError("no such photo", where=order.decode(), remedy="look for it")


def patient(order: bytes, channel: Channel) -> bytes:
    """Goes on until it is cancelled, for a minute at most; the order names a file that says when it began and ended."""
    marks = Path(order.decode())
    marks.with_suffix(".begun").write_text(str(os.getpid()))
    until = time.monotonic() + 60
    while not channel.cancelled() and time.monotonic() < until:
        time.sleep(0.05)
    marks.with_suffix(".ended").write_text(str(channel.cancelled()))
    return b"patient"


def noted(order: bytes, channel: Channel) -> bytes:
    """Adds the order to a file; the order is the file's path, and a number of tenths of seconds to wait."""
    path, number, tenths = order.decode().split()
    with Path(path).open("a") as stream:
        stream.write(f"{number}\n")
    time.sleep(int(tenths) / 10)
    return number.encode()


def killed_once(order: bytes, channel: Channel) -> bytes:
    """Ends its process the first time; the order is a path, and whether it is this one that does so."""
    path, kills = order.decode().split()
    if kills == "kills" and not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return b"alive"


def listening(order: bytes, channel: Channel) -> bytes:
    """How many sockets this process and those around it listen on."""
    import psutil

    here = psutil.Process()
    family = [here, *here.children(recursive=True)]
    return str(
        sum(one.status == psutil.CONN_LISTEN for process in family for one in process.net_connections())
    ).encode()


def client(folder: str, marks: str, started: str) -> None:
    """A command that has an order carried out and waits for it, until it is killed."""
    from benchsuite_plugins.executors.slurm import Slurm, SlurmOptions

    options = SlurmOptions(folder=Path(folder), cluster="local", most=1, silence=2.0, look=0.5)
    session = Slurm().open(options, patient, survey, lambda ticket, message: None)
    while session.pending():
        time.sleep(0.05)
    answer = session.submit("one", marks.encode(), frozenset(site.name for site in session.sites()))
    Path(started).touch()
    answer.result(60)
