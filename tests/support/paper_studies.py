"""Papers' material for studies of other shapes than `paper_material`'s: named cases, many classes, phases, one case.

Every number is made up from (case, seed), the same at every call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchsuite.analysis.results import Results
from benchsuite.contracts.dataset import DatasetCard
from benchsuite.contracts.observer import Epoch
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.store.record import Best, Cost, DatasetFacts, ModelFacts, RunRecord, TestMetrics, WeightsFacts
from benchsuite.suite.cases.plan import Case, Component, Plan, RunSpec
from benchsuite.suite.schema.suite import Suite
from support.paper_material import make_photo
from support.synthetic import make_environment, make_keys, make_outcomes, make_record

BIRDS = (
    "Black-footed Albatross", "Laysan Albatross", "Sooty Albatross", "Groove-billed Ani", "Crested Auklet",
    "Least Auklet", "Parakeet Auklet", "Rhinoceros Auklet", "Brewer Blackbird", "Red-winged Blackbird",
    "Rusty Blackbird", "Yellow-headed Blackbird", "Bobolink", "Indigo Bunting", "Lazuli Bunting", "Painted Bunting",
    "Cardinal", "Spotted Catbird", "Gray Catbird", "Yellow-breasted Chat",
)  # fmt: skip
OBJECTS = ("avión", "automóvil", "pájaro", "gato", "ciervo", "perro", "rana", "caballo", "barco", "camión")


@dataclass(frozen=True)
class Sketch:
    """A study in outline. Each case: its name, what it sets, its final accuracy and its model's parameters."""

    name: str
    classes: tuple[str, ...]
    cases: tuple[tuple[str, Mapping[str, Any], float, int], ...]
    counts: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Mapping[str, Any]]
    baseline: str | None = None
    phases: Mapping[str, Sequence[tuple[str, int, float]]] = field(default_factory=dict)
    epochs: int = 20
    seeds: int = 3
    frozen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    weights: WeightsFacts = field(
        default_factory=lambda: WeightsFacts(request="none", provenance="random", file=None, sha256=None)
    )
    gpu: frozenset[str] = frozenset()
    vary: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    photos: tuple[float, float] | None = None


COLOURS = ("green", "teal", "olive")
STAGES = ("conv1", "conv2", "conv3", "conv4", "hidden", "head")


def _birds(count: int) -> tuple[str, ...]:
    return tuple(BIRDS[i % 20] + (f" {'I' * (1 + i // 20)}" if i >= 20 else "") for i in range(count))


def _bird_counts(count: int) -> dict[str, tuple[int, ...]]:
    draw = np.random.default_rng(3)
    whole = draw.integers(41, 61, count)
    test = np.round(whole * 0.2).astype(int)
    validation = np.round(whole * 0.08).astype(int)
    return {
        "train": tuple(int(n) for n in whole - test - validation),
        "validation": tuple(int(n) for n in validation),
        "test": tuple(int(n) for n in test),
    }


TRAIN = {
    "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0, "l1": 0.0,
    "scheduler": {"name": "constant", "gamma": 0.1, "step_size": 10, "milestones": [], "warmup_epochs": 0},
    "max_epochs": 20, "batch_size": 32, "label_smoothing": 0.0, "gradient_clip": None, "patience": None,
    "monitor": "validation_loss", "precision": "auto",
}  # fmt: skip
BIRDCNN = {"channels": [32, 64, 128, 256], "kernel_size": 3, "padding": 1, "hidden": 512, "dropout": 0.5,
           "activation": "relu"}  # fmt: skip
CUB = {"classes": 20, "split": "random_80_20", "split_seed": 0, "validation": 0.1, "image_size": 256,
       "resize": "squash", "augmentation": ["horizontal_flip", "vertical_flip"]}  # fmt: skip
CIFAR: dict[str, Any] = {"split_seed": 0, "validation": 0.2, "train_images": None, "augmentation": []}
CIFAR_COUNTS = {"train": (4000,) * 10, "validation": (1000,) * 10, "test": (1000,) * 10}

SKETCHES = {
    sketch.name: sketch
    for sketch in (
        Sketch(
            "aves",
            BIRDS,
            (
                ("estándar", {}, 0.52, 33_950_000),
                ("ajuste 1 (weight decay 0.01)", {"recipe.weight_decay": 0.01}, 0.21, 33_950_000),
                ("ajuste 2 (SGD y momentum)", {"recipe.optimizer": "sgd", "recipe.momentum": 0.9}, 0.3, 33_950_000),
                ("ajuste 3 (kernel 6)", {"model.kernel_size": 6}, 0.47, 26_600_000),
                ("ajuste 4 (dos convoluciones)", {"model.channels": [32, 64]}, 0.35, 134_250_000),
            ),
            _bird_counts(20),
            {"dataset": CUB, "model": BIRDCNN, "recipe": TRAIN},
            baseline="estándar",
            photos=(388.3, 469.6),
        ),
        Sketch(
            "doscientas",
            _birds(200),
            (("base", {}, 0.16, 34_000_000),),
            _bird_counts(200),
            {"dataset": {**CUB, "classes": 200}, "model": BIRDCNN, "recipe": {**TRAIN, "batch_size": 128}},
            gpu=frozenset({"base"}),
            seeds=1,
            photos=(256, 256),
        ),
        Sketch(
            "densas",
            OBJECTS,
            tuple(
                (name, {"model.hidden": hidden}, 0.5 + 0.01 * i, 400_000 + 60_000 * i)
                for i, (name, hidden) in enumerate(
                    {
                        "mlp": [120, 84],
                        "fc_hl_bigvalues": [150, 150, 84],
                        "fc_hl_1layers": [120],
                        "fc_hl_bigvalues_and_2layers": [200, 200],
                        "fc_hl_less_values": [50, 50],
                        "fc_hl_1layer_less": [120, 10],
                        "fc_hl_1layerless_smallvalues": [50],
                    }.items()
                )
            ),
            CIFAR_COUNTS,
            {"dataset": CIFAR, "model": {"hidden": [120, 84], "activation": "relu"}, "recipe": TRAIN},
            seeds=6,
            baseline="mlp",
        ),
        Sketch(
            "convolucionales",
            OBJECTS,
            (
                ("cnn_lessvalues", {"model": {"name": "small_cnn"}}, 0.62, 62_000),
                ("CNN_LeNet-5", {"model": {"name": "lenet5"}}, 0.58, 61_706),
                ("CNN_ResNet-18", {"model": {"name": "resnet", "form": "cifar", "depth": 18}}, 0.81, 11_173_962),
                ("CNN_VGG16", {"model": {"name": "vgg16", "form": "cifar"}}, 0.78, 14_728_266),
            ),
            CIFAR_COUNTS,
            {"dataset": CIFAR, "model": {}, "recipe": TRAIN},
            models={
                "cnn_lessvalues": ("CNN pequeña", ""),
                "CNN_LeNet-5": ("LeNet-5", "@article{lecun1998, title={Gradient-based learning}}"),
                "CNN_ResNet-18": ("ResNet18 (32 píxeles)", "@inproceedings{he2016, title={Deep residual learning}}"),
                "CNN_VGG16": ("VGG16 (32 píxeles)", "@inproceedings{vgg, title={Very deep}}"),
            },
            seeds=1,
            gpu=frozenset({"CNN_ResNet-18", "CNN_VGG16"}),
        ),
        Sketch(
            "optimizadores",
            OBJECTS,
            tuple(
                (name, {"recipe.optimizer": name.split()[0].lower(), **more}, accuracy, 11_173_962)
                for name, more, accuracy in (
                    ("SGD 0.01 momentum 0.9", {"recipe.learning_rate": 0.01, "recipe.momentum": 0.9}, 0.82),
                    ("Adam", {}, 0.8), ("AdamW", {}, 0.79), ("Adagrad", {}, 0.7), ("RMSprop", {}, 0.74),
                    ("Adadelta", {"recipe.learning_rate": 1.0}, 0.76), ("SGD sin momentum", {}, 0.55),
                    ("SGD con Nesterov", {"recipe.momentum": 0.9, "recipe.nesterov": True}, 0.815),
                    ("Adam con decaimiento", {"recipe.weight_decay": 0.01}, 0.6),
                    ("Adam exponencial", {"recipe.scheduler.name": "exponential", "recipe.scheduler.gamma": 0.95}, 0.8),
                    ("Adam con lotes de 256 imágenes", {"recipe.batch_size": 256}, 0.77),
                )
            ),
            CIFAR_COUNTS,
            {"dataset": CIFAR, "model": {"depth": 18, "form": "cifar", "activation": "relu"}, "recipe": TRAIN},
            baseline="SGD 0.01 momentum 0.9",
            seeds=1,
        ),
        Sketch(
            "fases",
            ("mancha angular", "roya", "sana"),
            tuple(
                (f"phases={phases},depth={depth}", {"recipe.phases": phases, "model.depth": depth}, accuracy, size)
                for depth, size, gain in ((50, 23_514_179, 0.01), (18, 11_178_051, 0.0))
                for phases, accuracy in (
                    ("head_only", 0.9 + gain), ("all_at_once", 0.95 + gain), ("two_phase", 0.97 + gain),
                    ("gradual", 0.965 + gain),
                )
            ),
            {"train": (345, 348, 341), "validation": (44, 45, 44), "test": (43, 43, 42)},
            {"dataset": {"image_size": 224}, "model": {"depth": 18, "weights": "/home/ada/resnet18.pth"},
             "recipe": {"phases": "two_phase", "batch_size": 32}},
            phases={
                "head_only": [("head", 5, 0.001)],
                "all_at_once": [("all", 10, 0.0001)],
                "two_phase": [("head", 5, 0.001), ("all", 5, 0.0001)],
                "gradual": [("head", 2, 0.001), ("last2", 3, 0.0005), ("all", 5, 0.0001)],
            },
            frozen={"head_only": STAGES[:-1]},
            models={
                f"phases={phases},depth={depth}": (f"ResNet{depth}", "")
                for phases in ("head_only", "all_at_once", "two_phase", "gradual")
                for depth in (50, 18)
            },
            weights=WeightsFacts(request="imagenet1k_v1", provenance="official", file="x.pth", sha256="f3" * 32),
            vary={"recipe.phases": ["head_only", "all_at_once", "two_phase", "gradual"], "model.depth": [50, 18]},
            labels={"recipe.phases": "Estrategia", "recipe.phases=head_only": "solo la cabeza"},
        ),
    )
}  # fmt: skip


def make_study(name: str, **changes: Any) -> PaperMaterial:
    """The material of the sketch `name`, with fields of PaperMaterial changed."""
    sketch = SKETCHES[name]
    plan = Plan(
        suite=sketch.name,
        cases=tuple(_case(sketch, *case[:2]) for case in sketch.cases),
        seeds=tuple(range(sketch.seeds)),
    )
    records = {key: _record(sketch, spec) for spec, key in zip(plan.runs, make_keys(plan).values(), strict=True)}
    keys = {(spec.case.name, spec.seed): key for key, spec in zip(records, plan.runs, strict=True)}
    facts: dict[str, Any] = {
        "results": Results(_suite(sketch), plan, keys, records, make_outcomes(records)),
        "card": DatasetCard(
            title="CUB-200-2011" if len(sketch.classes) in (20, 200) else "CIFAR-10",
            summary="Fotografías de clases muy parecidas entre sí.",
            licence="Uso no comercial",
            bibtex="@misc{datos, title={Datos}}",
            homepage="https://example.org",
            sources=(),
            classes=sketch.classes,
            splits={split: sum(counts) for split, counts in sketch.counts.items()},
        ),
        "model_title": "BirdCNN",
        "models": sketch.models,
        "samples": tuple(
            (title, make_photo(("green", "teal", "olive")[i % 3])) for i, title in enumerate(sketch.classes)
        ),
        "version": "0.1.0",
    }
    return PaperMaterial(**(facts | changes))


def _suite(sketch: Sketch) -> Suite:
    named = [{"name": name, "set": dict(settings)} for name, settings, _, _ in sketch.cases]
    declared = {
        "name": sketch.name,
        "title": f"Estudio de {sketch.name}",
        "size": {"cases": len(sketch.cases), "seeds": sketch.seeds},
        "dataset": {"name": "cub"},
        "model": {"name": "birdcnn"},
        "recipe": {"name": "train"},
        "seeds": sketch.seeds,
        **({"vary": sketch.vary} if sketch.vary else {"cases": named}),
        **({"compare": {"baseline": sketch.baseline}} if sketch.baseline else {}),
        "paper": {
            "authors": [{"name": "Ana Núñez", "affiliation": "Universidad de Prueba"}],
            "abstract": "Se estudia la clasificación con {{seeds}}; la mejor exactitud es la de {{best}}.",
            "keywords": ["clasificación de imágenes"],
            "labels": sketch.labels,
            "sections": [
                {"title": "Introducción", "text": "La clasificación de imágenes tiene una larga historia. " * 12},
                {"title": "Discusión", "place": "discussion", "text": "Los resultados deben leerse con cautela. " * 12},
            ],
        },
    }  # fmt: skip
    return Suite.model_validate_json(json.dumps(declared, ensure_ascii=False))


def _case(sketch: Sketch, name: str, settings: Mapping[str, Any]) -> Case:
    core = {"distribution": "benchsuite", "version": "0.1.0"}
    parts = {kind: dict(json.loads(json.dumps(sketch.parameters[kind]))) for kind in ("dataset", "model", "recipe")}
    names = {"dataset": "cub", "model": "birdcnn", "recipe": "train"}
    for path, value in settings.items():
        kind, *rest = path.split(".")
        if not rest:
            names[kind] = value["name"]
            parts[kind] = {key: below for key, below in value.items() if key != "name"}
            continue
        place = parts[kind]
        for part in rest[:-1]:
            place = place[part]
        place[rest[-1]] = value
    components = {kind: Component(name=names[kind], parameters=parts[kind], **core) for kind in parts}
    return Case(name=name, settings=dict(settings), **components)


def _record(sketch: Sketch, spec: RunSpec) -> RunRecord:
    order = [name for name, *_ in sketch.cases].index(spec.case.name)
    _, settings, accuracy, size = sketch.cases[order]
    draw = np.random.default_rng([order, spec.seed])
    final = float(np.clip(accuracy + draw.normal(0, 0.008), 0.02, 0.99))
    chance = 1 / len(sketch.classes)
    plan = sketch.phases.get(str(settings.get("recipe.phases")), [("train", sketch.epochs, 0.001)])
    epochs: list[Epoch] = []
    for phase, count, rate in plan:
        for _ in range(count):
            number = len(epochs) + 1
            rise = 1 - np.exp(-(0.15 + 0.03 * order) * number)
            validation = float(np.clip(chance + (final - chance) * rise + draw.normal(0, 0.008), 0, 1))
            train = float(np.clip(chance + (min(0.99, final + 0.3) - chance) * rise, 0, 1))
            epochs.append(
                Epoch(
                    phase=phase, epoch=number, train_loss=2.3 * (1 - train) + 0.02, train_accuracy=train,
                    validation_loss=2.5 * (1 - validation) + 0.02 * number * (1 - final), learning_rate=rate,
                    validation_accuracy=validation, seconds=3.0 + order,
                )
            )  # fmt: skip
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    confusion = _confusion(sketch, final, draw)
    right, total = sum(row[i] for i, row in enumerate(confusion)), sum(map(sum, confusion))
    frozen = sketch.frozen.get(str(settings.get("recipe.phases")), ())
    training = sum(epoch.seconds for epoch in epochs)
    device = {"device": "cuda", "device_name": "NVIDIA H100 80GB HBM3"} if spec.case.name in sketch.gpu else {}
    return make_record(
        RunSpec(suite="x", case=spec.case, seed=spec.seed),
        environment=make_environment(**device),
        dataset=DatasetFacts(
            title="Datos", classes=sketch.classes, counts=sketch.counts, image_size=(256, 256),
            original_size=sketch.photos, provenance="official",
            evidence="all checksums match", fingerprint="ab" * 32,
        ),
        weights=sketch.weights,
        model=ModelFacts(
            parameters_total=size, parameters_trainable=size // 500 if frozen else size, forward_flops=90 * size,
            train_flops=270 * size, stages=STAGES, frozen_stages=frozen,
        ),
        epochs=tuple(epochs),
        best=Best(
            phase=best.phase, epoch=best.epoch, validation_loss=best.validation_loss,
            validation_accuracy=best.validation_accuracy, validation_macro_f1=best.validation_accuracy,
        ),
        test=TestMetrics(loss=1 - final, accuracy=right / total, macro_f1=0.97 * right / total, confusion=confusion),
        cost=Cost(
            seconds={"training": training, "total": 1.2 * training}, images_per_second=4000 / (3.0 + order),
            peak_memory_bytes=2_000_000_000 + 50_000_000 * order, peak_device_memory_bytes=None,
        ),
    )  # fmt: skip


def _confusion(sketch: Sketch, accuracy: float, draw: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    """Errors fall on near classes more often than on far ones; some classes are easier than others."""
    count = len(sketch.classes)
    rows = []
    for true, images in enumerate(sketch.counts["test"]):
        near = np.exp(-np.abs(np.arange(count) - true) / 2.0)
        near[true] = 0
        right = float(np.clip(accuracy * (0.6 + 0.8 * ((true * 7) % count) / count), 0, 1))
        share = (1 - right) * near / near.sum()
        share[true] = right
        rows.append(tuple(int(n) for n in draw.multinomial(images, share / share.sum())))
    return tuple(rows)
