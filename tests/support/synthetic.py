"""Made-up plans, records and findings in the shape of a study of ResNet18 on Beans, the same at every call.

Nothing is trained: curves follow a saturating law with noise drawn from (case, seed), and the confusion matrix is
drawn around the final accuracy. Numbers are plausible, not true.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchsuite.analysis.findings import Findings
from benchsuite.analysis.seed_image_anova import Outcomes
from benchsuite.analysis.summary import study
from benchsuite.contracts.observer import Epoch
from benchsuite.identity.canonical import digest
from benchsuite.identity.numerics import Numerics
from benchsuite.store.record import (
    Best,
    Cost,
    DatasetFacts,
    Deviation,
    Environment,
    Failure,
    ModelFacts,
    RunRecord,
    TestMetrics,
    WeightsFacts,
)
from benchsuite.suite.cases.plan import Case, Component, Plan, RunSpec

CLASSES = ("angular_leaf_spot", "bean_rust", "healthy")
COUNTS = {"train": (345, 348, 341), "validation": (44, 45, 44), "test": (43, 43, 42)}
STAGES = ("stem", "layer1", "layer2", "layer3", "layer4", "head")
FACTOR = "recipe.freeze.blocks"

_TRAINABLE = (11_178_051, 11_018_627, 10_493_059, 8_395_267, 1_539)
_ACCURACY = (0.984, 0.982, 0.979, 0.972, 0.915)
_SPEED = (28.0, 46.0, 70.0, 140.0, 9000.0)


def make_numerics(**changes: Any) -> Numerics:
    """The numerics of a CPU machine."""
    facts: dict[str, Any] = {
        "device": "cpu",
        "device_name": "Intel(R) Xeon(R) Processor @ 2.50GHz",
        "capability": "AVX512",
        "driver": None,
        "torch": "2.14.1+cu130",
        "torchvision": "0.29.1",
        "numpy": "2.4.6",
        "pillow": "13.0.0",
        "cuda": None,
        "cudnn": None,
        "threads": 2,
        "precision": "fp32",
    }
    return Numerics(**(facts | changes))


def make_case(blocks: int = 0, **recipe: Any) -> Case:
    """The case that freezes `blocks` blocks; `recipe` changes further parameters of the recipe."""
    parameters = {
        "learning_rate": 0.0001,
        "batch_size": 16,
        "max_epochs": 30,
        "patience": 10,
        "precision": "auto",
        "freeze": {"blocks": blocks, "stem": "with_first_block", "batchnorm": "eval", "stages": None},
    }
    core = {"distribution": "benchsuite", "version": "0.1.0"}
    return Case(
        name=f"freeze_blocks={blocks}",
        settings={FACTOR: blocks},
        dataset=Component(name="beans", parameters={"image_size": 224, "augmentation": []}, **core),
        model=Component(name="resnet", parameters={"depth": 18, "weights": "imagenet1k_v1"}, **core),
        recipe=Component(name="finetune", parameters=parameters | recipe, **core),
    )


def make_plan(cases: int = 5, seeds: int = 10, changes: Sequence[str] = ()) -> Plan:
    """The plan of `cases` cases (0, 1, ... frozen blocks) with seeds 0 to `seeds` - 1."""
    return Plan(
        suite="beans_freeze",
        cases=tuple(make_case(blocks) for blocks in range(cases)),
        seeds=tuple(range(seeds)),
        changes=tuple(changes),
    )


def make_key(spec: RunSpec) -> str:
    """A key for `spec`, not the one that the engine would give."""
    return digest(_key_fields(spec))[:32]


def make_keys(plan: Plan) -> dict[tuple[str, int], str]:
    """The key of every run of `plan`, by case and seed."""
    return {(spec.case.name, spec.seed): make_key(spec) for spec in plan.runs}


def make_environment(**changes: Any) -> Environment:
    """The environment of a CPU machine."""
    facts: dict[str, Any] = {
        **make_numerics().model_dump(),
        "python": "3.11.7",
        "platform": "Linux-6.1-x86_64-with-glibc2.36",
        "packages": {"benchsuite": "0.1.0", "numpy": "2.4.6", "torch": "2.14.1", "torchvision": "0.29.1"},
        "git": {"commit": "241f5eb3e70172a070b7ee3dccd25f177a3461ce", "dirty": False},
    }
    return Environment(**(facts | changes))


def make_record(
    spec: RunSpec | None = None,
    *,
    blocks: int = 0,
    seed: int = 0,
    failed: bool = False,
    sample: bool = False,
    **changes: Any,
) -> RunRecord:
    """The record of `spec` (by default `blocks` frozen blocks and `seed`).

    `failed` makes it a failure that came before training, `sample` a run on the synthetic sample with random
    weights; `changes` replaces whole fields.
    """
    spec = spec or RunSpec(suite="beans_freeze", case=make_case(blocks), seed=seed)
    blocks = min(int(spec.case.settings.get(FACTOR, 0)), len(_ACCURACY) - 1)  # other networks have more
    key = make_key(spec)
    fields: dict[str, Any] = {
        "key": key,
        "key_fields": _key_fields(spec),
        "spec": spec,
        "started": f"2026-03-0{1 + spec.seed % 9}T10:00:00Z",
        "finished": f"2026-03-0{1 + spec.seed % 9}T10:{10 + blocks}:00Z",
        "environment": make_environment(),
        "deviations": _deviations(sample),
    }
    if failed:
        failure = Failure(
            kind="training",
            what="the training loss became NaN in epoch 3",
            where=f"case {spec.case.name}, seed {spec.seed}",
            remedy="lower the learning rate",
        )
        return RunRecord(**(fields | {"status": "failed", "failure": failure} | changes))
    fields |= {"status": "done"} | _results(blocks, spec.seed, sample) | changes
    return RunRecord(**fields)


def make_records(plan: Plan, *, failed: Sequence[tuple[int, int]] = (), sample: bool = False) -> dict[str, RunRecord]:
    """A record for every run of `plan`, by key; `failed` lists (blocks, seed) of runs that failed."""
    return {
        make_key(spec): make_record(spec, failed=(spec.case.settings[FACTOR], spec.seed) in failed, sample=sample)
        for spec in plan.runs
    }


def make_outcomes(records: Mapping[str, RunRecord]) -> dict[str, Outcomes]:
    """Test images that each finished run has right: as many as its confusion says, the harder ones wrong."""
    found = {}
    for key, record in records.items():
        if record.test is not None:
            confusion = np.asarray(record.test.confusion)
            images = int(confusion.sum())
            hardness = np.random.default_rng(0).normal(size=images)
            noise = np.random.default_rng([int(key[:8], 16), 1]).normal(size=images)
            wrong = np.argsort(hardness + noise)[int(np.trace(confusion)) :]
            outcomes = np.ones(images, dtype=bool)
            outcomes[wrong] = False
            found[key] = outcomes
    return found


def make_findings(
    cases: int = 5,
    seeds: int = 10,
    *,
    failed: Sequence[tuple[int, int]] = (),
    done: int | None = None,
    sample: bool = False,
    changes: Sequence[str] = (),
) -> Findings:
    """Findings of a study; `done` cuts it short after that many runs, 0 for none at all."""
    plan = make_plan(cases, seeds, changes)
    records = make_records(plan, failed=failed, sample=sample)
    kept = dict(list(records.items())[:done])
    first, *others = (case.name for case in plan.cases)
    baselines = dict.fromkeys(others, first)
    return study(plan, make_keys(plan), kept, baselines=baselines, metric="test_accuracy", factor=FACTOR)


def _key_fields(spec: RunSpec) -> dict[str, Any]:
    return {
        "dataset": _keyed(spec.case.dataset),
        "model": _keyed(spec.case.model),
        "recipe": _keyed(spec.case.recipe),
        "seed": spec.seed,
        "data": _sha("data"),
        "weights": _sha("weights"),
        "code": {"benchsuite.engine": _sha("engine"), "benchsuite_plugins.models.resnet": _sha("resnet")},
        "numerics": make_numerics().model_dump(mode="json"),
    }


def _results(blocks: int, seed: int, sample: bool) -> Mapping[str, Any]:
    draw = np.random.default_rng([blocks, seed])
    final = float(np.clip(_ACCURACY[blocks] + draw.normal(0, 0.006), 0, 1))
    count = int(draw.integers(18, 31))
    rate = 0.9 / (1 + 0.6 * blocks)
    epochs = []
    for number in range(1, count + 1):
        rise = 1 - 0.62 * float(np.exp(-rate * number))
        train = min(1.0, (final + 0.015) * rise)
        validation = min(1.0, max(0.0, final * rise + float(draw.normal(0, 0.005))))
        epochs.append(
            Epoch(
                phase="finetune",
                epoch=number,
                train_loss=1.1 * float(np.exp(-rate * number)) + 0.01,
                train_accuracy=train,
                validation_loss=1.1 * float(np.exp(-rate * number)) + 0.05 + abs(float(draw.normal(0, 0.01))),
                validation_accuracy=validation,
                learning_rate=0.0001,
                seconds=1034 / _SPEED[blocks],
            )
        )
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    confusion = _confusion(final, draw)
    right = sum(confusion[i][i] for i in range(3))
    training = sum(epoch.seconds for epoch in epochs)
    steps = tuple((step, 1.1 * float(np.exp(-rate * step / 65)) + 0.01) for step in range(10, 65 * count, 10))
    return {
        "dataset": DatasetFacts(
            title="Beans",
            classes=CLASSES,
            counts=COUNTS,
            image_size=(224, 224),
            provenance="synthetic sample" if sample else "official",
            evidence="generated" if sample else "all 1,295 checksums match the official ones",
            fingerprint=_sha("data"),
        ),
        "weights": WeightsFacts(
            request="imagenet1k_v1",
            provenance="random" if sample else "official",
            file=None if sample else "resnet18-f37072fd.pth",
            sha256=None if sample else "f37072fd" + _sha("weights")[8:],
        ),
        "model": ModelFacts(
            parameters_total=_TRAINABLE[0],
            parameters_trainable=_TRAINABLE[blocks],
            forward_flops=3_628_000_000,
            train_flops=int(10_645_400_000 * (1.0, 0.683, 0.451, 0.22, 0.0001)[blocks]),
            stages=STAGES,
            frozen_stages=STAGES[: blocks + 1] if blocks else (),
        ),
        "epochs": tuple(epochs),
        "steps": steps,
        "best": Best(
            phase=best.phase,
            epoch=best.epoch,
            validation_loss=best.validation_loss,
            validation_accuracy=best.validation_accuracy,
            validation_macro_f1=best.validation_accuracy,
        ),
        "test": TestMetrics(
            loss=0.05 + 2 * (1 - right / 128),
            accuracy=right / 128,
            macro_f1=_macro_f1(confusion),
            confusion=confusion,
        ),
        "weights_hash": _sha(f"weights {blocks} {seed}"),
        "predictions_hash": _sha(f"predictions {blocks} {seed}"),
        "cost": Cost(
            seconds={
                "setup": 2.0,
                "data": 3.0,
                "features": 4.0 * blocks,
                "training": training,
                "validation": 0.1 * training,
                "test": 1.0,
                "total": 1.1 * training + 6.0 + 4.0 * blocks,
            },
            images_per_second=_SPEED[blocks],
            peak_memory_bytes=2_400_000_000 - 300_000_000 * blocks,
            peak_device_memory_bytes=None,
        ),
        "notes": {"feature_cache": blocks > 0},
    }


def _confusion(accuracy: float, draw: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    rows = []
    for true, count in enumerate(COUNTS["test"]):
        share = [(1 - accuracy) / 2] * 3
        share[true] = accuracy
        rows.append(tuple(int(cell) for cell in draw.multinomial(count, share)))
    return tuple(rows)


def _macro_f1(confusion: Sequence[Sequence[int]]) -> float:
    cells = np.asarray(confusion, dtype=float)
    return float(np.mean(2 * cells.diagonal() / (cells.sum(axis=0) + cells.sum(axis=1))))


def _keyed(component: Component) -> dict[str, Any]:
    return component.model_dump(mode="json", exclude={"version"})


def _deviations(sample: bool) -> tuple[Deviation, ...]:
    if not sample:
        return ()
    return (
        Deviation(kind="synthetic sample"),
        Deviation(kind="random weights", detail="imagenet1k_v1"),
    )


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
