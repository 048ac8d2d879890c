"""What would take many minutes to set is told when the suite is read, at the paper's place."""

from __future__ import annotations

import pytest

from benchsuite.suite import Suite, SuiteError, parse_suite
from benchsuite.suite.prose.extent import LONGEST_FORMULAS, MOST_FORMULAS
from support.fake_components import BASE, REGISTRY


def read(paper: str) -> Suite:
    return parse_suite((BASE + paper).encode(), "tiny.yaml", REGISTRY)


def told(paper: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        read(paper)
    return [str(problem) for problem in caught.value.problems]


def test_a_paper_may_have_hundreds_of_formulas_and_many_pages() -> None:
    read(f"paper: {{abstract: {'$x_i$ ' * MOST_FORMULAS}}}\n")
    read("paper:\n  sections:\n" + "".join(f"  - {{title: S{n}, text: {'palabra ' * 5000}}}\n" for n in range(20)))


@pytest.mark.parametrize(
    "place",
    [
        "abstract: {}",
        "keywords: [{}]",
        "sections: [{{title: S, text: {}}}]",
        "sections: [{{title: S, sections: [{{title: T, text: {}}}]}}]",
        "references: [{{key: a, text: {}}}]",
    ],
)
def test_formulas_are_counted_wherever_they_stand(place: str) -> None:
    half = "$y$ " * 120
    several = f"sections: [{', '.join([f'{{title: S, text: {half}}}'] * 5)}]"
    if place.startswith("keywords"):
        text = "paper: {keywords: [" + ", ".join(["$x$ " * 120] * 5) + "]}\n"
    else:
        text = f"paper: {{{place.format('$x$ ' * (MOST_FORMULAS + 1))}}}\n"
    (problem,) = told(text)
    assert f"at most {MOST_FORMULAS}" in problem
    assert "tiny.yaml:10" in problem
    assert any("600 formulas" in one for one in told(f"paper: {{{several}}}\n"))


def test_long_formulas_are_bounded_together() -> None:
    texts = [f"$${'x+' * 240}y$$ f" for _ in range(LONGEST_FORMULAS // 480 + 1)]
    (problem,) = told("paper: {sections: [" + ", ".join(f"{{title: S, text: {text}}}" for text in texts) + "]}\n")
    assert "characters of formulas" in problem


def test_a_dollar_that_is_no_formula_is_none() -> None:
    read("paper: {abstract: '" + r"cuesta 3 \$ y 5 \$; " * 600 + "'}\n")
