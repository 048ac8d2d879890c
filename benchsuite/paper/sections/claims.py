"""Claims in the paper: their conditions and verdicts in words, how prose quotes them, and their own subsection."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from benchsuite.analysis.findings import ClaimFindings, Verdict
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Cell, Column, Paragraph, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS, Metric

if TYPE_CHECKING:
    from benchsuite.paper.context.paper_context import Study
    from benchsuite.suite.schema.claims import CaseReference, Claim

VERDICTS: dict[Verdict, str] = {"holds": "se sostiene", "fails": "no se sostiene", "open": "no concluyente"}
PLURALS: dict[Verdict, str] = {"holds": "se sostienen", "fails": "no se sostienen", "open": "quedan sin concluir"}
ALONE: dict[Verdict, str] = {"holds": "se sostiene", "fails": "no se sostiene", "open": "queda sin concluir"}


def verdict(study: Study, found: ClaimFindings) -> str:
    """A token for the verdict, backed by the runs behind it."""
    return study.quotes.put(VERDICTS[found.verdict], None, found.runs)


def quotation(study: Study, found: ClaimFindings) -> str:
    """The sentence as the suite says it, who says it, the verdict and the numbers that decide it."""
    numbers = evidence(study, found)
    reason = f" ({numbers})" if numbers else ""
    return f"«{_sentence(study, found.claim).rstrip('.')}»{_source(found.claim)}: **{verdict(study, found)}**{reason}"


def evidence(study: Study, found: ClaimFindings) -> str:
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


def condition(study: Study, claim: Claim) -> str:
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


def claim_blocks(study: Study) -> list[Block]:
    """The table of claims, how they were tested, and what the open ones need."""
    found = study.findings.claims
    counted = Counter(one.verdict for one in found)
    told = [
        f"{_number(counted[name])} {ALONE[name] if counted[name] == 1 else PLURALS[name]}"
        for name in VERDICTS
        if counted[name]
    ]
    whole = "la única afirmación" if len(found) == 1 else f"las {spanish.number(len(found))} afirmaciones"
    said = (
        f"El {{{{tab-claims}}}} somete a los datos {whole} del estudio: {spanish.listing(told)}. Cada afirmación "
        "equivale a una o varias desigualdades entre medias; cada una se prueba invirtiendo los signos de los "
        f"valores de las semillas, a un lado y al 2,5{spanish.NBSP}%. La afirmación se sostiene cuando todas se "
        "demuestran, y no se sostiene cuando se demuestra la contraria de alguna, corregida por su número; en otro "
        "caso no es concluyente."
    )
    lacking = [one for one in found if one.seeds_needed is not None]
    if lacking:
        needed = max(one.seeds_needed or 0 for one in lacking)
        few = "Para una de ellas" if len(lacking) == 1 else f"Para {spanish.number(len(lacking))} de ellas"
        some = few if len(lacking) < len(found) else "Para decidirlas"
        said += f" {some} harían falta al menos {spanish.number(needed)} semillas."
    return [Paragraph(said), _table(study, "tab-claims")]


def _table(study: Study, identifier: str) -> Table:
    rows = []
    for found in study.findings.claims:
        part = found.decisive
        scale = METRICS[found.claim.metric].scale
        value = scale * part.quantity.mean if part is not None and part.quantity is not None else None
        rows.append(
            (
                Cell(f"{_sentence(study, found.claim)}{_source(found.claim)}"),
                Cell(condition(study, found.claim)),
                Cell(evidence(study, found) or "—", value, found.runs),
                Cell(VERDICTS[found.verdict], None, found.runs, strong=found.verdict != "open"),
            )
        )
    columns = (Column("Afirmación"), Column("Condición"), Column("Medida decisiva"), Column("Veredicto"))
    parts = [found.decisive for found in study.findings.claims]
    repeated = any(part is not None and part.quantity is not None and part.quantity.n > 1 for part in parts)
    note = f"Entre corchetes, intervalo de confianza al 95{spanish.NBSP}% entre semillas." if repeated else None
    return Table(identifier, "Afirmaciones contrastadas", columns, tuple(rows), note, wide=True)


def _sentence(study: Study, claim: Claim) -> str:
    return study.prose(claim.text, f"claims, «{claim.id}»").strip()


def _source(claim: Claim) -> str:
    return f" [[{claim.source}]]" if claim.source else ""


def _others(study: Study, claim: Claim) -> str:
    return _cases(study, claim.others)


def _cases(study: Study, references: tuple[CaseReference, ...]) -> str:
    return study.called(*(study.meant(reference) for reference in references)) if references else ""


def _margin(metric: Metric, claim: Claim, margin: float | None) -> str:
    if claim.relative:
        return markup.literal(spanish.percent(margin or 0.0, 0))
    value = spanish.number(metric.scale * (margin or 0.0), metric.decimals)
    if metric.unit == "duration":
        return spanish.seconds(margin or 0.0)
    unit = metric.difference_unit or metric.unit
    return f"{value}{spanish.NBSP}{unit}" if unit else value


def _number(count: int) -> str:
    return "una" if count == 1 else spanish.number(count)
