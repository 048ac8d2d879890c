"""The box of findings after the abstract: what was decided, with numbers, and what was not, with the seeds it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchsuite.analysis.findings import ClaimFindings, Comparison
from benchsuite.analysis.power import MOST_SEEDS, POWER, seeds_for_comparison, seeds_for_inequality
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.sections.claims import count_verdicts
from benchsuite.paper.sections.prose import claim_sentence
from benchsuite.paper.sections.verdicts import say_p

FEW = 3
"""Comparisons or claims that are told one by one."""


@dataclass(frozen=True)
class _Need:
    """Something open, and the seeds that would decide it if what was measured is true."""

    what: str
    seeds: int | None
    """None where they are more than can be told apart."""
    used: int
    runs: tuple[str, ...]

    @property
    def were_there(self) -> bool:
        """Whether there were as many, with which it could have been decided, and was not."""
        return self.seeds is not None and self.seeds <= self.used


def paper_highlights(study: PaperContext) -> tuple[str, ...]:
    """Sentences in the mini grammar; none while there are no results."""
    if not study.done:
        return ()
    return (*_best(study), *_differences(study), *_claims(study), *_undecided(study))


def _best(study: PaperContext) -> Iterator[str]:
    """The measure itself, where a study has nothing to compare."""
    if not study.findings.comparisons and len(study.done) == 1:
        case, metric = study.done[0], study.metric
        the_metric = typography.upper_first(metric.the)
        yield say("found-measure", metric=the_metric, value=study.quotes.estimate(metric, case))


def _differences(study: PaperContext) -> Iterator[str]:
    compared = [one for one in study.findings.comparisons if one.difference is not None]
    if not compared:
        return
    decided = sorted((one for one in compared if one.sign != "open"), key=_size, reverse=True)
    words = {
        "reference": say(
            "found-reference", n=len(study.findings.baselines), baselines=study.mention(*study.findings.baselines)
        ),
        "metric": study.metric.title,
    }
    if all(one.p_adjusted is None for one in compared):
        needed = max(one.seeds_needed or 0 for one in compared)
        more = say("seeds-needed", seeds=needed) if needed else ""
        yield say("undecided", n=len(compared), more=more)
    elif not decided:
        yield say("found-no-difference", n=len(compared), **words)
    elif len(decided) <= FEW:
        each = [
            say(
                "found-difference",
                case=case,
                value=study.quotes.difference(study.metric, one),
                p=say_p(one.p_adjusted or 0.0),
            )
            for case, one in zip(study.subjects(one.case for one in decided), decided, strict=True)
        ]
        yield typography.upper_first(say("found-differences", n=len(decided), each=listing(each), **words))
    else:
        largest = decided[0]
        told = say(
            "found-all-differ" if len(decided) == len(compared) else "found-many-differ",
            decided=len(decided),
            compared=len(compared),
            p=say_p(max(one.p_adjusted or 0.0 for one in decided), "≤"),
            largest=study.subject(largest.case),
            value=study.quotes.difference(study.metric, largest),
            **words,
        )
        yield typography.upper_first(told)


def _claims(study: PaperContext) -> Iterator[str]:
    found = study.findings.claims
    if len(found) == 1:
        verdict = say(f"found-only-{found[0].verdict}")
        yield say("found-only-claim", claim=_sentence(study, found[0]), verdict=verdict)
    elif found:
        shown = [say("found-claims", claims=len(found), verdicts=count_verdicts(study))]
        for verdict, whole in (("holds", "found-all-hold"), ("fails", "found-all-fail")):
            of_it = [_sentence(study, one) for one in found if one.verdict == verdict]
            named = listing([say("case-quoted", case=sentence) for sentence in of_it])
            if 0 < len(of_it) == len(found) <= FEW:
                shown = [say(whole, claims=len(found), named=named)]
            elif 0 < len(of_it) <= FEW:
                shown.append(say(f"found-{verdict}", n=len(of_it), claims=named))
        yield " ".join(shown)


def _sentence(study: PaperContext, found: ClaimFindings) -> str:
    return claim_sentence(study, found.claim).rstrip(".")


def _undecided(study: PaperContext) -> Iterator[str]:
    """What is open, and with how many seeds it would be decided if what was measured is true; nothing where a single
    seed does not tell how it varies."""
    findings = study.findings
    if len(findings.seeds) < 2:
        return
    undecided = [one for one in findings.comparisons if one.sign == "open" and one.difference is not None]
    many = len(undecided) > FEW
    names = [say("found-comparison", case=study.subject(one.case)) for one in undecided]
    needs = [
        _Need(name, seeds_for_comparison(findings, one), one.difference.n, one.difference.runs)
        for name, one in zip(names if many else study.subjects(one.case for one in undecided), undecided, strict=True)
        if one.difference is not None
    ]
    sentences = []
    if needs:
        which = "found-undecided-many" if many else "found-undecided"
        sentences.append(say(which, n=len(needs), each=_each(study, needs)))
    named = [
        _Need(say("case-quoted", case=_sentence(study, one)), _seeds_for(study, one), _seeds_of(one), one.runs)
        for one in findings.claims
        if one.verdict == "open" and one.decisive is not None
    ]
    if named:
        sentences.append(say("found-open", n=len(named), each=_each(study, named)))
    if sentences:
        which = "found-seeds-chance" if any(one.were_there for one in (*needs, *named)) else "found-seeds-meaning"
        rest = typography.percent(1 - POWER, 0)
        sentences[-1] += " " + say(which, power=typography.percent(POWER, 0), rest=rest)
    yield from sentences


def _seeds_for(study: PaperContext, found: ClaimFindings) -> int | None:
    folds = study.findings.folds.design if study.findings.folds is not None else None
    return None if found.decisive is None else seeds_for_inequality(found.decisive, len(found.inequalities), folds)


def _seeds_of(found: ClaimFindings) -> int:
    """How many seeds the open part of a claim has."""
    quantity = None if found.decisive is None else found.decisive.quantity
    return 0 if quantity is None else quantity.n


def _each(study: PaperContext, needs: Sequence[_Need]) -> str:
    """The open ones with their seeds, or how many they are and which need the fewest and the most."""

    def seeds(need: _Need) -> str:
        if need.seeds is None:
            return say("found-seeds-beyond", seeds=MOST_SEEDS)
        counted = say("found-seeds-counted", seeds=need.seeds)
        return say("found-seeds", seeds=study.quotes.number(need.seeds, counted, need.runs))

    if len(needs) <= FEW:
        which = {True: "found-needs-no-more", False: "found-needs"}
        return listing([say(which[need.were_there], what=need.what, seeds=seeds(need)) for need in needs])
    ranked = sorted(needs, key=lambda one: MOST_SEEDS + 1 if one.seeds is None else one.seeds)
    least, most = ranked[0], ranked[-1]
    text = say("found-needs-least", count=len(needs), least=least.what, seeds=seeds(least))
    if most.seeds == least.seeds:
        return text
    return text + say("found-needs-most", most=most.what, seeds=seeds(most))


def _size(comparison: Comparison) -> float:
    return 0.0 if comparison.difference is None else abs(comparison.difference.mean)
