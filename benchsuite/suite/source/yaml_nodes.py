"""A YAML document as a tree of nodes that know their line and column.

The tree is built from the parser's events, so nothing is ever constructed from a tag, depth and size are bounded
while reading, and scalars mean what YAML 1.2's core schema says: `yes` is a text, `1e-4` a number.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import yaml
from yaml import events
from yaml.error import MarkedYAMLError, YAMLError

from benchsuite.errors import on_one_line
from benchsuite.suite.source.problems import Mark, Problem, SuiteError, printable, shown

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST_FILE = 1_000_000
DEEPEST = 40
LARGEST_TREE = 100_000
LARGEST_INTEGER = 2**63 - 1

NULL = re.compile(r"(?:~|null|Null|NULL|)")
TRUE = re.compile(r"true|True|TRUE")
FALSE = re.compile(r"false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
ESCAPED = re.compile(r"[\x00-\x09\x0b-\x1f]|^[A-Za-z]:\n")
"""What `\\a`, `\\b`, `\\t` and the like make of a path of Windows in double quotes."""
LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\N{NEXT LINE}\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"}
"""Those that YAML knows besides JSON's."""
BACKSLASH = "in double quotes a backslash begins an escape: use single quotes, or / between folders"

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Item:
    """One key of a mapping with its node. `written` is the dotted path by which `vary` or `set` put it there."""

    key: Mark
    node: Node
    written: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a tuple of nodes, or a mapping of names to items.

    `size` counts its nodes and `height` its levels below this one, aliases expanded.
    """

    mark: Mark
    content: Scalar | tuple[Node, ...] | Mapping[str, Item]
    size: int = field(default=1, compare=False)
    height: int = field(default=0, compare=False)

    def plain(self) -> Any:
        """The node as JSON values."""
        if isinstance(self.content, Mapping):
            return {name: item.node.plain() for name, item in self.content.items()}
        if isinstance(self.content, tuple):
            return [node.plain() for node in self.content]
        return self.content

    @property
    def items(self) -> Mapping[str, Item]:
        """The items of a mapping; nothing for any other node."""
        return self.content if isinstance(self.content, Mapping) else {}

    @property
    def elements(self) -> tuple[Node, ...]:
        """The nodes of a list; nothing for any other node."""
        return self.content if isinstance(self.content, tuple) else ()

    def get(self, *names: str) -> Node | None:
        """The node below these names, or None."""
        node: Node | None = self
        for name in names:
            item = node.items.get(name) if node is not None else None
            node = item.node if item is not None else None
        return node


def from_plain(value: Any, mark: Mark) -> Node:
    """JSON values as nodes that all carry the same mark."""
    if isinstance(value, Mapping):
        return Node(mark, {str(name): Item(mark, from_plain(below, mark)) for name, below in value.items()})
    if isinstance(value, list | tuple):
        return Node(mark, tuple(from_plain(below, mark) for below in value))
    return Node(mark, value)


def flow_text(value: object, default: Callable[[Any], object] | None = None) -> str:
    """A value as YAML has it on one line. `default` makes what JSON cannot say; raises what json.dumps raises."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=default).translate(LINE_ENDS)


def parse_bytes(data: bytes, source: str) -> tuple[Node, list[Problem]]:
    """The tree of a file and the problems of its scalars and keys. Raises SuiteError when there is no tree."""
    start = Mark(source, 1, 1)
    node, problems = parse_text(decoded(data, source), source)
    if not isinstance(node.content, Mapping):
        empty = node.content is None
        what = "the file is empty" if empty else f"the file holds {_kind(node)}, not a suite"
        raise SuiteError(
            [Problem(start if empty else node.mark, "", what, expected="a mapping that begins with `name:`")]
        )
    return node, problems


def decoded(data: bytes, source: str, kind: str = "suite") -> str:
    """The text of a file. Raises SuiteError for one that is too large or not UTF-8."""
    if len(data) > LARGEST_FILE:
        what = f"the file has {len(data):,} bytes"
        expected = f"a {kind} of at most {LARGEST_FILE:,} bytes"
        raise SuiteError([Problem(Mark(source, 1, 1), "", what, expected=expected)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        mark = Mark(source, before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        what = f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8"
        raise SuiteError([Problem(mark, "", what, remedy="save the file in the encoding UTF-8")]) from None


def parse_text(text: str, source: str, *, positions: bool = True) -> tuple[Node, list[Problem]]:
    """The tree of a YAML text of any shape. Without `positions` all marks name the source only."""
    node, problems = _parsed(text, source, positions)
    return node, list(problems)


@lru_cache(maxsize=1)
def _parsed(text: str, source: str, positions: bool) -> tuple[Node, Sequence[Problem]]:
    """Whoever has asked which plugins a suite names reads the suite next."""
    return _Builder(text, source, positions).document()


def _kind(node: Node) -> str:
    return "a list" if isinstance(node.content, tuple) else f"the single value {shown(node.content)}"


class _Builder:
    """Turns parser events into nodes. Kept for one document; `problems` grows while the tree does."""

    def __init__(self, text: str, source: str, positions: bool) -> None:
        self.source = source
        self.positions = positions
        self.text = text
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node] = {}
        self.events = self._parsed()

    def document(self) -> tuple[Node, list[Problem]]:
        next(self.events)
        first = next(self.events)
        if isinstance(first, events.StreamEndEvent):
            return Node(self._mark(first), None), []
        node = self._node(next(self.events), 0, "")
        next(self.events)
        after = next(self.events)
        if not isinstance(after, events.StreamEndEvent):
            raise self._stop(after, "a second document begins here", remedy="keep one suite a file; remove the `---`")
        return node, self.problems

    def _parsed(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self.text, Loader=LOADER)
        except MarkedYAMLError as error:
            raise self._syntax(error) from None
        except YAMLError as error:
            raise self._character(error) from None
        except SuiteError:
            raise
        except UnicodeEncodeError:
            what, remedy = "this has bytes that are not UTF-8", "write it in UTF-8, and rename files that are not"
            raise SuiteError([Problem(self._start(), "", what, remedy=remedy)]) from None
        except Exception as error:
            # The pure-Python parser answers some malformed documents with IndexError, ValueError and the like.
            what = f"this is not YAML: {_sentence(str(error) or type(error).__name__)}"
            raise SuiteError([Problem(self._start(), "", what)]) from None

    def _character(self, error: Any) -> SuiteError:
        """A character that YAML does not have; the parser gives its position only."""
        position = getattr(error, "position", None)
        if not isinstance(position, int) or not 0 <= position < len(self.text):
            return SuiteError([Problem(self._start(), "", f"this is not YAML: {_sentence(str(error))}")])
        before = self.text[:position]
        mark = Mark(self.source, before.count("\n") + 1, position - before.rfind("\n"))
        what = f"the character U+{ord(self.text[position]):04X} is not allowed in YAML"
        return SuiteError([Problem(mark if self.positions else self._start(), "", what, remedy="remove it")])

    def _syntax(self, error: Any) -> SuiteError:
        mark = error.problem_mark or error.context_mark
        place = self._place(mark) if mark is not None else self._start()
        lines = self.text.split("\n")
        line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
        what = "YAML syntax: " + _sentence(" ".join(filter(None, (error.context, error.problem))))
        lead = line[: len(line) - len(line.lstrip())]
        if "\t" in lead or line[getattr(mark, "column", 0) :].startswith("\t"):
            tab = Mark(self.source, place.line, line.index("\t") + 1) if self.positions else place
            return SuiteError([Problem(tab, "", "a tab indents this line", remedy="indent with spaces")])
        last = mark.line if mark is not None else 0
        for number, near in list(enumerate(lines))[max(0, last - 1) : last + 1]:
            # YAML indents with spaces alone; what web pages and word processors put there begins a word.
            lead = near[: len(near) - len(near.lstrip())]
            if strange := lead.strip(" \t\r"):
                at = Mark(self.source, number + 1, lead.index(strange) + 1) if self.positions else place
                what = f"the character U+{ord(strange[0]):04X} indents this line: it looks like a space and is none"
                return SuiteError([Problem(at, "", what, remedy="indent with spaces")])
        remedy = "put quotes around a text that contains ': '" if "mapping values" in what else None
        if "expected key" in what or "expected <block end>" in what or "',' or '" in what:
            remedy = "look at the quotes, brackets and indentation up to here; within '...' an apostrophe is written ''"
        remedy = BACKSLASH if "escape" in what or "hexdecimal" in what else remedy
        return SuiteError([Problem(place, "", what, remedy=remedy)])

    def _node(self, event: Any, depth: int, path: str) -> Node:
        anchored = self.anchors.get(str(event.anchor)) if isinstance(event, events.AliasEvent) else None
        if depth + (anchored.height if anchored is not None else 0) > DEEPEST:
            raise self._stop(event, "lists and mappings are nested too deeply", expected=f"at most {DEEPEST} levels")
        if isinstance(event, events.AliasEvent):
            if anchored is None:
                raise self._stop(event, f"the alias *{printable(str(event.anchor))} refers to nothing before it")
            return anchored
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != "!":
            self._add(self._mark(event), path, f"the tag {shown(str(tag))} is not allowed", remedy="remove it")
        if isinstance(event, events.ScalarEvent):
            node = Node(self._mark(event), self._scalar(event, path))
        elif isinstance(event, events.SequenceStartEvent):
            node = self._sequence(event, depth, path)
        else:
            node = self._mapping(event, depth, path)
        if event.anchor is not None:
            self.anchors[str(event.anchor)] = node
        return node

    def _sequence(self, start: Any, depth: int, path: str) -> Node:
        nodes: list[Node] = []
        size = 1
        while not isinstance(event := next(self.events), events.SequenceEndEvent):
            nodes.append(self._node(event, depth + 1, f"{path}[{len(nodes)}]"))
            size = self._grown(size, nodes[-1], event)
        return Node(self._mark(start), tuple(nodes), size, _height(nodes))

    def _mapping(self, start: Any, depth: int, path: str) -> Node:
        items: dict[str, Item] = {}
        size = 1
        while not isinstance(event := next(self.events), events.MappingEndEvent):
            mark = self._mark(event)
            name = self._name(event, depth, path)
            if name == "<<" and not event.style:
                what = "suites have no `<<`, with which YAML 1.1 merges mappings"
                self._add(mark, path, what, remedy="write its names out here; `*name` repeats a whole value only")
                name = None
            below = next(self.events)
            node = self._node(below, depth + 1, f"{path}.{name}" if path else str(name))
            size = self._grown(size, node, below)
            if isinstance(below, events.ScalarEvent) and not (below.value or below.style):
                # The parser places a value that was left out where the next token stands.
                node = replace(node, mark=mark)
            if name is None:
                continue
            if name in items:
                where = items[name].key
                first = f" (first in line {where.line})" if where.line else ""
                self._add(mark, path, f"the key {shown(name)} is given twice{first}", remedy="remove one of the two")
                continue
            items[name] = Item(mark, node)
        return Node(self._mark(start), items, size, _height(item.node for item in items.values()))

    def _name(self, event: Any, depth: int, path: str) -> str | None:
        """The name of a key; None when it is no name."""
        if isinstance(event, events.ScalarEvent) and event.tag is None:
            return str(event.value)
        mark = self._mark(event)
        self._node(event, depth + 1, path)
        self._add(mark, path, "this key is not a plain name", expected="a name followed by a colon")
        return None

    def _grown(self, size: int, node: Node, event: Any) -> int:
        size += node.size
        if size > LARGEST_TREE:
            what = f"the file expands to more than {LARGEST_TREE:,} values"
            raise self._stop(event, what, remedy="use fewer aliases (`*name`)" if self.anchors else None)
        return size

    def _scalar(self, event: Any, path: str) -> Scalar:
        text = str(event.value)
        if event.style in ("'", '"', "|", ">") or str(event.tag) == "!":
            return text
        value = core_scalar(text)
        if isinstance(value, Complaint):
            self._add(self._mark(event), path, value.what, remedy=value.remedy)
            return text
        return value

    def _mark(self, event: Any) -> Mark:
        return self._place(event.start_mark)

    def _place(self, mark: Any) -> Mark:
        return Mark(self.source, mark.line + 1, mark.column + 1) if self.positions else Mark(self.source)

    def _start(self) -> Mark:
        return Mark(self.source, 1, 1) if self.positions else Mark(self.source)

    def _add(self, mark: Mark, path: str, what: str, *, expected: str | None = None, remedy: str | None = None) -> None:
        self.problems.append(Problem(mark, path, what, expected=expected, remedy=remedy))

    def _stop(self, event: Any, what: str, *, expected: str | None = None, remedy: str | None = None) -> SuiteError:
        problem = Problem(self._mark(event), "", what, expected=expected, remedy=remedy)
        return SuiteError([*self.problems, problem])


def _height(below: Iterable[Node]) -> int:
    return 1 + max((node.height for node in below), default=0)


def escape_problems(node: Node, path: str) -> Iterator[Problem]:
    """Texts below a node that a backslash in double quotes has spoilt: `"C:\\temp"` has a tab in it."""
    for name, item in node.items.items():
        yield from escape_problems(item.node, f"{path}.{name}")
    for number, element in enumerate(node.elements):
        yield from escape_problems(element, f"{path}[{number}]")
    if isinstance(node.content, str) and ESCAPED.search(node.content):
        what = f"{shown(node.content)} has a control character, which a backslash has made"
        yield Problem(node.mark, path, what, node.content, remedy=BACKSLASH)


@dataclass(frozen=True)
class Complaint:
    """A plain scalar that has no JSON value."""

    what: str
    remedy: str


def core_scalar(text: str) -> Scalar | Complaint:
    """The value of a plain scalar by YAML 1.2's core schema, or what keeps it from being a JSON value."""
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text) or FALSE.fullmatch(text):
        return text.lower() == "true"
    if INTEGER.fullmatch(text) or BASED.fullmatch(text):
        based = text.startswith(("0o", "0x"))
        value = int(text, 0 if based else 10) if len(text) <= 40 else LARGEST_INTEGER + 1
        if abs(value) > LARGEST_INTEGER:
            return Complaint(f"the integer {shown(text)} is too large", f"stay within ±{LARGEST_INTEGER}")
        return value
    if FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            return Complaint(f"the number {shown(text)} is too large", "write a smaller one")
        return number
    if ENDLESS.fullmatch(text):
        return Complaint(f"{text} is not allowed", "write a finite number")
    if DATE.fullmatch(text):
        return Complaint(f"{shown(text)} is a date, which suites do not have", "put quotes around it to make it a text")
    return text


def _sentence(text: str) -> str:
    return printable(on_one_line(text, 200))
