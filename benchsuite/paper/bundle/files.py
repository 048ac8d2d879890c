"""The names of the files that a paper carries, and what each is."""

from __future__ import annotations

from benchsuite.paper.document.blocks import RESULTS

SUITE, ENVIRONMENT, LOCK = "suite.yaml", "environment.json", "requirements.txt"
BIBTEX = ".bib"
PHOTO, MISTAKE = "photo-{:03d}.jpg", "mistake-{:03d}.jpg"

CONTENTS = {RESULTS: "results", SUITE: "suite", ENVIRONMENT: "environment", LOCK: "lock"}


def content_of(name: str) -> str:
    """What a file of this name holds, in a word that the catalogues know."""
    return CONTENTS.get(name) or ("bibliography" if name.endswith(BIBTEX) else "photo")
