"""Claims in words: what was tested, the verdict, and the numbers that decide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchsuite.analysis.findings import ClaimFindings, Verdict
from benchsuite.paper.document import markup
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS, Metric

if TYPE_CHECKING:
    from benchsuite.paper.context.paper_context import PaperContext
    from benchsuite.suite.schema.claims import CaseReference, Claim

VERDICTS: dict[Verdict, str] = {"holds": "se sostiene", "fails": "no se sostiene", "open": "no concluyente"}


def verdict(study: PaperContext, found: ClaimFindings) -> str:
    """A token for the verdict, backed by the runs behind it."""
    return study.quotes.put(VERDICTS[found.verdict], None, found.runs)


def evidence(study: PaperContext, found: ClaimFindings) -> str:
    """The decisive case or difference with its interval: «bloques congelados = 3: 93,0 % [91,9; 94,1]»."""
    part = found.decisive
    if part is None or part.quantity is None:
        return ""
    metric = METRICS[found.claim.metric]
    who = study.called(study.named(part.case))
    if part.other is None:
        shown = metric.quote(part.quantity)
    else:
        who += f" frente a {study.called(study.named(part.other))}"
        shown = metric.difference(part.quantity)
    return f"{who}: {study.quotes.put(shown, part.quantity.mean, part.quantity.runs)}"


def condition(study: PaperContext, claim: Claim) -> str:
    """What was tested, in the mini grammar: «exactitud en test ≥ 95,0 %»."""
    metric = METRICS[claim.metric]
    match claim.condition:
        case "at_least":
            said = f"≥{spanish.NBSP}{metric.format(claim.at_least or 0.0)}"
        case "at_most":
            said = f"≤{spanish.NBSP}{metric.format(claim.at_most or 0.0)}"
        case "better_than":
            said = f"mejor que la de {_others(study, claim)}"
        case "no_worse_than":
            said = f"no peor que la de {_others(study, claim)}, con un margen de {_margin(metric, claim, claim.margin)}"
        case "best_of":
            said = f"mejor que la de {_others(study, claim) or 'todas las demás'}"
        case "monotone":
            said = "creciente en este orden" if claim.monotone == "increasing" else "decreciente en este orden"
        case _:
            said = f"con diferencias menores que {_margin(metric, claim, claim.within)}"
    said = said if metric.feminine else said.replace("que la de", "que el de")
    about = f" ({_cases(study, claim.cases)})" if claim.cases is not None else ""
    return f"{metric.title}{about} {said}"


def source(claim: Claim) -> str:
    """The work that the claim is taken from, as a citation."""
    return f" [[{claim.source}]]" if claim.source else ""


def _others(study: PaperContext, claim: Claim) -> str:
    return _cases(study, claim.others)


def _cases(study: PaperContext, references: tuple[CaseReference, ...]) -> str:
    return study.called(*(study.meant(reference) for reference in references)) if references else ""


def _margin(metric: Metric, claim: Claim, margin: float | None) -> str:
    if claim.relative:
        return markup.literal(spanish.percent(margin or 0.0, 0))
    return metric.margin(margin or 0.0)
