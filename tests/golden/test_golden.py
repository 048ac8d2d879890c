"""What an earlier version computed comes out the same, and stays found under its key."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from golden.golden import releases, run_golden, torch_version

ROOT = Path(__file__).parents[2]


@cache
def golden() -> dict[str, Any]:
    return run_golden()


def read(release: Path) -> dict[str, Any]:
    return dict(json.loads(release.read_text(encoding="utf-8")))


def unreleased() -> str:
    """What the changelog says of the version to come."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return changelog.partition("## [Unreleased]")[2].partition("\n## [")[0]


@pytest.mark.parametrize("release", releases(), ids=lambda path: path.stem)
def test_the_runs_of_a_release_come_out_the_same(release: Path) -> None:
    """Unless the changelog says, under «Results change», that they do not."""
    for case, run in read(release).items():
        if torch_version() not in run["torch"]:
            pytest.skip(f"no golden runs of {release.stem} with torch {torch_version()}; `make golden` makes them")
        if golden()[case]["hashes"] != run["torch"][torch_version()]:
            assert "### Results change" in unreleased(), f"{case}: other bits than in {release.stem}"


def test_the_runs_of_the_newest_release_are_still_found_by_their_keys() -> None:
    """A key that changed makes every run of every user due again; the changelog has to say so."""
    newest = releases()[-1]
    for case, run in read(newest).items():
        now = golden()[case]["key"]
        changed = [name for name in run["key"].keys() | now.keys() if run["key"].get(name) != now.get(name)]
        if changed:
            assert "### Results change" in unreleased(), f"{case}: its key has another {' and '.join(sorted(changed))}"


def test_a_key_knows_no_version_of_benchsuite() -> None:
    """An upgrade that changes no deciding code reuses what is there."""
    from benchsuite import __version__

    for run in golden().values():
        assert __version__ not in json.dumps(run["key"])
