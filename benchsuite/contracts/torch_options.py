"""Which optimizers and learning-rate schedules torch has, which options each takes, and what is wrong with given ones.

Read from the source of the torch that is installed, for importing it takes a second and planning does without. Where no
torch is installed nothing is known, and nothing is wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchsuite.contracts.recipe import Optimizer, Scheduler

SCHEDULES: Mapping[str, str] = {
    "step": "StepLR",
    "multistep": "MultiStepLR",
    "exponential": "ExponentialLR",
    "cosine": "CosineAnnealingLR",
    "cosine_restarts": "CosineAnnealingWarmRestarts",
    "linear": "LinearLR",
    "polynomial": "PolynomialLR",
    "cyclic": "CyclicLR",
    "one_cycle": "OneCycleLR",
}
"""Torch's schedules, by our names. Others take functions, other schedules or a metric."""

LENGTHS = ("T_0", "T_max", "milestones", "step_size", "step_size_down", "step_size_up", "total_iters", "total_steps")
"""Options that count epochs or steps."""

RISING = ("cyclic", "one_cycle")
"""Schedules with a warm-up of their own."""

UNFIT: Mapping[str, str] = {
    "lbfgs": "it takes no weights in the layout in which convolutions are fastest",
    "muon": "it takes matrices alone, and networks have more than these",
    "sparseadam": "it takes sparse gradients alone, which no network here has",
}
"""Torch's optimizers that train none of the networks, and why."""

_ENGINES = {
    "base_momentum", "capturable", "cycle_momentum", "differentiable", "epochs", "foreach", "fused", "last_epoch", "lr",
    "max_lr", "max_momentum", "maximize", "optimizer", "params", "scale_fn", "scale_mode", "steps_per_epoch",
}  # fmt: skip
"""Arguments that are the engine's to give, or nobody's."""

_NEEDED = object()


@dataclass(frozen=True)
class _Signature:
    """The options of a class of torch with their defaults, `_NEEDED` where there is none."""

    title: str
    options: Mapping[str, object]

    def fault(self, what: str, given: Mapping[str, object]) -> str | None:
        for name, value in given.items():
            if name not in self.options:
                close = get_close_matches(name, self.options, 1)
                takes = f"it takes {', '.join(self.options)}" if self.options else "it takes none"
                meant = f"; did you mean {close[0]}?" if close else ""
                return f"{what} has no option {name} ({takes}){meant}"
            if expected := _expected(self.options[name], value):
                return f"the option {name} of {what} is {value!r}, and torch's {self.title} expects {expected} there"
        missing = [name for name, default in self.options.items() if default is _NEEDED and name not in given]
        return f"{what} needs {' and '.join(missing)}" if missing else None


def _expected(default: object, value: object) -> str | None:
    """What an option with this default takes instead of `value`; None when it will do, or nobody can tell."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(default, int | float):
        return None if number else "a number"
    if isinstance(default, tuple):
        fits = isinstance(value, tuple | list) and len(value) == len(default)
        return None if fits else f"{len(default)} numbers"
    if isinstance(default, str):
        return None if isinstance(value, str) else "a text"
    return None


def optimizers() -> tuple[str, ...]:
    """The names of torch's optimizers that can train a network, sorted; none without torch."""
    return tuple(sorted(set(_classes()) - set(UNFIT)))


def optimizer_fault(spec: Optimizer, others: bool = False) -> str | None:
    """What is wrong with the name or the options of an optimizer; None where nothing is, or nothing can be told.
    `others` says that the recipe has optimizers of its own."""
    known = _classes()
    if spec.name in UNFIT:
        return f"the optimizer {spec.name} trains no network here: {UNFIT[spec.name]}"
    if spec.name not in known:
        return None if others or not known else _unknown("optimizer", spec.name, optimizers())
    signature = _signature(known[spec.name])
    if spec.decay_weights_only and "weight_decay" not in signature.options:
        return f"the optimizer {spec.name} has no weight decay that weights alone could have"
    return signature.fault(f"the optimizer {spec.name}", spec.options)


def scheduler_fault(spec: Scheduler, others: bool = False) -> str | None:
    """The same of a schedule, and what contradicts itself in it."""
    if (spec.in_steps or spec.warmup_steps) and not spec.by_step:
        return "a schedule that is counted in steps moves by step, not by epoch"
    if spec.warmup_steps and spec.warmup_epochs:
        return "a warm-up is counted in epochs or in steps, not in both"
    if spec.name in RISING and (spec.warmup_steps or spec.warmup_epochs):
        return f"the schedule {spec.name} begins with a rise of its own; leave the warm-up out"
    if spec.name == "constant":
        return f"the schedule constant has no option {next(iter(spec.options))}" if spec.options else None
    if spec.name not in SCHEDULES:
        return None if others else _unknown("schedule", spec.name, ("constant", *SCHEDULES))
    if _tree("lr_scheduler") is None:
        return None
    signature = _signature(("lr_scheduler", SCHEDULES[spec.name]))
    return signature.fault(f"the schedule {spec.name}", {**defaults(spec.name, 1), **spec.options})


def defaults(name: str, length: int) -> dict[str, int]:
    """The lengths that a schedule of ours has where they are left out, in a training of this length."""
    match name:
        case "cosine":
            return {"T_max": length}
        case "linear" | "polynomial":
            return {"total_iters": length}
        case "one_cycle":
            return {"total_steps": length}
        case "cyclic":
            return {"step_size_up": max(length // 2, 1)}
    return {}


def length(spec: Scheduler) -> int:
    """How far into the training a schedule's own lengths reach, without the warm-up, in its unit."""
    reached = [0]
    for name in LENGTHS:
        value = spec.options.get(name)
        reached += [part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, int)]
    return max(reached)


def overlong(spec: Scheduler, epochs: int, steps: int | None = None) -> str | None:
    """How a schedule is longer than a training of so many epochs, of so many steps each; None where it is not, or the
    steps decide it and are not known."""
    own = length(spec)
    if steps is None:
        needed = spec.warmup_epochs + (0 if spec.in_steps else own)
        return f"{needed} epochs, of which the training has {epochs}" if needed > epochs else None
    needed = spec.warmup_steps + spec.warmup_epochs * steps + own * (1 if spec.in_steps else steps)
    return f"{needed} steps, of which the training has {epochs * steps}" if needed > epochs * steps else None


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, 1)
    return f"no {kind} is called {name!r}" + (
        f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
    )


@cache
def _tree(module: str) -> ast.Module | None:
    spec = find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(spec.submodule_search_locations[0], "optim", f"{module}.py")
    return ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else None


@cache
def _classes() -> Mapping[str, tuple[str, str]]:
    """Module and class of every optimizer that torch.optim hands on, by its name in lower case."""
    tree = _tree("__init__")
    return {
        name.name.lower(): (statement.module.rpartition(".")[2], name.name)
        for statement in (tree.body if tree else ())
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("torch.optim.")
        for name in statement.names
        if name.name[0].isupper() and name.name != "Optimizer" and statement.module
    }


@cache
def _signature(place: tuple[str, str]) -> _Signature:
    """The options of a class, as its own `__init__` has them."""
    module, title = place
    tree = _tree(module)
    body = next(node for node in (tree.body if tree else ()) if isinstance(node, ast.ClassDef) and node.name == title)
    made = next(node for node in body.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    arguments = made.args
    usual = [*[None] * (len(arguments.args) - len(arguments.defaults)), *arguments.defaults]
    pairs = [*zip(arguments.args, usual, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return _Signature(
        title,
        {
            argument.arg: _NEEDED if default is None else _literal(default)
            for argument, default in pairs[1:]
            if argument.arg not in _ENGINES
        },
    )


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
