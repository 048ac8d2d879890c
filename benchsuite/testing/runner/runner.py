"""The runner: checks the rules of one component in a child process, with a time limit for each.

A check that hangs, exits or crashes its process fails by its name, and the rest go on in a new process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchsuite.atomic_files import scratch_folder
from benchsuite.processes import ChildProcess, ProcessEnded
from benchsuite.settings import CHECK_SECONDS
from benchsuite.testing.harness.component_source import Origin
from benchsuite.testing.rules.rule import Rule
from benchsuite.testing.runner import worker
from benchsuite.testing.runner.conformance_cards import Check
from benchsuite.testing.runner.worker import CheckResult

START_SECONDS = 60.0
"""What a process may take longer for its first check: importing torch on a slow disk."""
MOST_PRINTED = 3000


class Runner:
    """The child process of one component. Use as a context manager; `limit` is in seconds a check."""

    def __init__(self, origin: Origin, given: Mapping[str, Any], limit: float | None = None) -> None:
        self._origin, self._given = origin, dict(given)
        self._limit = CHECK_SECONDS.value() if limit is None else limit
        self._scratch = scratch_folder("check")
        self._home = Path(self._scratch.name)
        self._process: ChildProcess | None = None
        self._started = 0
        self._load_failure: CheckResult | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and remove its folders."""
        self._kill()
        self._scratch.cleanup()

    def check(self, rule: Rule) -> Check:
        """Check one rule."""
        answer = self._ask(rule)
        printed = self._printed() if answer.status == "failed" else ""
        return Check(
            id=rule.id,
            title=rule.title,
            status=answer.status,
            detail=answer.detail,
            means=rule.means,
            remedy=rule.remedy,
            printed=printed,
            seconds=round(answer.seconds, 3),
        )

    def _ask(self, rule: Rule) -> CheckResult:
        if self._process is None and self._load_failure is None:
            # A component that could not be loaded once is not tried again for every rule.
            self._start()
            answer = self._answer(self._limit + START_SECONDS)
            self._load_failure = answer if answer.status == "failed" else None
        return self._load_failure or self._answer(self._limit, rule.id)

    def _start(self) -> None:
        self._started += 1
        folder = self._home / str(self._started)
        folder.mkdir()
        self._process = ChildProcess(worker.main, self._origin, self._given, folder, output=self._output)

    def _answer(self, seconds: float, rule: str | None = None) -> CheckResult:
        """What the process says next, after it was asked for `rule` if for any."""
        assert self._process is not None
        try:
            with self._process.limited(seconds):
                if rule is not None:
                    self._process.send(rule)
                answer: CheckResult = self._process.receive()
                return answer
        except ProcessEnded as ended:
            self._kill()
            if ended.timed_out:
                return CheckResult("failed", f"it did not finish within {seconds:g} s", seconds)
            return CheckResult("failed", f"the process ended: {ended}")

    @property
    def _output(self) -> Path:
        return self._home / f"{self._started}.out"

    def _printed(self) -> str:
        try:
            return self._output.read_text(encoding="utf-8", errors="replace").strip("\0 \n")[-MOST_PRINTED:]
        except OSError:
            return ""

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()
