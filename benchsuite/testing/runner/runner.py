"""The runner: checks the rules of one component in a child process, with a time limit for each.

A check that hangs, exits or crashes its process fails by its name, and the rest go on in a new process.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from benchsuite.processes import ending
from benchsuite.settings import CHECK_SECONDS
from benchsuite.testing.harness.component_source import Origin
from benchsuite.testing.rules.rule import Rule
from benchsuite.testing.runner import worker
from benchsuite.testing.runner.conformance_cards import Check
from benchsuite.testing.runner.worker import Answer

GRACE_SECONDS = 5.0
START_SECONDS = 60.0
"""What a process may take longer for its first check: importing torch on a slow disk."""
MOST_PRINTED = 3000


class Runner:
    """The child process of one component. Use as a context manager; `limit` is in seconds a check."""

    def __init__(self, origin: Origin, given: Mapping[str, Any], limit: float | None = None) -> None:
        self._origin, self._given = origin, dict(given)
        self._limit = CHECK_SECONDS.value() if limit is None else limit
        self._home = Path(tempfile.mkdtemp(prefix="benchsuite-check-"))
        self._process: BaseProcess | None = None
        self._connection: Connection
        self._started = 0
        self._unfit: Answer | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and remove its folders."""
        self._kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def checked(self, rules: tuple[Rule, ...]) -> Iterator[Check]:
        """Check one rule after another."""
        for rule in rules:
            yield self.check(rule)

    def check(self, rule: Rule) -> Check:
        """Check one rule."""
        answer = self._asked(rule)
        printed = self._printed() if answer.status == "failed" else ""
        return Check(
            id=rule.id,
            title=rule.title,
            status=answer.status,
            detail=answer.detail,
            means=rule.means,
            mend=rule.mend,
            printed=printed,
            seconds=round(answer.seconds, 3),
        )

    def _asked(self, rule: Rule) -> Answer:
        if self._process is None and self._unfit is None:
            # A component that could not be loaded once is not tried again for every rule.
            self._start()
            answer = self._answer(self._limit + START_SECONDS)
            self._unfit = answer if answer.status == "failed" else None
        if self._unfit is not None:
            return self._unfit
        try:
            self._connection.send(rule.id)
        except OSError:
            return Answer("failed", f"its process ended between two checks: {self._death()}")
        return self._answer(self._limit)

    def _start(self) -> None:
        self._started += 1
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        folder = self._home / str(self._started)
        folder.mkdir()
        self._process = context.Process(
            target=worker.main,
            args=(theirs, self._origin, self._given, folder, self._output),
            name="benchsuite check",
            daemon=False,  # a daemon may have no children, and a data set may want some
        )
        self._process.start()
        theirs.close()

    def _answer(self, limit: float) -> Answer:
        try:
            if self._connection.poll(limit):
                answer: Answer = self._connection.recv()
                return answer
        except (EOFError, OSError):
            return Answer("failed", f"the process ended: {self._death()}")
        self._kill()
        return Answer("failed", f"it did not finish within {limit:g} s", limit)

    @property
    def _output(self) -> Path:
        return self._home / f"{self._started}.out"

    def _printed(self) -> str:
        try:
            return self._output.read_text(encoding="utf-8", errors="replace").strip("\0 \n")[-MOST_PRINTED:]
        except OSError:
            return ""

    def _death(self) -> str:
        process = self._process
        if process is None:
            return "it was stopped"
        process.join(GRACE_SECONDS)
        code = process.exitcode
        self._kill()
        if code is None:
            return "it closed its connection"
        return ending(code) if code >= 0 else f"killed by {ending(code)}"

    def _kill(self) -> None:
        """End the process and all that it started."""
        process, self._process = self._process, None
        if process is None or process.pid is None:
            return
        self._connection.close()
        try:
            family = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        process.kill()
        for one in family:
            try:
                one.kill()
            except psutil.NoSuchProcess:
                continue
        process.join(GRACE_SECONDS)
