"""A chain of studies: what each step hands on to the next, and whether that really begins from it.

Compared are settings, as the plans of the studies have them: what somebody writes of the chain proves nothing. The test
split is sealed until the chain has chosen, so a step chooses by validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from benchsuite.analysis.findings import CaseFindings, Findings
from benchsuite.identity.canonical import canonical
from benchsuite.registry import CASE_PARTS
from benchsuite.suite.cases.plan import Case
from benchsuite.suite.planning.expand import value_at

CHOSEN_BY = "validation_accuracy"
Begun = Literal["kept", "partly", "lost"]


@dataclass(frozen=True)
class Handed:
    """A setting of what a step hands on: its value there, and those that the cases of the next study have, each once;
    none where the next study has no such parameter."""

    path: str
    value: Any
    next: tuple[Any, ...]

    @property
    def kept(self) -> bool:
        """Whether some case of the next study has it."""
        return canonical(self.value) in map(canonical, self.next)


@dataclass(frozen=True)
class ChainStep:
    """A study of the chain. `chosen` is the case that it hands on, `first` are those that validation ranks first, of
    which there are several only where their means are the same.

    Of the next study's `cases`, `begin` have all that was handed on; both are 0 in the last step.
    """

    study: str
    findings: Findings
    chosen: CaseFindings
    first: tuple[CaseFindings, ...]
    handed: tuple[Handed, ...] = ()
    begin: int = 0
    cases: int = 0

    @property
    def begun(self) -> Begun | None:
        """Whether all, some or none of the next study's cases begin from the choice; None in the last step."""
        if not self.cases:
            return None
        return "kept" if self.begin == self.cases else "partly" if self.begin else "lost"

    @property
    def by_validation(self) -> bool:
        """Whether validation ranks what is handed on first."""
        return self.chosen.case.name in {case.case.name for case in self.first}


def chain(studies: Mapping[str, Findings], carried: Mapping[str, str]) -> tuple[ChainStep, ...]:
    """The steps of finished studies, in their order. `carried` names the case that a study is declared to hand on; the
    others hand on the one that validation ranks first."""
    steps = []
    for study, findings in studies.items():
        first = _first(findings.cases)
        chosen = findings.case(carried[study]) if study in carried else first[0]
        steps.append(ChainStep(study, findings, chosen, first))
    return (*(_hand_on(step, after.findings) for step, after in pairwise(steps)), *steps[-1:])


def _first(cases: Sequence[CaseFindings]) -> tuple[CaseFindings, ...]:
    """The cases of the largest mean accuracy of validation; all of them where none has a result."""
    means = [case.estimates[CHOSEN_BY].mean for case in cases if CHOSEN_BY in case.estimates]
    if not means:
        return tuple(cases)
    best = max(means)
    return tuple(c for c in cases if CHOSEN_BY in c.estimates and c.estimates[CHOSEN_BY].mean == best)


def _hand_on(step: ChainStep, after: Findings) -> ChainStep:
    cases = [case.case for case in after.cases]
    chosen, handed, keeping = step.chosen.case, [], set(range(len(cases)))
    for path in _paths(step.findings):
        there, value = value_at(chosen, path)
        if not there:  # a parameter that only other cases of the study have
            continue
        found = {at: other for at, case in enumerate(cases) for known, other in [value_at(case, path)] if known}
        keeping &= {at for at, other in found.items() if canonical(other) == canonical(value)}
        different = {canonical(other): other for other in found.values()}
        handed.append(Handed(path, value, tuple(different.values())))
    return replace(step, handed=tuple(handed), begin=len(keeping), cases=len(cases))


def _paths(findings: Findings) -> list[str]:
    """The parameters in which the cases of a study differ."""
    return list(dict.fromkeys(path for case in findings.cases for path in _set_paths(case.case)))


def _set_paths(case: Case) -> list[str]:
    """What a case sets, a component that is set as a whole by its name and each of the parameters given with it."""
    paths = []
    for path, value in case.settings.items():
        if path not in CASE_PARTS:
            paths.append(path)
        elif isinstance(value, Mapping):
            paths += [f"{path}.{name}" for name in value]
        else:
            paths.append(f"{path}.name")
    return paths
