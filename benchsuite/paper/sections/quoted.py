"""Prose with quoted results: every reference to a result, a claim or a trial exchanged for its words."""

from __future__ import annotations

from benchsuite.analysis.findings import ClaimFindings
from benchsuite.errors import PaperError
from benchsuite.metrics import METRICS
from benchsuite.paper.context.paper_context import PENDING, PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.language import spanish
from benchsuite.paper.sections.claim_words import evidence, source, verdict
from benchsuite.paper.sections.search import best_trial
from benchsuite.suite.prose.references import REFERENCE, UnknownReference
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.source.problems import nearest

SIZES = {
    "seeds": ("semilla", "semillas"),
    "cases": ("configuración", "configuraciones"),
    "runs": ("ejecución", "ejecuciones"),
}


def prose(study: PaperContext, text: str, where: str) -> str:
    """Foreign prose made safe, its quoted results exchanged for tokens. Raises PaperError for unknown ones."""
    resolved = REFERENCE.sub(lambda match: _resolve(study, match[1].strip(), where), markup.clean(text, where))
    return study.works.unified(resolved)


def claim_sentence(study: PaperContext, claim: Claim) -> str:
    """The claim as the suite words it."""
    return prose(study, claim.text, f"claims, «{claim.id}»").strip()


def _resolve(study: PaperContext, reference: str, where: str) -> str:
    try:
        quoted = study.vocabulary.read(reference)
    except UnknownReference as unknown:
        near = nearest(unknown.word, unknown.known)
        raise PaperError(
            f"the prose quotes {{{{{reference}}}}}, but «{unknown.word}» is unknown",
            where=where,
            expected=", ".join(unknown.known),
            remedy=f"did you mean «{near}»?" if near else "name a metric and a case, as in {{test_accuracy 3}}",
        ) from None
    match quoted.kind:
        case "block":
            return f"{{{{{quoted.of}}}}}"
        case "metric":
            return study.quote(quoted.metric, study.named(quoted.case))
        case "difference":
            return _difference(study, quoted.case)
        case "best":
            return _best(study, quoted.metric or study.findings.metric)
        case "size":
            return _size(study, quoted.of)
        case "count":
            model = study.named(quoted.case).model
            every = quoted.of == "parameters"
            return study.count(model.parameters_total if every else model.parameters_trainable) if model else PENDING
        case "claim":
            return _claim(study, study.claim(quoted.of))
        case "verdict":
            return verdict(study, study.claim(quoted.of))
        case "trials":
            found = study.findings.search
            trials = found.declared.budget if found else 0
            return study.count(trials, spanish.count(trials, "ensayo", "ensayos"))
        case _:
            return best_trial(study, quoted.metric)


def _claim(study: PaperContext, found: ClaimFindings) -> str:
    """The sentence as the suite says it, who says it, the verdict and the numbers that decide it."""
    numbers = evidence(study, found)
    reason = f" ({numbers})" if numbers else ""
    sentence = claim_sentence(study, found.claim).rstrip(".")
    return f"«{sentence}»{source(found.claim)}: **{verdict(study, found)}**{reason}"


def _size(study: PaperContext, of: str) -> str:
    """«10 semillas», «una configuración», «50 ejecuciones»."""
    findings = study.findings
    value = {"seeds": len(findings.seeds), "cases": len(findings.cases), "runs": findings.done}[of]
    return study.count(value, spanish.count(value, *SIZES[of]))


def _best(study: PaperContext, metric: str) -> str:
    if not study.order(metric):
        return PENDING
    lowest, highest = study.extremes(metric)
    return study.called(*(highest if METRICS[metric].sign > 0 else lowest))


def _difference(study: PaperContext, case: str) -> str:
    found = next((comparison for comparison in study.findings.comparisons if comparison.case == case), None)
    return study.difference(found) if found is not None else PENDING
