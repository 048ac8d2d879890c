"""YAML becomes a tree with positions, or a SuiteError that says where; nothing else ever happens."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchsuite.suite.source.problems import Mark, SuiteError
from benchsuite.suite.source.yaml_nodes import DEEPEST, LARGEST_FILE, Node, parse_bytes, parse_text


def plain(text: str) -> Any:
    node, problems = parse_text(text, "x.yaml")
    assert not problems, [str(problem) for problem in problems]
    return node.plain()


def complaint(data: str | bytes) -> str:
    """All that is said about a file that cannot be used."""
    try:
        _, problems = parse_bytes(data.encode() if isinstance(data, str) else data, "x.yaml")
    except SuiteError as error:
        return str(error)
    assert problems
    return str(SuiteError(problems))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e-4", 1e-4),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("2020-13", "2020-13"),
        ("'2020-01-01'", "2020-01-01"),
        ("! 12", "12"),
        ("=", "="),
        ("[1, {a: b}, []]", [1, {"a": "b"}, []]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_keys_and_values_know_their_line_and_column() -> None:
    node, _ = parse_text("a: 1\nb:\n  - x\n  - {c: 2}\n", "x.yaml")
    item = node.items["b"].node.elements[1].items["c"]
    assert (item.key.line, item.key.column) == (4, 6)
    assert str(item.node.mark) == "x.yaml:4:9"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "x.yaml:1:1: the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- a\n", "the file holds a list"),
        ("text", "the file holds the single value 'text'"),
        ("a:\n\tb: 1\n", "x.yaml:2:1: a tab indents this line; indent with spaces"),
        ("a:\n  b: 1\n \t c: 2\n", "x.yaml:3:2: a tab indents this line"),
        ("a:\n\u00a0\u00a0b: 1\n  c: 2\n", "x.yaml:2:1: the character U+00A0 indents this line"),
        ("a:\n  b: 1\n \u3000c: 2\n  d: 3\n", "x.yaml:3:2: the character U+3000 indents this line"),
        ("a: b: c\n", "x.yaml:1:5: YAML syntax: mapping values are not allowed in this context; put quotes"),
        ("a: [1, 2\nb: 3\n", "x.yaml:2:"),
        (b"title: caf\xe9\n", "x.yaml:1:11: byte 10 (0xe9) is not UTF-8; save the file in the encoding UTF-8"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: a second document begins here"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3:1: the key 'a' is given twice (first in line 1)"),
        ("b: {a: 1, a: 2}\n", "x.yaml:1:11: b: the key 'a' is given twice"),
        ("a: !!python/object/apply:os.system [x]\n", "x.yaml:1:4: a: the tag 'tag:yaml.org,2002:python/object"),
        ("a: !thing 3\n", "the tag '!thing' is not allowed"),
        ("a: 2020-01-01\n", "x.yaml:1:4: a: '2020-01-01' is a date"),
        ("a: .nan\n", "x.yaml:1:4: a: .nan is not allowed"),
        ("a: -.inf\n", "-.inf is not allowed"),
        ("a: 1e999\n", "too large"),
        ("a: 99999999999999999999\n", "too large"),
        ("a: " + "9" * 10_000 + "\n", "too large"),
        ('a: "\\ud800"\n', "x.yaml:1:7: YAML syntax: while parsing a quoted scalar found invalid Unicode"),
        ("a: *b\n", "the alias *b refers to nothing before it"),
        ("a: &b [*b]\n", "the alias *b refers to nothing before it"),
        ("? [a, b]\n: c\n", "x.yaml:1:3: this key is not a plain name"),
        ("a: \x07\n", "x.yaml:1:4: the character U+0007 is not allowed in YAML"),
        ("a: " + "[" * 5000, f"nested too deeply (expected at most {DEEPEST} levels)"),
    ],
)
def test_what_is_no_suite_is_said_with_its_place(data: str | bytes, said: str) -> None:
    assert said in complaint(data)


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    node, _ = parse_bytes("a: 1".encode("utf-8-sig"), "x.yaml")
    assert node.plain() == {"a": 1}


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    began = time.perf_counter()
    assert "expected a suite of at most 1,000,000 bytes" in complaint(b"[" * (LARGEST_FILE + 1))
    assert time.perf_counter() - began < 1


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert "expands to more than 100,000 values" in complaint("\n".join(lines))


def test_aliases_cannot_pile_up_depth() -> None:
    lines = ["a0: &a0 [[[[[[[[x]]]]]]]]"] + [f"a{i}: &a{i} [[[[*a{i - 1}]]]]" for i in range(1, 400)]
    assert "nested too deeply" in complaint("\n".join(lines))


def test_a_few_aliases_are_allowed() -> None:
    assert plain("a: &a {b: 1}\nc: [*a, *a]\n") == {"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}]}


def test_messages_cannot_steer_a_terminal() -> None:
    assert "\x1b" not in complaint('"\\e[2J": 1\n"\\e[2J": 2\n')


def test_many_problems_are_cut_to_one_screen() -> None:
    text = complaint("\n".join(f"k{i}: .nan" for i in range(50)))
    assert len(text.splitlines()) == 21
    assert text.endswith("and 30 more")


YAMLISH = st.text(alphabet=list("ab:-[]{}&*!|>'\"#%@`,?\n\t 0.1e~<=\\é\x07\u2028\ufeff"), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(YAMLISH.map(str.encode), st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")), st.binary())
)
@example(b"%YAML 9.9\n---\na: 1")
@example(b"%TAG ! x\n---\n!y a")
@example(b"a: !<> b")
@example(b'"\\U99999999": 1')
@example(b"&\n")
def test_arbitrary_bytes_are_a_tree_of_json_values_or_a_suite_error(data: bytes) -> None:
    try:
        node, problems = parse_bytes(data, "x.yaml")
    except SuiteError as error:
        node, problems = Node(Mark("x.yaml"), {}), list(error.problems)
        assert problems
    json.dumps(node.plain(), allow_nan=False).encode()
    assert all(str(problem) for problem in problems)


CHARACTERS = st.characters(codec="utf-8", max_codepoint=0xFFFF)  # of the others JSON escapes two halves, YAML never
KEYS = st.text(CHARACTERS, max_size=80)  # YAML takes no key of more than 1,024 characters, escapes included
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, JSON, min_size=1, max_size=4))
def test_json_is_read_as_what_it_is(value: dict[str, Any]) -> None:
    node, problems = parse_bytes(json.dumps(value).encode(), "x.json")
    assert not problems
    assert node.plain() == value
