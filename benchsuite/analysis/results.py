"""What the runs of a suite left, as analysis takes it: enough to compute every number of a paper again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchsuite.analysis.findings import Findings
from benchsuite.analysis.seed_image_anova import Outcomes
from benchsuite.analysis.summary import study
from benchsuite.store.record import RunRecord
from benchsuite.suite.cases.baselines import baselines
from benchsuite.suite.cases.plan import Plan
from benchsuite.suite.prose.references import Vocabulary
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
            metric=compare.metric if compare else "test_accuracy",
            factor=compare.factor if compare else None,
            claims=self.suite.claims,
            find=Vocabulary(self.suite, self.plan.cases).find,
            outcomes=self.outcomes,
        )
