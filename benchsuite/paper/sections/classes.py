"""Class by class: how many test images of each are recognised, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.case_groups import rank_cases
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Photos, figure
from benchsuite.paper.document.thumbnails import as_thumbnail
from benchsuite.paper.figures import classes, confusion
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.sections.dataset import class_titles, class_words

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
    if study.asks_for("fig-class-panels") and len(names) <= classes.LARGEST and len(cases) > 1:
        blocks = _panels(study, cases, names)
    else:
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
    return say("of-cases", cases=study.names.mention(*shown)) if study.compares_cases else ""


def _accuracy(study: PaperContext, shown: Sequence[CaseFindings], names: Sequence[str]) -> list[Block]:
    best = shown[-1]
    shares = classes.recall(best)
    order = [int(place) for place in np.argsort(shares, kind="stable")]
    count = 1 if len(names) <= 12 else 3
    runs = best.estimates["test_accuracy"].runs if "test_accuracy" in best.estimates else ()

    def quote(places: Iterable[int]) -> str:
        quoted = {i: study.quotes.number(float(shares[i]), typography.percent(shares[i]), runs) for i in places}
        shares_of = ((class_words(study, names[i]), share) for i, share in quoted.items())
        return listing([say("class-share", title=title, share=share) for title, share in shares_of])

    high, low = quote(order[::-1][:count]), quote(order[:count])
    text = say("class-accuracy", whose=_whose(study, shown))
    if study.compares_cases:
        text += " " + say("class-ends-with", n=count, case=study.names.trait(best), high=high, low=low)
    else:
        text += " " + say("class-ends", n=count, high=high, low=low)
    if none := int((shares == 0).sum()):
        text += " " + say("class-none", n=none)
    many = len(names) > classes.LARGEST
    caption = say("caption-class-accuracy-many" if many else "caption-class-accuracy")
    draw = partial(classes.draw_accuracy, cases=shown, classes=names, factor=study.names.legend_title)
    return [Paragraph(text), Figure("fig-class-accuracy", caption, draw)]


def _panels(study: PaperContext, cases: Sequence[CaseFindings], names: Sequence[str]) -> list[Block]:
    """The accuracy of each class in every case, the easiest and the hardest class, and the one that varies most."""
    shares = np.array([classes.recall(case) for case in cases])
    means, spans = shares.mean(axis=0), shares.max(axis=0) - shares.min(axis=0)
    runs = tuple(dict.fromkeys(run for case in cases for run in case.estimates["test_accuracy"].runs))

    def quote(value: float) -> str:
        return study.quotes.number(value, typography.percent(value), runs)

    def share(place: int) -> str:
        return say("class-share", title=class_words(study, names[place]), share=quote(float(means[place])))

    widest = int(spans.argmax())
    text = say(
        "class-panels",
        high=share(int(means.argmax())),
        low=share(int(means.argmin())),
        widest=class_words(study, names[widest]),
        least=quote(float(shares[:, widest].min())),
        most=quote(float(shares[:, widest].max())),
    )
    if none := int((shares == 0).all(axis=0).sum()):
        text += " " + say("class-panels-none", n=none)
    draw = partial(classes.draw_panels, cases=cases, classes=names, factor=study.names.legend_title)
    return [Paragraph(text), figure("fig-class-panels", say("caption-class-panels"), draw, wide=True)]


def _matrices(study: PaperContext, shown: Sequence[CaseFindings], names: Sequence[str]) -> list[Block]:
    numbers = 5 < len(names) <= confusion.COUNTED
    summed = say("caption-summed", n=len(shown)) if len(study.findings.seeds) > 1 else ""
    shades = say("caption-confusion-percentages" if numbers else "caption-confusion-shades")
    caption = f"{say('caption-confusion', n=len(shown), summed=summed)} {shades}"
    whose = _whose(study, shown) if len(shown) < len(study.done) else ""
    wide = confusion.abreast(len(names), len(shown)) > (2 if len(names) <= 5 else 1)
    draw = partial(confusion.draw_matrices, cases=shown, classes=names, factor=study.names.legend_title)
    return [
        Paragraph(f"{say('confusion', whose=whose)} {_most_frequent(study, shown, names)}"),
        figure("fig-confusion", caption, draw, wide=wide),
    ]


def _pairs(study: PaperContext, case: CaseFindings, names: Sequence[str]) -> list[Block]:
    whose = say("with-case", case=study.names.trait(case)) if study.compares_cases else ""
    text = say("confusion-pairs", classes=len(names), whose=whose)
    summed = say("caption-pairs-summed") if len(study.findings.seeds) > 1 else ""
    return [
        Paragraph(f"{text} {_most_frequent(study, [case], names)}"),
        Figure(
            "fig-confusion",
            say("caption-pairs", summed=summed),
            partial(confusion.draw_pairs, case=case, classes=names),
        ),
    ]


def _most_frequent(study: PaperContext, cases: Sequence[CaseFindings], names: Sequence[str]) -> str:
    """The pair of classes that is confused most, over all the cases shown."""
    errors = confusion.find_errors(np.sum([np.asarray(case.confusion) for case in cases], axis=0))
    if not errors:
        return say("errors-none")
    runs = tuple(run for case in cases for run in case.estimates["test_accuracy"].runs)
    images = sum(error.images for error in errors)
    total = study.quotes.number(images, runs=runs)
    first = errors[0]
    pair = {"true": class_words(study, names[first.true]), "predicted": class_words(study, names[first.predicted])}
    if images == 1:
        return say("errors-one", only=study.quotes.number(1, say("errors-only"), runs), **pair)
    most = errors[0].images
    share = study.quotes.number(most / images, typography.percent(most / images), runs)
    return say("errors", total=total, most=study.quotes.number(most, runs=runs), share=share, **pair)


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
        caption = f"{true} → {predicted}, {typography.percent(mistake.probability, 0)}"
        rows.append((caption, (as_thumbnail(mistake.photo, true),)))
    whose = say("with-case", case=study.names.trait(study.findings.case(case))) if study.compares_cases else ""
    text = say("mistakes", whose=whose, seed=seed)
    return [Paragraph(text), Photos("fig-mistakes", tuple(rows), say("caption-mistakes"), gallery=True)]
