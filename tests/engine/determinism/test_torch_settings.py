"""What a worker's process sets before torch is imported."""

from __future__ import annotations

import os

import pytest

from benchsuite.engine.determinism.torch_settings import SPIN_COUNT, prepare_environment
from support.synthetic import make_numerics


@pytest.mark.parametrize(("own", "expected"), [(None, SPIN_COUNT), ("7", "7")])
def test_threads_that_wait_leave_their_core_to_neighbours_unless_the_user_says_how(
    monkeypatch: pytest.MonkeyPatch, own: str | None, expected: str
) -> None:
    monkeypatch.setattr(os, "environ", {"GOMP_SPINCOUNT": own} if own else {})
    prepare_environment(make_numerics(threads=3))
    assert os.environ["GOMP_SPINCOUNT"] == expected
    assert os.environ["OMP_NUM_THREADS"] == "3"
