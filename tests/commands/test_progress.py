"""Progress in lines: a line for each run, and lines on epochs that come the rarer the longer a study takes."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from benchsuite.commands import progress
from benchsuite.commands.progress import LINE_SECONDS, Bars, Lines, display
from benchsuite.contracts.observer import EpochReport
from benchsuite.engine.task import RunTask

REPORT = EpochReport("train", 1, 0.5, 0.5, 0.5, 0.5, 0.001, 1.0, ())


class Titled:
    title = "one, seed 0"


TASK = cast(RunTask, Titled())


def lines_after(seconds: float, every: float, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> int:
    """How many lines so many seconds of epochs give, one each `every` seconds."""
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = Lines(1, 0)
    while now < seconds:
        now += every
        lines.epoch(TASK, REPORT, 1000)
    return len(capsys.readouterr().err.splitlines())


def test_epochs_are_told_of_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert lines_after(60, 1, monkeypatch, capsys) == 60 // LINE_SECONDS


def test_a_study_of_days_leaves_a_log_that_can_be_read(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    hour = lines_after(3600, 1, monkeypatch, capsys)
    days = lines_after(3 * 86400, 10, monkeypatch, capsys)
    assert 50 < hour < days < 250


def test_bars_are_for_the_one_study_of_the_main_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.messages, "_force_terminal", True)
    assert isinstance(display(1, 0), Bars)
    made: list[object] = []
    thread = threading.Thread(target=lambda: made.append(display(1, 0)))
    thread.start()
    thread.join(60)
    assert isinstance(made[0], Lines)
