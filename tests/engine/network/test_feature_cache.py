"""The cached features of a frozen prefix: the same training, and a cache that is never wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from benchsuite.api import FreezePolicy
from benchsuite.engine.data import file_cache
from benchsuite.engine.data.images import load_images
from benchsuite.engine.determinism import seeds
from benchsuite.engine.network import feature_cache
from benchsuite.engine.network.build import Network, build, weights_hash
from benchsuite.engine.network.feature_cache import Cut, cut
from benchsuite.engine.network.freeze import FrozenStages
from benchsuite.engine.run.components import load_components
from benchsuite.engine.run.execute import execute
from benchsuite.engine.task import RunTask
from benchsuite.store.record import RunRecord
from support.engine import Bench, Silent, make_case

FROZEN = FreezePolicy(blocks=1)


def _made(bench: Bench, task: RunTask, watcher: Silent | None = None) -> RunRecord:
    record = execute(task, bench.registry, watcher or Silent())
    assert record.failure is None, record.failure
    return record


def _files(bench: Bench) -> list[Path]:
    return sorted((bench.root / "cache" / "features").glob("*.features"))


# Where a network is cut.


def _network(head: nn.Module | None = None, **stages: nn.Module) -> Network:
    parts = {
        "stem": nn.Linear(2, 2),
        "block1": nn.Linear(2, 2),
        "head": head or nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(2, 2)),
        **stages,
    }
    return Network(nn.Sequential(*parts.values()), parts)


def _lengths(network: Network, frozen: tuple[str, ...], held: bool = True, cacheable: bool = True) -> tuple[int, int]:
    parts = cut(network, FrozenStages(frozen, held), cacheable)
    return len(parts.prefix), len(parts.tail)


def test_the_prefix_is_what_is_frozen_from_the_input_on_and_what_follows_without_state() -> None:
    assert _lengths(_network(), ()) == (0, 3)
    assert _lengths(_network(), ("stem",)) == (1, 2)
    assert _lengths(_network(), ("block1",)) == (0, 3)
    assert _lengths(_network(), ("stem", "block1")) == (4, 1)
    network = _network()
    parts = cut(network, FrozenStages(("stem", "block1"), True), True)
    assert [type(part) for part in parts.tail[0]] == [nn.Dropout, nn.Linear]
    batch = torch.ones(3, 2)
    network.module.eval()
    assert torch.equal(parts.tail(parts.prefix(batch)), network.module(batch))


def test_nothing_is_cut_off_where_the_prefix_changes() -> None:
    assert _lengths(_network(), ("stem", "block1"), held=False) == (0, 3)
    assert _lengths(_network(), ("stem", "block1"), cacheable=False) == (0, 3)


class _Doubling(nn.Sequential):
    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(batch)


class _Drawing(nn.Module):
    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return batch * torch.rand(()) if self.training else batch


def test_a_head_is_left_whole_where_its_parts_are_not_known_to_be_fixed() -> None:
    frozen = ("stem", "block1")
    assert _lengths(_network(head=_Doubling(nn.ReLU(), nn.Linear(2, 2))), frozen) == (2, 1)
    assert _lengths(_network(head=nn.Sequential(_Drawing(), nn.Linear(2, 2))), frozen) == (2, 1)
    assert _lengths(_network(head=nn.Sequential(nn.RReLU(), nn.Linear(2, 2))), frozen) == (2, 1)


# Training on features.


def _bare_loop(bench: Bench, task: RunTask, epochs: int) -> str:
    """The hash of the weights after a plain loop that runs the frozen prefix at every step."""
    parts = load_components(task, bench.registry)
    network = build(parts.model, parts.model_params, parts.shape, task.spec.seed, None)
    stages = list(network.stages.values())
    for stage in stages[:2]:
        stage.requires_grad_(False)
    index, size = task.data.index, parts.preprocessing
    pixels = np.array(load_images(index.train.images, task.data.digests["train"], size, bench.root / "other").pixels)
    mean, std = torch.tensor(size.mean).view(1, 3, 1, 1), torch.tensor(size.std).view(1, 3, 1, 1)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() * (1 / (255 * std)) + -mean / std
    labels = torch.tensor(index.train.labels)
    optimizer = torch.optim.Adam([p for p in network.module.parameters() if p.requires_grad], lr=0.01, fused=True)
    for epoch in range(1, epochs + 1):
        network.module.train()
        for stage in stages[:2]:
            stage.eval()
        for samples in torch.from_numpy(seeds.order(task.spec.seed, epoch, len(labels))).split(8):
            loss = cross_entropy(network.module(images[samples]), labels[samples])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return weights_hash(network.module.state_dict())


def test_training_on_cached_features_gives_the_bits_of_a_bare_loop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchsuite.engine.training import loop

    monkeypatch.setattr(loop, "improves", lambda *_: True)
    task = bench.task(make_case(epochs=2, freeze=FROZEN))
    record = _made(bench, task)
    assert len(_files(bench)) == 3
    assert record.weights_hash == _bare_loop(bench, task, 2)


def test_features_are_computed_once_for_all_seeds_of_a_prefix(bench: Bench, tmp_path: Path) -> None:
    torch.save(_state(bench), tmp_path / "own.pth")
    model = {"weights": tmp_path / "own.pth"}
    one, two = bench.tasks(make_case(epochs=1, freeze=FROZEN, model=model), seeds=(0, 1))
    first, second = Silent(), Silent()
    _made(bench, one, first)
    files = {path: path.stat().st_ino for path in _files(bench)}
    _made(bench, two, second)
    assert {path: path.stat().st_ino for path in _files(bench)} == files
    assert sum("computing the features" in said for said in first.said) == 3
    assert not any("computing the features" in said for said in second.said)


def _state(bench: Bench) -> dict[str, torch.Tensor]:
    parts = load_components(bench.task(), bench.registry)
    return dict(build(parts.model, parts.model_params, parts.shape, 7, None).module.state_dict())


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"model": {"gain": 3.0}}, {"data": {"image_size": 10}}, {"freeze": FreezePolicy(blocks=2)}],
    ids=["weights", "a parameter that no tensor shows", "image size", "longer prefix"],
)
def test_another_prefix_or_input_has_features_of_its_own(bench: Bench, other: dict[str, Any]) -> None:
    settings = {"epochs": 1, "freeze": FROZEN, "model": {"gain": 2.0}}
    _made(bench, bench.task(make_case(**settings)))
    changes = {name: value for name, value in other.items() if name != "seed"}
    _made(bench, bench.task(make_case(**{**settings, **changes}), seed=other.get("seed", 0)))
    assert len(_files(bench)) == 6


@pytest.mark.parametrize(
    "settings",
    [{"data": {"flips": True}}, {"recipe": "tiny_mixing"}, {"freeze": FreezePolicy(blocks=1, batchnorm="train")}],
)
def test_nothing_is_cached_where_inputs_or_prefix_change(bench: Bench, settings: dict[str, Any]) -> None:
    _made(bench, bench.task(make_case(**{"epochs": 1, "freeze": FROZEN, **settings})))
    assert not _files(bench)


@pytest.mark.parametrize("damage", ["truncated", "no facts", "facts of nothing", "longer", "a flipped bit"])
def test_damaged_features_are_computed_again(bench: Bench, damage: str) -> None:
    task = bench.task(make_case(epochs=1, freeze=FROZEN))
    whole = _made(bench, task)
    for file in _files(bench):
        match damage:
            case "truncated":
                os.truncate(file, 40)
            case "longer":
                file.write_bytes(file.read_bytes() + b"0000")
            case "a flipped bit":
                status, content = file.stat(), bytearray(file.read_bytes())
                content[17] ^= 0x40
                file.write_bytes(content)
                os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
            case "no facts":
                file.with_suffix(".json").unlink()
            case "facts of nothing":
                file.with_suffix(".json").write_text("{}")
    again = _made(bench, replace(task, results=bench.root / "again"))
    assert again.weights_hash == whole.weights_hash
    assert again.predictions_hash == whole.predictions_hash


def test_a_full_disk_fails_the_run_and_leaves_no_half_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = Path.replace

    def full(self: Path, target: Path) -> Path:
        if str(target).endswith(".features"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", full)
    record = execute(bench.task(make_case(epochs=1, freeze=FROZEN)), bench.registry, Silent())
    assert record.failure is not None
    assert record.failure.kind == "store"
    assert "full" in record.failure.what
    assert record.failure.remedy
    assert [path.suffix for path in (bench.root / "cache" / "features").iterdir() if path.suffix != ".lock"] == []


def test_the_least_recently_used_features_give_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _made(bench, bench.task(make_case(epochs=1, freeze=FROZEN)))
    old = _files(bench)
    monkeypatch.setenv("BENCHSUITE_CACHE_GB", "0")
    _made(bench, bench.task(make_case(epochs=1, freeze=FROZEN), seed=1))
    assert not any(path.exists() or path.with_suffix(".json").exists() for path in old)


def test_pruning_leaves_what_is_in_use_and_takes_the_oldest_first(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.features" for name in "abcd"]
    for age, path in enumerate(paths):
        path.write_bytes(b"x" * 10)
        path.with_suffix(".json").write_text("{}")
        os.utime(path.with_suffix(".json"), (1000 - age, 1000 - age))
    (tmp_path / "other.u8").write_bytes(b"x" * 100)
    with file_cache.lock_for(paths[3]):
        assert file_cache.prune(tmp_path, ".features", 25) == (paths[2], paths[1])
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock") == [
        "a.features", "a.json", "d.features", "d.json", "other.u8",
    ]  # fmt: skip
    assert file_cache.prune(tmp_path, ".features", 20) == ()


def test_the_weights_of_a_prefix_are_hashed_once_a_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []

    def counting(state: Any) -> str:
        hashed.extend(tensor.data_ptr() for tensor in state.values())
        return weights_hash(state)

    monkeypatch.setattr(feature_cache, "weights_hash", counting)
    record = _made(bench, bench.task(make_case(freeze=FROZEN)))
    assert sorted(record.notes["features"]) == ["test", "train", "validation"]
    assert hashed
    assert len(hashed) == len(set(hashed))


class CountedPixels:
    """Random images that remember which of them were asked for."""

    def __init__(self, n: int) -> None:
        self._images = torch.randn(n, 3, 9, 9, generator=torch.Generator().manual_seed(n))
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self._images)

    def batch(self, samples: torch.Tensor, here: torch.Tensor | None = None) -> torch.Tensor:
        self.asked += samples.tolist()
        return self._images[samples].contiguous(memory_format=torch.channels_last)


def _features(prefix: nn.Sequential, pixels: CountedPixels, folder: Path, forward: Any = None) -> torch.Tensor:
    made, _ = feature_cache.load_features(
        Cut(prefix, nn.Sequential()),
        pixels,
        identity={},
        folder=folder,
        device=torch.device("cpu"),
        forward=forward or (lambda module, batch: module(batch)),
    )
    return made.batch(torch.arange(len(pixels)))


@pytest.fixture
def parts() -> tuple[nn.Module, ...]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ends = nn.Sequential(nn.Conv2d(4, 5, 3, 2), nn.ReLU()), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        return nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), *ends


@pytest.mark.parametrize("n", [1, 16, 64, 65, 128, 200])
@pytest.mark.parametrize("shorter", [1, 3, 4])
def test_features_of_a_longer_prefix_come_from_those_of_a_shorter_one(
    tmp_path: Path, parts: tuple[nn.Module, ...], n: int, shorter: int
) -> None:
    whole = _features(nn.Sequential(*parts), CountedPixels(n), tmp_path / "alone")
    _features(nn.Sequential(*parts[:1]), CountedPixels(n), tmp_path)
    _features(nn.Sequential(*parts[:shorter]), CountedPixels(n), tmp_path)
    pixels = CountedPixels(n)
    assert torch.equal(_features(nn.Sequential(*parts), pixels, tmp_path), whole)
    assert not set(pixels.asked) & set(range(64, (n - 1) // 64 * 64))
    alone, chained = (
        next(path for path in (tmp_path / folder).glob("*.json") if json.loads(path.read_text())["shape"] == [n, 5])
        for folder in ("alone", ".")
    )
    assert (alone.name, alone.read_text()) == (chained.name, chained.read_text())


def test_features_of_a_shorter_prefix_that_give_other_bits_are_passed_over(
    tmp_path: Path, parts: tuple[nn.Module, ...]
) -> None:
    whole = _features(nn.Sequential(*parts), CountedPixels(200), tmp_path / "alone")
    _features(nn.Sequential(*parts[:2]), CountedPixels(200), tmp_path, lambda module, batch: module(batch) * 1.0001)
    assert torch.equal(_features(nn.Sequential(*parts), CountedPixels(200), tmp_path), whole)


def test_half_precision_features_come_back_as_they_were(tmp_path: Path) -> None:
    prefix = nn.Sequential(nn.Conv2d(3, 4, 1)).to(torch.bfloat16)

    class Pixels:
        def __len__(self) -> int:
            return 70

        def batch(self, samples: torch.Tensor, here: torch.Tensor | None = None) -> torch.Tensor:
            return samples.view(-1, 1, 1, 1).expand(-1, 3, 2, 2).to(torch.bfloat16)

    def once() -> tuple[torch.Tensor, bool]:
        made, facts = feature_cache.load_features(
            Cut(prefix, nn.Sequential()),
            Pixels(),
            identity={},
            folder=tmp_path,
            device=torch.device("cpu"),
            forward=lambda m, b: m(b),
        )
        return made.batch(torch.arange(70)), bool(facts["found"])

    (first, found), (second, found_again) = once(), once()
    assert (found, found_again) == (False, True)
    with torch.no_grad():
        assert torch.equal(first, prefix(Pixels().batch(torch.arange(70))))
    assert torch.equal(first, second)
    assert first.dtype == torch.bfloat16
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert json.loads(next(tmp_path.glob("*.json")).read_text())["shape"] == [70, 2, 2, 4]


# Features that several processes want at once.

PATIENCE = 120


class Awaited(CountedPixels):
    """The pixels of a builder: says that it is at work, and goes on when the others have done what they can."""

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.at_work, self.go_on = threading.Event(), threading.Event()

    def batch(self, samples: torch.Tensor, here: torch.Tensor | None = None) -> torch.Tensor:
        self.at_work.set()
        assert self.go_on.wait(PATIENCE), "nobody helped"
        return super().batch(samples, here)


def _together(
    prefix: nn.Sequential, folder: Path, n: int, forward: Any = lambda module, batch: module(batch)
) -> tuple[torch.Tensor, Awaited, CountedPixels]:
    """The features that a builder has, which waits in its first chunk until a helper is at the last of its parts, and
    the pixels of both."""
    builder, helper, made = Awaited(n), CountedPixels(n), list[torch.Tensor]()
    left = n // 64 - 1

    def seen(module: nn.Module, batch: torch.Tensor) -> torch.Tensor:
        nonlocal left
        if threading.current_thread() is threads[1]:
            left -= 1
            if left == 0:
                builder.go_on.set()
        computed: torch.Tensor = forward(module, batch)
        return computed

    def have(pixels: CountedPixels) -> None:
        made.append(_features(prefix, pixels, folder, seen))

    threads = [threading.Thread(target=have, args=(pixels,), daemon=True) for pixels in (builder, helper)]
    threads[0].start()
    assert builder.at_work.wait(PATIENCE), "nobody builds"
    threads[1].start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "they wait for one another"
    assert torch.equal(*made)
    return made[0], builder, helper


def test_who_waits_for_features_computes_what_lies_between_the_first_chunk_and_the_last(
    tmp_path: Path, parts: tuple[nn.Module, ...]
) -> None:
    prefix, n = nn.Sequential(*parts), 6 * 64 + 10
    whole = _features(prefix, CountedPixels(n), tmp_path / "alone")
    shared, builder, helper = _together(prefix, tmp_path / "shared", n)
    assert torch.equal(shared, whole)
    assert [asked // 64 for asked in helper.asked[::64]] == [5, 4, 3, 2, 1]
    assert set(builder.asked) == {*range(64), *range(6 * 64, n)}
    assert sorted(path.suffix for path in (tmp_path / "shared").iterdir()) == [".features", ".json", ".lock"]


def test_parts_that_come_from_other_features_than_the_builder_trusts_are_computed_again(
    tmp_path: Path, parts: tuple[nn.Module, ...]
) -> None:
    prefix, n = nn.Sequential(*parts), 6 * 64 + 10

    def forward(module: nn.Module, batch: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = module(batch)
        return made if len(module) == len(prefix) else made * 1.0001  # type: ignore[arg-type]

    whole = _features(prefix, CountedPixels(n), tmp_path / "alone")
    _features(prefix[:2], CountedPixels(n), tmp_path / "shared")
    shared, builder, helper = _together(prefix, tmp_path / "shared", n, forward)
    assert torch.equal(shared, whole)
    assert helper.asked == []
    assert set(builder.asked) == set(range(n))


class Died(BaseException):
    """A process is gone: its locks are free, and nothing is tidied."""


class Mortal(CountedPixels):
    """Pixels of a process that dies at its so-maniest batch."""

    def __init__(self, n: int, dies_at: int) -> None:
        super().__init__(n)
        self._left = dies_at

    def batch(self, samples: torch.Tensor, here: torch.Tensor | None = None) -> torch.Tensor:
        self._left -= 1
        if self._left == 0:
            raise Died
        return super().batch(samples, here)


@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 900), at_most=st.integers(1, 32), chained=st.booleans(), data=st.data())
def test_however_many_build_and_die_the_last_has_the_bits_of_one_alone(
    n: int, at_most: int, chained: bool, data: st.DataObject
) -> None:
    deaths = data.draw(st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, 8]), max_size=3))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        prefix = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 3, 2))
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_cache, "PARTS", at_most)
        folder = Path(scratch)
        whole = _features(prefix, CountedPixels(n), folder / "alone")
        if chained:
            _features(prefix[:1], CountedPixels(n), folder / "shared")
        everybody = [Mortal(n, dies_at) for dies_at in (*deaths, 0)]
        found: list[torch.Tensor] = []

        def have(pixels: Mortal) -> None:
            try:
                found.append(_features(prefix, pixels, folder / "shared"))
            except Died:
                return

        threads = [threading.Thread(target=have, args=(pixels,), daemon=True) for pixels in everybody]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "they wait for one another"
        assert len(found) >= 1 + deaths.count(0)
        assert all(torch.equal(each, whole) for each in found)
        if not any(deaths):
            asked = Counter(number for pixels in everybody for number in pixels.asked if number >= 64)
            assert set(asked.values()) <= {1}


PROCESS = """
import os, signal, sys, time
from pathlib import Path

import torch
from torch import nn

from benchsuite.engine.network import feature_cache

folder, dies_at, go = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
torch.set_num_threads(1)
torch.manual_seed(0)
images = torch.randn(640, 3, 9, 9)
prefix = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())

class Pixels:
    asked = []

    def __len__(self):
        return len(images)

    def batch(self, samples, here=None):
        print(int(samples[0]), flush=True)
        self.asked.append(samples)
        if len(self.asked) == dies_at:
            while not go.exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        return images[samples]

made, _ = feature_cache.load_features(
    feature_cache.Cut(prefix, nn.Sequential()), Pixels(), identity={}, folder=folder, device=torch.device("cpu"),
    forward=lambda module, batch: module(batch),
)
assert torch.equal(made.batch(torch.arange(640)), torch.cat([prefix(part) for part in images.split(64)]))
print("done", flush=True)
"""


@pytest.mark.slow
def test_processes_that_are_killed_while_they_build_and_help_hold_nobody_up(tmp_path: Path) -> None:
    @contextmanager
    def start(dies_at: int, go: Path) -> Iterator[tuple[subprocess.Popen[str], Any]]:
        command = [sys.executable, "-c", PROCESS, str(tmp_path / "cache"), str(dies_at), str(go)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            limit = threading.Timer(PATIENCE, process.kill)
            limit.start()
            try:
                yield process, process.stdout
            finally:
                limit.cancel()
                process.kill()

    go, at_once = tmp_path / "go", tmp_path
    with start(1, go) as (builder, building):
        assert building.readline() == "0\n"
        with start(3, at_once) as (helper, helping):
            assert helping.read().split() == ["512", "448", "384"]
            assert helper.wait(PATIENCE) == -signal.SIGKILL
        with start(0, go) as (heir, said):
            while (line := said.readline()) != "64\n":  # the last that it can do while the builder lives
                assert line, "it has ended"
            go.touch()
            # What the dead had finished is not computed again, nor what it has done itself.
            assert [line.strip() for line in said if line != "0\n"] == ["576", "done"]
            assert heir.wait(PATIENCE) == 0
        assert builder.wait(PATIENCE) == -signal.SIGKILL
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == [".features", ".json", ".lock"]
