"""What the table of results sets in bold, and the memory that the table of costs shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.tables.results import cost_table, results_table
from support.paper_material import make_material


def study(means: Sequence[float], p: float | None) -> PaperContext:
    """A study whose first case is the reference and whose comparisons all have this adjusted p."""
    material = make_material(cases=len(means), seeds=5)
    findings = material.findings
    accuracies = [mean_estimate([mean, mean + 0.01, mean, mean, mean], ["run"] * 5) for mean in means]
    cases = [
        replace(case, estimates={**case.estimates, "test_accuracy": accuracy})
        for case, accuracy in zip(findings.cases, accuracies, strict=True)
    ]
    comparisons = [
        replace(one, p_adjusted=p, difference=mean_estimate([mean - means[0]] * 5, ["run"] * 5))
        for one, mean in zip(findings.comparisons, means[1:], strict=True)
    ]
    material.__dict__["findings"] = replace(findings, cases=tuple(cases), comparisons=tuple(comparisons))
    return PaperContext(material)


@pytest.mark.parametrize(
    ("means", "p", "bold"),
    [
        ((0.8, 0.9, 0.7), 0.01, [1]),
        ((0.8, 0.9, 0.7), 0.4, []),
        ((0.8, 0.9, 0.7), None, []),
        ((0.9, 0.8, 0.7), 0.01, [0]),
        ((0.9, 0.8, 0.7), 0.4, []),
    ],
)
def test_the_best_mean_is_bold_only_where_it_is_decided(
    means: tuple[float, ...], p: float | None, bold: list[int]
) -> None:
    table = results_table(study(means, p))
    assert [index for index, row in enumerate(table.rows) if any(cell.strong for cell in row)] == bold
    assert ("negrita" in (table.note or "")) is bool(bold)


def test_runs_on_a_gpu_tell_its_memory_in_the_place_of_the_process_s() -> None:
    plain = study((0.8, 0.9), 0.4)
    assert "Memoria: máximo del proceso." in (cost_table(plain).note or "")
    findings = plain.material.findings
    memory = mean_estimate([3 * 2**20] * 5, ["run"] * 5)
    cases = [replace(case, estimates={**case.estimates, "peak_device_memory_bytes": memory}) for case in findings.cases]
    plain.material.__dict__["findings"] = replace(findings, cases=tuple(cases))
    table = cost_table(PaperContext(plain.material))
    assert "Memoria: máximo de la GPU" in (table.note or "")
    assert [column.title for column in table.columns].count("Memoria") == 1
    assert any("3" in cell.text and "MiB" in cell.text for cell in table.rows[0])


def test_times_of_a_column_are_in_one_unit() -> None:
    timed = study((0.8, 0.9), 0.4)
    findings = timed.material.findings
    cases = [
        replace(case, estimates={**case.estimates, "training_seconds": mean_estimate([time] * 5, ["run"] * 5)})
        for case, time in zip(findings.cases, (26.1, 160.0), strict=True)
    ]
    timed.material.__dict__["findings"] = replace(findings, cases=tuple(cases))
    table = cost_table(PaperContext(timed.material))
    place = next(i for i, column in enumerate(table.columns) if column.title == "Tiempo")
    assert [row[place].text.replace("\u00a0", " ") for row in table.rows] == ["26,1 s", "160,0 s"]
