"""Listings: the study as its file declares it, the code that builds its network, and how it is trained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import yaml

from benchsuite.contracts.recipe import Phase
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Listing, Paragraph
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import spoken

DECLARED = ("dataset", "model", "recipe", "vary", "cases", "exclude", "seeds", "search")
"""What a suite says of its runs, in the order of its listing."""
LONG = 56
"""Letters of a line that a column holds."""
NARROW = 20
"""Letters behind which YAML breaks a line at the least."""
MOST_LINES = 54
"""Lines that leave a page room for other things."""


def design_blocks(study: PaperContext) -> list[Block]:
    """The design in YAML, as one would write it to make the study."""
    if not study.asks_for("fig-listing"):
        return []
    suite = study.material.suite
    declared = suite.model_dump(mode="json", include=set(DECLARED), exclude_unset=True)
    # What an attached suite spells out without need is left out as it is in its file.
    declared["cases"] = [{key: value for key, value in case.items() if value} for case in declared.get("cases", ())]
    text = _yaml({name: declared[name] for name in DECLARED if declared.get(name)})
    caption = say("caption-listing", file=markup.code(f"{suite.name}.yaml", "suite"))
    return [Paragraph(say("listing")), Listing("fig-listing", _shown(text), caption)]


def source_blocks(study: PaperContext) -> list[Block]:
    """The code of the network, where the material has it."""
    code = study.material.source
    if not study.asks_for("fig-source") or not code:
        return []
    shown = _shown(code)
    wide = max(map(len, shown.split("\n"))) > LONG
    text = say("source") + (f" {say('source-pretrained')}" if re.search(r"^def adapt\(", code, re.MULTILINE) else "")
    return [Paragraph(text), Listing("fig-source", shown, say("caption-source"), wide)]


def algorithm_blocks(study: PaperContext) -> list[Block]:
    """Training and validation as the engine does them, step by step: what no phase of the study has is left out, and
    what only some have says so. Nothing where the phases are not known."""
    phases = [phase for declared in study.material.phases.values() for phase in declared]
    if not study.asks_for("fig-algorithm") or not phases:
        return []
    steps = "\n".join(_steps(study, phases))
    caption = say("caption-algorithm")
    return [Paragraph(say("algorithm")), Listing("fig-algorithm", steps, caption, lang=spoken())]


def _steps(study: PaperContext, phases: Sequence[Phase]) -> Iterator[str]:
    several = max(map(len, study.material.phases.values())) > 1
    indent = 0

    def line(name: str, depth: int, have: Iterable[object] = (True,)) -> Iterator[str]:
        asked = [bool(one) for one in have]
        if any(asked):
            told = say(f"algorithm-{name}")
            some = "" if all(asked) else say("algorithm-some")
            yield f"{'  ' * (indent + depth)}{told.removesuffix(':')}{some}{':' if told.endswith(':') else ''}"

    cases = [case.case for case in study.findings.cases]
    gathers = [phase.accumulate > 1 for phase in phases]
    stops = [phase.early_stopping is not None for phase in phases]
    monitors = {phase.monitor for phase in phases}
    if several:
        yield say("algorithm-phases")
        indent = 1
    yield from line("freeze", 0, map(_freezes, phases))
    yield from line("optimizer", 0)
    yield from line("epochs-patience", 0, stops) if any(stops) else line("epochs", 0)
    yield from line("shuffle", 1)
    yield from line("batches", 1)
    yield from line("augment", 2, (case.dataset.parameters.get("augmentation") for case in cases))
    yield from line(
        "mix", 2, (case.recipe.parameters.get("mixup") or case.recipe.parameters.get("cutmix") for case in cases)
    )
    yield from line("loss", 2)
    yield from line("l1", 2, (phase.l1 for phase in phases))
    yield from line("gradient", 2)
    yield from line("accumulate", 2, gathers)
    depth = 3 if any(gathers) else 2
    yield from line("clip", depth, (phase.gradient_clip is not None for phase in phases))
    yield from line("step", depth)
    yield from line("ema", depth, (_averages(phase, "ema") for phase in phases))
    yield from line("schedule", depth, (_moves(phase) and phase.scheduler.by_step for phase in phases))
    yield from line("swa", 1, (_averages(phase, "swa") for phase in phases))
    yield from line("schedule", 1, (_moves(phase) and not phase.scheduler.by_step for phase in phases))
    yield from line("validate", 1)
    yield from line(monitors.pop() if len(monitors) == 1 else "monitor", 1)
    yield from line("keep", 2)
    yield from line("restore", 0)
    yield say("algorithm-test")


def _moves(phase: Phase) -> bool:
    """Whether the learning rate changes."""
    rate = phase.scheduler
    return rate.name != "constant" or bool(rate.warmup_epochs or rate.warmup_steps)


def _averages(phase: Phase, name: str) -> bool:
    return phase.averaging is not None and phase.averaging.name == name


def _freezes(phase: Phase) -> bool:
    policy = phase.freeze
    return bool(policy.blocks or policy.stages or policy.train_last is not None or policy.stem == "always")


def _yaml(content: object) -> str:
    """YAML in lines that a column holds where they can be broken so; YAML ends a line with the entry that passes its
    width."""
    text = ""
    for width in range(LONG, NARROW - 1, -4):
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=width)
        if max(map(len, text.split("\n"))) <= LONG:
            break
    return text


def _shown(text: str) -> str:
    """Foreign text as it is, without what could not be set, and no longer than a listing may be."""
    lines = markup.clean(text, "listing").expandtabs(4).rstrip().split("\n")
    cut = [*lines[: MOST_LINES - 1], "…"] if len(lines) > MOST_LINES else lines
    return "\n".join(line.rstrip() for line in cut)
