"""What a notebook shows of a study: every number and verdict, and no foreign text as markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchsuite.study.outcomes import Claim, run_of
from benchsuite.study.pages import MOST_ROWS, studies_page, study_page
from support.synthetic import make_plan, make_records

RECORDS = make_records(make_plan(2, 3), failed=[(1, 2)])
RUNS = [run_of(record, Path(key)) for key, record in RECORDS.items()]
CLAIM = Claim("wider", "Una red más ancha acierta más", None, "open", 6, ())


def test_a_study_shows_its_cases_claims_and_failures() -> None:
    page = study_page("freeze", False, RUNS, [CLAIM])
    assert "<strong>freeze</strong>: 5 runs done, 1 failed" in page
    first = [run for run in RUNS if run.case == RUNS[0].case]
    mean = 100 * sum(run.metrics["test_accuracy"] for run in first) / len(first)
    assert f"{mean:.1f} (" in page, "of three seeds, smallest and largest value"
    assert "Una red más ancha acierta más" in page
    assert "open" in page
    assert "seed 2 failed" in page
    assert "Synthetic sample" not in page


def test_of_five_seeds_there_is_an_interval_within_what_can_be() -> None:
    values = (0.99, 1.0, 0.7, 1.0, 1.0)
    runs = [replace(RUNS[0], seed=seed, metrics={"test_accuracy": value}) for seed, value in enumerate(values)]
    page = study_page("freeze", False, runs, [])
    assert "93.8 [" in page
    assert ", 100.0]" in page


def test_a_smoke_run_says_so() -> None:
    assert "Synthetic sample" in study_page("freeze", True, RUNS, [])


def test_foreign_text_is_no_markup() -> None:
    hostile = "<script>alert('x')</script>"
    runs = [replace(run, case=hostile, failure=run.failure and hostile) for run in RUNS]
    page = study_page(hostile, False, runs, [replace(CLAIM, text=hostile)]) + studies_page([(hostile, runs)])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5


def test_a_study_of_very_many_cases_stays_short() -> None:
    page = study_page("freeze", False, [replace(RUNS[0], case=f"case {n}") for n in range(500)], [])
    assert page.count("<tr>") == MOST_ROWS + 2
    assert "460 more" in page


def test_studies_are_a_line_each() -> None:
    assert "5 runs done, 1 failed" in studies_page([("freeze", RUNS)])
