"""The benchsuite program as a user meets it: in this process with `Program.run`, or started with `Program.start`.

Each has folders of its own for suites, plugins, cache and results, no network and one thread.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchsuite.cli import main
from benchsuite.registry import registry
from support.plugins import SUITE, TINY, install

ONE_SCREEN = 25
RATE = """\
name: rate
title: La tasa de aprendizaje
dataset: {name: image_folder, folder: photos, image_size: 16}
model: {name: mlp, hidden: [4]}
recipe: {name: train, max_epochs: 2, batch_size: 16}
"""
"""The beginning of a suite on photos of the user's own; what is varied of it, and more, is the test's."""


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code, its results and its messages."""

    code: int
    out: str
    err: str

    def refused(self, *words: str, code: int = 2) -> None:
        """Assert a refusal on one screen, without a traceback, that says each of `words`."""
        text = self.out + self.err
        assert self.code == code, f"exit code {self.code}\n{text}"
        assert "Traceback" not in text
        assert "error:" in self.err
        assert len(self.err.splitlines()) <= ONE_SCREEN, self.err
        for word in words:
            assert word in self.err, f"{word!r} is not in\n{self.err}"


@dataclass(frozen=True)
class Program:
    """The program below one temporary folder."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    @property
    def plugins(self) -> Path:
        return self.folder / "plugins"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def smoke_runs(self) -> Path:
        return self.results / "squares_width@sample" / "runs"

    def install(self, distribution: str, source: str) -> Path:
        """Install a plugin and have it discovered."""
        file = install(self.plugins, distribution, source)
        self.patch.delitem(sys.modules, file.stem, raising=False)
        registry.cache_clear()
        return file

    def suite(self, text: str | bytes = SUITE, name: str = "squares_width") -> Path:
        """Write `suites/<name>.yaml`."""
        path = self.folder / "suites" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, *arguments: str) -> Outcome:
        """Run a command in this process."""
        self.capture.readouterr()
        self.patch.setattr(sys, "argv", ["benchsuite", *arguments])
        try:
            main()
            code: object = 0
        except SystemExit as leaving:
            code = leaving.code or 0
        text = self.capture.readouterr()
        assert isinstance(code, int)
        return Outcome(code, text.out, text.err)

    def planned(self, suite: str, *options: str) -> dict[str, Any]:
        """What `plan --json` tells."""
        plan = self.run("plan", suite, *options, "--json")
        assert plan.code == 0, plan.err
        return dict(json.loads(plan.out))

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command as a process group of its own, which Ctrl-C reaches even where the tests run in the
        background and ignore it."""
        return subprocess.Popen(
            [sys.executable, "-m", "benchsuite", *arguments],
            env={**os.environ, "PYTHONPATH": str(self.plugins), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def make_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
) -> Iterator[Program]:
    """A program with the tiny plugin and its suite; a fixture's body."""
    for name in ("BENCHSUITE_DATA", "BENCHSUITE_RESULTS", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "BENCHSUITE_CACHE": str(tmp_path / "cache"),
        "BENCHSUITE_CARDS": str(tmp_path / "cards"),
        "BENCHSUITE_PLUGINS": "",
        "BENCHSUITE_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TORCH_HOME": str(tmp_path / "torch"),
        "COLUMNS": "120",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "plugins"))
    made = Program(tmp_path, capture, monkeypatch)
    made.install("tiny-squares", TINY)
    made.suite()
    yield made
    registry.cache_clear()
