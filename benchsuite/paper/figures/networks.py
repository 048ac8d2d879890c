"""Networks as rows of boxes, a box a stage: its layers, the size of what leaves it, its share of the parameters."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import Rectangle

from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.canvas import drawing, mark
from benchsuite.paper.figures.style import COLOURS, PAGE, WIDE_TEXT
from benchsuite.paper.language.catalogue import say

MOST_ABREAST = 8
"""Stages on a line; more of them go on below."""
MARGIN = 1.15
"""Inches that the names of the networks take."""
LINE = 0.135
"""Inches of a line of text."""
DARKEST = 0.45
"""How opaque a box with all parameters would be: its words stay legible in grey."""


@dataclass(frozen=True)
class Stage:
    """A stage of a network: its name, its layers in words, the size of what leaves it, and its parameters."""

    name: str
    layers: tuple[str, ...]
    output: str
    parameters: int


@dataclass(frozen=True)
class NetworkSketch:
    """A network from image to logits, and the name of the case that it is of, where it is of one alone."""

    title: str
    stages: tuple[Stage, ...]
    case: str | None = None


@memoize
def draw_networks(name: str, networks: Sequence[NetworkSketch]) -> Drawing:
    """Page wide, a row for each network; the darker a box, the larger its share of the network's parameters."""
    columns = max(_abreast(len(network.stages)) for network in networks)
    width = (PAGE - MARGIN) / columns
    letters = int(72 * width * 0.88 / (0.5 * WIDE_TEXT))
    rows = [
        (network.title if not at else "", network, network.stages[at : at + columns])
        for network in networks
        for at in range(0, len(network.stages), columns)
    ]
    words = [[_words(stage, letters) for stage in stages] for _, _, stages in rows]
    heights = [LINE * max(map(len, boxes)) + 0.1 for boxes in words]
    whole = sum(heights) + 0.1 * len(rows)
    with drawing(name, PAGE, whole + 0.08, text=WIDE_TEXT) as canvas:
        axes = canvas.axes
        y = 0.05
        for (title, network, stages), boxes, height in zip(rows, words, heights, strict=True):
            total = sum(stage.parameters for stage in network.stages)
            label = "\n".join(_folded(title, int(72 * MARGIN / (0.5 * WIDE_TEXT)) - 1)[:3])
            drawn = [axes.text(MARGIN - 0.1, y + height / 2, label, ha="right", va="center", fontsize=WIDE_TEXT)]
            for column, (stage, lines) in enumerate(zip(stages, boxes, strict=True)):
                left = MARGIN + width * column
                share = stage.parameters / total if total else 0.0
                tone: dict[str, Any] = {"facecolor": COLOURS[0], "alpha": DARKEST * share, "lw": 0}
                box = (left + 0.03 * width, y), 0.94 * width, height
                drawn += [
                    axes.add_patch(Rectangle(*box, **tone)),
                    axes.add_patch(Rectangle(*box, facecolor="none", edgecolor=COLOURS[0], lw=0.8)),
                ]
                for line, text in enumerate(lines):
                    style = {"style": "italic"} if not line else {}
                    at = y + 0.05 + LINE * (line + 0.5)
                    middle = left + width / 2
                    drawn.append(axes.text(middle, at, text, ha="center", va="center", fontsize=WIDE_TEXT, **style))
                if column:
                    drawn += axes.plot([left - 0.03 * width, left + 0.03 * width], [y + height / 2] * 2, "k", lw=0.8)
            if network.case is not None:
                mark(drawn, network.case)
            y += height + 0.1
        axes.set(xlim=(0, PAGE), ylim=(whole, 0))
        axes.set_axis_off()
        text = " ".join(say("alt-network", title=network.title, stages=_read(network)) for network in networks)
        return canvas.finish(say("alt-networks", networks=text))


def _abreast(stages: int) -> int:
    """How many stages stand on a line, so that lines are as many as they must be and of like length."""
    lines = math.ceil(stages / MOST_ABREAST)
    return math.ceil(stages / max(lines, 1))


def _folded(name: str, letters: int) -> list[str]:
    """The lines of a name, which may be broken after an underscore as well as after a space."""
    lines = [""]
    for part in re.findall(r"[^ _]+[ _]*|[ _]+", name):
        if len(lines[-1] + part.rstrip()) > letters:
            lines.append("")
        lines[-1] += part
    return [piece for line in lines for piece in textwrap.wrap(line, letters)]


def _words(stage: Stage, letters: int) -> list[str]:
    """The lines of a box."""
    lines = [part for layer in stage.layers for part in textwrap.wrap(layer, letters)]
    told = not stage.output or (lines and lines[-1].split()[-1] == stage.output)
    return [*textwrap.wrap(stage.name, letters)[:1], *lines, *([] if told else [stage.output])]


def _read(network: NetworkSketch) -> str:
    return "; ".join(
        f"{stage.name}, {', '.join((*stage.layers, stage.output)).rstrip(', ')}, "
        f"{say('count-parameters', parameters=stage.parameters)}"
        for stage in network.stages
    )
