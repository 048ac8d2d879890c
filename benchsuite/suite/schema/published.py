"""Figures that other works publish, which the paper sets beside the study's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from benchsuite.metrics import METRICS
from benchsuite.suite.schema.base import Declared, Key, require_one
from benchsuite.suite.schema.claims import CaseReference, MetricName
from benchsuite.suite.source.problems import Problem, did_you_mean, one_of, shown
from benchsuite.suite.source.yaml_nodes import Node

FORMS = ("value", "between", "at_least", "at_most")
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Published(Declared):
    """What a work says of a metric, in the metric's own units (shares from 0 to 1, seconds, bytes): exactly one of
    `value`, `between`, `at_least` and `at_most`."""

    source: Key
    """The work that says so, one of the references."""

    metric: MetricName = "test_accuracy"
    """What it has measured."""

    cases: Annotated[tuple[CaseReference, ...], Field(min_length=1, max_length=1000)]
    """The cases here that repeat what it has measured; each has a row of its own."""

    value: Finite | None = None
    """The figure itself."""

    between: tuple[Finite, Finite] | None = None
    """The least and the greatest value that it may be."""

    at_least: Finite | None = None
    """It is this or more."""

    at_most: Finite | None = None
    """It is this or less."""

    @model_validator(mode="after")
    def _whole(self) -> Published:
        require_one(self, FORMS, f"what {self.source} publishes", "says no figure")
        if self.between is not None and self.between[0] >= self.between[1]:
            raise ValueError(f"what {self.source} publishes is between {self.between[0]:g} and {self.between[1]:g}; "
                             "the first must be the smaller one")  # fmt: skip
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that it may be; infinite where it has no such bound."""
        if self.between is not None:
            return self.between
        low = self.value if self.value is not None else self.at_least
        high = self.value if self.value is not None else self.at_most
        return -math.inf if low is None else low, math.inf if high is None else high


def published_problems(
    published: Sequence[Published],
    nodes: Sequence[Node],
    find: Callable[[object], str | None],
    names: Sequence[str],
    works: Sequence[str],
) -> list[Problem]:
    """Published figures of cases that the suite does not have, from works that it does not cite, and those that their
    metric cannot take.

    `find` gives the name of the case that a reference means; `names` are all of them, `works` the keys of the works.
    """
    problems = []
    for index, (figure, node) in enumerate(zip(published, nodes, strict=True)):
        path = f"published[{index}]"
        if figure.source not in works:
            what = f"the work {shown(figure.source)} is not among the references"
            near = did_you_mean(figure.source, works) or "add it to paper.bibliography"
            expected = one_of(works) if works else None
            problems.append(Problem((node.get("source") or node).mark, path, what, figure.source, expected, near))
        for reference in figure.cases:
            if find(reference) is None:
                what = f"no case is meant by {shown(reference)}"
                remedy = did_you_mean(str(reference), names)
                problems.append(Problem(node.mark, path, what, reference, one_of(names), remedy))
        metric = METRICS.get(figure.metric)
        for bound in figure.bounds:
            if metric is not None and math.isfinite(bound) and not metric.least <= bound <= metric.most:
                what = f"{figure.metric} cannot be {bound:g}"
                expected = f"a number from {metric.least:g} to {metric.most:g}"
                meant = bound / metric.unit.scale
                fits = metric.least <= meant <= metric.most
                mend = f"write {meant:g}, as runs record it" if fits else "correct the figure, or the metric"
                problems.append(Problem(node.mark, path, what, bound, expected, mend))
    return problems
