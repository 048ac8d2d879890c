"""The works that a paper may cite: those of its suite, and those that its data set and models come from.

A plugin's work that the suite has, too, goes by the suite's key, so that none is listed twice.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from benchsuite.errors import PaperError
from benchsuite.paper.document import markup
from benchsuite.paper.language import latex
from benchsuite.paper.language.spanish import NBSP
from benchsuite.paper.references.ieee import reference
from benchsuite.suite.prose.bibtex import Work, parse
from benchsuite.suite.prose.references import CITATION
from benchsuite.suite.schema.suite import PaperSection

_TITLES = re.compile(r"[«“*]([^«»“”*]+)[»”*]")


@dataclass(frozen=True)
class Works:
    """`references` are in the mini grammar and `bibtex` are entries, by key; `keys` says by which key each work goes,
    `entries` which works the BibTeX of a plugin holds."""

    references: Mapping[str, str]
    bibtex: Mapping[str, str]
    keys: Mapping[str, str]
    entries: Mapping[str, tuple[str, ...]]

    def citation(self, bibtex: str) -> str:
        """What stands behind the name of something with this BibTeX: « [[a]], [[b]]», or nothing."""
        cited = ", ".join(f"[[{key}]]" for key in self.entries.get(bibtex, ()))
        return f"{NBSP}{cited}" if cited else ""

    def unified(self, prose: str) -> str:
        """Prose whose citations go by the keys of the references."""
        return CITATION.sub(lambda match: f"[[{self.keys.get(match[1].strip(), match[1].strip())}]]", prose)


def gathered(paper: PaperSection, plugins: Iterable[tuple[str, str]]) -> Works:
    """The works of a suite's paper section and of its plugins, given as (title, BibTeX).

    Raises PaperError for BibTeX that cannot be read or set.
    """
    known: list[_Known] = []
    for typed in paper.references:
        said = markup.clean(typed.text, f"paper.references.{typed.key}").strip()
        titles = frozenset(_bare(title) for title in _TITLES.findall(said))
        known.append(_Known(typed.key, said, "", titles, _bare(_doi(said)), own=True))
    for part in paper.bibliography:
        known += [_known(work, own=True) for work in _parsed(part, "paper.bibliography")]
    keys = {work.key: work.key for work in known}
    entries: dict[str, tuple[str, ...]] = {}
    for title, bibtex in plugins:
        if not bibtex.strip():
            continue
        cited: list[str] = []
        for work in _parsed(bibtex, f"the BibTeX of {markup.line(title, 'title')}"):
            new = _known(work)
            found = next((old for old in known if old.is_also(new)), None)
            if found is None:
                taken = {old.key for old in known}
                found = replace(new, key=next(key for key in _spares(new.key) if key not in taken))
                known.append(found)
            keys.setdefault(new.key, found.key)
            cited.append(found.key)
        entries[bibtex] = tuple(dict.fromkeys(cited))
    return Works(
        references={work.key: work.reference for work in known},
        bibtex={work.key: work.bibtex for work in known if work.bibtex},
        keys=keys,
        entries=entries,
    )


@dataclass(frozen=True)
class _Known:
    """A work with what tells it from others, letters and digits only; `own` is one of the suite's own."""

    key: str
    reference: str
    bibtex: str
    titles: frozenset[str]
    """Its title, or what may be the title of a reference typed by hand."""
    doi: str
    own: bool = False

    def is_also(self, new: _Known) -> bool:
        """Whether a plugin's work is this one."""
        if self.doi and new.doi:
            return self.doi == new.doi
        return (self.own and self.key == new.key) or not self.titles.isdisjoint(new.titles)


def _known(work: Work, *, own: bool = False) -> _Known:
    entry = markup.clean(work.bibtex, f"BibTeX {work.key}")
    title, doi = _bare(latex.words(work.fields["title"])), _bare(_doi(latex.address(work.fields.get("doi", ""))))
    return _Known(work.key, reference(work), entry, frozenset({title}), doi, own)


def _doi(said: str) -> str:
    found = re.search(r"10\.\d{4,9}/[^\s\]]+(?<![.,;])", said)
    return found[0] if found else ""


def _bare(said: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", said).casefold() if c.isalnum())


def _spares(key: str) -> Iterator[str]:
    """Keys for a work whose own is taken by another."""
    yield key
    yield from (f"{key}-{number}" for number in itertools.count(2))


def _parsed(bibtex: str, where: str) -> tuple[Work, ...]:
    works, faults = parse(bibtex)
    for fault in faults:
        place = f"{where}, line {fault.line}, column {fault.column}"
        raise PaperError(fault.what, where=place, expected=fault.expected, remedy=fault.suggestion)
    return works
