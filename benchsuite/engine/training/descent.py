"""How a phase descends: its optimizer, the schedule of its learning rate, and its loss scaler.

On CUDA nothing here waits for the device: the learning rate is a tensor there, which the schedule fills once an epoch
from a number that it keeps on the host, and the device itself decides whether a step of fp16 is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchsuite.contracts.recipe import Optimizer, Phase, Scheduler
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.errors import PluginError

OPTIMIZERS: Mapping[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adadelta": torch.optim.Adadelta,
}
SCHEDULERS: Mapping[str, Callable[..., torch.optim.lr_scheduler.LRScheduler]] = {
    "step": torch.optim.lr_scheduler.StepLR,
    "multistep": torch.optim.lr_scheduler.MultiStepLR,
    "exponential": torch.optim.lr_scheduler.ExponentialLR,
    "cosine": torch.optim.lr_scheduler.CosineAnnealingLR,
}
FUSED = ("adam", "adamw", "sgd")
ON_THE_DEVICE = "_step_supports_amp_scaling"
"""By this torch's loss scaler knows that an optimizer needs no host to skip a step."""


class Descent:
    """Moves the weights that train in a phase; made anew for each."""

    def __init__(self, phase: Phase, tail: nn.Module, arithmetic: Arithmetic) -> None:
        self.optimizer = make_optimizer(phase.optimizer, tail)
        self.scaler = arithmetic.scaler()
        self.trained: list[Tensor] = [p for group in self.optimizer.param_groups for p in group["params"]]
        self._clip = phase.gradient_clip
        # The schedule moves the rate of an optimizer that has nothing to train: a number, whatever the real one has.
        self._rates = torch.optim.SGD([torch.zeros(1)], lr=phase.optimizer.learning_rate)
        self._schedule = make_scheduler(phase.scheduler, self._rates, phase.max_epochs)
        self._unscale = False
        if self.scaler.is_enabled():
            _start_momentum(self.optimizer)
            if not hasattr(self.optimizer, ON_THE_DEVICE):
                _skip_on_the_device(self.optimizer)
                self._unscale = True
        self._set_rate()

    @property
    def learning_rate(self) -> float:
        """The rate of this epoch."""
        return float(self._rates.param_groups[0]["lr"])

    @property
    def recordable(self) -> bool:
        """Whether all that a step of the optimizer changes lies on the device, so that it can be repeated there."""
        return all(isinstance(group["lr"], Tensor) for group in self.optimizer.param_groups)

    def minimise(self, loss: Tensor) -> None:
        """One step against the gradient of `loss`."""
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        if self._clip is not None or self._unscale:
            self.scaler.unscale_(self.optimizer)
        if self._clip is not None:
            nn.utils.clip_grad_norm_(self.trained, self._clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def end_epoch(self) -> None:
        """Move the learning rate on."""
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
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from an earlier `state`."""
        rates = [group["lr"] for group in self.optimizer.param_groups]
        self.optimizer.load_state_dict(state["optimizer"])
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate  # what was loaded lies on the host
        self.scaler.load_state_dict(state["scaler"])
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
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.learning_rate)  # in place: recorded steps read it where it lies
            else:
                group["lr"] = self.learning_rate


def make_optimizer(spec: Optimizer, tail: nn.Module) -> torch.optim.Optimizer:
    """The optimizer over what trains in `tail`; fused where torch has a fused form.

    On CUDA its learning rate is a tensor, and its count of steps lies there too, wherever torch has a form for that:
    in 2.11 it has none of Adagrad.
    """
    trained = [parameter for parameter in tail.parameters() if parameter.requires_grad]
    options: dict[str, Any] = dict(spec.options)
    rate: float | Tensor = spec.learning_rate
    if spec.name in FUSED:
        options["fused"] = True
    if trained and trained[0].is_cuda and (form := _form_on_cuda(spec.name)):
        options |= form
        rate = torch.full((), spec.learning_rate, dtype=torch.float32, device=trained[0].device)
    kind: Any = OPTIMIZERS[spec.name]
    try:
        made: torch.optim.Optimizer = kind(trained, lr=rate, **options)
    except (TypeError, ValueError) as error:
        raise _unfit(f"the optimizer {spec.name}", spec.learning_rate, spec.options, error) from error
    # torch would warn of a capturable optimizer that takes a step which is not captured.
    made._warned_capturable_if_run_uncaptured = True
    return made


def _form_on_cuda(name: str) -> dict[str, bool]:
    """The options with which an optimizer keeps all that it changes on the device; none where torch has no such."""
    match name:
        case "adam" | "adamw":
            return {"fused": True, "capturable": True}
        case "rmsprop" | "adadelta":
            return {"foreach": True, "capturable": True}
        case "adagrad":
            fused = hasattr(torch.optim.Adagrad([torch.zeros(1)], fused=True), ON_THE_DEVICE)
            return {"fused": True} if fused else {}
    return {"fused": True}


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
    spec: Scheduler, optimizer: torch.optim.Optimizer, max_epochs: int
) -> torch.optim.lr_scheduler.LRScheduler | None:
    """The learning-rate schedule, stepped once an epoch; None for a constant rate from the start."""
    warmup = spec.warmup_epochs
    options: dict[str, Any] = dict(spec.options)
    if spec.name == "cosine":
        options = {"T_max": max(max_epochs - warmup, 1), **options}
    named: torch.optim.lr_scheduler.LRScheduler | None = None
    if spec.name != "constant":
        try:
            named = SCHEDULERS[spec.name](optimizer, **options)
        except (TypeError, ValueError) as error:
            raise _unfit(f"the schedule {spec.name}", None, spec.options, error) from error
    if not warmup:
        return named
    # Not LinearLR: it multiplies the rate step by step, and so misses the whole rate by a rounding error.
    rising = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1.0, (epoch + 1) / (warmup + 1)))
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rising, named], [warmup]) if named else rising


def _unfit(what: str, learning_rate: float | None, options: Mapping[str, Any], error: Exception) -> PluginError:
    rate = "" if learning_rate is None else f"learning rate {learning_rate:g}, "
    return PluginError(
        f"{what} does not accept what the recipe gives it: {error}",
        where=f"{rate}options {dict(options)}",
        expected="the options of torch's own class",
        remedy="correct the recipe's parameters, or correct its phases()",
    )
