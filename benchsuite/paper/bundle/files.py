"""The names of the files that a paper carries, and what each is."""

from __future__ import annotations

from benchsuite.paper.document.blocks import RESULTS

SUITE, ENVIRONMENT, LOCK = "suite.yaml", "environment.json", "requirements.txt"
BIBTEX = ".bib"
OF_STUDY = "+"
"""In the paper of a report, what stands between the name of a study and that of its file."""
PHOTO, MISTAKE = "photo-{:03d}.jpg", "mistake-{:03d}.jpg"

CONTENTS = {RESULTS: "results", SUITE: "suite", ENVIRONMENT: "environment", LOCK: "lock"}


def content_of(name: str) -> str:
    """What a file of this name holds, in a word that the catalogues know."""
    of_study = name.partition(OF_STUDY)[2]
    return CONTENTS.get(name) or CONTENTS.get(of_study) or ("bibliography" if name.endswith(BIBTEX) else "photo")
