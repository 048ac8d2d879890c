"""What a search tries depends on its declaration and on results, never on which run finished first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.suite.schema.suite import Halving, Search
from benchsuite.suite.search.proposal import (
    Proposal,
    Proposer,
    Step,
    count_points,
    count_runs,
    count_survivors,
    count_told,
    propose,
    rung_sizes,
)

QUICK = settings(max_examples=25, deadline=None)


def make_search(sampler: str = "random", sizes: Iterable[int] = (4, 5), budget: int = 8, **more: Any) -> Search:
    space = {f"recipe.p{i}": tuple(range(size)) for i, size in enumerate(sizes)}
    return Search(space=space, sampler=sampler, budget=budget, **more)  # type: ignore[arg-type]


def truth(step: Step) -> float:
    """What a run of this step results in, unless it fails: a bowl with some noise of its own."""
    return sum((index - 1.3) ** 2 for index in step.point) + Random(str(step)).random() / (1 + step.rung)


def cost_of(step: Step, failing: int) -> float:
    """The same where every so manieth trial fails; none with 0."""
    return math.inf if failing and step.number % failing == 0 else truth(step)


def played(search: Search, order: Random, failing: int = 0) -> tuple[list[Proposal], list[Step]]:
    """Every proposal of a search whose due runs finish one by one in a chance order, and that order."""
    results: dict[Step, float] = {}
    finished: list[Step] = []
    proposals = [propose(search, results.get)]
    while due := [step for step in proposals[-1].steps if step not in results]:
        step = order.choice(due)
        results[step] = cost_of(step, failing)
        finished.append(step)
        proposals.append(propose(search, results.get))
    return proposals, finished


@st.composite
def searches(draw: st.DrawFn) -> Search:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    sampler = draw(st.sampled_from(["grid", "random", "tpe"]))
    size = math.prod(sizes)
    budget = size if sampler == "grid" else draw(st.integers(1, min(size, 14)))
    halving = None
    if draw(st.booleans()):
        rungs = draw(st.lists(st.integers(1, 30), min_size=2, max_size=3, unique=True).map(sorted))
        halving = Halving(path="recipe.max_epochs", rungs=tuple(rungs), keep=draw(st.sampled_from([0.2, 0.34, 0.5])))
    waits = draw(st.one_of(st.builds(dict, batch=st.integers(1, 5)), st.builds(dict, lag=st.integers(1, 20))))
    return make_search(sampler, sizes, budget, seed=draw(st.integers(0, 99)), halving=halving, **waits)


@QUICK
@given(searches(), st.integers(0, 1000), st.sampled_from([0, 1, 2, 3]))
def test_the_order_in_which_runs_finish_changes_nothing(search: Search, order: int, failing: int) -> None:
    one, _ = played(search, Random(order), failing)
    other, _ = played(search, Random(order + 1), failing)
    assert one[-1] == other[-1]


@QUICK
@given(searches(), st.integers(0, 1000), st.sampled_from([0, 1, 2, 3]), st.data())
def test_the_steps_of_any_finished_runs_are_those_of_a_search_that_was_never_stopped(
    search: Search, order: int, failing: int, data: st.DataObject
) -> None:
    whole = played(search, Random(order), failing)[0][-1].steps
    known = data.draw(st.sets(st.sampled_from(whole)))
    results = {step: cost_of(step, failing) for step in known}
    restarted = propose(search, results.get).steps
    assert whole[: len(restarted)] == restarted
    proposer = Proposer(search)
    come: dict[Step, float] = {}
    steps = list(proposer.advance(lambda _: None))
    for step in data.draw(st.permutations(sorted(known, key=str))):
        come[step] = results[step]
        steps += proposer.advance(come.get)
    assert tuple(steps) == restarted


@QUICK
@given(searches(), st.integers(0, 1000))
def test_a_trial_waits_for_no_more_results_than_it_is_told(search: Search, order: int) -> None:
    proposals, finished = played(search, Random(order))
    first = [step for step in proposals[-1].steps if step.rung == 0]
    done: set[Step] = set()
    for proposal, step in zip(proposals, [*finished, None], strict=True):
        reached = sum(other.rung == 0 for other in proposal.steps)
        ready = itertools.takewhile(lambda n: set(first[: count_told(search, n)]) <= done, range(1, search.budget + 1))
        assert reached == len(list(ready))
        if step is not None:
            done.add(step)


@QUICK
@given(st.integers(1, 20), st.integers(1, 12), st.integers(0, 99), st.data())
def test_with_a_lag_only_results_that_lie_so_far_back_count(
    budget: int, lag: int, seed: int, data: st.DataObject
) -> None:
    """Another result of trial n changes nothing before trial n + lag."""
    search = make_search("tpe", (5, 5), budget, lag=lag, seed=seed)
    number = data.draw(st.integers(1, budget))
    other = propose(search, lambda step: -9.0 if step.number == number else truth(step)).steps
    assert other[: number + lag - 1] == propose(search, truth).steps[: number + lag - 1]


def test_with_a_lag_the_next_trial_comes_with_the_result_it_needs_and_no_other() -> None:
    search = make_search("tpe", (6, 6), 8, lag=3)
    first = propose(search, lambda _: None)
    assert (len(first.steps), first.following) == (3, 5)
    second, third = first.steps[1:]
    assert propose(search, {second: 1.0, third: 2.0}.get) == first
    assert len(propose(search, {first.steps[0]: 0.5}.get).steps) == 4
    assert len(propose(search, {step: truth(step) for step in first.steps}.get).steps) == 6


def test_a_lag_of_one_is_a_batch_of_one() -> None:
    lagging, batches = (make_search("tpe", (9, 9), 30, **{name: 1}) for name in ("lag", "batch"))
    assert propose(lagging, truth) == propose(batches, truth)


@pytest.mark.parametrize(("batch", "failing"), [(1, 0), (4, 3), (7, 0)])
def test_the_estimator_is_asked_and_told_in_whole_batches(batch: int, failing: int) -> None:
    """Optuna by itself, as a suite with this `batch` has always used it: such suites keep their trials."""
    import optuna

    search = make_search("tpe", (9, 9, 9), 40, batch=batch, seed=7)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=7))
    axes = {path: optuna.distributions.IntDistribution(0, 8) for path in search.space}
    expected: list[Step] = []
    while len(expected) < search.budget:
        asked: list[tuple[optuna.Trial, Step]] = []
        while len(asked) < min(batch, search.budget - len(expected)):
            trial = study.ask(axes)
            point = tuple(trial.params.values())
            if point in {step.point for step in (*expected, *(step for _, step in asked))}:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                asked.append((trial, Step(len(expected) + len(asked) + 1, point)))
        expected += [step for _, step in asked]
        for trial, step in asked:
            study.tell(trial, cost_of(step, failing))
    assert list(propose(search, lambda step: cost_of(step, failing)).steps) == expected


@QUICK
@given(searches(), st.integers(0, 1000))
def test_more_results_only_add_trials_at_the_end(search: Search, order: int) -> None:
    proposals, _ = played(search, Random(order))
    for earlier, later in itertools.pairwise(proposals):
        assert later.steps[: len(earlier.steps)] == earlier.steps
        assert len(later.steps) + later.following == len(earlier.steps) + earlier.following == count_runs(search)
    assert proposals[-1].following == 0


@QUICK
@given(searches(), st.integers(0, 1000))
def test_no_point_is_tried_twice_and_the_whole_budget_is_spent(search: Search, order: int) -> None:
    steps = played(search, Random(order))[0][-1].steps
    entries = [step for step in steps if step.rung == 0]
    assert [step.number for step in entries] == list(range(1, search.budget + 1))
    assert len({step.point for step in entries}) == search.budget
    assert all(0 <= i < len(v) for step in entries for i, v in zip(step.point, search.space.values(), strict=True))


@QUICK
@given(searches(), st.integers(0, 1000), st.sampled_from([0, 1, 2, 3]))
def test_a_rung_begins_when_the_whole_rung_before_is_done(search: Search, order: int, failing: int) -> None:
    proposals, finished = played(search, Random(order), failing)
    done: set[Step] = set()
    for proposal, step in zip(proposals, [*finished, None], strict=True):
        for rung in {step.rung for step in proposal.steps} - {0}:
            before = {step for step in proposals[-1].steps if step.rung == rung - 1}
            assert before <= done
        if step is not None:
            done.add(step)


@QUICK
@given(searches(), st.sampled_from([0, 1, 2, 3]))
def test_the_best_go_on_the_smaller_number_among_equals_and_failures_never(search: Search, failing: int) -> None:
    steps = propose(search, lambda step: cost_of(step, failing)).steps
    for rung in range(1, len(rung_sizes(search))):
        before = [step for step in steps if step.rung == rung - 1]
        ranked = sorted((cost_of(step, failing), step.number) for step in before)
        wanted = [number for cost, number in ranked if cost < math.inf][: count_survivors(search, len(before))]
        assert [step.number for step in steps if step.rung == rung] == sorted(wanted)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_another_seed_gives_other_trials_and_the_same_seed_the_same(sampler: str) -> None:
    def tried(seed: int) -> list[tuple[int, ...]]:
        search = make_search(sampler, (9, 9, 9), 12, seed=seed)
        return [step.point for step in propose(search, truth).steps]

    assert tried(3) == tried(3)
    assert tried(3) != tried(4)


def test_a_larger_budget_begins_with_the_same_random_trials() -> None:
    small, large = (propose(make_search(budget=budget), lambda _: None).steps for budget in (5, 15))
    assert large[:5] == small


def test_a_grid_goes_through_the_space_with_the_last_axis_fastest() -> None:
    steps = propose(make_search("grid", (2, 3), 6), lambda _: None).steps
    assert [step.point for step in steps] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_the_trials_of_a_batch_are_proposed_together_and_the_next_when_all_are_there() -> None:
    search = make_search("tpe", (6, 6), 8, batch=3)
    first = propose(search, lambda _: None)
    assert (len(first.steps), first.following) == (3, 5)
    partly = {step: truth(step) for step in first.steps[1:]}
    assert propose(search, partly.get) == first
    whole = {step: truth(step) for step in first.steps}
    assert len(propose(search, whole.get).steps) == 6


def test_the_estimator_comes_closer_to_the_best_than_chance() -> None:
    def nearest(sampler: str, seed: int) -> float:
        search = make_search(sampler, (12, 12, 12), 48, batch=4, seed=seed)
        late = [step for step in propose(search, truth).steps if step.number > 24]
        return sum(sum((index - 1.3) ** 2 for index in step.point) for step in late) / len(late)

    assert nearest("tpe", 1) < 0.6 * nearest("random", 1)


def test_the_share_that_goes_on_is_the_decimal_number_that_was_written() -> None:
    halving = Halving(path="recipe.max_epochs", rungs=(1, 2), keep=0.07)
    assert (
        count_survivors(make_search(sizes=(10, 10), budget=100, halving=halving), 100) == 7
    )  # 0.07 * 100 > 7 in binary


def test_nothing_follows_a_rung_that_failed_as_a_whole() -> None:
    search = make_search(halving=Halving(path="recipe.max_epochs", rungs=(1, 2, 4), keep=0.5))
    proposal = propose(search, lambda _: math.inf)
    assert (len(proposal.steps), proposal.following) == (8, 0)


def test_the_size_of_a_space_is_not_built() -> None:
    assert count_points(make_search(sizes=(1000,) * 6, budget=3)) == 1000**6
    assert len(propose(make_search(sizes=(1000,) * 6, budget=3), lambda _: None).steps) == 3


def test_optuna_leaves_no_file_and_no_word(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    propose(make_search("tpe", (3, 3), 9, batch=2), truth)
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr() == ("", "")
