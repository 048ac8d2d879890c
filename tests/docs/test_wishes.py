"""Every row of the page of wishes does what it says, in as many lines, and goes on exactly after a stop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchsuite.engine.run.execute import execute
from benchsuite.execution.measuring import measure
from benchsuite.execution.preparation import Place, prepare
from benchsuite.registry import Registry, discover, registry
from benchsuite.store.run_store import Store
from benchsuite.suite import Plan, Suite, expand, parse_suite
from support.engine import Killed, Silent, Stopper, one_thread, outcome
from support.pages import write
from support.wishes import Wish, base, draw_photos, wishes

WISHES = list(wishes())
LIBRARIES = {"timm": "timm", "huggingface": "pyarrow"}
"""What runs of these components need beside benchsuite."""
each_wish = pytest.mark.parametrize("wish", WISHES, ids=[wish.wish for wish in WISHES])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of a user's own, with photos in it; what files of plugins are imported is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(sys, "path", list(sys.path))
    draw_photos(tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """Let files of plugins be imported anew, from wherever they are."""
    for wish in WISHES:
        if wish.file and wish.file.caption:
            sys.modules.pop(wish.file.caption.removesuffix(".py"), None)


def made(wish: Wish, folder: Path) -> tuple[Suite, Plan, Registry]:
    """The suite of a row with its plan, and what its reader has."""
    found = registry() if wish.file is None else discover(local=[write(wish.file, folder)])
    assert wish.file is None or not [bad for bad in found.quarantined if bad.distribution == "local"]
    suite = parse_suite(wish.suite.encode(), "asked.yaml", found)
    return suite, expand(suite, found), found


def test_there_is_a_row_for_each_of_many_wishes() -> None:
    assert len(WISHES) >= 40
    assert len({wish.wish for wish in WISHES}) == len(WISHES)


@each_wish
def test_a_row_says_how_many_lines_it_takes(wish: Wish) -> None:
    assert wish.lines == wish.counted


@each_wish
def test_the_lines_of_a_row_make_a_study_and_change_it(wish: Wish, here: Path) -> None:
    suite, plan, found = made(wish, here)
    plain = parse_suite(base().encode(), "asked.yaml", found)
    assert plan.runs
    assert plan != expand(plain, found) or suite.paper.figures != plain.paper.figures or suite.claims != plain.claims
    if all(line.startswith(("metrics:", "plugins:")) for line in wish.written):
        assert plan.cases == expand(plain, found).cases, "a metric makes no run due"


@pytest.mark.slow
@each_wish
def test_a_run_that_was_stopped_goes_on_with_the_same_bits(wish: Wish, here: Path) -> None:
    for component, library in LIBRARIES.items():
        if f"name: {component}" in wish.suite:
            pytest.importorskip(library)
    _, plan, found = made(wish, here)
    short = plan.model_copy(
        update={"cases": plan.cases[-1:], "seeds": plan.seeds[:1], "sequential": None, "search": None}
    )
    place = Place("auto", None, here / "cache", here / "results", device="cpu", threads=1)
    (task,) = prepare(short, found, place, download=False, say=lambda _: None).tasks
    with one_thread():
        whole = execute(task, found, Silent())
        assert whole.failure is None, whole.failure
        stopped = replace(task, results=here / "stopped")
        with pytest.raises(Killed):
            execute(stopped, found, Stopper(1), checkpoint_interval=0.0)
        again = execute(stopped, found, Silent())
    assert again.resumed == 1
    assert outcome(again) == outcome(whole)
    measured = measure({whole.key: whole}, plan.metrics, found, Store(task.results))[whole.key].measured
    for metric in plan.metrics:
        assert {f"validation_{metric.id}", f"test_{metric.id}"} <= measured.keys()
