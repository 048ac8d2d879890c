"""A study that was made before a metric was asked for gains it with nothing due, wherever results are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import benchsuite
from benchsuite.registry import Entry, Registry
from support.plugins import SUITE
from support.program import Program

SMOKE = ("--policy", "sample", "--no-estimate")
ASKED = "metrics:\n  auc: {}\n  ece: {bins: 10}\n"
CLAIM = "claims:\n  - {id: sure, text: El AUC llega, metric: test_auc, at_least: 0.01}\n"


def keys(program: Program) -> list[str]:
    return sorted(path.name for path in program.smoke_runs.iterdir() if not path.name.startswith("."))


def gone(registry: Registry, name: str) -> Entry:
    raise AssertionError(f"{name} is asked for, and may not be there any more")


@pytest.mark.slow
def test_an_old_study_gains_metrics_with_nothing_due(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program.run("run", "squares_width", *SMOKE, "--no-paper").code == 0
    before = keys(program)
    records = {key: (program.smoke_runs / key / "record.json").read_bytes() for key in before}
    compared = SUITE.replace("baseline: 2}", "baseline: 2, metric: test_auc}")
    prose = compared.replace("sobre {{seeds}}", "sobre {{seeds}}, {{validation_ece width=4}} y {{best test_auc}}")
    program.suite(prose + ASKED + CLAIM)
    told = json.loads(program.run("run", "squares_width", *SMOKE, "--json").out)
    assert told["counts"] == {"done": 4, "failed": 0, "due": 0, "made_now": 0}
    assert told["paper_error"] is None
    assert keys(program) == before
    assert {key: (program.smoke_runs / key / "record.json").read_bytes() for key in before} == records
    for run in told["runs"]:
        assert run["measured"].keys() == {"validation_auc", "test_auc", "validation_ece", "test_ece"}
        assert 0 <= run["measured"]["test_auc"] <= 1
    shown = json.loads(program.run("show", "squares_width", "--json").out)
    assert [one["measured"] for one in shown] == [
        next(run["measured"] for run in told["runs"] if run["key"] == one["key"]) for one in shown
    ]
    assert "test_ece" in program.run("show", "squares_width@sample/width=2/0").out
    paper = program.results / "squares_width@sample"
    page = (paper / "paper.html").read_text(encoding="utf-8")
    assert "AUC (área bajo la curva ROC) en test" in page
    assert "Error de calibración esperado (ECE)" in page
    assert program.run("check", str(paper / "paper.pdf")).code == 0
    assert program.run("site", str(program.results), "-o", str(program.folder / "site")).code == 0
    pages = "".join(path.read_text(encoding="utf-8") for path in Path(program.folder / "site").rglob("*.html"))
    assert "est area under the ROC curve (AUC)" in pages
    study = benchsuite.run("squares_width", policy="sample", results=program.results, estimate=False, paper=False)
    columns = study.frame().column_names
    assert {"test_auc", "validation_ece"} <= set(columns)
    assert study.frame().column("test_auc").to_pylist() == [run.metrics["test_auc"] for run in study.runs]
    (claim,) = benchsuite.load(program.results, "squares_width").claims
    assert (claim.id, claim.verdict) == ("sure", "open")
    monkeypatch.setattr(Registry, "metric", gone)
    assert benchsuite.load(program.results, "squares_width").claims == (claim,)


@pytest.mark.slow
def test_a_metric_that_fails_loses_no_run_and_is_told_in_one_screen(program: Program) -> None:
    assert program.run("run", "squares_width", *SMOKE, "--no-paper").code == 0
    program.install(
        "benchsuite-odd",
        "from benchsuite.api import Metric, Parameters, hookimpl\n"
        "benchsuite_api = '1.0'\n"
        "class Odd(Metric[Parameters]):\n"
        "    name = 'odd'\n"
        "    Parameters = Parameters\n"
        "    higher_is_better = True\n"
        "    def title(self, params, language):\n"
        "        return 'odd'\n"
        "    def compute(self, params, predicted):\n"
        "        return float('nan')\n"
        "@hookimpl\n"
        "def benchsuite_metrics():\n"
        "    return [Odd]\n",
    )
    program.suite(SUITE + "metrics: {odd: {}}\n")
    refused = program.run("paper", "squares_width", "--policy", "sample")
    refused.refused("the metric odd gave nan", "benchsuite-odd 1.0", "no result is lost", code=refused.code)
    assert refused.code != 0
    assert len(keys(program)) == 4
    program.suite(SUITE + "metrics: {ood: {}}\n")
    program.run("plan", "squares_width").refused("no metric is named 'ood'", "did you mean 'odd'?")
