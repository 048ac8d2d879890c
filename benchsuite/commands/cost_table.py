"""The cost of a study as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from benchsuite.commands.console import duration, size, table
from benchsuite.execution.case_cost import CaseCost, seconds_in_all
from benchsuite.execution.packing import Packing

LONG_SECONDS = 86_400.0


def cost_table(costs: Sequence[CaseCost]) -> Table:
    """The costs as a table that fits 80 columns."""
    numbers = ("trainable", "GFLOPs", "due", "a run", "all due", "disk")
    shown = table("Cost", "case", *numbers, right=numbers)
    for cost in costs:
        shown.add_row(
            cost.case,
            f"{cost.model.parameters_trainable:,}",
            f"{cost.model.forward_flops / 1e9:.2f} / {cost.model.train_flops / 1e9:.2f}",
            str(cost.due),
            duration(cost.seconds),
            duration(cost.total_seconds),
            size(cost.disk_bytes),
        )
    bases = "; ".join(dict.fromkeys(cost.basis for cost in costs))
    shown.caption = (
        f"{costs[0].model.parameters_total:,} parameters. "
        f"GFLOPs: forward / training of one image, a multiply-add as two. "
        f"Times: {bases}."
        if costs
        else None
    )
    shown.caption_justify = "left"
    return shown


def verdict(costs: Sequence[CaseCost], packing: Packing) -> str:
    """One line on the whole: at most so long, and a warning when that is days."""
    seconds = seconds_in_all(costs, packing.at_once)
    beside = f", {packing.at_once} runs at once" if packing.at_once > 1 else ""
    line = f"about {duration(seconds)} at most {packing.place}{beside} (early stopping may end runs sooner), "
    line += f"{size(sum(cost.disk_bytes for cost in costs))} on disk"
    if seconds > LONG_SECONDS:
        line += (
            "\nThat is DAYS. Every finished run is kept, so it can be interrupted at any time; fewer seeds "
            "(SEEDS=2, --seeds 2) or epochs (--set recipe.max_epochs=5) make a shorter study, said so in its paper"
        )
    return line


def as_json(costs: Sequence[CaseCost]) -> list[Mapping[str, Any]]:
    """Each case's cost as plain values; of its network the sizes, not the layers."""
    sizes = {"parameters_total", "parameters_trainable", "forward_flops", "train_flops"}
    return [
        {"case": cost.case}
        | cost.model.model_dump(include=sizes)
        | {name: value for name, value in vars(cost).items() if name != "model"}
        | {"total_seconds": cost.total_seconds}
        for cost in costs
    ]
