"""Which kind of machine makes which seeds: by shares, kept, and the same wherever it is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.execution.fleet import Finished, Fleet, choose_fleet, deal, finished, remember, remembered
from benchsuite.identity.gpus import Gpu
from benchsuite.identity.numerics import MachineFacts, Numerics, makes, numerics_of
from benchsuite.suite.schema.suite import Suite
from support.paper_material import make_suite
from support.runs import put_run
from support.synthetic import make_environment

CARD = Gpu(name="NVIDIA A100", driver="580.1", capability="8.0", uuid="", cores=6912)
LARGE = MachineFacts(
    torch="2.14.1", torchvision="0.29.1", numpy="2", pillow="12", cuda="13.0", cudnn="9", cublas="13",
    processor="a processor", instruction_set="AVX512", bf16_set="AMX_BF16", gpu=CARD,
)  # fmt: skip
PLAIN = LARGE.model_copy(update={"gpu": None})
SMALL = PLAIN.model_copy(update={"processor": "another processor", "instruction_set": "AVX2", "bf16_set": None})


def suite(devices: str = "by_seed", **changes: Any) -> Suite:
    written = {**make_suite().model_dump(mode="json", exclude_unset=True), "devices": devices, **changes}
    return Suite.model_validate_json(json.dumps(written))


def nothing() -> Finished:
    raise AssertionError("what is done does not matter here")


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 4), st.data())
def test_seeds_are_dealt_by_slots_and_later_ones_move_none(slots: list[int], rounds: int, data: st.DataObject) -> None:
    fleet = Fleet(kinds=tuple(PLAIN.model_copy(update={"processor": str(n)}) for n in range(len(slots))), slots=slots)
    seeds = data.draw(st.permutations(range(rounds * sum(slots))))
    whole = fleet.dealt(seeds)
    assert Counter(whole.seeds.values()) == {kind: rounds * share for kind, share in enumerate(slots)}
    cut = data.draw(st.integers(0, len(seeds)))
    assert fleet.dealt(seeds[:cut]).dealt(seeds) == whole
    assert {seed: whole.kind(seed) for seed in seeds} == {seed: fleet.kinds[kind] for seed, kind in whole.seeds.items()}


def test_two_machines_take_turns_and_a_larger_one_takes_more() -> None:
    kinds = LARGE, SMALL
    assert Fleet(kinds=kinds, slots=(1, 1)).dealt(range(6)).seeds == {0: 0, 1: 1, 2: 0, 3: 1, 4: 0, 5: 1}
    assert list(Fleet(kinds=kinds, slots=(3, 1)).dealt(range(4)).seeds.values()) == [0, 0, 1, 0]


def test_one_fleet_deals_to_all_seeds_of_suite_and_command_and_to_the_search_first() -> None:
    fleet = Fleet(kinds=(LARGE, SMALL), slots=(1, 1))
    assert deal(None, suite(), (0,)) is None
    assert deal(fleet, suite("one"), (0, 1)) == fleet
    dealt = deal(fleet, suite(), (0, 1, 77))
    assert dealt is not None
    assert list(dealt.seeds) == [*range(10), 77]
    search = {"space": {"recipe.learning_rate": [0.1, 0.2]}, "sampler": "grid", "budget": 2, "seed": 7}
    dealt = deal(fleet, suite(search=search), (0, 1))
    assert dealt is not None
    assert (dealt.kind(7), dealt.kind(0)) == (LARGE, SMALL), "all trials are made on the kind with the most slots"


def made(*runs: tuple[int, MachineFacts, int]) -> Finished:
    return {(seed, numerics_of(machine, "cpu" if machine.gpu is None else "auto")): n for seed, machine, n in runs}


@pytest.mark.parametrize(
    ("slots", "known", "done", "chosen"),
    [
        ({SMALL: 4, LARGE: 1}, None, (), SMALL),
        ({SMALL: 1, LARGE: 1}, LARGE, (), LARGE),
        ({SMALL: 4, LARGE: 1}, LARGE, (), LARGE),
        ({SMALL: 4, LARGE: 1}, None, ((0, LARGE, 2), (1, SMALL, 1)), LARGE),
        ({SMALL: 4, LARGE: 1}, SMALL, ((0, LARGE, 1), (1, LARGE, 1), (1, SMALL, 1)), LARGE),
        ({SMALL: 4, PLAIN: 1}, None, ((0, LARGE, 5),), SMALL),
    ],
)
def test_one_kind_is_that_of_most_finished_runs_else_that_at_work_else_that_of_most_slots(
    slots: Mapping[MachineFacts, int], known: MachineFacts | None, done: Any, chosen: MachineFacts
) -> None:
    before = Fleet(kinds=(known,), slots=(1,)) if known is not None else None
    assert choose_fleet("one", "auto", slots, before, lambda: made(*done)) == Fleet(
        kinds=(chosen,), slots=(slots[chosen],)
    )


def test_where_there_is_one_kind_nothing_is_read() -> None:
    assert choose_fleet("one", "auto", {SMALL: 2}, Fleet(kinds=(LARGE,), slots=(9,)), nothing).kinds == (SMALL,)
    assert choose_fleet("by_seed", "auto", {SMALL: 2}, None, nothing) == Fleet(kinds=(SMALL,), slots=(2,))


def test_by_seed_all_kinds_take_part_and_what_is_done_stays_where_it_was_made() -> None:
    fleet = choose_fleet(
        "by_seed", "auto", {SMALL: 1, LARGE: 3}, None, lambda: made((5, SMALL, 2), (5, LARGE, 1), (6, LARGE, 1))
    )
    assert (fleet.kinds, fleet.slots, fleet.seeds) == ((LARGE, SMALL), (3, 1), {5: 1, 6: 0})
    elsewhere = made((0, LARGE, 9), (1, SMALL, 1))
    assert choose_fleet("by_seed", "auto", {SMALL: 1, PLAIN: 1}, None, lambda: elsewhere).seeds.keys() == {1}


def test_what_was_dealt_stays_so_whoever_comes_and_goes() -> None:
    known = Fleet(kinds=(LARGE, SMALL), slots=(1, 1), seeds={0: 0, 1: 1})
    assert choose_fleet("by_seed", "auto", {PLAIN: 8, LARGE: 1}, known, nothing) == known


def test_precisions_and_threads_are_of_one_machine_and_another_processor_is_not() -> None:
    for precision in ("fp32", "bf16", "auto"):
        assert makes(LARGE, numerics_of(LARGE, precision=precision))  # type: ignore[arg-type]
    assert makes(LARGE, numerics_of(PLAIN, "cpu", 4)), "with its GPU left alone"
    assert not makes(PLAIN, numerics_of(LARGE))
    assert not makes(SMALL, numerics_of(PLAIN))
    assert numerics_of(LARGE).shares_machine(numerics_of(LARGE, precision="fp32"))
    assert numerics_of(PLAIN).shares_machine(numerics_of(PLAIN, precision="fp32"))
    assert not numerics_of(PLAIN).shares_machine(numerics_of(SMALL))


def test_the_fleet_is_read_as_it_was_kept_and_one_kind_is_the_first(tmp_path: Path) -> None:
    fleet = Fleet(kinds=(LARGE, SMALL), slots=(2, 1)).dealt(range(3))
    remember(suite(), tmp_path, fleet)
    assert remembered(suite(), tmp_path, "auto") == fleet
    assert remembered(suite("one"), tmp_path, "auto") == Fleet(kinds=(LARGE,), slots=(2,))
    remember(suite(), tmp_path, None)
    assert remembered(suite(), tmp_path, "auto") is None
    remember(suite(), tmp_path, None)


@pytest.mark.parametrize(
    "change", [{"kinds": []}, {"slots": [1]}, {"seeds": {"0": 2}}, {"seeds": {"x": 0}}, {"more": 1}, {"slots": [0, 1]}]
)
def test_a_fleet_that_is_none_is_not_believed(tmp_path: Path, change: dict[str, Any]) -> None:
    remember(suite(), tmp_path, Fleet(kinds=(LARGE, SMALL), slots=(2, 1)))
    (file,) = tmp_path.glob("*/fleet.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert remembered(suite(), tmp_path, "auto") is None


def test_finished_runs_are_those_of_this_suite_and_of_its_smoke_runs(tmp_path: Path) -> None:
    other = make_environment(device_name="another")
    put_run(tmp_path, seed=0)
    put_run(tmp_path, seed=0, blocks=1)
    put_run(tmp_path, seed=1, environment=other)
    put_run(tmp_path / "beans_freeze@sample", seed=1)
    found = finished(suite(), tmp_path)
    usual = make_environment().numerics
    assert found == {(0, usual): 2, (1, other.numerics): 1, (1, usual): 1}
    assert isinstance(next(iter(found))[1], Numerics)
    assert finished(suite(name="another"), tmp_path) == {}


def test_a_fleet_for_the_cpu_is_none_for_a_gpu(tmp_path: Path) -> None:
    fleet = choose_fleet("one", "cpu", {PLAIN: 1}, None, nothing)
    remember(suite(), tmp_path, fleet)
    assert remembered(suite(), tmp_path, "cpu") == fleet
    assert remembered(suite(), tmp_path, "auto") is None
    remember(suite(), tmp_path, fleet.model_copy(update={"device": "auto"}))
    assert remembered(suite(), tmp_path, "cuda") is not None
    assert remembered(suite(), tmp_path, "cpu") is None


def test_on_a_gpu_processors_are_of_no_kind_and_on_the_cpu_gpus_are_not() -> None:
    beside = LARGE.model_copy(update={"processor": "another", "bf16_set": None, "faults": ("a GPU that is taken",)})
    other = LARGE.model_copy(update={"gpu": CARD.model_copy(update={"driver": "590.1"})})
    assert LARGE.kind() == beside.kind("cuda")
    assert LARGE.kind() != other.kind()
    assert numerics_of(LARGE.kind()) == numerics_of(LARGE) == numerics_of(beside)
    assert LARGE.kind("cpu") == other.kind("cpu") == PLAIN.kind()
    assert LARGE.kind("cpu") != beside.kind("cpu")
    assert numerics_of(LARGE.kind("cpu"), "cpu") == numerics_of(LARGE, "cpu")
