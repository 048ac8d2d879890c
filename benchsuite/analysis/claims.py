"""Claims against results: each condition is a set of inequalities, and each inequality has a test.

An inequality says that a quantity, of which every seed gives a value, is positive: a mean less a bound, or a paired
difference. Both it and its contrary are tested by flipping signs, one-sided at 2.5 % (so that with no_worse_than and
within they are the two one-sided tests of an equivalence: Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987). A claim
holds when every inequality does, which needs no correction (Berger, Technometrics 24, 1982), and fails when the
contrary of one is shown, corrected for their number (Holm's first step); else it is open.

Over folds each test is the corrected t of `intervals.one_sided_t`: signs may not be flipped there.

With sequential seeds the p of an inequality is that of `analysis.sequential` over all looks so far. An inequality that
is shown at a look stays so, and the first look after which the claim holds, or fails, gives the verdict, on the seeds
that it had.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from benchsuite.analysis.comparisons import Measured, fold_pairs_needed, one_sided, pair
from benchsuite.analysis.findings import ClaimFindings, Inequality, RefusedPair, Verdict
from benchsuite.analysis.intervals import mean_estimate, one_sided_t
from benchsuite.analysis.sequential import adjusted, crossing, flipped_sums
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.folds import Folds
from benchsuite.suite.schema.sequential import LEVEL, Sequential

Find = Callable[[object], str | None]
"""The name of the case that a reference means."""


class Parts(NamedTuple):
    """What an inequality says: sign * (case - factor * other) + bound > 0, or without another sign * case + bound."""

    case: str
    other: str | None
    sign: float
    factor: float
    bound: float


@dataclass(frozen=True)
class Evidence:
    """A claim, and what the runs tell of it. To judge it raises ValueError for a case that is none, which the suite's
    own checks exclude."""

    claim: Claim
    find: Find
    measured: Mapping[str, Measured]
    """Every case of the plan, in order, for the claim's metric."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """The number of the kind of machine of each run, by its key."""
    sign: int = 1
    """-1 where smaller values of the metric are better."""

    def of_first(self, seeds: int) -> Evidence:
        """What the seeds 0 to `seeds` - 1 tell."""
        return replace(self, measured=first_seeds(self.measured, seeds))

    def parts(self) -> tuple[Parts, ...]:
        """The inequalities that the claim consists of."""
        return tuple(_parts(self))

    def quantities(self, parts: Parts) -> tuple[dict[int, float], tuple[RefusedPair, ...]]:
        """By their seeds, the values of the quantity that an inequality says is positive, and the pairs that have
        none."""
        case, other, sign, factor, bound = parts
        values = self.measured[case]
        if other is None:
            return {seed: sign * values[seed][1] + bound for seed in sorted(values)}, ()
        against = self.measured[other]
        seeds, refused = pair(values, against, self.kinds)
        return {seed: sign * (values[seed][1] - factor * against[seed][1]) + bound for seed in seeds}, refused

    def tested(self) -> list[dict[int, float]]:
        """Of each inequality, the values that it says are positive."""
        return [self.quantities(parts)[0] for parts in self.parts()]


def judge_at_looks(evidence: Evidence, design: Sequential, looks: int) -> ClaimFindings:
    """What becomes of a claim after the first `looks` looks of sequential seeds."""
    verdict, look = decision(evidence, design, looks)
    if look == 0:  # so that nothing is tested
        return replace(judge(evidence.of_first(0)), seeds_needed=design.looks[0])
    seeds, way = design.looks[look - 1], -1 if verdict == "fails" else 1
    ps = [adjusted(way * flipped_sums(values, design, look), design) for values in evidence.tested()]
    return replace(
        judge(evidence.of_first(seeds)),
        verdict=verdict,
        seeds_needed=None,
        decided_with=None if verdict == "open" else seeds,
        p_adjusted=min(1.0, len(ps) * min(ps)) if verdict == "fails" else max(ps, default=0.0),
    )


def decision(evidence: Evidence, design: Sequential, looks: int) -> tuple[Verdict, int]:
    """The verdict on a claim after the first `looks` looks of sequential seeds, and the look, from 1, that gives it:
    the last one where the claim is open."""
    if looks == 0:
        return "open", 0
    tests = evidence.tested()
    holds, fails = 0, looks
    for values in tests:
        sums = flipped_sums(values, design, looks)
        shown, refuted = crossing(sums, design, LEVEL), crossing(-sums, design, LEVEL / len(tests))
        holds = max(holds, looks if shown is None else shown)
        fails = min(fails, looks if refuted is None else refuted)
    if holds == fails == looks:
        return "open", looks
    return ("holds", holds + 1) if holds <= fails else ("fails", fails + 1)


def first_seeds(measured: Mapping[str, Measured], seeds: int) -> dict[str, Measured]:
    """What was measured of the seeds 0 to `seeds` - 1."""
    return {case: {seed: value for seed, value in values.items() if seed < seeds} for case, values in measured.items()}


def judge(evidence: Evidence, folds: Folds | None = None) -> ClaimFindings:
    """What becomes of a claim; `folds` are what the runs were validated on."""
    inequalities = tuple(_inequality(parts, evidence, folds) for parts in evidence.parts())
    known = [part for part in inequalities if part.shown is not None and part.refuted is not None]
    whole = len(known) == len(inequalities)
    verdict: Verdict
    if whole and all(part.shown is not None and part.shown < LEVEL for part in known):
        verdict = "holds"
    elif any(part.refuted is not None and part.refuted * len(inequalities) < LEVEL for part in known):
        verdict = "fails"
    else:
        verdict = "open"
    needed = _seeds_needed(len(inequalities)) if folds is None else fold_pairs_needed(folds)
    fewest = min((part.quantity.n if part.quantity else 0 for part in inequalities), default=0)
    return ClaimFindings(
        claim=evidence.claim,
        verdict=verdict,
        inequalities=inequalities,
        seeds_needed=needed if verdict == "open" and fewest < needed else None,
    )


def _parts(evidence: Evidence) -> Iterator[Parts]:
    claim, find, every, better = evidence.claim, evidence.find, list(evidence.measured), float(evidence.sign)
    cases = [_found(find, reference) for reference in claim.cases] if claim.cases is not None else list(every)
    match claim.condition:
        case "at_least":
            yield from (Parts(case, None, 1.0, 0.0, -_number(claim.at_least)) for case in cases)
        case "at_most":
            yield from (Parts(case, None, -1.0, 0.0, _number(claim.at_most)) for case in cases)
        case "better_than":
            other = _found(find, claim.better_than)
            yield from (Parts(case, other, better, 1.0, 0.0) for case in cases)
        case "no_worse_than":
            other = _found(find, claim.no_worse_than)
            yield from (_close(claim, case, other, better, _number(claim.margin)) for case in cases)
        case "best_of":
            others = [_found(find, reference) for reference in claim.others] or every
            yield from (Parts(cases[0], other, better, 1.0, 0.0) for other in others if other != cases[0])
        case "monotone":
            way = 1.0 if claim.monotone == "increasing" else -1.0
            yield from (Parts(later, earlier, way, 1.0, 0.0) for earlier, later in itertools.pairwise(cases))
        case _:
            for one, other in itertools.combinations(cases, 2):
                yield _close(claim, one, other, 1.0, _number(claim.within))
                yield _close(claim, one, other, -1.0, _number(claim.within))


def _close(claim: Claim, case: str, other: str, sign: float, margin: float) -> Parts:
    """sign * (case - other) > -margin, or with a relative margin > -margin * other."""
    factor, bound = (1.0 - sign * margin, 0.0) if claim.relative else (1.0, margin)
    return Parts(case, other, sign, factor, bound)


def _inequality(parts: Parts, evidence: Evidence, folds: Folds | None) -> Inequality:
    case, other, kinds = parts.case, parts.other, evidence.kinds
    values = evidence.measured[case]
    against: Measured = evidence.measured[other] if other is not None else {}
    of_seeds, refused = evidence.quantities(parts)
    seeds, quantity = list(of_seeds), list(of_seeds.values())
    plain = [values[seed][1] - (against[seed][1] if other is not None else 0.0) for seed in seeds]
    runs = [values[seed][0] for seed in seeds]
    own, overlap = [kinds.get(run, 0) for run in runs], 0.0 if folds is None else folds.overlap
    runs += [against[seed][0] for seed in seeds] if other is not None else []
    return Inequality(
        case=case,
        other=other,
        quantity=mean_estimate(plain, runs, own if other is None else (), overlap) if seeds else None,
        slack=math.fsum(quantity) / len(quantity) if seeds else None,
        shown=_shown(quantity, folds) if seeds else None,
        refuted=_shown([-value for value in quantity], folds) if seeds else None,
        refused_pairs=refused,
    )


def _shown(values: Sequence[float], folds: Folds | None) -> float:
    """One-sided p of the values being above 0 in the mean; nothing is shown by fewer folds than a test needs."""
    if folds is None:
        return one_sided(values)
    return one_sided_t(values, folds.overlap) if len(values) >= fold_pairs_needed(folds) else 1.0


def _seeds_needed(inequalities: int) -> int:
    """Fewest seeds with which a claim may hold and may fail: the smallest one-sided p of n signs is 1 / 2**n."""
    return next(n for n in itertools.count(1) if inequalities / 2**n < LEVEL)


def _found(find: Find, reference: object) -> str:
    name = find(reference)
    if name is None:
        raise ValueError(f"no case is meant by {reference!r}")
    return name


def _number(value: float | None) -> float:
    if value is None:
        raise ValueError("the claim has no such value")
    return value
