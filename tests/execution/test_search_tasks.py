"""A prepared search goes as far as the records in the store, which alone decide what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from benchsuite import file_stamps
from benchsuite.engine.task import RunTask
from benchsuite.execution import search_tasks
from benchsuite.execution.due_runs import find_due
from benchsuite.execution.preparation import Preparation, prepare
from benchsuite.execution.search_tasks import SearchTasks, follow
from benchsuite.store.record import Best, RunRecord
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Plan, PlannedSearch
from benchsuite.suite.schema.suite import Halving, Search
from benchsuite.suite.search import points
from benchsuite.suite.search.space import Trials
from support.engine import Bench, make_case, statuses
from support.metrics import Mistakes, planned
from support.synthetic import make_record

BASE = {"dataset": {"name": "tiny_data"}, "model": {"name": "tiny_net"}, "recipe": {"name": "tiny_recipe"}}
HALVING = Halving(path="recipe.epochs", rungs=(1, 2), keep=0.5)


@pytest.fixture
def prepared(bench: Bench) -> Preparation:
    """A search of four random trials in two rungs, and one case with two seeds."""
    return prepared_with(bench, sampler="random", halving=HALVING)


def prepared_with(bench: Bench, **changes: Any) -> Preparation:
    space = {"recipe.learning_rate": (0.1, 0.2, 0.3), "model.slope": (0.1, 0.2)}
    search = Search(**{"space": space, "budget": 4, "seed": 5, **changes})
    plan = Plan(
        suite="tiny", cases=(make_case(),), seeds=(0, 1), search=PlannedSearch(declared=search, base=BASE), following=6
    )
    return prepare(plan, bench.registry, bench.place, download=False, say=lambda _: None)


def extended(preparation: Preparation, bench: Bench, **options: Any) -> Preparation:
    return SearchTasks(preparation, bench.registry, **options).preparation


def names(preparation: Preparation) -> list[str]:
    return [trial.case.name for trial in preparation.plan.trials]


def record(task: RunTask, accuracy: float = 0.5, *, failed: bool = False) -> None:
    """Leave a record of a run that was not made."""
    made = make_record(task.spec, failed=failed).model_copy(update={"key": task.key.key, "key_fields": task.key.fields})
    if made.best is not None:
        best = Best(
            phase="all", epoch=1, validation_loss=1.0, validation_accuracy=accuracy, validation_macro_f1=accuracy
        )
        made = made.model_copy(update={"best": best})
    Store(task.results).write(made)


def record_all(tasks: Iterable[RunTask]) -> None:
    """The accuracy rises with the number of the trial."""
    for task in tasks:
        record(task, int(task.spec.case.name.split()[1].rstrip(",")) / 10)


def read(task: RunTask) -> RunRecord:
    found = Store(task.results).read(task.key.key)
    assert found is not None
    return found


def trial_tasks(preparation: Preparation) -> tuple[RunTask, ...]:
    return preparation.tasks[2:]


def test_trials_are_runs_beside_the_cases_with_the_seed_of_the_search(prepared: Preparation, bench: Bench) -> None:
    found = extended(prepared, bench)
    assert [task.spec for task in found.tasks] == list(found.plan.runs)
    assert [task.spec.seed for task in trial_tasks(found)] == [5] * 4
    assert names(found) == [f"trial 00{i}, epochs=1" for i in range(1, 5)]
    assert found.plan.following == 2
    assert len({task.key.key for task in found.tasks}) == 6


def test_the_next_rung_comes_with_the_last_record_of_the_one_before(prepared: Preparation, bench: Bench) -> None:
    first = trial_tasks(extended(prepared, bench))
    record_all(first[:3])
    assert len(trial_tasks(extended(prepared, bench))) == 4
    record_all(first[3:])
    found = extended(prepared, bench)
    assert names(found)[4:] == ["trial 003, epochs=2", "trial 004, epochs=2"]
    assert found.plan.following == 0
    assert found.plan.trials[-1].case.recipe.parameters["epochs"] == 2
    assert extended(found, bench) == found


def test_the_metric_that_is_asked_for_decides(bench: Bench) -> None:
    prepared = prepared_with(bench, sampler="random", halving=HALVING, metric="validation_loss")
    record_all(trial_tasks(extended(prepared, bench)))
    assert names(extended(prepared, bench))[4:] == ["trial 001, epochs=2", "trial 002, epochs=2"]


def test_a_metric_of_a_plugin_decides_by_the_validation_split_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = planned("errors", Mistakes)
    prepared = prepared_with(bench, sampler="random", halving=HALVING, metric="validation_errors")
    prepared = replace(prepared, plan=prepared.plan.model_copy(update={"metrics": (asked,)}))
    looked: list[Sequence[str]] = []

    def measure(
        records: Mapping[str, RunRecord], metrics: object, registry: object, store: object, splits: Sequence[str]
    ) -> dict[str, RunRecord]:
        looked.append(splits)
        given = {key: record.best.validation_accuracy for key, record in records.items() if record.best is not None}
        return {
            key: record.model_copy(update={"measured": {"validation_errors": given[key]}})
            for key, record in records.items()
        }

    monkeypatch.setattr(search_tasks, "measure", measure)
    first = trial_tasks(extended(prepared, bench))
    record_all(first)
    assert names(extended(prepared, bench))[4:] == ["trial 001, epochs=2", "trial 002, epochs=2"]  # the fewest errors
    assert set(looked) == {("validation",)}
    found = SearchTasks(prepared, bench.registry)
    assert not list(found.take(read(first[0])))
    record(first[3], failed=True)  # which never replaces the one that is done
    assert names(extended(prepared, bench))[4:] == ["trial 001, epochs=2", "trial 002, epochs=2"]


def test_a_failure_is_worst_for_readers_and_to_be_made_again_for_runners(prepared: Preparation, bench: Bench) -> None:
    first = trial_tasks(extended(prepared, bench))
    record_all(first[:3])
    record(first[3], failed=True)
    assert names(extended(prepared, bench))[4:] == ["trial 002, epochs=2", "trial 003, epochs=2"]
    search = SearchTasks(prepared, bench.registry, remake=True)
    runner = search.preparation
    assert names(runner)[4:] == []
    assert first[3].key in [task.key for task in find_due(trial_tasks(runner), statuses(trial_tasks(runner)))]
    list(search.take(read(first[3])))
    assert len(names(search.preparation)) == 6


def test_a_trial_that_is_a_case_is_one_run(bench: Bench) -> None:
    rate = make_case().recipe.parameters["learning_rate"]
    prepared = prepared_with(bench, space={"recipe.learning_rate": (rate, 0.3)}, sampler="grid", budget=2, seed=1)
    found = extended(prepared, bench)
    assert len(found.tasks) == 4
    waiting = find_due(found.tasks, statuses(found.tasks))
    assert len(waiting) == 3
    assert [task.spec.case.name for task in waiting] == ["only", "only", "trial 002"]


def test_the_order_of_the_records_changes_nothing(bench: Bench) -> None:
    prepared = prepared_with(bench, sampler="tpe", batch=2)
    first = trial_tasks(extended(prepared, bench))
    record_all(first[1:])
    assert len(trial_tasks(extended(prepared, bench))) == 2
    record_all(first[:1])
    assert len(trial_tasks(extended(prepared, bench))) == 4


def test_a_search_that_goes_on_reads_and_proposes_everything_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls are counted, not seconds: a round must cost what is new in it."""
    prepared = prepared_with(bench, sampler="tpe", batch=2, budget=6, seed=3)
    asked = looked = made = 0
    ask, load, make = points._Study._ask_new_point, Store.read, Trials.at

    def asking(*given: Any) -> Any:
        nonlocal asked
        asked += 1
        return ask(*given)

    def reading(self: Store, key: str, thorough: bool = False) -> Any:
        nonlocal looked
        looked += 1
        return load(self, key, thorough)

    def making(*given: Any) -> Any:
        nonlocal made
        made += 1
        return make(*given)

    monkeypatch.setattr(points._Study, "_ask_new_point", asking)
    monkeypatch.setattr(Trials, "at", making)
    monkeypatch.setattr(Store, "read", reading)
    search = SearchTasks(prepared, bench.registry)
    due = trial_tasks(search.preparation)
    for trials in (2, 4, 6):
        assert len(trial_tasks(search.preparation)) == trials
        record_all(due)
        looked -= len(due)  # which are read here
        due = tuple(more for task in due for more in search.take(read(task)))
    assert (asked, made, looked) == (6, 6, 6)
    assert search.preparation == extended(prepared, bench)


@pytest.mark.parametrize("order", range(4))
@pytest.mark.parametrize(
    "changes",
    [
        {"sampler": "random", "halving": HALVING},
        {"sampler": "tpe", "lag": 1, "halving": HALVING},
        {"sampler": "tpe", "lag": 3},
        {"sampler": "tpe", "batch": 2},
    ],
    ids=["random", "lag 1, halving", "lag 3", "batch 2"],
)
def test_a_search_stopped_anywhere_goes_on_as_if_it_had_not_been(
    changes: dict[str, Any], order: int, bench: Bench
) -> None:
    """In whatever order runs finish, a search that starts from the store at any instant stands where this one does."""
    prepared = prepared_with(bench, **changes)
    search = SearchTasks(prepared, bench.registry)
    due = list(trial_tasks(search.preparation))
    chance = Random(order)
    while due:
        task = due.pop(chance.randrange(len(due)))
        record(task, Random(task.title).random(), failed=task.spec.case.name.startswith("trial 002"))
        due += search.take(read(task))
        assert search.preparation == extended(prepared, bench)
    assert search.preparation.plan.following == 0


def test_a_trial_that_is_under_way_as_a_case_or_done_is_not_asked_for_again(bench: Bench) -> None:
    rate = make_case().recipe.parameters["learning_rate"]
    prepared = prepared_with(bench, space={"recipe.learning_rate": (0.3, rate)}, sampler="tpe", budget=2, lag=1, seed=1)
    search = SearchTasks(prepared, bench.registry)
    tasks = search.preparation.tasks
    todo = find_due(tasks, {})
    record(tasks[-1])
    following = list(follow(search.take, todo, {})(read(tasks[-1])))
    everything = search.preparation.tasks
    assert len(everything) == 4
    assert len({task.key.key for task in everything}) == 3
    assert {task.key.key for task in (*todo, *following)} == {task.key.key for task in everything}
    assert len(todo) + len(following) == 3


def test_a_plan_without_a_search_stays_as_it_is(bench: Bench) -> None:
    plan = Plan(suite="tiny", cases=(make_case(),), seeds=(0,))
    prepared = prepare(plan, bench.registry, bench.place, download=False, say=lambda _: None)
    assert extended(prepared, bench) is prepared


def test_a_search_that_starts_again_reads_and_proposes_nothing_that_the_cache_knows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_stamps, "SETTLED_NS", 0)
    monkeypatch.setattr(points, "SAVE_SECONDS", 0.0)
    prepared = prepared_with(bench, sampler="tpe", lag=1)
    while len(due := [task for task in trial_tasks(extended(prepared, bench)) if not done(task)]):
        record_all(due)
    whole = extended(prepared, bench)
    assert whole.plan.following == 0

    def refuse(*_: Any) -> Any:
        raise AssertionError("this is known")

    monkeypatch.setattr(Store, "load", refuse)
    monkeypatch.setattr(points._Study, "_ask_new_point", refuse)
    assert extended(prepared, bench) == whole


def test_what_is_remembered_of_a_record_that_is_gone_or_another_now_is_not_believed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_stamps, "SETTLED_NS", 0)
    prepared = prepared_with(bench, sampler="random", halving=HALVING)
    first = trial_tasks(extended(prepared, bench))
    record_all(first)
    assert names(extended(prepared, bench))[4:] == ["trial 003, epochs=2", "trial 004, epochs=2"]
    record(first[0], 0.99)
    assert names(extended(prepared, bench))[4:] == ["trial 001, epochs=2", "trial 004, epochs=2"]
    (Store(first[0].results).folder(first[0].key.key) / "record.json").unlink()
    assert names(extended(prepared, bench))[4:] == []


def done(task: RunTask) -> bool:
    return Store(task.results).read(task.key.key) is not None
