"""What a user would write instead: whole studies as plain torch scripts, none of which knows benchsuite.

    python tests/benchmarks/scripts.py KIND WORK.json

KIND is `loader2` or `loader4` (a DataLoader with so many workers), `lightning` (a LightningModule with a DataLoader of
four workers, checkpoints, a log and early stopping, as tutorials have it), or `memory` (tuned by hand: all images are
decoded once and live as floats in memory). WORK.json lists the runs, one after the other: network, frozen blocks,
batch size, optimizer, epochs; the images are folders of photos or an npz file of pixels. Every run validates each
epoch, keeps its best weights, and tests them.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SPLITS = ("train", "validation", "test")


def main() -> None:
    kind, work = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    data: Any = Tensors(work) if kind == "memory" else Loaders(work, 2 if kind == "loader2" else 4)
    for run in work["runs"]:
        torch.manual_seed(run["seed"])
        network, trained = build(run["network"], run["blocks"], work["classes"])
        optimizer = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[run["optimizer"]](trained, **run["options"])
        if kind == "lightning":
            with_lightning(network, optimizer, data, run)
        else:
            if kind == "memory":
                network = network.to(memory_format=torch.channels_last)
            train(network, optimizer, data, run, kind == "memory")


def build(spec: dict[str, Any], blocks: int, classes: int) -> tuple[nn.Module, list[nn.Parameter]]:
    """A network, and its parameters that train."""
    if spec["name"] == "resnet18":
        from torchvision import models

        network = models.resnet18(weights=None)
        network.fc = nn.Linear(512, classes)
        layers = (network.layer1, network.layer2, network.layer3, network.layer4)[:blocks]
        for part in (network.conv1, network.bn1, *layers) if blocks else ():
            part.requires_grad_(False)
        return network, [p for p in network.parameters() if p.requires_grad]
    parts: list[nn.Module] = []
    width = 3 * 32 * 32
    if spec["name"] != "mlp":
        activation, pool = (nn.Tanh, nn.AvgPool2d) if spec["name"] == "lenet5" else (nn.ReLU, nn.MaxPool2d)
        parts = [nn.Conv2d(3, 6, 5), activation(), pool(2), nn.Conv2d(6, 16, 5), activation(), pool(2)]
        width = 16 * 5 * 5
    parts.append(nn.Flatten())
    for units in spec["hidden"]:
        parts += [nn.Linear(width, units), nn.ReLU()]
        width = units
    network = nn.Sequential(*parts, nn.Linear(width, classes))
    return network, list(network.parameters())


class Loaders:
    """The splits through DataLoaders: an image is decoded and normalised at every access."""

    def __init__(self, work: dict[str, Any], workers: int) -> None:
        from torchvision import transforms

        self._workers = workers
        steps = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        if work["photos"]:
            from torchvision.datasets import ImageFolder

            steps.insert(0, transforms.Resize((work["size"], work["size"])))
            transform = transforms.Compose(steps)
            self._sets = {name: ImageFolder(str(Path(work["photos"], name)), transform) for name in SPLITS}
        else:
            transform = transforms.Compose(steps)
            arrays = np.load(work["arrays"])
            self._sets = {name: Pictures(arrays[f"{name}_x"], arrays[f"{name}_y"], transform) for name in SPLITS}

    def split(self, name: str, batch: int) -> Any:
        return torch.utils.data.DataLoader(
            self._sets[name], batch, shuffle=name == "train", num_workers=self._workers, persistent_workers=True
        )


class Pictures(torch.utils.data.Dataset[Any]):
    """As torchvision's own data sets: a PIL image from memory, then its transforms."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, transform: Any) -> None:
        self._pixels, self._labels, self._transform = pixels, labels, transform

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        from PIL import Image

        return self._transform(Image.fromarray(self._pixels[i])), int(self._labels[i])


class Tensors:
    """The splits decoded once and kept as normalised floats."""

    def __init__(self, work: dict[str, Any]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._splits = {}
        for name in SPLITS:
            if work["photos"]:
                classes = sorted(path for path in Path(work["photos"], name).iterdir())
                files = [(path, label) for label, folder in enumerate(classes) for path in sorted(folder.iterdir())]
                with ThreadPoolExecutor(os.cpu_count()) as pool:
                    pixels = np.stack(list(pool.map(lambda file: _decode(file[0], work["size"]), files)))
                labels = np.array([label for _, label in files])
            else:
                arrays = np.load(work["arrays"])
                pixels, labels = arrays[f"{name}_x"], arrays[f"{name}_y"]
            floats = torch.from_numpy(pixels).float().div_(255).sub_(torch.tensor(MEAN)).div_(torch.tensor(STD))
            self._splits[name] = floats, torch.from_numpy(labels).long()

    def split(self, name: str, batch: int) -> Any:
        return Batches(*self._splits[name], batch, name == "train")


class Batches:
    """Batches of tensors, in a new order each time where they are shuffled."""

    def __init__(self, images: Any, labels: Any, batch: int, shuffled: bool) -> None:
        self._images, self._labels, self._batch, self._shuffled = images, labels, batch, shuffled

    def __iter__(self) -> Any:
        n = len(self._labels)
        for samples in (torch.randperm(n) if self._shuffled else torch.arange(n)).split(self._batch):
            yield self._images.index_select(0, samples).permute(0, 3, 1, 2), self._labels.index_select(0, samples)


def _decode(path: Path, size: int) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))


def train(network: Any, optimizer: Any, data: Any, run: dict[str, Any], tuned: bool) -> None:
    """Train, validate each epoch, test the best weights, write them."""
    splits = {name: data.split(name, run["batch"]) for name in SPLITS}
    best, kept = float("inf"), {}
    for _epoch in range(run["epochs"]):
        network.train()
        for images, labels in splits["train"]:
            loss = cross_entropy(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if not tuned:
                loss.item()
        found = evaluate(network, splits["validation"])
        if found < best:
            best, kept = found, copy.deepcopy(network.state_dict())
        _mark()
    network.load_state_dict(kept)
    evaluate(network, splits["test"])
    with tempfile.TemporaryFile() as file:
        torch.save(kept, file)


def evaluate(network: Any, batches: Any) -> float:
    """Mean loss of a split."""
    network.eval()
    total = n = 0.0
    with torch.inference_mode():
        for images, labels in batches:
            total += float(cross_entropy(network(images), labels, reduction="sum"))
            n += len(labels)
    return total / n


def with_lightning(network: Any, optimizer: Any, data: Any, run: dict[str, Any]) -> None:
    """The same with Lightning."""
    import lightning
    from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
    from lightning.pytorch.loggers import CSVLogger

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def _loss(self, batch: Any, name: str) -> Any:
            images, labels = batch
            logits = self.network(images)
            loss = cross_entropy(logits, labels)
            self.log(f"{name}_loss", loss, on_epoch=True, prog_bar=True)
            self.log(f"{name}_accuracy", (logits.argmax(1) == labels).float().mean(), on_epoch=True, prog_bar=True)
            return loss

        def training_step(self, batch: Any, number: int) -> Any:
            return self._loss(batch, "train")

        def validation_step(self, batch: Any, number: int) -> None:
            self._loss(batch, "validation")

        def test_step(self, batch: Any, number: int) -> None:
            self._loss(batch, "test")

        def on_validation_epoch_end(self) -> None:
            if not self.trainer.sanity_checking:
                _mark()

        def configure_optimizers(self) -> Any:
            return optimizer

    with tempfile.TemporaryDirectory() as folder:
        watched: dict[str, Any] = {"monitor": "validation_loss"}
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=run["epochs"],
            default_root_dir=folder,
            logger=CSVLogger(folder),
            callbacks=[EarlyStopping(patience=10, **watched), ModelCheckpoint(folder, **watched)],
        )
        module = Module()
        train_split, validation, test = (data.split(name, run["batch"]) for name in SPLITS)
        trainer.fit(module, train_split, validation)
        trainer.test(module, test, ckpt_path="best", weights_only=False)


def _mark() -> None:
    """Tell whoever waits for it that an epoch is done."""
    if mark := os.environ.get("BENCH_MARK"):
        Path(mark).touch()


if __name__ == "__main__":
    main()
