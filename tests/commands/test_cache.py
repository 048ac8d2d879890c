"""`benchsuite cache`: what it counts, and what it leaves alone."""

from __future__ import annotations

import json

import pytest
from filelock import FileLock

from benchsuite.atomic_files import temporary_path
from support.program import Program

FILES = {
    "datasets/beans/train.parquet": 300,
    "weights/resnet18.pth": 200,
    "samples/beans-12/beans/train/a.jpg": 10,
    "images/0a.u8": 40,
    "images/0a.lock": 0,
    "features/0b.features": 50,
    "features/0b.json": 5,
    "digests/0c.json": 7,
    "records/0e.json": 9,
    "papers/0d.json": 3,
    "proposals/0f.json": 4,
    "listings/0b.json": 6,
    "sites/runs/0f0f0f0f/record.json": 14,
}


@pytest.fixture
def filled(program: Program) -> Program:
    for name, size in FILES.items():
        path = program.cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return program


def test_it_counts_what_each_part_holds(filled: Program) -> None:
    found = {row["name"]: (row["count"], row["bytes"]) for row in json.loads(filled.run("cache", "--json").out)}
    assert found == {
        "datasets": (1, 300),
        "weights": (1, 200),
        "sites/runs": (1, 14),
        "unpacked": (0, 0),
        "samples": (1, 10),
        "images": (1, 40),
        "features": (1, 55),
        "digests": (1, 7),
        "records": (1, 9),
        "papers": (1, 3),
        "proposals": (1, 4),
        "listings": (1, 6),
    }
    assert str(filled.cache) in filled.run("cache").out


def test_clearing_removes_what_can_be_made_again_and_keeps_downloads(filled: Program) -> None:
    outcome = filled.run("cache", "--clear")
    assert outcome.code == 0
    assert "removed 134 B" in outcome.out
    left = {str(path.relative_to(filled.cache)) for path in filled.cache.rglob("*") if path.is_file()}
    assert left == {
        "datasets/beans/train.parquet",
        "weights/resnet18.pth",
        "images/0a.lock",
        "sites/runs/0f0f0f0f/record.json",
    }


def test_clearing_all_removes_downloads_too(filled: Program) -> None:
    assert filled.run("cache", "--clear", "--all").code == 0
    assert not list(filled.cache.glob("datasets/*"))
    assert not list(filled.cache.glob("weights/*"))
    assert not list(filled.cache.glob("sites/runs/*"))


def test_a_run_that_is_being_made_for_another_machine_stays(filled: Program) -> None:
    run = filled.cache / "sites/runs/0f0f0f0f"
    with FileLock(run / ".lock"):
        outcome = filled.run("cache", "--clear", "--all")
    assert "in use" in outcome.err
    assert (run / "record.json").exists()


def test_what_another_process_is_making_stays(filled: Program) -> None:
    with FileLock(filled.cache / "images" / "0a.lock"):
        outcome = filled.run("cache", "--clear")
    assert "in use" in outcome.err
    assert (filled.cache / "images" / "0a.u8").exists()


def test_what_is_being_written_stays_and_what_the_dead_left_goes(filled: Program) -> None:
    living = temporary_path(filled.cache / "images" / "0c.u8")
    pid, start = living.name.split("-")[2:4]
    dead = living.with_name(living.name.replace(f"-{pid}-{start}-", f"-{pid}-{int(start) - 1}-"))
    for path in (living, dead):
        path.write_bytes(b"x")
    assert filled.run("cache", "--clear").code == 0
    assert living.exists()
    assert not dead.exists()


def test_all_without_clear_is_refused(filled: Program) -> None:
    assert filled.run("cache", "--all").code == 2
    assert (filled.cache / "weights" / "resnet18.pth").exists()


def test_an_empty_cache_is_no_error(program: Program) -> None:
    assert program.run("cache").code == 0
    assert program.run("cache", "--clear").code == 0
