"""A GPU is tried before it is trusted, once for each torch and driver; what is wrong with it is told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchsuite.identity import gpu_trial
from benchsuite.identity.gpu_trial import faults, usable_gpus
from benchsuite.identity.gpus import Gpu

GOOD = Gpu(name="NVIDIA H100", driver="580.95.05", capability="9.0", uuid="GPU-1", cores=16896)
OLD = Gpu(name="Tesla P100", driver="580.95.05", capability="6.0", uuid="GPU-2", cores=3584)
NO_CODE = """\
Traceback (most recent call last):
  File "<string>", line 5, in <module>
torch.AcceleratorError: CUDA error: no kernel image is available for execution on the device
CUDA kernel errors might be asynchronously reported at some other API call.
"""


OLD_DRIVER = """\
Traceback (most recent call last):
  File "<string>", line 4, in <module>
RuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver.
"""


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two cards, of which torch has code for one; the list grows with each card that is tried."""
    asked: list[str] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        uuid = options["env"]["CUDA_VISIBLE_DEVICES"]
        asked.append(uuid)
        return subprocess.CompletedProcess(command, int(uuid == OLD.uuid), "", NO_CODE if uuid == OLD.uuid else "")

    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path))
    monkeypatch.setattr(gpu_trial, "find_gpus", lambda: (OLD, GOOD))
    monkeypatch.setattr(gpu_trial, "torch_build", lambda: {"version": "2.14.1+cu130", "cuda": "13.0", "hip": None})
    monkeypatch.setattr(subprocess, "run", run)
    gpu_trial._tried_gpus.cache_clear()
    yield asked
    gpu_trial._tried_gpus.cache_clear()


def again() -> tuple[Gpu, ...]:
    """What another process finds."""
    gpu_trial._tried_gpus.cache_clear()
    return usable_gpus()


def test_a_card_without_code_in_torch_is_left_out_and_said_why(tried: list[str]) -> None:
    assert usable_gpus() == (GOOD,)
    assert faults() == (
        "Tesla P100: torch.AcceleratorError: CUDA error: no kernel image is available for execution on the device",
    )
    assert tried == ["GPU-2", "GPU-1"]


def test_a_driver_that_is_older_than_torch_needs_is_said(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", OLD_DRIVER)

    monkeypatch.setattr(subprocess, "run", run)
    assert usable_gpus() == ()
    assert all("driver on your system is too old" in fault for fault in faults())


def test_a_slice_of_a_card_is_tried_by_its_own_name(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    part = GOOD.model_copy(update={"uuid": "MIG-66ff", "name": "NVIDIA H100 MIG 1g.10gb"})
    monkeypatch.setattr(gpu_trial, "find_gpus", lambda: (part,))
    assert usable_gpus() == (part,)
    assert tried == ["MIG-66ff"]


def test_cards_are_tried_once_and_faulty_ones_again_after_a_while(
    tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert usable_gpus() == again() == (GOOD,)
    assert tried == ["GPU-2", "GPU-1"]
    now = gpu_trial.time.time()
    monkeypatch.setattr(gpu_trial.time, "time", lambda: now + gpu_trial.FAULT_SECONDS + 1)
    assert again() == (GOOD,)
    assert tried == ["GPU-2", "GPU-1", "GPU-2"]
    monkeypatch.setattr(gpu_trial.time, "time", lambda: now - 86_400)
    assert again() == (GOOD,)
    assert tried == ["GPU-2", "GPU-1", "GPU-2", "GPU-2"], "a clock that was a day ahead keeps no card out for a day"


def test_another_torch_tries_them_anew(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    usable_gpus()
    monkeypatch.setattr(gpu_trial, "torch_build", lambda: {"version": "2.15.0+cu130", "cuda": "13.0", "hip": None})
    again()
    assert tried == ["GPU-2", "GPU-1", "GPU-2", "GPU-1"]


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 3}', '{"2.14.1+cu130 580.95.05 GPU-1": ["x", "y"]}'])
def test_a_memory_that_is_nonsense_is_ignored(tried: list[str], tmp_path: Path, content: str) -> None:
    (tmp_path / gpu_trial.MEMORY).write_text(content)
    assert usable_gpus() == (GOOD,)
    assert len(tried) == 2


def test_a_torch_for_the_cpu_tries_nothing(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_trial, "torch_build", lambda: {"version": "2.14.1+cpu", "cuda": None, "hip": None})
    assert usable_gpus() == ()
    assert all("built for the CPU only" in fault for fault in faults())
    assert tried == []


@pytest.mark.parametrize("gpus", [(), (GOOD,)], ids=["AMD's card alone", "NVIDIA's besides"])
def test_a_torch_for_rocm_says_what_it_is_built_for_and_is_not_tried(
    tried: list[str], monkeypatch: pytest.MonkeyPatch, gpus: tuple[Gpu, ...]
) -> None:
    monkeypatch.setattr(gpu_trial, "find_gpus", lambda: gpus)
    monkeypatch.setattr(gpu_trial, "torch_build", lambda: {"version": "2.14.1+rocm7", "cuda": None, "hip": "7.0"})
    assert usable_gpus() == ()
    (fault,) = faults()
    assert fault.endswith("the installed torch is built for AMD's ROCm, with which benchsuite does not compute")
    assert tried == []


def test_a_card_that_does_not_answer_is_left_out(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    assert usable_gpus() == ()
    assert all("did not answer" in fault for fault in faults())


def test_the_trial_itself_computes_what_it_expects() -> None:
    """The same lines on the CPU, where everybody has one."""
    exec(gpu_trial._TRIAL.replace('"cuda"', '"cpu"').replace("torch.cuda.synchronize()", ""), {})
