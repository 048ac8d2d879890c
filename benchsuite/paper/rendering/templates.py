"""From a numbered document to HTML: the templates, and how identifiers, quantities and equations become markup.

Print and web share the blocks and differ in style sheets, assets and what surrounds the text.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from jinja2 import Environment, FunctionLoader, StrictUndefined, pass_context
from markupsafe import Markup, escape

from benchsuite.errors import PaperError
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Document
from benchsuite.paper.document.numbering import Numbering
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.paper.language import phrases, typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking, spoken
from benchsuite.paper.rendering import equations, line_breaks
from benchsuite.paper.rendering import tex as tex_words
from benchsuite.paper.rendering.column_alignment import align
from benchsuite.paper.rendering.run_links import Backing

TEMPLATES = "benchsuite_report_templates"
VOICES = ("rich", "plain", "heading", "opening", "backed", "run_anchor", "equation", "returns", "tied")
"""Filters that depend on the document."""
Medium = Literal["paper", "web"]
PhotoAddress = Callable[[str, int, int, bytes], str]


@dataclass(frozen=True)
class Entry:
    """A block as the templates see it; `place` is its CSS class: empty, `wide`, `wide booked` for the head or foot of a
    page, or `wide spanning` all columns."""

    block: Block
    index: int
    number: str
    place: str


@dataclass(frozen=True)
class Work:
    """A reference as the templates see it; `bibtex` is empty where there is none."""

    anchor: str
    text: str
    bibtex: str


@cache
def template_text(name: str) -> str:
    """A file of a template, such as `ieee_es/print.css`."""
    return resources.files(TEMPLATES).joinpath(name).read_text(encoding="utf-8")


def spoken_script(source: str) -> str:
    """A script with what it says in the language of the paper: `⟦message name=expression …⟧` within its strings."""

    def message(match: re.Match[str]) -> str:
        name, *values = match[1].split(" ")
        words = {word: f"${{{expression}}}" for word, _, expression in (value.partition("=") for value in values)}
        marks = {word: f"\ue002{word}\ue003" for word in words}
        said = re.sub(r'(["`\\$])', r"\\\1", say(name, **marks))
        return re.sub("\ue002(\\w+)\ue003", lambda mark: words[mark[1]], said)

    return re.sub("⟦([^⟧]+)⟧", message, source)


def render(
    document: Document,
    numbering: Numbering,
    entries: Sequence[Entry],
    medium: Medium,
    css: str,
    photo: PhotoAddress,
    extra: Mapping[str, Any] | None = None,
) -> str:
    """The whole page as HTML. Raises PaperError for references to nothing."""
    with speaking(document.form.language):
        return _render(document, numbering, entries, medium, css, photo, extra or {})


def _render(
    document: Document,
    numbering: Numbering,
    entries: Sequence[Entry],
    medium: Medium,
    css: str,
    photo: PhotoAddress,
    extra: Mapping[str, Any],
) -> str:
    backing = Backing(document)
    returns: Counter[str] = Counter()
    links = _links(document, numbering, medium, backing, returns)
    voice: dict[str, Callable[..., Any]] = {
        "rich": lambda source: markup.render(document.form.agreeing(typography.set_numbers(source)), links),
        "plain": lambda source: plain(document, source),
        "heading": lambda title: _heading(document, title),
        "tied": lambda title: markup.render(_tied(document.title_lang, title), links),
        "opening": lambda caption: _OPENING.split(plain(document, caption), 1)[0],
        "backed": backing.cell,
        "run_anchor": backing.anchor,
        "equation": lambda block: _equation(medium, block.tex, block.reading, display=True),
        "returns": lambda work: range(1, returns[work.anchor] + 1),
    }
    cited = [Work(anchor(key), document.references[key], document.bibtex.get(key, "")) for key in numbering.citations]
    template = _environment().get_template(f"{document.form.template}_es/paper.html.j2")
    return template.render(
        voice=voice,
        document=document,
        form=document.form,
        entries=entries,
        cited=cited,
        medium=medium,
        css=Markup(css),
        photo=photo,
        **{"csp": None, **extra},
    )


@cache
def _environment() -> Environment:
    """The templates, each compiled once. Filters that depend on the document are passed with it as its `voice`."""
    environment = Environment(
        loader=FunctionLoader(template_text), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )

    def of_document(name: str) -> Callable[..., Any]:
        return pass_context(lambda context, *values: context["voice"][name](*values))

    filters: dict[str, Callable[..., Any]] = {
        **{name: of_document(name) for name in VOICES},
        "inline_svg": Markup,
        "series": lambda found: [dataclasses.asdict(series) for series in found],
        "aligned": align,
        "date": phrases.date,
        "number": typography.number,
    }
    environment.filters.update(filters)
    environment.globals["say"] = say
    return environment


def plain(document: Document, source: str) -> str:
    """A text of the document as bare words, its quoted numbers included."""
    return markup.plain(TOKEN.sub(lambda match: document.quantities[int(match[1])].text, source))


def anchor(key: str) -> str:
    """A key as the name of a place in the page, unlike that of any other key."""
    return re.sub(r"[^\w-]", lambda match: f"-{ord(match[0]):x}-", key)


_OPENING = re.compile(r";\s|\.\s+(?=[A-ZÁÉÍÓÚÑ«¿])|\.$")
"""Where what a caption names ends and what it explains begins."""


def _heading(document: Document, title: str) -> str:
    """The title of a section or table as the form prints it."""
    words = line_breaks.tie_title(plain(document, title))
    return typography.small_caps(words) if document.form.small_caps else words


def _tied(lang: str, title: str) -> str:
    """A title in the language it is written in, where papers know it."""
    with speaking("es" if lang == "es" else "en" if lang == "en" else spoken()):
        return line_breaks.tie_title(title)


def _equation(medium: Medium, tex: str, reading: str, *, display: bool = False) -> Markup:
    if medium == "web":
        return equations.spoken_equation(tex, reading, display=display)
    return equations.equation(tex, reading, display=display, printed=True)


def _links(
    document: Document, numbering: Numbering, medium: Medium, backing: Backing, returns: Counter[str]
) -> markup.Links:
    """`returns` counts how often each work has been cited so far, which names the places of a page."""

    def citation(key: str) -> Markup:
        name = key.strip()
        if name not in numbering.citations:
            raise PaperError(
                f"the work [[{name}]] is cited where citations are not counted",
                where="paper",
                remedy="cite it in a section's text",
            )
        place = anchor(name)
        returns[place] += 1
        its = Markup(' id="cite-{}-{}"').format(place, returns[place]) if medium == "web" else ""
        return Markup('<a class="cite"{} href="#ref-{}">[{}]</a>').format(its, place, numbering.citations[name])

    def reference(name: str) -> Markup:
        if name in document.expected:
            table = document.form.table.lower()
            pending = say("ref-pending-table", table=table) if name.startswith("tab-") else say("ref-pending-figure")
            return escape(pending)
        if name not in numbering.labels:
            raise PaperError(
                f"the text refers to {{{{{name}}}}}, which this paper does not have",
                expected=", ".join(sorted(numbering.labels)),
                remedy="name a figure, table, equation or section, or a result as {{metric case}}",
            )
        return Markup('<a class="ref" href="#{}">{}</a>').format(name, numbering.labels[name])

    def quantity(index: int) -> Markup:
        found = document.quantities[index]
        return escape(found.text) if medium == "paper" else backing.number(escape(found.text), found.runs)

    return markup.Links(
        citation=citation,
        reference=reference,
        quantity=quantity,
        equation=lambda tex: tex_words.plain(tex) or _equation(medium, tex, tex_words.as_text(tex) or _spoken(tex)),
    )


def _spoken(tex: str) -> str:
    """How a short formula is read: its TeX without the machinery."""
    return " ".join(re.sub(r"[\\{}]", " ", tex).split())
