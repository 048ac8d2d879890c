"""What components declare beyond their parameters, checked against the contract's types.

A recipe's phases, the weights a model asks for and a data set's preprocessing are plain data classes, which check
nothing of what is put into them. Who plans or makes a run asks here, so that a slip is told before anything is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from benchsuite.contracts.dataset import Dataset, Preprocessing
from benchsuite.contracts.kinds import Kind
from benchsuite.contracts.model import Model, WeightsRequest
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Phase, Recipe
from benchsuite.errors import PluginError
from benchsuite.registry.entry import Entry

# Instances are checked field by field; what they hold stays as it was declared.
_STRICT = ConfigDict(revalidate_instances="always", strict=True, allow_inf_nan=False)
_Inputs = dict[
    Literal["image_size", "resize", "crop_fraction", "interpolation", "mean", "std"],
    int | float | str | tuple[float, float, float],
]
"""What a model may choose of a data set's parameters; each data set has its own bounds for them."""
_TYPES: Mapping[str, TypeAdapter[Any]] = {
    "phases": TypeAdapter(tuple[Phase, ...], config=_STRICT),
    "weights": TypeAdapter(tuple[WeightsRequest | None], config=_STRICT),
    "preprocessing": TypeAdapter(tuple[Preprocessing], config=_STRICT),
    "inputs": TypeAdapter(tuple[_Inputs], config=_STRICT),
}
"""By the method that declares them; lists, for pydantic gives a single data class no settings."""

_FAILS = {
    "phases": "cannot be trained",
    "weights": "asks for weights that cannot be",
    "preprocessing": "declares a preprocessing that cannot be",
    "inputs": "asks for inputs that no data set knows",
}


def declared_phases(entry: Entry, params: Parameters) -> tuple[Phase, ...]:
    """The phases of a recipe. Raises PluginError when they are none that could be trained."""
    phases = tuple(cast("Recipe[Any]", entry.component).phases(params))
    names = [phase.name for phase in phases if isinstance(phase, Phase)]
    repeated = [f"two phases are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    _check(entry, "phases", phases, repeated if phases else ["it has no phase"])
    return phases


def declared_inputs(entry: Entry, params: Parameters) -> dict[str, Any]:
    """What a model chooses of the parameters of its data set, as JSON values. Raises PluginError for what none has."""
    inputs = dict(cast("Model[Any]", entry.component).inputs(params))
    _check(entry, "inputs", (inputs,))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in inputs.items()}


def check_declared(kind: Kind, entry: Entry, params: Parameters) -> None:
    """Ask a component for what it declares. Raises PluginError for what the contract does not know, and whatever the
    component raises."""
    if kind == "recipe":
        declared_phases(entry, params)
    elif kind == "model":
        _check(entry, "weights", (cast("Model[Any]", entry.component).weights(params),))
        declared_inputs(entry, params)
    elif kind == "dataset":
        _check(entry, "preprocessing", (cast("Dataset[Any]", entry.component).preprocessing(params),))


def _check(entry: Entry, method: str, declared: object, faults: list[str] | None = None) -> None:
    faults = list(faults or ())
    try:
        _TYPES[method].validate_python(declared)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            first, *rest = detail["loc"]
            place = (f"{method}[{first}]" if method == "phases" else method) + "".join(f".{at}" for at in rest)
            faults.append(f"{place} is {detail['input']!r:.60}: {detail['msg'][:1].lower()}{detail['msg'][1:]}")
    if faults:
        raise PluginError(
            f"the {entry.kind} {entry.name} {_FAILS[method]}: {'; '.join(faults)}",
            where=f"{entry.distribution} {entry.version}, {method}() of {entry.module}",
            expected="what the contract of benchsuite.api allows",
            remedy=f"correct the {entry.kind}'s parameters, or correct its {method}()",
        )
