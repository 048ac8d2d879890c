"""The kinds of machine of a study in words: what tells them apart, and which seeds each made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchsuite.analysis.findings import KindFindings, RefusedPair
from benchsuite.identity.numerics import Numerics
from benchsuite.paper.document import markup
from benchsuite.paper.language.catalogue import find, say
from benchsuite.paper.language.phrases import listing

FEW = 20
"""Seeds that are named one by one."""


def kind_titles(kinds: Sequence[KindFindings]) -> list[str]:
    """What the kinds are called, in the mini grammar: their devices, and what differs between those of one name."""
    return [_title(kind.numerics, [other.numerics for other in kinds]) for kind in kinds]


def _title(own: Numerics, every: Sequence[Numerics]) -> str:
    alike = [other for other in every if other.device_name == own.device_name]
    differing = [
        f"{find(f'numerics-{name}') or name} {getattr(own, name)}"
        for name in Numerics.model_fields
        if name != "precision" and len({getattr(other, name) for other in alike}) > 1
    ]
    return markup.literal(markup.line(", ".join([own.device_name, *differing]), "device"))


def mention_seeds(kind: KindFindings) -> str:
    """«la semilla 1», «las semillas 0, 2 y 4», «50 semillas»."""
    if len(kind.seeds) > FEW:
        return say("count-seed", n=len(kind.seeds))
    return say("the-seeds", n=len(kind.seeds), seeds=listing([str(seed) for seed in kind.seeds]))


def describe_refused(pairs: Iterable[RefusedPair]) -> str:
    """That pairs of runs are not compared, and why; nothing where there are none."""
    seeds = sorted({pair.seed for pair in pairs})
    if not seeds:
        return ""
    whose = say("the-seeds", n=len(seeds), seeds=listing([str(seed) for seed in seeds]))
    return say("refused-pairs", seeds=whose)
