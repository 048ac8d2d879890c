"""Comparisons in sentences: few of them one by one, many by reference to the table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchsuite.paper.document.blocks import Bullets, Document, Paragraph
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.verdicts import MOST_TOLD
from support.paper_material import make_material


def crowded(document: Document) -> list[str]:
    """Sentences that tell more results with intervals than a reader keeps in mind."""

    def quoted(sentence: str) -> int:
        return sum("[" in document.quantities[int(index)].text for index in TOKEN.findall(sentence))

    return [sentence for sentence in sentences(document) if quoted(sentence) > MOST_TOLD]


def sentences(document: Document) -> Iterator[str]:
    for block in document.body:
        prose = [block.text] if isinstance(block, Paragraph) else block.items if isinstance(block, Bullets) else []
        for text in (*prose,):
            yield from re.split(r"(?<=[.!?]) (?=[^a-z])", text)
    for text in (document.abstract, *document.highlights):
        yield from re.split(r"(?<=[.!?]) (?=[^a-z])", text)


@pytest.mark.parametrize("cases", [3, 5])
def test_no_sentence_tells_more_comparisons_than_a_reader_keeps_in_mind(cases: int) -> None:
    assert crowded(compose(make_material(cases=cases, seeds=10))) == []


def test_sentences_that_tell_more_are_found() -> None:
    """The judge itself."""
    document = compose(make_material(cases=3, seeds=6))
    index = next(i for i, quantity in enumerate(document.quantities) if "[" in quantity.text)
    text = " ".join([f"\ue000{index}\ue001"] * (MOST_TOLD + 1))
    assert crowded(replace(document, body=(Paragraph(text),))) == [text]


def test_differences_that_are_all_detected_are_told_as_all() -> None:
    material = make_material(cases=5, seeds=10)
    findings = material.findings
    decided = [replace(one, p_adjusted=0.01) for one in findings.comparisons]
    material.__dict__["findings"] = replace(findings, comparisons=tuple(decided))
    whole = " ".join(sentences(compose(material)))
    assert "es estadísticamente significativa en las cuatro comparaciones del" in whole


def test_the_only_difference_that_is_not_detected_is_told_as_one() -> None:
    material = make_material(cases=5, seeds=10)
    findings = material.findings
    values = [0.9, *(0.01 for _ in findings.comparisons[1:])]
    told = [replace(one, p_adjusted=p) for one, p in zip(findings.comparisons, values, strict=True)]
    material.__dict__["findings"] = replace(findings, comparisons=tuple(told))
    whole = " ".join(sentences(compose(material)))
    assert "En la otra no se detecta diferencia significativa." in whole


def test_a_difference_that_is_the_only_one_detected_is_told_by_itself() -> None:
    material = make_material(cases=6, seeds=10)
    findings = material.findings
    decided = [replace(one, p_adjusted=0.01 if at == 0 else 0.9) for at, one in enumerate(findings.comparisons)]
    opened = [replace(one, difference=replace(one.difference, low=-1.0, high=1.0)) for one in decided[1:]]
    material.__dict__["findings"] = replace(findings, comparisons=(decided[0], *opened))
    whole = " ".join(sentences(compose(material)))
    assert "es estadísticamente significativa en una de las cinco comparaciones del" in whole
    assert "uno de las" not in whole
