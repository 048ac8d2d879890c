"""The results section: the tables and the figures, and sentences that the numbers choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from benchsuite.contracts.figure import Chart
from benchsuite.errors import cut
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Drawing, Figure, Paragraph
from benchsuite.paper.figures import curves, intervals
from benchsuite.paper.figures.chart import draw_chart
from benchsuite.paper.language import spanish
from benchsuite.paper.language.spanish import CONFIDENCE, NBSP
from benchsuite.paper.sections.classes import class_blocks
from benchsuite.paper.sections.dataset import resolution
from benchsuite.paper.sections.efficiency import efficiency_blocks
from benchsuite.paper.sections.metric_range import End, describe_range, find_ends
from benchsuite.paper.sections.verdicts import describe_verdicts, image_blocks
from benchsuite.paper.tables.results import results_table

MOST_FAILURES = 12
MOVING = (
    "La exactitud de entrenamiento se acumula durante la propia época, con los pesos en cambio y con el aumento de "
    "datos y el *dropout* activos donde los hay, por lo que la brecha puede ser negativa."
)


def results_blocks(study: PaperContext) -> list[Block]:
    """Performance, generalization, efficiency and test, each followed by the figures of plugins that belong there."""
    findings = study.findings
    if not study.done:
        planned = (
            "de la única prevista" if findings.planned == 1 else f"de las {spanish.number(findings.planned)} previstas"
        )
        text = (
            f"Todavía no hay ninguna ejecución terminada {planned}, de modo "
            f"que {'de ellas no hay' if findings.search else 'este informe no contiene'} resultados."
        )
        return [Paragraph(text), *_failures(study)]
    parts = {
        "performance": _performance(study),
        "generalization": _generalization(study),
        "efficiency": efficiency_blocks(study),
        "test": _test(study),
    }
    return [block for name, blocks in parts.items() for block in (*blocks, *_plugin_figures(study, name))]


def _plugin_figures(study: PaperContext, place: str) -> list[Block]:
    """The figures of plugins that the suite wants after this part."""
    blocks: list[Block] = []
    for made in study.material.charts:
        if made.place == place:
            chart = made.chart
            shows = markup.literal(markup.line(chart.shows, made.block).rstrip(" ."))
            draw = partial(draw_chart, chart=_clean(chart, made.block))
            blocks += [
                Paragraph(f"La {{{{{made.block}}}}} muestra {shows}{study.works.cite(made.bibtex)}."),
                Figure(made.block, f"{spanish.upper_first(shows)}.", draw, chart.wide),
            ]
    return blocks


def _clean(chart: Chart, where: str) -> Chart:
    """The chart with its words made safe to set."""
    words: dict[str, Any] = {name: markup.line(getattr(chart, name), where) for name in ("alt", "x", "y")}
    series = tuple(replace(one, title=markup.line(one.title, where)) for one in chart.series)
    categories = tuple(markup.line(name, where) for name in chart.categories)
    return replace(chart, **words, series=series, categories=categories)


def _figure(
    study: PaperContext, name: str, draw: Callable[..., Drawing], caption: str, *, wide: bool = False
) -> Figure:
    """A figure of all finished cases."""
    return Figure(name, caption, partial(draw, cases=study.done, factor=study.names.legend_title), wide)


def _seeds(study: PaperContext) -> dict[str, int]:
    """The seed of every finished run, by its key."""
    return {key: seed for key, _, seed, _ in study.findings.runs}


def _bars(study: PaperContext) -> str:
    """What bars are, for a caption; nothing where there are none. The next ones likewise."""
    return f"; las barras son intervalos de confianza al {CONFIDENCE}" if study.has_repeats else ""


def _bands(study: PaperContext) -> str:
    if not study.has_repeats:
        return ""
    if curves.have_lines(study.done):
        return "; las líneas finas son ejecuciones y la banda las abarca todas"
    return "; la banda abarca todas las ejecuciones"


def _strokes(study: PaperContext) -> str:
    return " Las rayas verticales señalan el comienzo de una fase." if study.has_phases else ""


def _performance(study: PaperContext) -> list[Block]:
    text = "El {{tab-results}} recoge las medidas."
    if study.compares_cases:
        text = "El {{tab-results}} reúne las medidas de todas las configuraciones."
    text += f" {spanish.upper_first(describe_range(study, 'test_accuracy'))}."
    if study.findings.comparisons:
        text += f" {describe_verdicts(study)}"
    blocks: list[Block] = [Paragraph(text, lead="Rendimiento del modelo"), results_table(study)]
    blocks += image_blocks(study)
    if study.compares_cases:
        trained, validated = (describe_range(study, f"{side}_accuracy") for side in ("train", "validation"))
        text = (
            "La {{fig-accuracies}} compara, en la época elegida por la validación, la exactitud de entrenamiento con "
            f"la de validación: {trained}; {validated}."
        )
        caption = f"Exactitud de entrenamiento y de validación en la mejor época de cada configuración{_bars(study)}."
        blocks += [Paragraph(text), _figure(study, "fig-accuracies", intervals.draw_accuracies, caption)]
    above = " Las pérdidas más altas quedan fuera del gráfico." if curves.is_cut(study.done) else ""
    caption = f"Pérdida por época en entrenamiento y en validación{_bands(study)}.{_strokes(study)}{above}"
    draw = partial(curves.draw_loss, seeds=_seeds(study))
    blocks += [Paragraph(_loss(study)), _figure(study, "fig-loss", draw, caption, wide=len(study.done) > 1)]
    return [*blocks, *_failures(study)]


def _loss(study: PaperContext) -> str:
    text = "La {{fig-loss}} muestra la evolución de la pérdida durante el entrenamiento. En la mejor época, "
    if len(study.done) == 1:
        return f"{text}la pérdida de validación es {find_ends(study, 'validation_loss')[0].quote()}."
    return f"{text}{describe_range(study, 'validation_loss')}."


def _generalization(study: PaperContext) -> list[Block]:
    blocks: list[Block] = [Paragraph(_gap(study), lead="Generalización")]
    if study.compares_cases:
        caption = f"Brecha de sobreajuste: exactitud de entrenamiento menos la de validación{_bars(study)}."
        blocks.append(_figure(study, "fig-gap", intervals.draw_gap, caption))
    alone = len(study.done) == 1
    by_epoch = "Exactitud de entrenamiento y de validación" if alone else "Convergencia: exactitud de validación"
    caption = (
        f"{by_epoch} por época{_bands(study)}. El marcador hueco señala la época en que se alcanza el {CONFIDENCE} de "
        f"la mejor exactitud {'de validación' if alone else 'propia'}.{_strokes(study)}"
    )
    draw = partial(curves.draw_convergence, seeds=_seeds(study))
    return [*blocks, Paragraph(_convergence(study)), _figure(study, "fig-convergence", draw, caption)]


def _gap(study: PaperContext) -> str:
    low, high = find_ends(study, "overfitting_gap")
    meaning = f"un valor positivo indica que el modelo acierta más en las imágenes con las que se entrenó. {MOVING}"
    what = "la brecha entre la exactitud de entrenamiento y la de validación"
    if not study.compares_cases:
        return f"{spanish.upper_first(what)} en la mejor época es de {high.quote()}; {meaning}"
    text = f"La {{{{fig-gap}}}} presenta {what}; {meaning}"
    if low != high:
        return (
            f"{text} La mayor corresponde a {high.mention()}, con {high.quote()}, y la menor a {low.mention()}, con "
            f"{low.quote()}."
        )
    if len(study.done) == 1:
        return f"{text} La brecha es de {high.quote()}."
    return f"{text} Es de {high.quote_mean()} en todas las configuraciones."


def _convergence(study: PaperContext) -> str:
    low, high = find_ends(study, "epochs_to_95")
    if not study.compares_cases:
        total = find_ends(study, "epochs_run")[0].quote()
        return (
            f"La {{{{fig-convergence}}}} muestra la evolución de la exactitud. El {CONFIDENCE} de la mejor exactitud "
            f"de validación se alcanza tras {_epochs(high, high.quote())}, de un total de {total}."
        )
    text = f"Todas las configuraciones necesitan {_epochs(high, high.quote_mean())}"
    if low != high:
        text = (
            f"La más rápida es {low.mention()}, con {_epochs(low, low.quote())}, y la más lenta {high.mention()}, con "
            f"{high.quote()}"
        )
    elif len(study.done) == 1:
        text = f"Se alcanza tras {_epochs(high, high.quote())}"
    return (
        "La {{fig-convergence}} permite comparar la velocidad de convergencia, medida por las épocas necesarias para "
        f"alcanzar el {CONFIDENCE} de la mejor exactitud de validación propia. {text}. En cuanto a la duración, "
        f"{describe_range(study, 'epochs_run')}."
    )


def _epochs(end: End, quoted: str) -> str:
    """«1 época», «2,5 [1,9; 3,1] épocas»: until 95 % of the best accuracy."""
    return f"{quoted} época{'' if end.cases[0].estimates[end.metric].mean == 1 else 's'}"


def _test(study: PaperContext) -> list[Block]:
    blocks: list[Block] = [Paragraph(_test_accuracy(study), lead="Resultados en test")]
    if study.compares_cases:
        marks = " y los puntos huecos, ejecuciones" if study.has_repeats else ""
        caption = f"Exactitud en el conjunto de test{_bars(study)}{marks}."
        blocks.append(_figure(study, "fig-test", partial(intervals.draw_test_accuracy, seeds=_seeds(study)), caption))
    return [*blocks, *class_blocks(study)]


def _test_accuracy(study: PaperContext) -> str:
    low, high = find_ends(study, "test_accuracy")
    if low != high:
        text = (
            f"Según la {{{{fig-test}}}}, la mayor exactitud media en test la obtiene {high.mention()}, con "
            f"{high.quote()}, y la menor {low.mention()}, con {low.quote()}."
        )
    elif len(study.done) > 1:
        text = "Según la {{fig-test}}, todas las configuraciones alcanzan la misma exactitud media en test, "
        text += f"{high.quote_mean()}."
    elif study.compares_cases:
        text = f"La {{{{fig-test}}}} muestra la exactitud en test, {high.quote()}."
    else:
        text = f"La exactitud en test es de {high.quote()}."
    if step := resolution(study.findings.dataset):
        text += (
            f" Una imagen de test más o menos equivale a {step} puntos: diferencias de ese orden no son apreciables en "
            "una sola ejecución."
        )
    first = study.done[0]
    if first.accuracy_wilson is not None and not study.has_repeats:
        bounds = f";{NBSP}".join(spanish.number(100 * value, 1) for value in first.accuracy_wilson)
        whose = f" para {study.names.mention(first)}" if study.compares_cases else ""
        text += (
            f" Por el tamaño del conjunto de test, el intervalo de Wilson al {CONFIDENCE}{whose} es "
            f"{markup.literal(f'[{bounds}]')}{NBSP}%."
        )
    return text


def _failures(study: PaperContext) -> list[Block]:
    """Failed runs, each with its reason as the program gave it (in English)."""
    failed = [(case, *failure) for case in study.findings.cases for failure in case.failures]
    if not failed:
        return []
    some = spanish.upper_first(spanish.count(len(failed), "ejecución"))
    verb = "ha fallado y no entra" if len(failed) == 1 else "han fallado y no entran"
    items = [
        f"{study.names.mention(case)}, semilla {seed}: *{markup.literal(cut(reason, 300))}*"
        for case, seed, failure in failed[:MOST_FAILURES]
        for reason in [markup.line(failure.what, "failure")]
    ]
    if len(failed) > MOST_FAILURES:
        items.append(f"y {len(failed) - MOST_FAILURES} más")
    return [Paragraph(f"{some} {verb} en las medias:"), Bullets(tuple(items))]
