"""Where a finished run's network is computed, and what of that is not as the run was made."""

from __future__ import annotations

import pytest

from benchsuite.errors import DeviceError
from benchsuite.execution import trained
from benchsuite.execution.trained import deviations, numerics_like
from benchsuite.identity.numerics import describe, machine_facts
from support.synthetic import make_environment, make_record


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "machine_facts", lambda device: machine_facts("cpu"))


def test_a_run_of_this_kind_of_machine_has_its_own_numerics() -> None:
    for threads in (1, 3):
        run = describe("cpu", threads, "fp32")
        assert numerics_like(run) == run


def test_a_run_of_a_gpu_that_is_not_here_is_computed_on_the_cpu_in_a_precision_that_it_has() -> None:
    run = make_environment(device="cuda", precision="fp16", threads=4)
    found = numerics_like(run)
    assert (found.device, found.precision, found.threads) == ("cpu", "fp32", 4)
    with pytest.raises(DeviceError, match="CUDA was asked for"):
        numerics_like(run, "cuda")


def test_what_differs_is_told_by_name() -> None:
    here = describe("cpu", 1, "fp32")
    same = make_record(environment=make_environment(**here.model_dump()))
    other = same.model_copy(update={"environment": make_environment(**{**here.model_dump(), "torch": "2.0.0"})})
    told = set(deviations(other, here)) - set(deviations(same, here))
    assert told == {f"torch {here.torch} (the run: 2.0.0)"}
