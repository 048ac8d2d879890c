"""A study whose seeds are divided between two kinds of machine, over a real Dask cluster. Both kinds are this machine:
one of its workers reads of another processor, which its stand-in for /proc/cpuinfo tells of."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchsuite.identity.numerics import processor_name
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from support.dask_cluster import Cluster, cluster, wait_for
from support.plugins import SUITE
from support.program import Program

STAND_IN = """
import os
from pathlib import Path

if file := os.environ.get("STAND_IN_CPUINFO"):
    from benchsuite.identity import numerics

    numerics.CPUINFO = Path(file)
if steps := os.environ.get("STAND_IN_STEPS"):
    from benchsuite.execution import canary

    canary.STEPS = int(steps)
"""
OTHER = "A stand-in for another processor"
STUDY = ("squares_width", "--policy", "sample", "--seeds", "4", "--device", "cpu")

pytestmark = pytest.mark.slow


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster", workers=0) as started:
        yield started


@pytest.fixture
def add(made: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Adds a worker with a cache of its own, which may be of the other kind, or compute otherwise."""
    (tmp_path / "stand-in").mkdir()
    (tmp_path / "stand-in" / "sitecustomize.py").write_text(STAND_IN)
    cpuinfo = tmp_path / "cpuinfo"
    known = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    cpuinfo.write_text(re.sub(r"(?m)^model name.*\n", "", known) + f"\nmodel name\t: {OTHER}\n")

    def added(name: str, *, other: bool = False, steps: int | None = None) -> None:
        with monkeypatch.context() as own:
            own.syspath_prepend(tmp_path / "stand-in")
            own.setenv("BENCHSUITE_CACHE", str(tmp_path / "sites" / name))
            if other:
                own.setenv("STAND_IN_CPUINFO", str(cpuinfo))
            if steps is not None:
                own.setenv("STAND_IN_STEPS", str(steps))
            made.add_worker(name)

    return added


def connected(program: Program, made: Cluster, *names: str) -> tuple[str, ...]:
    """The options that lead to the cluster, once these workers are there."""
    over = ("--executor", "dask", "--executor-option", f"scheduler_file={made.file}")

    def all_there() -> bool:
        told = program.run("doctor", *over).out
        return all(f"({name})" in told for name in names)

    wait_for(f"the workers {names}", all_there, 120)
    return over


def records(results: Path) -> dict[tuple[str, int], RunRecord]:
    found = Store(results / "squares_width@sample").records()
    return {(record.spec.case.name, record.spec.seed): record for record in found if record.status == "done"}


def test_seeds_are_divided_between_two_kinds_and_every_command_knows_it(
    program: Program, made: Cluster, add: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program.suite(SUITE.replace("seeds: 2\ncompare", "seeds: 2\ndevices: by_seed\ncompare"))
    here = program.run("run", *STUDY, "--no-paper", "--no-estimate", "--results", "here")
    assert here.code == 0, here.err
    add("w1")
    add("w2", other=True)
    over = connected(program, made, "w1", "w2")
    done = program.run("run", *STUDY, "--no-estimate", *over)
    assert done.code == 0, done.err
    found, usual = records(program.results), records(program.folder / "here")
    assert found.keys() == usual.keys()
    assert len(found) == 8
    kinds = {seed: {found[case, seed].environment.device_name for case, _ in found} for seed in range(4)}
    assert sorted(map(len, kinds.values())) == [1, 1, 1, 1], "all cases of a seed are made on one kind"
    assert sorted(name for (name,) in map(tuple, kinds.values())) == sorted([processor_name(), OTHER] * 2)
    for place, record in found.items():
        assert (record.key == usual[place].key) == (record.environment.device_name != OTHER)
        assert record.weights_hash == usual[place].weights_hash
        assert record.predictions_hash == usual[place].predictions_hash

    planned = json.loads(program.run("plan", *STUDY, "--json").out)
    assert {(run["case"], run["seed"]): (run["key"], run["status"]) for run in planned["runs"]} == {
        place: (record.key, "done") for place, record in found.items()
    }
    for case, seed in list(found)[:3]:
        told = json.loads(program.run("why", f"squares_width/{case}/{seed}", *STUDY[1:], "--json").out)
        assert [one["status"] for one in told] == ["done"], told
    (paper,) = program.results.rglob("paper.html")
    text = re.sub(r"<[^>]+>|\s+", " ", paper.read_text())
    assert "tipos de máquina" in text
    assert OTHER in text
    again = program.run("paper", *STUDY, "--complete")
    assert again.code == 0, again.err
    assert program.run("check", str(paper.with_suffix(".pdf"))).code == 0
    (fleet,) = program.results.rglob("fleet.json")
    shutil.copytree(program.results, tmp_path / "elsewhere")
    moved = json.loads(program.run("plan", *STUDY, "--json", "--results", str(tmp_path / "elsewhere")).out)
    assert moved["runs"] == planned["runs"]
    fleet.unlink()
    finished = program.run("run", *STUDY, "--no-paper", *over)
    assert "Everything is done already" in finished.out + finished.err, "seeds stay with the kind that made them"


def test_one_kind_makes_a_study_that_does_not_say_by_seed_and_a_deviating_site_makes_nothing(
    program: Program, made: Cluster, add: Callable[..., None]
) -> None:
    add("w1")
    add("w2")
    add("w3", steps=4)
    add("w4", other=True)
    over = connected(program, made, "w1", "w2", "w3", "w4")
    done = program.run("run", *STUDY, "--no-paper", "--no-estimate", *over)
    assert done.code == 0, done.err
    said = " ".join((done.out + done.err).split())
    assert "3 training steps give other bits there" in said
    assert "stays idle: it would give other bits" in said
    assert {record.environment.device_name for record in records(program.results).values()} == {processor_name()}
    assert not list((program.folder / "sites" / "w3").rglob("log.txt"))
