"""The figure of costs is there where it says something, or where the prose points at it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Figure, Paragraph
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.sections.efficiency import efficiency_blocks
from support.paper_material import make_material


def figures(times: tuple[float, ...], paper: dict[str, Any] | None = None, *, sizes: bool = False) -> list[str]:
    """The figures of such a study."""
    return [block.id for block in efficiency_blocks(timed(times, paper, sizes=sizes)) if isinstance(block, Figure)]


def timed(times: tuple[float, ...], paper: dict[str, Any] | None = None, *, sizes: bool = False) -> PaperContext:
    """A study of cases that train for so long, and of which each has its size or all the same."""
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
    return PaperContext(material)


def test_equal_times_of_equal_networks_are_no_figure() -> None:
    assert figures((20.0, 20.01)) == []
    assert figures((20.0, 25.0)) == ["fig-cost"]
    assert figures((20.0, 20.0), sizes=True) == ["fig-cost"]


def test_a_figure_that_the_prose_points_at_is_there() -> None:
    assert figures((20.0, 20.0), {"abstract": "Véase la {{fig-cost}}."}) == ["fig-cost"]


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ((30.0, 20.0, 10.0), "En las tres parejas de configuraciones de distinto tamaño tarda más"),
        ((10.0, 20.0, 30.0), "En ninguna de las tres parejas"),
        (
            (20.0, 30.0, 10.0),
            "en dos tarda más, de media, la que entrena más parámetros: el tamaño no basta",
        ),
    ],
)
def test_time_against_size_is_read_as_it_is(times: tuple[float, ...], told: str) -> None:
    study = timed(times, {"further": ["fig-size-time"]}, sizes=True)
    text = next(b.text for b in efficiency_blocks(study) if isinstance(b, Paragraph) and "{{fig-size-time}}" in b.text)
    said = TOKEN.sub(lambda match: study.quotes.quantities[int(match[1])].text, text)
    assert told in said


def test_time_against_size_is_there_where_asked_for_and_sizes_differ() -> None:
    asked = {"further": ["fig-size-time"]}
    assert figures((20.0, 25.0), asked, sizes=True) == ["fig-cost", "fig-size-time"]
    assert figures((20.0, 25.0), asked) == ["fig-cost"]
    assert figures((20.0, 25.0), sizes=True) == ["fig-cost"]


@pytest.mark.parametrize(
    ("times", "sizes", "told"),
    [
        ((20.0, 30.0), False, "una sola configuración forma la frontera de Pareto: la de cero bloques congelados."),
        (
            (10.0, 10.0),
            True,
            "estas configuraciones: en parámetros, las de un bloque congelado o cero bloques congelados; en tiempo,",
        ),
    ],
)
def test_the_front_is_named_by_what_it_costs(times: tuple[float, ...], sizes: bool, told: str) -> None:
    study = timed(times, {"abstract": "Véase la {{fig-cost}}."}, sizes=sizes)
    accuracies = [mean_estimate([mean] * 5, ["run"] * 5) for mean in (0.9, 0.8)]
    cases = [
        replace(case, estimates={**case.estimates, "test_accuracy": accuracy})
        for case, accuracy in zip(study.findings.cases, accuracies, strict=True)
    ]
    study.material.__dict__["findings"] = replace(study.findings, cases=tuple(cases))
    blocks = efficiency_blocks(PaperContext(study.material))
    text = next(b.text for b in blocks if isinstance(b, Paragraph) and "Pareto" in b.text)
    assert told in text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("trainable", "told"),
    [
        ((10, 20, 30), "La configuración con menos parámetros entrenables (bloques congelados = 0) ajusta"),
        ((10, 10, 30), "Una de las configuraciones con menos parámetros entrenables (bloques congelados = 0) ajusta"),
        ((10, 30, 30), "de los que ajusta una de las que más tienen (bloques congelados = 1)"),
    ],
)
def test_sizes_that_several_configurations_have_are_not_those_of_one(trainable: tuple[int, ...], told: str) -> None:
    study = timed((10.0, 20.0, 30.0), sizes=True)
    cases = [
        replace(case, model=case.model.model_copy(update={"parameters_trainable": size}))
        for case, size in zip(study.findings.cases, trainable, strict=True)
        if case.model is not None
    ]
    study.material.__dict__["findings"] = replace(study.findings, cases=tuple(cases))
    text = " ".join(b.text for b in efficiency_blocks(PaperContext(study.material)) if isinstance(b, Paragraph))
    assert told in text.replace("\u00a0", " ")
