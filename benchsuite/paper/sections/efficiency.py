"""What training cost: its table, accuracy against each cost, and what the smallest case saves."""

from __future__ import annotations

from functools import partial

from benchsuite.paper.context.machine_kinds import kind_titles
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Figure, Paragraph
from benchsuite.paper.figures import cost
from benchsuite.paper.language import spanish
from benchsuite.paper.language.spanish import CONFIDENCE
from benchsuite.paper.sections.metric_range import describe_range
from benchsuite.paper.tables.results import cost_table


def efficiency_blocks(study: PaperContext) -> list[Block]:
    time = spanish.upper_first(describe_range(study, "training_seconds"))
    text = f"El {{{{tab-cost}}}} recoge lo que costó el entrenamiento. {time}.{_by_kind(study)}{_beside_others(study)}"
    blocks: list[Block] = [Paragraph(text, lead="Eficiencia computacional"), cost_table(study)]
    if not study.compares_cases:
        return blocks
    costs = "al tiempo de entrenamiento"
    if cost.sizes_differ(study.done):
        costs = f"a los parámetros entrenables y {costs}"
    crosses = f", y las barras, intervalos de confianza al {CONFIDENCE}" if study.has_repeats else ""
    caption = f"Exactitud en test frente {costs}; la línea escalonada es la frontera de Pareto{crosses}."
    draw = partial(cost.draw_pareto, cases=study.done, factor=study.names.legend_title)
    more = f"La {{{{fig-cost}}}} pone la exactitud en test frente {costs}. {_front(study)}{_saving(study)}"
    return [*blocks, Paragraph(more), Figure("fig-cost", caption, draw, cost.is_wide(study.done))]


def _by_kind(study: PaperContext) -> str:
    """That costs are compared within one kind of machine, where there are several."""
    kinds = study.findings.kinds
    if len(kinds) < 2:
        return ""
    runs = study.quotes.number(len(kinds[0].runs), runs=kinds[0].runs)
    return (
        " El tiempo, la memoria y la energía dependen del tipo de máquina y solo se comparan dentro de uno; la tabla "
        f"los da por separado, y toda otra cifra de ellos procede de las {runs} ejecuciones hechas en "
        f"{kind_titles(kinds)[0]}."
    )


def _beside_others(study: PaperContext) -> str:
    """That other runs were made meanwhile, and what it does to times."""
    least, most = study.at_once
    if most < 2:
        return ""
    runs = tuple(key for key, *_ in study.findings.runs)
    shown = study.quotes.number(most, runs=runs)
    if least < most:
        shown = f"entre {study.quotes.number(least, runs=runs)} y {shown}"
    return (
        f" En cada dispositivo se hicieron {shown} ejecuciones a la vez: los tiempos no son comparables con los de "
        f"ejecuciones hechas a solas, que son menores{', ni del todo entre sí' if least < most else ''}."
    )


def _front(study: PaperContext) -> str:
    """Which cases no other one surpasses for as little, by their means."""
    fronts = [(axis.name, cost.find_front(axis.costs)) for axis in cost.cost_axes(study.done) if axis.costs]
    if not fronts:
        return ""
    text = "Por sus medias, ninguna otra configuración acierta más con un coste igual o menor que "
    if len(fronts) == 2 and fronts[0][1] == fronts[1][1]:
        return f"{text}{study.names.mention(*fronts[0][1])}, tanto en parámetros como en tiempo."
    return text + "; ".join(f"{study.names.mention(*cases)}, en {name}" for name, cases in fronts) + "."


def _saving(study: PaperContext) -> str:
    """What share of the time the smallest case needs of the largest one's."""
    known = [
        (case, case.model, case.estimates["training_seconds"])
        for case in study.done
        if case.model is not None and "training_seconds" in case.estimates
    ]
    if len(known) < 2:
        return ""
    (least, small, short), (most, large, long) = (
        end(known, key=lambda one: one[1].parameters_trainable) for end in (min, max)
    )
    if small.parameters_trainable == large.parameters_trainable:
        return ""

    def quote(share: float, runs: tuple[str, ...] = ()) -> str:
        return study.quotes.number(share, spanish.percent(share, 1 if share >= 0.001 else 3), runs)

    size = quote(small.parameters_trainable / large.parameters_trainable)
    time = quote(short.mean / long.mean, short.runs + long.runs)
    once = ", sin contar el paso único por lo congelado" if small.frozen_stages else ""
    return (
        f" La configuración con menos parámetros entrenables ({study.names.mention(least)}) ajusta el {size} de los "
        f"que ajusta la que más tiene ({study.names.mention(most)}) y emplea el {time} de su tiempo de "
        f"entrenamiento{once}."
    )
