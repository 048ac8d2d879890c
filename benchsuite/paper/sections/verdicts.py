"""What the comparisons with the reference allow to say, over seeds and over the single test images."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import Comparison
from benchsuite.paper.context.machine_kinds import describe_refused
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Paragraph
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.references.methods import CROSSED
from benchsuite.paper.tables.results import images_table

Decided = tuple[Comparison, float]
"""A comparison and its adjusted p."""
MOST_TOLD = 3
"""Comparisons that a sentence tells one by one."""


def describe_verdicts(study: PaperContext) -> str:
    """Differences detected, not detected, or not yet decidable."""
    findings = study.findings
    baselines = study.mention(*findings.baselines)
    reference = say("compared-with-own" if len(findings.baselines) > 1 else "compared-with", baselines=baselines)
    known = [c for c in findings.comparisons if c.difference is not None]
    decided = [(c, c.p_adjusted) for c in known if c.p_adjusted is not None]
    detected = [pair for pair in decided if pair[0].sign != "open"]
    undetected = [pair for pair in decided if pair[0].sign == "open"]
    undecided = [c for c in known if c.p_adjusted is None]
    missing = [c for c in findings.comparisons if c.difference is None]
    out: list[str] = []
    metric = study.metric.title
    if len(decided) > MOST_TOLD:
        out += _sum_up(study, reference, detected, undetected)
    elif detected:
        out.append(say("detected", reference=reference, metric=metric, cases=_list(study, detected)))
    if undetected and len(decided) <= MOST_TOLD:
        cases = _list(study, undetected)
        out.append(say("undetected-either" if detected else "undetected", reference=reference, cases=cases))
    if undecided:
        needed = max(c.seeds_needed or 0 for c in undecided)
        which = "undecided" if not decided else "undecided-rest"
        more = say("seeds-needed", seeds=needed) if needed else ""
        out.append(say(which, n=len(undecided), more=more))
    if missing and known:
        out.append(say("comparisons-missing", cases=study.subject(*(c.case for c in missing))))
    if refused := describe_refused(pair for c in findings.comparisons for pair in c.refused_pairs):
        out.append(refused)
    return " ".join(out)


def _sum_up(
    study: PaperContext, reference: str, detected: Sequence[Decided], undetected: Sequence[Decided]
) -> list[str]:
    """So many comparisons that the table tells of each."""
    metric, compared = study.metric.title, len(detected) + len(undetected)
    if not detected:
        return [say("undetected-many", reference=reference, metric=metric, compared=compared)]
    single = undetected and len(detected) == 1
    largest = max((one for one, _ in detected), key=lambda one: abs(one.difference.mean) if one.difference else 0.0)
    told = say(
        "detected-one" if single else "detected-many" if undetected else "detected-all",
        reference=reference,
        metric=metric,
        decided=len(detected),
        compared=compared,
        p=say_p(max(p for _, p in detected), "=" if single else "≤"),
        largest=study.subject(largest.case),
        value=study.quotes.difference(study.metric, largest),
    )
    return [told, say("undetected-rest", n=len(undetected))] if undetected else [told]


def _list(study: PaperContext, decided: Sequence[Decided]) -> str:
    named = zip(study.subjects(c.case for c, _ in decided), decided, strict=True)
    return listing([f"{case} ({study.quotes.difference(study.metric, c)}; {say_p(p)})" for case, (c, p) in named])


def say_p(value: float, sign: str = "=") -> str:
    """«p = 0,016», or «p < 0,001»."""
    shown = typography.p_value(value)
    return say("p-below", p=shown) if shown.startswith(("<", ">")) else say("p-value", sign=sign, p=shown)


def image_blocks(study: PaperContext) -> list[Block]:
    """What the single test images add to the comparisons."""
    known = [c for c in study.findings.comparisons if c.crossed is not None or c.single is not None]
    if not known:
        return []
    if all(c.single is not None for c in known):
        text = say("images-one-seed")
    else:
        text = say("images-crossed", cited=study.works.cite(CROSSED))
        lost = [
            c.case
            for c in known
            if c.crossed is not None
            and c.difference is not None
            and _excludes_zero(c.difference.low, c.difference.high)
            and not _excludes_zero(*c.crossed)
        ]
        if lost:
            text += " " + say("images-lost", cases=study.subject(*lost))
    return [Paragraph(text), images_table(study)]


def _excludes_zero(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and (low > 0 or high < 0)
