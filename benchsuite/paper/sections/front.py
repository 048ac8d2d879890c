"""The title and the abstract: as the suite writes them, or made from what is compared and what came out of it."""

from __future__ import annotations

from collections.abc import Iterator

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.language.typography import lower_first, upper_first
from benchsuite.paper.sections.claims import count_verdicts
from benchsuite.paper.sections.metric_range import describe_range
from benchsuite.paper.sections.prose import claim_sentence, resolve_prose
from benchsuite.paper.sections.verdicts import describe_verdicts

FEW, SHORT = 4, 90
"""Cases that are named one by one, and the characters that their names may take."""


def paper_title(study: PaperContext) -> str:
    """The suite's title, or one that says what is compared on which data; in the mini grammar."""
    if study.material.suite.title:
        return markup.line(resolve_prose(study, study.material.suite.title, "title"), "title")
    data = _data(study)
    if not study.compares_cases:
        model = markup.literal(study.model_title(study.findings.cases[0]))
        return say("title-of-one", model=model, data=data)
    if study.names.axes not in ((), ("model",)):
        return say("title-of-factor", factor=markup.literal(study.names.factors), cases=_size(study), data=data)
    return say("title-of-cases", cases=_names(study) or _size(study), data=data)


def paper_abstract(study: PaperContext) -> str:
    """The suite's abstract; in a paper without any prose one that is made from the results, whatever they are."""
    paper = study.material.suite.paper
    if not paper.abstract and not paper.sections:
        return " ".join(_sentences(study))
    return markup.on_one_line(resolve_prose(study, paper.abstract, "paper.abstract"))


def _sentences(study: PaperContext) -> Iterator[str]:
    findings, facts = study.findings, study.findings.dataset
    data = say("abstract-data", data=_data(study))
    if facts is not None:
        images = study.quotes.number(sum(map(sum, facts.counts.values())))
        classes = say("count-class", n=len(facts.classes))
        data = say("abstract-counted-data", images=images, classes=classes, data=_data(study))
    seeds = say("count-seed", n=len(findings.seeds))
    yield upper_first(say("abstract-study", compared=_compared(study), data=data, seeds=seeds))
    if not study.done:
        yield say("abstract-none-done")
        return
    if findings.done < findings.planned:
        done = study.quotes.number(findings.done, say("count-run", n=findings.done))
        yield say("abstract-partial", n=findings.done, planned=findings.planned, done=done)
    yield f"{upper_first(describe_range(study, study.headline))}."
    if findings.comparisons:
        yield describe_verdicts(study)
    if len(findings.claims) == 1:
        (found,) = findings.claims
        sentence = claim_sentence(study, found.claim).rstrip(".")
        yield say("abstract-claim", claim=sentence, verdict=say(f"claims-{found.verdict}", n=1))
    elif findings.claims:
        yield say("abstract-claims", claims=len(findings.claims), verdicts=count_verdicts(study))
    yield say("abstract-traced")


def _compared(study: PaperContext) -> str:
    """«Se comparan ResNet18 y VGG16», «Se comparan 2 configuraciones de VGG16, que difieren en dropout (0; 0,5),».

    No works are cited: an abstract is read by itself.
    """
    models = list(dict.fromkeys(markup.literal(study.model_title(case)) for case in study.findings.cases))
    if not study.compares_cases:
        return say("studied", model=models[0])
    names = _names(study)
    if study.names.axes == ("model",) and names:
        return say("compared", cases=names)
    size = _size(study) if len(models) > 1 else say("cases-of-model", cases=_size(study), model=models[0])
    if study.names.axes in ((), ("model",)):
        return say("compared", cases=f"{size} ({names})" if names else size)
    # Values may have decimal commas, so that no comma may part them.
    values = f" ({'; '.join(markup.literal(case.label) for case in study.findings.cases)})" if names else ""
    # Quoted, so that no label needs an article, or a gender.
    factors = [say("case-quoted", case=markup.literal(lower_first(name))) for name in study.names.axis_names]
    return say("compared-by", n=len(factors), cases=size, factor=listing(factors), values=values)


def _names(study: PaperContext) -> str:
    """The names of the cases, where they are few and short."""
    labels = [markup.literal(case.label) for case in study.findings.cases]
    return listing(labels) if len(labels) <= FEW and sum(map(len, labels)) <= SHORT else ""


def _size(study: PaperContext) -> str:
    kind = "count-model" if study.names.axes == ("model",) else "count-configuration"
    return say(kind, n=len(study.findings.cases))


def _data(study: PaperContext) -> str:
    return markup.literal(markup.line(study.material.card.title, "dataset title"))
