"""Class by class: how many test images of each are recognised, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.case_groups import rank_cases
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Photos
from benchsuite.paper.document.thumbnails import as_thumbnail
from benchsuite.paper.figures import classes, confusion
from benchsuite.paper.language import spanish
from benchsuite.paper.sections.dataset import class_titles

FEW = 5
"""Most classes of which the matrices say enough."""


def class_blocks(study: PaperContext) -> list[Block]:
    """The accuracy of each class and the confusions; nothing where no case has a matrix of the study's classes."""
    facts = study.findings.dataset
    if facts is None:
        return []
    cases = [case for case in study.done if case.confusion is not None and len(case.confusion) == len(facts.classes)]
    if not cases:
        return []
    titles = class_titles(study)
    names = [titles.get(name, name) for name in facts.classes]
    chosen = _choose(study, cases)
    blocks = _accuracy(study, chosen, names) if len(names) > FEW else []
    if len(names) > confusion.LARGEST:
        blocks += _pairs(study, chosen[-1], names)
    else:
        blocks += _matrices(study, cases if len(cases) <= confusion.panels(len(names)) else chosen, names)
    return blocks + _mistakes(study, titles)


def _choose(study: PaperContext, cases: Sequence[CaseFindings]) -> list[CaseFindings]:
    """The reference, or else the worst case, and the best one in test; one case when they are the same."""
    ranked = rank_cases(cases, "test_accuracy") or list(cases)
    best, baselines = ranked[-1], study.findings.baselines
    other = next((case for case in cases if case.case.name in baselines), ranked[0])
    if other is best and len(ranked) > 1 and baselines:
        other = ranked[-2]
    return [best] if other is best else [other, best]


def _whose(study: PaperContext, shown: Sequence[CaseFindings]) -> str:
    """« de «a» y «b»», where the study has more than one case."""
    return "" if not study.compares_cases else f" de {study.names.mention(*shown)}"


def _accuracy(study: PaperContext, shown: Sequence[CaseFindings], names: Sequence[str]) -> list[Block]:
    best = shown[-1]
    shares = classes.recall(best)
    order = [int(place) for place in np.argsort(shares, kind="stable")]
    count = 1 if len(names) <= 12 else 3
    runs = best.estimates["test_accuracy"].runs if "test_accuracy" in best.estimates else ()

    def quote(places: Iterable[int]) -> str:
        quoted = {i: study.quotes.number(float(shares[i]), spanish.percent(shares[i]), runs) for i in places}
        return spanish.listing([f"«{markup.literal(names[i])}» ({share})" for i, share in quoted.items()])

    high, low = quote(order[::-1][:count]), quote(order[:count])
    text = f"La {{{{fig-class-accuracy}}}} desglosa la exactitud en test por clase{_whose(study, shown)}. "
    text += f"Con {study.names.mention(best)}, la" if study.compares_cases else "La"
    text += f" clase que mejor se reconoce es {high}, y la que peor, {low}." if count == 1 else (
        f"s clases que mejor se reconocen son {high}, y las que peor, {low}."
    )  # fmt: skip
    if none := int((shares == 0).sum()):
        text += f" De {'una clase' if none == 1 else f'{spanish.number(none)} clases'} no se reconoce ninguna imagen."
    caption = "Exactitud en test de cada clase."
    if len(names) > classes.LARGEST:
        caption = "Número de clases según su exactitud en test."
    draw = partial(classes.draw_accuracy, cases=shown, classes=names, factor=study.names.legend_title)
    return [Paragraph(text), Figure("fig-class-accuracy", caption, draw)]


def _matrices(study: PaperContext, shown: Sequence[CaseFindings], names: Sequence[str]) -> list[Block]:
    what, summed = ("Matrices de confusión", "sumadas") if len(shown) > 1 else ("Matriz de confusión", "sumada")
    shades = "El tono indica la proporción de cada clase real."
    if 5 < len(names) <= confusion.COUNTED:
        shades = "Las cifras son porcentajes de la clase real."
    total = f", {summed} sobre las semillas" if len(study.findings.seeds) > 1 else ""
    whose = _whose(study, shown) if len(shown) < len(study.done) else ""
    text = f"La {{{{fig-confusion}}}} detalla los aciertos y los errores por clase{whose}."
    wide = confusion.abreast(len(names), len(shown)) > (2 if len(names) <= 5 else 1)
    draw = partial(confusion.draw_matrices, cases=shown, classes=names, factor=study.names.legend_title)
    return [
        Paragraph(f"{text} {_most_frequent(study, shown, names)}"),
        Figure("fig-confusion", f"{what} en test{total}. {shades}", draw, wide),
    ]


def _pairs(study: PaperContext, case: CaseFindings, names: Sequence[str]) -> list[Block]:
    text = (
        f"Con {spanish.number(len(names))} clases una matriz de confusión no se podría leer; en su lugar, la "
        f"{{{{fig-confusion}}}} recoge los pares de clases que más se confunden{_whose(study, [case])}. "
        f"{_most_frequent(study, [case], names)}"
    )
    caption = "Pares de clases (real → predicha) más confundidos en test; junto a cada barra, el número de errores"
    caption += ", sumados sobre las semillas." if len(study.findings.seeds) > 1 else "."
    return [Paragraph(text), Figure("fig-confusion", caption, partial(confusion.draw_pairs, case=case, classes=names))]


def _most_frequent(study: PaperContext, cases: Sequence[CaseFindings], names: Sequence[str]) -> str:
    """The pair of classes that is confused most, over all the cases shown."""
    errors = confusion.find_errors(np.sum([np.asarray(case.confusion) for case in cases], axis=0))
    if not errors:
        return "Ninguna imagen de test se clasifica mal."
    runs = tuple(run for case in cases for run in case.estimates["test_accuracy"].runs)
    images = sum(error.images for error in errors)
    total = study.quotes.number(images, runs=runs)
    true, predicted = (f"«{markup.literal(names[place])}»" for place in (errors[0].true, errors[0].predicted))
    if images == 1:
        only = study.quotes.number(1, "El único error", runs)
        return f"{only} es tomar {true} por {predicted}."
    most = study.quotes.number(errors[0].images, runs=runs)
    return f"De los {total} errores, la confusión más frecuente es tomar {true} por {predicted} ({most})."


def _mistakes(study: PaperContext, titles: dict[str, str]) -> list[Block]:
    """The photos that one run is surest of and has wrong."""
    wrong = study.material.mistakes
    if not wrong:
        return []
    case, seed = next((name, seed) for key, name, seed, _ in study.findings.runs if key == wrong[0].run)
    rows = []
    for mistake in wrong:
        true, predicted = (
            markup.line(titles.get(name, name), "class title") for name in (mistake.true, mistake.predicted)
        )
        caption = f"{true} → {predicted}, {spanish.percent(mistake.probability, 0)}"
        rows.append((caption, (as_thumbnail(mistake.photo, true),)))
    whose = f" con {study.mention(case)}" if study.compares_cases else ""
    text = (
        f"La {{{{fig-mistakes}}}} muestra las imágenes de test que con más seguridad se clasifican mal{whose} (semilla "
        f"{seed}): conviene mirarlas antes de culpar al modelo, porque algunas pueden ser ambiguas o estar mal "
        "etiquetadas."
    )
    caption = "Errores más seguros en test: clase real → clase predicha, y la probabilidad que se le da."
    return [Paragraph(text), Photos("fig-mistakes", tuple(rows), caption, gallery=True)]
