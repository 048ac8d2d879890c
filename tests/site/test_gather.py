"""Studies are told by their paper, else by their suite, else by their records; what cannot be read hinders nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchsuite.errors import StoreError
from benchsuite.registry import registry
from benchsuite.site.gather import Study, gather, slug
from benchsuite.store.run_store import RECORD, Store
from benchsuite.suite.cases.plan import RunSpec
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.reader import read_suite
from support.paper_material import make_material
from support.runs import put_run
from support.site import CASES, DUE, SEEDS, make_reported, make_results, put_broken, put_failure, put_paper
from support.synthetic import make_case


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("gather") / "results")


@pytest.fixture(scope="module")
def studies(results: Path) -> dict[str, Study]:
    return {study.name: study for study in gather(results).studies}


def test_smoke_runs_stay_apart_and_come_last(studies: dict[str, Study]) -> None:
    assert list(studies) == ["beans_freeze", "no_such_suite", "no_such_suite@sample"]
    assert [study.sample for study in studies.values()] == [False, False, True]


def test_a_paper_tells_title_plan_and_claims_and_the_records_tell_what_is_done(studies: dict[str, Study]) -> None:
    study = studies["beans_freeze"]
    assert (study.declared.source, study.declared.title) == ("paper", "Un estudio de prueba")
    assert (study.done, study.failed, study.due) == (CASES * SEEDS - DUE - 1, 1, DUE)
    assert [claim.verdict for claim in study.findings.claims] == ["open", "open"]
    assert study.findings.metric == "test_accuracy"
    assert set(study.papers) == {"paper.html", "paper.pdf"}


def test_a_paper_that_is_older_than_the_results_is_told(studies: dict[str, Study]) -> None:
    assert any("older than the results: " in remark for remark in studies["beans_freeze"].remarks)


def test_records_alone_know_nothing_of_what_is_due(studies: dict[str, Study]) -> None:
    study = studies["no_such_suite"]
    assert (study.declared.source, study.declared.title) == ("records", "no_such_suite")
    assert (study.done, study.failed, study.due) == (2, 0, None)


def test_without_a_paper_the_suite_of_that_name_tells(tmp_path: Path) -> None:
    plan = expand(read_suite("beans_freeze", registry()), registry())
    done, failed, *_ = plan.runs
    put_run(tmp_path, spec=done)
    put_failure(tmp_path, spec=failed)
    renamed = done.case.model_copy(update={"name": "called otherwise then"})
    put_run(tmp_path, spec=RunSpec(suite="beans_freeze", case=renamed, seed=plan.seeds[1]))
    other = put_run(tmp_path, blocks=3)
    (study,) = gather(tmp_path).studies
    assert study.declared.source == "suite"
    assert study.declared.title == read_suite("beans_freeze", registry()).title
    assert (study.done, study.failed, study.due) == (2, 1, len(plan.runs) - 3)
    assert [run.record.key for run in study.earlier] == [other.key]


def test_of_runs_with_the_same_parameters_a_finished_one_counts(tmp_path: Path) -> None:
    spec = RunSpec(suite="no_such_suite", case=make_case(), seed=0)
    done = put_run(tmp_path, spec=spec)
    failed = put_failure(tmp_path, spec=spec, key="ab" * 16)
    (study,) = gather(tmp_path).studies
    assert [run.record.key for run in study.runs] == [done.key]
    assert [run.record.key for run in study.earlier] == [failed.key]


def test_a_run_may_be_of_several_studies(tmp_path: Path) -> None:
    material = make_material(cases=1, seeds=1)
    put_paper(tmp_path / "beans_freeze", material)
    put_paper(tmp_path / "second", material)
    put_run(tmp_path, blocks=0, seed=0)
    gathered = gather(tmp_path)
    assert [len(study.runs) for study in gathered.studies] == [1, 1]
    assert len(gathered.runs) == 1


def test_a_paper_without_runs_is_a_study_of_which_all_is_due(tmp_path: Path) -> None:
    put_paper(tmp_path / "beans_freeze", make_material(cases=2, seeds=2))
    (study,) = gather(tmp_path).studies
    assert (study.done, study.failed, study.due) == (0, 0, 4)
    assert any("4 of the 4 runs that the paper tells of are no longer here" in remark for remark in study.remarks)


@pytest.mark.parametrize("content", [b"%PDF-1.7 and then nothing", b"no PDF"])
def test_a_paper_that_cannot_be_read_is_told_and_the_records_tell_the_study(tmp_path: Path, content: bytes) -> None:
    put_run(tmp_path, spec=RunSpec(suite="no_such_suite", case=make_case(), seed=0))
    (tmp_path / "no_such_suite").mkdir()
    (tmp_path / "no_such_suite" / "paper.pdf").write_bytes(content)
    (study,) = gather(tmp_path).studies
    assert study.declared.source == "records"
    assert study.done == 1
    assert any("The paper was not read" in remark for remark in study.remarks)


def test_a_report_is_told_by_its_paper_and_is_no_study(tmp_path: Path) -> None:
    gathered = gather(make_reported(tmp_path))
    assert [study.name for study in gathered.studies] == ["beans_freeze", "step2"]
    (report,) = gathered.reports
    assert (report.name, report.title, report.language) == ("both", "Un informe de prueba", "es")
    assert report.studies == {"step1": "step1", "step2": "step2"}
    assert report.told.chain[0].chosen.case.name == "freeze_blocks=2"
    assert report.remarks == (
        "step1: 1 of the 6 runs that the paper tells of are no longer here.",
        "step2: 1 of the 4 runs that the paper tells of are no longer here.",
    )


def test_a_report_in_the_folder_of_a_study_does_not_hide_it(tmp_path: Path) -> None:
    put_run(tmp_path, spec=RunSpec(suite="both", case=make_case(4), seed=0))
    make_reported(tmp_path)
    gathered = gather(tmp_path)
    assert gathered.reports == ()
    study = next(study for study in gathered.studies if study.name == "both")
    assert (study.declared.source, study.done) == ("records", 1)
    assert study.remarks[0] == "The paper here is that of the report both."


def test_what_is_damaged_or_of_a_later_version_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    keys = put_broken(tmp_path)
    good = put_run(tmp_path)
    gathered = gather(tmp_path)
    assert [run.record.key for run in gathered.runs] == [good.key]
    assert {problem.where for problem in gathered.problems} == {f"runs/{key}" for key in keys}
    told = " ".join(f"{problem.what} {problem.remedy}" for problem in gathered.problems)
    assert "not JSON" in told
    assert "schema version" in told
    assert "newer benchsuite" in told


def test_a_run_that_has_only_begun_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "runs" / "0123456789abcdef").mkdir(parents=True)
    gathered = gather(tmp_path)
    assert (gathered.studies, gathered.problems) == ((), ())


def test_a_record_whose_predictions_are_gone_is_told(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    (Store(tmp_path).folder(record.key) / "predictions.safetensors").unlink()
    assert "cannot be read" in gather(tmp_path).problems[0].what


@pytest.mark.parametrize("make", [False, True])
def test_what_is_no_results_folder_is_refused(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "here"
    if make:
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    with pytest.raises(StoreError) as refused:
        gather(folder)
    assert "results" in str(refused.value.expected)
    assert refused.value.remedy


def test_a_results_folder_without_runs_has_no_studies(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert gather(tmp_path).studies == ()


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "Ñandú", "a" * 300, "x@sample@sample", "a.html", ".."])
def test_strange_names_lead_nowhere(name: str) -> None:
    assert slug(name) != name
    assert slug(name).isalnum()


def test_a_record_with_a_strange_name_is_a_study_all_the_same(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    file = Store(tmp_path).folder(record.key) / RECORD
    content = json.loads(file.read_text())
    content["spec"]["suite"] = "../../x"
    file.write_text(json.dumps(content))
    (study,) = gather(tmp_path).studies
    assert (study.name, study.slug) == ("../../x", slug("../../x"))
