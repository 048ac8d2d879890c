"""BibTeX as data: the entries of a text with their names taken apart, and everything that is wrong with it.

pybtex reads the grammar (macros, `#`, nested braces) and takes names apart as BibTeX does; values stay LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pybtex.bibtex.utils import split_name_list
from pybtex.database import InvalidNameString, Person
from pybtex.database.input.bibtex import LowLevelParser, UndefinedMacro, month_names
from pybtex.scanner import Pattern, PrematureEOF, PybtexSyntaxError, Token
from pybtex.utils import CaseInsensitiveDict

from benchsuite.suite.schema.base import LONGEST_TEXT
from benchsuite.suite.source.problems import did_you_mean, one_of, printable

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:./+-]{0,79}")
PAPERS = ("article", "inproceedings", "conference", "incollection")
BOOKS = ("book", "inbook", "proceedings", "manual")
REPORTS = ("techreport", "report", "phdthesis", "mastersthesis", "thesis")
OTHERS = ("misc", "unpublished", "booklet", "online", "electronic", "www", "dataset", "software", "patent", "standard")
MOST_EXPANDED = 1_000_000
"""Characters that the macros of a text may stand for in all."""
KINDS = (*PAPERS, *BOOKS, *REPORTS, *OTHERS)
"""The types of BibTeX, and those of biblatex that studies of images cite."""


@dataclass(frozen=True)
class Name:
    """A person or a body, in LaTeX: «Jan van der Berg Jr.» is Jan, van der, Berg, Jr."""

    given: tuple[str, ...]
    particle: str
    family: str
    suffix: str


@dataclass(frozen=True)
class Work:
    """An entry. `kind` and the names of `fields` are in lower case; `others` says that a list ends in «and others»."""

    key: str
    kind: str
    fields: Mapping[str, str]
    authors: tuple[Name, ...]
    editors: tuple[Name, ...]
    others: frozenset[str]
    line: int

    @property
    def bibtex(self) -> str:
        """The entry as BibTeX, its macros resolved."""
        return "\n".join(
            [f"@{self.kind}{{{self.key},", *(f"  {name} = {{{value}}}," for name, value in self.fields.items()), "}"]
        )


@dataclass(frozen=True)
class BibTexFault:
    """What is wrong at a place of the text; line and column count from 1."""

    line: int
    column: int
    what: str
    expected: str | None = None
    remedy: str | None = None


class _Parser(LowLevelParser):  # type: ignore[misc]  # pybtex has no types
    """pybtex's, with a bound on what macros of macros come to, for each may hold the one before twice; it does not look
    for the next quotation mark again at every brace."""

    expanded = 0

    def __init__(self, text: str) -> None:
        super().__init__(text, macros=CaseInsensitiveDict(month_names))
        self._ahead: dict[Pattern, re.Match[str] | None] = {}

    def skip_to(self, patterns: Sequence[Pattern]) -> Token | None:
        ends = {}
        for pattern in patterns:
            found = self._ahead.get(pattern)
            if pattern not in self._ahead or (found is not None and found.start() < self.pos):
                self._ahead[pattern] = found = pattern.search(self.text, self.pos)
            if found is not None:
                ends[pattern] = found.end()
        return super().skip_to([min(ends, key=ends.__getitem__)] if ends else [])

    def substitute_macro(self, name: str) -> str:
        value: str = super().substitute_macro(name)
        self.expanded += len(value)
        if self.expanded > MOST_EXPANDED:
            raise PybtexSyntaxError(f"its macros come to more than {MOST_EXPANDED:,} characters", self)
        return value


@lru_cache(maxsize=64)
def parse(text: str) -> tuple[tuple[Work, ...], tuple[BibTexFault, ...]]:
    """The works of a BibTeX text in its order, and its faults: one of syntax, which ends the reading, or several."""
    works: dict[str, Work] = {}
    faults: list[BibTexFault] = []
    parser = _Parser(text)
    try:
        for command, body in parser:
            if command.lower() not in ("string", "preamble"):
                key, values = body
                work = _work(text, parser.command_start, command.lower(), key, values, faults)
                if work.key.lower() in works:
                    first = works[work.key.lower()].line
                    what = f"two entries are called {printable(work.key)!r} (first in line {first})"
                    faults.append(_fault(text, parser.command_start, what, remedy="rename one, or remove it"))
                works.setdefault(work.key.lower(), work)
    except PybtexSyntaxError as error:
        faults.append(_syntax(text, parser, error))
    if not works and not faults:
        what, sample = "there is no entry in it", "BibTeX, such as @article{key, author = {…}, title = {…}, year = {…}}"
        faults.append(BibTexFault(1, 1, what, expected=sample))
    return tuple(works.values()), tuple(faults)


def _work(
    text: str, start: int, kind: str, key: str, values: Sequence[tuple[str, Sequence[str]]], faults: list[BibTexFault]
) -> Work:
    fields: dict[str, str] = {}
    names: dict[str, tuple[Name, ...]] = {}

    def complain(what: str, expected: str | None = None, remedy: str | None = None) -> None:
        faults.append(_fault(text, start, f"{printable(key)}: {what}", expected, remedy))

    if not KEY.fullmatch(key):
        complain("this key cannot be cited", "at most 80 letters (a to z), digits and any of _ : . / + -")
    if kind not in KINDS:
        complain(
            f"the type @{printable(kind)} is unknown", one_of(sorted(KINDS), len(KINDS)), did_you_mean(kind, KINDS)
        )
    for written, parts in values:
        name, value = written.lower(), re.sub(r"[ \t\r\n]+", " ", "".join(parts)).strip()
        if name in fields:
            complain(f"the field {printable(name)!r} is given twice", remedy="remove one of the two")
        elif value:
            fields[name] = value
    if "title" not in fields:
        complain("it has no title", "title = {…}")
    for role in ("author", "editor"):
        try:
            names[role] = tuple(_names(fields.get(role, "")))
        except InvalidNameString:
            what = f"a name of {role!r} has too many commas"
            complain(what, "Family, Given, or Family, Jr., Given", "put ` and ` between names")
    last = {role: found[-1] for role, found in names.items() if found}
    others = frozenset(role for role, name in last.items() if name == Name((), "", "others", ""))
    listed = {role: found[:-1] if role in others else found for role, found in names.items()}
    work = Work(key, kind, fields, listed.get("author", ()), listed.get("editor", ()), others, _at(text, start)[0])
    if len(work.bibtex) > LONGEST_TEXT:
        complain(f"it has {len(work.bibtex):,} characters", f"at most {LONGEST_TEXT:,}", "shorten its fields")
    return work


def _names(value: str) -> Iterator[Name]:
    for whole in split_name_list(value) if value else ():
        person = Person(whole)
        parts = (person.prelast_names, person.last_names, person.lineage_names)
        name = Name((*person.first_names, *person.middle_names), *(" ".join(part) for part in parts))
        if name.given or name.family:
            yield name


def _syntax(text: str, parser: LowLevelParser, error: PybtexSyntaxError) -> BibTexFault:
    start = parser.command_start or 0
    entry = f" in {printable(parser.current_entry_key)}" if parser.current_entry_key else ""
    if isinstance(error, PrematureEOF):
        what = f"BibTeX syntax{entry}: the entry that begins here does not end"
        return _fault(text, start, what, remedy="look for a brace or a quotation mark that is not closed")
    if isinstance(error, UndefinedMacro):
        what = f"BibTeX syntax{entry}: {printable(error.args[0])!r} is not defined"
        return _fault(text, parser.pos - len(error.args[0]), what, remedy="put braces around the value")
    what = f"BibTeX syntax{entry}: {printable(error.args[0])}"
    missing = parser.current_field_name is not None and text[parser.pos : parser.pos + 1].isalpha()
    return _fault(text, parser.pos, what, remedy="is a comma missing before this?" if missing else None)


def _fault(text: str, position: int, what: str, expected: str | None = None, remedy: str | None = None) -> BibTexFault:
    return BibTexFault(*_at(text, position), what, expected, remedy)


def _at(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
