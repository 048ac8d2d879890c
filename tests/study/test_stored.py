"""Stored studies: they are opened without data or a suite, and what cannot be opened is told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import benchsuite
from benchsuite.errors import StoreError
from benchsuite.store.run_store import Store
from support.program import Program
from support.runs import put_run
from support.site import make_reported
from support.synthetic import make_plan

SUITE = make_plan().suite


def test_a_results_folder_holds_its_studies_by_name(program: Program) -> None:
    records = [put_run(program.results, seed=seed) for seed in range(3)]
    put_run(program.results / f"{SUITE}@sample", seed=0, sample=True)
    studies = benchsuite.load(program.results)
    assert isinstance(studies, benchsuite.Studies)
    assert list(studies) == [SUITE, f"{SUITE}@sample"]
    assert [run.key for run in studies[SUITE].runs] == [record.key for record in records]
    assert [one.sample for one in studies.values()] == [False, True]
    assert "3 runs done" in repr(studies)
    assert "3 runs done" in studies._repr_html_()
    assert len(studies) == 2


def test_a_study_is_opened_by_its_folder_or_its_name(program: Program) -> None:
    put_run(program.results, seed=1)
    smoke = put_run(program.results / f"{SUITE}@sample", seed=0, sample=True)
    for study in (
        benchsuite.load(f"results/{SUITE}"),
        benchsuite.load(program.results / SUITE),
        benchsuite.load("results", SUITE),
    ):
        assert isinstance(study, benchsuite.Study)
        assert (study.name, study.sample, [run.seed for run in study.runs]) == (SUITE, False, [1])
    sample = benchsuite.load("results", f"{SUITE}@sample")
    assert (sample.sample, [run.key for run in sample.runs]) == (True, [smoke.key])
    assert repr(sample) == f"<study {SUITE}, synthetic sample: 1 run done>"


def test_the_smoke_run_is_meant_where_there_is_nothing_else(program: Program) -> None:
    put_run(program.results / f"{SUITE}@sample", seed=0, sample=True)
    assert benchsuite.load("results", SUITE).sample


def test_of_each_case_and_seed_it_is_the_newest_run(program: Program) -> None:
    old = put_run(program.results, seed=0, started="2026-01-01T00:00:00Z", finished="2026-01-01T00:01:00Z")
    new = old.model_copy(update={"key": "f" * 32, "finished": "2026-01-02T00:00:00Z"})
    store = Store(program.results)
    for name in new.files:
        store.write_file(new.key, name, (store.folder(old.key) / name).read_bytes())
    store.write(new)
    (run,) = benchsuite.load("results", SUITE).runs
    assert run.key == new.key
    assert run.folder == store.folder(new.key)


def test_a_stored_study_has_frames_and_shows_itself_without_its_suite(program: Program) -> None:
    for seed in range(2):
        put_run(program.results, seed=seed)
    study = benchsuite.load("results", SUITE)
    assert study.frame()["seed"].to_pylist() == [0, 1]
    assert study.frame(by="epoch").num_rows == sum(len(run.epochs) for run in study.runs)
    assert SUITE in study._repr_html_()
    with pytest.raises(benchsuite.BenchsuiteError) as told:
        study.frame(by="seed")  # type: ignore[arg-type]
    assert "'run', 'epoch'" in str(told.value)


def test_a_folder_that_holds_nothing_is_told(program: Program) -> None:
    program.results.mkdir()
    for place in ("results", "nowhere", "results/nothing"):
        with pytest.raises(StoreError) as told:
            benchsuite.load(place)
        assert told.value.remedy is not None
        assert "benchsuite.run" in told.value.remedy


def test_a_study_that_is_not_there_is_told_with_those_that_are(program: Program) -> None:
    put_run(program.results, seed=0)
    with pytest.raises(StoreError, match=SUITE):
        benchsuite.load("results/another")
    with pytest.raises(StoreError, match=SUITE):
        benchsuite.load("results", "another")


def test_results_of_a_newer_version_are_told_as_such(program: Program) -> None:
    record = put_run(program.results, seed=0)
    file = Store(program.results).folder(record.key) / "record.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema_version": 99}))
    with pytest.raises(StoreError, match="schema version 99") as told:
        benchsuite.load("results")
    assert told.value.remedy is not None
    assert "newer benchsuite" in told.value.remedy


def test_damaged_runs_are_told_and_left_out(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    kept, damaged = (put_run(program.results, seed=seed) for seed in range(2))
    (Store(program.results).folder(damaged.key) / "record.json").write_text("{")
    assert [run.key for run in benchsuite.load("results", SUITE).runs] == [kept.key]
    assert "damaged record" in capsys.readouterr().err
    (Store(program.results).folder(kept.key) / "record.json").write_text("{")
    with pytest.raises(StoreError, match="no study is stored here"):
        benchsuite.load("results")


@pytest.mark.parametrize("place", ["", None, 3])
def test_a_folder_that_is_no_path_is_told(program: Program, place: object) -> None:
    with pytest.raises(benchsuite.BenchsuiteError, match="folder is "):
        benchsuite.load(place)  # type: ignore[call-overload]


def test_opening_needs_neither_torch_nor_data(program: Program) -> None:
    put_run(program.results, seed=0)
    code = (
        "import sys, benchsuite; study = benchsuite.load('results', sys.argv[1]); study.frame(); study._repr_html_();"
        "print(len(study.runs), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, SUITE], cwd=program.folder, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == ["1", "False"]


def test_a_study_stays_where_it_is_when_the_notebook_goes_elsewhere(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(program.results, seed=0)
    study = benchsuite.load("results", SUITE)
    monkeypatch.chdir("/")
    assert study.folder == program.results / SUITE
    assert all(run.folder.is_dir() for run in study.runs)


def test_a_frame_without_pyarrow_is_refused_with_what_to_install(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_run(program.results, seed=0)
    study = benchsuite.load("results", SUITE)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(benchsuite.BenchsuiteError) as told:
        study.frame()
    assert told.value.remedy == "pip install 'benchsuite[frames]'"


def test_reports_are_opened_beside_the_studies_and_by_their_folder(program: Program) -> None:
    make_reported(program.results)
    studies = benchsuite.load("results")
    assert isinstance(studies, benchsuite.Studies)
    assert list(studies) == [SUITE]
    assert list(studies.reports) == ["both"]
    report = benchsuite.load("results/both")
    assert isinstance(report, benchsuite.Report)
    assert (report.name, report.sample, report.folder) == ("both", False, program.results / "both")
    first, second = report.steps
    assert (first.study, first.label, first.chosen, first.begun) == ("step1", "step1", "freeze_blocks=2", "lost")
    assert (second.begun, second.claims) == (None, ())
    assert [claim.id for claim in first.claims] == ["high"]
    assert 0 < (first.test_accuracy or 0) < 1
    assert report.paper().pdf == program.results / "both" / "paper.pdf"
    assert repr(report) == "<report both: step1, step2>"
    assert "<report both: step1, step2>" in repr(studies)
    assert "a report on step1, step2" in studies._repr_html_()
    page = report._repr_html_()
    assert all(f">{one}<" in page for one in ("step1", "freeze_blocks=2", f"{100 * (first.test_accuracy or 0):.1f}"))
    with pytest.raises(StoreError, match="no study is stored here"):
        benchsuite.load("results", "both")


def test_a_paper_that_cannot_be_read_is_told_where_reports_are_looked_for(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    put_run(program.results, seed=0)
    (program.results / "both").mkdir()
    (program.results / "both" / "paper.pdf").write_bytes(b"no PDF")
    studies = benchsuite.load("results")
    assert isinstance(studies, benchsuite.Studies)
    assert studies.reports == {}
    assert "left out: " in capsys.readouterr().err
