"""The seeds of made-up runs, how small a drawing's text is printed; a figure plugin, its registry, and material whose
suite asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from benchsuite.analysis.findings import CaseFindings
from benchsuite.api import Chart, ChartSeries, Figure, Parameters, StudyResult, hookimpl
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.page import GEOMETRIES, INCH
from benchsuite.paper.figures.style import PAGE
from benchsuite.paper.plugin_figures import charts_of
from benchsuite.registry import Registry, discover
from support.paper_material import make_material


def seeds_by_run(cases: Sequence[CaseFindings]) -> dict[str, int]:
    """The seed of every run of the cases, by its key: their places, as `make_findings` numbers them."""
    return {run: seed for case in cases for seed, run in enumerate(case.estimates["test_accuracy"].runs)}


def printed_text(svg: str, *, wide: bool) -> float:
    """The points of the smallest text of a drawing in the form that prints it smallest."""
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)(?:px)?"', svg)]
    scale = min(form.text_width for form in GEOMETRIES.values()) / (PAGE * INCH) if wide else 1.0
    return min(sizes) * min(1.0, scale)


class SpreadParameters(Parameters):
    """What a suite may choose."""

    metric: str = Field(default="test_accuracy", pattern="^[a-z_]+$")
    """What is shown, by its name in suites."""


class Spread(Figure[SpreadParameters]):
    """Mean, least and most of a metric in each case."""

    name = "spread"
    Parameters = SpreadParameters

    def chart(self, params: SpreadParameters, study: StudyResult) -> Chart | None:
        every = [[run.metrics[params.metric] for run in case.runs] for case in study.cases]
        if not all(every):
            return None
        means = [sum(values) / len(values) for values in every]
        return Chart(
            shows="la dispersión de la exactitud",
            alt="Medias: " + "; ".join(f"{c.label}, {m:.3f}" for c, m in zip(study.cases, means, strict=True)),
            kind="bars",
            x=study.factor,
            y="Exactitud",
            categories=tuple(case.label for case in study.cases),
            series=(
                ChartSeries(
                    "",
                    tuple(range(len(means))),
                    tuple(means),
                    tuple(min(values) for values in every),
                    tuple(max(values) for values in every),
                ),
            ),
        )

    def bibtex(self, params: SpreadParameters) -> str:
        return "@book{tukey1977, author={Tukey, John}, title={Exploratory data analysis}, year={1977}, publisher={AW}}"


class Announced:
    """An entry point of the distribution `outsider`."""

    name = "plugin"

    class dist:
        name = "outsider"
        version = "2.1"

    def __init__(self, *figures: type[Figure[Any]]) -> None:
        self.figures = figures

    def load(self) -> object:
        given = list(self.figures)

        class Plugin:
            benchsuite_api = "1.0"

            @hookimpl
            def benchsuite_figures(self) -> list[type[Figure[Any]]]:
                return given

        return Plugin()


def registry_of(*figures: type[Figure[Any]]) -> Registry:
    found = discover([Announced(*figures)])
    assert not found.quarantined
    return found


def charted(figure: type[Figure[Any]] = Spread, *, paper: dict[str, Any] | None = None, **made: Any) -> PaperMaterial:
    """Material of a study that asks for the figure, with its chart."""
    asked = {"figures": [{"figure": {"name": figure.name}, "place": "efficiency"}]}
    material = make_material(asked | (paper or {}), **made)
    return replace(material, charts=charts_of(material, registry_of(figure)))
