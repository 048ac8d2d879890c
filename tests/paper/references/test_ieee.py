"""References in IEEE style: the manual's own examples in Spanish, and BibTeX of every quality."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markupsafe import Markup, escape

from benchsuite.errors import PaperError
from benchsuite.paper.bundle.attachments import pack, unpack
from benchsuite.paper.document import markup
from benchsuite.paper.document.numbering import number
from benchsuite.paper.language import latex
from benchsuite.paper.language.current import speaking
from benchsuite.paper.references.ieee import format_reference
from benchsuite.paper.references.works import Works, gather_works
from benchsuite.paper.sections.compose import compose
from benchsuite.suite.prose.bibtex import KINDS, parse
from benchsuite.suite.schema.suite import PaperSection
from support.paper_material import make_material

LINKS = markup.Links(
    citation=lambda key: Markup(f"<cite>{escape(key)}</cite>"),
    reference=lambda name: Markup(f"<ref>{escape(name)}</ref>"),
    quantity=lambda index: Markup(f"<q>{index}</q>"),
    equation=lambda tex: Markup(f"<math>{escape(tex)}</math>"),
)


def printed(bibtex: str) -> str:
    """The reference of the one entry, with ordinary spaces; links and italics as the mini grammar writes them."""
    (work,), faults = parse(bibtex)
    assert not faults
    return without_languages(format_reference(work)).replace("\u00a0", " ")


def without_languages(reference: str) -> str:
    return re.sub(f"[{''.join(markup.WORDS_OPEN.values())}{markup.WORDS_CLOSE}]", "", reference)


def entry(kind: str, **fields: str) -> str:
    return f"@{kind}{{k, {', '.join(f'{name} = {{{value}}}' for name, value in fields.items())}}}"


def test_a_periodical() -> None:
    found = printed(
        r"""@article{chiampi, author = {Chiampi, M. M. and Zilberti, L. L.}, journal = {IEEE Trans. Biomed. Eng.},
        title = {Induction of Electric Field in Human Bodies Moving Near {MRI}: An Efficient {BEM} Computational
                 Procedure},
        volume = 58, number = 10, pages = {2787--2793}, month = oct, year = 2011, doi = {10.1109/TBME.2011.2158315}}"""
    )
    assert found == (
        "M. M. Chiampi y L. L. Zilberti, «Induction of electric field in human bodies moving near MRI: An efficient "
        "BEM computational procedure», *IEEE Trans. Biomed. Eng.*, vol. 58, n.º 10, pp. 2787–2793, oct. 2011, "
        "doi: [10.1109/TBME.2011.2158315](https://doi.org/10.1109/TBME.2011.2158315)."
    )


def test_an_article_with_a_number_and_no_pages() -> None:
    found = printed(
        """@article{fardel, author = {Fardel, Romain and Nagel, Matthias and Nuesch, Frank and Lippert, Thomas and
        Wokaun, Alexander}, title = {Fabrication of organic light emitting diode pixels}, journal = {Appl. Phys.
        Lett.}, volume = {91}, number = {6}, eid = {061103}, month = aug, year = {2007}}"""
    )
    assert found == (
        "R. Fardel, M. Nagel, F. Nuesch, T. Lippert y A. Wokaun, «Fabrication of organic light emitting diode "
        "pixels», *Appl. Phys. Lett.*, vol. 91, n.º 6, art. 061103, ago. 2007."
    )


def test_a_conference_paper() -> None:
    found = printed(
        """@inproceedings{amador, author = {A. Amador-Perez and R. A. Rodriguez-Solis}, month = jul, year = 2006,
        title = {Analysis of a {CPW}-fed annular slot ring antenna using {DOE}},
        booktitle = {Proc. IEEE Antennas Propag. Soc. Int. Symp.}, pages = {4301-4304}}"""
    )
    assert found == (
        "A. Amador-Perez y R. A. Rodriguez-Solis, «Analysis of a CPW-fed annular slot ring antenna using DOE», en "
        "*Proc. IEEE Antennas Propag. Soc. Int. Symp.*, jul. 2006, pp. 4301–4304."
    )


def test_a_book_and_its_editions() -> None:
    fields = {"author": "Klaus, B. and Horn, P.", "title": "Robot Vision", "address": "Cambridge, MA, EE. UU."}
    fields |= {"publisher": "MIT Press", "year": "1986"}
    assert printed(entry("book", **fields)) == (
        "B. Klaus y P. Horn, *Robot Vision*. Cambridge, MA, EE. UU.: MIT Press, 1986."
    )
    for edition in ("2", "2nd", "Second", "2.ª"):
        assert "*Robot Vision*, 2.ª ed. Cambridge, MA" in printed(entry("book", edition=edition, **fields))
    assert ". MIT Press, 1986, cap. 3, pp. 5–9." in printed(
        entry("inbook", **{**fields, "address": "", "chapter": "3", "pages": "5--9"})
    )


def test_a_chapter_of_a_book() -> None:
    found = printed(
        """@incollection{young, author = {Young, G. O.}, title = {Synthetic structure of industrial plastics},
        booktitle = {Plastics}, edition = {2nd}, volume = {3}, editor = {Peters, J.}, address = {Nueva York},
        publisher = {McGraw-Hill}, year = {1964}, pages = {15--64}}"""
    )
    assert found == (
        "G. O. Young, «Synthetic structure of industrial plastics», en *Plastics*, 2.ª ed., vol. 3, J. Peters, ed. "
        "Nueva York: McGraw-Hill, 1964, pp. 15–64."
    )


def test_theses_and_reports() -> None:
    thesis = {"author": "Williams, J. O.", "title": "Narrow-Band Analyzer", "school": "Harvard Univ.", "year": "1993"}
    assert printed(entry("phdthesis", address="Cambridge", **thesis)) == (
        "J. O. Williams, «Narrow-band analyzer», tesis doctoral, Harvard Univ., Cambridge, 1993."
    )
    assert "tesis de máster, Harvard" in printed(entry("mastersthesis", **thesis))
    assert "tesina, Harvard" in printed(entry("thesis", type="tesina", **thesis))
    report = {"author": "Reber, E. E. and Michell, R. L. and Carter, C. J.", "institution": "Aerospace Corp."}
    report |= {"title": "Oxygen absorption", "number": "TR-0200", "month": "11", "year": "1988"}
    assert printed(entry("techreport", address="Los Ángeles", **report)) == (
        "E. E. Reber, R. L. Michell y C. J. Carter, «Oxygen absorption», Aerospace Corp., Los Ángeles, "
        "inf. téc. TR-0200, nov. 1988."
    )


def test_preprints_are_known_in_all_their_spellings() -> None:
    number = (
        "[arXiv:1704.04861](https://arxiv.org/abs/1704.04861), 2017, "
        "doi: [10.48550/arXiv.1704.04861](https://doi.org/10.48550/arXiv.1704.04861)."
    )
    for kind, fields in (
        ("misc", {"eprint": "1704.04861", "archiveprefix": "arXiv", "primaryclass": "cs.CV"}),
        ("article", {"eprint": "1704.04861", "eprinttype": "arxiv"}),
        ("article", {"journal": "arXiv preprint arXiv:1704.04861"}),
        ("article", {"journal": "CoRR", "volume": "abs/1704.04861"}),
    ):
        assert printed(entry(kind, author="Howard, A. G.", title="X", year="2017", **fields)) == (
            f"A. G. Howard, «X», {number}"
        )
    assert "arXiv" not in printed(entry("article", title="X", journal="Nature", eprint="1704.04861"))


def test_a_preprint_that_came_out_elsewhere_has_the_doi_that_it_has_there() -> None:
    found = printed(entry("misc", title="X", eprint="1704.04861", archiveprefix="arXiv", doi="10.1000/182"))
    assert "10.1000/182" in found
    assert "10.48550" not in found


def test_in_english_a_title_that_asks_has_no_comma_and_spanish_has_it() -> None:
    asks, tells = (entry("article", title=title, journal="Nature", year="2014") for title in ("How so?", "So"))
    with speaking("en"):
        assert printed(asks).startswith("“How so?” *Nature*")
        assert printed(tells).startswith("“So,” *Nature*")
    assert printed(asks).startswith("«How so?», *Nature*")


def test_apostrophes_are_those_of_print() -> None:
    found = printed(entry("misc", author="O'Brien, Ada", title="Don't say so", year="2020"))
    assert found == "A. O’Brien, «Don’t say so», 2020."


def test_what_was_never_published() -> None:
    assert printed(entry("unpublished", title="Experimentos", note="informe inédito")) == (
        "«Experimentos», informe inédito, s. f."
    )
    found = printed(
        entry("misc", author="{Makerere AI Lab}", title="Bean", url="https://github.com/a/b_c/", year="2020")
    )
    assert found == "Makerere AI Lab, «Bean», 2020. Disponible en [github.com/a/b_c](https://github.com/a/b_c/)."
    page = {"title": "Bean", "howpublished": r"\url{https://a.b/c\_d}", "urldate": "2024-05-01", "year": "2020"}
    assert printed(entry("online", **page)) == (
        "«Bean», 2020. Consultado el 1 de mayo de 2024. Disponible en [a.b/c_d](https://a.b/c_d)."
    )


@pytest.mark.parametrize("address", ["http://a.b/c", "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"])
def test_only_secure_addresses_become_links(address: str) -> None:
    assert "](" not in printed(entry("misc", title="X", url=address))


def test_signs_of_the_grammar_in_addresses_do_not_end_the_link() -> None:
    old = printed(entry("article", title="X", doi="10.1016/0893-6080(89)90020-8"))
    assert "[10.1016/0893-6080(89)90020-8](https://doi.org/10.1016/0893-6080%2889%2990020-8)" in old
    shown = markup.render(printed(entry("misc", title="X", url="https://a.b/[x](y)*z*")), LINKS)
    assert 'href="https://a.b/%5Bx%5D%28y%29*z*"' in shown
    assert "<i" not in shown


@pytest.mark.parametrize(
    ("authors", "names"),
    [
        ("van der Berg, Jan", "J. van der Berg"),
        ("Jan van der Berg", "J. van der Berg"),
        (r"G{\'o}mez, Jos{\'e} Mar{\'\i}a", "J. M. Gómez"),
        (r"{\O}ystein {\AA}s and M{\"u}ller, K.-R.", "Ø. Ås y K.-R. Müller"),
        ("Li, Li-Jia and Fei-Fei, L.", "L.-J. Li y L. Fei-Fei"),
        ("J.R.R. Tolkien", "J. R. R. Tolkien"),
        ("King, Jr., Martin Luther", "M. L. King Jr."),
        ("A. Krizhevsky and I. Sutskever", "A. Krizhevsky e I. Sutskever"),
        ("{NASA} and {Barnes and Noble}", "NASA y Barnes and Noble"),
        ("Bouthillier, X. and others", "X. Bouthillier *et al.*"),
        ("A. B and C. D and others", "A. B, C. D *et al.*"),
        ("A. A and B. B and C. C and D. D and E. E and F. F", "A. A, B. B, C. C, D. D, E. E y F. F"),
        ("A. A and B. B and C. C and D. D and E. E and F. F and G. G", "A. A *et al.*"),
        ("山田, 太郎", "太郎 山田"),
    ],
)
def test_names(authors: str, names: str) -> None:
    assert printed(entry("misc", author=authors, title="X", year="2000")) == f"{names}, «X», 2000."


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Deep Residual Learning for Image Recognition", "Deep residual learning for image recognition"),
        ("The {Caltech-UCSD} {Birds-200-2011} Dataset", "The Caltech-UCSD Birds-200-2011 dataset"),
        ("A Bayesian perspective on generalization", "A Bayesian perspective on generalization"),
        ("BERT: Pre-Training of Deep Transformers", "BERT: Pre-training of deep transformers"),
        ("Don't Decay the Students' Rate, {O'Neill}", "Don’t decay the students’ rate, O’Neill"),
        ("Part-Based R-CNNs for Fine-Grained Detection", "Part-based R-CNNs for fine-grained detection"),
        (r"Early Stopping --- But When?", "Early stopping — But when?"),
        (r"Un m{\'e}todo de 50\% y $O(n)$ para \emph{Beans} «x»", "Un método de 50% y O(n) para Beans “x”"),
    ],
)  # fmt: skip
def test_titles_are_set_in_sentence_case_and_braces_keep_capitals(written: str, shown: str) -> None:
    assert printed(entry("misc", title=written)) == f"«{shown}», s. f."


@pytest.mark.parametrize(
    ("month", "shown"),
    [("{January}", "ene."), ("sep", "sept."), ("5", "mayo"), ("{Marzo}", "mar."), ('jun # "/" # jul', "jun./jul."),
     ("{Spring}", "Spring"), ("{13}", "13")],
)  # fmt: skip
def test_months_are_short_and_spanish(month: str, shown: str) -> None:
    assert printed(f"@misc{{k, title={{X}}, month = {month}, year = 2001}}") == f"«X», {shown} 2001."


FIELDS = ("author", "editor", "title", "journal", "booktitle", "publisher", "note", "year", "month", "pages", "volume",
          "number", "series", "edition", "chapter", "school", "institution", "type", "version", "doi", "url", "eprint",
          "howpublished", "urldate", "date", "address")  # fmt: skip
VALUES = st.text(st.characters(codec="utf-8"), max_size=40).map(lambda value: re.sub(r"[{}]", "", value))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=10), VALUES)
def test_any_fields_make_a_reference_without_foreign_markup_or_a_clear_refusal(
    kind: str, fields: dict[str, str], title: str
) -> None:
    works, faults = parse(entry(kind, **{**fields, "title": f"x {title}"}))
    assert works or faults
    for work in works:
        try:
            found = format_reference(work)
        except PaperError as error:
            assume(not str(error.where).startswith("BibTeX k, "))
            raise
        shown = markup.render(found, LINKS)
        tags = set(re.findall(r"<[^>]*>", shown)) - {'<i lang="en">', "</i>", "</a>", '<span lang="en">', "</span>"}
        assert all(re.fullmatch(r'<a href="https://[^"<>\s]*">', tag) for tag in tags), tags
        assert found.rstrip("\u00a0").endswith(".")


@given(st.text(st.sampled_from("aZé *`[]$_#&<>|1;:-+=\"'"), min_size=1, max_size=30))
def test_the_signs_of_the_grammar_survive_as_text(value: str) -> None:
    (work,), _ = parse("@book{k, title = {x " + value.replace("$", r"\$") + " x}, publisher = {P}}")
    shown = re.sub(r"<[^>]+>", "", str(markup.render(format_reference(work), LINKS)))
    assert latex.words(work.fields["title"]) in str(Markup(shown).unescape())


@pytest.mark.parametrize(
    ("value", "plain"),
    [("a\\", "a\\"), ("50% of it", "50% of it"), (r"\{x\}", "{x}"), (r"\unknown{x} y", r"\unknown x y"),
     ("x $5", "x $5"), (r"{\'{\i}}ndice", "índice"), ("``q''", "“q”"), (r"{\relax Ch}", "Ch"), (r"Erd\H{o}s", "Erdős")],
)  # fmt: skip
def test_what_is_no_latex_stays_as_it_is(value: str, plain: str) -> None:
    assert latex.words(value) == plain


def test_text_in_the_wrong_encoding_is_refused_with_its_entry_and_field() -> None:
    (work,), _ = parse("@misc{k, title = {clasificaciÃ³n}}")
    with pytest.raises(PaperError, match="encoding") as caught:
        format_reference(work)
    assert caught.value.where == "BibTeX k, title"


HE = "@inproceedings{he2016deep, title={Deep Residual Learning for Image Recognition}, doi={10.1109/CVPR.2016.90}}"


def works(given: list[tuple[str, str]], **paper: Any) -> Works:
    return gather_works(PaperSection.model_validate(paper), given)


@pytest.mark.parametrize(
    "paper",
    [
        {"bibliography": "@misc{he, title={Deep residual learning for image recognition}}"},
        {"bibliography": "@misc{he, title={DRL}, doi={https://doi.org/10.1109/cvpr.2016.90}}"},
        {"references": ({"key": "he", "text": "K. He, «Deep residual learning for image recognition», 2016."},)},
        {"references": ({"key": "he", "text": "K. He, 2016, doi: 10.1109/CVPR.2016.90."},)},
    ],
)
def test_a_plugins_work_that_the_suite_has_goes_by_the_suites_key(paper: dict[str, Any]) -> None:
    found = works([("ResNet18", HE)], **paper)
    assert list(found.references) == ["he"]
    assert found.cite(HE) == "\u00a0[[he]]"
    assert found.unify_citations("[[he2016deep]] y [[he]]") == "[[he]] y [[he]]"


def test_works_of_plugins_are_told_apart() -> None:
    other = "@misc{he2016deep, title={Identity mappings}, doi={10.1000/1}}"
    found = works([("A", HE), ("B", other), ("C", HE), ("D", "")])
    assert list(found.references) == ["he2016deep", "he2016deep-2"]
    assert found.cite(other) == "\u00a0[[he2016deep-2]]"
    assert found.cite("") == ""
    short = works([("A", "@misc{beans, title={Beans}}")], references=({"key": "x", "text": "«Un estudio de Beans»."},))
    assert list(short.references) == ["x", "beans"]


def test_a_paper_carries_the_bibliography_of_its_suite() -> None:
    material = make_material({"bibliography": "@misc{own, title={Own}}"}, cases=1, seeds=1)
    material.suite.keep("name: x", {"references.bib": "@misc{own, title={Own}}"})
    files = pack(material)
    assert files["references.bib"] == b"@misc{own, title={Own}}"
    again = unpack(files)
    assert again.suite.beside == material.suite.beside
    assert pack(again) == files
    assert compose(again).references == compose(material).references


def test_broken_bibtex_of_a_plugin_is_refused_with_its_name_and_place() -> None:
    with pytest.raises(PaperError, match="does not end") as caught:
        works([("ResNet18", "@misc{x,\n title={a}")])
    assert caught.value.where == "the BibTeX of ResNet18, line 1, column 1"


def test_the_paper_cites_the_works_of_its_data_set_and_its_model_where_it_introduces_them() -> None:
    document = compose(make_material(cases=1, seeds=1))
    said = " ".join(getattr(block, "text", "") for block in document.body).replace("\u00a0", " ")
    assert "hojas de frijol [[beans]]." in said
    assert "ResNet18 [[he2016]]" in said
    assert list(number(document).citations) == ["zeta", "alfa", "beans", "he2016", "media"]


@pytest.mark.parametrize(("language", "english"), [("", True), ("english", True), ("spanish", False)])
def test_the_title_of_a_work_is_said_to_be_english_unless_the_entry_says_else(language: str, english: bool) -> None:
    (work,), _ = parse(entry("article", title="Deep learning", journal="Nature", year="2015", language=language))
    assert ('<span lang="en">Deep learning</span>' in markup.render(format_reference(work), LINKS)) == english


def test_a_paper_in_english_has_the_fields_of_its_language_and_says_which_title_is_in_another() -> None:
    fields = {"title": "Redes", "langid": "spanish", "note": "trabajo inédito", "note_en": "unpublished work"}
    (work,), faults = parse(entry("unpublished", author="Ruiz, A.", **fields))
    assert not faults
    assert "trabajo inédito" in format_reference(work)
    with speaking("en"):
        shown = markup.render(format_reference(work), LINKS)
        (other,), _ = parse(entry("unpublished", author="Ruiz, A.", title="Networks", note="unpublished work"))
        english = markup.render(format_reference(other), LINKS)
    assert '<span lang="es">Redes</span>' in shown
    assert "unpublished work" in shown
    assert "inédito" not in shown
    assert "<span" not in english
