"""Training with mixup: each image of a batch is blended with another one, and so are their classes.

H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, «mixup: beyond empirical risk minimization», ICLR 2018, eq. 1: one
share for the whole batch, drawn from Beta(alpha, alpha), as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from benchsuite.api import FreezePolicy, Optimizer, Parameters, Phase, Recipe, hookimpl

if TYPE_CHECKING:
    from numpy.random import Generator
    from torch import Tensor

benchsuite_api = "1.0"
BIBTEX = """@inproceedings{zhang2018mixup,
  author    = {Zhang, Hongyi and Cisse, Moustapha and Dauphin, Yann N. and Lopez-Paz, David},
  title     = {mixup: Beyond Empirical Risk Minimization},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year      = {2018}
}"""


class MixupParameters(Parameters):
    """What a suite may choose."""

    alpha: float = Field(default=0.2, ge=0, le=10)
    """Both parameters of the Beta distribution; 0 mixes nothing."""

    learning_rate: float = Field(default=0.001, gt=0, le=10)
    """Adam's step size."""

    batch_size: int = Field(default=32, ge=1, le=65536)
    """Images a step."""

    max_epochs: int = Field(default=30, ge=1, le=100_000)
    """Epochs; the best by validation loss is kept."""

    freeze: FreezePolicy = FreezePolicy()
    """Which stages do not train."""


class Mixup(Recipe[MixupParameters]):
    """Adam on blends of two images and their classes."""

    name = "mixup"
    Parameters = MixupParameters

    def bibtex(self, params: MixupParameters) -> str:
        return BIBTEX

    def phases(self, params: MixupParameters) -> tuple[Phase, ...]:
        adam = Optimizer("adam", params.learning_rate)
        return (Phase("mixup", params.max_epochs, params.batch_size, adam, freeze=params.freeze),)

    def transform(
        self, params: MixupParameters, images: Tensor, targets: Tensor, draw: Generator
    ) -> tuple[Tensor, Tensor]:
        import torch

        if params.alpha == 0:
            return images, targets
        share = float(draw.beta(params.alpha, params.alpha))
        other = torch.from_numpy(draw.permutation(len(images))).to(images.device)
        return share * images + (1 - share) * images[other], share * targets + (1 - share) * targets[other]

    def smoke(self, params: MixupParameters) -> Mapping[str, Any]:
        return {"max_epochs": min(params.max_epochs, 4)}


@hookimpl
def benchsuite_recipes() -> Iterable[type[Recipe[Any]]]:
    return [Mixup]
