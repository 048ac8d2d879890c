"""What the prose asks of the results: exactly one verdict on each subject is met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest

from benchsuite.analysis.findings import ClaimFindings, Findings, Sign, Verdict
from benchsuite.paper.context.conditions import find_best, is_met
from benchsuite.paper.language.metrics import METRICS
from benchsuite.suite.prose.conditions import VERDICTS, Condition, Kind, Subject
from benchsuite.suite.schema.claims import Claim
from support.synthetic import make_findings

P: Mapping[Sign, float | None] = {"positive": 0.01, "negative": 0.01, "open": None}


def with_signs(*signs: Sign, means: tuple[float, ...] = ()) -> Findings:
    """Findings of the made-up study whose differences are decided so."""
    findings = make_findings()
    comparisons = []
    for sign, comparison in zip(signs, findings.comparisons, strict=False):
        assert comparison.difference is not None
        size = abs(comparison.difference.mean) or 0.01
        difference = replace(comparison.difference, mean=-size if sign == "negative" else size)
        comparisons.append(replace(comparison, difference=difference, p_adjusted=P[sign]))
    return replace(findings, comparisons=tuple(comparisons))


@pytest.mark.parametrize("signs", [*product(P, repeat=2)])
def test_the_differences_are_all_decided_or_some_or_none(signs: tuple[Sign, ...]) -> None:
    findings = with_signs(*signs)
    met = [
        verdict for verdict in VERDICTS["differences"] if is_met(findings, Condition(Subject("differences"), verdict))
    ]
    decided = sum(sign != "open" for sign in signs)
    assert met == ["all" if decided == 2 else "some" if decided else "none"]


@pytest.mark.parametrize("sign", P)
def test_a_difference_has_a_sign_only_where_it_is_decided(sign: Sign) -> None:
    findings = with_signs(sign)
    subject = Subject("difference", findings.comparisons[0].case)
    met = [verdict for verdict in (*VERDICTS["difference"], "decided") if is_met(findings, Condition(subject, verdict))]
    assert met == ([sign] if sign == "open" else [sign, "decided"])


def test_without_results_everything_is_open() -> None:
    findings = replace(make_findings(), comparisons=(), claims=())
    emptied = replace(findings, cases=tuple(replace(case, estimates={}) for case in findings.cases))
    assert is_met(emptied, Condition(Subject("difference", "none"), "open"))
    assert is_met(emptied, Condition(Subject("differences"), "none"))
    assert is_met(emptied, Condition(Subject("best"), "open"))
    assert not is_met(emptied, Condition(Subject("best"), "is", findings.cases[0].case.name))


@pytest.mark.parametrize("verdict", VERDICTS["claim"])
def test_a_claim_is_asked_for_its_verdict(verdict: Verdict) -> None:
    claim = ClaimFindings(Claim(id="uno", text="Algo", at_least=0.9), verdict, (), None)
    findings = replace(make_findings(), claims=(claim,))
    met = [one for one in VERDICTS["claim"] if is_met(findings, Condition(Subject("claim", "uno"), one))]
    assert met == [verdict]


def test_the_best_case_is_the_reference_or_decidedly_another_or_open() -> None:
    findings = make_findings()
    means = [replace(case.estimates["test_accuracy"], mean=0.5 + i / 10) for i, case in enumerate(findings.cases)]
    cases = [replace(case, estimates={"test_accuracy": mean}) for case, mean in zip(findings.cases, means, strict=True)]
    findings = replace(findings, cases=tuple(cases))
    (best,) = find_best(findings.cases, METRICS[findings.metric])
    name = best.case.name
    kind: Kind = "best"
    for baselines, p, expected in (
        ((name,), 0.01, "baseline"),
        (("other",), 0.01, "decided"),
        (("other",), None, "open"),
    ):
        comparisons = tuple(replace(c, p_adjusted=p) for c in findings.comparisons)
        if name not in {c.case for c in comparisons}:
            comparisons = (replace(comparisons[0], case=name), *comparisons[1:])
        changed = replace(findings, baselines=baselines, comparisons=comparisons)
        met = [verdict for verdict in VERDICTS[kind] if is_met(changed, Condition(Subject(kind), verdict))]
        assert met == [expected]
        assert is_met(changed, Condition(Subject(kind), "is", name))
