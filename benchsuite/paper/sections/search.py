"""The search's subsection: what was searched and how, its trials, the best of them, and which axes matter."""

from __future__ import annotations

from functools import partial

from benchsuite.analysis.findings import AxisImportance, SearchFindings, TrialFindings
from benchsuite.paper.context.axes import axis_name, axis_value
from benchsuite.paper.context.paper_context import PENDING, PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Figure, Paragraph
from benchsuite.paper.figures.search import importances, parallel
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.tables.search import trials_table

SAMPLERS = {
    "grid": "la rejilla completa",
    "random": "muestreo aleatorio sin repetición",
    "tpe": "el estimador de Parzen estructurado en árbol (TPE) de Optuna",
}


def search_blocks(study: PaperContext) -> list[Block]:
    """The blocks of the subsection; empty when the study has no search."""
    found = study.findings.search
    if found is None:
        return []
    labels = study.material.suite.paper.labels
    blocks: list[Block] = [Paragraph(_design(study, found)), Bullets(_axes(found, labels))]
    if found.best is None:
        return [*blocks, Paragraph("Todavía no ha terminado ningún ensayo.")]
    early = "; en gris, los que no llegaron al último escalón" if found.declared.halving else ""
    return [
        *blocks,
        Paragraph(_outcome(study, found, found.best)),
        trials_table(found, labels, "tab-search"),
        Figure(
            "fig-search",
            f"Ensayos de la búsqueda en coordenadas paralelas: más oscuros cuanto mejores, el mejor resaltado{early}.",
            partial(parallel, found=found, labels=labels),
            wide=True,
        ),
        Paragraph(_importance(study, found)),
        Figure(
            "fig-importance",
            "Importancia de cada eje: parte de la varianza entre ensayos que explican sus valores por sí solos. El "
            f"trazo marca lo que un eje sin efecto no supera el 95{spanish.NBSP}% de las veces.",
            partial(importances, found=found, labels=labels),
        ),
    ]


def _design(study: PaperContext, found: SearchFindings) -> str:
    search, metric = found.declared, METRICS[found.declared.metric]
    size = spanish.number(found.points)
    trials = spanish.count(search.budget, "ensayo", "ensayos")
    way = "mayor" if metric.sign > 0 else "menor"
    before = "las configuraciones anteriores" if len(study.findings.cases) > 1 else "la configuración anterior"
    said = (
        f"Además de {before} se exploró un espacio de {size} puntos con "
        f"{SAMPLERS[search.sampler]}: {trials}, cada uno una ejecución con la semilla {search.seed} en la que solo "
        "cambian los valores de los ejes. "
    )
    if search.sampler == "tpe" and search.batch > 1:
        said += f"Los ensayos se proponen de {search.batch} en {search.batch}, sin conocer los resultados de su tanda. "
    if search.halving is not None:
        name = markup.literal(axis_name(search.halving.path, study.material.suite.paper.labels))
        rungs = spanish.listing([spanish.number(value) for value in search.halving.rungs])
        share = spanish.percent(search.halving.keep, 0)
        said += (
            f"Se aplicó reducción sucesiva síncrona (*successive halving*) sobre «{name}», con escalones de {rungs}: "
            f"de cada escalón, una vez terminado entero, pasa al siguiente el {share} mejor. "
        )
    return said + (
        f"Se prefiere el ensayo con {way} {metric.title}; el conjunto de test no interviene en la elección. Los ejes "
        "son:"
    )


def _axes(found: SearchFindings, labels: dict[str, str]) -> tuple[str, ...]:
    items = []
    for path, values in found.declared.space.items():
        listed = "; ".join(markup.literal(axis_value(value)) for value in values[:30])
        items.append(f"**{markup.literal(axis_name(path, labels))}**: {listed}{'; …' if len(values) > 30 else ''}.")
    return tuple(items)


def _outcome(study: PaperContext, found: SearchFindings, best: TrialFindings) -> str:
    metric = METRICS[found.declared.metric]
    value = best.values[found.declared.metric]
    runs = (best.run,) if best.run else ()
    shown = study.quotes.put(metric.format(value), value, runs)
    return (
        f"{_state(found)} El {{{{tab-search}}}} ordena los ensayos y la {{{{fig-search}}}} los dibuja. El mejor es el "
        f"{best.number}, con {metric.title} de {shown}: {settings(study, best)}. Cada punto se probó una sola vez, y "
        "el mejor resultado de muchos es optimista: lo es en parte por fortuna."
    )


def _state(found: SearchFindings) -> str:
    """How far the search is."""
    left = found.planned - found.done - found.failed
    done = spanish.count(found.done, "ejecución", "ejecuciones")
    said = f"Terminó {done} de la búsqueda" if found.done == 1 else f"Terminaron {done} de la búsqueda"
    if found.failed:
        said += f"; {'falló una' if found.failed == 1 else f'fallaron {spanish.number(found.failed)}'}"
    if left:
        said += f"; {'falta una' if left == 1 else f'faltan {spanish.number(left)}'}"
    return f"{said}."


def best_trial(study: PaperContext, metric: str) -> str:
    """The best trial for the prose: its values, or with a metric what it reached."""
    found = study.findings.search
    if found is None or found.best is None:
        return PENDING
    best = found.best
    if not metric:
        return study.quotes.put(markup.plain(settings(study, best)), None, (best.run or "",))
    if metric not in best.values:
        return PENDING
    return study.quotes.put(METRICS[metric].format(best.values[metric]), best.values[metric], (best.run or "",))


def settings(study: PaperContext, trial: TrialFindings) -> str:
    """The values of a trial in running text: «tasa de aprendizaje 0,01; momento 0,9»."""
    labels = study.material.suite.paper.labels
    parts = []
    for path, value in trial.settings.items():
        name = axis_name(path, labels)
        name = name if name[1:2].isupper() else name[:1].lower() + name[1:]
        parts.append(f"{markup.literal(name)} {markup.literal(axis_value(value))}")
    return "; ".join(parts)


def _importance(study: PaperContext, found: SearchFindings) -> str:
    labels = study.material.suite.paper.labels
    told = [(axis, axis.share, axis.chance) for axis in found.importances]
    clear = [axis for axis, share, chance in told if share is not None and chance is not None and share > chance]
    unclear = [axis for axis, share, _ in told if share is not None and axis not in clear]
    untold = [axis for axis, share, _ in told if share is None]
    said = (
        "La {{fig-importance}} estima la importancia de cada eje como en un ANOVA funcional de primer orden (Hutter, "
        "Hoos y Leyton-Brown, 2014): la parte de la varianza de los resultados que explican sus valores por sí solos, "
        "por épsilon cuadrado (Kelley, 1935), que descuenta lo que explicaría el azar."
    )
    if clear:
        said += f" Superan lo que alcanzaría el azar {_named(study, clear, labels)}."
    if unclear:
        one = len(unclear) == 1
        said += f" {'No se distingue' if one else 'No se distinguen'} del azar {_named(study, unclear, labels)}."
    if untold:
        said += f" Con tan pocos ensayos para sus valores no puede estimarse la de {_named(study, untold, labels)}."
    limits = "no recoge las interacciones entre ejes"
    if found.declared.sampler == "tpe":
        limits += (
            " y, como los ensayos se concentran donde los anteriores fueron mejores, los describe a ellos y no al "
        )
        limits += "espacio entero"
    if found.declared.halving is not None:
        limits += "; se calcula con el primer escalón, común a todos los ensayos"
    return f"{said} La medida {limits}."


def _named(study: PaperContext, axes: list[AxisImportance], labels: dict[str, str]) -> str:
    words = []
    for axis in axes:
        word = f"«{markup.literal(axis_name(axis.path, labels))}»"
        if axis.share is not None:
            word += f" ({study.quotes.put(spanish.percent(axis.share), axis.share, axis.runs)})"
        words.append(word)
    return spanish.listing(words)
