"""JSON as papers carry it is read as JSON reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.paper.bundle.json_texts import LISTS, json_array, json_object, json_text, parsed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["schema", "keys", "", "ñ", "record"]), JSON)


@given(OBJECTS, st.lists(JSON, max_size=4) | st.none(), OBJECTS, st.sampled_from([None, 0, 2]))
def test_results_are_read_as_json_reads_them(before: Any, records: Any, after: Any, indent: int | None) -> None:
    content = {**before, **({} if records is None else {"records": records}), **after}
    found: dict[str, Any] = parsed(json.dumps(content, indent=indent, ensure_ascii=indent == 0))
    assert records is None or [json.loads(text) for text in found.pop("records")] == content.pop("records")
    assert found == content


@given(OBJECTS, st.lists(JSON, max_size=2), st.data())
def test_what_is_cut_off_or_goes_on_is_none(content: Any, records: Any, data: st.DataObject) -> None:
    text = json.dumps({**content, "records": records})
    for wrong in (text[: data.draw(st.integers(0, len(text) - 1))], f"{text}{{}}", f"{text[:-1]},}}"):
        with pytest.raises((ValueError, LookupError)):
            parsed(wrong)


@given(st.lists(JSON, max_size=3), OBJECTS)
def test_what_is_put_together_of_texts_is_written_as_the_whole(values: Any, content: Any) -> None:
    assert json_array(map(json_text, values)) == json_text(values)
    assert json_object({name: json_text(value) for name, value in content.items()}) == json_text(content)


def test_the_entries_of_each_long_list_are_left_as_texts() -> None:
    for name in LISTS:
        assert [json.loads(text) for text in parsed(json.dumps({name: [{"a": 1}, 2]}))[name]] == [{"a": 1}, 2]
