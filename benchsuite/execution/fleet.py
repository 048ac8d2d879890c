"""The kinds of machine that make a study, and which of its seeds each makes: kept beside its paper, so that every
command plans the same runs wherever it is started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchsuite.atomic_files import write_text
from benchsuite.identity.numerics import ChosenDevice, MachineFacts, Numerics, makes
from benchsuite.store.run_store import stores_below
from benchsuite.suite.schema.suite import Devices, Suite

FILE = "fleet.json"
Finished = Mapping[tuple[int, Numerics], int]
"""How many runs of a study are done, by their seed and what they were made with."""


class Fleet(BaseModel):
    """Kinds of machine, of which the first makes every seed that `seeds` does not give to another by its number.
    `slots` is how many runs each made at once when it was chosen: its share of the seeds; `device` is what they were
    chosen for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: Annotated[tuple[MachineFacts, ...], Field(min_length=1)]
    slots: tuple[Annotated[int, Field(ge=1)], ...]
    seeds: Mapping[int, int] = {}
    device: ChosenDevice = "auto"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.slots) != len(self.kinds) or not set(self.seeds.values()) <= set(range(len(self.kinds))):
            raise ValueError("slots and seeds are not those of the kinds")
        return self

    @property
    def makers(self) -> tuple[MachineFacts, ...]:
        """The kinds that have a seed to make."""
        return tuple(self.kinds[number] for number in sorted(set(self.seeds.values()) or {0}))

    def number(self, seed: int) -> int:
        """Which of the kinds makes the runs of a seed."""
        return self.seeds.get(seed, 0)

    def kind(self, seed: int) -> MachineFacts:
        return self.kinds[self.number(seed)]

    def dealt(self, seeds: Iterable[int]) -> Fleet:
        """With a kind for each of `seeds`. Those that have one keep it; each other goes, in order, to the kind that is
        furthest behind its share (Sainte-Laguë's method), so that seeds added later move none."""
        found = dict(self.seeds)
        had = Counter(found.values())
        for seed in seeds:
            if seed not in found:
                found[seed] = max(range(len(self.kinds)), key=lambda kind: self.slots[kind] / (2 * had[kind] + 1))
                had[found[seed]] += 1
        return self.model_copy(update={"seeds": found})


def deal(fleet: Fleet | None, suite: Suite, seeds: Iterable[int]) -> Fleet | None:
    """The fleet with a kind for each seed of a suite that divides them, and for these. All trials of a search have one
    seed, which comes first: the kind with the most slots makes them."""
    if fleet is None or suite.devices == "one":
        return fleet
    first = [suite.search.seed] if suite.search is not None else []
    return fleet.dealt([*first, *suite.seed_values, *seeds])


def choose_fleet(
    devices: Devices,
    device: ChosenDevice,
    slots: Mapping[MachineFacts, int],
    known: Fleet | None,
    finished: Callable[[], Finished],
) -> Fleet:
    """The fleet of a study, given the kinds that are there with their `slots`, what made it so far, and its runs that
    are done, which are asked for only where they matter.

    With `one` that is the kind with the most finished runs, else the one that was at work, else the one with the most
    slots. With `by_seed` what was dealt stays so; else seeds with finished runs stay with the kind that has most of
    them, if it is there.
    """
    ranked = sorted(slots, key=lambda kind: (-slots[kind], kind.model_dump_json()))
    if devices == "by_seed" and known is not None and known.seeds:
        return known
    done = finished() if len(ranked) > 1 else {}
    made: dict[int, Counter[int]] = {number: Counter() for number in range(len(ranked))}
    for (seed, numerics), runs in done.items():
        for number, kind in enumerate(ranked):
            if makes(kind, numerics):
                made[number][seed] += runs
    if devices == "one":
        before = known.kinds[0] if known is not None else None
        best = max(made, key=lambda number: (made[number].total(), ranked[number] == before))
        return Fleet(kinds=(ranked[best],), slots=(slots[ranked[best]],), device=device)
    begun = sorted({seed for seeds in made.values() for seed in seeds})
    kept = {seed: max(made, key=lambda number: made[number][seed]) for seed in begun}
    return Fleet(kinds=tuple(ranked), slots=tuple(slots[kind] for kind in ranked), seeds=kept, device=device)


def finished(suite: Suite, results: Path) -> Finished:
    """The finished runs of a suite below a results folder, those of smoke runs included."""
    return Counter(
        (record.spec.seed, record.environment.numerics)
        for store in stores_below(results)
        for record in store.records()
        if record.status == "done" and record.spec.suite == suite.name
    )


def remembered(suite: Suite, results: Path, device: ChosenDevice) -> Fleet | None:
    """What a suite with its paper below `results` was made on, if it was for this device, and not on the machine of
    whoever asked for it."""
    with suppress(OSError, ValueError):
        known = Fleet.model_validate_json((results / suite.name / FILE).read_text(encoding="utf-8"))
        if (known.device == "cpu") == (device == "cpu"):
            one = {"kinds": known.kinds[:1], "slots": known.slots[:1], "seeds": {}}
            return known if suite.devices == "by_seed" else known.model_copy(update=one)
    return None


def remember(suite: Suite, results: Path, fleet: Fleet | None) -> None:
    """Keep it; None where the study is made on the machine at hand. Raises StoreError."""
    path = results / suite.name / FILE
    if fleet is not None:
        write_text(path, fleet.model_dump_json(indent=1) + "\n")
    else:
        with suppress(OSError):
            path.unlink()
