"""A finished run's network for other programs, with all that one must know to use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from benchsuite import __version__
from benchsuite.contracts.dataset import Dataset, DatasetCard, Preprocessing
from benchsuite.contracts.model import Model
from benchsuite.execution.messages import TrainedJob
from benchsuite.registry import Registry
from benchsuite.registry.attribution import blaming
from benchsuite.sources.data import LocatedData
from benchsuite.store.record import RunRecord

Format = Literal["safetensors", "onnx", "torch"]
FILES: Mapping[Format, str] = {"safetensors": "model.safetensors", "onnx": "model.onnx", "torch": "model.pt2"}
VERSIONS = ("benchsuite", "torch", "torchvision", "numpy", "pillow")
RESIZE = {
    "squash": "both sides scaled independently",
    "crop": "the shorter side scaled and the centre kept",
}


@dataclass(frozen=True)
class ExportJob(TrainedJob):
    """Write the network of a run to `target`. `data` has the test split by which a program is compared with torch;
    weights need none. Gives by how much its probabilities differ there at most, None for weights."""

    record: RunRecord
    weights: Path
    format: Format
    target: Path
    metadata: Mapping[str, str]
    data: LocatedData | None
    cache: Path

    def do(self, registry: Registry) -> float | None:
        from benchsuite.engine.data.images import load_images
        from benchsuite.engine.run import export
        from benchsuite.engine.run.trained import TrainedNetwork, explained

        with explained(self.record, self.numerics, registry):
            network = TrainedNetwork(self.record, self.weights, self.numerics, registry)
        module = network.network.module
        if self.data is None:
            export.write_safetensors(module, self.metadata, self.target)
            return None
        images, digests = self.data.index.test.images, self.data.digests["test"]
        test = load_images(images, digests, network.preprocessing, self.cache).pixels
        write = export.write_onnx if self.format == "onnx" else export.write_torch
        return write(module, self.metadata, self.target, network.preprocessing, test)


def told_by_components(record: RunRecord, registry: Registry) -> tuple[str, DatasetCard, Preprocessing]:
    """What the model of a run is called, what its data set says of itself, and how that prepares photos."""
    case = record.spec.case
    for_model, for_dataset = registry.model(case.model.qualified_name), registry.dataset(case.dataset.qualified_name)
    with blaming(for_model, for_dataset):
        title = cast(Model[Any], for_model.component).title(for_model.parse(case.model.parameters))
        dataset, params = cast(Dataset[Any], for_dataset.component), for_dataset.parse(case.dataset.parameters)
        return title, dataset.card(params), dataset.preprocessing(params)


def metadata(record: RunRecord, card: DatasetCard, preprocessing: Preprocessing) -> dict[str, str]:
    """What an exported network says of itself: texts by name; all but simple ones are JSON."""
    assert record.dataset is not None
    assert record.best is not None
    assert record.test is not None
    spec, test, best = record.spec, record.test, record.best
    packages = {name.lower(): version for name, version in record.environment.packages.items()}
    told: dict[str, Any] = {
        "suite": spec.suite,
        "case": spec.case.name,
        "seed": spec.seed,
        "key": record.key,
        "weights_hash": record.weights_hash,
        "classes": record.dataset.classes,
        "class_titles": {name: card.class_titles[name] for name in record.dataset.classes if name in card.class_titles},
        "preprocessing": {
            "channels": "RGB",
            "size": preprocessing.size,
            "resize": f"{preprocessing.resize}: {RESIZE[preprocessing.resize]}, {preprocessing.interpolation}"
            " with antialiasing",
            "crop_fraction": preprocessing.crop_fraction,
            "scale": 1 / 255,
            "mean": preprocessing.mean,
            "std": preprocessing.std,
            "layout": "N, channels, height, width",
        },
        "metrics": {
            "test": test.model_dump(exclude={"confusion"}),
            "validation": {name: getattr(best, f"validation_{name}") for name in ("loss", "accuracy", "macro_f1")},
        },
        "model": spec.case.model.model_dump(mode="json"),
        "data": {"title": record.dataset.title, "provenance": record.dataset.provenance, "licence": card.licence},
        "start": record.weights.model_dump() if record.weights else None,
        "versions": {name: packages[name] for name in VERSIONS if name in packages} | {"exported_by": __version__},
    }
    return {name: one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for name, one in told.items()}
