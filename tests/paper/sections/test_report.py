"""What the paper of a report says: of each study what its own paper says, and of the chain what the settings show."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.build import build_paper
from benchsuite.paper.bundle.attachments import attached, pack, unpack, unpack_study
from benchsuite.paper.bundle.consistency import inconsistencies
from benchsuite.paper.context.material import PaperMaterial, ReportMaterial
from benchsuite.paper.context.report_context import ReportContext
from benchsuite.paper.document.blocks import Document, Figure, Heading, Photos, Table, texts
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import templates
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.report import compose_report
from benchsuite.suite.prose.references import BLOCK
from benchsuite.suite.schema.report import Step
from support.paper_material import make_report_material
from support.paper_studies import make_study
from support.synthetic_study import make_report_material as make_shipped_report

CLAIM: dict[str, Any] = {"id": "bien", "text": "Todas superan el 20 %", "at_least": 0.2}


def said(document: Document) -> str:
    parts = [document.abstract, *document.notices, *document.highlights]
    parts += [text for block in document.body for text in texts(block)]
    return " ".join(templates.plain(document, part) for part in parts).replace("\u00a0", " ")


def table(document: Document, name: str) -> Table:
    return next(block for block in document.body if isinstance(block, Table) and block.id == name)


def with_prose(*texts: str, **changes: Any) -> ReportMaterial:
    sections = [{"title": f"Parte {n}", "place": "discussion", "text": text} for n, text in enumerate(texts, 1)]
    return make_report_material({"sections": sections}, **changes)


def test_each_study_has_the_tables_of_its_own_paper() -> None:
    material = make_report_material(claims=[CLAIM])
    document = compose_report(material)
    for study in material.studies:
        own = compose(study)
        for name in ("tab-results", "tab-cost", *(("tab-claims",) if study.suite.claims else ())):
            theirs, ours = table(own, name), table(document, f"{name}-{study.suite.name}")
            assert [[cell.value for cell in row] for row in ours.rows] == [
                [cell.value for cell in row] for row in theirs.rows
            ]
            assert [[cell.runs for cell in row] for row in ours.rows] == [
                [cell.runs for cell in row] for row in theirs.rows
            ]
    figures = {block.id for block in document.body if isinstance(block, Figure)}
    assert figures == {"fig-chain", *(f"fig-{name}-step{n}" for name in ("test", "loss") for n in (1, 2))}


def further(material: ReportMaterial, *asked: str) -> ReportMaterial:
    """The same, whose first study asks for these figures and tables."""
    first, *others = material.studies
    paper = first.suite.paper.model_copy(update={"further": asked})
    suite = first.suite.model_copy(update={"paper": paper})
    return replace(material, studies=(replace(first, results=replace(first.results, suite=suite)), *others))


def test_of_what_a_study_asks_for_its_report_has_the_curves_and_the_losses() -> None:
    material = further(make_report_material(sizes=((2, 3), (1, 3))), "fig-curves", "tab-losses")
    document = compose_report(material)
    names = {block.id for block in document.body if isinstance(block, Figure | Table)}
    assert {"fig-curves-step1", "tab-losses-step1"} <= names
    assert not {"fig-curves-step2", "tab-losses-step2"} & names
    assert "el artículo del estudio lee cada curva" in said(document)


def test_data_and_networks_are_told_with_the_first_study_that_has_them() -> None:
    material = further(make_report_material(sizes=((2, 3), (1, 3))), "fig-networks")
    birds = replace(make_study("aves"), samples=(), mistakes=())
    suite = material.suite.model_copy(update={"studies": (*material.suite.studies, Step(study="aves"))})
    first = replace(material.studies[0], samples=make_study("aves").samples)
    whole = replace(material, suite=suite, studies=(first, *material.studies[1:], birds))
    document = compose_report(unpack(pack(whole)))  # type: ignore[arg-type]
    names = {block.id for block in document.body if isinstance(block, Figure | Photos | Table)}
    assert {name for name in names if name.startswith("fig-samples")} == {"fig-samples-step1"}
    assert {name for name in names if name.startswith("tab-dataset")} == {"tab-dataset-step1", "tab-dataset-aves"}
    own, ours = table(compose(material.studies[0]), "tab-dataset"), table(document, "tab-dataset-step1")
    assert [[cell.text for cell in row] for row in ours.rows] == [[cell.text for cell in row] for row in own.rows]
    assert "queda en la carpeta del estudio, junto a la de este informe." in said(document)


@pytest.mark.slow
def test_each_network_is_drawn_once_along_the_chain() -> None:
    document = compose_report(make_shipped_report("cifar10_report"))
    drawn = [block.id for block in document.body if isinstance(block, Figure) and block.id.startswith("fig-networks")]
    assert drawn == ["fig-networks-cifar10_dense", "fig-networks-cifar10_cnn"]


def test_what_each_configuration_is_stands_where_its_name_does_not_tell() -> None:
    material = make_report_material(sizes=((2, 3),))
    birds = replace(make_study("aves"), samples=(), mistakes=())
    suite = material.suite.model_copy(update={"studies": (*material.suite.studies, Step(study="aves"))})
    document = compose_report(replace(material, suite=suite, studies=(*material.studies, birds)))
    ours, own = table(document, "tab-cases-aves"), table(compose(birds), "tab-cases")
    assert [[cell.text for cell in row] for row in ours.rows] == [[cell.text for cell in row] for row in own.rows]
    assert "tab-cases-step1" not in {block.id for block in document.body if isinstance(block, Table)}
    assert said(document).count("dice qué es cada configuración.") == 1


def test_a_study_of_one_configuration_chooses_nothing() -> None:
    whole = said(compose_report(make_report_material(sizes=((2, 3), (1, 3)))))
    assert re.search(r"Paso 2 de 2, el estudio step2, con una configuración y tres semillas\. Obtiene \d", whole)
    assert whole.count("Se elige") == 1


def test_the_table_of_the_chain_leads_to_what_is_told_of_each_step() -> None:
    document = compose_report(make_report_material())
    page = render_html(document, number(document))
    for name in ("step1", "step2"):
        assert f'<a href="#sec-{name}">{name}</a>' in page
        assert f'id="sec-{name}"' in page


def test_every_number_is_traced_and_every_reference_leads_somewhere() -> None:
    document = compose_report(make_report_material(claims=[CLAIM]))
    assert document.verified > 30
    numbering = number(document)
    for block in document.body:
        for text in texts(block):
            for name in BLOCK.findall(" ".join(part.split("}}")[0] for part in text.split("{{")[1:])):
                assert name in numbering.labels, name
    page = render_html(document, numbering)
    assert 'class="q"' in page
    assert not [one for one in document.quantities if one.value is not None and one.text.endswith("%") and not one.runs]


def test_the_chain_tells_what_is_handed_on_and_whether_the_next_begins_from_it() -> None:
    document = compose_report(make_report_material(sizes=((3, 5), (2, 5)), carries={"step1": 2}))
    rows = table(document, "tab-chain").rows
    assert [templates.plain(document, row[2].text) for row in rows] == ["2", "0"]
    (row,) = table(document, "tab-carried").rows
    told = [templates.plain(document, cell.text) for cell in row]
    assert told == ["step1 → step2", "Bloques congelados", "2", "0 / 1", "no", "0 de 2"]
    whole = said(document)
    assert "en uno el siguiente no parte de lo elegido" in whole
    assert "En un paso la cadena sigue con una configuración distinta de la primera en validación: step1." in whole


def test_a_step_that_is_followed_is_said_to_be() -> None:
    whole = said(compose_report(make_report_material(sizes=((3, 5), (1, 5)))))
    assert "en uno todas las configuraciones del estudio siguiente parten de lo elegido" in whole


def test_a_single_claim_is_told_as_one() -> None:
    whole = said(compose_report(make_report_material(sizes=((2, 10),), claims=[CLAIM])))
    assert "La única afirmación que los estudios contrastan se sostiene." in whole
    assert "contrasta la única afirmación del estudio, que se sostiene." in whole


def test_a_step_says_in_what_its_settings_differ() -> None:
    whole = said(compose_report(make_report_material()))
    found = re.findall(r"Compara \w+ configuraciones, con \w+ semillas cada una, que difieren en ([a-z ]+)\.", whole)
    assert found == ["bloques congelados", "bloques congelados"]


def test_a_report_on_one_study_has_no_chain() -> None:
    document = compose_report(make_report_material(sizes=((2, 3),)))
    names = {getattr(block, "id", "") for block in document.body}
    assert "tab-chain" in names
    assert not {"fig-chain", "tab-carried"} & names


def test_prose_quotes_its_studies_and_follows_their_claims_and_steps() -> None:
    material = with_prose(
        "Hay {{studies}} y {{runs}}. {{if claim step1.bien holds}}SE SOSTIENE{{else}}no{{end}}: {{claim step1.bien}}.",
        "{{if step step1 kept}}SIGUE{{elif partly}}A MEDIAS{{else}}SE PIERDE{{end}}, con {{choice step1}} y "
        "{{first step1}}. {{if choice step1 first}}IGUAL{{else}}OTRA{{end}}: {{test_accuracy step2.1}}.",
        claims=[CLAIM],
        carries={"step1": 2},
        sizes=((3, 10), (3, 10)),
    )
    document = compose_report(material)
    whole = said(document)
    assert "Hay dos estudios y 30 ejecuciones" in whole  # those of the second are among those of the first
    assert "SE SOSTIENE: «Todas superan el 20 %» se sostiene (" in whole
    assert "A MEDIAS" in whole
    assert "OTRA" in whole
    mean = material.studies[1].findings.case("freeze_blocks=1").estimates["test_accuracy"]
    assert any(one.value == mean.mean and one.runs == mean.runs for one in document.quantities)


def test_what_prose_names_that_there_is_not_is_refused() -> None:
    with pytest.raises(PaperError, match="step3"):
        compose_report(with_prose("{{best step3}}"))
    with pytest.raises(PaperError, match="has no such case"):
        compose_report(make_report_material(carries={"step1": 9}))


def test_works_of_the_studies_are_listed_once_and_those_of_one_key_apart() -> None:
    material = make_report_material(claims=[{**CLAIM, "source": "alfa"}])
    first, second = material.studies
    other = second.suite.paper.model_copy(
        update={"references": (second.suite.paper.references[0].model_copy(update={"text": "Otra alfa, 1990."}),)}
    )
    suite = second.suite.model_copy(update={"paper": other, "claims": first.suite.claims})
    second = replace(second, results=replace(second.results, suite=suite))
    document = compose_report(replace(material, studies=(first, second)))
    keys = [key for key in document.references if key.startswith("alfa")]
    assert len(keys) == 2
    cited = [row[0].text for name in ("step1", "step2") for row in table(document, f"tab-claims-{name}").rows]
    assert [text.rpartition("[[")[2].rstrip("]") for text in cited] == keys


def test_a_sample_is_said_once_and_what_holds_of_one_study_with_its_name() -> None:
    material = make_report_material(sample=True)
    assert compose_report(material).watermark == compose(material.studies[0]).watermark
    (first, second), notice = material.studies, compose(material.studies[0]).notices[0]
    assert compose_report(material).notices.count(notice) == 1
    real = make_report_material().studies[1]
    one = compose_report(replace(material, studies=(first, real)))
    assert all(text.startswith("«step1»: ") for text in one.notices)
    assert second.suite.name == real.suite.name


def test_it_is_written_in_english_whole() -> None:
    material = make_report_material({"language": "en"}, claims=[CLAIM])
    document = compose_report(material)
    whole = said(document)
    assert "Step 1 of 2, the study" in whole
    assert "La cadena" not in whole
    headings = [block.title for block in document.body if isinstance(block, Heading)]
    assert "The chain" in headings


def test_without_prose_the_abstract_is_made_of_what_was_found() -> None:
    document = compose_report(make_report_material(claims=[CLAIM]))
    assert document.abstract.startswith("Este informe reúne dos estudios terminados")
    assert document.highlights
    assert all(sentence in document.abstract for sentence in document.highlights)


def test_the_prose_of_a_study_that_points_at_its_other_figures_leads_to_its_paper() -> None:
    document = compose_report(make_report_material(claims=[{**CLAIM, "text": "Según la {{fig-gap}}, bien"}]))
    assert "Según el artículo del estudio, bien" in said(document)
    render_html(document, number(document))


def test_what_is_packed_is_read_again_as_it_was() -> None:
    material = make_report_material({"sections": [{"title": "Uno", "text": "Dos."}]}, claims=[CLAIM])
    for study in material.studies:
        study.suite.keep(f"name: {study.suite.name}\n", {"references.bib": "@misc{x}"})
    material.suite.keep("kind: report\n", {"own.bib": "@misc{y}"})
    files = pack(material)
    assert {"step1+suite.yaml", "step2+references.bib", "suite.yaml", "own.bib", "results.json"} <= set(files)
    again = unpack(files)
    assert isinstance(again, ReportMaterial)
    assert pack(again) == files
    assert again.studies[1].suite.beside == {"references.bib": "@misc{x}"}
    assert json.loads(files["results.json"])["report"]["name"] == "both"
    with pytest.raises(PaperError, match="the report both"):
        unpack_study(files)


def test_records_that_contradict_themselves_are_told_once_though_studies_share_them() -> None:
    material = make_report_material(sizes=((2, 3), (2, 3)))
    assert inconsistencies(material) == []

    def spoilt(study: PaperMaterial) -> PaperMaterial:
        key, record = next(iter(study.results.records.items()))
        assert record.test is not None
        wrong = record.model_copy(update={"test": record.test.model_copy(update={"accuracy": 0.5})})
        return replace(study, results=replace(study.results, records={**study.results.records, key: wrong}))

    assert len(inconsistencies(replace(material, studies=tuple(map(spoilt, material.studies))))) == 1


@pytest.mark.slow
def test_its_paper_is_built_twice_with_the_same_bytes(tmp_path: Path) -> None:
    material = make_report_material(claims=[CLAIM])
    files = build_paper(material, tmp_path / "one")
    first = files.pdf.read_bytes()
    carried = unpack(attached(first))
    assert build_paper(carried, tmp_path / "two").pdf.read_bytes() == first
    assert ReportContext(material).runs


def test_figures_of_a_report_are_drawn_as_wide_as_its_page() -> None:
    material = make_report_material({"template": "report"}, sizes=[(2, 3)] * 5)
    document = compose_report(material)
    (chain,) = [block for block in document.body if isinstance(block, Figure) and block.id == "fig-chain"]
    assert chain.wide
    width = re.search(r'<svg[^>]* width="([\d.]+)pt"', chain.drawing.svg)
    assert width is not None
    assert float(width[1]) * 25.4 / 72 == pytest.approx(document.form.geometry.text_width, abs=0.1)
