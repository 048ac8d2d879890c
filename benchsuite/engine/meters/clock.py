"""The clock of a run: it stands still while the process is stopped, as Ctrl-Z and SIGSTOP do it."""

from __future__ import annotations

import signal
import sys
import time
from threading import Thread

BEAT_SECONDS = 0.1
"""How often the clock sees that the process is not stopped; it may be wrong by so much for each stop."""

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
    while sys.platform == "linux":
        before = time.perf_counter()
        if signal.sigtimedwait({signal.SIGCONT}, BEAT_SECONDS) is not None:
            _stopped += time.perf_counter() - before
