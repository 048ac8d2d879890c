"""The kinds of machine that finished runs were made on: those of one kind could all have been made on one machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchsuite.analysis.findings import KindFindings
from benchsuite.identity.numerics import Numerics
from benchsuite.store.record import RunRecord


@dataclass
class _Group:
    """Runs that one machine could have made. Its precision of a case is the same for all seeds, and may be another than
    that of other cases."""

    of_case: dict[str, Numerics] = field(default_factory=dict)
    different: list[Numerics] = field(default_factory=list)
    records: list[RunRecord] = field(default_factory=list)

    def fits(self, case: str, made: Numerics) -> bool:
        return self.of_case.get(case, made) == made and all(map(made.shares_machine, self.different))

    def add(self, case: str, made: Numerics, record: RunRecord) -> None:
        self.of_case[case] = made
        if made not in self.different:
            self.different.append(made)
        self.records.append(record)


def kinds_of(records: Iterable[RunRecord]) -> tuple[KindFindings, ...]:
    """The kinds, that with the most runs first."""
    groups: list[_Group] = []
    for record in records:
        case, made = record.spec.case.name, record.environment.numerics
        group = next((group for group in groups if group.fits(case, made)), None)
        if group is None:
            groups.append(group := _Group())
        group.add(case, made, record)
    groups.sort(key=lambda group: -len(group.records))
    return tuple(
        KindFindings(
            numerics=group.different[0],
            seeds=tuple(sorted({record.spec.seed for record in group.records})),
            runs=tuple(record.key for record in group.records),
        )
        for group in groups
    )


def kind_numbers(kinds: Iterable[KindFindings]) -> dict[str, int]:
    """Which of the kinds each run is of, from 0, by the run's key."""
    return {run: number for number, kind in enumerate(kinds) for run in kind.runs}
