"""The mini grammar and the gate for foreign text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from benchsuite.errors import PaperError
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Bullets, Equation, Paragraph

LINKS = markup.Links(
    citation=lambda key: Markup("<cite>{}</cite>").format(key),
    reference=lambda name: Markup("<ref>{}</ref>").format(name),
    quantity=lambda index: Markup("<q>{}</q>").format(index),
    equation=lambda tex: Markup("<math>{}</math>").format(tex),
)


def rendered(source: str) -> str:
    return str(markup.render(source, LINKS))


@pytest.mark.parametrize(
    ("source", "markup"),
    [
        ("**fuerte** y *foreign*", '<b>fuerte</b> y <i lang="en">foreign</i>'),
        ("**a *b* c**", '<b>a <i lang="en">b</i> c</b>'),
        ("`a<b`", "<code>a&lt;b</code>"),
        ("[x](https://a.org/b) [y](#sec-a)", '<a href="https://a.org/b">x</a> <a href="#sec-a">y</a>'),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("[x](http://a.org)", "[x](http://a.org)"),
        ("véase [[he2016]] y {{fig-loss}}", "véase <cite>he2016</cite> y <ref>fig-loss</ref>"),
        (r"cuesta $k=3$, \$5 y 3 * 4", "cuesta <math>k=3</math>, $5 y 3 * 4"),
        (r"\*literal\* \[[x\]]", "*literal* [[x]]"),
    ],
)
def test_grammar_becomes_markup(source: str, markup: str) -> None:
    assert rendered(source) == markup


@given(st.text(max_size=300))
def test_markup_never_passes_through_and_literals_mean_themselves(source: str) -> None:
    cleaned = markup.clean(
        source.replace("Ã", "").replace("â€", "").replace("Â", "").replace("ğ", "").replace("\ufffd", ""), "t"
    )
    out = rendered(cleaned)
    for tag in ("<script", "<img", "<style", "<svg", "<link"):
        assert tag not in out.lower()
    assert rendered(markup.literal(cleaned)) == str(Markup.escape(cleaned))


@given(st.text(max_size=200))
def test_cleaned_text_has_no_control_bidirectional_or_private_characters(source: str) -> None:
    try:
        cleaned = markup.clean(source, "t")
    except PaperError:
        return
    assert not [c for c in cleaned if c not in "\n\t" and unicodedata.category(c) in markup.DROPPED]


def test_a_text_on_one_line_keeps_its_no_break_spaces() -> None:
    assert markup.line(" 60\u202f000 fotos\n de  32\u00a0×\u00a032,\tel 80\u00a0%\u2028\u00a0", "t") == (
        "60\u202f000 fotos de 32\u00a0×\u00a032, el 80\u00a0%"
    )


@pytest.mark.parametrize("spoilt", ["clasificaciÃ³n", "metodologÃa", "ğŸ“Š", "a â€œb", "\ufffd"])
def test_text_read_in_the_wrong_encoding_is_refused(spoilt: str) -> None:
    with pytest.raises(PaperError, match="encoding") as caught:
        markup.clean(f"El texto {spoilt} aquí", "paper.abstract")
    assert caught.value.where == "paper.abstract"


def test_ordinary_capitals_with_tilde_are_not_refused() -> None:
    assert markup.clean("JOÃO, España, ¿qué?", "t") == "JOÃO, España, ¿qué?"


def test_text_beyond_measure_is_refused() -> None:
    with pytest.raises(PaperError, match="characters"):
        markup.clean("a" * 1_000_000, "t")


def test_prose_becomes_paragraphs_lists_and_equations() -> None:
    source = "Uno\nsigue.\n\nLista:\n- a\n  más\n- b\n\n$$ x^2 $$\nequis al cuadrado"
    assert markup.blocks(source, "s") == (
        Paragraph("Uno sigue."),
        Paragraph("Lista:"),
        Bullets(("a más", "b")),
        Equation("eq-s-1", "x^2", "equis al cuadrado"),
    )


def test_a_paragraph_that_begins_with_one_is_a_numbered_list_of_consecutive_items() -> None:
    source = "Pasos:\n\n1. uno\n   en\n2. dos, en\n   2015. Y\n   4. más\n3. tres"
    assert markup.blocks(source, "s") == (
        Paragraph("Pasos:"),
        Bullets(("uno en", "dos, en 2015. Y 4. más", "tres"), numbered=True),
    )
    assert markup.blocks("Son\n1. y no una lista", "s") == (Paragraph("Son 1. y no una lista"),)


def test_unclosed_signs_stay_as_they_are() -> None:
    assert rendered("a ** b * c ` d [ e { f $ g") == "a ** b * c ` d [ e { f $ g"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("cannot read /home/ana/fotos/1.jpg", "cannot read …/1.jpg"),
        ("/home/ana/x.py:33 in f", "…/x.py:33 in f"),
        ("at '/a/b': and (/c/d/e)", "at '…/b': and (…/e)"),
        (r"C:\Users\ana\x.pth is absent", "…/x.pth is absent"),
        (r"'\\\\nas\\ana\\x.pth'", "'…/x.pth'"),
        ("file:///home/ana/x", "file://…/x"),
        ("~/fotos/x and ~ana/y", "…/x and ~ana/y"),
        ("https://example.org/a/b/c?d=/e", "https://example.org/a/b/c?d=/e"),
        ("train/c0/x.png, 3/4 and and/or", "train/c0/x.png, 3/4 and and/or"),
        ("…/1.jpg", "…/1.jpg"),
        ("/tmp", "/tmp"),
    ],
)
def test_a_sentence_about_files_keeps_their_names_alone(said: str, left: str) -> None:
    assert markup.without_folders(said) == left
    assert markup.without_folders(left) == left
