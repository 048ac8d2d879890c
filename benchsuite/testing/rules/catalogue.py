"""All rules, by kind of component."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchsuite.testing.rules.rule import Rule

if TYPE_CHECKING:
    from benchsuite.registry import Kind


def rules_of(kind: Kind) -> tuple[Rule, ...]:
    """The rules of one kind of component, in the order in which they are checked."""
    from benchsuite.testing.rules import component, dataset, figure, model, recipe

    own = {"dataset": dataset.RULES, "model": model.RULES, "recipe": recipe.RULES, "figure": figure.RULES}
    return (*component.RULES, *own[kind])
