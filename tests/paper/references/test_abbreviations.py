"""Names of journals and conferences: one form, whoever wrote the entry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchsuite.paper.references import methods
from benchsuite.paper.references.abbreviations import abbreviate, abbreviate_meeting
from benchsuite.paper.references.ieee import DOI, format_reference
from benchsuite.suite.prose.bibtex import Work, parse

ROOT = Path(__file__).parents[3]
ENTRY = re.compile(r"@(?:article|inproceedings)\{\w+,\n.*?\n?\}(?=\"{3}|'{3})", re.DOTALL)
"""BibTeX within the code of a plugin."""


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Proceedings of the IEEE", "Proc. IEEE"),
        ("IEEE Transactions on Pattern Analysis and Machine Intelligence", "IEEE Trans. Pattern Anal. Mach. Intell."),
        ("International Journal of Computer Vision", "Int. J. Comput. Vis."),
        ("Journal of Machine Learning Research", "J. Mach. Learn. Res."),
        ("J. Mach. Learn. Res.", "J. Mach. Learn. Res."),
        ("Neural Computation", "Neural Comput."),
        ("COURSERA: Neural Networks for Machine Learning", "COURSERA: Neural Netw. Mach. Learn."),
        ("Technometrics", "Technometrics"),
        ("Science", "Science"),
        ("Revista de la Sociedad Matemática", "Revista de la Sociedad Matemática"),
        ("", ""),
    ],
)
def test_journals_are_abbreviated_one_way(title: str, short: str) -> None:
    assert abbreviate(title) == short
    assert abbreviate(short) == short


def test_what_a_conference_published_opens_with_its_proceedings() -> None:
    full = "IEEE Conference on Computer Vision and Pattern Recognition (CVPR)"
    assert abbreviate_meeting(full) == "Proc. IEEE Conf. Comput. Vis. Pattern Recognit. (CVPR)"
    assert abbreviate_meeting(f"Proceedings of the {full}") == abbreviate_meeting(full)
    assert abbreviate_meeting("Advances in Neural Information Processing Systems") == (
        "Adv. Neural Inf. Process. Syst."
    )


def known_works() -> list[Work]:
    """Those that suites, plugins and the analysis cite."""
    shipped = [(ROOT / "suites/references.bib").read_text(encoding="utf-8")]
    shipped += [text for name, text in vars(methods).items() if name.isupper() and isinstance(text, str)]
    plugins = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "plugins").rglob("*.toml")]
    shipped += [entry for file in plugins for entry in ENTRY.findall(file.read_text(encoding="utf-8"))]
    found = [parse(text) for text in shipped]
    assert not any(faults for _, faults in found)
    return [work for works, _ in found for work in works]


def test_no_work_that_ships_names_its_journal_or_conference_in_full() -> None:
    long = re.compile(r"\*[^*]*\b(?:International|Journal|Conference|Transactions|Proceedings|Advances)\b[^*]*\*")
    assert [work.key for work in known_works() if long.search(format_reference(work))] == []


def test_dois_that_ship_are_links_and_each_belongs_to_one_work() -> None:
    titles: dict[str, set[str]] = {}
    for work in known_works():
        if "doi" in work.fields:
            assert DOI.fullmatch(work.fields["doi"])
            assert "](https://doi.org/10." in format_reference(work)
            titles.setdefault(work.fields["doi"].lower(), set()).add(plain_title(work))
    assert len(titles) >= 40
    assert [found for found in titles.values() if len(found) > 1] == []


def test_what_has_a_doi_in_one_place_has_it_in_all() -> None:
    given = {plain_title(work) for work in known_works() if "doi" in work.fields}
    assert [work.key for work in known_works() if plain_title(work) in given and "doi" not in work.fields] == []


def test_papers_of_the_conferences_on_computer_vision_have_dois() -> None:
    found = [work for work in known_works() if re.search("CVPR|ICCV|ECCV", work.fields.get("booktitle", ""))]
    assert len(found) >= 20
    assert [work.key for work in found if "doi" not in work.fields] == []


def test_each_journal_and_conference_has_one_form() -> None:
    """But for the number of the conference, and for CVF, which has been beside IEEE since 2018."""
    forms: dict[str, set[str]] = {}
    for work in known_works():
        meeting = work.fields.get("booktitle", "")
        name = abbreviate_meeting(meeting) if meeting else abbreviate(work.fields.get("journal", ""))
        form = re.sub(r"\b\d+(?:st|nd|rd|th)\b", "n-th", name)
        if re.search("CVPR|ICCV", form):
            assert ("IEEE/CVF" in form) == (int(work.fields["year"]) >= 2018), work.key
        form = form.replace("IEEE/CVF", "IEEE")
        core = re.sub(r"\(.*?\)|Proc\.|n-th", "", form)
        forms.setdefault("".join(filter(str.isalpha, core)).lower(), set()).add(form)
    assert len(forms) >= 20
    assert {name: found for name, found in forms.items() if len(found) > 1} == {}


def test_volumes_of_jmlr_have_no_issues() -> None:
    """What its site numbers within a volume are papers."""
    found = [work for work in known_works() if abbreviate(work.fields.get("journal", "")) == "J. Mach. Learn. Res."]
    assert len(found) >= 4
    assert [work.key for work in found if "number" in work.fields] == []


def plain_title(work: Work) -> str:
    return "".join(filter(str.isalnum, work.fields["title"])).lower()
