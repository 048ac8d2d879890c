"""The bibliography of a suite's paper: files of BibTeX read into the suite, and what is wrong with the entries.

The suite keeps the text itself, so that its paper can be made again from the suite alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchsuite.suite.schema.suite import LONGEST_BIBTEX
from benchsuite.suite.source.problems import Mark, Problem, SuiteError, did_you_mean, printable, shown
from benchsuite.suite.source.yaml_nodes import LARGEST_FILE, Node, decoded

PATH = "paper.bibliography"
LONGEST_BIBLIOGRAPHY = 5 * LONGEST_BIBTEX
"""Characters of all its texts and files."""
FILE = re.compile(r"\w[\w.-]*\.bib")
"""A file beside the suite: what a suite names never leads out of its folder."""


@dataclass(frozen=True)
class BibTexSource:
    """BibTeX and where it comes from: `node` of the suite, whose file has these `lines`, or a `file` of its own."""

    text: str
    node: Node
    lines: Sequence[str]
    file: str | None = None

    def mark(self, line: int, column: int) -> Mark:
        """The place of a line and column of the text; the whole value's where YAML has folded its lines."""
        if self.file is not None:
            return Mark(self.file, line, column)
        start = self.node.mark
        number = (start.line or 0) + line
        raw = self.lines[number - 1] if start.line and number <= len(self.lines) else ""
        wanted = self.text.split("\n")[line - 1]
        if not wanted or not raw.endswith(wanted):
            return start
        return Mark(start.source, number, len(raw) - len(wanted) + column)


def include_files(origin: Node, data: bytes, folder: Path | None) -> tuple[Node, dict[str, str], list[Problem]]:
    """The suite's nodes with the files of its bibliography read in, those files by name, and what is wrong with them
    and with the entries.

    `data` is the suite's file and `folder` where it lies; None when it lies nowhere.
    """
    given = origin.get("paper", "bibliography")
    if given is None:
        return origin, {}, []
    lines = data.decode("utf-8-sig").split("\n")
    sources: list[BibTexSource] = []
    files: dict[str, str] = {}
    problems: list[Problem] = []
    nodes: list[Node] = []
    for node in given.elements or (given,):
        if not isinstance(node.content, str):
            nodes.append(node)
            continue
        source = BibTexSource(node.content, node, lines)
        if node.content.strip().endswith(".bib") and "@" not in node.content:
            try:
                source = _read(node.content.strip(), node, folder)
                files[node.content.strip()] = source.text
            except SuiteError as error:
                problems += error.problems
                source = replace(source, text="")
        sources.append(source)
        nodes.append(replace(node, content=source.text))
    if (length := sum(len(source.text) for source in sources)) > LONGEST_BIBLIOGRAPHY:
        what = f"the bibliography has {length:,} characters"
        expected, remedy = f"at most {LONGEST_BIBLIOGRAPHY:,}", "leave out the works that the paper does not cite"
        problems.append(Problem(given.mark, PATH, what, None, expected, remedy))
    else:
        readable = [source for source in sources if 0 < len(source.text) <= LONGEST_BIBTEX]
        problems += _problems(readable, origin.get("paper", "references"))
    return _set(origin, ("paper", "bibliography"), Node(given.mark, tuple(nodes))), files, problems


def _read(name: str, node: Node, folder: Path | None) -> BibTexSource:
    """The text of a file beside the suite."""

    def refusal(what: str, expected: str | None = None, remedy: str | None = None) -> SuiteError:
        return SuiteError([Problem(node.mark, PATH, f"{shown(name)} {what}", name, expected, remedy)])

    if not FILE.fullmatch(name):
        raise refusal("does not lie beside the suite", "the name of a file there, such as references.bib")
    if folder is None:
        raise refusal("cannot be found, for the suite is in no file", "the entries themselves")
    path = folder / name
    try:
        if not path.is_file():
            there = [other.name for other in folder.glob("*.bib")]
            raise refusal("does not exist beside the suite", remedy=did_you_mean(name, there))
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise refusal(f"cannot be read: {printable(error.strerror or str(error))}") from None
    shown_path = str(Path(node.mark.source).with_name(name))
    return BibTexSource(decoded(data, shown_path, "bibliography").replace("\r\n", "\n"), node, (), shown_path)


def _problems(sources: Sequence[BibTexSource], references: Node | None) -> Iterator[Problem]:
    """What is wrong with the entries: their own faults, and keys that another source or reference has already."""
    # Other suites and commands do without BibTeX's grammar.
    from benchsuite.suite.prose.bibtex import parse

    elements = references.elements if references is not None else ()
    taken = {str(key.content).lower(): key.mark for element in elements if (key := element.get("key")) is not None}
    for source in sources:
        works, faults = parse(source.text)
        for fault in faults:
            mark = source.mark(fault.line, fault.column)
            yield Problem(mark, PATH, fault.what, None, fault.expected, fault.remedy)
        for work in works:
            mark = source.mark(work.line, 1)
            if (first := taken.setdefault(work.key.lower(), mark)) is not mark:
                what = f"two works are called {shown(work.key)} (the first at {first})"
                yield Problem(mark, PATH, what, work.key, remedy="rename one, or remove it")


def _set(node: Node, names: Sequence[str], value: Node) -> Node:
    """The tree with `value` below these names, which are there."""
    if not names:
        return value
    item = node.items[names[0]]
    changed = replace(item, node=_set(item.node, names[1:], value))
    return replace(node, content={**node.items, names[0]: changed})
