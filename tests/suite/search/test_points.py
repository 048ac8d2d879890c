"""What the estimator proposes is remembered, and what becomes of the memory changes no trial."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.suite.schema.suite import Search
from benchsuite.suite.search import points
from benchsuite.suite.search.points import Estimator, _Axis
from benchsuite.suite.search.proposal import Proposer, Step, propose

SPACE: dict[str, Any] = {"recipe.a": (0.1, 0.001, 1, 3, 2), "recipe.b": ("x", "y", "z"), "recipe.c": tuple(range(4))}


def make_search(budget: int = 30, **changes: Any) -> Search:
    return Search(**{"space": SPACE, "sampler": "tpe", "budget": budget, "lag": 2, "seed": 3, **changes})


def truth(step: Step) -> float:
    return sum((index - 1.3) ** 2 for index in step.point) + Random(str(step)).random()


@st.composite
def searches(draw: st.DrawFn) -> Search:
    waits = draw(st.one_of(st.builds(dict, batch=st.integers(1, 5)), st.builds(dict, lag=st.integers(1, 5))))
    return make_search(draw(st.integers(12, 26)), seed=draw(st.integers(0, 99)), **{"lag": None, **waits})


def overwrite(file: Path, change: Callable[[bytes], bytes]) -> None:
    if file.exists():
        file.write_bytes(change(file.read_bytes()))


def flipped(content: bytes, at: int) -> bytes:
    at %= len(content)
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


def of_another(file: Path, chance: Random) -> None:
    """The memory of a search that has more values on one axis."""
    other = make_search(14, space={**SPACE, "recipe.c": tuple(range(9))}, seed=chance.randrange(9))
    list(Proposer(other, file).advance(truth))


TREATMENTS: dict[str, Callable[[Path, Random], object]] = {
    "kept": lambda file, chance: None,
    "lost": lambda file, chance: file.unlink(missing_ok=True),
    "cut short": lambda file, chance: overwrite(file, lambda content: content[: chance.randrange(len(content))]),
    "damaged": lambda file, chance: overwrite(file, lambda content: flipped(content, chance.randrange(10**6))),
    "of another space": of_another,
}


@settings(max_examples=12, deadline=None)
@given(searches(), st.integers(0, 1000), st.sampled_from([0, 3]), st.sampled_from(list(TREATMENTS)))
def test_wherever_a_search_is_stopped_and_whatever_becomes_of_its_memory_the_trials_are_the_same(
    search: Search, order: int, failing: int, treatment: str
) -> None:
    """Runs finish in a chance order, and after some of them the process ends and another goes on."""

    def cost(step: Step) -> float:
        return math.inf if failing and step.number % failing == 0 else truth(step)

    whole, chance = propose(search, cost).steps, Random(order)
    results: dict[Step, float] = {}
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(points, "SAVE_SECONDS", 0.0)
        patch.setattr(points, "MOST_STATES", chance.choice([2, 5, 64]))
        file = Path(folder, "memory.json")
        while len(results) < len(whole):
            proposer = Proposer(search, file)
            steps = list(proposer.advance(results.get))
            for _ in range(chance.randint(1, 9)):
                if due := [step for step in steps if step not in results]:
                    step = chance.choice(due)
                    results[step] = cost(step)
                    steps += proposer.advance(results.get)
            assert tuple(steps) == whole[: len(steps)]
            TREATMENTS[treatment](file, chance)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """As long as the number of times that the estimator was asked for a new point; all is remembered at once."""
    calls: list[None] = []
    ask = points._Study._ask_new_point

    def asking(self: points._Study) -> Any:
        calls.append(None)
        return ask(self)

    monkeypatch.setattr(points, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(points._Study, "_ask_new_point", asking)
    return calls


def tried(search: Search, file: Path, cost: Callable[[Step], float] = truth) -> tuple[Step, ...]:
    return tuple(Proposer(search, file).advance(cost))


def test_what_is_remembered_is_not_proposed_anew(asked: list[None], tmp_path: Path) -> None:
    first = tried(make_search(30), tmp_path / "memory.json")
    assert len(asked) == 30
    assert tried(make_search(30), tmp_path / "memory.json") == first
    assert len(asked) == 30
    more = tried(make_search(33), tmp_path / "memory.json")
    assert len(asked) == 33
    assert more == propose(make_search(33), truth).steps


def test_another_result_makes_anew_what_comes_after_it_alone(asked: list[None], tmp_path: Path) -> None:
    """As when a run that had failed is made again, and does not."""

    def earlier(step: Step) -> float:
        return math.inf if step.number == 20 else truth(step)

    tried(make_search(), tmp_path / "memory.json", earlier)
    asked.clear()
    found = tried(make_search(), tmp_path / "memory.json")
    assert len(asked) == 30 - 21  # the lag is 2
    assert found == propose(make_search(), truth).steps


def test_the_states_that_are_kept_are_few_and_all_over_the_search(
    asked: list[None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "MOST_STATES", 8)
    file = tmp_path / "memory.json"
    tried(make_search(50), file)
    kept = [int(number) for number in json.loads(file.read_bytes().partition(b"\n")[2])["states"]]
    assert len(kept) <= 8
    assert kept[-1] == 50
    assert max(after - before for before, after in zip([0, *kept], kept, strict=False)) <= 16
    asked.clear()
    assert tried(make_search(50), file, lambda step: 9.0) == propose(make_search(50), lambda step: 9.0).steps


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 4},
        {"lag": 3},
        {"lag": None, "batch": 2},
        {"space": {**SPACE, "recipe.b": ("x", "y", "v")}},
        {"space": dict(reversed(SPACE.items()))},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_a_memory_of_another_search_is_not_believed(asked: list[None], tmp_path: Path, changes: dict[str, Any]) -> None:
    tried(make_search(), tmp_path / "memory.json")
    asked.clear()
    search = make_search(**changes)
    found = tried(search, tmp_path / "memory.json")
    assert len(asked) == 30
    assert found == propose(search, truth).steps


def test_a_memory_of_another_version_of_optuna_is_not_believed(
    asked: list[None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(make_search(), tmp_path / "memory.json")
    asked.clear()
    monkeypatch.setattr(points, "version", lambda name: f"another {name}")
    tried(make_search(), tmp_path / "memory.json")
    assert len(asked) == 30


def test_a_memory_that_cannot_be_written_is_done_without(asked: list[None], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert tried(make_search(), tmp_path / "file" / "memory.json") == propose(make_search(), truth).steps


def test_little_work_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less is lost than writing it would take."""
    monkeypatch.setattr(points, "SAVE_SECONDS", math.inf)
    tried(make_search(), tmp_path / "memory.json")
    assert not list(tmp_path.iterdir())


def test_a_space_that_is_nearly_spent_is_gone_through_to_its_end(asked: list[None], tmp_path: Path) -> None:
    """Points are then drawn in place of those that the estimator repeats, with a memory as without."""
    search = make_search(60)
    half = make_search(45)
    assert tried(half, tmp_path / "memory.json") == propose(search, truth).steps[:45]
    found = tried(search, tmp_path / "memory.json")
    assert found == propose(search, truth).steps
    assert len({step.point for step in found}) == 60


def test_an_axis_of_numbers_is_ordered_whatever_the_order_of_the_file() -> None:
    """Words are choices; numbers are ranks, so that the estimator sees neighbours."""
    numbers, words = _Axis("recipe.a", (0.1, 0.001, 1)), _Axis("recipe.b", ("x", "y"))
    assert [numbers.index(rank) for rank in range(3)] == [1, 0, 2]
    assert [numbers.rank(index) for index in range(3)] == [1, 0, 2]
    assert (words.index(1), words.rank(1)) == (1, 1)


def test_a_memory_is_taken_up_whatever_was_told_when(tmp_path: Path, asked: list[None]) -> None:
    """With a lag the costs come one by one, with batches all at once."""
    search = make_search(24, lag=None, batch=4)
    tried(search, tmp_path / "memory.json")
    estimator = Estimator(search, tmp_path / "memory.json")
    found = []
    costs = [truth(step) for step in propose(search, truth).steps]
    asked.clear()
    for number in range(24):
        found.append(estimator(costs[number - 4 : number] if number and number % 4 == 0 else []))
    assert not asked
    assert found == [step.point for step in propose(search, truth).steps]
