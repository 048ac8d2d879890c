"""How many runs are made at once: by cores, memory, what is due, what it costs, and what the user asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchsuite.execution import packing
from benchsuite.execution.case_cost import CaseCost, seconds_in_all
from benchsuite.execution.packing import choose_packing
from support.synthetic import make_numerics, make_plan, make_record

GIB = 2**30
Machine = Callable[..., None]
MODEL: Any = make_record(make_plan(1, 1).runs[0]).model


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Sets the cores and the free memory that this process finds."""

    def set_up(cores: int, memory: int = 1024 * GIB, gpu_memory: int = 80 * GIB) -> None:
        monkeypatch.setattr(packing, "usable_cores", lambda: cores)
        monkeypatch.setattr(packing, "free_memory", lambda: memory)
        monkeypatch.setattr(packing, "free_bytes", lambda _: gpu_memory)

    return set_up


def cost(**changed: Any) -> CaseCost:
    usual: dict[str, Any] = {
        "case": "a",
        "model": MODEL,
        "due": 100,
        "seconds": 60.0,
        "setup_seconds": 0.0,
    }
    usual |= {"disk_bytes": 0, "weights_bytes": 0, "memory_bytes": GIB, "packs": True, "basis": ""}
    return CaseCost(**usual | changed)


CPU, CUDA = make_numerics(device="cpu", threads=1), make_numerics(device="cuda", threads=4)


@pytest.mark.parametrize(
    ("cores", "threads", "due", "at_once"),
    [(1, 1, 9, 1), (64, 1, 100, 64), (64, 4, 100, 16), (3, 4, 9, 1), (64, 1, 9, 9)],
)
def test_each_core_carries_a_run_as_long_as_there_are_runs(
    machine: Machine, cores: int, threads: int, due: int, at_once: int
) -> None:
    machine(cores)
    found = choose_packing(make_numerics(device="cpu", threads=threads), 1, due, [cost(due=due)])
    assert (found.on_each, found.at_once) == (at_once, at_once)


def test_idle_cores_are_told_with_what_would_use_them(machine: Machine) -> None:
    machine(16)
    (remark,) = choose_packing(CPU, 1, 3, [cost(due=3)]).remarks
    assert "13 of 16 cores stay idle; --threads 5 would use them, and make other runs" in remark
    assert choose_packing(CPU, 1, 16, [cost(due=16)]).remarks == ()
    assert choose_packing(CPU, 1, 3, [cost(due=3, seconds=0.1)]).remarks == (), "not worth a word"


def test_memory_bounds_the_runs_at_once_with_a_word(machine: Machine) -> None:
    machine(16, memory=7 * GIB)
    found = choose_packing(CPU, 1, 100, [cost(memory_bytes=GIB), cost(case="b", memory_bytes=2 * GIB)])
    assert found.on_each == 2
    assert "there is memory for 2 at once" in found.remarks
    assert choose_packing(CPU, 1, 100, [cost(memory_bytes=99 * GIB)]).on_each == 1
    assert choose_packing(CPU, 1, 100, ()).on_each == 2, "nothing is known: a guess"
    done = cost(case="done", due=0, memory_bytes=99 * GIB)
    assert choose_packing(CPU, 1, 100, [cost(memory_bytes=GIB), done]).on_each == 5


def test_no_worker_is_started_that_costs_more_than_it_does(machine: Machine) -> None:
    machine(16)
    assert choose_packing(CPU, 1, 100, [cost(seconds=0.05)]).on_each == 1
    assert choose_packing(CPU, 1, 100, [cost(seconds=0.1)]).on_each == 2
    assert choose_packing(CPU, 1, 100, [cost(seconds=0.05)], started=2).on_each == 2, "it costs nothing any more"
    assert choose_packing(CPU, 1, 1, [cost(due=1)], started=2).on_each == 1
    machine(16, memory=GIB)
    assert choose_packing(CPU, 1, 100, [cost(seconds=0.05)], started=2).on_each == 1


def test_what_is_asked_for_is_capped_by_cores_and_runs(machine: Machine) -> None:
    machine(4, memory=GIB)
    assert choose_packing(CPU, 1, 100, [cost()], asked=3).on_each == 3, "whoever asks knows the memory"
    found = choose_packing(CPU, 1, 2000, [cost()], asked=1000)
    assert (found.on_each, found.remarks) == (4, ("1000 at once were asked for; there are 4 cores for 4",))
    assert choose_packing(CPU, 1, 2, [cost()], asked=1000).remarks == ()


def test_a_gpu_carries_several_runs_where_their_steps_leave_it_room(machine: Machine) -> None:
    machine(32)
    assert choose_packing(CUDA, 1, 100, [cost()]).on_each == packing.MOST_ON_A_GPU
    assert choose_packing(CUDA, 1, 100, [cost(), cost(case="b", packs=False)]).on_each == 1
    assert choose_packing(CUDA, 1, 100, ()).on_each == 1, "nothing is known"
    assert choose_packing(CUDA, 1, 100, (), asked=2).on_each == 2
    machine(32, gpu_memory=16 * GIB)
    assert choose_packing(CUDA, 1, 100, [cost(memory_bytes=5 * GIB)]).on_each == 2
    machine(2)
    assert choose_packing(CUDA, 1, 100, [cost()]).on_each == 1, "a core prepares, another one lets Python work"


def test_several_gpus_share_the_cores_and_the_runs(machine: Machine) -> None:
    machine(32)
    found = choose_packing(CUDA, 8, 100, [cost()])
    assert (found.on_each, found.at_once) == (2, 16)
    assert choose_packing(CUDA, 8, 9, [cost(due=9)]).at_once == 9
    assert choose_packing(CUDA, 8, 0, [cost(due=0)]).on_each == 1


def test_runs_at_once_share_the_time_but_none_is_shorter_than_itself() -> None:
    costs = [cost(due=6, seconds=10.0), cost(case="b", due=1, seconds=45.0, setup_seconds=5.0), cost(case="c", due=0)]
    assert seconds_in_all(costs, 1) == 110
    assert seconds_in_all(costs, 2) == 55
    assert seconds_in_all(costs, 64) == 50
