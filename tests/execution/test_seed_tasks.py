"""Sequential seeds go on from look to look by the records alone, and stop at a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

import pytest

from benchsuite.engine.task import RunTask
from benchsuite.execution.due_runs import find_due
from benchsuite.execution.preparation import Preparation, prepare
from benchsuite.execution.search_tasks import follow
from benchsuite.execution.seed_tasks import SeedTasks
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Plan
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.sequential import Sequential
from support.engine import Bench, make_case, registry_with, statuses
from support.synthetic import make_record

DESIGN = Sequential(at_least=12, at_most=16, until="decided", every=2)
Open = Callable[[int], Sequence[str]]


@pytest.fixture
def prepared(bench: Bench) -> Preparation:
    plan = Plan(suite="tiny", cases=(make_case(),), seeds=tuple(range(16)), sequential=DESIGN)
    return prepare(plan, bench.registry, bench.place, download=False, say=lambda _: None)


def going(prepared: Preparation, opened: Open) -> SeedTasks:
    """The claims `one` and `two`, of which each look leaves open what `opened` says."""

    def open_after(
        number: int, plan: Plan, keys: Mapping[tuple[str, int], str], records: Mapping[str, RunRecord], _: Sequence[str]
    ) -> Sequence[str]:
        assert plan.seeds == tuple(range(DESIGN.looks[number - 1]))
        assert {seed for _, seed in keys} == set(plan.seeds)
        assert set(keys.values()) <= set(records)
        return opened(number)

    claims = [Claim(id=name, text="Algo.", at_least=0.5) for name in ("one", "two")]
    return SeedTasks(prepared, claims, open_after, registry_with())


def never(_: int) -> Sequence[str]:
    return ("one", "two")


def after_two_looks(number: int) -> Sequence[str]:
    return ("one",) if number == 1 else ()


def record(task: RunTask, *, failed: bool = False) -> RunRecord:
    made = make_record(task.spec, failed=failed).model_copy(update={"key": task.key.key, "key_fields": task.key.fields})
    Store(task.results).write(made)
    return made


def make_all(tasks: SeedTasks) -> int:
    """Make what is due until nothing is, and tell how many runs there were."""
    made, due = 0, list(tasks.preparation.tasks)
    next_due = follow(tasks.take, due, statuses(due))
    while due:
        task = due.pop(0)
        if Store(task.results).read(task.key.key) is None:
            made += 1
        due += next_due(record(task))
    return made


def test_before_any_result_the_first_look_is_due(prepared: Preparation) -> None:
    found = going(prepared, never)
    assert len(found.preparation.tasks) == 12
    assert found.preparation.plan.seeds == tuple(range(12))
    assert found.preparation.plan.following == 4
    assert found.looks == []


def test_open_claims_go_on_to_the_last_look(prepared: Preparation) -> None:
    tasks = going(prepared, never)
    assert make_all(tasks) == 16
    assert [look.seeds for look in tasks.looks] == [12, 14, 16]
    assert tasks.ended
    assert tasks.preparation.plan.following == 0


def test_the_study_stops_where_every_claim_is_decided(prepared: Preparation) -> None:
    tasks = going(prepared, after_two_looks)
    assert make_all(tasks) == 14
    assert [(look.decided, look.open) for look in tasks.looks] == [(("two",), ("one",)), (("one",), ())]
    again = going(prepared, after_two_looks)
    assert again.looks == tasks.looks
    assert find_due(again.preparation.tasks, statuses(again.preparation.tasks)) == ()
    assert again.preparation.plan == tasks.preparation.plan


def test_a_decided_study_takes_nothing_from_runs_that_lie_there_beyond(prepared: Preparation) -> None:
    for task in prepared.tasks:
        record(task)
    tasks = going(prepared, after_two_looks)
    assert len(tasks.preparation.tasks) == 14


@pytest.mark.parametrize("stopped", range(0, 15, 5))
def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(prepared: Preparation, stopped: int) -> None:
    for task in prepared.tasks[:stopped]:
        record(task)
    tasks = going(prepared, after_two_looks)
    assert make_all(tasks) == 14 - stopped
    assert [look.seeds for look in tasks.looks] == [12, 14]


def test_the_order_in_which_runs_end_changes_nothing(prepared: Preparation) -> None:
    for order in list(permutations((9, 10, 11)))[1:]:
        tasks = going(prepared, after_two_looks)
        first = list(tasks.preparation.tasks)
        records = {task.spec.seed: record(task) for task in first}
        due = [list(tasks.take(records[seed])) for seed in (*range(9), *order)]
        assert [len(more) for more in due] == [0] * 11 + [2]
        for task in first:
            Store(task.results).folder(task.key.key).joinpath("record.json").unlink()


def test_a_look_waits_for_a_run_that_failed(prepared: Preparation) -> None:
    for task in prepared.tasks[:11]:
        record(task)
    tasks = going(prepared, never)
    due = find_due(tasks.preparation.tasks, statuses(tasks.preparation.tasks))
    assert [task.spec.seed for task in due] == [11]
    assert list(tasks.take(record(due[0], failed=True))) == []
    assert tasks.looks == []
    assert going(prepared, never).looks == []
    assert len(list(tasks.take(record(due[0])))) == 2
    assert len(going(prepared, never).looks) == 1
