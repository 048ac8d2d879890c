"""The suites that ship: the files of studies, and of what gathers them, and the papers that they have."""

from __future__ import annotations

from pathlib import Path

from benchsuite.suite.reader import is_report

SUITES = Path(__file__).resolve().parents[2] / "suites"
FILES = sorted(SUITES.glob("*.yaml"))
STUDIES = [file for file in FILES if not is_report(file)]
TRANSLATED = [file for file in STUDIES if "\ntranslations:" in file.read_text(encoding="utf-8")]
PAPERS = [*((file, "es") for file in FILES), *((file, "en") for file in TRANSLATED)]
"""Every suite with each language that its prose is written in."""
REPORTS = [file for file in FILES if is_report(file)]
