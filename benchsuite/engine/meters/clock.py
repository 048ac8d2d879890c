"""The clock of a run: it stands still while the process is stopped, as Ctrl-Z and SIGSTOP do it."""

from __future__ import annotations

import signal
import sys
import time
from threading import Thread

BEAT_SECONDS = 0.05
"""How often the clock sees that the process is not stopped; it may be wrong by twice as much for each stop."""

_stopped = 0.0


def start() -> None:
    """See from here on when the process is stopped, where the system tells (Linux). To be called before other threads
    are started: one that takes the signal would keep it from the clock."""
    if sys.platform == "linux":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})  # which still lets the process go on
        Thread(target=_beat, daemon=True).start()


def seconds() -> float:
    """Seconds since some moment, those in which the process was stopped left out."""
    return time.perf_counter() - _stopped


def _beat() -> None:
    global _stopped
    earlier = before = time.perf_counter()
    while sys.platform == "linux":
        stopped = signal.sigtimedwait({signal.SIGCONT}, BEAT_SECONDS) is not None
        now = time.perf_counter()
        if stopped:
            _stopped += now - earlier  # not the last beat but the one before: the stop may lie between the two
            before = now
        earlier, before = before, now
