"""Runs are grouped by the machines that could have made them."""

from __future__ import annotations

import pytest

from benchsuite.analysis.kinds import kinds_of
from benchsuite.store.record import RunRecord
from support.synthetic import make_environment, make_record


def record(seed: int, blocks: int = 0, **changes: object) -> RunRecord:
    return make_record(seed=seed, blocks=blocks, environment=make_environment(**changes))


def test_one_machine_is_one_kind_whatever_its_packages_and_its_precisions() -> None:
    bf16 = {"precision": "bf16", "capability": "AMX_BF16"}
    runs = [record(0), record(1, python="3.13"), record(2, 1, **bf16)]
    (kind,) = kinds_of(runs)
    assert (kind.seeds, kind.runs) == ((0, 1, 2), tuple(run.key for run in runs))
    assert kinds_of([]) == ()


@pytest.mark.parametrize(
    "other",
    [{"device_name": "B"}, {"capability": "AVX2"}, {"torch": "2.15"}, {"threads": 3}, {"driver": "580"}],
    ids=str,
)  # fmt: skip
def test_whatever_else_decides_bits_is_another_kind_and_that_with_the_most_runs_is_first(
    other: dict[str, object],
) -> None:
    runs = [record(3), record(0, **other), record(0, 1, **other), record(1, **other)]
    first, second = kinds_of(runs)
    assert (first.seeds, first.numerics) == ((0, 1), runs[1].environment.numerics)
    assert (second.seeds, second.runs) == ((3,), (runs[0].key,))


def test_one_case_in_two_precisions_was_made_on_two_machines() -> None:
    """Processors of one name, of which one shows no instructions for bf16, as under a hypervisor."""
    bf16 = {"precision": "bf16", "capability": "AMX_BF16"}
    runs = [record(0, **bf16), record(1), record(0, 1, **bf16)]
    assert [kind.seeds for kind in kinds_of(runs)] == [(0,), (1,)]
    asked = [record(0, **bf16), record(0, 1), record(1, 1)]
    assert [kind.seeds for kind in kinds_of(asked)] == [(0, 1)]
