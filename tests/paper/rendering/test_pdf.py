"""The printed page in every form: its size, what stands where, the report's index, and accessibility."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import weasyprint
from pypdf import PdfReader

from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.blocks import Cell, Column, Document, Heading, Listing, Paragraph, Table
from benchsuite.paper.document.numbering import number
from benchsuite.paper.document.page import GEOMETRIES
from benchsuite.paper.document.style import Form
from benchsuite.paper.rendering import print_page
from benchsuite.paper.rendering.pdf import render_pdf
from benchsuite.paper.sections.compose import compose
from support.composition import outline, paragraphs, small_letters
from support.paper_material import make_material
from support.paper_studies import SKETCHES, make_study

pytestmark = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not installed")

FORMS = (("ieee", "a4"), ("ieee", "letter"), ("report", "a4"))
SLACK = 1.0
"""Points of rounding."""
LEADING = 0.3
"""Share of its height by which the box of a word, which has room for accents, may pass the first and last lines."""


@dataclass(frozen=True)
class Printed:
    """A paper's document and its PDF."""

    document: Document
    pdf: Path

    @property
    def pages(self) -> list[str]:
        text = subprocess.run(["pdftotext", "-layout", self.pdf, "-"], capture_output=True, check=True).stdout
        return [" ".join(page.split()) for page in text.decode().rstrip("\f").split("\f")]

    @property
    def words(self) -> Iterator[tuple[int, str, tuple[float, float, float, float]]]:
        """(page, word, its left, top, right and bottom in points)."""
        text = subprocess.run(["pdftotext", "-bbox", self.pdf, "-"], capture_output=True, check=True).stdout.decode()
        for number_, page in enumerate(text.split("<page ")[1:], 1):
            for *box, word in re.findall(r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>', page):
                left, top, right, bottom = map(float, box)
                yield number_, word, (left, top, right, bottom)


def make_printed(material: PaperMaterial, folder: Path, template: Any, page: Any) -> Printed:
    section = material.suite.paper.model_copy(update={"template": template, "page": page})
    suite = material.suite.model_copy(update={"paper": section})
    document = compose(replace(material, results=replace(material.results, suite=suite)))
    file = folder / "paper.pdf"
    file.write_bytes(render_pdf(document, number(document)))
    return Printed(document, file)


@pytest.fixture(scope="module", params=FORMS, ids="-".join)
def printed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    return make_printed(make_material(cases=3, seeds=3), tmp_path_factory.mktemp("printed"), *request.param)


def check_margins(printed: Printed) -> None:
    """Assert that nothing but running heads and feet stands outside the text area."""
    form, title = printed.document.form, printed.document.title
    page = form.geometry
    left, top, right, bottom = (
        length * 72 / 25.4 for length in (page.side, page.top, page.width - page.side, page.height - page.bottom)
    )
    outside: dict[int, list[str]] = {}
    for at, word, box in printed.words:
        assert left - SLACK <= box[0], f"{word} on page {at} begins left of the text"
        assert box[2] <= right + SLACK, f"{word} on page {at} ends right of the text"
        room = LEADING * (box[3] - box[1])
        if box[1] < top - room or box[3] > bottom + room:
            outside.setdefault(at, []).append(word)
    first = 2 if form.template == "report" else 1
    running = f"{title} {{}}" if form.template == "report" else "{}"
    assert {at: sorted(words) for at, words in outside.items()} == {
        at: sorted(running.format(at).split()) for at in range(first, len(printed.pages) + 1)
    }


def check_letters(printed: Printed) -> None:
    """Assert that no letter of the pages, or of their figures, is too small, and that bookmarks read as titles do."""
    reader = PdfReader(printed.pdf)
    assert small_letters(reader) == []
    numbering = number(printed.document)
    titles = [
        f"{its}. {getattr(block, 'title', None) or block.lead}" if its else block.lead
        for its, block in zip(numbering.numbers, printed.document.body, strict=True)
        if isinstance(block, Heading) or (isinstance(block, Paragraph) and block.lead)
    ]
    found = outline(reader)
    assert [title for title in found if title in set(titles)] == titles
    assert not [title for title in found if "\u200b" in title or title.endswith(":")]


def check_accessible(printed: Printed) -> None:
    """Assert that the checker finds no error."""
    from outloud import check

    result = check(str(printed.pdf))
    assert result.error is None
    assert result.stats["pages"] == len(printed.pages)
    assert [f"{found.rule}: {found.message}" for found in result.findings if found.severity == "error"] == []


def test_pages_have_the_size_the_suite_asks_for(printed: Printed) -> None:
    facts = subprocess.run(["pdfinfo", printed.pdf], capture_output=True, check=True).stdout.decode()
    width, height = (float(length) for length in re.findall(r"Page size:\s+([\d.]+) x ([\d.]+)", facts)[0])
    wanted = (612, 792) if printed.document.form.page == "letter" else (595.28, 841.89)
    assert (width, height) == pytest.approx(wanted, abs=0.1)


def test_nothing_of_a_page_leaves_its_text_area(printed: Printed) -> None:
    check_margins(printed)


def test_no_letter_is_too_small_and_bookmarks_read_as_titles(printed: Printed) -> None:
    check_letters(printed)


@pytest.mark.parametrize(("template", "page"), FORMS)
def test_what_it_is_handed_in_for_and_its_rights_stand_on_the_first_page_alone(
    template: Any, page: Any, tmp_path: Path
) -> None:
    said = {"assignment": "Visión por computador, práctica 2", "rights": "© 2026 Ana Núñez. CC BY 4.0"}
    first, *others = make_printed(make_material(said, cases=2, seeds=2), tmp_path, template, page).pages
    assert all(words in first for words in said.values())
    assert not any(words in " ".join(others) for words in said.values())


def test_letters_that_are_too_small_are_found(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself."""
    monkeypatch.setattr(print_page, "_css", lambda *given, css=print_page._css: css(*given) + ".note{font-size:6pt}")
    pdf = render_pdf(printed.document, number(printed.document))
    assert [fault for fault in small_letters(PdfReader(io.BytesIO(pdf))) if fault.startswith("6.0 pt")]


@pytest.mark.parametrize("form", GEOMETRIES)
def test_the_watermark_is_as_large_as_the_sheet_and_in_its_middle(form: Any) -> None:
    page = GEOMETRIES[form]
    drawn = print_page._watermark("MUESTRA", page)
    width, height = page.width * 72 / 25.4, page.height * 72 / 25.4
    assert f'viewBox="0 0 {width:.2f} {height:.2f}"' in drawn
    assert f"rotate(-52 {width / 2:.2f} {height / 2:.2f})" in drawn


def test_papers_of_every_form_pass_an_accessibility_checker(printed: Printed) -> None:
    check_accessible(printed)


def test_the_index_of_a_report_gives_the_page_of_each_section_figure_and_table(printed: Printed) -> None:
    if printed.document.form.template != "report":
        assert not any("Índice" in page for page in printed.pages)
        return
    _, sections, figures, tables = re.split("Índice de figuras|Índice de tablas|Índice", printed.pages[2])
    for part, kind in ((sections, ""), (figures, "Figura "), (tables, "Tabla ")):
        entries = re.findall(r"((?:\d[\d.]*\. )?)([^\d\s].*?) ?(?:\. )+(\d+)(?= |$)", part)
        assert len(entries) > 3
        for its_number, title, page in entries:
            shown = re.sub(r"(?<=\w)- (?=[a-z])", "", printed.pages[int(page) - 1])  # what is hyphenated
            assert f"{kind}{its_number}{title}".strip() in shown, (its_number, title, page)


@pytest.mark.parametrize(("sections", "page_of_lists"), [(5, 2), (28, 3)])
def test_the_lists_of_figures_and_tables_of_a_report_share_a_page(
    sections: int, page_of_lists: int, tmp_path: Path
) -> None:
    """That of the contents where there is room, else the one after it."""
    rows = ((Cell("a"), Cell("1")),)
    body: list[Any] = [Heading(f"sec-{at}", 1, f"Parte {at}") for at in range(sections)]
    for at in range(8):
        table = Table(f"tab-{at}", "Valores", (Column("Fila"), Column("Valor")), rows)
        figure = Listing(f"fig-{at}", "x = 1", "Una línea")
        body += [Paragraph(f"Véanse {{{{fig-{at}}}}} y {{{{tab-{at}}}}}."), figure, table]
    document = Document("Título", (), "", (), tuple(body), {}, (), None, form=Form(template="report", table="Tabla"))
    file = tmp_path / "paper.pdf"
    file.write_bytes(render_pdf(document, number(document)))
    found = Printed(document, file).pages
    assert [at for at, page in enumerate(found) if "Índice de figuras" in page] == [page_of_lists]
    assert [at for at, page in enumerate(found) if "Índice de tablas" in page] == [page_of_lists]
    assert found[page_of_lists].count("Valores") == 8


def test_no_page_of_an_index_stands_on_a_line_without_words() -> None:
    sheet = (resources.files("report_templates") / "report_es/print.css").read_text(encoding="utf-8")
    titles = [" ".join(["palabra"] * words) + "i" * more for words in range(5, 12) for more in range(1, 20)]
    items = "".join(f'<li class="level-1"><a href="#z">{title}</a></li>' for title in titles)
    page = f'<style>{sheet}</style><nav class="index"><ol>{items}</ol></nav><p id="z">z</p>'
    lines = [one.lines for one in paragraphs(weasyprint.HTML(string=page).render()) if one.tag == "li"]
    assert len(lines) == len(titles)
    assert {len(each) for each in lines} >= {1, 2}
    assert [each[-1].text for each in lines if not re.search("[a-z]", each[-1].text)] == []


@pytest.mark.slow
@pytest.mark.parametrize(("template", "page"), FORMS)
@pytest.mark.parametrize("name", sorted(SKETCHES))
def test_studies_of_every_shape_keep_to_the_page_and_are_accessible(
    name: str, template: str, page: str, tmp_path: Path
) -> None:
    printed = make_printed(make_study(name), tmp_path, template, page)
    check_margins(printed)
    check_accessible(printed)
    check_letters(printed)
