"""Claims in words: what was tested, the verdict, and the numbers that decide it."""

from __future__ import annotations

from benchsuite.analysis.findings import ClaimFindings, Verdict
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS, PrintedMetric
from benchsuite.paper.language.spanish import NBSP
from benchsuite.suite.schema.claims import CaseReference, Claim

VERDICTS: dict[Verdict, str] = {"holds": "se sostiene", "fails": "no se sostiene", "open": "no concluyente"}


def quote_verdict(study: PaperContext, found: ClaimFindings) -> str:
    """A token for the verdict, backed by the runs behind it."""
    return study.quotes.put(VERDICTS[found.verdict], None, found.runs)


def quote_evidence(study: PaperContext, found: ClaimFindings) -> str:
    """The decisive case or difference with its interval: «bloques congelados = 3: 93,0 % [91,9; 94,1]»."""
    part = found.decisive
    if part is None or part.quantity is None:
        return ""
    metric, who = METRICS[found.claim.metric], study.mention(part.case)
    if part.other is None:
        shown = metric.quote(part.quantity)
    else:
        who += f" frente a {study.mention(part.other)}"
        shown = metric.difference(part.quantity)
    return f"{who}: {study.quotes.put(shown, part.quantity.mean, part.quantity.runs)}"


def describe_condition(study: PaperContext, claim: Claim) -> str:
    """What was tested, in the mini grammar: «exactitud en test ≥ 95,0 %»."""
    metric = METRICS[claim.metric]
    others = f"{'la' if metric.feminine else 'el'} de {_mention(study, claim.others) or 'todas las demás'}"
    match claim.condition:
        case "at_least":
            text = f"≥{NBSP}{metric.format(claim.at_least or 0.0)}"
        case "at_most":
            text = f"≤{NBSP}{metric.format(claim.at_most or 0.0)}"
        case "better_than" | "best_of":
            text = f"mejor que {others}"
        case "no_worse_than":
            text = f"no peor que {others}, con un margen de {_format_margin(metric, claim, claim.margin)}"
        case "monotone":
            text = "creciente en este orden" if claim.monotone == "increasing" else "decreciente en este orden"
        case _:
            text = f"con diferencias menores que {_format_margin(metric, claim, claim.within)}"
    about = f" ({_mention(study, claim.cases)})" if claim.cases is not None else ""
    return f"{metric.title}{about} {text}"


def cite_source(claim: Claim) -> str:
    """The work that the claim is taken from, as a citation."""
    return f" [[{claim.source}]]" if claim.source else ""


def _mention(study: PaperContext, references: tuple[CaseReference, ...]) -> str:
    return study.names.mention(*map(study.find_case, references)) if references else ""


def _format_margin(metric: PrintedMetric, claim: Claim, margin: float | None) -> str:
    if claim.relative:
        return markup.literal(spanish.percent(margin or 0.0, 0))
    return metric.margin(margin or 0.0)
