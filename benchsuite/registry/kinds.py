"""The kinds of component that plugins provide: one table, from which discovery, validation and the commands derive.

A new kind is a base class and a name in `contracts`, a hook `benchsuite_<kind>s` in `hookspecs`, and an entry here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchsuite.contracts.dataset import Dataset
from benchsuite.contracts.executor import Executor
from benchsuite.contracts.figure import Figure
from benchsuite.contracts.kinds import KIND_NAMES, Kind
from benchsuite.contracts.metric import Metric
from benchsuite.contracts.model import Model
from benchsuite.contracts.recipe import Recipe

Component = Dataset[Any] | Model[Any] | Recipe[Any] | Metric[Any] | Figure[Any] | Executor[Any]


@dataclass(frozen=True)
class ComponentKind:
    """What holds for all components of a kind."""

    base: type
    """The class in `benchsuite.api` that they are subclasses of."""
    noun: str
    """What a component is called in a sentence."""
    built_in: Mapping[str, str] = field(default_factory=dict)
    """Names that the core answers to by itself, so that no plugin may have them, with what each is, in a sentence."""


KINDS: Mapping[Kind, ComponentKind] = {
    "dataset": ComponentKind(Dataset, "data set"),
    "model": ComponentKind(Model, "model"),
    "recipe": ComponentKind(Recipe, "training recipe"),
    "metric": ComponentKind(Metric, "metric"),
    "figure": ComponentKind(Figure, "figure"),
    "executor": ComponentKind(
        Executor, "executor", {"local": "Processes on this machine, which is what is taken unless told otherwise."}
    ),
}
CASE_PARTS: tuple[Kind, ...] = ("dataset", "model", "recipe")
"""What a case is made of, and a run computed by."""

_NAMES = [about.base.__name__ for about in KINDS.values()]
BASES = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
"""The base classes in a sentence."""

assert tuple(KINDS) == KIND_NAMES


def hook_of(kind: Kind) -> str:
    """The hook by which plugins provide components of this kind."""
    return f"benchsuite_{kind}s"


def kind_of(given: object) -> Kind | None:
    """The kind that a class is a component of; None for anything else."""
    return next((k for k, about in KINDS.items() if isinstance(given, type) and issubclass(given, about.base)), None)
