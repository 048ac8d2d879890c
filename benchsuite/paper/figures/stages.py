"""The network's stages in a row of boxes for each case, frozen ones shaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import Rectangle

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.canvas import drawing, mark
from benchsuite.paper.figures.style import COLOURS, COLUMN, break_label, shorten_all
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say

LONG = 8
"""Characters of a stage's name that is written aslant."""
FULL = 64
"""Characters that find room above the boxes, were all names as long as the longest; more are written aslant."""
TRAINED: dict[str, Any] = {"facecolor": "#ffffff", "edgecolor": COLOURS[0], "lw": 0.8}
FROZEN: dict[str, Any] = {"facecolor": "#c4c4c4", "edgecolor": "#666666", "lw": 0.8, "hatch": "////"}


@memoize
def draw_stages(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """One row a case, from input to head, with the parameters that train at the right."""
    shown = [(case, case.model) for case in cases if case.model is not None]
    stages = shown[0][1].stages
    names = [break_label(label, 14) for label in shorten_all([case.label for case, _ in shown], 26)]
    with drawing(name, COLUMN, 0.62 + 0.24 * len(shown)) as canvas:
        axes = canvas.axes
        for row, (case, model) in enumerate(shown):
            for column, stage in enumerate(stages):
                style = FROZEN if stage in model.frozen_stages else TRAINED
                box = axes.add_patch(Rectangle((column + 0.05, row + 0.14), 0.9, 0.72, **style))
                mark(box, case.case.name)
            size = axes.text(
                len(stages) + 0.12, row + 0.5, typography.number(model.parameters_trainable), va="center", fontsize=7
            )
            mark(size, case.case.name)
        axes.set(xlim=(0, len(stages) + 2.1), ylim=(len(shown), -0.05), ylabel=factor)
        axes.set_yticks([i + 0.5 for i in range(len(shown))], names, linespacing=0.95)
        longest = max(map(len, stages))
        is_long = longest >= LONG or longest * (len(stages) + 2) > FULL
        aslant = {"rotation": 35, "ha": "left", "rotation_mode": "anchor"} if is_long else {}
        axes.set_xticks(
            [*(i + 0.5 for i in range(len(stages))), len(stages) + 1.05],
            [*stages, say("axis-trainable")],
            **aslant,
        )
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        kinds = ((say("legend-trained"), TRAINED), (say("legend-frozen"), FROZEN))
        handles = [Rectangle((0, 0), 1, 1, label=label, **style) for label, style in kinds]
        axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.4, -0.02), ncols=2)
        text = "; ".join(
            f"{case.label}, {', '.join(model.frozen_stages) or say('alt-none-frozen')}" for case, model in shown
        )
        return canvas.finish(say("alt-stages", cases=text))
