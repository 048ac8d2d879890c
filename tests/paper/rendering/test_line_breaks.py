"""Lines of a print: names stay whole, citations stand beside what they follow, titles end as titles do."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from benchsuite.paper.document.blocks import Document, Drawing, Figure, Heading, Paragraph
from benchsuite.paper.document.numbering import number
from benchsuite.paper.language.current import speaking
from benchsuite.paper.rendering import line_breaks, print_page
from benchsuite.paper.rendering.layout_plan import without_drawing
from benchsuite.paper.typesetting.arrangement import Arrangement
from benchsuite.suite.schema.suite import Language
from support.composition import line_faults, paragraphs, pulled_lines

TEXT = (
    "En el otro extremo, quitar {} deja a MultiStepLR y a fc_hl_bigvalues lejos de `fc_hl_1layer`, como muestran los "
    "trabajos anteriores [[he]], y EfficientNetV2 o ResNet-50 *siguen adelante* con **todo lo demás** en $x_1+x_2$."
)

LONG_TITLE = "El efecto de la tasa de aprendizaje en la exactitud de las redes convolucionales más profundas de hoy"
TITLE = "Los resultados de la comparación de redes y de optimizadores con la referencia"


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("ResNet50", True), ("MultiStepLR", True), ("fc_hl_1layers", True), ("Inception-v3", True), ("SGD", True),
        ("clasificación", False), ("Universidad", False), ("Sobre-ajuste", False),
    ],
)  # fmt: skip
def test_names_have_digits_underscores_or_capitals_within(token: str, name: bool) -> None:
    assert line_breaks.is_name(token) == name


def test_names_are_kept_whole_in_prose_and_nowhere_else() -> None:
    page = '<html><body data-notice="MultiStepLR"><p title="MultiStepLR">MultiStepLR, <code>MultiStepLR</code></p>'
    assert line_breaks.keep_together(page) == page.replace(
        ">MultiStepLR,", '><span class="whole">MultiStepLR</span>,'
    ).replace(", <code>", ",<span> </span><code>")


@pytest.mark.parametrize(
    ("language", "title", "tied"),
    [
        ("es", "El efecto de la tasa de aprendizaje", "El~efecto de~la~tasa de~aprendizaje"),
        ("es", "Redes convolucionales extraordinarias", "Redes convolucionales extraordinarias"),
        ("en", "A study of the learning rate", "A~study of~the~learning~rate"),
    ],
)
def test_titles_are_tied_around_small_words_and_at_the_end(language: Language, title: str, tied: str) -> None:
    with speaking(language):
        assert line_breaks.tie_title(title) == tied.replace("~", "\u00a0")


def make_document(text: str = TEXT, title: str = LONG_TITLE) -> Document:
    """Paragraphs whose lines end everywhere, and titles that want to end badly."""
    body: list[Any] = []
    for width in range(60):
        if width % 10 == 0:
            words = TITLE.split()
            body.append(Heading(f"sec-{width}", 1, " ".join(words[: 6 + width // 10])))
        body.append(Paragraph(text.format("i " * width).replace("i  ", "i ")))
    return Document(title, (), "Resumen.", (), tuple(body), {"he": "K. He."}, (), None)


def laid_out(document: Document, extra: str = "") -> Any:
    """The document as it is set, its floats in the order they are written; `extra` goes below its sheet."""
    assets = {name: without_drawing(name, asset) for name, asset in print_page.collect_assets(document).items()}
    order = Arrangement(tuple(range(len(document.body))))
    return print_page.lay_out(print_page.print_html(document, number(document), order, extra), assets)


def test_lines_have_no_fault_wherever_they_end() -> None:
    assert line_faults(laid_out(make_document())) == []


@pytest.mark.parametrize(
    ("text", "end", "start"),
    [
        ("Llega {} adonde otros, con un margen de un punto. RandAugment se ha probado poco.", "punto.", "RandAugment"),
        ("Con {} una ventaja, la mayor diferencia es la de «mixup» (+24,1 puntos en test).", "«mixup»", "(+24,1"),
        ("With {} an advantage, the largest is that of “mixup” (+24.1 points in test).", "“mixup”", "(+24.1"),
        ("Los datos {} son los oficiales, y su huella es de todos los datos: `abababab`, al final.", "datos:", "abab"),
    ],
)  # fmt: skip
def test_a_line_may_break_before_names_and_code_and_after_quotes(text: str, end: str, start: str) -> None:
    """Where it may not, the line above is pulled apart."""
    lines = [one.lines for one in paragraphs(laid_out(make_document(text))) if one.tag == "p"]
    breaks = [(above.text.split(), below.text.split()) for each in lines for above, below in pairwise(each)]
    assert [1 for above, below in breaks if above[-1] == end and below[0].startswith(start)]


def test_emphasized_words_are_not_hyphenated() -> None:
    """They are often of another language, whose words Spanish patterns divide wrongly: «dro-pout»."""
    found = paragraphs(laid_out(make_document("Se prueba aquí {} el *dropout* entre las capas de esta red.")))
    lines = [line.text for one in found if one.tag == "p" for line in one.lines]
    assert any(line.startswith("dropout") for line in lines)
    assert not [line for line in lines if line.endswith("dro-")]


@pytest.mark.parametrize(
    "lines",
    [
        "Cuatro formas de regularizar|una ResNet18 en CIFAR-10",
        "Anchura y profundidad de las redes|densas en CIFAR-10",
    ],
)  # fmt: skip
def test_titles_with_names_are_not_broken_after_their_first_word(lines: str) -> None:
    (head,) = (one for one in paragraphs(laid_out(make_document(title=lines.replace("|", " ")))) if one.tag == "h1")
    unseen = str.maketrans({"\u00a0": " ", "\u2060": None})
    assert [line.text.translate(unseen).strip() for line in head.lines] == lines.split("|")


@pytest.mark.parametrize(
    ("caption", "kept"),
    [
        ("la media de las ejecuciones.", "la media de{ }<w>las~ejecuciones.</w>"),
        ("a <i>b</i> la clase que se le atribuye.", "a{ }<i>b</i> la clase que se{ }<w>le~atribuye.</w>"),
        ("medias multiplicativamente correlacionadas.", "medias multiplicativamente{ }<w>correlacionadas.</w>"),
        ("Pérdida.", "Pérdida."),
    ],
)  # fmt: skip
def test_captions_end_with_two_words_or_a_whole_one(caption: str, kept: str) -> None:
    page = "<html><body><figcaption>{}</figcaption><p>{}</p>"
    for short, long in (
        ("{ }", "<span> </span>"),
        ("<w>", '<span class="whole">'),
        ("</w>", "</span>"),
        ("~", "\u00a0"),
    ):
        kept = kept.replace(short, long)
    prose = caption.replace(" <i>", "<span> </span><i>")
    assert line_breaks.keep_together(page.format(caption, caption)) == page.format(kept, prose)


def test_no_caption_ends_with_the_rest_of_a_word() -> None:
    caption = "Lo que {} se ve en cada una de las figuras de este estudio, con el margen que se le atribuye."
    body = tuple(
        Figure(f"fig-{width}", caption.format("i " * width), lambda name: Drawing(svg(name), name))
        for width in range(60)
    )
    found = [
        one.lines
        for one in paragraphs(laid_out(replace(make_document(), body=body)))
        if one.tag == "figcaption" and len(one.lines) > 1
    ]
    assert len(found) >= 60
    assert [lines[-1].text for lines in found if len(lines[-1].text.replace("\u00a0", " ").split()) < 2] == []


def svg(name: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="200pt" height="20pt"><title>{name}</title></svg>'


RAGGED = "p{text-align:left}"


def test_no_line_is_pulled_apart_to_keep_a_word_beside_a_name_or_a_formula() -> None:
    assert pulled_lines(laid_out(make_document(), RAGGED)) == []


def test_lines_are_pulled_apart_where_spaces_stand_within_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself."""
    within = re.compile(r"<span> </span>(<[^>]*>)")
    kept = print_page.keep_together
    monkeypatch.setattr(print_page, "keep_together", lambda html: within.sub(r"\1 ", kept(html)))
    assert pulled_lines(laid_out(make_document(), RAGGED))


@pytest.mark.parametrize("name", ["EfficientNet-Lite0", "ResNet18", "VGG16", "MobileNetV3-Large"])
@pytest.mark.parametrize("columns", ["", ".title{margin:2pt 20mm}"])
def test_the_lines_of_a_title_with_a_name_are_filled(name: str, columns: str) -> None:
    title = f"Congelamiento selectivo de bloques en {name} para clasificar enfermedades de la hoja del frijol"
    assert pulled_lines(laid_out(replace(make_document(), title=title, body=()), columns)) == []


def test_lines_have_faults_where_nothing_is_kept_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge itself."""
    monkeypatch.setattr(print_page, "keep_together", lambda html: re.sub(" <a", " \u200b<a", html))
    monkeypatch.setattr(line_breaks, "tie_title", lambda title: title)
    found = " ".join(line_faults(laid_out(make_document())))
    for fault in ("is a name", "begins a line with a citation", "before the margin", "ends a line of a title"):
        assert fault in found, fault
