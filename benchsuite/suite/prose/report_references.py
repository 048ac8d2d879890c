"""What the prose of a report may quote: what that of its studies may, with the study's name before it.

`{{claim beans_freeze.good}}`, `{{test_accuracy beans_freeze.wide}}` and `{{best beans_freeze}}` are `{{claim good}}`,
`{{test_accuracy wide}}` and `{{best}}` of the study; `{{choice beans_freeze}}` is the case that this step hands on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from benchsuite.suite.prose.references import (
    BLOCK,
    CLAIMED,
    COUNTS,
    PARTS,
    SIZES,
    Quoted,
    UnknownReference,
    Vocabulary,
    section_name,
    sections_below,
)
from benchsuite.suite.schema.report import Report

REPORT_FLOATS = frozenset({"fig-chain", "tab-chain", "tab-carried", "tab-sources", "tab-environment"})
"""Figures and tables that reports generate."""
REPORT_SUBSECTIONS = ("chain", "sources")
"""Generated subsections, beside one for each study."""
OF_CHAIN = ("choice", "first")
"""Of a step: what it hands on, and what validation ranks first."""
_OF_STUDY = ("difference", "best", "best_trial", "trials", *SIZES, *COUNTS, *CLAIMED)
_NAMED = re.compile(r"(?P<study>[a-z0-9_]+)(?:[. ]\s*(?P<rest>.*))?", re.DOTALL)


@dataclass(frozen=True)
class ReportVocabulary:
    """All that the prose of a report may speak of, given what that of each of its studies may, in their order."""

    suite: Report
    studies: Mapping[str, Vocabulary]

    @property
    def steps(self) -> Sequence[str]:
        """The studies in order."""
        return list(self.studies)

    def of(self, study: str) -> Vocabulary:
        """That of a study."""
        return self.studies[study]

    def find(self, reference: object) -> str | None:
        """No case goes without its study."""
        return None

    def within(self, words: str) -> tuple[str, Vocabulary, str]:
        """The study that words are about, its vocabulary, and the words as its own prose has them. Raises
        UnknownReference."""
        named = _NAMED.fullmatch(words.strip())
        study = named["study"] if named else words.strip()
        if named is None or study not in self.studies:
            raise UnknownReference(study, self.steps)
        return study, self.studies[study], (named["rest"] or "").strip()

    def read(self, reference: str) -> Quoted:
        """The meaning of the words between braces. Raises UnknownReference."""
        words = reference.strip()
        head, _, rest = words.partition(" ")
        if BLOCK.fullmatch(words):
            if not words.startswith("eq-") and words not in self._blocks:
                raise UnknownReference(words, self._blocks)
            return Quoted("block", of=words)
        if head in ("studies", "runs") and not rest:
            return Quoted("size", of=head)
        if head not in (*self.metrics, *_OF_STUDY, *OF_CHAIN):
            raise UnknownReference(head, (*self.metrics, *_OF_STUDY, *OF_CHAIN, "studies"))
        study, own, more = self.within(rest)
        if head in OF_CHAIN:
            if more:
                raise UnknownReference(rest, self.steps)
            return Quoted("choice" if head == "choice" else "first", study=study)
        return replace(own.read(f"{head} {more}".strip()), study=study)

    def references(self) -> Iterator[str]:
        """Every reference that `read` knows, but for equations, whose names the paper gives."""
        yield from ("studies", "runs")
        for study, own in self.studies.items():
            yield from (f"{head} {study}" for head in OF_CHAIN)
            for reference in own.references():
                head, _, rest = reference.partition(" ")
                if not BLOCK.fullmatch(reference) and (head != "difference" or rest in own.compared):
                    yield f"{head} {study}.{rest}" if rest else f"{head} {study}"
        yield from self._blocks

    @cached_property
    def metrics(self) -> Sequence[str]:
        """The metrics of any of its studies."""
        return list(dict.fromkeys(name for own in self.studies.values() for name in own.metrics))

    @cached_property
    def _blocks(self) -> Sequence[str]:
        known = {*REPORT_FLOATS, *(f"sec-{part}" for part in (*PARTS, *REPORT_SUBSECTIONS, *self.studies))}
        known |= {f"sec-{section_name(section)}" for section in sections_below(self.suite.paper.sections)}
        known |= {f"{block}-{study}" for study, own in self.studies.items() for block in study_floats(own)}
        return sorted(known)


def study_floats(own: Vocabulary) -> Iterator[str]:
    """The figures and tables of a study that its report shows, as the study's own paper calls them."""
    yield from ("tab-results", "fig-loss", "tab-cost")
    if len(own.cases) > 1:
        yield "fig-test"
        yield from (name for name in ("fig-curves", "tab-losses") if name in own.suite.paper.further)
    if own.suite.search is not None:
        yield "tab-search"
    if own.suite.claims:
        yield "tab-claims"
