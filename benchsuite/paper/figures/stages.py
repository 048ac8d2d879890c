"""The network's stages in a row of boxes for each case, frozen ones shaded."""

from __future__ import annotations

from collections.abc import Sequence

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.concurrency.memo import kept
from benchsuite.paper.document.blocks import Drawing
from benchsuite.paper.figures.style import COLOURS, COLUMN, brief, drawing, figure, finish, lines, mark
from benchsuite.paper.language import spanish

FROZEN, TRAINED = "#c4c4c4", "#ffffff"


@kept
def diagram(name: str, cases: Sequence[CaseFindings], factor: str) -> Drawing:
    """One row a case, from input to head, with the parameters that train at the right."""
    from matplotlib.patches import Rectangle

    shown = [case for case in cases if case.model is not None]
    stages = next(case.model.stages for case in shown if case.model is not None)
    names = [lines(label, 14) for label in brief([case.label for case in shown], 26)]
    with drawing(name):
        made, axes = figure(COLUMN, 0.62 + 0.24 * len(shown))
        said: list[str] = []
        for row, case in enumerate(shown):
            if case.model is None:
                continue
            for column, stage in enumerate(stages):
                frozen = stage in case.model.frozen_stages
                box = axes.add_patch(
                    Rectangle(
                        (column + 0.05, row + 0.14), 0.9, 0.72, facecolor=FROZEN if frozen else TRAINED,
                        edgecolor="#666666" if frozen else COLOURS[0], lw=0.8, hatch="////" if frozen else None,
                    )
                )  # fmt: skip
                mark(box, case.case.name)
            size = axes.text(len(stages) + 0.12, row + 0.5, spanish.number(case.model.parameters_trainable),
                             va="center", ha="left", fontsize=7)  # fmt: skip
            mark(size, case.case.name)
            said.append(f"{case.label}, {', '.join(case.model.frozen_stages) or 'ninguna'}")
        axes.set(xlim=(0, len(stages) + 2.1), ylim=(len(shown), -0.05), ylabel=factor)
        small = 7 if max(map(len, names)) < 13 else 5.5
        axes.set_yticks([i + 0.5 for i in range(len(shown))], names, fontsize=small, linespacing=0.95)
        axes.set_xticks(
            [*(i + 0.5 for i in range(len(stages))), len(stages) + 1.05],
            [*stages, "entrenables"],
            fontsize=7 if max(map(len, stages)) < 8 else 5.5,
        )
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.legend(
            handles=[
                Rectangle((0, 0), 1, 1, facecolor=TRAINED, edgecolor=COLOURS[0], lw=0.8, label="se entrena"),
                Rectangle((0, 0), 1, 1, facecolor=FROZEN, edgecolor="#666666", lw=0.8, hatch="////", label="congelada"),
            ],
            loc="upper center", bbox_to_anchor=(0.4, -0.02), ncols=2,
        )  # fmt: skip
        return finish(made, name, f"Etapas congeladas por configuración: {'; '.join(said)}.")
