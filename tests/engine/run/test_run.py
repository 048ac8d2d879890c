"""One run: the same bits every time, the sealed test split, and a record whatever happens."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from benchsuite.api import FreezePolicy, hookimpl
from benchsuite.contracts.observer import EpochReport, RunInfo, RunSummary
from benchsuite.engine.determinism import seeds
from benchsuite.engine.diagnostics import guard
from benchsuite.engine.run import execute as run_execute
from benchsuite.engine.run.execute import execute
from benchsuite.engine.task import RunTask
from benchsuite.engine.training import loop
from benchsuite.engine.training.sealed_split import SealedSplit
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from support.engine import Bench, Silent, TinyNet, TinyRecipe, make_case, registry_with

VARIED: dict[str, dict[str, Any]] = {
    "plain": {},
    "dropout and flips": {"model": {"dropout": 0.4}, "data": {"flips": True}},
    "frozen and cached": {"freeze": FreezePolicy(blocks=1), "model": {"dropout": 0.4}},
    "mixing": {"recipe": "tiny_mixing"},
    "bf16, frozen and cached": {"freeze": FreezePolicy(blocks=1), "precision": "bf16"},
}


def made(bench: Bench, task: RunTask, folder: str = "results") -> RunRecord:
    """The record of a task that must succeed, made in a results folder of its own."""
    record = execute(replace(task, results=bench.root / folder), bench.registry, Silent())
    assert record.failure is None, record.failure
    return record


def outcome(record: RunRecord) -> tuple[Any, ...]:
    """All that must be the same when a run is repeated."""
    epochs = tuple(vars(epoch) | {"seconds": None} for epoch in record.epochs)
    return record.weights_hash, record.predictions_hash, epochs, record.steps, record.best, record.test


def _disturb(number: int) -> None:
    torch.manual_seed(number), np.random.seed(number), random.seed(number)


def _shared_state() -> tuple[Any, ...]:
    return torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()


def test_bf16_on_the_cpu_is_other_arithmetic_that_comes_out_close(bench: Bench) -> None:
    exact, half = (made(bench, bench.task(make_case(epochs=3, precision=name)), name) for name in ("fp32", "bf16"))
    assert half.environment.precision == "bf16"
    assert half.weights_hash != exact.weights_hash
    for one, other in zip(exact.epochs, half.epochs, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=0.05)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=0.05)


@pytest.mark.parametrize("varied", VARIED.values(), ids=VARIED.keys())
def test_a_run_repeats_bit_for_bit_whatever_was_drawn_before(bench: Bench, varied: dict[str, Any]) -> None:
    task, other = bench.tasks(make_case(epochs=2, **varied), seeds=(0, 1))
    _disturb(1)
    first = made(bench, task, "one")
    _disturb(2)
    state = _shared_state()
    different = made(bench, other, "two")
    again = made(bench, task, "two")
    assert outcome(first) == outcome(again)
    assert len({first.weights_hash, different.weights_hash}) == 2
    assert first.epochs[0].train_loss != different.epochs[0].train_loss
    assert _shared_state() == state


def test_cases_with_one_seed_see_one_order_and_start_from_one_network(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[list[int]] = []
    order = seeds.order

    def listening(seed: int, epoch: int, n: int) -> np.ndarray:
        orders.append([seed, epoch, *order(seed, epoch, n).tolist()])
        return order(seed, epoch, n)

    monkeypatch.setattr(seeds, "order", listening)
    fast = make_case("fast", epochs=2, learning_rate=0.05)
    frozen = make_case("frozen", epochs=2, freeze=FreezePolicy(blocks=2), model={"dropout": 0.5})
    for task in bench.tasks(fast, frozen):
        made(bench, task)
    assert orders[:2] == orders[2:]
    assert orders[0] != orders[1]


def test_the_record_tells_the_run(bench: Bench) -> None:
    record = made(bench, bench.task(make_case(epochs=3)))
    folder = Store(bench.root / "results").folder(record.key)
    assert {path.name for path in folder.iterdir()} >= {"record.json", "predictions.safetensors", "weights.safetensors"}
    assert not (folder / "checkpoint.pt").exists()
    assert [epoch.epoch for epoch in record.epochs] == [1, 2, 3]
    assert [step for step, _ in record.steps] == [3, 6, 9, 12]
    assert record.dataset is not None
    assert record.dataset.counts["train"] == (9, 9, 9)
    assert record.dataset.original_size == (16, 16)
    assert record.model is not None
    assert record.model.parameters_total == record.model.parameters_trainable == 1263
    assert record.cost is not None
    assert record.cost.seconds["total"] >= record.cost.seconds["training"] > 0
    assert record.best is not None
    assert record.best.validation_loss == min(epoch.validation_loss for epoch in record.epochs)
    assert record.test is not None
    assert sum(map(sum, record.test.confusion)) == 14


def test_a_run_warns_of_nothing(bench: Bench) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(bench, bench.task(make_case(epochs=1, freeze=FreezePolicy(blocks=1), scheduler="cosine")))


# The sealed test split.


def test_training_never_sees_the_test_split(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every test image replaced by another, all that training leaves stays the same."""
    from benchsuite.engine.run import pipeline as module

    decoded: list[int] = []
    opened: list[str] = []
    load_images, unseal = module.load_images, SealedSplit.unseal

    def decoding(images: Any, *rest: Any, **more: Any) -> Any:
        decoded.append(len(images))
        return load_images(images, *rest, **more)

    def unsealing(self: SealedSplit) -> Any:
        opened.append("trained" if 14 not in decoded else "too early")
        return unseal(self)

    monkeypatch.setattr(module, "load_images", decoding)
    monkeypatch.setattr(SealedSplit, "unseal", unsealing)
    made(bench, bench.task(make_case(epochs=2, second=1, freeze=FreezePolicy(blocks=1))))
    assert opened == ["trained"]
    assert decoded.count(14) == 1
    assert decoded[-1] == 14


def test_the_test_split_is_evaluated_from_the_best_checkpoint_not_the_last(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = loop.evaluate
    monkeypatch.setattr(loop, "evaluate", lambda *given: replace(evaluate(*given), loss=next(worsening)))
    worsening = iter((0.5, 0.9, 1.2))
    three = made(bench, bench.task(make_case(epochs=3)))
    worsening = iter((0.5,))
    one = made(bench, bench.task(make_case(epochs=1)))
    assert three.best is not None
    assert three.best.epoch == 1
    assert (three.weights_hash, three.predictions_hash) == (one.weights_hash, one.predictions_hash)


def test_early_stopping_counts_epochs_without_a_better_loss(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter((0.9, 0.8, 0.8, 0.85, 0.1))
    evaluate = loop.evaluate
    monkeypatch.setattr(loop, "evaluate", lambda *given: replace(evaluate(*given), loss=next(losses)))
    record = made(bench, bench.task(make_case(epochs=9, patience=2)))
    assert [epoch.validation_loss for epoch in record.epochs] == [0.9, 0.8, 0.8, 0.85]
    assert record.best is not None
    assert record.best.epoch == 2


# Failures: a record that names what to mend, and a checkpoint to go on from.


def failed(bench: Bench, task: RunTask) -> Any:
    record = execute(task, bench.registry, Silent())
    assert record.status == "failed"
    assert record.failure is not None
    stored = Store(task.results).read(task.key.key)
    assert stored == record
    return record.failure


def test_a_training_loss_that_is_no_number_names_step_and_epoch(bench: Bench) -> None:
    recipe = bench.registry.recipe("tiny_recipe").component
    assert isinstance(recipe, TinyRecipe)
    recipe.calls = 0
    failure = failed(bench, bench.task(make_case(fault="nan 6")))
    assert failure.kind == "training"
    assert "step 2 of epoch 2" in failure.what
    assert "phase first" in failure.where
    assert failure.remedy
    assert failure.traceback is None


def test_a_validation_loss_that_is_no_number_names_the_epoch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate = loop.evaluate
    monkeypatch.setattr(loop, "evaluate", lambda *given: replace(evaluate(*given), loss=float("nan")))
    failure = failed(bench, bench.task())
    assert failure.kind == "training"
    assert "validation loss became nan in epoch 1" in failure.what


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"data": {"fault": "card"}}, "the dataset tiny_data raised ZeroDivisionError: a fault in card"),
        ({"data": {"fault": "preprocessing"}}, "the dataset tiny_data raised ZeroDivisionError"),
        ({"model": {"fault": "build"}}, "the model tiny_net raised ZeroDivisionError: a fault in build"),
        ({"fault": "phases"}, "the recipe tiny_recipe raised ZeroDivisionError: a fault in phases"),
        ({"fault": "loss"}, "the recipe tiny_recipe raised ZeroDivisionError: a fault in loss"),
        ({"recipe": "tiny_mixing", "fault": "transform"}, "the recipe tiny_mixing raised ZeroDivisionError"),
    ],
)
def test_a_plugin_that_raises_is_named_with_its_distribution(bench: Bench, settings: dict[str, Any], said: str) -> None:
    failure = failed(bench, bench.task(make_case(**settings)))
    assert failure.kind == "plugin"
    assert said in failure.what
    assert failure.where.startswith("tiny-plugin 1.0, support.engine, line ")
    assert "ZeroDivisionError" in failure.traceback
    assert "_fail" in failure.traceback
    assert "tiny-plugin" in failure.remedy


def test_a_defect_of_benchsuite_is_no_plugins_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("oops")

    monkeypatch.setattr(loop, "evaluate", broken)
    failure = failed(bench, bench.task())
    assert failure.kind == "defect"
    assert "KeyError" in failure.what
    assert "oops" in failure.traceback


@pytest.mark.parametrize(
    "settings", [{"epochs": 0}, {"batch_size": 0}, {"patience": -1}, {"optimizer": "adam", "momentum": 0.9}]
)
def test_phases_that_cannot_be_trained_are_refused(bench: Bench, settings: dict[str, Any]) -> None:
    failure = failed(bench, bench.task(make_case(**settings)))
    assert failure.kind == "plugin"
    assert failure.remedy


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
)
def test_out_of_memory_is_told_of_the_device(bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def loss(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(TinyRecipe, "loss", loss)
    failure = failed(bench, bench.task())
    assert failure.kind == "device"
    assert failure.what.startswith("out of memory")
    assert "batch_size" in failure.remedy
    assert "only, seed 0" in failure.where


def test_a_photo_that_breaks_after_planning_is_named(bench: Bench, tmp_path: Path) -> None:
    from support.engine import write_photos

    write_photos(tmp_path / "own")
    task = replace(bench, data=tmp_path / "own").task()
    photo = next((tmp_path / "own" / "tiny" / "validation").glob("004_*"))
    photo.write_bytes(photo.read_bytes()[:60])
    failure = failed(bench, task)
    assert failure.kind == "data"
    assert "validation" in failure.where


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two mebibytes, of which a run keeps one for its record."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("full_at", ["checkpoint", "weights"])
def test_a_full_disk_is_told_as_one_and_leaves_a_record(
    bench: Bench, small_disk: Path, monkeypatch: pytest.MonkeyPatch, full_at: str
) -> None:
    task = replace(bench.task(), results=small_disk)

    def fill(*_: Any) -> None:
        with suppress(OSError), (small_disk / "filler").open("ab", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    write_file = Store.write_file

    def write_on_a_full_disk(*given: Any) -> Any:
        fill()
        return write_file(*given)

    monkeypatch.setattr(Store, "write_file", write_on_a_full_disk)
    watcher = Silent()
    if full_at == "checkpoint":
        monkeypatch.setattr(watcher, "epoch", fill)
    record = execute(task, bench.registry, watcher, checkpoint_interval=0)
    assert record.failure is not None
    assert record.failure.kind == "store"
    assert "No space left" in record.failure.what
    assert "free some disk space" in str(record.failure.remedy)
    assert Store(small_disk).read(task.key.key) == record
    assert not list(small_disk.rglob(".tmp-*"))


@pytest.mark.parametrize("part", ["checkpoint.pt", "weights.safetensors", "predictions.safetensors"])
def test_a_file_that_cannot_be_written_is_the_disks_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    opened = Path.open

    def opening(path: Path, *given: Any, **more: Any) -> Any:
        if path.name.endswith(f"-{part}") and "b" in str(given or more) and "r" not in str(given or more):
            return opened(Path("/dev/full"), "wb")
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", opening)
    failure = execute(bench.task(), bench.registry, Silent(), checkpoint_interval=0).failure
    assert failure is not None
    assert (failure.kind, failure.traceback) == ("store", None)
    assert "No space left" in failure.what
    assert part in str(failure.where)


def test_an_observer_that_meets_a_full_disk_is_not_to_blame(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "events.out")

    monkeypatch.setattr(Observer, "_hear", full)
    failure = failed(replace(bench, registry=registry_with(Observer())), bench.task())
    assert (failure.kind, failure.where) == ("store", "events.out")
    assert "free some disk space" in failure.remedy


# Observers.


class Observer:
    """Keeps what it is told; raises in the hook named `fault`."""

    benchsuite_api = "1.0"

    def __init__(self, fault: str = "") -> None:
        self.fault, self.told = fault, list[Any]()

    def _hear(self, hook: str, *facts: Any) -> None:
        self.told.append((hook, *facts))
        if hook == self.fault:
            raise OSError("no space left for events")

    @hookimpl
    def benchsuite_run_started(self, run: RunInfo) -> None:
        self._hear("started", run)

    @hookimpl
    def benchsuite_epoch_finished(self, run: RunInfo, epoch: EpochReport) -> None:
        self._hear("epoch", epoch)

    @hookimpl
    def benchsuite_run_finished(self, run: RunInfo, summary: RunSummary) -> None:
        self._hear("finished", summary)


def test_observers_hear_a_run_from_start_to_end(bench: Bench) -> None:
    observer = Observer()
    record = made(replace(bench, registry=registry_with(observer)), bench.task(make_case(epochs=2)))
    assert [hook for hook, *_ in observer.told] == ["started", "epoch", "epoch", "finished"]
    summary = observer.told[-1][1]
    assert record.test is not None
    assert (summary.status, summary.test_accuracy) == ("done", record.test.accuracy)
    assert [report.steps for _, report in observer.told[1:3]] == [record.steps[:1], record.steps[1:]]


def test_observers_hear_of_a_failure(bench: Bench) -> None:
    observer = Observer()
    failed(replace(bench, registry=registry_with(observer)), bench.task(make_case(fault="loss")))
    assert [hook for hook, *_ in observer.told] == ["started", "finished"]
    assert observer.told[-1][1].status == "failed"


@pytest.mark.parametrize(("fault", "epochs"), [("started", 0), ("epoch", 1), ("finished", 3)])
def test_an_observer_that_raises_fails_the_run_and_loses_nothing(bench: Bench, fault: str, epochs: int) -> None:
    uninterrupted = made(bench, bench.task(), "reference")
    raising, witness = Observer(fault), Observer()
    failure = failed(replace(bench, registry=registry_with(raising, witness)), bench.task())
    assert failure.kind == "plugin"
    assert "no space left for events" in failure.what
    assert failure.where.startswith("benchsuite_")
    assert fault in failure.where
    assert "observer-0" in failure.where
    assert "OSError" in failure.traceback
    assert witness.told[-1][0] == "finished"
    watcher = Silent()
    record = execute(bench.task(), bench.registry, watcher)
    assert outcome(record) == outcome(uninterrupted)
    assert [report.epoch for report in watcher.epochs] == list(range(epochs + 1, 4))


# How often the guard looks.


class Changing(Observer):
    """Changes, in one epoch, how all code of the process computes."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._in = epoch

    @hookimpl
    def benchsuite_epoch_finished(self, run: RunInfo, epoch: EpochReport) -> None:
        if epoch.epoch == self._in:
            torch.set_float32_matmul_precision("high")


def test_short_epochs_share_a_look_of_the_guard(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """They end a quarter of the time after one another that may pass between two looks."""
    looks, now = list[str](), 0.0

    def monotonic() -> float:
        return now

    def seen(self: guard.Guard, during: str) -> None:
        looks.append(during)

    class Clock(Silent):
        def epoch(self, *heard: Any) -> None:
            nonlocal now
            now += run_execute.GUARD_SECONDS / 4

    monkeypatch.setattr(run_execute, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(guard.Guard, "check", seen)
    execute(bench.task(make_case(epochs=10)), bench.registry, Clock())
    assert [look for look in looks if "epoch" in look] == ["in epoch 1", "in epoch 5", "in epoch 9"]
    assert looks[-1] == "during the run"


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_change_in_epochs_too_short_for_a_look_of_their_own_is_found_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    monkeypatch.setattr(run_execute, "GUARD_SECONDS", 3600.0)
    usual = torch.get_float32_matmul_precision()
    try:
        failure = failed(replace(bench, registry=registry_with(Changing(epoch))), bench.task())
    finally:
        torch.set_float32_matmul_precision(usual)
    assert failure.kind == "plugin"
    assert "the precision of float32 products" in failure.what
    assert failure.what.endswith("changed in epoch 1" if epoch == 1 else "changed during the run")
    assert "observer-0" in failure.where


def test_the_model_of_the_tests_is_what_its_stages_say() -> None:
    from benchsuite.contracts.model import Task

    module = TinyNet().build(TinyNet.Parameters(), Task(3, 12, 12))
    assert list(TinyNet().stages(module)) == ["stem", "block1", "block2", "head"]


def test_what_was_unwrapped_from_a_weights_file_is_said_and_in_the_record(bench: Bench, tmp_path: Path) -> None:
    task = bench.task(make_case(epochs=1))
    made(bench, task, "first")
    state = load_file(Store(bench.root / "first").folder(task.key.key) / "weights.safetensors")
    file = tmp_path / "trained.pth"
    torch.save({"epoch": 3, "model": {f"module.{name}": tensor for name, tensor in state.items()}}, file)
    watcher = Silent()
    own = bench.task(make_case(epochs=1, model={"weights": file}))
    record = execute(own, bench.registry, watcher)
    assert record.status == "done"
    assert record.notes["weights"] == [
        "trained.pth: its tensors lie under 'model'",
        "trained.pth: the prefix 'module.' of its names was left out",
    ]
    assert [f"WEIGHTS: {note}" for note in record.notes["weights"]] == [s for s in watcher.said if "WEIGHTS" in s]


def test_weights_that_are_not_to_be_kept_are_in_the_record_by_their_hash(bench: Bench) -> None:
    task = bench.task(make_case(epochs=2))
    slim = made(bench, replace(task, keeps_weights=False), "slim")
    whole = made(bench, task)
    assert (slim.weights_hash, slim.predictions_hash) == (whole.weights_hash, whole.predictions_hash)
    assert set(slim.files) == {"predictions.safetensors"}
    store = Store(bench.root / "slim")
    assert not (store.folder(slim.key) / "weights.safetensors").exists()
    assert store.read(slim.key, thorough=True) == slim
