"""What the comparisons with the reference allow to say, over seeds and over the single test images."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import Comparison
from benchsuite.paper.context.machine_kinds import describe_refused
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Paragraph
from benchsuite.paper.language import spanish
from benchsuite.paper.language.spanish import NBSP
from benchsuite.paper.tables.results import images_table


def describe_verdicts(study: PaperContext) -> str:
    """Differences detected, not detected, or not yet decidable."""
    findings = study.findings
    reference = f"{'su' if len(findings.baselines) > 1 else 'la'} referencia ({study.mention(*findings.baselines)})"
    known = [c for c in findings.comparisons if c.difference is not None]
    decided = [(c, c.p_adjusted) for c in known if c.p_adjusted is not None]
    detected = [pair for pair in decided if pair[0].sign != "open"]
    undetected = [pair for pair in decided if pair[0].sign == "open"]
    undecided = [c for c in known if c.p_adjusted is None]
    missing = [c for c in findings.comparisons if c.difference is None]
    out: list[str] = []
    if detected:
        out.append(
            f"Frente a {reference}, la diferencia de {study.metric.title} es estadísticamente significativa "
            f"para {_list(study, detected)}."
        )
    if undetected:
        lead = "En cambio, no" if detected else f"Frente a {reference}, no"
        out.append(f"{lead} se detecta diferencia significativa para {_list(study, undetected)}.")
    if undecided:
        needed = max(c.seeds_needed or 0 for c in undecided)
        more = f": harían falta al menos {spanish.number(needed)} semillas pareadas" if needed else ""
        plural = ""
        if not decided:
            which = "La comparación con la referencia es"
        elif len(undecided) == 1:
            which = "La comparación restante es"
        else:
            which, plural = "Las demás comparaciones son", "s"
        out.append(f"{which} **no concluyente{plural}** con las semillas disponibles{more}.")
    if missing and known:
        out.append(f"Quedan por comparar {spanish.listing([study.mention(c.case) for c in missing])}.")
    if refused := describe_refused(pair for c in findings.comparisons for pair in c.refused_pairs):
        out.append(refused)
    return " ".join(out)


def _list(study: PaperContext, decided: Sequence[tuple[Comparison, float]]) -> str:
    return "; ".join(f"{study.mention(c.case)} ({study.quotes.difference(c)}; p{NBSP}{_p(p)})" for c, p in decided)


def _p(value: float) -> str:
    """«= 0,016» or «< 0,001»."""
    shown = spanish.p_value(value)
    return shown if shown.startswith("<") else f"={NBSP}{shown}"


def image_blocks(study: PaperContext) -> list[Block]:
    """What the single test images add to the comparisons."""
    known = [c for c in study.findings.comparisons if c.crossed is not None or c.single is not None]
    if not known:
        return []
    if all(c.single is not None for c in known):
        text = (
            "Con una sola semilla, las imágenes de test permiten comparar los modelos entrenados, no las "
            "configuraciones: el {{tab-images}} cuenta las que acierta solo uno de los dos, con la prueba exacta de "
            "McNemar."
        )
    else:
        text = (
            "Los intervalos entre semillas hablan de otras ejecuciones sobre estas mismas imágenes de test. El "
            "{{tab-images}} añade los que tratan también las imágenes como una muestra, con el análisis de varianza de "
            "dos factores cruzados de los estudios de diagnóstico (Hillis, *Statistics in Medicine* 26, 2007)."
        )
        lost = [
            study.mention(c.case)
            for c in known
            if c.crossed is not None
            and c.difference is not None
            and _excludes_zero(c.difference.low, c.difference.high)
            and not _excludes_zero(*c.crossed)
        ]
        if lost:
            text += (
                " Así contado, el intervalo de la diferencia deja de excluir el cero para "
                f"{spanish.listing(lost)}: con otras imágenes podría no verse."
            )
    return [Paragraph(text), images_table(study)]


def _excludes_zero(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and (low > 0 or high < 0)
