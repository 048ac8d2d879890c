"""A run that was stopped anywhere and started again ends as if nothing had happened."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchsuite.api import FreezePolicy
from benchsuite.engine.run.execute import execute
from benchsuite.engine.task import RunTask
from benchsuite.engine.training import loop
from benchsuite.engine.training.checkpoint import Checkpoint, TrainingProgress
from support import open_loop
from support.engine import Bench, Killed, Silent, Stopper, make_case, outcome

FROZEN = FreezePolicy(blocks=1)

CASES: dict[str, dict[str, Any]] = {
    "adam, dropout, flips, cosine": {
        "model": {"dropout": 0.3}, "data": {"flips": True}, "scheduler": "cosine", "clip": 1.0,
    },
    "sgd with momentum, multistep": {"optimizer": "sgd", "momentum": 0.9, "scheduler": "multistep"},
    "adamw, exponential, mixing": {"recipe": "tiny_mixing", "optimizer": "adamw", "scheduler": "exponential"},
    "two phases, frozen then free": {"epochs": 2, "second": 2, "freeze": FROZEN, "scheduler": "step"},
    "two phases, free then frozen": {"epochs": 2, "second": 2, "second_freeze": FROZEN, "model": {"dropout": 0.3}},
    "head alone, then all": {"epochs": 2, "second": 2, "freeze": FreezePolicy(train_last=1), "model": {"dropout": 0.3}},
    "every augmentation, l1": {
        "data": {"augmentation": ("pad_crop", "horizontal_flip", "vertical_flip", "random_erasing")}, "l1": 0.01,
    },
    "pad and crop": {"data": {"augmentation": ("pad_crop",)}},
    "random erasing": {"data": {"augmentation": ("random_erasing",)}},
    **{
        name: {"data": {"augmentation": (name,)}}
        for name in ("random_resized_crop", "color_jitter", "randaugment", "trivialaugment")
    },
    "one by one between others, mixup": {
        "data": {"augmentation": ("horizontal_flip", "randaugment", "pad_crop", "color_jitter", "random_erasing")},
        "recipe": "tiny_train", "mixup": 0.2,
    },
    "warm-up, constant, l1, two phases": {"epochs": 4, "second": 1, "warmup": 2, "l1": 0.01, "clip": 1.0},
    "warm-up, step": {"epochs": 6, "warmup": 2, "scheduler": "step"},
    "warm-up, multistep": {"epochs": 6, "warmup": 2, "scheduler": "multistep", "optimizer": "sgd", "momentum": 0.9},
    "warm-up, exponential": {"epochs": 4, "warmup": 1, "scheduler": "exponential", "optimizer": "rmsprop"},
    "warm-up, cosine": {"epochs": 5, "warmup": 2, "scheduler": "cosine"},
    **{
        f"train, {name}": {"recipe": "tiny_train", "learning_rate": 0.02, **options}
        for name, options in open_loop.OPTIONS.items()
    },
    "a warm-up that does not end": {"warmup": 9, "scheduler": "cosine"},
    "frozen throughout, statistics moving": {"freeze": FreezePolicy(blocks=1, batchnorm="train")},
}  # fmt: skip


def _stopped(bench: Bench, task: RunTask, after: int, interval: float = 0.0) -> None:
    with pytest.raises(Killed):
        execute(task, bench.registry, Stopper(after), checkpoint_interval=interval)


def _in(bench: Bench, task: RunTask, folder: str) -> RunTask:
    return replace(task, results=bench.root / folder)


@pytest.mark.slow
@pytest.mark.parametrize("settings", CASES.values(), ids=CASES.keys())
def test_a_run_stopped_after_any_epoch_ends_the_same(bench: Bench, settings: dict[str, Any]) -> None:
    task = bench.task(make_case(**{"epochs": 3, **settings}))
    whole = execute(task, bench.registry, Silent())
    for after in range(1, len(whole.epochs) + 1):
        own = _in(bench, task, f"stopped-{after}")
        _stopped(bench, own, after)
        watcher = Silent()
        record = execute(own, bench.registry, watcher, checkpoint_interval=0.0)
        assert outcome(record) == outcome(whole), after
        assert len(watcher.epochs) == len(whole.epochs) - after
        assert record.resumed == 1
        assert any(f"goes on after epoch {after}" in said for said in watcher.said)


@pytest.mark.slow
def test_a_run_stopped_after_every_epoch_ends_the_same(bench: Bench) -> None:
    task = bench.task(make_case(epochs=2, second=2, second_freeze=FROZEN, model={"dropout": 0.2}))
    whole = execute(task, bench.registry, Silent())
    own = _in(bench, task, "stopped")
    for _ in range(4):
        _stopped(bench, own, 1)
    record = execute(own, bench.registry, Silent())
    assert outcome(record) == outcome(whole)
    assert record.resumed == 4
    assert record.cost is not None
    assert record.cost.seconds["total"] > record.cost.seconds["training"] + record.cost.seconds["setup"]


@pytest.mark.slow
def test_early_stopping_goes_on_counting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = (0.9, 0.8, 0.85, 0.84, 0.1, 0.1)
    evaluate = loop.evaluate

    def evaluated(*given: Any) -> Any:
        return replace(evaluate(*given), loss=next(remaining))

    monkeypatch.setattr(loop, "evaluate", evaluated)
    task = bench.task(make_case(epochs=9, patience=2))
    remaining = iter(losses)
    whole = execute(task, bench.registry, Silent())
    assert len(whole.epochs) == 4
    for after in (1, 2, 3, 4):
        own = _in(bench, task, f"stopped-{after}")
        remaining = iter(losses)
        _stopped(bench, own, after)
        assert outcome(execute(own, bench.registry, Silent())) == outcome(whole)


def test_a_kill_in_the_middle_of_an_epoch_repeats_that_epoch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    task = bench.task(make_case(epochs=3, optimizer="sgd", momentum=0.9, model={"dropout": 0.3}))
    whole = execute(task, bench.registry, Silent())
    own = _in(bench, task, "killed")
    recipe = bench.registry.recipe("tiny_recipe").component
    loss, calls = type(recipe).loss, 0

    def killing(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise Killed
        return loss(*given)

    monkeypatch.setattr(type(recipe), "loss", killing)
    with pytest.raises(Killed):
        execute(own, bench.registry, Silent(), checkpoint_interval=0.0)
    watcher = Silent()
    assert outcome(execute(own, bench.registry, watcher)) == outcome(whole)
    assert [report.epoch for report in watcher.epochs] == [2, 3]


def test_an_interruption_costs_no_epoch_whatever_the_interval(bench: Bench) -> None:
    task = bench.task()
    _stopped(bench, task, 2, interval=3600)
    watcher = Silent()
    execute(task, bench.registry, watcher)
    assert [report.epoch for report in watcher.epochs] == [3]


@pytest.mark.parametrize("model", [{}, pytest.param({"dropout": 0.3}, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "settings",
    [{}, {"freeze": FROZEN}, {"second": 1, "freeze": FROZEN}, {"second": 1, "second_freeze": FROZEN}],
    ids=["free", "frozen", "frozen then free", "free then frozen"],
)
def test_a_run_killed_after_its_last_checkpoint_has_the_same_record(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], model: dict[str, Any]
) -> None:
    task = bench.task(make_case(epochs=2, model=model, **settings))
    whole = execute(task, bench.registry, Silent())
    own = _in(bench, task, "killed")

    def killed(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012
        patch.setattr("benchsuite.engine.run.pipeline.Pipeline.evaluate", killed)
        execute(own, bench.registry, Silent())
    watcher = Silent()
    record = execute(own, bench.registry, watcher)
    assert watcher.epochs == []
    assert record.dataset is not None
    assert record.dataset.original_size == (16, 16)
    assert outcome(record) == outcome(whole)
    assert record.cost is not None
    assert whole.cost is not None
    assert record.cost.peak_memory_bytes >= whole.cost.peak_memory_bytes / 2


def _resaved(file: Path, **changes: Any) -> None:
    saved = torch.load(file, weights_only=True)
    torch.save({**saved, **changes}, file)


def _flipped(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: _flipped(file, 700),
        pytest.param(lambda file: _flipped(file, -3000), marks=pytest.mark.slow),
        pytest.param(lambda file: _flipped(file, -1), marks=pytest.mark.slow),
        pytest.param(lambda file: _resaved(file, progress={"epoch": "three"}), marks=pytest.mark.slow),
        pytest.param(
            lambda file: _resaved(file, progress=torch.load(file, weights_only=True)["progress"] | {"epoch": "three"}),
            marks=pytest.mark.slow,
        ),
        lambda file: _resaved(file, progress=torch.load(file, weights_only=True)["progress"] | {"step": 7}),
        pytest.param(lambda file: file.write_bytes(file.read_bytes() + b"x"), marks=pytest.mark.slow),
        _pipe,
    ],
)
def test_a_checkpoint_that_was_changed_is_not_believed(bench: Bench, damage: Any) -> None:
    task = bench.task()
    whole = execute(task, bench.registry, Silent())
    own = _in(bench, task, "changed")
    _stopped(bench, own, 2)
    damage(own.results / "runs" / own.key.key / "checkpoint.pt")
    watcher = Silent()
    record = execute(own, bench.registry, watcher)
    assert outcome(record) == outcome(whole)
    assert len(watcher.epochs) == 3
    assert any("starts anew" in said for said in watcher.said)


@pytest.mark.parametrize(
    "damage",
    [
        "truncated",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("empty", "foreign key", "foreign content", "text")),
    ],
)
def test_a_checkpoint_that_cannot_be_used_starts_the_run_anew(bench: Bench, damage: str) -> None:
    task = bench.task()
    whole = execute(task, bench.registry, Silent())
    own = _in(bench, task, "damaged")
    _stopped(bench, own, 2)
    file = own.results / "runs" / own.key.key / "checkpoint.pt"
    match damage:
        case "truncated":
            file.write_bytes(file.read_bytes()[:-200])
        case "empty":
            file.write_bytes(b"")
        case "foreign key":
            saved = torch.load(file, weights_only=True)
            torch.save({**saved, "key": "0" * 32}, file)
        case "foreign content":
            torch.save([1, 2, 3], file)
        case "text":
            file.write_text("not a checkpoint")
    watcher = Silent()
    record = execute(own, bench.registry, watcher)
    assert outcome(record) == outcome(whole)
    assert record.resumed == 0
    assert len(watcher.epochs) == 3
    assert any("starts anew" in said for said in watcher.said)


def test_a_checkpoint_is_written_no_more_often_than_its_interval(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "abc", interval=3600)
    assert not checkpoint.due()
    assert checkpoint.load() is None
    checkpoint.save(TrainingProgress(epoch=3))
    loaded = Checkpoint(tmp_path / "checkpoint.pt", "abc", interval=0).load()
    assert loaded is not None
    assert loaded.epoch == 3
    assert loaded.seconds["total"] >= 0
    assert Checkpoint(tmp_path / "checkpoint.pt", "abc", interval=0).due()


def test_a_run_that_is_soon_done_writes_no_checkpoint(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[TrainingProgress] = []
    monkeypatch.setattr(Checkpoint, "save", lambda self, progress: written.append(progress))
    record = execute(bench.task(make_case(epochs=2, second=1)), bench.registry, Silent(), checkpoint_interval=3600)
    assert record.status == "done"
    assert written == []
