"""The figure of costs is there where it says something, or where the prose points at it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Figure
from benchsuite.paper.sections.efficiency import efficiency_blocks
from support.paper_material import make_material


def figures(times: tuple[float, ...], paper: dict[str, Any] | None = None, *, sizes: bool = False) -> list[str]:
    """The figures of a study of cases that train for so long, and of which each has its size or all the same."""
    material = make_material(paper, cases=len(times), seeds=5)
    findings = material.findings
    model = findings.cases[0].model
    cases = [
        replace(
            case,
            model=case.model if sizes else model,
            estimates={**case.estimates, "training_seconds": mean_estimate([time] * 5, ["run"] * 5)},
        )
        for case, time in zip(findings.cases, times, strict=True)
    ]
    material.__dict__["findings"] = replace(findings, cases=tuple(cases))
    return [block.id for block in efficiency_blocks(PaperContext(material)) if isinstance(block, Figure)]


def test_equal_times_of_equal_networks_are_no_figure() -> None:
    assert figures((20.0, 20.01)) == []
    assert figures((20.0, 25.0)) == ["fig-cost"]
    assert figures((20.0, 20.0), sizes=True) == ["fig-cost"]


def test_a_figure_that_the_prose_points_at_is_there() -> None:
    assert figures((20.0, 20.0), {"abstract": "Véase la {{fig-cost}}."}) == ["fig-cost"]
