"""The network of a run: built from its seed, then given the pretrained weights it asked for."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchsuite.contracts.model import Model, Task
from benchsuite.contracts.parameters import Parameters
from benchsuite.engine.determinism import seeds
from benchsuite.errors import PluginError, WeightsError, first_line

SHOWN_NAMES = 6


@dataclass(frozen=True)
class Network:
    """A module and its ordered stages, whose composition is the forward pass."""

    module: nn.Module
    stages: Mapping[str, nn.Module]
    origin: str = "unknown"
    """Which model built it: its name and module."""

    def stage_of(self, name: str) -> str:
        """The stage that holds the parameter or buffer `name` of the module."""
        return self._owners()[name]

    def _owners(self) -> dict[str, str]:
        by_identity = {
            id(tensor): stage for stage, part in self.stages.items() for tensor in (*part.parameters(), *part.buffers())
        }
        tensors = (*self.module.named_parameters(), *self.module.named_buffers())
        return {name: by_identity.get(id(tensor), "") for name, tensor in tensors}

    def names_in(self, stages: set[str]) -> set[str]:
        """Names of the parameters and buffers that lie in one of `stages`."""
        return {name for name, stage in self._owners().items() if stage in stages}


def build(model: Model[Any], params: Parameters, task: Task, seed: int, weights: Path | None) -> Network:
    """Build the network on the CPU in channels-last layout; load `weights` into all of it but the head.

    Raises WeightsError when the file is unsafe, unreadable or does not fit, naming what differs.
    """
    with seeds.isolated():
        seeds.reseed(seed, "init")
        module = model.build(params, task)
    origin = f"model {model.name}, {type(model).__module__}"
    network = Network(module, dict(model.stages(module)), origin)
    _check_disjoint(model, network)
    homeless = sorted(network.names_in({""}))
    if homeless:
        raise PluginError(
            f"model {model.name}: {', '.join(homeless[:SHOWN_NAMES])} lies in no stage",
            where=type(model).__module__,
            expected="stages whose composition is the whole forward pass",
            remedy="return every part of the module from stages()",
        )
    if weights is not None:
        _load(network, model.adapt(params, read_state(weights)), weights)
    module.to(memory_format=torch.channels_last)
    return network


def _check_disjoint(model: Model[Any], network: Network) -> None:
    """What two stages share would train in one and be frozen in the other."""
    owner: dict[int, str] = {}
    for name, stage in network.stages.items():
        for tensor in (*stage.parameters(), *stage.buffers()):
            if owner.setdefault(id(tensor), name) != name:
                raise PluginError(
                    f"model {model.name}: the stages {owner[id(tensor)]} and {name} share parameters",
                    where=type(model).__module__,
                    expected="stages that share nothing, so that one can be frozen without the other",
                    remedy="put what shares parameters into one stage",
                )


def read_state(file: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of a `.pth` file that holds nothing but tensors."""
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: object = load_file(file)
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            "this weights file is no plain state dict: it holds Python objects, which could run code when loaded",
            where=str(file),
            expected="a state dict saved with torch.save(model.state_dict(), ...), or a .safetensors file",
            remedy="save the weights alone, as tensors by name",
        ) from error
    except Exception as error:  # torch and safetensors raise many kinds for a broken file
        raise WeightsError(
            f"this weights file cannot be read: {type(error).__name__}: {first_line(error)}",
            where=str(file),
            expected="an intact .pth or .safetensors file",
            remedy="fetch it again and compare its checksum",
        ) from error
    if isinstance(state, dict) and set(state) == {"state_dict"}:
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()):
        raise WeightsError(
            "this weights file holds something else than tensors by name",
            where=str(file),
            expected="a state dict",
            remedy="save model.state_dict()",
        )
    return state


def _load(network: Network, state: dict[str, Tensor], file: Path) -> None:
    own = network.module.state_dict()
    head = network.names_in({list(network.stages)[-1]})
    missing = [name for name in own if name not in state and name not in head and "num_batches_tracked" not in name]
    unexpected = [name for name in state if name not in own]
    reshaped = [
        f"{name} is {tuple(state[name].shape)}, not {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if missing or unexpected or reshaped:
        faults = [
            f"{title}: {', '.join(names[:SHOWN_NAMES])}" + (", ..." if len(names) > SHOWN_NAMES else "")
            for title, names in (("missing", missing), ("unexpected", unexpected), ("other shapes", reshaped))
            if names
        ]
        raise WeightsError(
            "the weights do not fit the model; " + "; ".join(faults),
            where=str(file),
            expected="weights of the same architecture and depth",
            remedy="choose matching weights, or set model.weights to none",
        )
    network.module.load_state_dict(state, strict=False)


def weights_hash(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, in the order of the names."""
    total = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        total.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}:".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
