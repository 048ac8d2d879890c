from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.identity.canonical import canonical, digest

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4), max_leaves=12
)


def same(a: object, b: object) -> bool:
    """Equal in type and value all the way down; Python's own == says that 1, 1.0 and True are equal."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and repr(a) == repr(b)


@given(st.dictionaries(st.text(), values))
def test_the_order_of_keys_does_not_matter(fields: dict[str, object]) -> None:
    assert canonical(fields) == canonical(dict(reversed(fields.items())))


@given(values, values)
def test_values_share_a_digest_exactly_if_they_are_the_same(a: object, b: object) -> None:
    assert (digest(a) == digest(b)) == same(a, b)


@given(values)
def test_the_form_survives_a_round_trip_through_json(value: object) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert canonical(json.loads(json.dumps(value))) == canonical(value)


def test_numbers_of_different_types_differ() -> None:
    assert len({digest(1), digest(1.0), digest(True), digest("1"), digest([1])}) == 5


def test_tuples_count_as_lists() -> None:
    assert canonical({"a": (1, (2,))}) == canonical({"a": [1, [2]]}) == b'{"a":[1,[2]]}'


def test_text_is_utf8_without_escapes() -> None:
    assert canonical({"ñ": "Öl"}) == '{"ñ":"Öl"}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], {"a": "\ud800"}])
def test_values_that_are_no_json_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"canonical form|surrogates"):
        canonical(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {None: 1}}, {1, 2}, b"bytes", object()])
def test_types_that_are_no_json_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="canonical form"):
        canonical(value)
