"""Which parts of a photo speak for a class: heat maps by Grad-CAM.

Source: R. R. Selvaraju et al., «Grad-CAM: visual explanations from deep networks via gradient-based localization»,
ICCV 2017, equations 1 and 2: the maps that a layer leaves are weighted, each by the mean over it of the gradient of
the class's logit, and added; what speaks against the class is cut off at zero. The layer is the last stage that leaves
maps of more than one pixel. It shows where the network looked, coarsely, and is no proof of why it decided so.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

BATCH = 16
"""Images at once that leave room for what passes back, which takes more memory than what passes forward."""


def heat_maps(stages: Sequence[nn.Module], images: Tensor, classes: Tensor) -> Tensor | None:
    """A map of 0..1 for each image (N, channels, height, width) and its class (N,): float32 (N, height, width).

    None where no stage leaves maps, as in a network of fully connected layers. The stages are in eval mode.
    """
    last = _last_with_maps(stages, images[:1])
    if last is None:
        return None
    return _heat(nn.Sequential(*stages[:last]), nn.Sequential(*stages[last:]), images, classes)


def _last_with_maps(stages: Sequence[nn.Module], image: Tensor) -> int | None:
    """How many stages lead to the last maps of more than one pixel, which have the proportions of the image: where the
    channels come last, as in Swin, nothing has."""
    found, passed = None, image
    height, width = image.shape[2:]
    with torch.no_grad():
        for number, stage in enumerate(stages, start=1):
            passed = stage(passed)
            if passed.dim() == 4:
                down, across = passed.shape[2:]
                if down * across > 1 and abs(down * width - across * height) <= max(height, width):
                    found = number
    return found


def _heat(before: nn.Module, after: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    with torch.no_grad():
        maps = before(images)
    with torch.enable_grad():
        maps = maps.detach().requires_grad_()
        logits = after(maps.clone())  # which the next layer may overwrite
        (gradient,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), maps)
    heat = (gradient.mean(dim=(2, 3), keepdim=True) * maps.detach()).sum(dim=1, keepdim=True).relu()
    heat = interpolate(heat.float(), size=images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    return heat / heat.amax(dim=(1, 2), keepdim=True).clamp_min(torch.finfo(heat.dtype).tiny)
