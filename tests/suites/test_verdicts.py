"""What the suites and reports say follows their results: no sentence is contradicted, whatever comes out."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import cycle, islice
from typing import get_args

import pytest

from benchsuite.analysis.findings import Estimate, Findings, Sign, Verdict
from benchsuite.analysis.results import Results
from benchsuite.paper.context.material import PaperMaterial, ReportMaterial
from benchsuite.paper.document.blocks import Document, Heading, texts
from benchsuite.paper.rendering.templates import plain
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.report import compose_report
from benchsuite.registry import registry
from benchsuite.suite import expand, read_suite
from benchsuite.suite.prose.assertions import EVASION, HEARSAY, LEARNING, OUTCOME, asserted_results
from benchsuite.suite.prose.references import typed_results
from benchsuite.suite.prose.translations import in_language
from benchsuite.suite.schema.suite import Language
from support.shipped import REPORTS, STUDIES, SUITES
from support.synthetic_study import make_unstudied_material, make_unstudied_report

NAMES = [file.stem for file in STUDIES]
TOLD = ("discussion", "conclusions")
NOT_SO = re.compile(r"(?i)\b(?:no|ni|si|ningun\w*|sin|queda sin decidir|al menos)\b")
SIZE: dict[Sign, float] = {"positive": 0.03, "negative": -0.03, "open": 0.001}


@cache
def unstudied(name: str) -> PaperMaterial:
    return make_unstudied_material(read_suite(SUITES / f"{name}.yaml", registry()))


def estimate(mean: float) -> Estimate:
    return Estimate(mean, 0.002, mean - 0.001, mean + 0.001, (), tuple([mean] * 10))


def came_out(findings: Findings, verdicts: list[Verdict], signs: list[Sign]) -> Findings:
    """The findings if the claims and the differences, by turns, had come out so."""
    claims = tuple(
        replace(found, verdict=verdict) for found, verdict in zip(findings.claims, cycle(verdicts), strict=False)
    )
    comparisons = tuple(
        replace(one, difference=estimate(SIZE[sign]), p_adjusted=0.4 if sign == "open" else 0.01, seeds_needed=None)
        for one, sign in zip(findings.comparisons, islice(cycle(signs), len(findings.comparisons)), strict=True)
    )
    offsets = {one.case: one.difference.mean for one in comparisons if one.difference is not None}
    cases = tuple(
        replace(case, estimates={findings.metric: estimate(0.8 + offsets.get(case.case.name, 0.0))})
        for case in findings.cases
    )
    return replace(findings, claims=claims, comparisons=comparisons, cases=cases)


def composed(name: str, verdicts: list[Verdict], signs: list[Sign]) -> Document:
    made = replace(unstudied(name))
    made.__dict__["findings"] = came_out(unstudied(name).findings, verdicts, signs)
    return compose(made, files={})


def sentences(document: Document) -> list[str]:
    """What the author says of the results, without what is quoted."""
    out: list[str] = [document.abstract]
    section = ""
    for block in document.body:
        if isinstance(block, Heading) and block.level == 1:
            section = block.id.removeprefix("sec-")
        elif section in TOLD:
            out += texts(block)
    named = [re.sub(r"\{\{[^{}]+\}\}|\[\[[^\[\]]+\]\]", "[1]", text) for text in out]
    said = re.sub("«[^»]*»|“[^”]*”", "«esto»", " ".join(plain(document, text) for text in named))
    return [sentence for sentence in re.split(r"(?<=[.;:])\s+", said) if sentence.strip()]


def said(name: str, verdicts: list[Verdict], signs: list[Sign]) -> list[str]:
    return sentences(composed(name, verdicts, signs))


def such(found: list[str], words: str) -> list[str]:
    return [sentence for sentence in found if re.search(words, sentence)]


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_asserts_a_result_whatever_comes_out(name: str) -> None:
    suite = read_suite(SUITES / f"{name}.yaml", registry())
    assert [str(warning) for warning in asserted_results(suite, expand(suite, registry()).cases)] == []
    assert typed_results(suite) == []


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_is_decided_nothing_is_asserted(name: str) -> None:
    found = said(name, ["open"], ["open"])
    assert [s for s in found if OUTCOME.search(s) and not NOT_SO.search(s) and "[" not in s] == []
    assert such(found, r"Se confirma|(?<!no )queda demostrad|con una ventaja significativa|\(significativa") == []


@pytest.mark.parametrize("name", NAMES)
def test_where_everything_holds_nothing_is_refuted_or_left_open(name: str) -> None:
    found = said(name, ["holds"], ["positive"])
    assert such(found, "(?i)no se confirma|no ha podido|no se ha demostrado|sin decidir") == []
    assert such(found, r"(?i)\bempeora\b|es peor|no significativa|ningun[ao]? [^.]*significativ") == []


@pytest.mark.parametrize("name", NAMES)
def test_where_everything_fails_nothing_is_confirmed_or_left_open(name: str) -> None:
    found = said(name, ["fails"], ["negative"])
    assert such(found, "(?i)no ha podido|no se ha demostrado|sin decidir|no significativa") == []
    confirmed = such(found, "Se confirma|queda respaldada|mejora la exactitud")
    assert [sentence for sentence in confirmed if not NOT_SO.search(sentence)] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_paper_says_something_else_when_something_else_comes_out(name: str) -> None:
    outcomes = [" ".join(said(name, [verdict], [sign])) for verdict, sign in zip(get_args(Verdict), SIZE, strict=True)]
    assert len(set(outcomes)) == 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("turn", range(3))
def test_mixed_results_are_told_in_whole_sentences(name: str, turn: int) -> None:
    verdicts: list[Verdict] = ["holds", "open", "fails"]
    signs: list[Sign] = ["positive", "open", "negative"]
    whole = " ".join(said(name, verdicts[turn:] + verdicts[:turn], signs[turn:] + signs[:turn]))
    assert "{{" not in whole
    assert [pattern for pattern in (EVASION, LEARNING, HEARSAY) if pattern.search(whole)] == []
    assert re.findall(r"\S{0,9}(?: [,.;:]|\.\.|,,| {2}|\( | \)|\(\))\S{0,9}", whole) == []
    assert re.findall(r"[.!?] [a-zñáéíóú]\w*", whole) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cub_x200"])
def test_the_best_case_is_never_said_to_lead_undecidedly(name: str) -> None:
    best = {sign: " ".join(said(name, ["open"], [sign])) for sign in SIZE}
    assert "con una ventaja significativa" in best["positive"]
    assert "sin que se haya demostrado una ventaja" in best["open"]
    assert "ventaja significativa" not in best["negative"] + best["open"]


GATHERED = [file.stem for file in REPORTS]
TRANSLATED = [file.stem for file in STUDIES if "\ntranslations:" in file.read_text("utf-8")]
TOLD_IN: list[tuple[str, Language]] = [(name, language) for name in GATHERED for language in get_args(Language)]
TOLD_IN += [(name, "en") for name in TRANSLATED]
CONFIRMED = r"(?<!no )\b(?:se confirma|queda respaldada)\b|\bis (?:confirmed|supported by)\b"
REFUTED = (
    r"\bno (?:se confirma|queda respaldada|mejora|es la mejor|se alcanza)\b"
    r"|\b(?:is|does|are) not (?:confirmed|supported|improve|the best|reached|have)\b"
)
UNDECIDED = (
    r"sin decidir|no (?:ha podido|puede) decidirse|no se ha demostrado|no hay datos|ni se respalda"
    r"|undecided|(?:cannot|could not) be decided|not been shown|cannot be taken|neither supported"
)


@cache
def unstudied_in(name: str, language: Language) -> PaperMaterial:
    return make_unstudied_material(in_language(read_suite(SUITES / f"{name}.yaml", registry()), language))


@cache
def unstudied_report(name: str, language: Language) -> ReportMaterial:
    return make_unstudied_report(name, language)


def changed(study: PaperMaterial, verdicts: list[Verdict], signs: list[Sign]) -> PaperMaterial:
    """The material of a study whose claims and differences, by turns, came out so."""

    class CameOut(Results):
        def findings(self) -> Findings:
            return came_out(super().findings(), verdicts, signs)

    return replace(study, results=CameOut(**vars(study.results)))


def told(name: str, language: Language, verdicts: list[Verdict], signs: list[Sign]) -> list[str]:
    """What the author of a report says if the studies had come out so, or the author of a study if that had."""
    if name not in GATHERED:
        return sentences(compose(changed(unstudied_in(name, language), verdicts, signs), files={}))
    material = unstudied_report(name, language)
    studies = tuple(changed(study, verdicts, signs) for study in material.studies)
    return sentences(compose_report(replace(material, studies=studies), files={}))


@pytest.mark.parametrize(("name", "language"), TOLD_IN)
def test_in_each_language_it_is_confirmed_what_holds_refuted_what_fails_and_nothing_else_decided(
    name: str, language: Language
) -> None:
    holds = told(name, language, ["holds"], ["positive"])
    fails = told(name, language, ["fails"], ["negative"])
    undecided = told(name, language, ["open"], ["open"])
    if name in GATHERED:
        assert such(holds, f"(?i){CONFIRMED}")
        assert such(fails, f"(?i){REFUTED}")
        assert such(undecided, f"(?i){UNDECIDED}")
    assert len({" ".join(one) for one in (holds, fails, undecided)}) == 3
    assert such(holds, f"(?i){REFUTED}|{UNDECIDED}") == []
    assert such(fails, f"(?i){CONFIRMED}|{UNDECIDED}") == []
    asserted = [sentence for sentence in undecided if OUTCOME.search(sentence) and not NOT_SO.search(sentence)]
    assert such(undecided, f"(?i){CONFIRMED}") + [s for s in asserted if not such([s], f"(?i){UNDECIDED}|^if ")] == []


@pytest.mark.parametrize(("name", "language"), TOLD_IN)
@pytest.mark.parametrize("turn", range(3))
def test_in_each_language_mixed_results_are_told_in_whole_sentences(name: str, language: Language, turn: int) -> None:
    verdicts: list[Verdict] = ["holds", "open", "fails"]
    signs: list[Sign] = ["positive", "open", "negative"]
    whole = " ".join(told(name, language, verdicts[turn:] + verdicts[:turn], signs[turn:] + signs[:turn]))
    assert "{{" not in whole
    assert [pattern for pattern in (EVASION, LEARNING, HEARSAY) if pattern.search(whole)] == []
    assert re.findall(r"\S{0,9}(?: [,.;:]|\.\.|,,| {2}|\( | \)|\(\))\S{0,9}", whole) == []
    assert re.findall(r"[.!?] [a-zñáéíóú]\w*", whole) == []
