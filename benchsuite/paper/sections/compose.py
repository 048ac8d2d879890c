"""The order of a study's paper: which generated blocks stand in the parts that its prose gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.bundle.consistency import count_traced
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Document
from benchsuite.paper.document.style import Form
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.sections.claims import claim_blocks
from benchsuite.paper.sections.dataset import dataset_blocks, validity_blocks
from benchsuite.paper.sections.front import paper_abstract, paper_title
from benchsuite.paper.sections.highlights import paper_highlights
from benchsuite.paper.sections.method import model_blocks, training_blocks
from benchsuite.paper.sections.notices import paper_notices, running_head
from benchsuite.paper.sections.parts import authors_of, fitting, keywords_of, line_of, merge, placed, section_blocks
from benchsuite.paper.sections.published import published_blocks
from benchsuite.paper.sections.reproducibility import reproducibility_blocks
from benchsuite.paper.sections.results import results_blocks
from benchsuite.paper.sections.search import search_blocks
from benchsuite.suite.prose.references import PARTS, generated_floats


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
    body = fitting(_body(study), form)
    return Document(
        title=paper_title(study),
        title_lang=foreign if material.suite.title else "",
        authors=authors_of(paper),
        abstract=abstract,
        abstract_lang=foreign if paper.abstract else "",
        keywords=keywords_of(paper),
        assignment=line_of(paper, "assignment"),
        rights=line_of(paper, "rights"),
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
    suite = study.material.suite
    whole = frozenset(asked.block for asked in suite.paper.figures)
    whole |= generated_floats(suite) if study.findings.partial else frozenset()
    return whole - {getattr(block, "id", "") for block in body}


def _body(study: PaperContext) -> list[Block]:
    sections = placed(study.material.suite.paper.sections)
    blocks: list[Block] = []
    for part in PARTS:
        given = sections.get(part, [])
        if part == "method":
            generated: dict[str, tuple[str, list[Block]]] = {
                "dataset": (say("title-dataset"), dataset_blocks(study)),
                "model": (say("title-model"), model_blocks(study)),
                "training": (say("title-training"), training_blocks(study)),
            }
            blocks += merge(study, given, part, say("title-methods"), generated)
        elif part == "results":
            generated = {"analysis": (say("title-analysis"), results_blocks(study))}
            if study.findings.claims:
                generated["claims"] = (say("title-claims"), claim_blocks(study))
            *_, (_, last) = generated.values()
            last += published_blocks(study)
            if doubts := validity_blocks(study.findings.dataset):
                generated["validity"] = (say("title-validity"), doubts)
            if study.findings.search is not None:
                generated["search"] = (say("title-search"), search_blocks(study, study.findings.search))
            blocks += merge(study, given, part, say("title-results"), generated)
        elif part == "reproducibility":
            closing = reproducibility_blocks(study)
            blocks += merge(study, given, part, say("title-reproducibility"), {}, closing)
        else:
            blocks += [block for section in given for block in section_blocks(study, section, 1)]
    return blocks
