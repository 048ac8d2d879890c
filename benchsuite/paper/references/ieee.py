"""A work as the list of references prints it: IEEE style in the paper's language, in the mini grammar of `markup`.

The patterns are those of the IEEE Reference Guide (2023) and the IEEE Editorial Style Manual; «in», «vol.», months and
quotation marks are the catalogue's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from benchsuite.paper.document import markup
from benchsuite.paper.language import latex
from benchsuite.paper.language.catalogue import find, say
from benchsuite.paper.language.current import spoken
from benchsuite.paper.language.phrases import date, listing
from benchsuite.paper.language.typography import NBSP
from benchsuite.paper.references.abbreviations import abbreviate, abbreviate_meeting
from benchsuite.suite.prose.bibtex import BOOKS, Name, Work
from benchsuite.suite.schema.suite import Language

MOST_AUTHORS = 6
"""Of more, IEEE names the first alone."""
ARXIV = re.compile(
    r"(?i)(?:arxiv[: ]*(?:preprint)?[: ]*)*(?:abs/)?(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[a-z]{2})?/\d{7})\b"
)
_ARXIV_LINK = re.compile(r"\[arXiv:([^\]]+)\]")
DOI = re.compile(r"(?i)(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/.+)")
MONTHS = {name: position for position, names in enumerate(
    ("jan ene", "feb", "mar", "apr abr", "may", "jun", "jul", "aug ago", "sep set", "oct", "nov", "dec dic")
) for name in names.split()}  # fmt: skip
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
THESES = {
    "phdthesis": "doctoral",
    "mastersthesis": "master",
    "mathesis": "master",
    "bathesis": "bachelor",
}


MEETINGS = ("inproceedings", "conference")
PATTERNS = {kind: parts for kinds, parts in {
    "article": "authors title journal date note doi",
    "inproceedings conference": "authors title container editors series volume number address date pages note doi",
    "phdthesis mastersthesis thesis": "authors title thesis department school address date note doi",
    "techreport report": "authors title institution address report arxiv date note doi",
}.items() for kind in kinds.split()}  # fmt: skip
"""The parts of a reference, in order, by the kind of work."""
PREFIXED: dict[str, tuple[str, ...]] = {
    "address": ("address", "location"),
    "article_number": ("eid", "articleno"),
    "chapter": ("chapter",),
    "number": ("number",),
    "school": ("school", "institution"),
    "series": ("series",),
    "version": ("version",),
    "volume": ("volume",),
}
"""Parts that are the first of some fields, behind what the catalogue calls them, if it calls them anything."""


def format_reference(work: Work) -> str:
    """The whole reference, with its full stop. Raises PaperError for text that cannot be set, naming its field."""
    return _Entry(work).format()


@dataclass(frozen=True)
class _Entry:
    """The parts of a reference in the mini grammar, each empty where the entry lacks its fields."""

    work: Work

    def raw(self, *names: str) -> str:
        """The first of these fields that the entry has, in LaTeX: `note_en` before `note` in a paper in English."""
        return self.work.fields.get(self._field(*names), "")

    def _field(self, *names: str) -> str:
        """The name of the first of these fields that the entry has; empty where it has none."""
        known = (own for name in names for own in (f"{name}_{spoken()}", name))
        return next((name for name in known if name in self.work.fields), "")

    def plain(self, value: str, field: str) -> str:
        return markup.line(latex.words(value), f"BibTeX {self.work.key}, {field}")

    def get(self, *names: str) -> str:
        """The first of these fields that the entry has, in the mini grammar."""
        name = self._field(*names)
        return markup.literal(self.plain(latex.without_address(self.raw(name)), name).strip(" ,")) if name else ""

    def parts(self, names: str) -> list[str]:
        """Parts by name: properties of this class, of PREFIXED, else fields of the entry."""
        return [getattr(self, name) if hasattr(_Entry, name) else self.part(name) for name in names.split()]

    def part(self, name: str) -> str:
        found = self.get(*PREFIXED.get(name, (name,)))
        if not found or name not in PREFIXED:
            return found
        return find(f"reference-{name}", value=found) or found

    def format(self) -> str:
        kind = self.work.kind
        if kind in PATTERNS:
            text = _join(self.parts(PATTERNS[kind]))
        elif kind == "incollection" or (kind == "inbook" and self.raw("booktitle")):
            text = self.published(self.parts("authors title container edition series volume editors"))
        elif kind in BOOKS:
            who = self.authors or self.editors or ("" if self.raw("publisher") else self.get("organization"))
            by = self.editors if self.authors else ""
            title = _italic(self.get("title").rstrip("."))
            text = self.published([who, title, *self.parts("edition series volume"), by])
        else:
            text = self.other()
        return text + self.link

    def other(self) -> str:
        """What has no pattern of its own: whatever the entry says of where it came out, and when."""
        body = self.get("organization", "institution", "publisher", "school")
        who = self.authors or self.editors
        # An address alone is printed as the link.
        address = latex.address(self.raw("howpublished")).startswith("http")
        text = [who or body, self.title, self.part("version"), "" if address else self.get("howpublished")]
        text += ["" if self.arxiv else _italic(self.get("journal", "booktitle")), body if who else ""]
        text += [_join_words(self.get("type"), self.get("number")), self.get("note"), self.arxiv, self.date, self.doi]
        return _join(text)

    def published(self, front: Sequence[str]) -> str:
        """«…, 2.ª ed. Berlín: Springer, 1998, pp. 55–69.»"""
        place, publisher = self.part("address"), self.get("publisher", "organization")
        imprint = f"{place}: {publisher}" if place and publisher else place or publisher
        rest = self.parts("date chapter pages note doi")
        if not imprint or (publisher and self.work.kind == "manual" and not self.authors and front[0] == publisher):
            return _join([*front, place, *rest])
        return f"{_join(front)} {_join([imprint, *rest])}"

    @property
    def authors(self) -> str:
        return self.people("author", self.work.authors)

    @property
    def editors(self) -> str:
        found = self.people("editor", self.work.editors)
        several = len(self.work.editors) > 1 or "editor" in self.work.others
        return say("reference-editors", n=2 if several else 1, editors=found) if found else ""

    def people(self, role: str, names: Sequence[Name]) -> str:
        shown = [markup.literal(self.name(name, role)) for name in names]
        if len(shown) > MOST_AUTHORS:
            return f"{shown[0]} *et al.*"
        return f"{', '.join(shown)} *et al.*" if shown and role in self.work.others else listing(shown)

    def name(self, name: Name, role: str) -> str:
        """«J. M. van der Berg Jr.»"""
        given = [_initials(self.plain(part, role)) for part in name.given]
        return _join_words(*given, *(self.plain(part, role) for part in (name.particle, name.family, name.suffix)))

    @property
    def title(self) -> str:
        title = markup.line(latex.sentence(self.raw("title")), f"BibTeX {self.work.key}, title").strip(" .,")
        within = str.maketrans({pair[0]: pair[1] for pair in say("reference-inner-quotes").split(" ")})
        shown = markup.literal(title.translate(within))
        # A work of this field that does not say its language is in English.
        language: Language = "es" if self.raw("langid", "language").lower() in ("spanish", "es") else "en"
        return say("reference-title", title=shown if language == spoken() else markup.words_of(language, shown))

    @property
    def container(self) -> str:
        found = self.get("booktitle")
        if self.work.kind in MEETINGS:
            found = abbreviate_meeting(found)
        return say("reference-in", container=_italic(found)) if found else ""

    @property
    def journal(self) -> str:
        if self.arxiv:
            return self.arxiv
        name = _italic(abbreviate(self.get("journal", "journaltitle")))
        return ", ".join(filter(None, [name, *self.parts("volume number pages")]))

    @property
    def edition(self) -> str:
        found = self.get("edition")
        number = re.match(r"\d+", found)
        if number or found.lower() in ORDINALS:
            edition = int(number[0]) if number else ORDINALS.index(found.lower()) + 1
            last = "" if edition % 100 in (11, 12, 13) else str(edition % 10)
            return say("reference-edition", context=last, edition=str(edition))
        return f"{found} ed." if found and not re.search(r"\bed", found) else found

    @property
    def pages(self) -> str:
        """«pp. 1–9», «p. 5», or the number of an article without pages."""
        found = re.sub(r"(?<=\d)\s*[-–—‐]+\s*(?=\w*\d)", "–", self.get("pages"))
        if not found:
            return self.part("article_number")
        return f"{'pp' if re.search(r'[–,+]', found) else 'p'}.{NBSP}{found}"

    @property
    def thesis(self) -> str:
        kind = self.get("type")
        if kind and kind.lower() not in THESES:
            return kind
        return say("reference-thesis", context=THESES.get(kind.lower()) or THESES.get(self.work.kind, ""))

    @property
    def report(self) -> str:
        return _join_words(self.get("type") or say("reference-report"), self.get("number"))

    @property
    def date(self) -> str:
        year = self.get("year") or self.get("date")[:4]
        month = self.get("month") or (self.get("date")[5:7] if self.raw("date") and not self.raw("year") else "")
        return _join_words(_months(month), year) or say("reference-undated")

    @property
    def arxiv(self) -> str:
        """«arXiv:1704.04861», of what has come out nowhere else."""
        archive = self.raw("archiveprefix", "eprinttype").lower()
        number = None
        if journal := self.raw("journal", "journaltitle"):
            corr = self.raw("volume") if journal.lower() == "corr" else ""
            number = ARXIV.search(corr or journal) if corr or "arxiv" in journal.lower() else None
        elif self.raw("eprint") and archive in ("", "arxiv"):
            number = ARXIV.fullmatch(self.raw("eprint"))
        return f"[arXiv:{number[1]}](https://arxiv.org/abs/{number[1]})" if number else ""

    @property
    def doi(self) -> str:
        """The one that is given, or the one that arXiv gives to each of its works."""
        found = DOI.fullmatch(markup.line(latex.address(self.raw("doi")), f"BibTeX {self.work.key}, doi"))
        preprint = _ARXIV_LINK.match(self.arxiv)
        name = found[1] if found else f"10.48550/arXiv.{preprint[1]}" if preprint else ""
        return f"doi: {_link(f'https://doi.org/{name}', name)}" if name else ""

    @property
    def link(self) -> str:
        """Where to find what neither a DOI nor arXiv's number leads to."""
        address = markup.line(
            latex.address(self.raw("url") or self.raw("howpublished")), f"BibTeX {self.work.key}, url"
        )
        if self.doi or self.arxiv or not re.match(r"(?i)https?://", address):
            return ""
        seen = re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", self.raw("urldate"))
        accessed = f" {say('reference-accessed', date=date(seen[0]))}" if seen else ""
        if not address.startswith("https://"):
            return f"{accessed} {say('reference-available', address=markup.literal(address))}"
        shown = _link(address, address.removeprefix("https://").rstrip("/"))
        return f"{accessed} {say('reference-available', address=shown)}"


def _join_words(*words: str) -> str:
    return " ".join(filter(None, words))


def _join(parts: Sequence[str]) -> str:
    """Parts with commas between them and a full stop at the end."""
    text = ", ".join(filter(None, parts))
    signs = say("reference-quote-comma").split(" ")
    for after, instead in zip(signs[::2], signs[1::2], strict=True):
        text = text.replace(after, instead)
    return text if text.endswith(".") else f"{text}."


def _italic(words: str) -> str:
    return f"*{words}*" if words else ""


def _initials(given: str) -> str:
    """«Li-Jia» is L.-J., «J.R.R.» is J. R. R.; a name in a script without capitals stays whole."""

    def initial(name: str) -> str:
        return f"{name[0]}." if name[0].lower() != name[0].upper() else name

    words = [word for word in re.split(r"[.\s]+(?![-‐])", given) if word]
    return " ".join("-".join(initial(part) for part in re.split(r"\.?[-‐]", word) if part) for word in words)


def _months(month: str) -> str:
    """A month, or several, in the short form; what is no month stays."""
    if month.isdecimal() and 1 <= int(month) <= 12:
        return say(f"month-short-{int(month)}")

    def short(match: re.Match[str]) -> str:
        position = MONTHS.get(match[0][:3].lower())
        return match[0] if position is None else say(f"month-short-{position + 1}")

    return re.sub(r"(?<=\d)-+(?=\d)", "–", re.sub(r"[^\W\d_]{3,}\.?", short, month))


def _link(address: str, shown: str) -> str:
    """A link; what the grammar would take for its own signs is written in percents."""
    return f"[{shown.translate({ord('['): '%5B', ord(']'): '%5D'})}]({quote(address, safe='%/:=&?~#+!$,;@*')})"
