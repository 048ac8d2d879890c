"""The README beside a paper says in short what the paper says, in Markdown that means nothing else."""

from __future__ import annotations

from dataclasses import replace

from benchsuite.paper.document.blocks import Document
from benchsuite.paper.document.numbering import number
from benchsuite.paper.language.current import speaking
from benchsuite.paper.rendering.readme import render_readme
from benchsuite.paper.sections.compose import compose
from support.paper_material import HOSTILE, make_material


def readme(document: Document) -> str:
    with speaking(document.form.language):
        return render_readme(document, number(document)).replace("\u00a0", " ")


def paper(**prose: str) -> Document:
    claim = {"id": "tres", "text": "Con tres bloques basta", "source": "alfa", "cases": [3], "at_least": 0.5}
    return compose(make_material(dict(prose) or None, cases=4, seeds=6, claims=[claim]))


def test_it_has_the_title_the_abstract_what_was_found_the_tables_and_the_commands() -> None:
    text = readme(paper())
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads[1:] == ["## Hallazgos", "## Resultados", "## Cómo repetirlo"]
    assert text.startswith("# ")
    assert "[HTML](paper.html) · [PDF](paper.pdf)" in text
    assert "Se estudia el congelamiento con " in text
    assert "**Resultados por configuración**" in text
    assert "| Con tres bloques basta |" in text
    assert "**se sostiene** |" in text
    assert "\n- `benchsuite reproduce paper.pdf`:" in text
    assert "[[" not in text
    assert "{{" not in text


def test_its_numbers_are_the_papers_and_tables_go_by_their_numbers() -> None:
    document = paper(abstract="Hay {{test_accuracy recipe.freeze.blocks=1}} en el {{tab-results}} [[alfa]], [[zeta]].")
    quoted = document.quantities[0].text.replace("\u00a0", " ").replace("\\", "")
    label = number(document).labels["tab-results"].replace("\u00a0", " ")
    assert f"Hay {quoted} en el {label}." in readme(document).replace("\\", "")


def test_hostile_words_mean_nothing_in_markdown() -> None:
    text = readme(paper(abstract=f"{HOSTILE} | celda"))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\\| celda" in text
    assert "\u202e" not in text


def test_without_results_it_has_no_findings() -> None:
    document = replace(paper(), highlights=(), abstract="", body=())
    assert [line for line in readme(document).splitlines() if line.startswith("#")] == [f"# {document.title}"]
