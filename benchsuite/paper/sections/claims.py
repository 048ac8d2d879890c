"""The subsection of the claims: how they were tested, what became of them, and a table of each."""

from __future__ import annotations

from collections import Counter

from benchsuite.analysis.findings import Verdict
from benchsuite.paper.context.machine_kinds import describe_refused
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Cell, Column, Paragraph, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.spanish import CONFIDENCE, NBSP
from benchsuite.paper.sections.claim_words import VERDICTS, cite_source, describe_condition, quote_evidence
from benchsuite.paper.sections.prose import claim_sentence

COUNTED: dict[Verdict, tuple[str, str]] = {
    "holds": ("se sostiene", "se sostienen"),
    "fails": ("no se sostiene", "no se sostienen"),
    "open": ("queda sin concluir", "quedan sin concluir"),
}


def claim_blocks(study: PaperContext) -> list[Block]:
    """The table of claims, how they were tested, and what the open ones need."""
    found = study.findings.claims
    whole = "la única afirmación" if len(found) == 1 else f"las {spanish.number(len(found))} afirmaciones"
    text = (
        f"El {{{{tab-claims}}}} somete a los datos {whole} del estudio: {count_verdicts(study)}. Cada afirmación "
        "equivale a una o varias desigualdades entre medias; cada una se prueba invirtiendo los signos de los "
        f"valores de las semillas, a un lado y al 2,5{NBSP}%. La afirmación se sostiene cuando todas se demuestran, y "
        "no se sostiene cuando se demuestra la contraria de alguna, corregida por su número; en otro caso no es "
        "concluyente."
    )
    lacking = [one.seeds_needed for one in found if one.seeds_needed is not None]
    if lacking:
        which = "Para decidirlas"
        if len(lacking) < len(found):
            which = f"Para {'una' if len(lacking) == 1 else spanish.number(len(lacking))} de ellas"
        text += f" {which} harían falta al menos {spanish.number(max(lacking))} semillas."
    refused = describe_refused(pair for one in found for part in one.inequalities for pair in part.refused_pairs)
    return [Paragraph(f"{text} {refused}".rstrip()), _table(study)]


def count_verdicts(study: PaperContext) -> str:
    """What became of the claims: «una se sostiene y 2 quedan sin concluir»."""
    verdicts = Counter(found.verdict for found in study.findings.claims)
    return spanish.listing(
        [
            f"una {one}" if verdicts[name] == 1 else f"{spanish.number(verdicts[name])} {many}"
            for name, (one, many) in COUNTED.items()
            if verdicts[name]
        ]
    )


def _table(study: PaperContext) -> Table:
    rows, repeated = [], False
    for found in study.findings.claims:
        quantity = found.decisive.quantity if found.decisive is not None else None
        value = METRICS[found.claim.metric].scale * quantity.mean if quantity is not None else None
        repeated = repeated or (quantity is not None and quantity.n > 1)
        rows.append(
            (
                Cell(f"{claim_sentence(study, found.claim)}{cite_source(found.claim)}"),
                Cell(describe_condition(study, found.claim)),
                Cell(quote_evidence(study, found) or "—", value, found.runs),
                Cell(VERDICTS[found.verdict], None, found.runs, strong=found.verdict != "open"),
            )
        )
    columns = (Column("Afirmación"), Column("Condición"), Column("Medida decisiva"), Column("Veredicto"))
    note = f"Entre corchetes, intervalo de confianza al {CONFIDENCE} entre semillas." if repeated else None
    return Table("tab-claims", "Afirmaciones contrastadas", columns, tuple(rows), note, wide=True)
