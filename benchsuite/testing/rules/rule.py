"""Rules: what a component has to keep. Each is a small function that raises Broken, with numbers, when it is not kept.

A module of rules makes a list and declares into it:

    RULES: list[Rule] = []
    rule = declaring(RULES)

    @rule("the sample is the same bytes twice", means="...", mend="...")
    def sample_twice(subject: Subject) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchsuite.registry import Kind
    from benchsuite.testing.harness.subject import Subject

SHOWN = 6

Function = Callable[["Subject"], str | None]


class Broken(Exception):
    """The rule is not kept; the message says what was found, with the numbers."""


class Inapplicable(Exception):
    """The rule says nothing about this component; the message says why."""


@dataclass(frozen=True)
class Rule:
    """One rule. `title` is the rule itself, `means` why it matters, `mend` how a component comes to keep it.

    `run` raises Broken or Inapplicable; what it returns is a remark on how the rule was kept.
    """

    id: str
    title: str
    means: str
    mend: str
    run: Function


def declaring(rules: list[Rule]) -> Callable[..., Callable[[Function], Function]]:
    """A decorator that appends the function to `rules`; the rule's id is the function's name."""

    def declare(title: str, *, means: str, mend: str) -> Callable[[Function], Function]:
        def decorate(function: Function) -> Function:
            rules.append(Rule(function.__name__.replace("_", "-"), title, means, mend, function))
            return function

        return decorate

    return declare


def rules_of(kind: Kind) -> tuple[Rule, ...]:
    """The rules of one kind of component, in the order in which they are checked."""
    from benchsuite.testing.rules import component, dataset, figure, model, recipe

    own = {"dataset": dataset.RULES, "model": model.RULES, "recipe": recipe.RULES, "figure": figure.RULES}
    return (*component.RULES, *own[kind])


def expect(kept: bool, otherwise: str) -> None:
    """Raise Broken unless `kept`."""
    if not kept:
        raise Broken(otherwise)


def some(values: Iterable[Any]) -> str:
    """A few values in words: a, b, c and 12 more."""
    listed = [str(value) for value in values]
    more = len(listed) - SHOWN
    return ", ".join(listed[:SHOWN]) + (f" and {more} more" if more > 0 else "")
