"""All images are decoded before anything trains; what is broken is named at once, or left out if that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchsuite.engine.run.execute import execute
from benchsuite.errors import DataError
from benchsuite.execution.photos import decode_images, leave_out_broken
from benchsuite.execution.preparation import prepare
from benchsuite.sources.data import LocatedData
from benchsuite.suite.cases.plan import Plan
from support.engine import Bench, Silent, make_case


def files(bench: Bench) -> list[Path]:
    return sorted((bench.data / "tiny").rglob("*.png"))


@pytest.fixture
def broken(bench: Bench) -> Iterator[list[Path]]:
    """Three photos that cannot be decoded, in two splits."""
    chosen = [path for path in files(bench) if path.parent.name in ("train", "test")]
    spoilt = [chosen[0], chosen[-2], chosen[-1]]
    whole = {path: path.read_bytes() for path in spoilt}
    for path in spoilt:
        path.write_bytes(f"no photo, but {path}".encode())
    yield spoilt
    for path, content in whole.items():
        path.write_bytes(content)


def located(bench: Bench) -> LocatedData:
    return bench.task().data


def test_every_broken_image_of_every_split_is_named_before_training(bench: Bench, broken: list[Path]) -> None:
    tasks = bench.tasks(make_case("a"), make_case("b", data={"image_size": 14}))
    with pytest.raises(DataError, match="3 images cannot be used") as caught:
        decode_images(tasks, bench.registry, Silent().say)
    assert [str(caught.value).count(str(path)) for path in broken] == [1, 1, 1]
    assert "--skip-broken" in str(caught.value)


def test_what_was_decoded_is_not_decoded_again_by_the_run(bench: Bench) -> None:
    task = bench.task()
    before, watcher = Silent(), Silent()
    assert decode_images([task], bench.registry, before.say) == {}
    assert sum("decoding" in line for line in before.said) == 3
    assert execute(task, bench.registry, watcher).status == "done"
    assert not any("decoding" in line for line in watcher.said)


def test_broken_images_are_left_out_and_remembered(bench: Bench, broken: list[Path]) -> None:
    data, said = located(bench), Silent()
    found = leave_out_broken(data, bench.place.cache, said.say)
    names = {path.relative_to(bench.data / "tiny").as_posix() for path in broken}
    assert {name for split in found.left_out.values() for name in split} == names
    assert {split: len(names) for split, names in found.left_out.items()} == {"train": 2, "test": 1}
    assert found.fingerprint != data.fingerprint
    assert [len(found.index.train), len(found.index.test)] == [len(data.index.train) - 2, len(data.index.test) - 1]
    assert not names & {*found.index.train.images.names, *found.index.test.images.names}
    assert [len(found.digests[split]) for split in ("train", "test")] == [len(found.index.train), len(found.index.test)]
    again = Silent()
    assert leave_out_broken(data, bench.place.cache, again.say) == found
    assert any("which are broken" in line for line in said.said)
    assert again.said == []


@pytest.mark.parametrize("content", ["", '{"99999": "x"}', '{"-1": "x"}', "[1]", '{"a": 1}', "[" * 100_000])
@pytest.mark.usefixtures("broken")
def test_what_is_remembered_wrongly_is_found_anew(bench: Bench, content: str) -> None:
    data = located(bench)
    found = leave_out_broken(data, bench.place.cache, Silent().say)
    for memory in (bench.place.cache / "broken").iterdir():
        memory.write_text(content)
    assert leave_out_broken(data, bench.place.cache, Silent().say) == found


def test_whole_data_are_left_as_they_are(bench: Bench) -> None:
    data = located(bench)
    assert leave_out_broken(data, bench.place.cache, Silent().say) is data


def test_an_image_that_changed_since_is_no_broken_one(bench: Bench) -> None:
    data = located(bench)
    path = files(bench)[0]
    content = path.read_bytes()
    path.write_bytes(b"another")
    try:
        with pytest.raises(DataError, match="changed since the study was planned"):
            leave_out_broken(data, bench.place.cache, Silent().say)
    finally:
        path.write_bytes(content)


def test_a_class_of_which_nothing_is_left_is_an_error(bench: Bench) -> None:
    data = located(bench)
    title = data.index.classes[0]
    for i, label in enumerate(data.index.train.labels):
        if label == 0:
            (data.folder / data.index.train.images.names[i]).write_bytes(f"no photo {i}".encode())
    with pytest.raises(DataError, match="nothing is left") as caught:
        leave_out_broken(located(bench), bench.place.cache, Silent().say)
    assert repr(title) in str(caught.value)


def test_a_run_without_broken_images_says_so_in_its_record(bench: Bench, broken: list[Path]) -> None:
    place = replace(bench.place, skip_broken=True)
    plan = Plan(suite="tiny", cases=(make_case(),), seeds=(0,))
    prepared = prepare(plan, bench.registry, place, download=False, say=Silent().say)
    assert prepared.tasks is not None
    record = execute(prepared.tasks[0], bench.registry, Silent())
    assert record.status == "done"
    assert record.dataset is not None
    assert sum(len(names) for names in record.dataset.left_out.values()) == len(broken)
    assert [str(deviation) for deviation in record.deviations if deviation.kind == "left out"] == [
        "images left out, which cannot be decoded: 2 of train, 1 of test"
    ]
    assert os.fspath(bench.data) not in str(record.dataset.left_out)
