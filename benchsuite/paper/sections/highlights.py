"""The box of findings after the abstract: what was decided, with numbers, and what was not, with the seeds it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchsuite.analysis.findings import ClaimFindings, Comparison
from benchsuite.analysis.power import MOST_SEEDS, POWER, seeds_for_comparison, seeds_for_inequality
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.language import spanish
from benchsuite.paper.language.spanish import NBSP
from benchsuite.paper.sections.claims import count_verdicts
from benchsuite.paper.sections.prose import claim_sentence

FEW = 3
"""Comparisons or claims that are told one by one."""


def paper_highlights(study: PaperContext) -> tuple[str, ...]:
    """Sentences in the mini grammar; none while there are no results."""
    if not study.done:
        return ()
    return (*_best(study), *_differences(study), *_claims(study), *_undecided(study))


def _best(study: PaperContext) -> Iterator[str]:
    """The measure itself, where a study has nothing to compare."""
    if not study.findings.comparisons and len(study.done) == 1:
        case, metric = study.done[0], study.metric
        yield f"{spanish.upper_first(metric.article)} {metric.title} es {study.quotes.estimate(metric.name, case)}."


def _differences(study: PaperContext) -> Iterator[str]:
    compared = [one for one in study.findings.comparisons if one.difference is not None]
    if not compared:
        return
    decided = sorted((one for one in compared if one.sign != "open"), key=_size, reverse=True)
    reference = f"{'su' if len(study.findings.baselines) > 1 else 'la'} referencia ({_names(study)})"
    of = f"en {study.metric.title}"
    if not decided:
        what = (
            "La comparación" if len(compared) == 1 else f"Ninguna de las {spanish.number(len(compared))} comparaciones"
        )
        yield f"{what} con {reference} {'no ' if len(compared) == 1 else ''}es significativa {of}."
    elif len(decided) <= FEW:
        verb = "difiere" if len(decided) == 1 else "difieren"
        each = spanish.listing([f"{study.mention(one.case)} ({_told(study, one)})" for one in decided])
        yield f"De {reference} {verb} significativamente {of}: {each}."
    else:
        largest = decided[0]
        whole = "Las" if len(decided) == len(compared) else f"{spanish.number(len(decided))} de las"
        p = spanish.p_value(max(one.p_adjusted or 0.0 for one in decided))
        yield (
            f"{whole} {spanish.number(len(compared))} configuraciones comparadas difieren significativamente de "
            f"{reference} {of} (p{NBSP}{p if p.startswith('<') else f'≤{NBSP}{p}'}); la mayor diferencia es la de "
            f"{study.mention(largest.case)}: {study.quotes.difference(largest)}."
        )


def _told(study: PaperContext, comparison: Comparison) -> str:
    p = spanish.p_value(comparison.p_adjusted or 0.0)
    return f"{study.quotes.difference(comparison)}; p{NBSP}{p if p.startswith('<') else f'={NBSP}{p}'}"


def _claims(study: PaperContext) -> Iterator[str]:
    found = study.findings.claims
    if not found:
        return
    whole = (
        "La única afirmación contrastada" if len(found) == 1 else f"De las {spanish.number(len(found))} afirmaciones"
    )
    shown = []
    for verdict, lead in (("holds", "se sostiene"), ("fails", "no se sostiene")):
        of_it = [one for one in found if one.verdict == verdict]
        if 0 < len(of_it) <= FEW and len(found) > 1:
            sentences = [f"«{claim_sentence(study, one.claim).rstrip('.')}»" for one in of_it]
            shown.append(f"{lead if len(of_it) == 1 else lead.replace('sostiene', 'sostienen')} {'; '.join(sentences)}")
    if len(found) == 1:
        verdict = {"holds": "se sostiene", "fails": "no se sostiene", "open": "no es concluyente"}[found[0].verdict]
        yield f"{whole}, «{claim_sentence(study, found[0].claim).rstrip('.')}», {verdict}."
        return
    yield (
        f"{whole} contrastadas, {count_verdicts(study)}"
        + "".join(f". {spanish.upper_first(one)}" for one in shown)
        + "."
    )


def _undecided(study: PaperContext) -> Iterator[str]:
    """What is open, and with how many seeds it would be decided if what was measured is true."""
    findings = study.findings
    needs: list[tuple[str, int | None, tuple[str, ...]]] = [
        (study.mention(one.case), seeds_for_comparison(findings, one), one.difference.runs)
        for one in findings.comparisons
        if one.sign == "open" and one.difference is not None
    ]
    sentences = []
    if needs:
        sentences.append(f"Sin decidir queda{'n' if len(needs) > 1 else ''} {_each(study, needs)}.")
    open_claims = [one for one in findings.claims if one.verdict == "open" and one.decisive is not None]
    if open_claims:
        named = [
            (f"«{claim_sentence(study, one.claim).rstrip('.')}»", _seeds_for(one), one.runs) for one in open_claims
        ]
        lead = "Queda abierta" if len(named) == 1 else "Quedan abiertas"
        sentences.append(f"{lead} {_each(study, named)}.")
    if sentences:
        sentences[-1] += (
            f" Las semillas son las que lo decidirían con una potencia del {spanish.percent(POWER, 0)} si el efecto es "
            "el observado."
        )
    yield from sentences


def _seeds_for(found: ClaimFindings) -> int | None:
    return None if found.decisive is None else seeds_for_inequality(found.decisive, len(found.inequalities))


def _each(study: PaperContext, needs: Sequence[tuple[str, int | None, tuple[str, ...]]]) -> str:
    """The open ones with their seeds, or how many they are and which need the fewest and the most."""

    def seeds(number: int | None, runs: tuple[str, ...]) -> str:
        if number is None:
            return f"más de {spanish.number(MOST_SEEDS)} semillas"
        return f"unas {study.quotes.number(number, f'{spanish.number(number)}{NBSP}semillas', runs)}"

    if len(needs) <= FEW:
        return "; ".join(f"{name} (harían falta {seeds(number, runs)})" for name, number, runs in needs)
    ranked = sorted(needs, key=lambda one: MOST_SEEDS + 1 if one[1] is None else one[1])
    (least, fewest, of_least), (most, number, of_most) = ranked[0], ranked[-1]
    text = f"{spanish.number(len(needs))}: la que menos semillas necesitaría es {least} ({seeds(fewest, of_least)})"
    return text if number == fewest else f"{text} y la que más, {most} ({seeds(number, of_most)})"


def _names(study: PaperContext) -> str:
    return study.mention(*study.findings.baselines)


def _size(comparison: Comparison) -> float:
    return 0.0 if comparison.difference is None else abs(comparison.difference.mean)
