"""What the text says of curves follows from the curves, whatever they do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.analysis.findings import CaseFindings, Curve
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Bullets, Figure, Paragraph
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.sections.readings import Course, describe_loss_course, gap_blocks, reading_blocks
from support.paper_material import make_material
from support.synthetic import make_findings

FRACTIONS = st.floats(0, 1, allow_nan=False)


def curve(*each: tuple[float, ...]) -> Curve:
    """Made of these runs; of its means only the runs' own are read here."""
    longest = max(map(len, each))
    flat = tuple(0.0 for _ in range(longest))
    runs = tuple(f"run{number}" for number in range(len(each)))
    return Curve(tuple(range(1, longest + 1)), flat, flat, flat, (len(each),) * longest, runs, each)


def case_of(validated: Curve, trained: Curve) -> CaseFindings:
    case = make_findings(cases=1, seeds=1).cases[0]
    gaps = curve(*(
        tuple(t - v for t, v in zip(*pair, strict=True)) for pair in zip(trained.each, validated.each, strict=True)
    ))  # fmt: skip
    own = {"validation_accuracy": validated, "train_accuracy": trained, "overfitting_gap": gaps}
    return replace(case, curves={**case.curves, **own})


def told(study: PaperContext, text: str) -> str:
    """A text with its quoted numbers."""
    return TOKEN.sub(lambda match: study.quotes.quantities[int(match[1])].text, text).replace("\u00a0", " ")


def study_of(cases: list[CaseFindings], *further: str) -> PaperContext:
    material: PaperMaterial = make_material({"further": further}, cases=len(cases), seeds=2)
    found = material.findings
    own = [replace(known, curves=case.curves) for known, case in zip(found.cases, cases, strict=True)]
    material.__dict__["findings"] = replace(found, cases=tuple(own))
    return PaperContext(material)


@pytest.mark.parametrize(
    ("validated", "shape"),
    [
        ((0.1, 0.5, 0.9, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4), "falling"),
        ((0.1, 0.5, 0.9, 0.899, 0.9, 0.89, 0.9, 0.9, 0.9, 0.895), "steady"),
        ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9), "rising"),
        ((0.3,), "rising"),
    ],
)
def test_a_curve_is_said_to_do_what_it_does(validated: tuple[float, ...], shape: str) -> None:
    course = Course.of(case_of(curve(validated), curve(validated)))
    assert course is not None
    assert course.shape == shape


@given(st.lists(st.lists(st.tuples(FRACTIONS, FRACTIONS), min_size=1, max_size=12), min_size=1, max_size=4))
def test_a_course_is_the_mean_over_runs_of_any_length(runs: list[list[tuple[float, float]]]) -> None:
    validated, trained = (curve(*(tuple(pair[side] for pair in run) for run in runs)) for side in (0, 1))
    course = Course.of(case_of(validated, trained))
    assert course is not None
    assert course.peak >= course.last - 1e-12
    assert 1 <= course.at <= course.epochs
    assert course.last == pytest.approx(sum(run[-1][0] for run in runs) / len(runs))
    assert course.trained == pytest.approx(sum(run[-1][1] for run in runs) / len(runs))
    assert course.shape in ("rising", "falling", "steady")


def test_a_case_without_runs_has_no_course() -> None:
    assert Course.of(replace(make_findings(cases=1, seeds=1).cases[0], curves={})) is None


def test_every_case_has_a_sentence_with_its_own_numbers_and_runs() -> None:
    falling = case_of(curve((0.2, 0.9, 0.6), (0.2, 0.7, 0.6)), curve((0.5, 0.9, 1.0), (0.5, 0.9, 0.9)))
    rising = case_of(curve((0.2, 0.3, 0.4)), curve((0.2, 0.3, 0.35)))
    study = study_of([falling, rising], "fig-curves")
    paragraph, bullets, figure = reading_blocks(study)
    assert isinstance(paragraph, Paragraph)
    assert isinstance(bullets, Bullets)
    assert isinstance(figure, Figure)
    assert "{{fig-curves}}" in paragraph.text
    assert figure.wide
    assert figure.narrow is not None
    first, second = (told(study, item) for item in bullets.items)
    assert "su máximo, 80,0 %, en la época 2 de 3 y termina en 60,0 %" in first
    assert "entrenamiento termina en 95,0 %, con una brecha de 35,0 puntos porcentuales. Desde" in first
    assert "Desde el máximo se pierden 20,0 puntos." in first, "the second time"
    assert "con más épocas podría seguir subiendo" in second
    assert "con una brecha de −5,0 puntos" in second
    assert {quantity.runs for quantity in study.quotes.quantities} == {("run0", "run1"), ("run0",)}


@pytest.mark.parametrize(
    ("rising", "told_of_all"),
    [
        (3, "En todas las configuraciones, el máximo llega al final: con más épocas podría seguir subiendo."),
        (2, "o un bloque congelado, el máximo llega al final: con más épocas podría seguir subiendo."),
        (1, ""),
    ],
)
def test_readings_that_are_alike_are_told_once(rising: int, told_of_all: str) -> None:
    up, down = curve((0.2, 0.3, 0.4)), curve((0.2, 0.9, 0.6))
    cases = [case_of(up if at < rising else down, up) for at in range(3)]
    study = study_of(cases, "fig-curves")
    paragraph, bullets, _ = reading_blocks(study)
    assert isinstance(paragraph, Paragraph)
    assert isinstance(bullets, Bullets)
    items = [told(study, item) for item in bullets.items]
    assert told(study, paragraph.text).endswith(told_of_all or "de las épocas.")
    assert sum("podría seguir subiendo" in text for text in (paragraph.text, *items)) == 1
    assert sum("se pierden 30,0 puntos" in text for text in items) == 3 - rising


def test_all_readings_but_one_are_told_as_such() -> None:
    steady, down = curve((0.2, 0.9, 0.9)), curve((0.2, 0.9, 0.6))
    study = study_of([case_of(down, down), *(case_of(steady, steady) for _ in range(3))], "fig-curves")
    paragraph = reading_blocks(study)[0]
    assert isinstance(paragraph, Paragraph)
    end = "En todas las configuraciones salvo la de cero bloques congelados, la curva se mantiene desde su máximo."
    assert told(study, paragraph.text).endswith(end)


def test_the_only_case_is_read_from_the_figure_that_it_has_anyway() -> None:
    study = study_of([case_of(curve((0.2, 0.9, 0.6)), curve((0.5, 0.9, 1.0)))], "fig-curves")
    (paragraph,) = reading_blocks(study)
    assert isinstance(paragraph, Paragraph)
    assert "{{fig-convergence}}" in paragraph.text
    assert ". La exactitud de validación alcanza su máximo, 90,0 %" in told(study, paragraph.text)


@pytest.mark.parametrize(
    ("grown", "count"),
    [
        ((0.9, 0.9), "todas las configuraciones"),
        ((0.9, 0.5), "una de las dos configuraciones"),
        ((0.5, 0.5), "ninguna de las dos configuraciones"),
    ],
)
def test_the_gap_is_told_by_its_ends_and_by_how_many_cases_it_grows_in(grown: Any, count: str) -> None:
    cases = [case_of(curve((0.5, 0.5)), curve((0.5, last))) for last in grown]
    study = study_of(cases, "fig-gap-epochs")
    paragraph, figure = gap_blocks(study)
    assert isinstance(paragraph, Paragraph)
    assert isinstance(figure, Figure)
    assert f"y en {count} crece al menos un punto porcentual" in told(study, paragraph.text)


def test_nothing_of_it_is_there_unless_the_suite_asks() -> None:
    study = PaperContext(make_material(cases=2, seeds=2))
    assert reading_blocks(study) == []
    assert gap_blocks(study) == []


def losing(*validated: tuple[float, ...], trained: float = 0.125) -> CaseFindings:
    case = make_findings(cases=1, seeds=1).cases[0]
    own = {
        "validation_loss": curve(*validated),
        "train_loss": curve(*(tuple(trained for _ in one) for one in validated)),
    }
    return replace(case, curves={**case.curves, **own})


def test_a_loss_that_rises_again_is_told_with_its_minimum_and_its_end() -> None:
    study = study_of([losing((0.9, 0.5, 0.7), (0.9, 0.8, 0.7))])
    said = told(study, describe_loss_course(study))
    assert "es mínima, en promedio, en la época 2,5, con 0,600, y después vuelve a subir: termina en 0,700;" in said
    assert said.endswith("; la de entrenamiento termina en 0,125.")


def test_a_loss_that_stays_near_its_minimum_is_not_said_to_rise() -> None:
    study = study_of([losing((0.9, 0.5, 0.52))])
    said = told(study, describe_loss_course(study))
    assert "con 0,500, y termina a lo sumo un 5 % por encima, en 0,520; la de entrenamiento" in said


@pytest.mark.parametrize(
    ("lasts", "counted"),
    [
        ((0.5, 0.5), "y en ninguna de las dos configuraciones termina"),
        ((0.5, 0.9), "y en una de las dos configuraciones termina"),
        ((0.8, 0.9), "y en todas las configuraciones termina"),
    ],
)
def test_losses_that_rise_are_counted_and_the_one_that_rises_most_is_named(
    lasts: tuple[float, float], counted: str
) -> None:
    study = study_of([losing((0.5, lasts[0], lasts[0])), losing((0.9, 0.5, lasts[1]))])
    said = told(study, describe_loss_course(study))
    first = (
        "Esa pérdida es mínima, en promedio, entre la época 1 (bloques congelados = 0) y la 2 (bloques congelados = 1)"
    )
    assert said.startswith(first)
    assert counted in said
    assert ("En proporción" in said) == (lasts[1] > 0.5)
    if lasts[1] > 0.5:
        assert "es con un bloque congelado: mínimo, 0,500; final, 0,900" in said


def test_losses_that_are_least_at_one_epoch_are_not_said_to_be_so_between_two() -> None:
    study = study_of([losing((0.9, 0.5)), losing((0.8, 0.4))])
    assert "en la época 2 en todas las configuraciones, y" in told(study, describe_loss_course(study))


def test_all_configurations_whose_loss_is_least_last_are_named() -> None:
    study = study_of([losing((0.5, 0.6)), losing((0.8, 0.4)), losing((0.8, 0.7))])
    assert "y la 2 (bloques congelados = 1 y 2)" in told(study, describe_loss_course(study))


@given(st.lists(st.lists(st.floats(0, 10, allow_nan=False), min_size=1, max_size=4), min_size=1, max_size=3))
def test_whatever_losses_do_something_true_is_said(runs: list[list[float]]) -> None:
    study = study_of([losing(*map(tuple, runs))])
    said = describe_loss_course(study)
    least = sum(map(min, runs)) / len(runs)
    last = sum(one[-1] for one in runs) / len(runs)
    assert ("vuelve a subir" in said) == (last > 1.05 * least)


def test_without_epochs_nothing_is_said_of_losses() -> None:
    assert describe_loss_course(study_of([losing(())])) == ""
