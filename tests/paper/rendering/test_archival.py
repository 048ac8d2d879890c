"""PDF/A-3a and PDF/UA-1 in the objects of a finished paper, rule by rule: 6 is ISO 19005-3, 7 is ISO 14289-1."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, IndirectObject, StreamObject

from benchsuite.paper.context.material import PaperFiles
from benchsuite.paper.document.blocks import Bullets, Document
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering import weasyprint_boxes
from benchsuite.paper.rendering.html import render_html
from benchsuite.paper.rendering.pdf import render_pdf
from benchsuite.paper.sections.compose import compose
from support.paper_material import make_material

pytestmark = pytest.mark.slow

PAINTING = {b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"S", b"s", b"sh", b"Do", b"Tj", b"TJ", b"'", b'"'}


@pytest.fixture(scope="module")
def reader(sample_paper: PaperFiles) -> PdfReader:
    return PdfReader(BytesIO(sample_paper.pdf.read_bytes()))


@pytest.fixture(scope="module")
def objects(reader: PdfReader) -> list[Any]:
    """Every dictionary of the file, streams among them, each once."""
    return list(walk(reader.trailer, set()))


def walk(thing: Any, seen: set[int]) -> Iterator[Any]:
    stack = [thing]
    while stack:
        one = stack.pop()
        if isinstance(one, IndirectObject):
            if one.idnum in seen:
                continue
            seen.add(one.idnum)
            one = one.get_object()
        if isinstance(one, DictionaryObject):
            yield one
            stack += [one.raw_get(name) for name in one]
        elif isinstance(one, ArrayObject):
            stack += list.__iter__(one)


def of_type(objects: list[Any], name: str) -> list[Any]:
    return [one for one in objects if one.get("/Type") == name]


def elements(reader: PdfReader) -> list[Any]:
    """The structure elements in reading order."""
    found: list[Any] = []

    def go(element: Any) -> None:
        element = element.get_object()
        if isinstance(element, DictionaryObject) and "/S" in element:
            found.append(element)
        kids = element.get("/K") if isinstance(element, DictionaryObject) else None
        for kid in kids if isinstance(kids, ArrayObject) else [kids]:
            if isinstance(kid, DictionaryObject | IndirectObject) and isinstance(kid.get_object(), DictionaryObject):
                go(kid)

    go(reader.root_object["/StructTreeRoot"]["/K"][0])
    return found


def test_6_1_3_the_file_has_an_identifier_and_is_not_encrypted(reader: PdfReader) -> None:
    assert len(reader.trailer["/ID"]) == 2
    assert not reader.is_encrypted
    assert reader.pdf_header == "%PDF-1.7"


def test_6_2_3_colours_are_those_of_an_embedded_rgb_profile(reader: PdfReader) -> None:
    (intent,) = reader.root_object["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    profile = intent["/DestOutputProfile"].get_object()
    assert profile["/N"] == 3
    assert (profile.get_data()[16:20], profile.get_data()[36:40]) == (b"RGB ", b"acsp")


def test_6_2_4_3_no_colour_is_of_a_printing_press(reader: PdfReader, objects: list[Any]) -> None:
    assert not any("/DeviceCMYK" in list(one.values()) for one in objects)
    operators = {operator for page in reader.pages for _, operator in content(page).operations}
    assert not operators & {b"k", b"K"}


def test_6_2_5_graphics_states_have_no_transfer_functions_and_plain_blending(objects: list[Any]) -> None:
    for state in (one for one in objects if {"/ca", "/CA", "/BM"} & set(one)):
        assert not {"/TR", "/HTP"} & set(state)
        assert state.get("/BM", "/Normal") in ("/Normal", "/Compatible", "/Multiply", "/Screen")


def test_6_2_8_1_no_image_asks_to_be_smoothed(objects: list[Any]) -> None:
    images = [one for one in objects if one.get("/Subtype") == "/Image"]
    assert images
    assert all(image.get("/Interpolate", False) == False for image in images)  # noqa: E712, a PDF's own false
    assert not any({"/Alternates", "/OPI"} & set(image) for image in images)


def test_6_2_10_transparency_groups_know_the_colours_in_which_they_blend(objects: list[Any]) -> None:
    for group in (one for one in objects if one.get("/S") == "/Transparency"):
        assert "/CS" in group


def test_6_2_11_4_every_font_is_embedded(objects: list[Any]) -> None:
    descriptors = of_type(objects, "/FontDescriptor")
    assert descriptors
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(one) for one in descriptors)
    for font in of_type(objects, "/Font"):
        if font["/Subtype"] != "/Type0":
            assert "/FontDescriptor" in font or font["/Subtype"] == "/Type3"


def test_6_2_11_7_every_font_says_which_characters_it_draws(objects: list[Any]) -> None:
    fonts = [one for one in of_type(objects, "/Font") if one["/Subtype"] in ("/Type0", "/Type3", "/TrueType")]
    assert fonts
    for font in fonts:
        mapping = font["/ToUnicode"].get_object().get_data().decode("latin-1")
        targets = re.findall(r"<[0-9A-Fa-f]+>\s+<([0-9A-Fa-f]+)>", mapping)
        assert targets
        assert not {target.upper() for target in targets} & {"0000", "FEFF", "FFFE"}


def test_6_3_annotations_are_printed_and_6_5_do_nothing_but_lead_somewhere(objects: list[Any]) -> None:
    annotations = of_type(objects, "/Annot")
    assert annotations
    for one in annotations:
        assert one["/F"] & 4
        assert not one["/F"] & (1 | 2 | 32)
        assert "/StructParent" in one
    actions = {one["/S"] for one in objects if "/URI" in one or one.get("/Type") == "/Action"}
    assert actions <= {"/URI", "/GoTo"}
    assert not any({"/JS", "/AA", "/OpenAction"} & set(one) for one in objects)


def test_6_6_the_metadata_declares_both_standards_and_the_title(reader: PdfReader) -> None:
    packet = reader.root_object["/Metadata"].get_object().get_data()
    root = ElementTree.fromstring(packet)
    declared = {}
    for node in root.iter():
        for name, value in [(node.tag, node.text), *node.attrib.items()]:
            declared.setdefault(name, (value or "").strip())
    assert declared["{http://www.aiim.org/pdfa/ns/id/}part"] == "3"
    assert declared["{http://www.aiim.org/pdfa/ns/id/}conformance"] == "A"
    assert declared["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
    assert reader.metadata is not None
    assert str(reader.metadata.title) in " ".join(root.itertext())


def test_6_7_the_document_is_tagged_in_its_language_and_shows_its_title(reader: PdfReader) -> None:
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712
    assert root["/Lang"] == "es"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert all(page["/Tabs"] == "/S" for page in reader.pages)


def content(page: Any) -> ContentStream:
    return ContentStream(page.get_contents(), page.pdf)


def test_7_1_all_that_is_painted_is_tagged_or_an_artifact(reader: PdfReader) -> None:
    for page in reader.pages:
        depth = 0
        for _, operator in content(page).operations:
            depth += {b"BDC": 1, b"BMC": 1, b"EMC": -1}.get(operator, 0)
            assert depth or operator not in PAINTING, f"{operator!r} on page {page.page_number}"


def test_7_3_figures_and_7_7_formulas_can_be_heard_and_formulas_copied(reader: PdfReader) -> None:
    found = elements(reader)
    figures, formulas = ([one for one in found if one["/S"] == kind] for kind in ("/Figure", "/Formula"))
    assert figures
    assert formulas
    assert all(one["/Alt"].strip() for one in (*figures, *formulas))
    assert [(one["/Alt"], one["/ActualText"]) for one in formulas] == [("k = 3", "k = 3")]
    assert "\N{FUNCTION APPLICATION}" not in "".join(one.get("/Alt", "") for one in found)


def test_7_2_headings_go_down_by_single_levels_in_the_order_of_the_text(reader: PdfReader) -> None:
    levels = [int(one["/S"][2:]) for one in elements(reader) if re.fullmatch(r"/H[1-6]", one["/S"])]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_order_of_tags_is_that_in_which_the_pages_are_painted(sample_paper: PaperFiles) -> None:
    from outloud import check

    found = check(str(sample_paper.pdf)).findings
    assert [one.message for one in found if one.rule == "ORD-001"] == []


def test_6_8_attached_files_say_what_they_are_to_the_paper(reader: PdfReader, objects: list[Any]) -> None:
    files = of_type(objects, "/Filespec")
    assert {one["/UF"] for one in files} >= {"results.json"}
    for one in files:
        assert one["/F"] == one["/UF"]
        assert one["/AFRelationship"] in ("/Data", "/Source")
        embedded = one["/EF"]["/F"].get_object()
        assert isinstance(embedded, StreamObject)
        assert re.fullmatch(r"/[\w.+-]+/[\w.+-]+", embedded["/Subtype"].replace("#2f", "/"))
        assert "/ModDate" in embedded["/Params"]
    associated = [one.idnum for one in list.__iter__(reader.root_object["/AF"])]
    assert len(set(associated)) == len(associated) == len(files)


def words(pdf: bytes) -> set[str]:
    return set(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_formulas_are_copied_with_the_text_around_them() -> None:
    prose = "La salida está acotada entre $-1$ y $\\sigma(x)$, con $\\theta_1,\\ldots,\\theta_B$ y $k$ fijos."
    document = compose(make_material({"sections": [{"title": "Uno", "text": prose}]}, cases=1, seeds=1))
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(render_pdf(document, number(document)))).pages)
    flat = " ".join(text.split())
    assert "acotada entre −1 y σ(x)" in flat
    assert re.search(r"θ₁, ?…, ?θ_B y k fijos", flat)


def test_another_weasyprint_gets_a_plain_layout_with_everything_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its boxes are called: none is looked at."""
    document: Document = compose(make_material(cases=3, seeds=2))
    usual = render_pdf(document, number(document))

    def refuse(*_: Any) -> Any:
        raise AssertionError("its boxes are not known")

    monkeypatch.setattr(weasyprint_boxes, "installed", lambda: "69.0")
    for name in ("blocks", "layout", "measures"):
        monkeypatch.setattr(weasyprint_boxes, name, refuse)
    plain = render_pdf(document, number(document))
    whole = [words(pdf) for pdf in (usual, plain)]
    missing = {word for word in whole[0] if re.fullmatch(r"[\w,]{5,}", word)} - whole[1]
    assert len(missing) < 0.03 * len(whole[0]), missing  # words that lines break elsewhere


def test_7_18_5_links_are_described_by_the_words_that_are_read(reader: PdfReader) -> None:
    annotations = [one.get_object() for page in reader.pages for one in page.get("/Annots", [])]
    described = {str(link.get("/Dest", "")): link["/Contents"] for link in annotations if link["/Subtype"] == "/Link"}
    assert len(described) > 10
    assert not {target for target, words in described.items() if target == words}
    assert described["tab-results"].startswith("Cuadro ")
    assert all(re.fullmatch(r"\[\d+\]", words) for target, words in described.items() if target.startswith("ref-"))


def test_a_numbered_list_is_a_list_whose_items_have_their_numbers() -> None:
    items = ("primero", "después", "por último")
    document = Document("Título", (), "Resumen.", ("clave",), (Bullets(items, numbered=True),), {}, (), None)
    numbering = number(document)
    pdf = PdfReader(BytesIO(render_pdf(document, numbering)))
    page = render_html(document, numbering)
    assert re.search(r"<ol data-b[^>]*>(<li>[^<]*</li>){3}</ol>", page)
    tags = [str(one["/S"]) for one in elements(pdf)]
    assert "/L" in tags  # twice, where the columns part the list
    assert [tag for tag in tags if tag in ("/LI", "/Lbl", "/LBody")] == ["/LI", "/Lbl", "/LBody"] * 3
    text = pdf.pages[0].extract_text()
    assert [label for label in ("1.", "2.", "3.") if label in text] == ["1.", "2.", "3."]
