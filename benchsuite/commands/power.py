"""What `benchsuite plan` says of the power of a study: the smallest difference that a fixed number of seeds finds.

It reads records, to know how much differences vary, and needs scipy: it is told where it is asked for, and no plan that
only counts its runs waits for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from benchsuite.commands.console import count

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.engine.task import RunTask

ENOUGH_RUNS = 1000
"""Read of those that are done: more change the power little."""


def power_words(study: Session, statuses: Mapping[str, str]) -> Iterator[str]:
    """What `power` knows in a line, nothing where it knows nothing."""
    from benchsuite.analysis.power import POWER
    from benchsuite.suite.cases.asked_metrics import metrics_of

    found = power(study, statuses)
    if found is None:
        return
    compared, size, deviation = found["metric"], found["size"], found["deviation"]
    line = f"power of {found['seeds']} fixed seeds: "
    if size is None:
        tested = "a claim" if compared is None else count(found["comparisons"], "comparison")
        yield f"{line}none, they are too few for a test of {tested}"
        return
    if compared is None:
        yield (
            f"{line}what a claim says of a mean, or of a difference, is shown with {POWER:.0%} where it is true by"
            f" {size:.2f} standard deviations over seeds"
        )
        return
    unit = metrics_of(study.preparation.plan.metrics)[compared].unit
    if deviation is None:
        told = f"{size:.2f} standard deviations of the differences within a seed"
        known = "how large that is, five seeds will tell"
    else:
        digits = unit.decimals + 1
        told = f"{unit.scale * size * deviation:.{digits}f} {unit.difference or unit.symbol}".rstrip()
        within = f"{unit.scale * deviation:.{digits}f}"
        known = f"by a standard deviation within a seed of {within}, from {found['known_from']} seeds"
    yield f"{line}differences of {compared} above {told} are found with {POWER:.0%} ({known})"


def power(study: Session, statuses: Mapping[str, str]) -> dict[str, Any] | None:
    """What differences the comparisons of the study find if all of its seeds are made and nobody looks before: the
    smallest `size`, in standard deviations of the paired differences, and the largest `deviation` that is known of them
    from runs that are done. Where claims alone are tested, the `metric` is None and the size that of each inequality of
    a claim, in standard deviations of its own quantity. None where nothing is tested, and where the results are those
    of the sample."""
    from benchsuite.analysis.power import smallest_size
    from benchsuite.analysis.results import Results
    from benchsuite.execution.due_runs import load_records
    from benchsuite.execution.measuring import measure
    from benchsuite.store.run_store import Store
    from benchsuite.suite.cases.asked_metrics import giving
    from benchsuite.suite.cases.baselines import baselines

    suite, plan = study.suite, study.preparation.plan
    pairs = baselines(suite, plan)
    if study.preparation.sample or not (pairs or suite.claims):
        return None
    seeds = len(plan.seeds) if plan.sequential is None else plan.sequential.at_most
    if suite.compare is None or not pairs:
        size = smallest_size(seeds, 1, plan.folds)
        return {"metric": None, "seeds": seeds, "comparisons": 0, "size": size, "deviation": None, "known_from": 0}
    done = _some_done(study, statuses, pairs)
    asked, store = giving(plan.metrics, {suite.compare.metric}), Store(study.preparation.runs_folder)
    records = measure(load_records(done.values()), asked, study.registry, store)
    known = Results(suite, plan, {of: task.key.key for of, task in done.items()}, records)
    deviation, known_from = known.deviation() or (None, 0)
    return {
        "metric": suite.compare.metric,
        "seeds": seeds,
        "comparisons": len(pairs),
        "size": smallest_size(seeds, len(pairs), plan.folds),
        "deviation": deviation,
        "known_from": known_from,
    }


def _some_done(study: Session, statuses: Mapping[str, str], pairs: Mapping[str, str]) -> dict[tuple[str, int], RunTask]:
    """The runs that are done, by case and seed, of as many whole comparisons as it takes to be enough."""
    of_case: dict[str, dict[tuple[str, int], RunTask]] = defaultdict(dict)
    for task in study.preparation.tasks:
        if statuses.get(task.key.key) == "done":
            of_case[task.spec.case.name][task.spec.case.name, task.spec.seed] = task
    found: dict[tuple[str, int], RunTask] = {}
    for case, other in pairs.items():
        if len(found) < ENOUGH_RUNS:
            found |= of_case[case] | of_case[other]
    return found
