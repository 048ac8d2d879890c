"""What Python gives is what the command line would have said, and what cannot be said is a mistake that is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchsuite.errors import SetupError
from benchsuite.study.arguments import (
    choose,
    read_count,
    read_executor_options,
    read_names,
    read_path,
    read_paths,
    read_seeds,
    read_set,
)
from benchsuite.suite.planning import overrides

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=40)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = st.recursive(SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4))


def understood(given: dict[str, Any]) -> list[Any]:
    read, problems = overrides.read_overrides(read_set(given), ())
    assert not problems
    return [override.setting.node.plain() for override in read]


@given(VALUES)
@example({"\u2028": None})
@example({"a\x85b": ["c\u2029d", "\u2028"]})
def test_a_value_of_set_is_understood_as_it_was_given(value: Any) -> None:
    assert understood({"recipe.some_value": value}) == [value]


def test_values_look_as_they_would_on_the_command_line() -> None:
    given = {"recipe.max_epochs": 2, "recipe.optimizer": "adam", "recipe.rate": 1e-05, "model.hidden": (8, 4)}
    assert read_set(given) == [
        "recipe.max_epochs=2",
        "recipe.optimizer=adam",
        "recipe.rate=1e-05",
        "model.hidden=[8, 4]",
    ]
    assert read_set({"recipe.b": "2"}) == ['recipe.b="2"']
    assert read_set({"recipe.b": True, "recipe.c": None}) == ["recipe.b=true", "recipe.c=null"]
    assert read_set(["recipe.max_epochs=2"]) == ["recipe.max_epochs=2"]
    assert read_set("recipe.max_epochs=2") == ["recipe.max_epochs=2"]
    assert read_set(None) == []


def test_numbers_and_arrays_of_numpy_and_paths_are_values_too() -> None:
    given = {"recipe.b": np.float64(0.5), "recipe.c": np.int64(3), "recipe.d": np.array([1, 2]), "model.e": Path("x/y")}
    assert understood(given) == [0.5, 3, [1, 2], "x/y"]


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), float("inf"), [object()], b"bytes", lambda: 0])
def test_what_yaml_cannot_say_is_refused_with_its_path(value: object) -> None:
    with pytest.raises(SetupError) as told:
        read_set({"recipe.max_epochs": value})
    assert "set['recipe.max_epochs']" in str(told.value)
    assert told.value.remedy


@pytest.mark.parametrize("given", [3, [3], object(), [["a=1"]]])
def test_a_set_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(SetupError, match="set is "):
        read_set(given)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=20, unique=True))
def test_seeds_that_are_listed_are_those_seeds(seeds: list[int]) -> None:
    text = read_seeds(seeds)
    assert text is not None
    assert overrides.read_seeds(text) == (tuple(seeds), [])


@given(st.integers(1, 1000))
def test_a_number_of_seeds_is_so_many(number: int) -> None:
    text = read_seeds(number)
    assert text is not None
    assert overrides.read_seeds(text) == (tuple(range(number)), [])


def test_seeds_may_be_a_range_or_as_the_command_line_has_them() -> None:
    assert read_seeds(range(2, 5)) == "2,3,4"
    assert read_seeds("0-4") == "0-4"
    assert read_seeds(None) is None


@pytest.mark.parametrize("seeds", [True, 1.5, [], [True], ["a"], [0.5], object(), {"a": 1}])
def test_seeds_that_are_none_are_refused(seeds: Any) -> None:
    with pytest.raises(SetupError, match="seeds is "):
        read_seeds(seeds)


@pytest.mark.parametrize("count", [0, -1, 1.0, True, "2"])
def test_a_count_is_a_whole_number_from_one(count: object) -> None:
    assert read_count("workers", None) is None
    assert read_count("workers", 2) == 2
    with pytest.raises(SetupError, match="workers is "):
        read_count("workers", count)


@pytest.mark.parametrize("path", ["", 3, None, b"results", object()])
def test_a_path_is_a_text_or_a_path(path: object) -> None:
    assert read_path("results", "a/b") == Path("a/b") == read_path("results", Path("a/b"))
    with pytest.raises(SetupError, match="results is "):
        read_path("results", path)


def test_one_name_or_several() -> None:
    assert read_names("cases", None) is None
    assert read_names("cases", "wide") == ["wide"]
    assert read_names("cases", ("wide", "narrow")) == ["wide", "narrow"]
    for none in ([], 3, [3], ["wide", None]):
        with pytest.raises(SetupError, match="cases is "):
            read_names("cases", none)


def test_one_path_or_several() -> None:
    assert read_paths("plugins", "a.py") == [Path("a.py")]
    assert read_paths("plugins", Path("a.py")) == [Path("a.py")]
    assert read_paths("plugins", ["a.py", Path("b")]) == [Path("a.py"), Path("b")]
    assert read_paths("plugins", ()) == []


def test_options_of_an_executor_are_texts() -> None:
    assert read_executor_options({"address": "tls://head:8786", "slots": 2}) == ["address=tls://head:8786", "slots=2"]
    assert read_executor_options({"ports": [1, 2]}) == ["ports=[1, 2]"]
    assert read_executor_options(None) == []
    with pytest.raises(SetupError, match="executor_options is "):
        read_executor_options(["address=x"])  # type: ignore[arg-type]


def test_a_choice_is_one_of_what_there_is() -> None:
    assert choose("by", "run", {"run": 1, "epoch": 2}) == 1
    for value in ("runs", None, [], {}):
        with pytest.raises(SetupError) as told:
            choose("by", value, {"run": 1, "epoch": 2})
        assert told.value.expected == "one of 'run', 'epoch'"
