"""The web page: one self-contained file with the same blocks as the PDF, and no request to anywhere."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from typing import Any

from markupsafe import Markup

from benchsuite.paper.document.blocks import Document
from benchsuite.paper.document.numbering import Numbering
from benchsuite.paper.document.page import GEOMETRIES
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.rendering import fonts, templates
from benchsuite.paper.rendering.templates import Entry

SCRIPTS = (
    "page", "narrow", "contents", "theme", "facets", "tables", "data", "values", "figures", "links", "runs", "previews",
)  # fmt: skip
"""The page's scripts in the order in which they run, as one."""

BLEED = 8
"""Millimetres by which wide blocks of a printed page reach into its margins, at either side."""
PAGE_NUMBER = "@bottom-center{content:counter(page);font:9pt IEEE,serif}"


def render_html(document: Document, numbering: Numbering) -> str:
    """The paper as HTML whose content security policy admits its own script and nothing else."""
    with speaking(document.form.language):
        return _render_html(document, numbering)


def _render_html(document: Document, numbering: Numbering) -> str:
    parts = [templates.template_text(f"ieee_es/web/{name}.js") for name in SCRIPTS]
    script = templates.spoken_script("".join(parts))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    entries = [
        Entry(block, index, numbering.numbers[index], "wide" if getattr(block, "wide", False) else "")
        for index, block in enumerate(document.body)
    ]
    extra = {
        "csp": policy,
        "js": Markup(script),
        "bibtex": _bibtex(document),
        "linked": _linked_data(document, numbering),
        "results_sha256": hashlib.sha256(document.results).hexdigest(),
    }

    def page(css: str = "", results: str = "") -> str:
        whole = {**extra, "results_base64": results}
        return templates.render(document, numbering, entries, "web", css, _photo, whole)

    # The PDF is the paper in columns; what a browser prints of the page is a report in one, which it cannot tear apart.
    report = GEOMETRIES["report", document.form.page]
    sheet = dataclasses.replace(report, side=report.side - BLEED).page
    printed = f"@media print{{@page{{{sheet};{PAGE_NUMBER}}}:root{{--bleed:{BLEED}mm}}}}"
    styles = templates.template_text("ieee_es/web.css") + printed
    words = re.sub(r"<script>.*?</script>|data:[^\"]*|<[^>]+>", "", page(), flags=re.DOTALL)
    faces = fonts.web_faces("".join(sorted(set(words))))
    return page(faces + styles, base64.b64encode(document.results).decode())


def _linked_data(document: Document, numbering: Numbering) -> dict[str, Any]:
    """The paper as schema.org describes works, for search engines and reference managers."""

    def plain(source: str) -> str:
        return templates.plain(document, source)

    people = []
    for author in document.authors:
        person: dict[str, Any] = {"@type": "Person", "name": author.name}
        if author.affiliation:
            person["affiliation"] = {"@type": "Organization", "name": author.affiliation}
        people.append(person)
    found = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": plain(document.title),
        "author": people,
        "inLanguage": document.form.language,
        "abstract": plain(document.abstract),
        "keywords": list(document.keywords),
        "datePublished": document.date,
        "encoding": {
            "@type": "MediaObject",
            "encodingFormat": "application/pdf",
            "contentUrl": f"{document.name}.pdf",
        },
        "citation": [plain(document.references[key]) for key in numbering.citations],
    }
    return {name: value for name, value in found.items() if value}


def _photo(identifier: str, row: int, column: int, file: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(file).decode()}"


def _bibtex(document: Document) -> str:
    """How to cite this paper. Braces and backslashes of names would break the entry, so they go."""

    def field(value: str) -> str:
        return re.sub(r"[{}\\]", "", value)

    digest = hashlib.sha256(document.results).hexdigest()
    first = re.sub(r"[^a-z]", "", (document.authors[0].name if document.authors else "benchsuite").lower().split()[-1])
    year = document.date[:4] if document.date else ""
    lines = [
        f"@misc{{{first or 'benchsuite'}{year}{digest[:6]},",
        f"  title  = {{{field(templates.plain(document, document.title))}}},",
        f"  author = {{{' and '.join(field(author.name) for author in document.authors)}}},",
    ]
    lines += [f"  year   = {{{year}}},"] if year else []
    note = say("bibtex-note", version=document.version, digest=digest)
    lines += [f"  note   = {{{note}}}", "}"]
    return "\n".join(lines)
