"""What prose quotes is checked when the suite is read, and digits that look typed are pointed at."""

from __future__ import annotations

import json

import pytest

from benchsuite.suite import SuiteError, parse_suite
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose import references
from benchsuite.suite.prose.references import Quoted, UnknownReference, Vocabulary, typed_results
from support.fake_components import BASE, REGISTRY

REFERENCES = "[{key: informe, text: «Un informe»}, {key: bueno2020, text: «Bien»}]"
PAPER = "claims:\n  - {id: uno, text: Algo, at_least: 0.9}\n"


def vocabulary(more: str = PAPER) -> Vocabulary:
    suite = parse_suite((BASE + more).encode(), "tiny.yaml", REGISTRY)
    return Vocabulary(suite, expand(suite, REGISTRY).cases)


def prose(text: str, place: str = "results") -> str:
    section = json.dumps({"title": "Resultados", "place": place, "text": text}, ensure_ascii=False)
    return f"{PAPER}paper:\n  references: {REFERENCES}\n  sections:\n    - {section}\n"


@pytest.mark.parametrize(
    ("reference", "quoted"),
    [
        ("test_accuracy 1", Quoted("metric", metric="test_accuracy", case="freeze_blocks=1")),
        ("test_accuracy freeze_blocks=1", Quoted("metric", metric="test_accuracy", case="freeze_blocks=1")),
        ("best_epoch recipe.freeze.blocks=2", Quoted("metric", metric="best_epoch", case="freeze_blocks=2")),
        ("difference 2", Quoted("difference", case="freeze_blocks=2")),
        ("best", Quoted("best")),
        ("best test_loss", Quoted("best", metric="test_loss")),
        ("seeds", Quoted("size", of="seeds")),
        ("parameters 0", Quoted("count", of="parameters", case="freeze_blocks=0")),
        ("claim uno", Quoted("claim", of="uno")),
        ("verdict uno", Quoted("verdict", of="uno")),
        ("fig-cost", Quoted("block", of="fig-cost")),
        ("sec-dataset", Quoted("block", of="sec-dataset")),
    ],
)
def test_references_mean_what_they_say(reference: str, quoted: Quoted) -> None:
    assert vocabulary().read(reference) == quoted


@pytest.mark.parametrize(
    "reference",
    ["test_accuracy", "test_accuracy 7", "acuracy 1", "best nothing", "claim dos", "fig-x", "trials", "sec-x", ""],
)
def test_references_to_nothing_are_told(reference: str) -> None:
    with pytest.raises(UnknownReference):
        vocabulary().read(reference)


def test_a_value_of_the_factor_that_several_cases_have_means_none_of_them() -> None:
    grid = BASE.replace("cases: 3", "cases: 6").replace("[0, 1, 2]}", "[0, 1, 2], model.depth: [18, 50]}")
    suite = parse_suite((grid + PAPER).encode(), "tiny.yaml", REGISTRY)
    words = Vocabulary(suite, expand(suite, REGISTRY).cases)
    assert words.find(1) is None
    assert words.find("freeze_blocks=1,depth=18") == "freeze_blocks=1,depth=18"


def test_every_case_is_looked_at_once_however_many_references_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    spoken = references.settings_text

    def looking(settings: object) -> str:
        nonlocal looked
        looked += 1
        return spoken(settings)  # type: ignore[arg-type]

    suite = parse_suite(BASE.encode(), "tiny.yaml", REGISTRY)
    cases = expand(suite, REGISTRY).cases
    monkeypatch.setattr(references, "settings_text", looking)
    vocabulary = Vocabulary(suite, cases)
    for _ in range(10):
        assert [vocabulary.find(case.name) for case in cases] == [case.name for case in cases]
    assert looked == len(cases)


def test_a_suite_whose_prose_quotes_what_there_is_not_is_refused_where_it_stands() -> None:
    with pytest.raises(SuiteError, match=r"'tets_accuracy', which is unknown.*did you mean 'test_accuracy'") as raised:
        parse_suite((BASE + prose("Se obtiene {{tets_accuracy 1}}.")).encode(), "tiny.yaml", REGISTRY)
    problem = raised.value.problems[0]
    assert problem.path == "paper.sections[0].text"
    assert problem.line == (BASE + PAPER).count("\n") + 4


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("La exactitud es del 95,3 % en test.", "results", ["95,3 %"]),
        ("Sube de un 90% a un 95 %.", "conclusions", ["90%", "95 %"]),
        ("El 83 % del trabajo previo [[informe]] no se alcanza.", "discussion", []),
        ("Se reserva el 20 % para validar.", "method", []),
        ("Se obtiene {{test_accuracy 1}} con el intervalo al noventa y cinco por ciento.", "results", []),
    ],
)
def test_percentages_typed_where_results_are_told_are_pointed_at(text: str, place: str, found: list[str]) -> None:
    suite = parse_suite((BASE + prose(text, place)).encode(), "tiny.yaml", REGISTRY)
    assert [warning.value for warning in typed_results(suite)] == found


def test_a_citation_of_a_work_that_nobody_has_is_refused_where_it_stands() -> None:
    parse_suite((BASE + prose("Véase [[bueno2020]].")).encode(), "tiny.yaml", REGISTRY)
    with pytest.raises(SuiteError) as refused:
        parse_suite((BASE + prose("Véase [[bueno2021]].")).encode(), "tiny.yaml", REGISTRY)
    (problem,) = refused.value.problems
    assert problem.path == "paper.sections[0].text"
    assert "[[bueno2021]]" in problem.what
    assert problem.remedy == "did you mean 'bueno2020'?"


def test_what_only_some_papers_have_is_known_where_the_suite_asks_for_it() -> None:
    asking = f"{PAPER}paper: {{further: [fig-curves, tab-losses]}}\n"
    assert vocabulary(asking).read("fig-curves") == Quoted("block", of="fig-curves")
    assert {"fig-curves", "tab-losses"} <= set(vocabulary(asking).references())
    with pytest.raises(UnknownReference):
        vocabulary(asking).read("fig-gap-epochs")
    with pytest.raises(UnknownReference):
        vocabulary().read("fig-curves")


def test_what_no_paper_has_cannot_be_asked_for() -> None:
    with pytest.raises(SuiteError, match="fig-networks"):
        vocabulary(f"{PAPER}paper: {{further: [fig-network]}}\n")
