r"""TeX as MathML and as text."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.paper.rendering.tex import as_text, mathml, plain

SIGNS = "ab12^_{}()+-=<>&\"' ,"
SUITES = sorted((Path(__file__).parents[3] / "suites").glob("*.yaml"))


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\theta_1,\ldots,\theta_B", "θ₁, …, θ_B"),
        (r"\sigma(x)=1/(1+e^{-x})", "σ(x) = 1/(1 + e^(−x))"),
        (r"\theta^{(0)}", "θ^(0)"),
        (r"\dfrac{\eta}{B\,(1-\mu)}", "η/(B (1−μ))"),
        (r"\sum_{i=1}^{N}x_i^2", "∑_(i=1)^N x_i²"),
        (r"\left\lfloor\dfrac{s_i+2p-k+1}{2}\right\rfloor", "⌊(s_i + 2p−k + 1)/2⌋"),
        (r"\underset{\phi}{\mathrm{argmin}}\ L", "argmin_(ϕ) L"),
        (r"\|\theta\|_2^2", "‖θ‖₂²"),
        (r"\sqrt{ab}", "√(ab)"),
        (r"\max(x, 0)", "max(x, 0)"),
    ],
)
def test_formulas_are_copied_on_one_line(tex: str, text: str) -> None:
    assert as_text(tex) == text


@pytest.mark.parametrize(
    ("tex", "shown"),
    [("-1", "−1"), ("0.5", "0.5"), ("k", '<i class="var">k</i>'), (r"\theta", '<i class="var">θ</i>'), (r"\ell", "ℓ"),
     ("k=3", None), (r"\theta_1", None), (r"\nothing", None), ("", None)],
)  # fmt: skip
def test_a_lone_number_or_letter_is_text(tex: str, shown: str | None) -> None:
    assert plain(tex) == shown


def test_mathml_has_the_structure_and_the_source() -> None:
    made = mathml(r"\dfrac{1}{N}\sum_{i=1}^{N}x_i", "la media", display=True)
    assert made is not None
    tree = ElementTree.fromstring(made)
    assert tree.attrib == {"alttext": "la media", "display": "block"}
    assert [len(one) for one in tree.iter("mfrac")] == [2]
    assert [len(one) for one in tree.iter("munderover")] == [3]
    assert [len(one) for one in tree.iter("msub")] == [2]
    assert tree.findtext(".//annotation") == r"\dfrac{1}{N}\sum_{i=1}^{N}x_i"
    assert "<munderover>" not in (mathml(r"\sum_{i=1}^{N}x_i") or "")


@pytest.mark.parametrize("tex", ["", "{", "}", "x^", "x^a^b", r"\frac{a}", r"\left(x", "a & b", r"\nothing", "{" * 99])
def test_what_is_not_understood_is_left_to_its_drawing(tex: str) -> None:
    assert (mathml(tex) is None) == (as_text(tex) is None)
    if tex:
        assert mathml(tex) is None


SIGNS = [*"ab12^_{}()+-=<>&\"' ,", r"\frac", r"\left", r"\right", r"\sum"]


@given(st.lists(st.sampled_from(SIGNS), max_size=40).map("".join))
def test_whatever_is_written_gives_well_formed_mathml_or_none(tex: str) -> None:
    made = mathml(tex, tex)
    if made is not None:
        ElementTree.fromstring(made)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_formula_that_ships_has_mathml(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    found = re.findall(r"\$\$(.+?)\$\$", source, re.DOTALL)
    found += re.findall(r"(?<![\\$])\$([^$\s](?:[^$\n]*[^$\s])?)\$(?!\d)", source)
    for tex in found:
        assert mathml(" ".join(tex.split())) is not None, tex
