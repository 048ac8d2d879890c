"""The subsection of the claims: how they were tested, what became of them, and a table of each."""

from __future__ import annotations

from collections import Counter

from benchsuite.analysis.findings import ClaimFindings, Verdict
from benchsuite.paper.context.machine_kinds import describe_refused
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Cell, Column, Paragraph, Table
from benchsuite.paper.language.catalogue import in_words, say
from benchsuite.paper.language.metrics import spread_of
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.language.typography import NBSP, number, p_value
from benchsuite.paper.sections.claim_words import cite_source, describe_condition, quote_evidence
from benchsuite.paper.sections.prose import claim_sentence
from benchsuite.paper.tables import cells

COUNTED: tuple[Verdict, ...] = ("holds", "fails", "open")
"""The order in which verdicts are counted."""


def claim_blocks(study: PaperContext) -> list[Block]:
    """The table of claims, how they were tested, and what the open ones need."""
    found = study.findings.claims
    test = say("claims-by-signs" if study.findings.folds is None else "claims-by-folds")
    text = say("claims", n=len(found), verdicts=count_verdicts(study), test=test)
    sequential = study.findings.sequential
    if sequential is not None and sequential.repeats:
        text += f" {say('claims-sequential', n=len(found))}"
    lacking = [one.seeds_needed for one in found if one.seeds_needed is not None]
    if lacking:
        which = "claims-need" if len(lacking) == len(found) else "claims-need-some"
        text += " " + say(which, n=len(lacking), seeds=max(lacking))
    refused = describe_refused(pair for one in found for part in one.inequalities for pair in part.refused_pairs)
    return [Paragraph(f"{text} {refused}".rstrip()), claims_table(study)]


def count_verdicts(*studies: PaperContext) -> str:
    """What became of claims: «una se sostiene y dos quedan sin decidir», «ninguna se sostiene», «se sostiene»."""
    verdicts = Counter(found.verdict for study in studies for found in study.findings.claims)
    if verdicts.total() == 1:
        return say(f"claims-{next(iter(verdicts))}", n=1)
    if len(verdicts) == 1:
        return say(f"claims-all-{next(iter(verdicts))}")
    count = in_words if in_words(verdicts.total()) != number(verdicts.total()) else number  # not some of each
    told = [(name, verdicts[name]) for name in COUNTED if verdicts[name]]
    return listing([say(f"claims-count-{name}", n=times, count=count(times)) for name, times in told])


def claims_table(study: PaperContext) -> Table:
    """Each claim with its condition, the numbers that decide it, and the verdict."""
    rows, sequential = [], study.findings.sequential is not None
    for found in study.findings.claims:
        quantity = found.decisive.quantity if found.decisive is not None else None
        value = study.metrics[found.claim.metric].scale * quantity.mean if quantity is not None else None
        verdict = say(f"verdict-{found.verdict}").replace(" ", NBSP)
        rows.append(
            (
                Cell(f"{claim_sentence(study, found.claim)}{cite_source(study, found.claim)}"),
                Cell(describe_condition(study, found.claim)),
                Cell(quote_evidence(study, found) or "—", value, found.runs),
                *_decision(found, sequential),
                Cell(verdict, None, found.runs, strong=found.verdict != "open"),
            )
        )
    heads = [Column(say(f"column-claims-{name}")) for name in ("claim", "condition", "measure", "verdict")]
    decision = cells.numeric_columns(say("column-claims-seeds"), "p") if sequential else ()
    columns = (*heads[:-1], *decision, heads[-1])
    decisive = [found.decisive.quantity for found in study.findings.claims if found.decisive is not None]
    spread = spread_of(quantity for quantity in decisive if quantity is not None)
    note = say(f"note-spread-{spread}") if spread else None
    return Table("tab-claims", say("title-claims"), columns, tuple(rows), note, wide=True)


def _decision(found: ClaimFindings, sequential: bool) -> tuple[Cell, ...]:
    """With sequential seeds, how many there were when the claim was decided, and its p over all looks."""
    if not sequential:
        return ()
    seeds, p = found.decided_with, found.p_adjusted
    return (
        Cell("—") if seeds is None else Cell(number(seeds), seeds, found.runs),
        Cell("—") if p is None else Cell(p_value(p), p, found.runs),
    )
