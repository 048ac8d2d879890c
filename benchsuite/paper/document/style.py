"""The form of a paper: its template, its page, and how it numbers and calls its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from benchsuite.paper.document.page import GEOMETRIES, Geometry
from benchsuite.paper.language.spanish import roman
from benchsuite.suite.schema.suite import PageSize, PaperSection, Template

_TO_FEMININE = {"el": "la", "los": "las", "del": "de la", "al": "a la"}
_TO_MASCULINE = {feminine: masculine for masculine, feminine in _TO_FEMININE.items()}
_ARTICLE = re.compile(r"\b(de la|a la|del|al|el|los|las|la)(?=\s+\{\{\s*tab-)", re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """How a paper is set. `abstract` and `table` are what the abstract and a table are called."""

    template: Template = "ieee"
    page: PageSize = "a4"
    abstract: Literal["Resumen", "Abstract"] = "Resumen"
    table: Literal["Cuadro", "Tabla"] = "Cuadro"

    @classmethod
    def of(cls, paper: PaperSection) -> Form:
        """The form that a suite asks for."""
        words = paper.words
        table = words.table or ("Tabla" if paper.template == "report" else "Cuadro")
        return cls(paper.template, paper.page, words.abstract, table)

    @property
    def geometry(self) -> Geometry:
        return GEOMETRIES[self.template, self.page]

    @property
    def keywords(self) -> str:
        return "Palabras clave" if self.abstract == "Resumen" else "Index Terms"

    @property
    def lang(self) -> str:
        """The language of `abstract` and `keywords`, as HTML names it."""
        return "es" if self.abstract == "Resumen" else "en"

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
        agreed = _TO_FEMININE if self.table == "Tabla" else _TO_MASCULINE

        def article(match: re.Match[str]) -> str:
            word = agreed.get(match[1].lower(), match[1])
            return word[0].upper() + word[1:] if match[1][0].isupper() else word

        return _ARTICLE.sub(article, text)
