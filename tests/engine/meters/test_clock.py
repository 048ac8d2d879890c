"""The clock of a run goes with the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

STOP_SECONDS = 2.0
PROGRAM = """
import sys, time
from threading import Thread
from benchsuite.engine.meters import clock
clock.start()
Thread(target=time.sleep, args=(600,), daemon=True).start()
wall, own = time.perf_counter(), clock.seconds()
print("started", flush=True)
sys.stdin.readline()
time.sleep(0.3)
own = clock.seconds() - own
print(time.perf_counter() - wall, own, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
@pytest.mark.parametrize("stops", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_stands_still_while_the_process_is_stopped(stops: int) -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        for _ in range(stops):
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(STOP_SECONDS)
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.3)
        out, _ = process.communicate("\n")
    wall, own = map(float, out.split())
    assert 0 < own <= wall
    assert (wall - own > stops * STOP_SECONDS) if stops else (wall - own < 0.001)
