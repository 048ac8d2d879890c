"""What commands say of sequential seeds: which looks there are, and what those that were taken have decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchsuite.commands.console import count

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.execution.seed_tasks import LookTaken
    from benchsuite.suite.schema.sequential import Sequential

FEW_LOOKS = 6
"""Looks that are listed one by one."""


def looks_words(study: Session) -> Iterator[str]:
    """Which looks there are and how far they are, a line each; nothing where the number of seeds is fixed."""
    design = study.preparation.plan.sequential
    if design is None:
        return
    looks = [str(seeds) for seeds in design.looks]
    listed = ", ".join(looks if len(looks) <= FEW_LOOKS else [*looks[:3], "…", looks[-1]])
    line = f"seeds until the claims are decided: {count(len(looks), 'look')}, at {listed} seeds"
    if design.looks[0] > design.at_least:
        line += f" (with fewer than {design.looks[0]}, no test could decide anything)"
    yield line
    for look in study.looks:
        if look.decided or look is study.looks[-1]:
            yield _look_words(design, look)


def new_looks_words(study: Session, told: int) -> Iterator[str]:
    """What the looks after the first `told` have found, a line each."""
    design = study.preparation.plan.sequential
    if design is not None:
        yield from (_look_words(design, look) for look in study.looks[told:])


def _look_words(design: Sequential, look: LookTaken) -> str:
    line = f"look {look.number} of {len(design.looks)}, with {look.seeds} seeds: "
    line += f"decided {'are' if len(look.decided) > 1 else 'is'} {', '.join(look.decided)}" if look.decided else ""
    if not look.open:
        return f"{line}, and with {'them' if len(look.decided) > 1 else 'it'} every claim: the study ends"
    line += ("; " if look.decided else "") + f"open: {', '.join(look.open)}"
    if look.number == len(design.looks):
        return f"{line}; this was the last look"
    return f"{line}; next with {design.looks[look.number]} seeds"


def as_json(study: Session) -> Mapping[str, Any]:
    """The same for programs, with how strict each look is. The seeds of the study are sequential."""
    from benchsuite.analysis.sequential import boundaries
    from benchsuite.suite.schema.sequential import LEVEL

    plan = study.preparation.plan
    assert plan.sequential is not None
    strict = zip(plan.sequential.looks, boundaries(plan.sequential, LEVEL), strict=True)
    return {
        **plan.sequential.model_dump(mode="json"),
        "looks": [{"seeds": seeds, "boundary": boundary} for seeds, boundary in strict],
        "taken": [asdict(look) for look in study.looks],
        "following": plan.following,
    }
