"""`benchsuite doctor --gpu` tells a card that computes as it should from every other, and says why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from benchsuite.commands import doctor_gpu
from benchsuite.commands.doctor_gpu import Answer, judge, look_at_gpus
from benchsuite.identity import gpus
from benchsuite.identity.gpus import Gpu, find_gpus
from benchsuite.processes import ChildProcess, ProcessEnded
from support.program import Program

GPU = Gpu(name="NVIDIA H100", driver="580.95.05", capability="9.0", uuid="GPU-1", cores=16896)
TWIN = GPU.model_copy(update={"uuid": "GPU-2"})
RUN = ("aa" * 32, "bb" * 32)
SOUND = Answer(
    name="NVIDIA H100",
    memory=80 * 10**9,
    libraries="CUDA 13.0, cuDNN 9.10",
    precision="bf16",
    errors={"a matrix product": 4e-7, "a convolution": 3e-7},
    repeats=True,
    runs=(RUN, RUN),
    seconds=9.5,
)


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each card answers, by its UUID; a machine has those that are in it."""
    told: dict[str, Any] = {}
    known = {gpu.uuid: gpu for gpu in (GPU, TWIN)}
    monkeypatch.setattr(doctor_gpu, "usable_gpus", lambda: tuple(known[uuid] for uuid in told))
    monkeypatch.setattr(doctor_gpu, "faults", lambda: ())
    monkeypatch.setattr(doctor_gpu, "ask", lambda gpu: told[gpu.uuid])
    return told


def test_a_card_that_computes_as_it_should_is_good(cards: dict[str, Any]) -> None:
    cards["GPU-1"] = SOUND
    (one,) = look_at_gpus()
    assert one.verdict == "good"
    for told in ("H100, 16896 cores, 80.0 GB", "capability 9.0", "driver 580.95.05", "cuDNN 9.10", "aaaaaaaaaaaa"):
        assert told in one.found


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"errors": {"a matrix product": 5e-4, "a convolution": 3e-7}}, "a matrix product is off by 0.0005"),
        ({"errors": {"a convolution": float("nan")}}, "a convolution is off by nan"),
        ({"repeats": False}, "a product gives other bits"),
        ({"runs": (RUN, ("cc", "dd"))}, "a run gives other bits"),
        ({"name": "NVIDIA A100"}, "torch calls it NVIDIA A100"),
    ],
)
def test_whatever_is_wrong_with_a_card_is_bad_and_has_a_remedy(changed: dict[str, Any], told: str) -> None:
    (one,) = judge(GPU, replace(SOUND, **changed))
    assert one.verdict == "bad"
    assert told in one.found
    assert one.remedy


def test_a_card_that_fails_in_the_middle_does_not_hide_the_others(cards: dict[str, Any]) -> None:
    cards |= {"GPU-1": "its process ended: killed by SIGSEGV", "GPU-2": SOUND}
    first, second = look_at_gpus()
    assert (first.verdict, second.verdict) == ("bad", "good")
    assert "GPU-1" in first.found
    assert "SIGSEGV" in first.found


def test_cards_of_one_model_that_make_a_run_in_two_ways_are_told(cards: dict[str, Any]) -> None:
    other = ("cc" * 32, "dd" * 32)
    cards |= {"GPU-1": SOUND, "GPU-2": replace(SOUND, runs=(other, other))}
    *each, last = look_at_gpus()
    assert [one.verdict for one in each] == ["good", "good"]
    assert last.verdict == "bad"
    assert "in 2 ways" in last.found


def test_a_card_that_cannot_be_used_is_told_with_its_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_gpu, "usable_gpus", lambda: ())
    monkeypatch.setattr(doctor_gpu, "faults", lambda: ("Tesla P100: no kernel image is available",))
    (one,) = look_at_gpus()
    assert one.verdict == "bad"
    assert "no kernel image" in one.found
    assert "install" in one.remedy


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ProcessEnded(None, True), "did not answer within"),
        (ProcessEnded(-11, False), "SIGSEGV"),
        (RuntimeError("AcceleratorError: CUDA error: unspecified launch failure"), "unspecified launch failure"),
    ],
)
def test_why_a_card_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, raised: Exception, told: str) -> None:
    class Child(SimpleNamespace):
        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

        def receive(self, seconds: float) -> Any:
            raise raised

    monkeypatch.setattr(doctor_gpu, "ChildProcess", lambda *_, **__: Child())
    assert told in str(doctor_gpu.ask(GPU))


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A driver that tells of one card."""
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlShutdown", lambda: None)
    monkeypatch.setattr(gpus, "_list_gpus", lambda: [(GPU,)])
    find_gpus.cache_clear()
    yield
    find_gpus.cache_clear()


@pytest.mark.parametrize("chosen", ["", "-1", "7", "GPU-99", "MIG-1", "everything"])
def test_a_variable_that_hides_every_card_is_named(
    driver: None, program: Program, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    monkeypatch.setattr(doctor_gpu, "faults", lambda: ())
    monkeypatch.setattr(doctor_gpu, "usable_gpus", find_gpus)
    outcome = program.run("doctor", "--gpu", "--json")
    (one,) = json.loads(outcome.out)
    assert (outcome.code, one["verdict"]) == (1, "bad")
    assert f"CUDA_VISIBLE_DEVICES={chosen!r}" in one["found"]
    assert "CUDA_VISIBLE_DEVICES" in one["remedy"]


def test_a_machine_without_a_driver_is_told_so(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def initialise() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", initialise)
    monkeypatch.setattr(doctor_gpu, "faults", lambda: ())
    monkeypatch.setattr(doctor_gpu, "usable_gpus", lambda: ())
    outcome = program.run("doctor", "--gpu", "--json")
    (one,) = json.loads(outcome.out)
    assert (outcome.code, one["verdict"]) == (1, "bad")
    assert "no NVIDIA driver answers (NVML Shared Library Not Found)" in one["found"]


@pytest.mark.slow
def test_the_processor_passes_what_is_asked_of_a_card() -> None:
    with ChildProcess(doctor_gpu.answer, "cpu", None) as child:
        told: Answer = child.receive(300)
    (one,) = judge(GPU.model_copy(update={"name": told.name}), told)
    assert one.verdict == "good"
