"""How a phase descends: its optimizer, the schedule of its learning rate, its loss scaler, and the mean of its weights.

On CUDA nothing here waits for the device: the learning rate is a tensor there, which the schedule fills from a number
that it keeps on the host, and the device itself decides whether a step of fp16 is taken.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchsuite.contracts.recipe import Optimizer, Phase, Recipe, Scheduler
from benchsuite.contracts.torch_options import LENGTHS, RISING, SCHEDULES, defaults, optimizers
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.averaging import Average
from benchsuite.errors import PluginError

OPTIMIZERS: Mapping[str, type[torch.optim.Optimizer]] = {
    kind.__name__.lower(): kind
    for kind in map(torch.optim.__dict__.get, torch.optim.__all__)
    if isinstance(kind, type) and kind.__name__.lower() in optimizers()
}
FUSED = ("adam", "adamw", "sgd")
FROM_ZERO = ("adadelta", "adagrad", "adamax", "radam", "rmsprop")
"""Optimizers without a fused form everywhere for which a first step that is skipped leaves zeros, or what they were
made with. Of others the host asks whether a step of fp16 is to be skipped, and waits for the answer."""
ON_THE_DEVICE = "_step_supports_amp_scaling"
"""By this torch's loss scaler knows that an optimizer needs no host to skip a step."""
SHARE = "share"
"""In a group of parameters, the part of the learning rate that it has; all of it where this is missing."""


class Descent:
    """Moves the weights that train in a phase; made anew for each."""

    def __init__(
        self,
        phase: Phase,
        tail: nn.Module,
        arithmetic: Arithmetic,
        recipe: Recipe[Any] | None = None,
        steps: int = 1,
    ) -> None:
        """`recipe` is asked for optimizers and schedules of its own; an epoch has so many `steps` of the weights."""
        self.optimizer = make_optimizer(phase.optimizer, tail, recipe)
        self.average: Average | None = None
        if phase.averaging is not None:
            self.average = Average(phase.averaging, tail, phase.max_epochs)
        self.asks = _asks(self.optimizer)
        self._buffers = list(tail.buffers())
        if self.asks:
            _check_asking(phase, arithmetic)
        self.scaler = arithmetic.scaler()
        self.trained: list[Tensor] = [p for group in self.optimizer.param_groups for p in group["params"]]
        self._clip = phase.gradient_clip
        # The schedule moves the rate of an optimizer that has nothing to train: a number, whatever the real one has.
        self._rates = torch.optim.SGD([torch.zeros(1)], lr=phase.optimizer.learning_rate)
        self._schedule = make_scheduler(phase.scheduler, self._rates, phase.max_epochs, steps, recipe)
        self._by_step = phase.scheduler.by_step
        self._unscale = False
        if self.scaler.is_enabled():
            _start_momentum(self.optimizer)
            if not hasattr(self.optimizer, ON_THE_DEVICE) and phase.optimizer.name in FROM_ZERO:
                _skip_on_the_device(self.optimizer)
                self._unscale = True
        self._set_rate()

    @property
    def learning_rate(self) -> float:
        """The rate of the epoch, or of the step, that comes next."""
        return float(self._rates.param_groups[0]["lr"])

    @property
    def recordable(self) -> bool:
        """Whether all that a step of the optimizer changes lies on the device, so that it can be repeated there."""
        return all(isinstance(group["lr"], Tensor) for group in self.optimizer.param_groups)

    @property
    def moves(self) -> bool:
        """Whether `end_step` does anything."""
        return self._by_step or (self.average is not None and self.average.by_step)

    def minimise(self, loss: Tensor, *, first: bool = True, last: bool = True) -> None:
        """One step against the gradient of `loss`, or of the sum of several: of these only the `first` forgets the
        gradient before it, and only the `last` takes the step."""
        if first:
            self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        if not last:
            return
        if self._clip is not None or self._unscale:
            self.scaler.unscale_(self.optimizer)
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self.trained, self._clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def ask(self, evaluate: Callable[[], Tensor]) -> None:
        """One step of an optimizer that asks for the loss as often as it likes: `evaluate` computes it. What the layers
        of the network note of a batch, such as the statistics of normalisation, they note at the first time alone."""
        noted: list[Tensor] = []

        def closure() -> Tensor:
            with torch.enable_grad():
                self.optimizer.zero_grad(set_to_none=True)
                loss = evaluate()
                loss.backward()
            if self._clip is not None:
                nn.utils.clip_grad_norm_(self.trained, self._clip)
            if not noted:
                noted.extend(buffer.detach().clone() for buffer in self._buffers)
            return loss.detach()

        self.optimizer.step(closure)  # type: ignore[arg-type]  # torch types it as a number
        with torch.no_grad():
            for buffer, first in zip(self._buffers, noted, strict=True):
                buffer.copy_(first)

    def end_step(self) -> None:
        """After a step of the weights: move the learning rate and the mean of the weights, where steps move them."""
        if self.average is not None:
            self.average.end_step()
        if self._by_step:
            self._move_rate()

    def end_epoch(self) -> None:
        """Move the learning rate and the mean of the weights, where epochs move them."""
        if self.average is not None:
            self.average.end_epoch()
        if not self._by_step:
            self._move_rate()

    def _move_rate(self) -> None:
        if self._schedule is not None:
            self._rates.step()  # torch warns of a schedule whose optimizer takes no steps
            self._schedule.step()
            self._set_rate()

    def state(self) -> dict[str, Any]:
        """All it takes to go on."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "learning_rate": self.learning_rate,
            "schedule": self._schedule and self._schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average and self.average.state(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from an earlier `state`."""
        rates = [group["lr"] for group in self.optimizer.param_groups]
        self.optimizer.load_state_dict(state["optimizer"])
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate  # what was loaded lies on the host
        self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.load(state["average"])
        if self._schedule is not None:
            self._schedule.load_state_dict(state["schedule"])
        self._rates.param_groups[0]["lr"] = state["learning_rate"]
        self._set_rate()

    def tensors(self) -> list[Tensor]:
        """What a step changes, but for the weights."""
        scaler = (getattr(self.scaler, name, None) for name in ("_scale", "_growth_tracker"))
        return [*_state(self.optimizer), *(tensor for tensor in scaler if tensor is not None)]

    def forget_step(self) -> None:
        """Drop what a step that did not come to its end has left behind."""
        self.optimizer.zero_grad(set_to_none=True)
        if self.scaler.is_enabled():
            self.scaler._per_optimizer_states.clear()
        for name in ("grad_scale", "found_inf"):
            vars(self.optimizer).pop(name, None)

    def _set_rate(self) -> None:
        for group in self.optimizer.param_groups:
            rate = self.learning_rate * group.get(SHARE, 1.0)
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)  # in place: recorded steps read it where it lies
            else:
                group["lr"] = rate


def make_optimizer(spec: Optimizer, tail: nn.Module, recipe: Recipe[Any] | None = None) -> torch.optim.Optimizer:
    """The optimizer over what trains in `tail`; fused where torch has a fused form.

    On CUDA its learning rate is a tensor, and its count of steps lies there too, wherever torch has a form for that:
    in 2.11 it has none of Adagrad.
    """
    groups = _groups(spec, tail)
    options: dict[str, Any] = dict(spec.options)
    rate: float | Tensor = spec.learning_rate
    kind: Any = OPTIMIZERS.get(spec.name) or _own_optimizer(spec, recipe)
    if spec.name in FUSED:
        options["fused"] = True
    device = next((parameter.device for group in groups for parameter in group["params"]), None)
    if device is not None and device.type == "cuda" and (form := _form_on_cuda(spec.name)):
        options |= form
        rate = torch.full((), spec.learning_rate, dtype=torch.float32, device=device)
        for group in groups[1:]:
            group["lr"] = rate.clone()  # each is filled by itself
    plain = len(groups) == 1 and groups[0].keys() == {"params"}
    made_of: Any = groups[0]["params"] if plain else groups
    try:
        made: torch.optim.Optimizer = kind(made_of, lr=rate, **options)
    except (TypeError, ValueError) as error:
        raise _unfit(f"the optimizer {spec.name}", spec.learning_rate, spec.options, error) from error
    # torch would warn of a capturable optimizer that takes a step which is not captured.
    made._warned_capturable_if_run_uncaptured = True
    return made


def _groups(spec: Optimizer, tail: nn.Module) -> list[dict[str, Any]]:
    """What trains in `tail`, whose parts are stages, in groups of one rate and one weight decay."""
    stages = list(tail.children()) if isinstance(tail, nn.Sequential) and spec.layer_decay is not None else [tail]
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for before, stage in zip(range(len(stages) - 1, -1, -1), stages, strict=True):
        share = 1.0 if spec.layer_decay is None else spec.layer_decay**before
        for parameter in stage.parameters():
            if parameter.requires_grad:
                exempt = spec.decay_weights_only and parameter.dim() < 2
                group = groups.setdefault((share, exempt), {"params": []})
                group["params"].append(parameter)
                if share != 1:
                    group[SHARE] = share
                if exempt:
                    group["weight_decay"] = 0.0
    return list(groups.values())


def _own_optimizer(spec: Optimizer, recipe: Recipe[Any] | None) -> type[torch.optim.Optimizer]:
    try:
        if recipe is None:
            raise KeyError(spec.name)
        return recipe.optimizer(spec.name)
    except KeyError as error:
        raise _unknown("optimizer", spec.name, (*OPTIMIZERS,)) from error


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> PluginError:
    return PluginError(
        f"neither torch nor the recipe has the {kind} {name}",
        expected=f"one of {', '.join(known)}, or one that the recipe's {kind}() knows",
        remedy=f"correct the recipe's phases(), or its {kind}()",
    )


def _asks(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimizer cannot step unless it is given what computes the loss anew."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def _check_asking(phase: Phase, arithmetic: Arithmetic) -> None:
    why = None
    if phase.accumulate > 1:
        why, remedy = "gradients of several batches cannot be gathered for it", "set accumulate to 1"
    elif arithmetic.scaler().is_enabled():
        why, remedy = "a loss that is scaled for fp16 is not the one it asks for", "set precision to fp32 or bf16"
    if why is not None:
        raise PluginError(
            f"the optimizer {phase.optimizer.name} asks for the loss several times a step: {why}",
            where=f"phase {phase.name}",
            expected="another optimizer, or one batch a step without a loss scaler",
            remedy=remedy,
        )


def _form_on_cuda(name: str) -> dict[str, bool]:
    """The options with which an optimizer keeps all that it changes on the device; none where torch has no such."""
    match name:
        case "adam" | "adamw":
            return {"fused": True, "capturable": True}
        case "rmsprop" | "adadelta" | "adamax" | "asgd" | "nadam" | "radam" | "rprop":
            return {"foreach": True, "capturable": True}
        case "adagrad":
            fused = hasattr(torch.optim.Adagrad([torch.zeros(1)], fused=True), ON_THE_DEVICE)
            return {"fused": True} if fused else {}
        case "sgd":
            return {"fused": True}
    return {}


def _start_momentum(optimizer: torch.optim.Optimizer) -> None:
    """Let SGD's momentum start at zero: a first step that is skipped would leave whatever lay in its memory."""
    for group in optimizer.param_groups:
        if isinstance(optimizer, torch.optim.SGD) and group["momentum"]:
            for parameter in group["params"]:
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter, requires_grad=False)


def _skip_on_the_device(optimizer: torch.optim.Optimizer) -> None:
    """Let the device undo a step whose gradient is not finite, where torch's scaler would ask from the host.

    For optimizers without a fused form. A count of steps that is kept on the host (Adagrad's, for its decay of the
    rate) counts such a step.
    """
    kept: dict[Tensor, Tensor] = {}
    overflow = torch.zeros(())

    def keep(*_: Any) -> None:
        nonlocal overflow
        overflow = optimizer.found_inf > 0  # type: ignore[attr-defined]
        optimizer.found_inf = None  # type: ignore[attr-defined]  # it would refuse to step
        kept.update((tensor, tensor.detach().clone()) for tensor in _changed(optimizer))

    def choose(*_: Any) -> None:
        with torch.no_grad():
            for tensor in _changed(optimizer):
                if tensor.device == overflow.device:
                    # What the first step has made would have been zero.
                    before = kept.get(tensor, tensor.new_zeros(()))
                    tensor.copy_(torch.where(overflow, before, tensor))
        kept.clear()

    setattr(optimizer, ON_THE_DEVICE, True)
    optimizer.register_step_pre_hook(keep)
    optimizer.register_step_post_hook(choose)


def _changed(optimizer: torch.optim.Optimizer) -> Iterator[Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]
    yield from _state(optimizer)


def _state(optimizer: torch.optim.Optimizer) -> Iterator[Tensor]:
    for state in optimizer.state.values():
        yield from (value for value in state.values() if isinstance(value, Tensor))


def make_scheduler(
    spec: Scheduler,
    optimizer: torch.optim.Optimizer,
    max_epochs: int,
    steps: int = 1,
    recipe: Recipe[Any] | None = None,
) -> torch.optim.lr_scheduler.LRScheduler | None:
    """The learning-rate schedule, moved once an epoch, or at each of an epoch's `steps`; None for a constant rate from
    the start."""
    each = steps if spec.by_step else 1
    warmup = spec.warmup_steps or spec.warmup_epochs * each
    rest = max(max_epochs * each - warmup, 1)
    longer = 1 if spec.in_steps else each
    options = {name: _times(value, longer) if name in LENGTHS else value for name, value in spec.options.items()}
    options = {**defaults(spec.name, rest), **options}
    if spec.name in RISING:
        options = {**options, "max_lr": optimizer.param_groups[0]["lr"], "cycle_momentum": False}
    named: torch.optim.lr_scheduler.LRScheduler | None = None
    try:
        if spec.name in SCHEDULES:
            kind: Any = getattr(torch.optim.lr_scheduler, SCHEDULES[spec.name])
            named = kind(optimizer, **options)
        elif spec.name != "constant":
            named = _own_schedule(spec, optimizer, rest, recipe)
    except (TypeError, ValueError) as error:
        raise _unfit(f"the schedule {spec.name}", None, spec.options, error) from error
    if not warmup:
        return named
    # Not LinearLR: it multiplies the rate step by step, and so misses the whole rate by a rounding error.
    rising = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda at: min(1.0, (at + 1) / (warmup + 1)))
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rising, named], [warmup]) if named else rising


def _times(value: Any, factor: int) -> Any:
    return [part * factor for part in value] if isinstance(value, tuple | list) else value * factor


def _own_schedule(
    spec: Scheduler, optimizer: torch.optim.Optimizer, length: int, recipe: Recipe[Any] | None
) -> torch.optim.lr_scheduler.LRScheduler:
    try:
        if recipe is None:
            raise KeyError(spec.name)
        own = recipe.schedule(spec.name)
    except KeyError as error:
        raise _unknown("schedule", spec.name, ("constant", *SCHEDULES)) from error

    def factor(at: int) -> float:
        return own(min(at, length - 1), length, **spec.options)

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def _unfit(what: str, learning_rate: float | None, options: Mapping[str, Any], error: Exception) -> PluginError:
    rate = "" if learning_rate is None else f"learning rate {learning_rate:g}, "
    return PluginError(
        f"{what} does not accept what the recipe gives it: {error}",
        where=f"{rate}options {dict(options)}",
        expected="the options of torch's own class",
        remedy="correct the recipe's parameters, or correct its phases()",
    )
