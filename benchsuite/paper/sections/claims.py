"""Claims in the paper: their conditions and verdicts in words, how prose quotes them, and their own subsection."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from benchsuite.analysis.findings import Verdict
from benchsuite.paper.document.blocks import Block, Cell, Column, Paragraph, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.sections.claim_words import VERDICTS, condition, evidence, source
from benchsuite.paper.sections.quoted import claim_sentence

if TYPE_CHECKING:
    from benchsuite.paper.context.paper_context import PaperContext

PLURALS: dict[Verdict, str] = {"holds": "se sostienen", "fails": "no se sostienen", "open": "quedan sin concluir"}
ALONE: dict[Verdict, str] = {"holds": "se sostiene", "fails": "no se sostiene", "open": "queda sin concluir"}


def claim_blocks(study: PaperContext) -> list[Block]:
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


def _table(study: PaperContext, identifier: str) -> Table:
    rows = []
    for found in study.findings.claims:
        part = found.decisive
        scale = METRICS[found.claim.metric].scale
        value = scale * part.quantity.mean if part is not None and part.quantity is not None else None
        rows.append(
            (
                Cell(f"{claim_sentence(study, found.claim)}{source(found.claim)}"),
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


def _number(count: int) -> str:
    return "una" if count == 1 else spanish.number(count)
