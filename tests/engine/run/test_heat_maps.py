"""Heat maps are Grad-CAM's: checked against gradients worked out by hand, and absent where there are no maps."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from benchsuite.engine.run.heat_maps import heat_maps


class Sides(nn.Module):
    """Two maps: the brightness of the left half of an image, and of the right half."""

    def forward(self, images: Tensor) -> Tensor:
        grey = images.mean(dim=1)
        left, right = grey.clone(), grey.clone()
        left[..., grey.shape[2] // 2 :] = 0
        right[..., : grey.shape[2] // 2] = 0
        return torch.stack([left, right], dim=1)


class Overwriting(nn.Module):
    """Like ReLU(inplace=True), it writes over what it is given."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mul_(1.0)


class ChannelsLast(nn.Module):
    """Maps whose channels come last, as Swin has them."""

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 2, 3, 1)


def head(weight: list[list[float]]) -> nn.Sequential:
    linear = nn.Linear(2, 2, bias=False)
    linear.weight.data = torch.tensor(weight)
    return nn.Sequential(Overwriting(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


def test_the_map_is_where_the_evidence_for_the_class_lies() -> None:
    images = torch.ones(2, 3, 8, 8)
    images[:, :, 2, 2] = images[:, :, 2, 6] = 5.0
    heat = heat_maps([Sides(), head([[1.0, -1.0], [-1.0, 1.0]])], images, torch.tensor([0, 1]))
    assert heat is not None
    assert heat.shape == (2, 8, 8)
    assert float(heat.min()) == 0.0
    assert heat.amax(dim=(1, 2)).tolist() == [1.0, 1.0]
    assert (heat[0, :, 4:] == 0).all(), "what speaks against the class is cut off"
    assert (heat[1, :, :4] == 0).all()
    assert heat[0].argmax() == 2 * 8 + 2
    assert heat[1].argmax() == 2 * 8 + 6


def test_weights_are_the_mean_gradients_of_equation_1() -> None:
    images = torch.rand(1, 3, 6, 6)
    weight = [[0.7, 0.2], [0.0, 0.0]]
    heat = heat_maps([Sides(), head(weight)], images, torch.tensor([0]))
    assert heat is not None
    maps = Sides()(images)[0]
    expected = (0.7 * maps[0] + 0.2 * maps[1]) / 36  # the gradient of the logit of a mean is the weight over 36
    torch.testing.assert_close(heat[0], expected / expected.max())


@pytest.mark.parametrize(
    "stages",
    [
        [nn.Flatten(), nn.Linear(3 * 8 * 8, 2)],
        [nn.AdaptiveAvgPool2d(1), nn.Sequential(nn.Flatten(), nn.Linear(3, 2))],
        [ChannelsLast(), nn.Sequential(nn.Flatten(), nn.Linear(192, 2))],
    ],
)
def test_a_network_without_maps_of_the_image_has_no_heat_map(stages: list[nn.Module]) -> None:
    assert heat_maps(stages, torch.rand(2, 3, 8, 8), torch.tensor([0, 1])) is None


def test_nothing_speaks_for_a_class_whose_evidence_is_negative() -> None:
    heat = heat_maps([Sides(), head([[-1.0, -1.0], [0.0, 0.0]])], torch.rand(1, 3, 4, 4), torch.tensor([0]))
    assert heat is not None
    assert not heat.any()
