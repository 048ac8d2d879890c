"""A run that is validated on a fold: the bits of data divided so by hand, with photos decoded once for all folds."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from benchsuite.api import FreezePolicy
from benchsuite.engine.run.components import Components, load_components
from benchsuite.engine.run.execute import execute
from benchsuite.engine.run.pipeline import Pipeline
from benchsuite.engine.task import RunTask
from benchsuite.engine.training.checkpoint import TrainingProgress
from benchsuite.execution.preparation import prepare
from benchsuite.sources.digests import splits_of
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Case, Plan
from benchsuite.suite.schema.folds import Folds
from support.engine import Bench, Killed, Silent, Stopper, make_case

CACHED = {"freeze": FreezePolicy(blocks=1)}


def tasks_of(bench: Bench, case: Case, k: int, *seeds: int) -> tuple[RunTask, ...]:
    plan = Plan(suite="tiny", cases=(case,), seeds=seeds, folds=Folds(k=k, merge_official=True))
    return prepare(plan, bench.registry, bench.place, download=False, say=print).tasks


def made(bench: Bench, task: RunTask, folder: str = "results") -> RunRecord:
    record = execute(replace(task, results=bench.root / folder), bench.registry, Silent())
    assert record.failure is None, record.failure
    return record


def outcome(record: RunRecord) -> tuple[Any, ...]:
    epochs = tuple(vars(epoch) | {"seconds": None} for epoch in record.epochs)
    return record.weights_hash, record.predictions_hash, epochs, record.steps, record.best, record.test


def by_hand(task: RunTask, root: Path) -> Path:
    """The photos of a task in folders of their own, divided as the task has them, in the same order."""
    for name, split in splits_of(task.data.index).items():
        folder = root / "tiny" / name
        folder.mkdir(parents=True)
        for i, image in enumerate(split.images.names):
            (folder / f"{i:03}_{Path(image).stem.split('_')[1]}.png").write_bytes(split.images.read(i))
    return root


@pytest.mark.parametrize("settings", [{}, CACHED], ids=["plain", "cached"])
def test_the_run_of_a_fold_is_that_of_data_divided_so_by_hand(
    bench: Bench, tmp_path: Path, settings: dict[str, Any]
) -> None:
    case = make_case(**settings)
    tasks = tasks_of(bench, case, 2, 0, 1)
    records = [made(bench, task) for task in tasks]
    assert records[0].key != records[1].key
    assert [record.key_fields["fold"] for record in records] == [{"k": 2, "number": n, "round": 0} for n in (0, 1)]
    for record, task in zip(records, tasks, strict=True):
        assert record.dataset is not None
        assert record.dataset.counts == task.data.counts
    own = replace(bench, root=tmp_path / "hand", data=by_hand(tasks[1], tmp_path / "hand" / "data"))
    (hand,) = own.tasks(case, seeds=(1,))
    assert "fold" not in hand.key.fields
    assert outcome(made(own, hand)) == outcome(records[1])
    assert outcome(records[0]) != outcome(records[1])


def test_photos_are_decoded_once_and_features_computed_once_for_all_folds(bench: Bench, tmp_path: Path) -> None:
    record = made(bench, bench.task(make_case(epochs=1)), "first")
    weights = tmp_path / "trained.pth"
    torch.save(load_file(Store(bench.root / "first").folder(record.key) / "weights.safetensors"), weights)
    shutil.rmtree(bench.place.cache)
    for task in tasks_of(bench, make_case(model={"weights": weights}, **CACHED), 3, 0, 1, 2):
        made(bench, task)
    assert len(list((bench.place.cache / "images").glob("*.u8"))) == 2, "the pool's, and those of test"
    assert len(list((bench.place.cache / "features").glob("*.json"))) == 2


def test_the_run_of_a_fold_goes_on_with_the_same_bits(bench: Bench) -> None:
    (task,) = tasks_of(bench, make_case(data={"flips": True}, model={"dropout": 0.4}), 3, 2)
    whole = made(bench, task)
    with pytest.raises(Killed):
        execute(replace(task, results=bench.root / "again"), bench.registry, Stopper(1), checkpoint_interval=0)
    again = made(bench, task, "again")
    assert again.resumed == 1
    assert outcome(again) == outcome(whole)


def test_the_key_of_a_run_without_folds_says_nothing_of_them(bench: Bench) -> None:
    plain = bench.task(make_case())
    assert "fold" not in plain.key.fields
    assert plain.title == "only, seed 0"
    (folded,) = tasks_of(bench, make_case(), 2, 0)
    assert folded.title == "only, seed 0, fold 1 of 2"
    changed = {name for name in folded.key.fields if folded.key.fields[name] != plain.key.fields.get(name)}
    assert changed == {"data", "fold"}


def test_balanced_classes_are_counted_in_the_training_images_of_the_fold(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchsuite_plugins.recipes.train import Train

    told: list[Any] = []
    loss = Train.loss

    def listening(self: Any, params: Any, logits: Any, targets: Any, counts: Any = None) -> Any:
        told.append(tuple(counts.tolist()))
        return loss(self, params, logits, targets, counts)

    monkeypatch.setattr(Train, "loss", listening)
    tasks = tasks_of(bench, make_case(recipe="tiny_train", epochs=1, class_weights="balanced"), 4, 0, 1, 2, 3)
    for task in tasks:
        told.clear()
        made(bench, task)
        assert set(told) == {tuple(map(float, task.data.counts["train"]))}
    assert len({task.data.counts["train"] for task in tasks}) > 1, "folds of 39 images have not all the same classes"


@pytest.mark.parametrize("warm", [0, 1], ids=["features of its own", "features of another fold's run"])
def test_features_of_all_folds_give_the_bits_of_a_run_without_any(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, warm: int
) -> None:
    tasks = tasks_of(bench, make_case(**CACHED), 3, 0, 1)
    if warm:
        made(bench, tasks[0])
    cached = made(bench, tasks[1])
    assert cached.notes["features"]
    monkeypatch.setattr(Components, "cacheable", False)
    plain = made(bench, tasks[1], "plain")
    assert not plain.notes.get("features")
    assert outcome(plain) == outcome(cached)


AUGMENTED = {"data": {"augmentation": ("horizontal_flip", "randaugment", "random_erasing")}}


def test_what_is_drawn_for_an_image_is_the_same_in_every_fold(bench: Bench) -> None:
    seen: list[dict[str, bytes]] = []
    for task in tasks_of(bench, make_case(epochs=1, **AUGMENTED), 3, 0, 1):
        one = replace(task, spec=task.spec.model_copy(update={"seed": 7}))
        pipeline = Pipeline(one, load_components(one, bench.registry), TrainingProgress(), print)
        supply = pipeline.supply(pipeline.last_frozen())
        assert supply.augmenter is not None
        supply.augmenter.start_epoch(1)
        numbers = torch.arange(len(supply.train))
        batch = supply.train.batch(numbers, numbers)
        names = one.data.index.train.images.names
        seen.append({name: each.numpy().tobytes() for name, each in zip(names, batch, strict=True)})
    assert seen[0].keys() != seen[1].keys()
    common = seen[0].keys() & seen[1].keys()
    assert common
    assert all(seen[0][name] == seen[1][name] for name in common)
