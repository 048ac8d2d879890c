"""The search's subsection: what was searched and how, its trials, the best of them, and which axes matter."""

from __future__ import annotations

from functools import partial

from benchsuite.analysis.findings import AxisImportance, SearchFindings, TrialFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import describe_value, name_axis
from benchsuite.paper.context.result_quotes import PENDING
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Figure, Paragraph
from benchsuite.paper.figures.search import MOST_LINES, count_drawn, draw_importances, draw_trials
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.spanish import CONFIDENCE
from benchsuite.paper.tables.search import trials_table

MOST_VALUES = 30
SAMPLERS = {
    "grid": "la rejilla completa",
    "random": "muestreo aleatorio sin repetición",
    "tpe": "el estimador de Parzen estructurado en árbol (TPE) de Optuna",
}


def search_blocks(study: PaperContext, found: SearchFindings) -> list[Block]:
    """The blocks of the subsection."""
    labels = study.names.labels
    blocks: list[Block] = [Paragraph(_design(study, found)), Bullets(_axes(study, found))]
    if found.best is None:
        return [*blocks, Paragraph("Todavía no ha terminado ningún ensayo.")]
    reached = sum(found.declared.metric in trial.values for trial in found.trials)
    some = f", {count_drawn(reached)}" if reached > MOST_LINES else ""
    early = "; en gris, los que no llegaron al último escalón" if found.declared.halving else ""
    return [
        *blocks,
        Paragraph(_outcome(study, found, found.best)),
        trials_table(found, labels),
        Figure(
            "fig-search",
            f"Ensayos de la búsqueda en coordenadas paralelas{some}: más oscuros cuanto mejores, el mejor "
            f"resaltado{early}.",
            partial(draw_trials, found=found, labels=labels),
            wide=True,
        ),
        Paragraph(_importance(study, found)),
        Figure(
            "fig-importance",
            "Importancia de cada eje: parte de la varianza entre ensayos que explican sus valores por sí solos. El "
            f"trazo marca lo que un eje sin efecto no supera el {CONFIDENCE} de las veces.",
            partial(draw_importances, found=found, labels=labels),
        ),
    ]


def _name(study: PaperContext, path: str) -> str:
    return markup.literal(name_axis(path, study.names.labels))


def _design(study: PaperContext, found: SearchFindings) -> str:
    search = found.declared
    trials = spanish.count(search.budget, "ensayo")
    way = "mayor" if METRICS[search.metric].higher_is_better else "menor"
    before = "las configuraciones anteriores" if study.compares_cases else "la configuración anterior"
    points = "un punto" if found.points == 1 else f"{spanish.number(found.points)} puntos"
    text = (
        f"Además de {before} se exploró un espacio de {points} con "
        f"{SAMPLERS[search.sampler]}: {trials}, cada uno una ejecución con la semilla {search.seed} en la que solo "
        "cambian los valores de los ejes. "
    )
    if search.sampler == "tpe" and search.lag is not None:
        text += (
            "Los ensayos se proponen de uno en uno: el n-ésimo, a partir de los resultados de los "
            f"ensayos 1 a n − {spanish.number(search.lag)}. "
        )
    elif search.sampler == "tpe" and search.batch > 1:
        text += f"Los ensayos se proponen de {search.batch} en {search.batch}, sin conocer los resultados de su tanda. "
    if search.halving is not None:
        rungs = spanish.listing(list(map(spanish.number, search.halving.rungs)))
        path, share = _name(study, search.halving.path), spanish.percent(search.halving.keep, 0)
        text += (
            f"Se aplicó reducción sucesiva síncrona (*successive halving*) sobre «{path}», con escalones de {rungs}: "
            f"de cada escalón, una vez terminado entero, pasa al siguiente el {share} mejor. "
        )
    return text + (
        f"Se prefiere el ensayo con {way} {METRICS[search.metric].title}; el conjunto de test no interviene en la "
        "elección. Los ejes son:"
    )


def _axes(study: PaperContext, found: SearchFindings) -> tuple[str, ...]:
    items = []
    for path, values in found.declared.space.items():
        listed = "; ".join(markup.literal(describe_value(value)) for value in values[:MOST_VALUES])
        items.append(f"**{_name(study, path)}**: {listed}{'; …' if len(values) > MOST_VALUES else ''}.")
    return tuple(items)


def _outcome(study: PaperContext, found: SearchFindings, best: TrialFindings) -> str:
    metric = found.declared.metric
    return (
        f"{_progress(found)} El {{{{tab-search}}}} ordena los ensayos y la {{{{fig-search}}}} los dibuja. El mejor es "
        f"el {best.number}, con {METRICS[metric].title} de {_result(study, best, metric)}: {_settings(study, best)}. "
        "Cada punto se probó una sola vez, y el mejor resultado de muchos es optimista: lo es en parte por fortuna."
    )


def _progress(found: SearchFindings) -> str:
    """How far the search is."""
    left = found.planned - found.done - found.failed
    done = spanish.count(found.done, "ejecución")
    text = f"{'Terminó' if found.done == 1 else 'Terminaron'} {done} de la búsqueda"
    if found.failed:
        text += f"; {'falló una' if found.failed == 1 else f'fallaron {spanish.number(found.failed)}'}"
    if left:
        text += f"; {'falta una' if left == 1 else f'faltan {spanish.number(left)}'}"
    return f"{text}."


def quote_best_trial(study: PaperContext, metric: str) -> str:
    """The best trial for the prose: its values, or with a metric what it reached."""
    best = study.findings.search.best if study.findings.search else None
    if best is None or (metric and metric not in best.values):
        return PENDING
    if metric:
        return _result(study, best, metric)
    return study.quotes.put(markup.plain(_settings(study, best)), None, (best.run or "",))


def _result(study: PaperContext, trial: TrialFindings, metric: str) -> str:
    value = trial.values[metric]
    return study.quotes.put(METRICS[metric].format(value), value, (trial.run,) if trial.run else ())


def _settings(study: PaperContext, trial: TrialFindings) -> str:
    """The values of a trial in running text: «tasa de aprendizaje 0,01; momento 0,9»."""
    return "; ".join(
        markup.literal(f"{spanish.lower_first(name_axis(path, study.names.labels))} {describe_value(value)}")
        for path, value in trial.settings.items()
    )


def _importance(study: PaperContext, found: SearchFindings) -> str:
    known = [(axis, axis.share > axis.chance) for axis in found.importances
             if axis.share is not None and axis.chance is not None]  # fmt: skip
    clear, unclear = ([axis for axis, exceeds in known if exceeds is wanted] for wanted in (True, False))
    unknown = [axis for axis in found.importances if axis.share is None]
    text = (
        "La {{fig-importance}} estima la importancia de cada eje como en un ANOVA funcional de primer orden (Hutter, "
        "Hoos y Leyton-Brown, 2014): la parte de la varianza de los resultados que explican sus valores por sí solos, "
        "por épsilon cuadrado (Kelley, 1935), que descuenta lo que explicaría el azar."
    )
    if clear:
        text += f" Superan lo que alcanzaría el azar {_list_axes(study, clear)}."
    if unclear:
        verb = "No se distingue" if len(unclear) == 1 else "No se distinguen"
        text += f" {verb} del azar {_list_axes(study, unclear)}."
    if unknown:
        text += f" Con tan pocos ensayos para sus valores no puede estimarse la de {_list_axes(study, unknown)}."
    text += " La medida no recoge las interacciones entre ejes"
    if found.declared.sampler == "tpe":
        text += (
            " y, como los ensayos se concentran donde los anteriores fueron mejores, los describe a ellos y no al "
            "espacio entero"
        )
    if found.declared.halving is not None:
        text += "; se calcula con el primer escalón, común a todos los ensayos"
    return f"{text}."


def _list_axes(study: PaperContext, axes: list[AxisImportance]) -> str:
    words = []
    for axis in axes:
        share = axis.share
        quoted = "" if share is None else f" ({study.quotes.number(share, spanish.percent(share), axis.runs)})"
        words.append(f"«{_name(study, axis.path)}»{quoted}")
    return spanish.listing(words)
