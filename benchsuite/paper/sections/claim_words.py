"""Claims in words: what was tested, the verdict, and the numbers that decide it."""

from __future__ import annotations

from benchsuite.analysis.findings import ClaimFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import PrintedMetric
from benchsuite.paper.language.typography import percent
from benchsuite.suite.schema.claims import CaseReference, Claim


def quote_verdict(study: PaperContext, found: ClaimFindings) -> str:
    """A token for the verdict, backed by the runs behind it."""
    return study.quotes.put(say(f"verdict-{found.verdict}"), None, found.runs)


def quote_evidence(study: PaperContext, found: ClaimFindings) -> str:
    """The decisive case or difference with its interval: «bloques congelados = 3: 93,0 % [91,9; 94,1]»."""
    part = found.decisive
    if part is None or part.quantity is None:
        return ""
    metric, case = study.metrics[found.claim.metric], study.mention(part.case)
    shown = metric.quote(part.quantity) if part.other is None else metric.difference(part.quantity)
    value = study.quotes.put(shown, part.quantity.mean, part.quantity.runs)
    if part.other is None:
        return say("evidence", case=case, value=value)
    return say("evidence-difference", case=case, other=study.mention(part.other), value=value)


def describe_condition(study: PaperContext, claim: Claim) -> str:
    """What was tested, in the mini grammar: «exactitud en test ≥ 95,0 %»."""
    metric = study.metrics[claim.metric]
    others = _mention(study, claim.others) or say("all-others")
    match claim.condition:
        case "at_least":
            text = say("condition-at-least", value=metric.format(claim.at_least or 0.0))
        case "at_most":
            text = say("condition-at-most", value=metric.format(claim.at_most or 0.0))
        case "better_than" | "best_of":
            better = "higher" if metric.sign > 0 else "lower"
            text = say(f"condition-{better}", context=metric.gender, others=others)
        case "no_worse_than":
            margin = _format_margin(metric, claim, claim.margin)
            text = say("condition-no-worse", context=metric.gender, others=others, margin=margin)
        case "monotone":
            text = say("condition-increasing" if claim.monotone == "increasing" else "condition-decreasing")
        case _:
            text = say("condition-within", margin=_format_margin(metric, claim, claim.within))
    if claim.cases is None:
        return say("condition", metric=metric.title, condition=text)
    return say("condition-about", metric=metric.title, cases=_mention(study, claim.cases), condition=text)


def cite_source(study: PaperContext, claim: Claim) -> str:
    """The work that the claim is taken from, as a citation."""
    return study.works.unify_citations(f" [[{claim.source}]]") if claim.source else ""


def _mention(study: PaperContext, references: tuple[CaseReference, ...]) -> str:
    return study.names.mention(*map(study.find_case, references)) if references else ""


def _format_margin(metric: PrintedMetric, claim: Claim, margin: float | None) -> str:
    if claim.relative:
        return markup.literal(percent(margin or 0.0, 0))
    return metric.margin(margin or 0.0)
