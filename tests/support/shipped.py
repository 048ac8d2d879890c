"""The suites that ship: the files of studies, and of what gathers them."""

from __future__ import annotations

from pathlib import Path

from benchsuite.suite.reader import is_report

SUITES = Path(__file__).resolve().parents[2] / "suites"
FILES = sorted(SUITES.glob("*.yaml"))
STUDIES = [file for file in FILES if not is_report(file)]
REPORTS = [file for file in FILES if is_report(file)]
