"""The box of findings: what was decided, with numbers, and what was not, with the seeds that it would take."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from benchsuite.analysis.findings import Findings
from benchsuite.analysis.intervals import mean_estimate
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Bullets, Document, Paragraph, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import templates
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material

HOLDS = {"id": "uno", "text": "La exactitud supera el 1 %", "at_least": 0.01}
FAILS = {"id": "dos", "text": "La exactitud supera casi todo", "at_least": 0.9999}


def box(material: PaperMaterial) -> list[str]:
    document = compose(material, files={})
    return [templates.plain(document, text).replace("\u00a0", " ") for text in document.highlights]


def with_p(material: PaperMaterial, *p_values: float | None) -> PaperMaterial:
    """The material if its comparisons had these adjusted p."""
    findings: Findings = material.findings
    changed = replace(material)
    comparisons = [replace(one, p_adjusted=p) for one, p in zip(findings.comparisons, p_values, strict=True)]
    changed.__dict__["findings"] = replace(findings, comparisons=tuple(comparisons))
    return changed


def test_decided_differences_are_told_with_their_numbers_and_the_others_with_their_seeds() -> None:
    found = box(with_p(make_material(cases=3, seeds=10), 0.01, None))
    assert found[0].startswith("Una configuración difiere significativamente de la referencia (")
    assert ") en exactitud en test: " in found[0]
    assert "; p = 0,010)." in found[0]
    assert found[1].startswith("Queda sin decidir la comparación de la configuración con dos bloques congelados (")
    assert "semillas)" in found[1]
    assert found[1].endswith("con una potencia del 80 % si el efecto fuera el observado.")


def test_many_decided_differences_are_counted_and_the_largest_is_told() -> None:
    (found,) = box(with_p(make_material(cases=5, seeds=10), 0.01, 0.01, 0.02, 0.03))
    assert found.startswith("Las cuatro configuraciones comparadas difieren significativamente de la referencia (")
    assert "(p ≤ 0,030); la mayor diferencia es la de " in found


def test_where_no_difference_is_decided_it_is_said_so() -> None:
    found = box(with_p(make_material(cases=5, seeds=10), None, None, None, 0.4))
    assert found[0].startswith("Ninguna de las cuatro comparaciones de exactitud en test con la referencia (")
    fewest = "la que menos semillas necesitaría es la de la configuración con "
    assert found[1].startswith(f"Comparaciones sin decidir: cuatro; {fewest}")


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("es", "(?<!configuraciones con )(?<!las de )bloques congelados ="),
        ("en", "(?<!configurations with )(?<!those with )frozen blocks ="),
    ],
)
@pytest.mark.parametrize("p_values", [(0.01, 0.01, 0.02), (None, None, 0.4)])
def test_a_case_is_named_by_its_label_within_brackets_alone(
    language: str, label: str, p_values: tuple[float | None, ...]
) -> None:
    paper = {"language": language, "abstract": "{{best}}", "labels": {}}
    document = compose(with_p(make_material(paper, cases=4, seeds=10), *p_values), files={})
    prose = (text for block in document.body if isinstance(block, Paragraph | Bullets) for text in texts(block))
    for text in (document.abstract, *document.highlights, *prose):
        told = templates.plain(document, text).replace("\u00a0", " ")
        assert not re.search(label, re.sub(r"\([^()]*\)", "", told))


@pytest.mark.parametrize(
    ("language", "need", "meaning"),
    [
        ("es", "semillas, no más que las empleadas)", "tantas no se haya decidido entra en el 20 % restante."),
        ("en", "seeds, no more than were used, could have", "did not decide it lies within the other 20%."),
    ],
)
def test_seeds_that_were_there_are_not_told_as_lacking(language: str, need: str, meaning: str) -> None:
    material = with_p(make_material({"language": language}, cases=2, seeds=10), None)
    (found,) = material.findings.comparisons
    plain = box(material)[-1]
    assert (need in plain, meaning in plain) == (False, False)
    clear = mean_estimate([0.1, 0.12, 0.11, 0.09, 0.1] * 2, [f"run{at}" for at in range(10)])
    findings = replace(material.findings, comparisons=(replace(found, difference=clear),))
    material.__dict__["findings"] = findings
    told = box(material)[-1]
    assert need in told
    assert told.endswith(meaning)


def test_of_what_was_measured_once_nobody_says_how_many_seeds_it_needs() -> None:
    found = box(make_material(cases=5, seeds=1, claims=[HOLDS]))
    assert found == [
        "Ninguna de las cuatro comparaciones con la referencia es concluyente con las semillas disponibles: "
        "harían falta al menos ocho semillas emparejadas.",
        "La única afirmación contrastada, «La exactitud supera el 1 %», no es concluyente.",
    ]


def test_claims_are_counted_and_those_that_were_decided_are_quoted() -> None:
    found = box(make_material(cases=2, seeds=10, claims=[HOLDS, FAILS]))
    told = next(text for text in found if text.startswith("De las dos afirmaciones contrastadas"))
    assert "Se sostiene «La exactitud supera el 1 %»" in told
    assert "No se sostiene «La exactitud supera casi todo»" in told


def test_claims_of_one_verdict_are_told_in_one_sentence() -> None:
    found = box(make_material(cases=2, seeds=10, claims=[HOLDS, {**HOLDS, "id": "tres", "text": "Supera el 2 %"}]))
    assert "Las dos afirmaciones contrastadas se sostienen: «La exactitud supera el 1 %» y «Supera el 2 %»." in found
    found = box(make_material(cases=2, seeds=10, claims=[FAILS, {**FAILS, "id": "tres", "text": "Supera todo"}]))
    assert any(text.startswith("Ninguna de las dos afirmaciones contrastadas se sostiene: «") for text in found)


def test_a_claim_that_is_open_is_told_with_its_seeds() -> None:
    found = box(make_material(cases=2, seeds=3, claims=[HOLDS]))
    assert "La única afirmación contrastada, «La exactitud supera el 1 %», no es concluyente." in found
    assert any(text.startswith("Queda sin decidir la afirmación «La exactitud supera el 1 %»") for text in found)


def test_a_study_of_one_case_tells_its_measure_and_one_without_results_nothing() -> None:
    (found,) = box(make_material(cases=1, seeds=5))
    assert found.startswith("La exactitud en test es ")
    assert box(make_material(cases=3, seeds=3, done=0)) == []


@pytest.mark.parametrize("template", ["ieee", "report"])
def test_the_box_stands_after_the_abstract_in_print_and_on_the_page(template: str) -> None:
    document: Document = compose(make_material({"template": template}, cases=3, seeds=10))
    numbering = number(document)
    printed = templates.render(document, numbering, (), "paper", "", lambda *_: "")
    page = render_html(document, numbering)
    for text, tag in ((printed, "figure"), (page, "aside")):
        assert text.count("Hallazgos</p>") == 1
        assert f'<{tag} class="highlights"' in text
        assert text.index("Resumen") < text.index("Hallazgos</p>")
    for quantity in document.quantities[:3]:
        assert quantity.runs or quantity.value is not None
