"""A small study for the paper's tests, and one paper built from it per session."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite.paper.build import build_paper
from benchsuite.paper.context.material import PaperFiles
from support.paper_material import SAMPLE, make_material


@pytest.fixture(scope="session")
def sample_paper(tmp_path_factory: pytest.TempPathFactory) -> PaperFiles:
    """The paper of a half-done smoke run on the synthetic sample, with hostile prose."""
    folder: Path = tmp_path_factory.mktemp("paper")
    return build_paper(make_material(**SAMPLE), folder)
