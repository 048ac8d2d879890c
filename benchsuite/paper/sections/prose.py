"""Prose with quoted results: of each choice what the results let stand, and every reference to a result, a claim or a
trial exchanged for its words."""

from __future__ import annotations

import re

from benchsuite.analysis.findings import ClaimFindings
from benchsuite.errors import PaperError
from benchsuite.paper.context.conditions import find_best
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.report_context import Context, ReportContext
from benchsuite.paper.document import markup
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.sections.claim_words import cite_source, quote_evidence, quote_verdict
from benchsuite.paper.sections.search import quote_best_trial
from benchsuite.suite.prose.conditions import keep, parse
from benchsuite.suite.prose.references import REFERENCE, Quoted, UnknownReference
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.source.problems import nearest

SIZES = {"seeds": "seed", "cases": "configuration", "runs": "run", "trials": "trial", "studies": "study"}
"""The message that counts each of them."""


def resolve_prose(study: Context, text: str, where: str) -> str:
    """Foreign prose made safe, its quoted results exchanged for tokens. Raises PaperError for unknown ones."""
    parts, _ = parse(markup.clean(text, where), study.vocabulary)
    kept = keep(parts, study.meets)
    with speaking(study.material.suite.paper.prose_language):
        resolved = REFERENCE.sub(lambda match: _resolve(study, match[1].strip(), where), kept)
        whole = "\n\n".join(map(_pending_within_brackets, resolved.split("\n\n")))
    return study.works.unify_citations(_with_tied_names(study, whole))


def _with_tied_names(study: Context, text: str) -> str:
    """Prose in which the names of cases are written as those that we mention; code is as it was."""
    tied = {name: tied for name in study.case_labels if (tied := typography.tie_numbers(name)) != name}
    if not tied:
        return text
    longest_first = "|".join(map(re.escape, sorted(tied, key=len, reverse=True)))
    return re.sub(rf"`[^`]*`|(?<!\w)(?:{longest_first})(?!\w)", lambda found: tied.get(found[0], found[0]), text)


def _pending_within_brackets(paragraph: str) -> str:
    """A paragraph in which what is pending has no brackets of its own where it stands within some."""
    parts = paragraph.split(pending := say("pending"))
    text = parts[0]
    for part in parts[1:]:
        within = text.count("(") > text.count(")")
        text += (pending.strip("()") if within else pending) + part
    return text


def claim_sentence(study: PaperContext, claim: Claim) -> str:
    """The claim as the suite words it."""
    return resolve_prose(study, claim.text, f"claims, «{claim.id}»").strip()


def _resolve(whole: Context, reference: str, where: str) -> str:
    try:
        quoted = whole.vocabulary.read(reference)
    except UnknownReference as unknown:
        near = nearest(unknown.word, unknown.known)
        raise PaperError(
            f"the prose quotes {{{{{reference}}}}}, but «{unknown.word}» is unknown",
            where=where,
            expected=", ".join(unknown.known),
            remedy=f"did you mean «{near}»?" if near else "name a metric and a case, as in {{test_accuracy 3}}",
        ) from None
    if quoted.kind == "block":
        return f"{{{{{quoted.of}}}}}"
    if isinstance(whole, ReportContext) and (quoted.kind in ("choice", "first") or not quoted.study):
        return _of_chain(whole, quoted)
    study = whole.of(quoted.study)
    findings = study.findings
    match quoted.kind:
        case "metric":
            return study.quotes.estimate(study.metrics[quoted.metric], findings.case(quoted.case))
        case "difference":
            comparisons = {comparison.case: comparison for comparison in findings.comparisons}
            return study.quotes.difference(study.metric, comparisons.get(quoted.case))
        case "best":
            return _best(study, quoted.metric)
        case "size":
            sizes = {"seeds": len(findings.seeds), "cases": len(findings.cases), "runs": findings.done}
            return _count(study, sizes[quoted.of], quoted.of)
        case "trials":
            return _count(study, findings.search.declared.budget if findings.search else 0, "trials")
        case "count":
            model = findings.case(quoted.case).model
            if model is None:
                return say("pending")
            every = quoted.of == "parameters"
            return study.quotes.number(model.parameters_total if every else model.parameters_trainable)
        case "claim":
            return _claim(study, _find_claim(study, quoted.of))
        case "verdict":
            return quote_verdict(study, _find_claim(study, quoted.of))
        case _:
            return quote_best_trial(study, quoted.metric)


def _of_chain(report: ReportContext, quoted: Quoted) -> str:
    """What the steps of a report hand on and what validation ranks first in them, and how much the report gathers."""
    if quoted.kind == "size":
        counts = {"studies": len(report.studies), "runs": len(report.runs)}
        return report.quotes.number(counts[quoted.of], say(f"count-{SIZES[quoted.of]}", n=counts[quoted.of]))
    step, study = report.step(quoted.study), report.of(quoted.study)
    return study.subject(*(case.case.name for case in ([step.chosen] if quoted.kind == "choice" else step.first)))


def _find_claim(study: PaperContext, identifier: str) -> ClaimFindings:
    return next(found for found in study.findings.claims if found.claim.id == identifier)


def _claim(study: PaperContext, found: ClaimFindings) -> str:
    """A sentence about the sentence of the suite: who says it, the verdict and the numbers that decide it."""
    numbers = quote_evidence(study, found)
    reason = f" ({numbers})" if numbers else ""
    sentence = claim_sentence(study, found.claim).rstrip(".")
    verdict = study.quotes.put(say(f"found-only-{found.verdict}"), None, found.runs)
    return say("claim-verdict", claim=sentence, source=cite_source(study, found.claim), verdict=verdict) + reason


def _count(study: PaperContext, count: int, of: str) -> str:
    """«10 semillas», «una configuración», «50 ejecuciones»."""
    return study.quotes.number(count, say(f"count-{SIZES[of]}", n=count))


def _best(study: PaperContext, asked: str) -> str:
    """The best case by what is compared, or by the metric that is asked for, then with its value."""
    metric = study.metrics[asked] if asked else study.metric
    best = find_best(study.findings.cases, metric)
    if not best:
        return say("pending")
    value = f" ({study.quotes.mean(metric, best[0])})" if asked else ""
    return study.names.subject(*best) + value
