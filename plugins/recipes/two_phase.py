"""Fine-tuning in phases: the head alone, then everything; or any other sequence of phases.

The presets are those of the tutorial on fine-tuning a ResNet50: SGD with momentum 0.9 and batches of 32, at a rate of
1e-3 for the head alone, then of 1e-4 for the whole network, five epochs each. Where it says nothing, all presets take
ten epochs, so that they can be compared, with the rate that the tutorial gives to what they train. While only the head
trains, the features before it are computed once. Networks that begin with random weights take larger steps: a rate of
1e-2, about what the linear rule (P. Goyal et al., arXiv:1706.02677, section 2.1) makes of 0.1 for 256 images a step.

Gradual unfreezing: J. Howard and S. Ruder, «Universal language model fine-tuning for text classification», ACL 2018,
section 3.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from benchsuite.api import FreezePolicy, Phase

from .optimization import LoopParameters, LoopRecipe, OptimizationParameters

HEAD_RATE, WHOLE_RATE, SCRATCH_RATE = 1e-3, 1e-4, 1e-2
GRADUAL_STEPS = 5
TRIAL_EPOCHS = 2


class PhaseParameters(OptimizationParameters):
    """One phase: what is frozen in it, how the rest moves, and for how long."""

    name: str = Field(min_length=1, max_length=40)
    """What the phase is called in records and figures."""

    freeze: FreezePolicy = FreezePolicy()
    """Which stages do not train."""

    max_epochs: int = Field(default=5, ge=1, le=100_000)
    """Epochs at most."""


class TwoPhaseParameters(LoopParameters):
    """The phases, by the name of a preset or one by one, and what they share."""

    phases: (
        Literal["head_only", "all_at_once", "two_phase", "gradual", "from_scratch"]
        | Annotated[tuple[PhaseParameters, ...], Field(min_length=1, max_length=100)]
    ) = "two_phase"
    """`head_only`, `all_at_once`, `two_phase` (the head, then everything), `gradual` (one more stage at a time from the
    output on, then everything, at falling rates), `from_scratch` (everything, at a rate for random weights, which the
    model has with `weights: none`), or a list of phases."""

    batch_size: int = Field(default=32, ge=1, le=65536)
    """Images a step."""

    max_epochs: int | None = Field(default=None, ge=1, le=100_000)
    """Epochs at most in each phase; unless given, as many as the phase says."""

    @field_validator("phases")
    @classmethod
    def _each_name_once(cls, phases: str | tuple[PhaseParameters, ...]) -> str | tuple[PhaseParameters, ...]:
        if not isinstance(phases, str):
            twice = [name for name, count in Counter(phase.name for phase in phases).items() if count > 1]
            if twice:
                raise ValueError(f"each phase needs a name of its own; {', '.join(twice)} is given twice")
        return phases


def _phase(name: str, train_last: int | None, learning_rate: float, epochs: int) -> PhaseParameters:
    return PhaseParameters(
        name=name,
        freeze=FreezePolicy(train_last=train_last),
        optimizer="sgd",
        learning_rate=learning_rate,
        momentum=0.9,
        max_epochs=epochs,
    )


def _gradual() -> tuple[PhaseParameters, ...]:
    """One stage more in each phase and everything in the last, whatever the number of stages. The rates fall from the
    tutorial's first to its second by the same factor each time; it is ours, for the paper's is meant for the layers of
    one network."""
    factor = (WHOLE_RATE / HEAD_RATE) ** (1 / (GRADUAL_STEPS - 1))
    growing = [_phase(f"last_{i + 1}", i + 1, HEAD_RATE * factor**i, 2) for i in range(GRADUAL_STEPS - 1)]
    return (*growing, _phase("all", None, WHOLE_RATE, 2))


PRESETS: Mapping[str, tuple[PhaseParameters, ...]] = {
    "head_only": (_phase("head", 1, HEAD_RATE, 10),),
    "all_at_once": (_phase("all", None, WHOLE_RATE, 10),),
    "two_phase": (_phase("head", 1, HEAD_RATE, 5), _phase("all", None, WHOLE_RATE, 5)),
    "gradual": _gradual(),
    "from_scratch": (_phase("all", None, SCRATCH_RATE, 10),),
}


class TwoPhase(LoopRecipe[TwoPhaseParameters]):
    """Fine-tune a pretrained network phase by phase. Each starts from the best checkpoint of the one before; the run's
    own is the best of the last."""

    name = "two_phase"
    Parameters = TwoPhaseParameters

    def phases(self, params: TwoPhaseParameters) -> tuple[Phase, ...]:
        phases = PRESETS[params.phases] if isinstance(params.phases, str) else params.phases
        if params.max_epochs is not None:
            most = params.max_epochs
            phases = tuple(p.model_copy(update={"max_epochs": min(p.max_epochs, most)}) for p in phases)
        return tuple(phase.phase(phase.name, params, phase.freeze) for phase in phases)

    def smoke(self, params: TwoPhaseParameters) -> Mapping[str, Any]:
        return {"max_epochs": min(params.max_epochs or TRIAL_EPOCHS, TRIAL_EPOCHS)}
