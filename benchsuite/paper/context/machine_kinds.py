"""The kinds of machine of a study in words: what tells them apart, and which seeds each made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchsuite.analysis.findings import KindFindings, RefusedPair
from benchsuite.identity.numerics import Numerics
from benchsuite.paper.document import markup
from benchsuite.paper.language import spanish

FEW = 20
"""Seeds that are named one by one."""
WORDS = {"driver": "controlador", "cores": "núcleos", "capability": "instrucciones", "threads": "hilos"}
"""What differs between devices of one name; libraries have their own."""


def kind_titles(kinds: Sequence[KindFindings]) -> list[str]:
    """What the kinds are called, in the mini grammar: their devices, and what differs between those of one name."""
    return [_title(kind.numerics, [other.numerics for other in kinds]) for kind in kinds]


def _title(own: Numerics, every: Sequence[Numerics]) -> str:
    alike = [other for other in every if other.device_name == own.device_name]
    differing = [
        f"{WORDS.get(name, name)} {getattr(own, name)}"
        for name in Numerics.model_fields
        if name != "precision" and len({getattr(other, name) for other in alike}) > 1
    ]
    return markup.literal(markup.line(", ".join([own.device_name, *differing]), "device"))


def mention_seeds(kind: KindFindings) -> str:
    """«la semilla 1», «las semillas 0, 2 y 4», «50 semillas»."""
    if len(kind.seeds) == 1:
        return f"la semilla {kind.seeds[0]}"
    if len(kind.seeds) > FEW:
        return spanish.count(len(kind.seeds), "semilla")
    return f"las semillas {spanish.listing([str(seed) for seed in kind.seeds])}"


def describe_refused(pairs: Iterable[RefusedPair]) -> str:
    """That pairs of runs are not compared, and why; nothing where there are none."""
    seeds = sorted({pair.seed for pair in pairs})
    if not seeds:
        return ""
    whose = spanish.listing([str(seed) for seed in seeds])
    return (
        f"No se comparan las ejecuciones de {'la semilla' if len(seeds) == 1 else 'las semillas'} {whose} que se "
        "hicieron en tipos de máquina distintos, porque su diferencia sería también la de las máquinas."
    )
