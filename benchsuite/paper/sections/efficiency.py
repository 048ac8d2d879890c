"""What training cost: its table, accuracy against each cost, and what the smallest case saves."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations

from benchsuite.paper.context.case_groups import find_extremes
from benchsuite.paper.context.machine_kinds import kind_titles
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Table, figure
from benchsuite.paper.figures import cost
from benchsuite.paper.language.catalogue import in_words, say
from benchsuite.paper.language.typography import number, percent, upper_first
from benchsuite.paper.sections.metric_range import describe_range
from benchsuite.paper.tables.results import cost_table
from benchsuite.suite.prose.references import prose_texts

SLOWER = 1.05
"""A time that is so many times another is a longer one."""


def efficiency_blocks(study: PaperContext) -> list[Block]:
    text, table = describe_cost(study)
    blocks: list[Block] = [replace(text, lead=say("lead-efficiency")), table]
    if study.compares_cases and not _says_nothing(study):
        blocks += _against_costs(study)
    return [*blocks, *_size_and_time(study)]


def describe_cost(study: PaperContext) -> tuple[Paragraph, Table]:
    """The table of what training cost, and what it shows."""
    time = upper_first(describe_range(study, "training_seconds"))
    return Paragraph(f"{say('cost', time=time)}{_by_kind(study)}{_beside_others(study)}"), cost_table(study)


def _against_costs(study: PaperContext) -> list[Block]:
    costs = say("against-size-and-time" if cost.sizes_differ(study.done) else "against-time")
    caption = say("caption-cost", costs=costs, bars=say(f"caption-cost-bars-{study.spread}") if study.spread else "")
    draw = partial(cost.draw_pareto, cases=study.done, factor=study.names.legend_title)
    more = f"{say('cost-figure', costs=costs)} {_front(study)}{_saving(study)}"
    return [Paragraph(more), figure("fig-cost", caption, draw, wide=cost.is_wide(study.done))]


def _size_and_time(study: PaperContext) -> list[Block]:
    """Time against the parameters that train, and of how many pairs the larger one takes longer, by their means."""
    known = cost.sized_times(study.done)
    pairs = [(one, other) for one, other in combinations(known, 2) if one[1] != other[1]]
    if not study.asks_for("fig-size-time") or not pairs:
        return []
    slower = sum((one[1] - other[1]) * (one[2].mean - other[2].mean) > 0 for one, other in pairs)
    runs = tuple(dict.fromkeys(run for _, _, time in known for run in time.runs))
    shape = "always" if slower == len(pairs) else "never" if not slower else "mixed"
    counted = study.quotes.number(slower, in_words(slower, "feminine"), runs) if shape == "mixed" else ""
    told = say(f"size-time-{shape}", n=len(pairs), slower=counted)
    bars = say(f"caption-bars-{study.spread}") if study.spread else ""
    draw = partial(cost.draw_size_time, cases=study.done, factor=study.names.legend_title)
    caption = say("caption-size-time", bars=bars)
    return [Paragraph(f"{say('size-time')} {told}"), Figure("fig-size-time", caption, draw)]


def _says_nothing(study: PaperContext) -> bool:
    """Whether all cases train as many parameters in times that print alike, and the prose does not point at it."""
    if cost.sizes_differ(study.done):
        return False
    timed = [case for case in study.done if "training_seconds" in case.estimates]
    shortest, longest = find_extremes(timed, study.metrics["training_seconds"]) if timed else ([], [])
    return shortest == longest and not any("fig-cost" in text for _, _, text in prose_texts(study.material.suite))


def _by_kind(study: PaperContext) -> str:
    """That costs are compared within one kind of machine, where there are several."""
    kinds = study.findings.kinds
    if len(kinds) < 2:
        return ""
    count = len(kinds[0].runs)
    runs = study.quotes.number(count, in_words(count, "feminine"), kinds[0].runs)
    return f" {say('cost-by-kind', runs=runs, machine=kind_titles(kinds)[0])}"


def _beside_others(study: PaperContext) -> str:
    """That other runs were made meanwhile, and what it does to times."""
    least, most = study.at_once
    if most < 2:
        return ""
    runs = tuple(key for key, *_ in study.findings.runs)
    shown = study.quotes.number(most, in_words(most, "feminine"), runs)
    if least < most:
        few = study.quotes.number(least, in_words(least, "feminine"), runs)
        return f" {say('cost-beside-varying', least=few, most=shown)}"
    return f" {say('cost-beside', runs=shown)}"


def _front(study: PaperContext) -> str:
    """Which cases no other one surpasses for as little, by their means."""
    fronts = {axis.name: cost.find_front(axis.costs) for axis in cost.cost_axes(study.done) if axis.costs}
    if not fronts:
        return ""
    one, *others = fronts.values()
    if all(front == one for front in others):
        which = "front-of-both" if others else "front-of-one"
        return say(which, n=len(one), cases=study.names.again(*one))
    return say("front", **{name: study.names.again(*cases) for name, cases in fronts.items()})


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
        return study.quotes.number(share, percent(share, 1 if share >= 0.001 else 3), runs)

    ratio = short.mean / long.mean
    runs = short.runs + long.runs
    if ratio > SLOWER:
        times = number(ratio, 1)
        words = say("saving-twice") if times == number(2, 1) else say("saving-times", times=times)
        duration = say("saving-loss", time=study.quotes.number(ratio, words, runs))
    else:
        duration = say("saving-none" if ratio > 1 / SLOWER else "saving-share", time=quote(ratio, runs))
    sizes = [model.parameters_trainable for _, model, _ in known]
    few, many = sizes.count(small.parameters_trainable), sizes.count(large.parameters_trainable)
    told = say(
        "saving",
        smallest=say("saving-smallest", n=few, least=study.names.mention(least)),
        largest=say("saving-largest", n=many, most=study.names.mention(most)),
        size=quote(small.parameters_trainable / large.parameters_trainable),
        duration=duration,
        once=say("saving-once") if small.frozen_stages else "",
    )
    return f" {told}"
