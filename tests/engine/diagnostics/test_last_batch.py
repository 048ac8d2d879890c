"""A last batch of one image is foreseen: with the batch sizes that fit, and before the first epoch where it matters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.api import FreezePolicy
from benchsuite.engine.diagnostics.last_batch import fitting_sizes, has_batch_of_one
from benchsuite.engine.run.execute import execute
from benchsuite.errors import TrainingError
from benchsuite.execution.cost_probe import probe
from support.engine import COUNTS, Bench, Silent, make_case

IMAGES = COUNTS["train"]
LONELY = 13  # of 27


@given(st.integers(1, 500), st.integers(1, 600))
def test_a_batch_of_one_is_what_slicing_gives(images: int, size: int) -> None:
    lengths = [len(range(images)[start : start + size]) for start in range(0, images, size)]
    assert has_batch_of_one(images, size) == (1 in lengths)


@given(st.integers(2, 500), st.integers(1, 600))
def test_sizes_that_fit_leave_no_image_alone(images: int, size: int) -> None:
    told = [int(word) for word in fitting_sizes(images, size).split(", ")]
    assert told == sorted(told)
    assert not any(has_batch_of_one(images, other) for other in told)


@pytest.mark.parametrize("size", [LONELY, 1])
def test_batch_norm_on_one_pixel_refuses_a_batch_of_one_before_the_first_epoch(bench: Bench, size: int) -> None:
    assert has_batch_of_one(IMAGES, size)
    task = bench.task(make_case(epochs=1, data={"image_size": 2}, batch_size=size))
    record = execute(task, bench.registry, Silent())
    assert record.failure is not None
    assert record.failure.kind == "training"
    assert "one image" in record.failure.what
    assert f"{IMAGES} training images, batch_size {size}" in record.failure.what
    assert "one that fits: " in (record.failure.remedy or "")
    assert not record.epochs
    with pytest.raises(TrainingError, match="one image"):
        probe(task, bench.registry)


@pytest.mark.parametrize(
    "sound",
    [
        {"data": {"image_size": 12}},  # more than one pixel
        {"data": {"image_size": 2}, "model": {"batchnorm": False}},
        {"data": {"image_size": 2}, "freeze": FreezePolicy(train_last=1)},  # batch norm keeps its statistics
    ],
)
def test_a_batch_of_one_that_can_be_trained_on_is_no_error(bench: Bench, sound: dict[str, object]) -> None:
    record = execute(bench.task(make_case(epochs=1, batch_size=LONELY, **sound)), bench.registry, Silent())
    assert record.failure is None, record.failure


def test_planning_needs_no_torch_to_foresee_it(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, benchsuite.execution.foresight; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path).returncode == 0
