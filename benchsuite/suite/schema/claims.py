"""Claims: sentences of a suite that its results confirm, refute or leave open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from benchsuite.suite.schema.base import Declared, Heading, Key, Slug, require_one
from benchsuite.suite.source.problems import Problem, did_you_mean, one_of, shown
from benchsuite.suite.source.yaml_nodes import Node

CaseReference = Annotated[str, Field(max_length=200)] | int | float | bool
"""A case by its name, by «path=value», or by its value of the factor that the suite compares."""

MetricName = Annotated[str, Field(max_length=120)]
"""A metric of benchsuite, or one that the suite asks for in `metrics`: the reader knows them."""

CONDITIONS = ("at_least", "at_most", "better_than", "no_worse_than", "best_of", "monotone", "within")
DIRECTED = ("better_than", "no_worse_than", "best_of")
"""Conditions that need to know which way the metric is better."""

MUTUAL = ("monotone", "within")
"""Conditions on the cases of a claim among themselves."""


class Claim(Declared):
    """A sentence with one condition on the results: exactly one of `at_least`, `at_most`, `better_than`,
    `no_worse_than`, `best_of`, `monotone` and `within`."""

    id: Slug
    """Name by which prose quotes the claim: `{{claim id}}` with its sentence, `{{verdict id}}` without."""

    text: Heading
    """The sentence, in the paper's small markup."""

    source: Key | None = None
    """The work that says so, one of the references; left out, the claim is the suite's own."""

    metric: MetricName = "test_accuracy"
    """What the condition is about."""

    cases: Annotated[tuple[CaseReference, ...], Field(min_length=1, max_length=1000)] | None = None
    """The cases it is about, in order; left out, all of the suite."""

    at_least: float | None = None
    """Every case's mean reaches this value."""

    at_most: float | None = None
    """No case's mean is above this value."""

    better_than: CaseReference | None = None
    """Every case is better than this one, over shared seeds."""

    no_worse_than: CaseReference | None = None
    """No case is worse than this one by more than `margin`."""

    best_of: Literal["all"] | Annotated[tuple[CaseReference, ...], Field(min_length=1, max_length=1000)] | None = None
    """The one case of `cases` is better than each of these, or than all others."""

    monotone: Literal["increasing", "decreasing"] | None = None
    """The metric rises, or falls, from each case to the next."""

    within: Annotated[float, Field(gt=0)] | None = None
    """Any two of the cases differ by less than this."""

    margin: Annotated[float, Field(gt=0)] | None = None
    """With `no_worse_than`: the largest difference that does not matter."""

    relative: bool = False
    """Whether `margin` or `within` is a share of the value compared with, instead of in the metric's unit."""

    @model_validator(mode="after")
    def _whole(self) -> Claim:
        condition = require_one(self, CONDITIONS, f"the claim {self.id!r}", "has no condition")
        if (self.margin is not None) != (self.no_worse_than is not None):
            raise ValueError(f"the claim {self.id!r} needs both no_worse_than and margin, or neither")
        if self.relative and self.margin is None and self.within is None:
            raise ValueError(f"the claim {self.id!r} has nothing that could be relative: no margin, no within")
        if self.best_of is not None and (self.cases is None or len(self.cases) != 1):
            raise ValueError(f"the claim {self.id!r} says which case is the best_of: cases needs exactly one")
        if condition in ("better_than", "no_worse_than") and self.cases is None:
            raise ValueError(f"the claim {self.id!r} needs the cases that are {condition} another")
        if condition in MUTUAL and self.cases is not None and len(self.cases) < 2:
            raise ValueError(f"the claim {self.id!r} is {condition} over its cases, so it needs two or more")
        return self

    @property
    def condition(self) -> str:
        """The name of the condition that the claim has."""
        return next(name for name in CONDITIONS if getattr(self, name) is not None)

    @property
    def others(self) -> tuple[CaseReference, ...]:
        """The cases that the claim's own are held against, where it names them."""
        single = self.better_than if self.better_than is not None else self.no_worse_than
        if single is not None:
            return (single,)
        return self.best_of if isinstance(self.best_of, tuple) else ()


def claim_problems(
    claims: Sequence[Claim], nodes: Sequence[Node], find: Callable[[object], str | None], names: Sequence[str]
) -> list[Problem]:
    """Cases of claims that the suite does not have, cases held against themselves, or against none, and names given
    twice.

    `find` gives the name of the case that a reference means; `names` are all of them.
    """
    problems = []
    seen: set[str] = set()
    for index, (claim, node) in enumerate(zip(claims, nodes, strict=True)):
        path = f"claims[{index}]"
        if claim.id in seen:
            mark = (node.get("id") or node).mark
            problems.append(Problem(mark, f"{path}.id", f"two claims are called {shown(claim.id)}", claim.id))
        seen.add(claim.id)
        meant: set[str] = set()
        for reference in (*(claim.cases or ()), *claim.others):
            name = find(reference)
            if name is None:
                what = f"no case is meant by {shown(reference)}"
                remedy = did_you_mean(str(reference), names)
                problems.append(Problem(node.mark, path, what, reference, one_of(names), remedy))
            elif name in meant:
                problems.append(Problem(node.mark, path, f"the case {shown(name)} is named twice", reference))
            meant.add(name or "")
        if len(names) < 2 and (claim.best_of == "all" or (claim.cases is None and claim.condition in MUTUAL)):
            what = f"the claim {shown(claim.id)} compares cases, and the suite has one"
            remedy = "vary something or declare `cases`, say at_least or at_most of this one, or take the claim away"
            problems.append(Problem(node.mark, path, what, claim.id, "two cases or more", remedy))
    return problems
