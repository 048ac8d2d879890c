"""Rules: what a component has to keep. Each is a small function that raises Broken, with numbers, when it is not kept.

A module of rules makes a list and declares into it:

    RULES: list[Rule] = []
    rule = rule_declarer(RULES)

    @rule("the sample is the same bytes twice", means="...", remedy="...")
    def sample_twice(subject: Subject) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchsuite.testing.harness.subject import Subject


Function = Callable[["Subject"], str | None]


@dataclass(frozen=True)
class Rule:
    """One rule. `title` is the rule itself, `means` why it matters, `remedy` how a component comes to keep it.

    `run` raises Broken or Inapplicable; what it returns is a remark on how the rule was kept.
    """

    id: str
    title: str
    means: str
    remedy: str
    run: Function


def rule_declarer(rules: list[Rule]) -> Callable[..., Callable[[Function], Function]]:
    """A decorator that appends the function to `rules`; the rule's id is the function's name."""

    def declare(title: str, *, means: str, remedy: str) -> Callable[[Function], Function]:
        def decorate(function: Function) -> Function:
            rules.append(Rule(function.__name__.replace("_", "-"), title, means, remedy, function))
            return function

        return decorate

    return declare
