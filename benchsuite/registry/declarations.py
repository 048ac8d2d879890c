"""What components declare beyond their parameters, checked against the contract's types.

A recipe's phases, the weights a model asks for and a data set's preprocessing are plain data classes, and what a metric
says of itself are attributes of its class: nothing is checked of what is put into them. Who plans or makes a run asks
here, so that a slip is told before anything is trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from benchsuite.contracts.dataset import Dataset, Preprocessing
from benchsuite.contracts.kinds import Kind
from benchsuite.contracts.metric import HELD, TITLES_IN, Gender, Metric
from benchsuite.contracts.model import Model, WeightsRequest
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Phase, Recipe
from benchsuite.contracts.torch_options import optimizer_fault, overlong, scheduler_fault
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
    recipe = cast("Recipe[Any]", entry.component)
    phases = tuple(recipe.phases(params))
    names = [phase.name for phase in phases if isinstance(phase, Phase)]
    repeated = [f"two phases are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    _check(entry, "phases", phases, repeated if phases else ["it has no phase"])
    faults = [
        f"phases[{at}]: {fault}"
        for at, phase in enumerate(phases)
        for fault in (
            optimizer_fault(phase.optimizer, type(recipe).optimizer is not Recipe.optimizer),
            scheduler_fault(phase.scheduler, type(recipe).schedule is not Recipe.schedule),
        )
        if fault
    ]
    if faults:
        raise _refusal(entry, "phases", faults)
    return phases


def check_schedules(entry: Entry, params: Parameters, batches: Callable[[Phase], int] | None = None) -> None:
    """Refuse schedules, and epochs before the mean of weights, that are longer than the training. `batches` says how
    many a phase has in an epoch, where that is known. A training that was cut short, as for a smoke run, is not asked.

    Raises PluginError."""
    for at, phase in enumerate(declared_phases(entry, params)):
        steps = None if batches is None else math.ceil(batches(phase) / phase.accumulate)
        said = overlong(phase.scheduler, phase.max_epochs, steps)
        what, expected = f"the schedule {phase.scheduler.name}", "a warm-up and a schedule that end with the training"
        if said is None and phase.averaging is not None and phase.averaging.start >= phase.max_epochs:
            what, expected = "what comes before the mean of weights", "one epoch or more that is averaged"
            said = f"{phase.averaging.start} epochs, of which the training has {phase.max_epochs}"
        if said is not None:
            raise PluginError(
                f"{what} in phases[{at}] is longer than the training: it takes {said}",
                where=f"{entry.distribution} {entry.version}, phases() of {entry.module}",
                expected=expected,
                remedy=f"shorten it, or train longer (max_epochs is {phase.max_epochs})",
            )


@dataclass(frozen=True)
class MetricFacts:
    """What a metric says of itself, as its contract has it; `most` is None where there is no largest value."""

    titles: Mapping[str, str]
    gender: Gender
    higher_is_better: bool
    least: float
    most: float | None
    percent: bool
    decimals: int
    bibtex: str


LONGEST_TITLE = 120
MOST_DECIMALS = 9


def declared_metric(entry: Entry, params: Parameters) -> MetricFacts:
    """What a metric says of itself. Raises PluginError where it is not what the contract knows, or needs what is not
    kept of predictions."""
    metric = cast("Metric[Any]", entry.component)
    titles: dict[str, object] = {language: metric.title(params, language) for language in TITLES_IN}
    bibtex = metric.bibtex(params)
    declared = {name: getattr(metric, name, None) for name in _OF_METRICS}
    faults = [
        f"{name} is {declared[name]!r:.60}" for name, is_right in _OF_METRICS.items() if not is_right(declared[name])
    ]
    if not faults and not metric.least < metric.most:
        faults = [f"least is {metric.least}, and most {metric.most}"]
    faults += [
        f"title() in {language!r} is {title!r:.60}; expected a text of up to {LONGEST_TITLE} characters on one line"
        for language, title in titles.items()
        if not (isinstance(title, str) and title.strip() and title.isprintable() and len(title) <= LONGEST_TITLE)
    ]
    if not isinstance(bibtex, str):
        faults.append(f"bibtex() is {bibtex!r:.60}; expected a text")
    absent = [str(need) for need in metric.needs if need not in HELD] if not faults else []
    if absent:
        faults.append(f"it needs {' and '.join(absent)}, and of predictions are kept: {', '.join(HELD)}")
    if faults:
        raise PluginError(
            f"the metric {entry.name} cannot be computed: {'; '.join(faults)}",
            where=f"{entry.distribution} {entry.version}, {type(metric).__name__} of {entry.module}",
            expected="what the contract of benchsuite.api.Metric allows",
            remedy=f"mend {entry.distribution}, or leave the metric out of `metrics`; no result is lost",
        )
    return MetricFacts(
        titles={language: str(title) for language, title in titles.items()},
        gender=metric.gender,
        higher_is_better=metric.higher_is_better,
        least=float(metric.least),
        most=None if math.isinf(metric.most) else float(metric.most),
        percent=metric.percent,
        decimals=metric.decimals,
        bibtex=str(bibtex),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OF_METRICS: Mapping[str, Callable[[Any], bool]] = {
    "higher_is_better": lambda value: isinstance(value, bool),
    "needs": lambda value: isinstance(value, tuple | list | frozenset | set) and bool(value),
    "least": lambda value: _is_number(value) and math.isfinite(value),
    "most": lambda value: _is_number(value) and value > -math.inf,
    "percent": lambda value: isinstance(value, bool),
    "decimals": lambda value: _is_number(value) and value in range(MOST_DECIMALS + 1),
    "gender": lambda value: value in get_args(Gender),
}
"""What the class of a metric declares, and whether a value of that can be used."""


def declared_inputs(entry: Entry, params: Parameters) -> dict[str, Any]:
    """What a model chooses of the parameters of its data set, as JSON values. Raises PluginError for what none has."""
    inputs = dict(cast("Model[Any]", entry.component).inputs(params))
    _check(entry, "inputs", (inputs,))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in inputs.items()}


def check_declared(kind: Kind, entry: Entry, params: Parameters) -> None:
    """Ask a component for what it declares. Raises PluginError for what the contract does not know, and whatever the
    component raises."""
    if kind == "recipe":
        check_schedules(entry, params)
    elif kind == "metric":
        declared_metric(entry, params)
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
        raise _refusal(entry, method, faults)


def _refusal(entry: Entry, method: str, faults: Sequence[str]) -> PluginError:
    return PluginError(
        f"the {entry.kind} {entry.name} {_FAILS[method]}: {'; '.join(faults)}",
        where=f"{entry.distribution} {entry.version}, {method}() of {entry.module}",
        expected="what the contract of benchsuite.api allows",
        remedy=f"correct the {entry.kind}'s parameters, or correct its {method}()",
    )
