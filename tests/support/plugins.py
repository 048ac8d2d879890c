"""Third-party plugins for tests: a distribution in a folder, with a data set and a model that run in moments.

`install` writes a module and its metadata as pip would; put the folder on `sys.path` or PYTHONPATH and
`importlib.metadata` finds it. `TINY` is the source of a plugin whose model and observer fail on request.
"""

from __future__ import annotations

from pathlib import Path

TINY = '''
"""A data set of coloured squares, and a network of a few hundred parameters that can be told to fail."""

import os
import signal
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from benchsuite.api import (
    Dataset, DatasetCard, DatasetIndex, DataError, Found, Model, Parameters, PhotoFiles, Preprocessing, Split,
    WeightsRequest, hookimpl,
)

CLASSES = ("blue", "green", "red")
SPLITS = {"train": 4, "validation": 2, "test": 2}


class SquaresParameters(Parameters):
    image_size: int = 8
    """Pixels of a side."""


class Squares(Dataset[SquaresParameters]):
    """Squares in three colours."""

    name = "squares"
    Parameters = SquaresParameters

    def card(self, params):
        return DatasetCard(
            title="Squares", summary="Cuadrados de tres colores.", licence="CC0",
            bibtex="@misc{squares, title={Squares}}", homepage="https://example.invalid", sources=(), classes=CLASSES,
            splits={name: n * len(CLASSES) for name, n in SPLITS.items()}, layout="squares/{split}/{class}/*.png",
        )

    def preprocessing(self, params):
        return Preprocessing(size=(params.image_size, params.image_size), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def find(self, params, root, scratch):
        for home in (root / "squares", root):
            if not (home / "train").is_dir():
                continue
            for split, count in SPLITS.items():
                for name in CLASSES:
                    found = len(list((home / split / name).glob("*.png")))
                    if found != count:
                        raise DataError(
                            f"{split}/{name} has {found} images", where=str(home), expected=f"{count} images",
                            remedy="restore the folder",
                        )
            return Found(home, "unofficial copy", "counts only")
        return None

    def download(self, params, folder, downloader):
        raise AssertionError("squares are not downloaded in tests")

    def sample(self, params, folder):
        draw = np.random.default_rng(7)
        for split, count in SPLITS.items():
            for channel, name in enumerate(CLASSES):
                place = folder / "squares" / split / name
                place.mkdir(parents=True)
                for i in range(count):
                    pixels = draw.integers(0, 200, (8, 8, 3), dtype=np.uint8)
                    pixels[..., 2 - channel] = 255
                    Image.fromarray(pixels).save(place / f"{i}.png")

    def index(self, params, folder):
        def split(name):
            names = tuple(f"{name}/{c}/{i}.png" for c in CLASSES for i in range(SPLITS[name]))
            return Split(PhotoFiles(folder, names), tuple(CLASSES.index(n.split("/")[1]) for n in names))
        return DatasetIndex(CLASSES, split("train"), split("validation"), split("test"))


class SpeckParameters(Parameters):
    width: int = 4
    """Channels."""

    fault: Literal["none", "build", "stages", "no memory", "native memory", "killed", "diverges", "slow",
                   "leaves", "exits", "hangs", "prints", "patches", "writes", "reseeds", "settles"] = "none"
    """What goes wrong."""

    weights: Path | None = None
    """A file to start from."""


class Speck(Model[SpeckParameters]):
    """One convolution and a linear layer."""

    name = "speck"
    Parameters = SpeckParameters

    def title(self, params):
        return "Speck"

    def bibtex(self, params):
        return "@misc{speck, title={Speck}}"

    def weights(self, params):
        return WeightsRequest(params.weights.name, params.weights.name, path=params.weights) if params.weights else None

    def build(self, params, task):
        import torch
        from torch import nn

        if params.fault == "build":
            raise RuntimeError("the bolt is loose")
        if params.fault == "no memory":
            raise MemoryError("unable to allocate 9 TiB")
        if params.fault == "native memory":
            torch.empty(1 << 50)
        if params.fault == "leaves":
            raise SystemExit(3)
        if params.fault == "exits":
            os._exit(3)
        if params.fault == "hangs":
            import time
            time.sleep(3600)
        if params.fault == "prints":
            print("\\x1b[31mrubbish\\x00" * 1000)
            os.write(1, b"more rubbish")
        if params.fault == "patches":
            torch.relu = lambda x: x
        if params.fault == "writes":
            Path("/left-by-a-plugin").write_text("x")
        if params.fault == "reseeds":
            torch.manual_seed(0)
        if params.fault == "settles":
            torch.set_default_dtype(torch.float64)
        if params.fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        network = nn.Module()
        network.stem = nn.Sequential(nn.Conv2d(task.channels, params.width, 3, padding=1), nn.ReLU())
        network.block = nn.Sequential(nn.Conv2d(params.width, params.width, 3, padding=1), nn.ReLU())
        network.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(params.width, task.classes))
        if params.fault == "slow":
            network.stem.append(slow())
        if params.fault == "diverges":
            nn.init.constant_(network.head[2].bias, float("nan"))
        network.forward = lambda x: network.head(network.block(network.stem(x)))
        if params.fault == "stages":
            network.fault = True
        return network

    def stages(self, module):
        if hasattr(module, "fault"):
            return {"head": module.head, "stem": module.stem}
        return {"stem": module.stem, "block": module.block, "head": module.head}


def slow():
    """A layer that takes its time."""
    import time

    from torch import nn

    class Slow(nn.Module):
        def forward(self, x):
            time.sleep(float(os.environ.get("TINY_SLOW_SECONDS", "0.05")))
            return x

    return Slow()


benchsuite_api = "1.0"


@hookimpl
def benchsuite_datasets():
    return [Squares]


@hookimpl
def benchsuite_models():
    return [Speck]
'''

OBSERVER = '''
"""An observer that raises in the hook that a run's `log_every` names: 91, 92 or 93."""

from benchsuite.api import hookimpl

benchsuite_api = "1.0"
HOOKS = ("benchsuite_run_started", "benchsuite_epoch_finished", "benchsuite_run_finished")


def trip(run, hook):
    if run.parameters["recipe"]["parameters"]["log_every"] == 91 + HOOKS.index(hook):
        raise RuntimeError(f"the observer trips in {hook}")


@hookimpl
def benchsuite_run_started(run):
    trip(run, "benchsuite_run_started")


@hookimpl
def benchsuite_epoch_finished(run, epoch):
    trip(run, "benchsuite_epoch_finished")


@hookimpl
def benchsuite_run_finished(run, summary):
    trip(run, "benchsuite_run_finished")
'''

SUITE = """
name: squares_width
title: Anchura y exactitud
size: {cases: 2, seeds: 2}
dataset: {name: squares}
model: {name: speck}
recipe: {name: finetune, max_epochs: 3, batch_size: 4, learning_rate: 0.01}
vary:
  model.width: [2, 4]
seeds: 2
compare: {factor: model.width, baseline: 2}
paper:
  authors: [{name: Ada Ejemplo}]
  abstract: Un estudio mínimo sobre {{seeds}}.
"""


def install(folder: Path, distribution: str, source: str, version: str = "1.0") -> Path:
    """Write a distribution with one plugin module below `folder`; returns the module's file."""
    folder.mkdir(parents=True, exist_ok=True)
    module = distribution.replace("-", "_")
    file = folder / f"{module}.py"
    file.write_text(source)
    metadata = folder / f"{module}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(f"[benchsuite]\n{module} = {module}\n")
    return file
