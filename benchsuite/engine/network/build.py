"""The network of a run: built from its seed, then given the pretrained weights it asked for."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from benchsuite.contracts.model import Model, Task, adapted
from benchsuite.contracts.parameters import Parameters
from benchsuite.engine.determinism import seeds
from benchsuite.errors import DataError, PluginError, WeightsError, first_line
from benchsuite.sources.digests import read_file
from benchsuite.sources.weights import LocatedWeights, refuse_foreign

SHOWN_NAMES = 6
WRAPPINGS = ("state_dict", "model_state_dict", "model", "net", "network", "module")
"""Keys under which training scripts save a state dict, beside the optimizer's and the like."""
PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""


@dataclass(frozen=True)
class Network:
    """A module and its ordered stages, whose composition is the forward pass."""

    module: nn.Module
    stages: Mapping[str, nn.Module]
    origin: str = "unknown"
    """Which model built it: its name and module."""
    remarks: tuple[str, ...] = ()
    """What had to be done with the weights file to load it."""

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


def build(model: Model[Any], params: Parameters, task: Task, seed: int, start: LocatedWeights | None) -> Network:
    """Build the network on the CPU in channels-last layout; load the file of `start` into all of
    it but the head.

    Raises WeightsError when the file was changed since it was hashed, is unsafe or unreadable, or does not fit, naming
    what differs.
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
    if start is not None and start.file is not None:
        state, remarks = _unwrap(*_read(start.file, start.sha256), module.state_dict().keys())
        _load(network, adapted(model, params, state, module), start.file)
        network = replace(network, remarks=tuple(f"{start.file.name}: {remark}" for remark in remarks))
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
    """The tensors of a safetensors file, or of a `.pth` file that holds tensors and plain values alone."""
    return _read(file)[0]


@dataclass(frozen=True)
class _Wrapping:
    """How the tensors lay in their file: below this key of a checkpoint, if any, which Lightning may have written."""

    key: str | None = None
    lightning: bool = False


def _read(file: Path, digest: str | None = None) -> tuple[dict[str, Tensor], _Wrapping]:
    """The tensors of a weights file, whatever its name ends in, and how they were wrapped. Where `digest` is the
    SHA-256 that it had when planning, another file is refused."""
    try:
        refuse_foreign(file)
        content = read_file(file, digest)
        if content[8:9] == b"{":  # as safetensors begin: the length of a header in eight bytes, and the header in JSON
            from safetensors.torch import load

            saved: object = load(content)
        else:
            saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except DataError as error:
        raise WeightsError(error.what, where=error.where, expected=error.expected, remedy=error.remedy) from error
    except pickle.UnpicklingError as error:
        if content.startswith((b"PK", b"\x80")):  # as zip files and pickles begin
            raise _holds_objects(file, error) from error
        raise WeightsError(
            "this weights file cannot be read: it begins as no file that PyTorch or safetensors write",
            where=str(file),
            expected="an intact .pth or .safetensors file",
            remedy="take the file with the tensors, or make or fetch it again and compare its size and checksum",
        ) from error
    except Exception as error:  # torch and safetensors raise many kinds for a broken file
        if "TorchScript" in str(error):
            remedy = f"save its tensors: torch.save(torch.jit.load({file.name!r}).state_dict(), ...)"
        else:
            remedy = "make or fetch it again, and compare its size and checksum"
        raise WeightsError(
            f"this weights file cannot be read: {type(error).__name__}: {first_line(error)}",
            where=str(file),
            expected="an intact .pth or .safetensors file",
            remedy=remedy,
        ) from error
    checkpoint = saved if isinstance(saved, dict) else {}
    key = None if _are_tensors(saved) else next((key for key in WRAPPINGS if _are_tensors(checkpoint.get(key))), None)
    state = saved if key is None else checkpoint[key]
    if not _are_tensors(state):
        inside = f": {', '.join(sorted(map(str, checkpoint))[:SHOWN_NAMES])}" if checkpoint else ""
        raise WeightsError(
            f"this weights file holds something else than tensors by name{inside}",
            where=str(file),
            expected=f"a state dict, or a checkpoint that has one as {' or '.join(WRAPPINGS)}",
            remedy="save model.state_dict()",
        )
    return dict(state), _Wrapping(key, "pytorch-lightning_version" in checkpoint)


def _are_tensors(state: Any) -> TypeGuard[Mapping[str, Tensor]]:
    return isinstance(state, dict) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items())


def _holds_objects(file: Path, error: Exception) -> WeightsError:
    """What to say of a pickle with more in it than tensors, which torch names in the midst of much advice."""
    named = re.search(r"GLOBAL (\S+)", str(error))
    return WeightsError(
        "this weights file is no plain state dict: it holds Python objects, which could run code when loaded"
        + (f" ({named[1]})" if named else ""),
        where=str(file),
        expected="a state dict saved with torch.save(model.state_dict(), ...), or a .safetensors file",
        remedy="where you trust the file, load it (torch.load, weights_only=False) and save its state dict alone",
    )


def _unwrap(state: dict[str, Tensor], wrapping: _Wrapping, own: Collection[str]) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors without the prefixes that wrappers gave all their names, and what was taken off, in words.

    DataParallel and torch.compile put theirs before every name; in Lightning's checkpoints it is the attribute that
    holds the network. A prefix that the module's own names have is none.
    """
    remarks = [f"its tensors lie under {wrapping.key!r}"] if wrapping.key else []
    while True:
        first = next(iter(state), "").partition(".")[0] + "."
        shared = all(name.startswith(first) for name in state) and not any(name.startswith(first) for name in own)
        if not state or not shared or not (first in PREFIXES or wrapping.lightning):
            return state, remarks
        state = {name.removeprefix(first): tensor for name, tensor in state.items()}
        remarks.append(f"the prefix {first!r} of its names was left out")


def _load(network: Network, state: dict[str, Tensor], file: Path) -> None:
    own = network.module.state_dict()
    head = network.names_in({list(network.stages)[-1]})
    shared = [name for name in own if name in state]
    faults = {
        "missing": [n for n in own if n not in state and n not in head and "num_batches_tracked" not in n],
        "unexpected": [name for name in state if name not in own],
        "other shapes": [
            f"{name} is {tuple(state[name].shape)}, not {tuple(own[name].shape)}"
            for name in shared
            if state[name].shape != own[name].shape
        ],
        "no real numbers": [
            f"{name} is {str(state[name].dtype).removeprefix('torch.')}"
            for name in shared
            if own[name].is_floating_point() and not state[name].is_floating_point()
        ],
        "not finite": [n for n in shared if state[n].is_floating_point() and not state[n].float().isfinite().all()],
    }
    if any(faults.values()):
        raise WeightsError(
            "the weights do not fit the model; "
            + "; ".join(
                f"{title}: {', '.join(names[:SHOWN_NAMES])}" + (", ..." if len(names) > SHOWN_NAMES else "")
                for title, names in faults.items()
                if names
            ),
            where=str(file),
            expected="finite weights of the same architecture and depth",
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
