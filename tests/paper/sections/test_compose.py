"""What papers say: numbers from the findings, words chosen by them, and every state of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.bundle.attachments import pack, unpack
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Document, Figure, Table, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.language import typography
from benchsuite.paper.rendering import templates
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material


def said(document: Document) -> str:
    parts = [document.abstract, *document.notices, *(text for block in document.body for text in texts(block))]
    return " ".join(templates.plain(document, part) for part in parts).replace("\u00a0", " ")


def table(document: Document, name: str) -> Table:
    return next(block for block in document.body if isinstance(block, Table) and block.id == name)


def test_the_results_table_prints_the_findings() -> None:
    material = make_material(cases=2, seeds=5)
    document = compose(material)
    rows = table(document, "tab-results").rows
    for row, case in zip(rows, material.findings.cases, strict=True):
        estimate = case.estimates["test_accuracy"]
        assert row[3].value == 100 * estimate.mean
        assert row[3].interval == (100 * (estimate.low or 0), 100 * min(1, estimate.high or 0))
        assert row[3].runs == estimate.runs
        shown = templates.plain(document, row[3].text)
        assert shown.startswith(typography.number(100 * estimate.mean, 1))
        assert typography.number(100 * max(0.0, estimate.low or 0), 1) in shown


def test_prose_quotes_results_by_reference() -> None:
    material = make_material(cases=2, seeds=4)
    estimate = material.findings.cases[0].estimates["test_accuracy"]
    assert typography.percent(estimate.mean).replace("\u00a0", " ") in said(compose(material))


def test_the_best_case_is_quoted_with_its_value_where_a_metric_is_asked_for() -> None:
    material = make_material({"abstract": "Gana {{best}}; en test, {{best test_accuracy}}."}, cases=2, seeds=4)
    mean = max(case.estimates["test_accuracy"].mean for case in material.findings.cases)
    text = templates.plain(compose(material), compose(material).abstract).replace("\u00a0", " ")
    name, with_value = text.removeprefix("Gana ").rstrip(".").split("; en test, ")
    assert with_value == f"{name} ({typography.percent(mean)})".replace("\u00a0", " ")


def test_a_case_whose_name_ends_in_a_number_stays_whole_in_prose_but_not_in_code() -> None:
    labels = {"recipe.freeze.blocks=0": "ajuste 3", "recipe.freeze.blocks=1": "ajuste 30"}
    abstract = "El ajuste 3 y el ajuste 30, no `ajuste 3`; gana {{best}}, que no es la del reajuste 3."
    document = compose(make_material({"labels": labels, "abstract": abstract}, cases=2))
    start = "El ajuste~3 y el ajuste~30, no `ajuste 3`; gana"
    assert document.abstract.startswith(start.replace("~", "\u00a0"))
    assert "~=~ajuste~3 y~ajuste~30, que no es la del reajuste 3.".replace("~", "\u00a0") in document.abstract


@pytest.mark.parametrize(("language", "words"), [("es", "sin resultados todavía"), ("en", "no results yet")])
def test_what_is_pending_within_brackets_has_none_of_its_own(language: str, words: str) -> None:
    value = "{{test_accuracy recipe.freeze.blocks=0}}"
    abstract = f"A ({value}), B (C, {value}; D, {value}), E {value}."
    document = compose(make_material({"language": language, "abstract": abstract}, cases=2, done=0))
    assert document.abstract == f"A ({words}), B (C, {words}; D, {words}), E ({words})."


def test_the_command_that_a_paper_prints_makes_the_same_study() -> None:
    material = make_material(cases=2, seeds=2)
    assert "make suite SUITE=beans_freeze: repite el estudio; benchsuite verify beans_freeze: rehace" in said(
        compose(material)
    )
    changed = ("mis estudios/aves.yaml", "--seeds", "2", "--set", "recipe.phases=[1, 2]")
    material = unpack(pack(replace(material, study_arguments=changed, form_arguments=("--template", "report"))))
    command = "'mis estudios/aves.yaml' --seeds 2 --set 'recipe.phases=[1, 2]'"
    text = said(compose(material))
    assert f"benchsuite run {command} --template report: repite el estudio; benchsuite verify {command}: rehace" in text
    formed = said(compose(replace(material, study_arguments=())))
    assert (
        "benchsuite run beans_freeze --template report: repite el estudio; benchsuite verify beans_freeze: rehace"
        in formed
    )


def test_a_command_of_the_suites_name_alone_is_not_attached() -> None:
    material = make_material(cases=1, seeds=1)
    assert b"arguments" not in b"".join(pack(material).values())


@pytest.mark.parametrize("template", ["ieee", "report"])
@pytest.mark.parametrize("medium", ["web", "paper"])
def test_a_paper_without_an_abstract_has_no_heading_for_one(template: str, medium: str) -> None:
    found = []
    for abstract in ("", "Un resumen."):
        document = compose(make_material({"abstract": abstract, "template": template}, cases=2, seeds=2))
        plain = templates.render(document, number(document), (), "paper", "", lambda *_: "")
        found.append(render_html(document, number(document)) if medium == "web" else plain)
    assert "Resumen" not in found[0]
    assert 'name="description"' not in found[0]
    assert "Resumen" in found[1]


@pytest.mark.parametrize(
    ("errors", "said_of_them"), [(0, "Ninguna imagen"), (1, "El único error es tomar"), (2, "De los 2")]
)
def test_as_many_errors_as_there_are_are_told(errors: int, said_of_them: str) -> None:
    material = make_material(cases=1, seeds=1)
    results = material.results
    ((key, record),) = results.records.items()
    assert record.test is not None
    confusion = ((40 - errors, errors, 0), (0, 40, 0), (0, 0, 40))
    accuracy = 1 - errors / 120
    made = record.model_copy(
        update={"test": record.test.model_copy(update={"confusion": confusion, "accuracy": accuracy})}
    )
    text = said(compose(replace(material, results=replace(results, records={key: made}, outcomes={}))))
    assert said_of_them in text
    assert "los 1 " not in text


@pytest.mark.parametrize(
    ("quote", "hint"), [("test_acuracy 0", "test_accuracy"), ("test_accuracy 9", "unknown"), ("best nada", "unknown")]
)
def test_unknown_quotes_are_errors_that_name_the_place(quote: str, hint: str) -> None:
    material = make_material({"abstract": f"Dice {{{{{quote}}}}}."}, cases=1, seeds=2)
    with pytest.raises(PaperError, match="unknown") as caught:
        compose(material)
    assert caught.value.where == "paper.abstract"
    assert hint in str(caught.value)


def test_the_six_figures_of_the_study_are_there_with_words_for_the_blind() -> None:
    figures = {block.id: block for block in compose(make_material(cases=2, seeds=2)).body if isinstance(block, Figure)}
    for name in ("accuracies", "loss", "gap", "convergence", "cost", "test", "confusion", "stages"):
        drawn = figures[f"fig-{name}"].drawing
        assert any(character.isdigit() for character in drawn.alt)
        assert "<image" not in drawn.svg


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ({"cases": 3, "seeds": 3, "done": 0}, ["RESULTADOS PARCIALES: 0 de 9", "Todavía no hay ninguna ejecución"]),
        ({"cases": 3, "seeds": 1}, ["Una sola semilla", "no concluyente", "Wilson"]),
        ({"cases": 1, "seeds": 2}, ["recoge las medidas"]),
        (
            {"cases": 2, "seeds": 3, "done": 4, "failed": [(1, 0)]},
            ["RESULTADOS PARCIALES: 3 de 6", "Una ejecución ha fallado", "became NaN"],
        ),
        (
            {"cases": 1, "seeds": 2, "sample": True, "changes": ("recipe.max_epochs=2",)},
            ["MUESTRA SINTÉTICA", "PESOS ALEATORIOS", "recipe.max_epochs=2"],
        ),
    ],
)
def test_every_state_of_a_study_makes_a_paper_that_says_so(findings: dict[str, Any], words: list[str]) -> None:
    document = compose(make_material(**findings))
    text = said(document)
    for word in words:
        assert word in text
    number(document)


def test_a_finished_study_has_neither_watermark_nor_notice() -> None:
    document = compose(make_material(cases=1, seeds=2))
    assert document.watermark is None
    assert not document.notices


def test_a_section_in_an_unknown_place_is_an_error() -> None:
    sections = [{"title": "Rara", "place": "nowhere", "text": "x"}]
    with pytest.raises(PaperError, match="nowhere"):
        compose(make_material({"sections": sections}, cases=1, seeds=1))


def test_prose_may_refer_to_figures_that_are_still_to_come() -> None:
    sections = [{"title": "Uno", "text": "Véase {{fig-loss}}."}]
    document = compose(make_material({"sections": sections}, cases=3, seeds=2, done=0))
    assert "(figura pendiente)" in render_html(document, number(document))


def test_a_spoilt_sample_photo_is_refused() -> None:
    from dataclasses import replace

    material = replace(make_material(cases=1, seeds=1), samples=(("roya", b"not a photo"),))
    with pytest.raises(PaperError, match="roya"):
        compose(material)


def change_records(material: PaperMaterial, *changes: Mapping[str, Any]) -> PaperMaterial:
    """The material with one change after the other made to the costs and environments of its records."""
    records = {}
    for number_, (key, record) in enumerate(material.results.records.items()):
        change = changes[number_ % len(changes)]
        parts = {name: getattr(record, name).model_copy(update=fields) for name, fields in change.items()}
        records[key] = record.model_copy(update=parts)
    return replace(material, results=replace(material.results, records=records))


def test_times_of_runs_beside_others_are_told_as_no_ones_alone() -> None:
    material = make_material(cases=2, seeds=2)
    alone = said(compose(material))
    assert "a la vez" not in alone
    assert said(compose(change_records(material, {"cost": {"at_once": 1}}))) == alone
    text = said(compose(change_records(material, {"cost": {"at_once": 4}})))
    assert text.count("se hicieron cuatro ejecuciones a la vez: los tiempos no son comparables") == 1
    assert "suma de ejecuciones hechas a la vez" in text
    mixed = said(compose(change_records(material, {"cost": {"at_once": 3}}, {})))
    assert "se hicieron entre una y tres ejecuciones a la vez" in mixed
    assert "ni del todo entre sí" in mixed
    assert "entre sí" not in text


def test_what_mixed_precision_is_is_told_once_and_only_where_it_was() -> None:
    material = make_material(cases=2, seeds=2)
    assert "mantisa" not in said(compose(material))
    bf16 = {"environment": {"precision": "bf16", "capability": "AVX512_BF16"}}
    text = said(compose(change_records(material, bf16)))
    assert text.count("Las redes se calcularon en precisión mixta") == 1
    assert "bf16, de 8 bits, y suman los productos en fp32." in text
    card = {"environment": {"device": "cuda", "precision": "bf16", "capability": "9.0"}}
    text = said(compose(change_records(material, card)))
    assert "bf16, de 8 bits." in text  # a GPU may add parts of a sum in bf16
    old = {"environment": {"device": "cuda", "precision": "fp16", "capability": "7.5"}}
    text = said(compose(change_records(material, {}, old)))
    assert "Las ejecuciones en fp16 se calcularon en precisión mixta" in text
    assert "fp16, de 11 bits." in text


def test_the_cost_table_tells_the_energy_where_the_gpu_did() -> None:
    material = make_material(cases=2, seeds=2)
    assert "Energía (kJ)" not in [column.title for column in table(compose(material), "tab-cost").columns]
    document = compose(change_records(material, {"cost": {"energy_joules": 12_345.0}}))
    made = table(document, "tab-cost")
    at = [column.title for column in made.columns].index("Energía (kJ)")
    assert [templates.plain(document, row[at].text) for row in made.rows] == ["12,3", "12,3"]
    assert [row[at].value for row in made.rows] == [12.345, 12.345]
    assert "Energía: de la GPU entera" in (made.note or "")


def test_the_cost_table_tells_the_wait_for_data_where_it_was_measured() -> None:
    material = make_material(cases=2, seeds=2)
    assert "Espera (%)" not in [column.title for column in table(compose(material), "tab-cost").columns]
    training = [record.cost.seconds["training"] for record in material.results.records.values() if record.cost]
    document = compose(change_records(material, {"cost": {"data_seconds": 0.1 * min(training)}}))
    made = table(document, "tab-cost")
    at = [column.title for column in made.columns].index("Espera (%)")
    assert all(0 < (row[at].value or 0) <= 10 for row in made.rows)
    assert "Espera: parte del tiempo" in (made.note or "")


def test_an_english_paper_says_all_of_its_own_in_english() -> None:
    document = compose(make_material({"language": "en", "abstract": "", "sections": ()}, cases=3, seeds=3))
    assert (document.form.abstract, document.form.table, document.form.keywords) == ("Abstract", "Table", "Index Terms")
    page = render_html(document, number(document))
    assert '<html lang="en">' in page
    assert "The test split stays sealed" in page
    assert "Fig. 1." in page
    assert "semillas" not in page
    assert not document.notices


def test_prose_in_another_language_than_the_paper_is_marked_and_the_first_page_says_so() -> None:
    document = compose(make_material({"language": "en", "written_in": "es"}, cases=2, seeds=2))
    assert "The authors’ own text is in Spanish" in document.notices
    page = render_html(document, number(document))
    assert '<span lang="es">' in page
    assert ' lang="es">' in page.split("<main", 1)[1]
