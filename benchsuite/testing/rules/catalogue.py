"""All rules, by kind of component."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchsuite.testing.rules.rule import Rule

if TYPE_CHECKING:
    from benchsuite.registry import Kind


def rules_of(kind: Kind) -> tuple[Rule, ...]:
    """The rules of one kind of component, in the order in which they are checked."""
    from benchsuite.testing.rules import component

    return (*component.RULES, *rules_of_its_own(kind))


def rules_of_its_own(kind: Kind) -> tuple[Rule, ...]:
    """The rules that are for this kind alone: the list RULES of the module of its name, where there is one."""
    name = f"{__package__}.{kind}"
    return tuple(import_module(name).RULES) if find_spec(name) else ()
