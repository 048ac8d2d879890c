"""What the runs of a suite left, as analysis takes it: enough to compute every number of a paper again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from statistics import stdev

from benchsuite.analysis.claims import Evidence, decision
from benchsuite.analysis.findings import Findings
from benchsuite.analysis.intervals import FEWEST_SEEDS
from benchsuite.analysis.kinds import kind_numbers, kinds_of
from benchsuite.analysis.seed_image_anova import Outcomes
from benchsuite.analysis.summary import looks_so_far, measured, runs_of, study
from benchsuite.store.record import RunRecord
from benchsuite.suite.cases.asked_metrics import metrics_of
from benchsuite.suite.cases.baselines import baselines
from benchsuite.suite.cases.plan import Plan
from benchsuite.suite.prose.references import Vocabulary
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.suite import Suite


@dataclass(frozen=True)
class Results:
    """A suite, its plan, and the records of its runs.

    `keys` maps (case, seed) to the run's key and `records` a key to its record; both may lack runs. `outcomes` maps
    the key of a finished run to the test images that it has right.
    """

    suite: Suite
    plan: Plan
    keys: Mapping[tuple[str, int], str]
    records: Mapping[str, RunRecord]
    outcomes: Mapping[str, Outcomes] = field(default_factory=dict)

    def findings(self) -> Findings:
        """All that may be said of them."""
        compare = self.suite.compare
        return study(
            self.plan,
            self.keys,
            self.records,
            baselines=baselines(self.suite, self.plan),
            metric=compare.metric if compare else "test_accuracy" if self.plan.folds is None else "validation_accuracy",
            factor=compare.factor if compare else None,
            claims=self.suite.claims,
            find=Vocabulary(self.suite, self.plan.cases).find,
            outcomes=self.outcomes,
        )

    def deviation(self) -> tuple[float, int] | None:
        """The largest standard deviation of the paired differences of what is compared, with the seeds that it comes
        from; None while no comparison has `FEWEST_SEEDS`."""
        compare, runs = self.suite.compare, runs_of(self.plan, self.keys, self.records)
        if compare is None:
            return None
        values = measured(metrics_of(self.plan.metrics)[compare.metric], runs, {})
        found = []
        for case, other in baselines(self.suite, self.plan).items():
            shared = values[case].keys() & values[other].keys()
            if len(shared) >= FEWEST_SEEDS:
                found.append((stdev(values[case][seed][1] - values[other][seed][1] for seed in shared), len(shared)))
        return max(found, default=None)

    def seeds_so_far(self) -> tuple[int, ...]:
        """Which seeds are due or done: with sequential seeds those of the looks until every claim is decided, and while
        one is open those of the next."""
        sequential = looks_so_far(self.plan, runs_of(self.plan, self.keys, self.records))
        if sequential is None:
            return self.plan.seeds
        taken, looks, claims = sequential.taken, sequential.design.looks, [claim.id for claim in self.suite.claims]
        ended = next((look for look in range(1, taken + 1) if not self.open_after(look, claims)), taken + 1)
        return self.plan.seeds[: looks[min(ended, len(looks)) - 1]]

    def open_after(self, looks: int, claims: Collection[str]) -> tuple[str, ...]:
        """Which of these claims, by their ids, the first `looks` looks of sequential seeds leave open."""
        runs, design = runs_of(self.plan, self.keys, self.records), self.plan.sequential
        kinds = kinds_of(record for found in runs.values() for _, record in found if record.status == "done")
        of_kind = kind_numbers(kinds)
        find, metrics = Vocabulary(self.suite, self.plan.cases).find, metrics_of(self.plan.metrics)
        if design is None:
            raise ValueError("the seeds are not sequential")

        def is_open(claim: Claim) -> bool:
            metric = metrics[claim.metric]
            values = measured(metric, runs, of_kind)
            return decision(Evidence(claim, find, values, of_kind, metric.sign), design, looks)[0] == "open"

        return tuple(claim.id for claim in self.suite.claims if claim.id in claims and is_open(claim))
