"""The operations of a computation that CUDA has no deterministic way to do, found without a GPU.

They are recorded as torch carries them out elsewhere, forward and backward, and looked up in the list that torch
documents (`torch.use_deterministic_algorithms`): at these a run on a GPU ends. Imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from benchsuite.contracts.model import Task
from benchsuite.engine.diagnostics.layers import copy_without_data

UNREPEATABLE: Mapping[str, str] = {
    "_adaptive_avg_pool2d_backward": "the gradient of adaptive average pooling to more than 1 x 1",
    "_adaptive_avg_pool3d_backward": "the gradient of adaptive average pooling to more than 1 x 1 x 1",
    "adaptive_max_pool2d_backward": "the gradient of adaptive maximum pooling",
    "adaptive_max_pool3d_backward": "the gradient of adaptive maximum pooling",
    "avg_pool3d_backward": "the gradient of average pooling in three dimensions",
    "fractional_max_pool2d_backward": "the gradient of fractional maximum pooling",
    "fractional_max_pool3d_backward": "the gradient of fractional maximum pooling",
    "max_unpool2d": "maximum unpooling",
    "max_unpool3d": "maximum unpooling",
    "upsample_linear1d_backward": "the gradient of linear interpolation",
    "upsample_bilinear2d_backward": "the gradient of bilinear interpolation",
    "upsample_bicubic2d_backward": "the gradient of bicubic interpolation",
    "upsample_trilinear3d_backward": "the gradient of trilinear interpolation",
    "_upsample_bilinear2d_aa_backward": "the gradient of bilinear interpolation with antialiasing",
    "_upsample_bicubic2d_aa_backward": "the gradient of bicubic interpolation with antialiasing",
    "reflection_pad1d_backward": "the gradient of padding by reflection",
    "reflection_pad2d_backward": "the gradient of padding by reflection",
    "reflection_pad3d_backward": "the gradient of padding by reflection",
    "grid_sampler_2d_backward": "the gradient of grid_sample",
    "grid_sampler_3d_backward": "the gradient of grid_sample",
    "nll_loss2d_forward": "the negative log likelihood of maps",
    "_ctc_loss_backward": "the gradient of CTC",
    "put": "put",
    "put_": "put_",
    "histc": "histc",
    "median.dim": "the median along a dimension",
    "nanmedian.dim": "the median along a dimension",
    "kthvalue": "kthvalue",
}
"""What an operation of torch is called that raises on CUDA in deterministic mode, whatever its arguments."""
_MAXIMUM, _PRODUCT = 2, "prod"


class Recorder(TorchDispatchMode):
    """Within the block, operations that CUDA cannot repeat are listed in `found`, each once, under `place`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.place = ""
        self.found: dict[str, None] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = _name(func, args, kwargs)
        if name is None:
            return func(*args, **kwargs)
        self.found.setdefault(f"{self.place}: {name}" if self.place else name)
        # Of some, torch says so itself on tensors without data; the others are to be found too.
        strict = torch.are_deterministic_algorithms_enabled()
        torch.use_deterministic_algorithms(False)
        try:
            return func(*args, **kwargs)
        finally:
            torch.use_deterministic_algorithms(strict)


def in_network(stages: Mapping[str, nn.Module], task: Task) -> tuple[str, ...]:
    """What CUDA cannot repeat in the stages, one after the other, on two images without data."""
    ghosts = {name: copy_without_data(stage).train() for name, stage in stages.items()}
    flowing = torch.empty(2, task.channels, task.height, task.width, device="meta")
    with Recorder() as recorder:
        for name, stage in ghosts.items():
            recorder.place = name
            # A stage at a time, so that what is found in the backward pass is found in its own.
            flowing = stage(flowing.detach().requires_grad_(flowing.requires_grad))
            if flowing.requires_grad:
                flowing.backward(torch.empty_like(flowing))
    return tuple(recorder.found)


def in_loss(loss: Callable[[Tensor], Tensor], logits: Tensor) -> tuple[str, ...]:
    """What CUDA cannot repeat in a loss of these logits and in its gradient."""
    with Recorder() as recorder:
        loss(logits.requires_grad_()).backward()
    return tuple(recorder.found)


def _name(func: Any, args: Any, kwargs: Mapping[str, Any]) -> str | None:
    """What an operation is called, if CUDA cannot repeat it."""
    operation, _, overload = str(func).removeprefix("aten.").partition(".")
    if operation == "bincount" and (kwargs.get("weights") is not None or args[1:2] not in ((), (None,))):
        return "bincount with weights"
    if operation in ("scatter_reduce", "scatter_reduce_") and _PRODUCT in args:
        return "scatter_reduce of products"
    if operation == "_embedding_bag_backward" and args[8] == _MAXIMUM:
        return "the gradient of EmbeddingBag with its maximum"
    return UNREPEATABLE.get(operation) or UNREPEATABLE.get(f"{operation}.{overload}")
