"""The subsection of the claims: how they were tested, what became of them, and a table of each."""

from __future__ import annotations

from collections import Counter

from benchsuite.analysis.findings import Verdict
from benchsuite.paper.context.machine_kinds import describe_refused
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Cell, Column, Paragraph, Table
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import spread_of
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.sections.claim_words import cite_source, describe_condition, quote_evidence
from benchsuite.paper.sections.prose import claim_sentence

COUNTED: tuple[Verdict, ...] = ("holds", "fails", "open")
"""The order in which verdicts are counted."""


def claim_blocks(study: PaperContext) -> list[Block]:
    """The table of claims, how they were tested, and what the open ones need."""
    found = study.findings.claims
    only = say(f"claims-{found[0].verdict}", n=1)
    text = say("claims", n=len(found), verdicts=only if len(found) == 1 else count_verdicts(study))
    lacking = [one.seeds_needed for one in found if one.seeds_needed is not None]
    if lacking:
        which = "claims-need" if len(lacking) == len(found) else "claims-need-some"
        text += " " + say(which, n=len(lacking), seeds=max(lacking))
    refused = describe_refused(pair for one in found for part in one.inequalities for pair in part.refused_pairs)
    return [Paragraph(f"{text} {refused}".rstrip()), claims_table(study)]


def count_verdicts(*studies: PaperContext) -> str:
    """What became of several claims: «una se sostiene y dos quedan sin decidir», «ninguna se sostiene»."""
    verdicts = Counter(found.verdict for study in studies for found in study.findings.claims)
    if len(verdicts) == 1:
        return say(f"claims-all-{next(iter(verdicts))}")
    return listing([say(f"claims-count-{name}", n=verdicts[name]) for name in COUNTED if verdicts[name]])


def claims_table(study: PaperContext) -> Table:
    """Each claim with its condition, the numbers that decide it, and the verdict."""
    rows = []
    for found in study.findings.claims:
        quantity = found.decisive.quantity if found.decisive is not None else None
        value = study.metrics[found.claim.metric].scale * quantity.mean if quantity is not None else None
        rows.append(
            (
                Cell(f"{claim_sentence(study, found.claim)}{cite_source(study, found.claim)}"),
                Cell(describe_condition(study, found.claim)),
                Cell(quote_evidence(study, found) or "—", value, found.runs),
                Cell(say(f"verdict-{found.verdict}"), None, found.runs, strong=found.verdict != "open"),
            )
        )
    columns = tuple(Column(say(f"column-claims-{name}")) for name in ("claim", "condition", "measure", "verdict"))
    decisive = [found.decisive.quantity for found in study.findings.claims if found.decisive is not None]
    spread = spread_of(quantity for quantity in decisive if quantity is not None)
    note = say(f"note-spread-{spread}") if spread else None
    return Table("tab-claims", say("title-claims"), columns, tuple(rows), note, wide=True)
