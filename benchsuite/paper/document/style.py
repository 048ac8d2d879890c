"""The form of a paper: its template, its page, and how it numbers and calls its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from benchsuite.paper.document.page import GEOMETRIES, Geometry
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.phrases import articles
from benchsuite.paper.language.typography import roman, upper_first
from benchsuite.suite.schema.suite import Language, PageSize, PaperSection, Template


@dataclass(frozen=True)
class Form:
    """How a paper is set, and in which language. `abstract` and `table` are what these parts are called."""

    template: Template = "ieee"
    page: PageSize = "a4"
    abstract: str = field(default_factory=lambda: say("abstract"))
    table: str = field(default_factory=lambda: say("table"))
    language: Language = "es"
    foreign: str = ""
    """The language of the prose, where it is not that of the paper."""

    @classmethod
    def of(cls, paper: PaperSection) -> Form:
        """The form that a suite asks for. Its `words` are of Spanish usage: other languages have their own."""
        with speaking(paper.language):
            abstract, table = say("abstract"), say("table", context=paper.template)
            if paper.language == "es":
                abstract, table = paper.words.abstract, paper.words.table or table
        foreign = paper.prose_language if paper.prose_language != paper.language else ""
        return cls(paper.template, paper.page, abstract, table, paper.language, foreign)

    @property
    def geometry(self) -> Geometry:
        return GEOMETRIES[self.template, self.page]

    @property
    def keywords(self) -> str:
        return say("keywords", context=self.abstract)

    @property
    def lang(self) -> str:
        """The language of `abstract` and `keywords`, as HTML names it."""
        return "en" if self.abstract == "Abstract" else self.language

    @property
    def small_caps(self) -> bool:
        """Whether section and table titles are in small capitals, a table's below its number."""
        return self.template == "ieee"

    def section(self, section: int, subsection: int = 0) -> str:
        """«II» and «II-B» as in IEEEtran, «2» and «2.2» in a report."""
        if self.template == "report":
            return f"{section}.{subsection}" if subsection else str(section)
        return f"{roman(section)}-{chr(64 + subsection)}" if subsection else roman(section)

    def lead(self, section: int, subsection: int, lead: int) -> str:
        """«II-B1», or «II-1» outside subsections; a report numbers no headings below subsections."""
        if self.template == "report":
            return ""
        return f"{self.section(section, subsection)}{'' if subsection else '-'}{lead}"

    def table_number(self, table: int) -> str:
        return str(table) if self.template == "report" else roman(table)

    def agreeing(self, text: str) -> str:
        """`text`, in the mini grammar, with articles before references to tables in the gender of `table`."""
        right = articles(say("table-gender", context=self.table))
        longest_first = "|".join(sorted(right, key=len, reverse=True))

        def article(match: re.Match[str]) -> str:
            word = right[match[1].lower()]
            return upper_first(word) if match[1][0].isupper() else word

        return re.sub(rf"(?i)\b({longest_first})(?=\s+\{{\{{\s*tab-)", article, text)
