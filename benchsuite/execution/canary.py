"""The canary: a few training steps, always the same, whose bits show whether machines of one kind really compute alike.

They are made in a process of their own, since whoever asks imports no torch, and remembered for this machine until a
version, a driver or the code that decides bits changes.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from benchsuite.atomic_files import write_text
from benchsuite.contracts.recipe import Optimizer, Phase
from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
from benchsuite.errors import DeviceError, SetupError, StoreError, first_line
from benchsuite.identity.canonical import digest
from benchsuite.identity.gpu_trial import usable_gpus
from benchsuite.identity.numerics import Device, MachineFacts, Numerics, numerics_of
from benchsuite.identity.source_fingerprint import source_fingerprint
from benchsuite.processes import ChildProcess, Parent, ProcessEnded
from benchsuite.settings import cache_root

MEMORY = "canary.json"
STEPS = 3
DEVICES: tuple[Device, ...] = ("cpu", "cuda")
TIMEOUT_SECONDS = 300
"""The first start of CUDA on a machine can take minutes."""


class OtherSteps(SetupError):
    """The steps come to something else on one machine than on others of its kind."""

    kind = "canary"


def other_steps(found: str, expected: str, where: str | None = None) -> OtherSteps:
    """The error for a machine where the steps came to `found`."""
    return OtherSteps(
        f"{STEPS} training steps give other bits there ({found[:8] or 'none'}) than on other machines of its kind"
        f" ({expected[:8] or 'none'})",
        where=where,
        expected="the same bits from every machine of one kind",
        remedy="look for libraries that are loaded from elsewhere there, and for failing memory, or leave that machine"
        f" out; then remove {MEMORY} from its cache, and start its worker again",
    )


def canary(machine: MachineFacts, code: str) -> dict[Device, str]:
    """What the steps come to on each device of this machine, whose facts these are; `code` is the fingerprint of what
    decides bits.

    They are made on each of its GPUs; where these differ, all that they came to is told. Raises DeviceError where they
    cannot be made.
    """
    path = cache_root() / MEMORY
    known, found = _recall(path), dict[str, str]()
    told: dict[Device, str] = {}
    for device in DEVICES if machine.gpu else DEVICES[:1]:
        every = tuple(dict.fromkeys((numerics_of(machine, device), numerics_of(machine, device, precision="fp32"))))
        cards: list[str | None] = [gpu.uuid for gpu in usable_gpus() if gpu.model == every[0].gpu_model]
        facts = [numerics.model_dump(mode="json") for numerics in every]
        names = {
            digest([platform.node(), card, facts, code, source_fingerprint(__name__)]): card for card in cards or [None]
        }
        found |= {name: known.get(name) or _ask(every, card) for name, card in names.items()}
        told[device] = "+".join(sorted({found[name] for name in names}))
    if not found.keys() <= known.keys():
        with suppress(StoreError):  # they will be made again
            write_text(path, json.dumps({**known, **found}))
    return told


def _recall(path: Path) -> dict[str, str]:
    try:
        return {name: str(told) for name, told in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _ask(every: Sequence[Numerics], card: str | None) -> str:
    try:
        with ChildProcess(answer, every, card, output=subprocess.DEVNULL) as process:
            told: str = process.receive(TIMEOUT_SECONDS)
            return told
    except ProcessEnded as ended:
        raise _unable(f"the process that makes them ended: {ended}") from None


def _unable(why: str) -> DeviceError:
    return DeviceError(
        f"{STEPS} training steps cannot be made here: {why}",
        expected="torch, and a device on which it computes",
        remedy="look at that machine with: benchsuite doctor --gpu",
    )


def answer(parent: Parent, every: Sequence[Numerics], card: str | None) -> None:
    """What the process does: make the steps with each of these numerics, and tell a hash of all weights."""
    try:
        prepare_environment(every[0], card)
        configure(every[0])
        parent.send(hashlib.sha256("".join(map(train, every)).encode()).hexdigest()[:32])
    except Exception as error:
        parent.send(_unable(f"{type(error).__name__}: {first_line(error)}"))


def train(numerics: Numerics) -> str:
    """The hash of a small network's weights after the steps, in a process that was made to repeat itself."""
    import torch
    from torch import nn

    from benchsuite.engine.determinism import seeds
    from benchsuite.engine.network.build import weights_hash
    from benchsuite.engine.training.arithmetic import Arithmetic
    from benchsuite.engine.training.descent import Descent

    arithmetic = Arithmetic(torch.device(numerics.device), numerics.precision)
    with seeds.isolated():
        seeds.reseed(0, "init")
        network = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 16 * 16, 10),
        )  # fmt: skip
    network.to(arithmetic.device).to(memory_format=torch.channels_last)
    draw = seeds.generator(0, "order")
    images = torch.from_numpy(draw.standard_normal((STEPS, 16, 3, 32, 32), dtype="float32")).to(arithmetic.device)
    labels = torch.from_numpy(draw.integers(10, size=(STEPS, 16))).to(arithmetic.device)
    descent = Descent(Phase("canary", 1, 16, Optimizer("adamw", 0.001)), network, arithmetic)
    for batch, truth in zip(images, labels, strict=True):
        logits = arithmetic.forward(network, batch.contiguous(memory_format=torch.channels_last))
        descent.minimise(nn.functional.cross_entropy(logits.float(), truth))
    return weights_hash(network.state_dict())
