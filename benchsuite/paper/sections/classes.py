"""Class by class: how many test images of each are recognised, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from benchsuite.analysis.findings import CaseFindings
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
    chosen = _chosen(study, cases)
    accuracy = _accuracy(study, chosen, names) if len(names) > FEW else []
    mistakes = _mistakes(study, titles)
    if len(names) > confusion.LARGEST:
        return [*accuracy, *_pairs(study, chosen[-1], names), *mistakes]
    shown = cases if len(cases) <= confusion.panels(len(names)) else chosen
    return [*accuracy, *_matrices(study, shown, names), *mistakes]


def _chosen(study: PaperContext, cases: Sequence[CaseFindings]) -> list[CaseFindings]:
    """The reference, or else the worst case, and the best one in test; one case when they are the same."""
    order = [case for case in study.order("test_accuracy") if case in cases] or list(cases)
    best = order[-1]
    baselines = study.findings.baselines
    other = next((case for case in cases if case.case.name in baselines), order[0])
    if other is best and len(order) > 1 and baselines:
        other = order[-2]
    return [best] if other is best else [other, best]


def _whose(study: PaperContext, shown: Sequence[CaseFindings]) -> str:
    """« en «a» y «b»», where the study has more cases than are shown or more than one."""
    return "" if len(study.findings.cases) == 1 else f" de {study.called(*shown)}"


def _accuracy(study: PaperContext, shown: Sequence[CaseFindings], names: Sequence[str]) -> list[Block]:
    best = shown[-1]
    shares = classes.recall(best)
    order = np.argsort(shares, kind="stable")
    count = 1 if len(names) <= 12 else 3
    runs = best.estimates["test_accuracy"].runs if "test_accuracy" in best.estimates else ()

    def named(places: Sequence[int]) -> str:
        return spanish.listing(
            [
                f"«{markup.literal(names[i])}» ({study.count(float(shares[i]), spanish.percent(shares[i]), runs)})"
                for i in places
            ]
        )

    high, low = named([int(i) for i in order[::-1][:count]]), named([int(i) for i in order[:count]])
    said = f"La {{{{fig-class-accuracy}}}} desglosa la exactitud en test por clase{_whose(study, shown)}. "
    said += f"Con {study.called(best)}, la" if len(study.findings.cases) > 1 else "La"
    said += f" clase que mejor se reconoce es {high}, y la que peor, {low}." if count == 1 else (
        f"s clases que mejor se reconocen son {high}, y las que peor, {low}."
    )  # fmt: skip
    none = int((shares == 0).sum())
    if none:
        said += f" {_none(none)}"
    if len(names) > classes.LARGEST:
        caption = "Número de clases según su exactitud en test."
    else:
        caption = "Exactitud en test de cada clase."
    draw = partial(classes.accuracy, cases=shown, classes=names, factor=study.legend)
    return [Paragraph(said), Figure("fig-class-accuracy", caption, draw)]


def _none(count: int) -> str:
    if count == 1:
        return "De una clase no se reconoce ninguna imagen."
    return f"De {spanish.number(count)} clases no se reconoce ninguna imagen."


def _matrices(study: PaperContext, shown: Sequence[CaseFindings], names: Sequence[str]) -> list[Block]:
    several = len(shown) > 1
    shades = "El tono indica la proporción de cada clase real."
    if 5 < len(names) <= confusion.COUNTED:
        shades = "Las cifras son porcentajes de la clase real."
    what = "Matrices de confusión" if several else "Matriz de confusión"
    sums = " sobre las semillas" if len(study.findings.seeds) > 1 else ""
    total = f", sumada{'s' if several else ''}{sums}" if sums else ""
    caption = f"{what} en test{total}. {shades}"
    whose = _whose(study, shown) if len(shown) < len(study.done) else ""
    said = f"La {{{{fig-confusion}}}} detalla los aciertos y los errores por clase{whose}."
    wide = confusion.abreast(len(names), len(shown)) > (2 if len(names) <= 5 else 1)
    draw = partial(confusion.matrices, cases=shown, classes=names, factor=study.legend)
    return [
        Paragraph(f"{said} {_most_frequent(study, shown, names)}"),
        Figure("fig-confusion", caption, draw, wide),
    ]


def _pairs(study: PaperContext, case: CaseFindings, names: Sequence[str]) -> list[Block]:
    said = (
        f"Con {spanish.number(len(names))} clases una matriz de confusión no se podría leer; en su lugar, la "
        f"{{{{fig-confusion}}}} recoge los pares de clases que más se confunden{_whose(study, [case])}. "
        f"{_most_frequent(study, [case], names)}"
    )
    caption = "Pares de clases (real → predicha) más confundidos en test; junto a cada barra, el número de errores"
    caption += ", sumados sobre las semillas." if len(study.findings.seeds) > 1 else "."
    return [Paragraph(said), Figure("fig-confusion", caption, partial(confusion.pairs, case=case, classes=names))]


def _mistakes(study: PaperContext, titles: Mapping[str, str]) -> list[Block]:
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
        sure = spanish.percent(mistake.probability, 0)
        rows.append((f"{true} → {predicted}, {sure}", (as_thumbnail(mistake.photo, true),)))
    whose = f" con {study.called(study.named(case))}" if len(study.findings.cases) > 1 else ""
    said = (
        f"La {{{{fig-mistakes}}}} muestra las imágenes de test que con más seguridad se clasifican mal{whose} (semilla "
        f"{seed}): conviene mirarlas antes de culpar al modelo, porque algunas pueden ser ambiguas o estar mal "
        "etiquetadas."
    )
    caption = "Errores más seguros en test: clase real → clase predicha, y la probabilidad que se le da."
    return [Paragraph(said), Photos("fig-mistakes", tuple(rows), caption, gallery=True)]


def _most_frequent(study: PaperContext, cases: Sequence[CaseFindings], names: Sequence[str]) -> str:
    """The pair of classes that is confused most, over all the cases shown."""
    counts = np.sum([np.asarray(case.confusion) for case in cases], axis=0)
    errors = confusion.confused(counts)
    if not errors:
        return "Ninguna imagen de test se clasifica mal."
    true, predicted, most, _ = errors[0]
    runs = tuple(run for case in cases for run in case.estimates["test_accuracy"].runs)
    total = study.count(sum(count for _, _, count, _ in errors), runs=runs)
    said = f"De los {total} errores, la confusión más frecuente es tomar «{markup.literal(names[true])}» por "
    return f"{said}«{markup.literal(names[predicted])}» ({study.count(most, runs=runs)})."
