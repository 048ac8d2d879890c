"""The results section: the tables and the figures, and sentences that the numbers choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from benchsuite.analysis.findings import CaseFindings, Comparison, Estimate
from benchsuite.contracts.figure import Chart
from benchsuite.paper.context.paper_context import PENDING, PaperContext, significant
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Drawing, Figure, Paragraph
from benchsuite.paper.figures import cost, curves, intervals
from benchsuite.paper.figures.chart import plugin_chart
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.sections.classes import class_blocks
from benchsuite.paper.sections.dataset import resolution
from benchsuite.paper.tables.results import cost_table, images_table, results_table


def results_blocks(study: PaperContext) -> dict[str, list[Block]]:
    """The blocks of each part: performance, generalization, efficiency, test. Only `performance` when empty."""
    findings = study.findings
    if not study.done:
        said = (
            f"Todavía no hay ninguna ejecución terminada de las {spanish.number(findings.planned)} previstas, de modo "
            f"que {'de ellas no hay' if findings.search else 'este informe no contiene'} resultados."
        )
        return {"performance": [Paragraph(said), *_failures(study)]}
    compared = len(findings.cases) > 1
    accuracies: list[Block] = []
    if compared:
        accuracies = [Paragraph(_accuracies(study)), _figure(study, "fig-accuracies", intervals.accuracies)]
    parts: dict[str, list[Block]] = {
        "performance": [
            Paragraph(_overview(study), lead="Rendimiento del modelo"),
            results_table(study, "tab-results"),
            *_images(study),
            *accuracies,
            Paragraph(_loss(study)),
            _figure(study, "fig-loss", partial(curves.loss, seeds=_seeds(study)), wide=len(study.done) > 1),
            *_failures(study),
        ],
        "generalization": [
            Paragraph(_gap(study), lead="Generalización"),
            *([_figure(study, "fig-gap", intervals.gap)] if compared else []),
            Paragraph(_convergence(study)),
            _figure(study, "fig-convergence", partial(curves.convergence, seeds=_seeds(study))),
        ],
        "efficiency": _efficiency(study),
        "test": [
            Paragraph(_test(study), lead="Resultados en test"),
            *([_figure(study, "fig-test", partial(intervals.test_accuracy, seeds=_seeds(study)))] if compared else []),
            *class_blocks(study),
        ],
    }
    return {name: [*blocks, *_charts(study, name)] for name, blocks in parts.items()}


def _charts(study: PaperContext, place: str) -> list[Block]:
    """The figures of plugins that the suite wants after this part."""
    blocks: list[Block] = []
    for made in study.material.charts:
        if made.place == place:
            chart = made.chart
            shows = markup.literal(markup.line(chart.shows, made.block).rstrip(" ."))
            cited = study.works.citation(made.bibtex)
            draw = partial(plugin_chart, chart=_cleaned(chart, made.block))
            blocks += [
                Paragraph(f"La {{{{{made.block}}}}} muestra {shows}{cited}."),
                Figure(made.block, f"{shows[:1].upper()}{shows[1:]}.", draw, chart.wide),
            ]
    return blocks


def _cleaned(chart: Chart, where: str) -> Chart:
    """The chart with its words made safe to set."""

    def safe(words: str) -> str:
        return markup.line(words, where)

    return replace(
        chart,
        alt=safe(chart.alt),
        x=safe(chart.x),
        y=safe(chart.y),
        series=tuple(replace(one, title=safe(one.title)) for one in chart.series),
        categories=tuple(map(safe, chart.categories)),
    )


def _figure(study: PaperContext, name: str, draw: Callable[..., Drawing], *, wide: bool = False) -> Figure:
    """A figure of all finished cases."""
    return Figure(name, _caption(study, name), partial(draw, cases=study.done, factor=study.legend), wide)


def _seeds(study: PaperContext) -> dict[str, int]:
    """The seed of every finished run, by its key."""
    return {key: seed for key, _, seed, _ in study.findings.runs}


def _caption(study: PaperContext, name: str) -> str:
    """What a figure is; what its bars and bands are, only where there are any."""
    repeated = _repeated(study)
    bars = f"; las barras son intervalos de confianza al 95{spanish.NBSP}%" if repeated else ""
    crosses = f", y las barras, intervalos de confianza al 95{spanish.NBSP}%" if repeated else ""
    lines = "las líneas finas son ejecuciones y " if curves.singly(study.done) else ""
    bands = f"; {lines}la banda las abarca todas" if lines else "; la banda abarca todas las ejecuciones"
    bands = bands if repeated else ""
    marks = " y los puntos huecos, ejecuciones" if repeated else ""
    phases = " Las rayas verticales señalan el comienzo de una fase." if _phased(study) else ""
    above = " Las pérdidas más altas quedan fuera del gráfico." if curves.cut(study.done) else ""
    alone = len(study.done) == 1
    by_epoch = "Exactitud de entrenamiento y de validación" if alone else "Convergencia: exactitud de validación"
    return {
        "fig-accuracies": f"Exactitud de entrenamiento y de validación en la mejor época de cada configuración{bars}.",
        "fig-loss": f"Pérdida por época en entrenamiento y en validación{bands}.{phases}{above}",
        "fig-gap": f"Brecha de sobreajuste: exactitud de entrenamiento menos la de validación{bars}.",
        "fig-convergence": f"{by_epoch} por época{bands}. El marcador hueco señala la época en que se alcanza el "
        f"95{spanish.NBSP}% de la mejor exactitud {'de validación' if alone else 'propia'}.{phases}",
        "fig-cost": f"Exactitud en test frente {_costs(study)}; la línea escalonada es la frontera de Pareto{crosses}.",
        "fig-test": f"Exactitud en el conjunto de test{bars}{marks}.",
    }[name]


def _phased(study: PaperContext) -> bool:
    return any(len(case.phases) > 1 for case in study.done)


def _costs(study: PaperContext) -> str:
    """The costs that are drawn, as in «frente a»."""
    both = cost.sizes_differ(study.done)
    return "a los parámetros entrenables y al tiempo de entrenamiento" if both else "al tiempo de entrenamiento"


def _repeated(study: PaperContext) -> bool:
    return any(case.done > 1 for case in study.done)


def _range(study: PaperContext, metric: str) -> str:
    """«la exactitud en test va de X (a) a Y (b)», or that it is the same everywhere, or the only one there is."""
    title = f"{METRICS[metric].article} {METRICS[metric].title}"
    lowest, highest = study.extremes(metric)
    if len(study.order(metric)) == 1:
        return f"{title} es de {study.quote(metric, highest[0])}"
    if lowest[0] in highest:
        return f"{title} es la misma en todas las configuraciones, {study.mean(metric, highest[0])}".replace(
            "es la misma" if not METRICS[metric].feminine else "\0", "es el mismo"
        )
    return (
        f"{title} va de {study.quote(metric, lowest[0])} ({study.called(*lowest)}) a "
        f"{study.quote(metric, highest[0])} ({study.called(*highest)})"
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _overview(study: PaperContext) -> str:
    findings = study.findings
    if len(findings.cases) == 1:
        said = "El {{tab-results}} recoge las medidas."
    else:
        said = "El {{tab-results}} reúne las medidas de todas las configuraciones."
    said += f" {_capital(_range(study, 'test_accuracy'))}."
    if findings.comparisons:
        said += " " + " ".join(_verdicts(study))
    return said


def _verdicts(study: PaperContext) -> list[str]:
    """What the comparisons allow to say: differences detected, not detected, or not yet decidable."""
    findings, metric = study.findings, study.metric
    reference = f"{'su' if len(findings.baselines) > 1 else 'la'} referencia"
    reference += f" ({study.called(*map(study.named, findings.baselines))})"
    decided = [c for c in findings.comparisons if c.p_adjusted is not None and c.difference is not None]
    open_ = [c for c in findings.comparisons if c.difference is not None and c.p_adjusted is None]
    missing = [c for c in findings.comparisons if c.difference is None]
    detected = [c for c in decided if significant(c)]
    alike = [c for c in decided if not significant(c)]
    out: list[str] = []
    if detected:
        shown = [f"{_of(study, c)} ({study.difference(c)}; p{spanish.NBSP}{_p(c)})" for c in detected]
        out.append(
            f"Frente a {reference}, la diferencia de {metric.title} es estadísticamente significativa "
            f"para {'; '.join(shown)}."
        )
    if alike:
        shown = [f"{_of(study, c)} ({study.difference(c)}; p{spanish.NBSP}{_p(c)})" for c in alike]
        lead = "En cambio, no" if detected else f"Frente a {reference}, no"
        out.append(f"{lead} se detecta diferencia significativa para {'; '.join(shown)}.")
    if open_:
        needed = max((c.seeds_needed or 0 for c in open_), default=0)
        more = f": harían falta al menos {spanish.number(needed)} semillas pareadas" if needed else ""
        several = bool(decided) and len(open_) > 1
        whole = "La comparación restante es" if decided else "La comparación con la referencia es"
        whole = "Las demás comparaciones son" if several else whole
        out.append(f"{whole} **no concluyente{'s' if several else ''}** con las semillas disponibles{more}.")
    if missing and len(missing) < len(findings.comparisons):
        out.append(f"Quedan por comparar {spanish.listing([_of(study, c) for c in missing])}.")
    return out


def _images(study: PaperContext) -> list[Block]:
    """What the single test images add to the comparisons."""
    told = [c for c in study.findings.comparisons if c.crossed is not None or c.single is not None]
    if not told:
        return []
    if all(c.single is not None for c in told):
        said = (
            "Con una sola semilla, las imágenes de test permiten comparar los modelos entrenados, no las "
            "configuraciones: el {{tab-images}} cuenta las que acierta solo uno de los dos, con la prueba exacta de "
            "McNemar."
        )
    else:
        said = (
            "Los intervalos entre semillas hablan de otras ejecuciones sobre estas mismas imágenes de test. El "
            "{{tab-images}} añade los que tratan también las imágenes como una muestra, con el análisis de varianza de "
            "dos factores cruzados de los estudios de diagnóstico (Hillis, *Statistics in Medicine* 26, 2007)."
        )
        wider = [c for c in told if c.crossed is not None and c.difference is not None and c.difference.low is not None]
        lost = [c for c in wider if _excludes_zero(c.difference) and not _excludes_zero_bounds(c.crossed)]
        if lost:
            them = spanish.listing([_of(study, c) for c in lost])
            said += (
                f" Así contado, el intervalo de la diferencia deja de excluir el cero para {them}: con otras imágenes "
                "podría no verse."
            )
    return [Paragraph(said), images_table(study, "tab-images")]


def _excludes_zero(estimate: Estimate | None) -> bool:
    return (
        estimate is not None
        and estimate.low is not None
        and estimate.high is not None
        and (_excludes_zero_bounds((estimate.low, estimate.high)))
    )


def _excludes_zero_bounds(bounds: tuple[float, float] | None) -> bool:
    return bounds is not None and (bounds[0] > 0 or bounds[1] < 0)


def _of(study: PaperContext, comparison: Comparison) -> str:
    return study.called(study.named(comparison.case))


def _p(comparison: Comparison) -> str:
    """«= 0,016» or «< 0,001»."""
    if comparison.p_adjusted is None:
        return PENDING
    shown = spanish.p_value(comparison.p_adjusted)
    return shown if shown.startswith("<") else f"={spanish.NBSP}{shown}"


def _accuracies(study: PaperContext) -> str:
    trained, validated = _range(study, "train_accuracy"), _range(study, "validation_accuracy")
    return (
        "La {{fig-accuracies}} compara, en la época elegida por la validación, la exactitud de entrenamiento con la de "
        f"validación: {trained}; {validated}."
    )


def _loss(study: PaperContext) -> str:
    lowest = study.extremes("validation_loss")[0]
    said = "La {{fig-loss}} muestra la evolución de la pérdida durante el entrenamiento. "
    if len(study.done) == 1:
        return said + f"En la mejor época, la pérdida de validación es {study.quote('validation_loss', lowest[0])}."
    return said + f"En la mejor época, {_range(study, 'validation_loss')}."


MOVING = (
    "La exactitud de entrenamiento se acumula durante la propia época, con los pesos en cambio y con el aumento de "
    "datos y el *dropout* activos donde los hay, por lo que la brecha puede ser negativa."
)


def _gap(study: PaperContext) -> str:
    lowest, highest = study.extremes("overfitting_gap")
    if len(study.findings.cases) == 1:
        return (
            "La brecha entre la exactitud de entrenamiento y la de validación en la mejor época es de "
            f"{study.quote('overfitting_gap', highest[0])}; un valor positivo indica que el modelo acierta más en las "
            f"imágenes con las que se entrenó. {MOVING}"
        )
    said = (
        "La {{fig-gap}} presenta la brecha entre la exactitud de entrenamiento y la de validación; un valor positivo "
        f"indica que el modelo acierta más en las imágenes con las que se entrenó. {MOVING} "
    )
    if len(study.done) == 1:
        return said + f"La brecha es de {study.quote('overfitting_gap', highest[0])}."
    if lowest[0] in highest:
        return said + f"Es de {study.mean('overfitting_gap', highest[0])} en todas las configuraciones."
    return (
        said
        + f"La mayor corresponde a {study.called(*highest)}, con {study.quote('overfitting_gap', highest[0])}, y la "
        f"menor a {study.called(*lowest)}, con {study.quote('overfitting_gap', lowest[0])}."
    )


def _convergence(study: PaperContext) -> str:
    lowest, highest = study.extremes("epochs_to_95")
    if len(study.findings.cases) == 1:
        return (
            f"La {{{{fig-convergence}}}} muestra la evolución de la exactitud. El 95{spanish.NBSP}% de la mejor "
            f"exactitud de validación se alcanza tras {_epochs(study, highest[0])}, de un total de "
            f"{study.quote('epochs_run', highest[0])}."
        )
    said = (
        "La {{fig-convergence}} permite comparar la velocidad de convergencia, medida por las épocas necesarias para "
        f"alcanzar el 95{spanish.NBSP}% de la mejor exactitud de validación propia. "
    )
    if len(study.done) == 1:
        said += f"Se alcanza tras {_epochs(study, highest[0])}."
    elif lowest[0] in highest:
        said += f"Todas las configuraciones necesitan {_epochs(study, highest[0], bare=True)}."
    else:
        said += (
            f"La más rápida es {study.called(*lowest)}, con {_epochs(study, lowest[0])}, y la más "
            f"lenta {study.called(*highest)}, con {study.quote('epochs_to_95', highest[0])}."
        )
    return said + f" En cuanto a la duración, {_range(study, 'epochs_run')}."


def _epochs(study: PaperContext, case: CaseFindings, *, bare: bool = False) -> str:
    """«1 época», «2,5 [1,9; 3,1] épocas»: until 95 % of the best accuracy; `bare` is without the interval."""
    quoted = (study.mean if bare else study.quote)("epochs_to_95", case)
    estimate = case.estimates.get("epochs_to_95")
    return f"{quoted} época{'' if estimate is not None and estimate.mean == 1 else 's'}"


def _efficiency(study: PaperContext) -> list[Block]:
    lead = "Eficiencia computacional"
    said = f"El {{{{tab-cost}}}} recoge lo que costó el entrenamiento. {_capital(_range(study, 'training_seconds'))}."
    table = cost_table(study, "tab-cost")
    if len(study.findings.cases) == 1:
        return [Paragraph(said, lead=lead), table]
    more = f"La {{{{fig-cost}}}} pone la exactitud en test frente {_costs(study)}. {_front(study)}{_saved(study)}"
    shown = _figure(study, "fig-cost", cost.pareto, wide=cost.is_wide(study.done))
    return [Paragraph(said, lead=lead), table, Paragraph(more), shown]


def _front(study: PaperContext) -> str:
    """Which cases no other one surpasses for as little, by their means."""
    costs = [("tiempo", cost.timed(study.done))]
    if cost.sizes_differ(study.done):
        costs.insert(0, ("parámetros", cost.trained(study.done)))
    fronts = [(what, cost.front(costed)) for what, costed in costs if costed]
    if not fronts:
        return ""
    said = "Por sus medias, ninguna otra configuración acierta más con un coste igual o menor que "
    if len(fronts) == 2 and fronts[0][1] == fronts[1][1]:
        return f"{said}{study.called(*fronts[0][1])}, tanto en parámetros como en tiempo."
    return said + "; ".join(f"{study.called(*cases)}, en {what}" for what, cases in fronts) + "."


def _saved(study: PaperContext) -> str:
    """What share of the time the smallest case needs of the largest one's."""
    known = [case for case in study.done if case.model is not None and "training_seconds" in case.estimates]
    if len(known) < 2:
        return ""
    trainable = {case.case.name: case.model.parameters_trainable for case in known if case.model is not None}
    least = min(known, key=lambda case: trainable[case.case.name])
    most = max(known, key=lambda case: trainable[case.case.name])
    few, many = trainable[least.case.name], trainable[most.case.name]
    if few == many:
        return ""
    ratio = least.estimates["training_seconds"].mean / most.estimates["training_seconds"].mean
    runs = least.estimates["training_seconds"].runs + most.estimates["training_seconds"].runs
    share = study.count(few / many, spanish.percent(few / many, 1 if few / many >= 0.001 else 3))
    part = study.count(ratio, spanish.percent(ratio, 1 if ratio >= 0.001 else 3), runs)
    once = (
        ", sin contar el paso único por lo congelado" if least.model is not None and least.model.frozen_stages else ""
    )
    return (
        f" La configuración con menos parámetros entrenables ({study.called(least)}) ajusta el {share} de los que "
        f"ajusta la que más tiene ({study.called(most)}) y emplea el {part} de su tiempo de entrenamiento"
        f"{once}."
    )


def _test(study: PaperContext) -> str:
    lowest, highest = study.extremes("test_accuracy")
    if len(study.done) == 1:
        reached = study.quote("test_accuracy", highest[0])
        said = f"La exactitud en test es de {reached}."
        if len(study.findings.cases) > 1:
            said = f"La {{{{fig-test}}}} muestra la exactitud en test, {reached}."
    elif lowest[0] in highest:
        said = "Según la {{fig-test}}, todas las configuraciones alcanzan la misma exactitud media en test, "
        said += f"{study.mean('test_accuracy', highest[0])}."
    else:
        said = (
            f"Según la {{{{fig-test}}}}, la mayor exactitud media en test la obtiene {study.called(*highest)}, con "
            f"{study.quote('test_accuracy', highest[0])}, y la menor {study.called(*lowest)}, "
            f"con {study.quote('test_accuracy', lowest[0])}."
        )
    step = resolution(study.findings.dataset)
    if step:
        said += (
            f" Una imagen de test más o menos equivale a {step} puntos: diferencias de ese orden no son apreciables en "
            "una sola ejecución."
        )
    first = study.done[0]
    if first.accuracy_wilson is not None and not _repeated(study):
        low, high = (spanish.number(100 * value, 1) for value in first.accuracy_wilson)
        whose = f" para {study.called(first)}" if len(study.findings.cases) > 1 else ""
        said += (
            f" Por el tamaño del conjunto de test, el intervalo de Wilson al 95{spanish.NBSP}%{whose} es "
            f"{markup.literal(f'[{low};{spanish.NBSP}{high}]')}{spanish.NBSP}%."
        )
    return said


def _failures(study: PaperContext) -> list[Block]:
    """Failed runs, each with its reason as the program gave it (in English)."""
    failed = [(case, seed, failure) for case in study.findings.cases for seed, failure in case.failures]
    if not failed:
        return []
    some = spanish.count(len(failed), "ejecución", "ejecuciones")
    verb = "ha fallado y no entra" if len(failed) == 1 else "han fallado y no entran"
    items = tuple(
        f"{study.called(case)}, semilla {seed}: *{markup.literal(markup.line(failure.what, 'failure'))[:300]}*"
        for case, seed, failure in failed[:12]
    )
    more = (f"y {len(failed) - 12} más",) if len(failed) > 12 else ()
    return [Paragraph(f"{_capital(some)} {verb} en las medias:"), Bullets(items + more)]
