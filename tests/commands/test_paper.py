"""`paper --language`: a paper in another language than the suite's first, prose and all, or with a word about it."""

from __future__ import annotations

import re

import pytest

from support.program import Program
from support.trained import COLOURS

ENGLISH = """
translations:
  en:
    title: Two colours
    abstract: A minimal study over {{seeds}}.
"""


def page(study: Program) -> str:
    return (study.results / "colours" / "paper.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_suite_in_two_languages_has_a_whole_paper_in_each_that_can_be_checked_and_reproduced(study: Program) -> None:
    study.suite(COLOURS + ENGLISH, "colours")
    pdf = str(study.results / "colours" / "paper.pdf")
    for language, title, other in (("en", "Two colours", "Dos colores"), ("es", "Dos colores", "Two colours")):
        made = study.run("paper", "colours", "--language", language)
        assert made.code == 0, made.err
        assert "is written in" not in made.err
        assert "partial paper" not in made.err  # every run is known by its key
        text = re.sub(r"(?s)<script.*?</script>|<pre.*?</pre>", "", page(study))
        assert f'lang="{language}"' in text
        assert title in text
        assert other not in text
        checked = study.run("check", pdf)
        assert (checked.code, "the same bytes: every number" in checked.err) == (0, True), checked.err
        again = study.run("reproduce", pdf, "--to", str(study.folder / f"again-{language}"))
        assert again.code == 0, again.err


@pytest.mark.slow
def test_prose_in_one_language_is_told_of_in_the_terminal_and_on_the_first_page(study: Program) -> None:
    made = study.run("paper", "colours", "--language", "en")
    assert made.code == 0, made.err
    assert "colours is written in Spanish alone, and its paper in English has that prose as it is" in made.err
    assert "write translations.en in the suite" in made.err
    assert "The authors’ own text is in Spanish" in page(study)
    assert "own text" not in study.run("paper", "colours").err


@pytest.mark.slow
def test_a_translation_that_lacks_something_is_refused_before_anything_is_made(study: Program) -> None:
    file = study.suite(COLOURS + ENGLISH.replace("    title: Two colours\n", ""), "colours")
    line = file.read_text().split("\n").index("    abstract: A minimal study over {{seeds}}.") + 1
    study.run("paper", "colours").refused(f"colours.yaml:{line}:5", "the English prose has no title")
