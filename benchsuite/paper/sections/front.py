"""The title and the abstract: as the suite writes them, or made from what is compared and what came out of it."""

from __future__ import annotations

from collections.abc import Iterator

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.language import spanish
from benchsuite.paper.sections.claims import COUNTED, count_verdicts
from benchsuite.paper.sections.metric_range import describe_range
from benchsuite.paper.sections.prose import claim_sentence, resolve_prose
from benchsuite.paper.sections.verdicts import describe_verdicts

FEW, SHORT = 4, 90
"""Cases that are named one by one, and the characters that their names may take."""


def paper_title(study: PaperContext) -> str:
    """The suite's title, or one that says what is compared on which data; in the mini grammar."""
    if study.material.suite.title:
        return markup.line(resolve_prose(study, study.material.suite.title, "title"), "title")
    data = f"en el conjunto {_data(study)}"
    if not study.compares_cases:
        return f"Clasificación de imágenes con {markup.literal(study.model_title(study.findings.cases[0]))} {data}"
    if study.names.axes not in ((), ("model",)):
        return f"{markup.literal(study.names.factors)}: comparación de {_size(study)} {data}"
    return f"Comparación de {_names(study) or _size(study)} {data}"


def paper_abstract(study: PaperContext) -> str:
    """The suite's abstract; in a paper without any prose one that is made from the results, whatever they are."""
    paper = study.material.suite.paper
    if not paper.abstract and not paper.sections:
        return " ".join(_sentences(study))
    return " ".join(resolve_prose(study, paper.abstract, "paper.abstract").split())


def _sentences(study: PaperContext) -> Iterator[str]:
    findings, facts = study.findings, study.findings.dataset
    data = f"del conjunto {_data(study)}"
    if facts is not None:
        images = study.quotes.number(sum(map(sum, facts.counts.values())))
        data = f"de {images} imágenes de {spanish.count(len(facts.classes), 'clase')} {data}"
    else:
        data = f"de las imágenes {data}"
    yield f"{_compared(study)} en la clasificación {data}, con {spanish.count(len(findings.seeds), 'semilla')}."
    if not study.done:
        yield "Todavía no hay ninguna ejecución terminada."
        return
    if findings.done < findings.planned:
        done = study.quotes.number(findings.done)
        yield f"De las {spanish.number(findings.planned)} ejecuciones previstas han terminado {done}."
    yield f"{spanish.upper_first(describe_range(study, 'test_accuracy'))}."
    if findings.comparisons:
        yield describe_verdicts(study)
    if len(findings.claims) == 1:
        (found,) = findings.claims
        sentence = claim_sentence(study, found.claim).rstrip(".")
        yield f"La afirmación contrastada, «{sentence}», {COUNTED[found.verdict][0]}."
    elif findings.claims:
        yield f"De las {spanish.number(len(findings.claims))} afirmaciones contrastadas, {count_verdicts(study)}."
    yield "Cada cifra remite a las ejecuciones que la respaldan, que pueden repetirse bit a bit."


def _compared(study: PaperContext) -> str:
    """«Se comparan ResNet18 y VGG16», «Se comparan 2 configuraciones de VGG16, que difieren en dropout (0; 0,5),».

    No works are cited: an abstract is read by itself.
    """
    models = list(dict.fromkeys(markup.literal(study.model_title(case)) for case in study.findings.cases))
    if not study.compares_cases:
        return f"Se estudia {models[0]}"
    names = _names(study)
    if study.names.axes == ("model",) and names:
        return f"Se comparan {names}"
    text = f"Se comparan {_size(study)}" + (f" de {models[0]}" if len(models) == 1 else "")
    if study.names.axes in ((), ("model",)):
        return f"{text} ({names})" if names else text
    # Values may have decimal commas, so that no comma may part them.
    values = f" ({'; '.join(markup.literal(case.label) for case in study.findings.cases)})" if names else ""
    return f"{text}, que difieren en {markup.literal(spanish.lower_first(study.names.factors))}{values},"


def _names(study: PaperContext) -> str:
    """The names of the cases, where they are few and short."""
    labels = [markup.literal(case.label) for case in study.findings.cases]
    return spanish.listing(labels) if len(labels) <= FEW and sum(map(len, labels)) <= SHORT else ""


def _size(study: PaperContext) -> str:
    return spanish.count(len(study.findings.cases), "modelo" if study.names.axes == ("model",) else "configuración")


def _data(study: PaperContext) -> str:
    return markup.literal(markup.line(study.material.card.title, "dataset title"))
