"""The works that a paper may cite: those of its suite, and those that its data set and models come from.

A plugin's work that the suite has, too, goes by the suite's key, so that none is listed twice.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchsuite.errors import PaperError
from benchsuite.paper.document import markup
from benchsuite.paper.language import latex
from benchsuite.paper.language.typography import NBSP
from benchsuite.paper.references.ieee import format_reference
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

    def cite(self, bibtex: str) -> str:
        """What stands behind the name of something with this BibTeX: « [[a]], [[b]]», or nothing."""
        cited = ", ".join(f"[[{key}]]" for key in self.entries.get(bibtex, ()))
        return f"{NBSP}{cited}" if cited else ""

    def unify_citations(self, prose: str) -> str:
        """Prose whose citations go by the keys of the references."""
        return CITATION.sub(lambda match: f"[[{self.keys.get(match[1].strip(), match[1].strip())}]]", prose)


def gather_works(paper: PaperSection, plugins: Iterable[tuple[str, str]]) -> Works:
    """The works of a suite's paper section and of its plugins, given as (title, BibTeX).

    Raises PaperError for BibTeX that cannot be read or set.
    """
    known = {typed.key: _read_typed(typed.key, typed.text) for typed in paper.references}
    for part in paper.bibliography:
        known |= {work.key: _identify(work, own=True) for work in _parse(part, "paper.bibliography")}
    keys = {key: key for key in known}
    entries: dict[str, tuple[str, ...]] = {}
    for title, bibtex in plugins:
        if not bibtex.strip():
            continue
        cited: list[str] = []
        for work in _parse(bibtex, f"the BibTeX of {markup.line(title, 'title')}"):
            new = _identify(work)
            key = next((key for key, old in known.items() if old.is_also(new)), None)
            if key is None:
                key = next(spare for spare in _spares(new.key) if spare not in known)
                known[key] = new
            keys.setdefault(new.key, key)
            cited.append(key)
        entries[bibtex] = tuple(dict.fromkeys(cited))
    return Works(
        references={key: work.reference for key, work in known.items()},
        bibtex={key: work.bibtex for key, work in known.items() if work.bibtex},
        keys=keys,
        entries=entries,
    )


def merge_works(own: Works, others: Sequence[Works]) -> tuple[Works, ...]:
    """The works of a report together with those of its studies, each of which keeps its own keys for them.

    The report's come first, then each study's. Of all of them a work is listed once: two are the same when they are
    printed alike.
    """
    references, bibtex = dict(own.references), dict(own.bibtex)
    printed = {reference: key for key, reference in references.items()}
    named = [{key: key for key in references}]
    for other in others:
        here: dict[str, str] = {}
        for key, reference in other.references.items():
            if reference not in printed:
                new = next(spare for spare in _spares(key) if spare not in references)
                references[new] = reference
                printed[reference] = new
                if key in other.bibtex:
                    bibtex[new] = other.bibtex[key]
            here[key] = printed[reference]
        named.append(here)
    return tuple(
        Works(
            references=references,
            bibtex=bibtex,
            keys={alias: here[key] for alias, key in works.keys.items()},
            entries={entry: tuple(here[key] for key in cited) for entry, cited in works.entries.items()},
        )
        for works, here in zip((own, *others), named, strict=True)
    )


@dataclass(frozen=True)
class _Identity:
    """A work with what tells it from others, letters and digits only; `own` is one of the suite's own."""

    key: str
    reference: str
    bibtex: str
    titles: frozenset[str]
    """Its title, or what may be the title of a reference typed by hand."""
    doi: str
    own: bool = False

    def is_also(self, new: _Identity) -> bool:
        """Whether a plugin's work is this one."""
        if self.doi and new.doi:
            return self.doi == new.doi
        return (self.own and self.key == new.key) or not self.titles.isdisjoint(new.titles)


def _read_typed(key: str, text: str) -> _Identity:
    """A reference that the suite has typed by hand."""
    text = markup.clean(text, f"paper.references.{key}").strip()
    titles = frozenset(map(_normalize, _TITLES.findall(text)))
    return _Identity(key, text, "", titles, _normalize(_find_doi(text)), own=True)


def _identify(work: Work, *, own: bool = False) -> _Identity:
    entry = markup.clean(work.bibtex, f"BibTeX {work.key}")
    titles = frozenset({_normalize(latex.words(work.fields["title"]))})
    doi = _normalize(_find_doi(latex.address(work.fields.get("doi", ""))))
    return _Identity(work.key, format_reference(work), entry, titles, doi, own)


def _find_doi(text: str) -> str:
    found = re.search(r"10\.\d{4,9}/[^\s\]]+(?<![.,;])", text)
    return found[0] if found else ""


def _normalize(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def _spares(key: str) -> Iterator[str]:
    """Keys for a work whose own is taken by another."""
    yield key
    yield from (f"{key}-{number}" for number in itertools.count(2))


def _parse(bibtex: str, where: str) -> tuple[Work, ...]:
    works, faults = parse(bibtex)
    for fault in faults:
        place = f"{where}, line {fault.line}, column {fault.column}"
        raise PaperError(fault.what, where=place, expected=fault.expected, remedy=fault.remedy)
    return works
