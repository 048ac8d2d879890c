"""The results section: the tables and the figures, and sentences that the numbers choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchsuite.analysis.findings import CaseFindings, Comparison
from benchsuite.paper import spanish, text
from benchsuite.paper.document import Block, Bullets, Figure, Paragraph
from benchsuite.paper.figures import confusion, cost, curves, intervals
from benchsuite.paper.figures.style import Drawing
from benchsuite.paper.metrics import METRICS
from benchsuite.paper.study.context import PENDING, Study, significant
from benchsuite.paper.study.dataset import class_titles, resolution
from benchsuite.paper.tables.results import results_table

Draw = Callable[[str, Sequence[CaseFindings], str], Drawing]


def results_blocks(study: Study) -> dict[str, list[Block]]:
    """The blocks of each part: performance, generalization, efficiency, test. Only `performance` when empty."""
    findings = study.findings
    if not study.done:
        said = (
            f"Todavía no hay ninguna ejecución terminada de las {spanish.number(findings.planned)} previstas, de modo "
            "que este informe no contiene resultados."
        )
        return {"performance": [Paragraph(said), *_failures(study)]}
    return {
        "performance": [
            Paragraph(_overview(study), lead="Rendimiento del modelo"),
            results_table(study, "tab-results"),
            Paragraph(_accuracies(study)),
            _figure(study, "fig-accuracies", intervals.accuracies),
            Paragraph(_loss(study)),
            _figure(study, "fig-loss", curves.loss, wide=True),
            *_failures(study),
        ],
        "generalization": [
            Paragraph(_gap(study), lead="Generalización"),
            _figure(study, "fig-gap", intervals.gap),
            Paragraph(_convergence(study)),
            _figure(study, "fig-convergence", curves.convergence),
        ],
        "efficiency": [
            Paragraph(_efficiency(study), lead="Eficiencia computacional"),
            _figure(study, "fig-cost", cost.parameters_against_time),
        ],
        "test": [
            Paragraph(_test(study), lead="Resultados en test"),
            _figure(study, "fig-test", intervals.test_accuracy),
            *_confusion(study),
        ],
    }


def _figure(study: Study, name: str, draw: Draw, *, wide: bool = False) -> Figure:
    drawn = draw(name, study.done, study.factor)
    return Figure(name, drawn.svg, _caption(study, name), drawn.alt, wide)


def _caption(study: Study, name: str) -> str:
    """What a figure is; what its bars and bands are, only where there are any."""
    repeated = _repeated(study)
    bars = f"; las barras son intervalos de confianza al 95{spanish.NBSP}%" if repeated else ""
    bands = "; la banda abarca todas las ejecuciones" if repeated else ""
    marks = " y los puntos huecos, ejecuciones" if repeated else ""
    return {
        "fig-accuracies": f"Exactitud de entrenamiento y de validación en la mejor época de cada configuración{bars}.",
        "fig-loss": f"Pérdida por época en entrenamiento y en validación{bands}.",
        "fig-gap": f"Brecha de sobreajuste: exactitud de entrenamiento menos la de validación{bars}.",
        "fig-convergence": f"Convergencia: exactitud de validación por época{bands}. El marcador hueco señala la época "
        f"en que se alcanza el 95{spanish.NBSP}% de la mejor exactitud propia.",
        "fig-cost": "Parámetros entrenables frente a tiempo de entrenamiento, en escalas logarítmicas.",
        "fig-test": f"Exactitud en el conjunto de test{bars}{marks}.",
    }[name]


def _repeated(study: Study) -> bool:
    return any(case.done > 1 for case in study.done)


def _range(study: Study, metric: str) -> str:
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


def _overview(study: Study) -> str:
    findings = study.findings
    if len(findings.cases) == 1:
        said = "El {{tab-results}} recoge las medidas."
    else:
        said = "El {{tab-results}} reúne las medidas de todas las configuraciones."
    said += f" {_capital(_range(study, 'test_accuracy'))}."
    if findings.comparisons:
        said += " " + " ".join(_verdicts(study))
    return said


def _verdicts(study: Study) -> list[str]:
    """What the comparisons allow to say: differences detected, not detected, or not yet decidable."""
    findings, metric = study.findings, study.metric
    reference = study.called(study.named(findings.baseline)) if findings.baseline else "la referencia"
    decided = [c for c in findings.comparisons if c.p_adjusted is not None and c.difference is not None]
    open_ = [c for c in findings.comparisons if c.difference is not None and c.p_adjusted is None]
    missing = [c for c in findings.comparisons if c.difference is None]
    detected = [c for c in decided if significant(c)]
    alike = [c for c in decided if not significant(c)]
    out: list[str] = []
    if detected:
        shown = [f"{_of(study, c)} ({study.difference(c)}; p{spanish.NBSP}{_p(c)})" for c in detected]
        out.append(
            f"Frente a la referencia ({reference}), la diferencia de {metric.title} es estadísticamente significativa "
            f"para {'; '.join(shown)}."
        )
    if alike:
        shown = [f"{_of(study, c)} ({study.difference(c)}; p{spanish.NBSP}{_p(c)})" for c in alike]
        lead = "En cambio, no" if detected else f"Frente a la referencia ({reference}), no"
        out.append(f"{lead} se detecta diferencia significativa para {'; '.join(shown)}.")
    if open_:
        needed = max((c.seeds_needed or 0 for c in open_), default=0)
        more = f": harían falta al menos {spanish.number(needed)} semillas pareadas" if needed else ""
        whole = "La comparación con la referencia es" if not decided else "Las demás comparaciones son"
        out.append(f"{whole} **no concluyente{'s' if decided else ''}** con las semillas disponibles{more}.")
    if missing and len(missing) < len(findings.comparisons):
        out.append(f"Quedan por comparar {spanish.listing([_of(study, c) for c in missing])}.")
    return out


def _of(study: Study, comparison: Comparison) -> str:
    return study.called(study.named(comparison.case))


def _p(comparison: Comparison) -> str:
    """«= 0,016» or «< 0,001»."""
    if comparison.p_adjusted is None:
        return PENDING
    shown = spanish.p_value(comparison.p_adjusted)
    return shown if shown.startswith("<") else f"={spanish.NBSP}{shown}"


def _accuracies(study: Study) -> str:
    trained, validated = _range(study, "train_accuracy"), _range(study, "validation_accuracy")
    return (
        "La {{fig-accuracies}} compara, en la época elegida por la validación, la exactitud de entrenamiento con la de "
        f"validación: {trained}; {validated}."
    )


def _loss(study: Study) -> str:
    lowest = study.extremes("validation_loss")[0]
    said = "La {{fig-loss}} muestra la evolución de la pérdida durante el entrenamiento. "
    if len(study.done) == 1:
        return said + f"En la mejor época, la pérdida de validación es {study.quote('validation_loss', lowest[0])}."
    return said + f"En la mejor época, {_range(study, 'validation_loss')}."


def _gap(study: Study) -> str:
    lowest, highest = study.extremes("overfitting_gap")
    said = (
        "La {{fig-gap}} presenta la brecha entre la exactitud de entrenamiento y la de validación; un valor positivo "
        "indica que el modelo acierta más en las imágenes con las que se entrenó. "
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


def _convergence(study: Study) -> str:
    lowest, highest = study.extremes("epochs_to_95")
    said = (
        "La {{fig-convergence}} permite comparar la velocidad de convergencia, medida por las épocas necesarias para "
        f"alcanzar el 95{spanish.NBSP}% de la mejor exactitud de validación propia. "
    )
    if len(study.done) == 1:
        said += f"Hacen falta {study.quote('epochs_to_95', highest[0])}."
    elif lowest[0] in highest:
        said += f"Todas las configuraciones necesitan {study.mean('epochs_to_95', highest[0])}."
    else:
        said += (
            f"La más rápida es {study.called(*lowest)}, con {study.quote('epochs_to_95', lowest[0])} épocas, y la más "
            f"lenta {study.called(*highest)}, con {study.quote('epochs_to_95', highest[0])}."
        )
    return said + f" En cuanto a la duración, {_range(study, 'epochs_run')}."


def _efficiency(study: Study) -> str:
    said = "La {{fig-cost}} relaciona los parámetros que se entrenan con el tiempo. "
    said += f"{_capital(_range(study, 'training_seconds'))}."
    known = [case for case in study.done if case.model is not None and "training_seconds" in case.estimates]
    if len(known) < 2:
        return said
    trainable = {case.case.name: case.model.parameters_trainable for case in known if case.model is not None}
    least = min(known, key=lambda case: trainable[case.case.name])
    most = max(known, key=lambda case: trainable[case.case.name])
    few, many = trainable[least.case.name], trainable[most.case.name]
    if few == many:
        return said
    ratio = least.estimates["training_seconds"].mean / most.estimates["training_seconds"].mean
    runs = least.estimates["training_seconds"].runs + most.estimates["training_seconds"].runs
    share = study.count(few / many, spanish.percent(few / many, 1 if few / many >= 0.001 else 3))
    part = study.count(ratio, spanish.percent(ratio), runs)
    return (
        said
        + f" La configuración con menos parámetros entrenables ({study.called(least)}) ajusta el {share} de los que "
        f"ajusta la que más tiene ({study.called(most)}) y emplea el {part} de su tiempo."
    )


def _test(study: Study) -> str:
    lowest, highest = study.extremes("test_accuracy")
    if len(study.done) == 1:
        said = f"La {{{{fig-test}}}} muestra la exactitud en test, {study.quote('test_accuracy', highest[0])}."
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
        said += (
            f" Por el tamaño del conjunto de test, el intervalo de Wilson al 95{spanish.NBSP}% para "
            f"{study.called(first)} es {text.literal(f'[{low};{spanish.NBSP}{high}]')}{spanish.NBSP}%."
        )
    return said


def _confusion(study: Study) -> list[Block]:
    shown = [case for case in study.done if case.confusion is not None]
    facts = study.findings.dataset
    if not shown or facts is None or len(facts.classes) > confusion.LARGEST:
        return []
    if len(shown) > 10:
        order = [case for case in study.order("test_accuracy") if case in shown]
        shown = [case for case in shown if case in order[:5] or case in order[-5:]]
    titles = class_titles(study)
    names = [titles.get(name, name) for name in facts.classes]
    drawn = confusion.matrices("fig-confusion", shown, names, study.factor)
    caption = (
        "Matrices de confusión en test, sumadas sobre las semillas. El tono indica la proporción de cada clase real."
    )
    said = f"La {{{{fig-confusion}}}} detalla los aciertos y los errores por clase. {_confused(study, shown, names)}"
    return [
        Paragraph(said.strip()),
        Figure("fig-confusion", drawn.svg, caption, drawn.alt, wide=min(len(shown), confusion.PER_ROW) > 2),
    ]


def _confused(study: Study, cases: Sequence[CaseFindings], names: Sequence[str]) -> str:
    """The pair of classes that is confused most, over all the cases shown."""
    total: dict[tuple[int, int], int] = {}
    for case in cases:
        for row, counts in enumerate(case.confusion or ()):
            for column, value in enumerate(counts):
                if row != column:
                    total[row, column] = total.get((row, column), 0) + value
    errors = sum(total.values())
    if not errors:
        return "Ninguna imagen de test se clasifica mal."
    (true, predicted), most = max(total.items(), key=lambda item: (item[1], -item[0][0], -item[0][1]))
    runs = tuple(run for case in cases for run in case.estimates["test_accuracy"].runs)
    return (
        f"De los {study.count(errors, runs=runs)} errores que suman las matrices, la confusión más frecuente es tomar "
        f"«{text.literal(names[true])}» por «{text.literal(names[predicted])}» ({study.count(most, runs=runs)})."
    )


def _failures(study: Study) -> list[Block]:
    """Failed runs, each with its reason as the program gave it (in English)."""
    failed = [(case, seed, failure) for case in study.findings.cases for seed, failure in case.failures]
    if not failed:
        return []
    some = spanish.count(len(failed), "ejecución", "ejecuciones")
    verb = "ha fallado y no entra" if len(failed) == 1 else "han fallado y no entran"
    items = tuple(
        f"{study.called(case)}, semilla {seed}: *{text.literal(text.line(failure.what, 'failure'))[:300]}*"
        for case, seed, failure in failed[:12]
    )
    more = (f"y {len(failed) - 12} más",) if len(failed) > 12 else ()
    return [Paragraph(f"{_capital(some)} {verb} en las medias:"), Bullets(items + more)]
