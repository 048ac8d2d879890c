"""The order of a paper: where the suite's prose goes, and which generated blocks stand between it.

A section's `place` (or its `id`, when it is one of PARTS) says which part it belongs to; a section with neither
follows the one before it. The first section of `method`, `results` or `reproducibility` lends its title and its text
to that generated part; subsections called `dataset`, `model`, `training` or `analysis` likewise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from benchsuite.errors import PaperError
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.bundle.consistency import count_traced
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Author, Block, Bullets, Document, Heading, Paragraph
from benchsuite.paper.document.style import Form
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.sections.claims import claim_blocks
from benchsuite.paper.sections.dataset import dataset_blocks, validity_blocks
from benchsuite.paper.sections.front import paper_abstract, paper_title
from benchsuite.paper.sections.highlights import paper_highlights
from benchsuite.paper.sections.method import model_blocks, training_blocks
from benchsuite.paper.sections.notices import paper_notices, running_head
from benchsuite.paper.sections.prose import resolve_prose
from benchsuite.paper.sections.reproducibility import reproducibility_blocks
from benchsuite.paper.sections.results import results_blocks
from benchsuite.paper.sections.search import search_blocks
from benchsuite.suite.prose.references import FLOATS, PARTS, SEARCH_FLOATS, section_name
from benchsuite.suite.schema.suite import Section

Subsections = Mapping[str, tuple[str, list[Block]]]
"""Generated subsections by the ids that the suite's own may have: title and blocks."""


def compose(material: PaperMaterial, files: Mapping[str, bytes] | None = None) -> Document:
    """The document of a study, whatever its results. Raises PaperError for prose that cannot be set.

    `files` is the material as `pack` gives it, where that is at hand.
    """
    with speaking(material.suite.paper.language):
        return _compose(material, files)


def _compose(material: PaperMaterial, files: Mapping[str, bytes] | None) -> Document:
    study = PaperContext(material)
    paper, findings = material.suite.paper, material.findings
    form = Form.of(paper)
    foreign = form.foreign
    abstract, highlights = paper_abstract(study), paper_highlights(study)
    body = _body(study)
    return Document(
        title=paper_title(study),
        title_lang=foreign if material.suite.title else "",
        authors=tuple(
            Author(*(markup.line(v or "", "paper.authors") for v in (a.name, a.affiliation, a.place, a.email)))
            for a in paper.authors
        ),
        abstract=abstract,
        abstract_lang=foreign if paper.abstract else "",
        keywords=tuple(markup.line(word, "paper.keywords") for word in paper.keywords),
        body=tuple(body),
        references=study.works.references,
        quantities=study.quotes.quantities,
        date=findings.finished,
        highlights=highlights,
        watermark=running_head(study),
        notices=paper_notices(study),
        version=material.version,
        files=pack(material) if files is None else files,
        expected=_expected(study, body),
        bibtex=study.works.bibtex,
        factor=study.names.factor,
        cases=tuple((case.case.name, case.label) for case in study.findings.cases),
        seeds=findings.seeds,
        runs=tuple((key, case, seed) for key, case, seed, _ in findings.runs),
        form=form,
        verified=count_traced(material, body, study.quotes.quantities),
    )


def _expected(study: PaperContext, body: Sequence[Block]) -> frozenset[str]:
    """Figures and tables that may still come: once every run is done, those of plugins that had nothing to show."""
    findings = study.findings
    whole = frozenset(asked.block for asked in study.material.suite.paper.figures)
    if findings.partial:
        whole |= FLOATS | frozenset(study.material.suite.paper.further)
        whole |= SEARCH_FLOATS if findings.search else frozenset()
    return whole - {getattr(block, "id", "") for block in body}


def _body(study: PaperContext) -> list[Block]:
    sections = _placed(study.material.suite.paper.sections)
    blocks: list[Block] = []
    for part in PARTS:
        given = sections.get(part, [])
        if part == "method":
            generated: dict[str, tuple[str, list[Block]]] = {
                "dataset": (say("title-dataset"), dataset_blocks(study)),
                "model": (say("title-model"), model_blocks(study)),
                "training": (say("title-training"), training_blocks(study)),
            }
            blocks += _merge(study, given, part, say("title-methods"), generated)
        elif part == "results":
            generated = {"analysis": (say("title-analysis"), results_blocks(study))}
            if study.findings.claims:
                generated["claims"] = (say("title-claims"), claim_blocks(study))
            if doubts := validity_blocks(study.findings.dataset):
                generated["validity"] = (say("title-validity"), doubts)
            if study.findings.search is not None:
                generated["search"] = (say("title-search"), search_blocks(study, study.findings.search))
            blocks += _merge(study, given, part, say("title-results"), generated)
        elif part == "reproducibility":
            closing = reproducibility_blocks(study)
            blocks += _merge(study, given, part, say("title-reproducibility"), {}, closing)
        else:
            blocks += [block for section in given for block in _section(study, section, 1)]
    return blocks


def _placed(sections: Sequence[Section]) -> dict[str, list[Section]]:
    placed: dict[str, list[Section]] = {}
    part = PARTS[0]
    for section in sections:
        if section.place is not None and section.place not in PARTS:
            raise PaperError(
                f"the section «{section.title[:80]}» has the place «{section.place}»",
                where="paper.sections",
                expected=", ".join(PARTS),
                remedy="choose one of these places, or leave it out",
            )
        part = section.place or (section.id if section.id in PARTS else None) or part
        placed.setdefault(part, []).append(section)
    return placed


def _merge(
    study: PaperContext,
    given: Sequence[Section],
    part: str,
    title: str,
    generated: Subsections,
    closing: Sequence[Block] = (),
) -> list[Block]:
    """A generated part with the suite's own title, text and subsections, then the part's further sections."""
    own, foreign = (given[0], _foreign(study)) if given else (Section(title=title), "")
    identifier = f"sec-{own.id or part}"
    blocks: list[Block] = [_heading(identifier, 1, own.title, foreign), *_prose(study, own.text, identifier)]
    subsections = {section.id or section.title: section for section in own.sections}
    for name, (default, made) in generated.items():
        given_here = subsections.pop(name, None)
        section, lang = (given_here, _foreign(study)) if given_here else (Section(title=default), "")
        blocks += [_heading(f"sec-{name}", 2, section.title, lang), *_prose(study, section.text, name), *made]
    blocks += closing
    for section in subsections.values():
        blocks += _section(study, section, 2)
    for section in given[1:]:
        blocks += _section(study, section, 1)
    return blocks


def _foreign(study: PaperContext) -> str:
    """The language of the prose, where it is not that of the paper."""
    return Form.of(study.material.suite.paper).foreign


def _heading(identifier: str, level: Literal[1, 2], title: str, lang: str = "") -> Heading:
    return Heading(identifier, level, markup.line(title, "section title"), lang)


def _section(study: PaperContext, section: Section, level: int) -> list[Block]:
    """A section of prose; what lies deeper than subsections opens its paragraph."""
    name = section_name(section)
    blocks = _prose(study, section.text, name)
    first = blocks[0] if blocks else None
    if level <= 2:
        blocks.insert(0, _heading(f"sec-{name}", 1 if level == 1 else 2, section.title, _foreign(study)))
    elif isinstance(first, Paragraph):
        blocks[0] = replace(first, lead=markup.line(section.title, "section title"))
    else:
        blocks.insert(0, Paragraph("", lead=markup.line(section.title, "section title"), lang=_foreign(study)))
    return blocks + [block for below in section.sections for block in _section(study, below, level + 1)]


def _prose(study: PaperContext, source: str, name: str) -> list[Block]:
    blocks = markup.blocks(resolve_prose(study, source, f"paper.sections, «{name}»"), name)
    foreign = _foreign(study)
    return [replace(block, lang=foreign) if isinstance(block, Paragraph | Bullets) else block for block in blocks]
