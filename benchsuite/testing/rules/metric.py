"""The rules of metrics: one number of any predictions, within what is declared, and the same one each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchsuite.execution.measuring import Ruler
from benchsuite.registry.declarations import declared_metric
from benchsuite.suite.cases.plan import PlannedMetric
from benchsuite.suite.cases.resolver import component
from benchsuite.testing.harness.outcomes import Broken, Inapplicable, check, join_some
from benchsuite.testing.harness.reference_components import made_up_predictions
from benchsuite.testing.harness.subprocess_check import compute_metric, in_new_process
from benchsuite.testing.rules.rule import Rule, rule_declarer

if TYPE_CHECKING:
    from benchsuite.contracts.metric import Predicted
    from benchsuite.testing.harness.subject import Subject

RULES: list[Rule] = []
rule = rule_declarer(RULES)

SPLITS = {
    "of ten classes": made_up_predictions(),
    "of two classes": made_up_predictions(classes=2),
    "of a hundred classes": made_up_predictions(images=400, classes=100),
    "with a class that has no image": made_up_predictions(absent=1),
    "of one class alone": made_up_predictions(absent=9),
    "of one image": made_up_predictions(images=1),
    "that are all right": made_up_predictions(skill=1.0),
    "that are all wrong": made_up_predictions(skill=-1.0),
    "that are sure of everything": made_up_predictions(sure=True),
}
"""Predictions as runs leave them."""
ALIKE = 1e-9


@rule(
    "it says what it is",
    means="Papers in either language name it, suites choose by its direction, and intervals are cut at its bounds; "
    "what it needs must be what runs keep.",
    remedy="declare higher_is_better, needs, least and most as the contract has them, and give a title in es and in "
    "en.",
)
def says_what_it_is(subject: Subject) -> str:
    facts = declared_metric(subject.entry, subject.params)
    way = "higher" if facts.higher_is_better else "lower"
    most = "without bound" if facts.most is None else f"{facts.most:g}"
    return f"{facts.titles['es']}; {facts.titles['en']}; {way} is better, from {facts.least:g} to {most}"


@rule(
    "it gives one number within its bounds, or None",
    means="A NaN, a vector or an exception would end the making of a paper whose runs are all done.",
    remedy="return a float; None where there is no value, as where a class has no image; and declare least and most so "
    "that every value is within.",
)
def one_number(subject: Subject) -> str:
    values = {what: _value(subject, split, what) for what, split in SPLITS.items()}
    check(any(value is not None for value in values.values()), "it has no value for any of the predictions")
    none = [what for what, value in values.items() if value is None]
    return f"no value for predictions {join_some(none)}" if none else "a value for all of them"


@rule(
    "right predictions are no worse than wrong ones",
    means="A direction that is the wrong way round makes claims and searches choose the worst.",
    remedy="set higher_is_better to what your metric says.",
)
def right_is_better(subject: Subject) -> None:
    right, wrong = (_value(subject, SPLITS[f"that are all {how}"], how) for how in ("right", "wrong"))
    if right is None or wrong is None:
        raise Inapplicable("it has no value for one of them")
    sign = 1 if subject.component.higher_is_better else -1
    check(
        sign * right >= sign * wrong,
        f"all right has {right:g}, all wrong {wrong:g}, which it says is better",
    )


@rule(
    "it needs no more than it says",
    means="What it says that it needs is what is looked for in the predictions of a run.",
    remedy="name probabilities among its needs where it reads them.",
)
def needs_no_more(subject: Subject) -> None:
    if "probabilities" in subject.component.needs:
        raise Inapplicable("it says that it needs the probabilities, from which all else follows")
    split = SPLITS["of ten classes"]
    other = np.eye(len(split.classes), dtype=np.float32)[split.predictions]
    before, after = _value(subject, split, ""), _value(subject, _with(split, other, split.labels), "")
    check(before == after, f"other probabilities of the same predictions give {after}, and not {before}")


@rule(
    "the same predictions give the same value",
    means="Values are kept beside runs, and a paper is checked against them: they must come out so on any day.",
    remedy="draw nothing at random, read no file and no clock, leave the arrays as they are, and sum so that the order "
    "of images does not matter.",
)
def same_value(subject: Subject) -> None:
    split = SPLITS["of ten classes"]
    first, second = _value(subject, split, ""), _value(subject, split, "")
    check(first == second, f"a second call gives {second}, and not {first}")
    there = in_new_process(subject, compute_metric, subject.origin, subject.given, split, hash_seed=4)
    check(first == there, f"another process gives {there}, and not {first}")
    order = np.random.default_rng(0).permutation(len(split.labels))
    turned = _value(subject, _with(split, split.probabilities[order], split.labels[order]), "")
    same = turned == first or (turned is not None and first is not None and abs(turned - first) < ALIKE)
    check(same, f"the images in another order give {turned}, and not {first}")


def _with(split: Predicted, probabilities: np.ndarray, labels: np.ndarray) -> Predicted:
    from benchsuite.contracts.metric import Predicted

    return Predicted(probabilities, labels, split.classes)


def _value(subject: Subject, split: Predicted, what: str) -> float | None:
    """The metric of a split. Raises Broken where it gives what is no value."""
    from benchsuite.errors import BenchsuiteError

    entry, params = subject.entry, subject.params
    planned = PlannedMetric(
        id=entry.name,
        component=component(entry, params.model_dump(mode="json")),
        **vars(declared_metric(entry, params)),
    )
    try:
        return Ruler(planned, entry).value(split, f"predictions {what}")
    except BenchsuiteError as error:
        raise Broken(error.what) from error
