"""Names of journals and conferences: one form, whoever wrote the entry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchsuite.paper.references.abbreviations import abbreviate, abbreviate_meeting
from benchsuite.paper.references.ieee import DOI, format_reference
from benchsuite.paper.references.methods import CROSSED, EPSILON_SQUARED, IMPORTANCE
from benchsuite.suite.prose.bibtex import Work, parse

SUITES = Path(__file__).parents[3] / "suites"


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
    texts = [(SUITES / "references.bib").read_text(encoding="utf-8"), CROSSED, EPSILON_SQUARED, IMPORTANCE]
    found = [parse(text) for text in texts]
    assert not any(faults for _, faults in found)
    return [work for works, _ in found for work in works]


def test_no_work_that_ships_names_its_journal_or_conference_in_full() -> None:
    long = re.compile(r"\*[^*]*\b(?:International|Journal|Conference|Transactions|Proceedings|Advances)\b[^*]*\*")
    assert [work.key for work in known_works() if long.search(format_reference(work))] == []


def test_dois_that_ship_are_links_and_each_belongs_to_one_work() -> None:
    given = {work.key: work.fields["doi"] for work in known_works() if "doi" in work.fields}
    assert len(given) >= 20
    assert len(set(map(str.lower, given.values()))) == len(given)
    for work in known_works():
        if work.key in given:
            assert DOI.fullmatch(given[work.key])
            assert "](https://doi.org/10." in format_reference(work)
