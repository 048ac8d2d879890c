"""Listings: the study as its file declares it, and the code that builds its network."""

from __future__ import annotations

import yaml

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Listing, Paragraph
from benchsuite.paper.language.catalogue import say

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
    return [Paragraph(say("source")), Listing("fig-source", shown, say("caption-source"), wide)]


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
