"""`benchsuite references`: all that the prose of a suite may quote and cite, with what it says now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.console import out, print_json, say, table
from benchsuite.commands.options import Json, StudyOptions, SuiteName

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.paper.context.material import Material, PaperMaterial
    from benchsuite.paper.context.report_context import Context
    from benchsuite.paper.document.blocks import Document


def references(
    suite: SuiteName,
    options: StudyOptions,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Only those that have each of these words in them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List every {{…}} and [[…]] that the prose of SUITE may quote, and every {{if …}} that it may ask.

    Each with what the results say of it so far.
    Quotes follow the runs: what is not known yet is said to be pending. Downloads and trains nothing.
    """
    from benchsuite.commands.report import open_report, report_file
    from benchsuite.commands.session import open_study
    from benchsuite.paper.context.material import ReportMaterial

    material: Material
    if report_file(suite) is not None:
        report = open_report(suite, options)
        material = ReportMaterial(report.report, tuple(map(_material, report.studies)))
    else:
        material = _material(open_study(suite, options, download=False, quiet=True))
    wanted = [word.casefold() for word in words or ()]
    rows = [
        (reference, says)
        for reference, says in _references(material)
        if all(word in f"{reference} {says}".casefold() for word in wanted)
    ]
    if as_json:
        print_json([{"reference": reference, "says": says} for reference, says in rows])
        return
    shown = table(material.suite.name, "write", "says now")
    for reference, says in rows:
        shown.add_row(reference, says)
    out.print(shown)
    if not rows:
        say("nothing has these words; leave them out to see all")


def _references(material: Material) -> Iterator[tuple[str, str]]:
    """What may be written, and its words in a paper that is made now."""
    from benchsuite.paper.context.material import ReportMaterial
    from benchsuite.paper.context.paper_context import PaperContext
    from benchsuite.paper.context.report_context import ReportContext
    from benchsuite.paper.language.current import speaking
    from benchsuite.paper.sections.compose import compose
    from benchsuite.paper.sections.report import compose_report

    with speaking(material.suite.paper.language):
        if isinstance(material, ReportMaterial):
            yield from _told(ReportContext(material), compose_report(material, files={}))
        else:
            yield from _told(PaperContext(material), compose(material, files={}))


def _told(paper: Context, document: Document) -> Iterator[tuple[str, str]]:
    from benchsuite.paper.document import markup
    from benchsuite.paper.document.numbering import number
    from benchsuite.paper.sections.prose import resolve_prose
    from benchsuite.suite.prose.conditions import askable

    labels, vocabulary = number(document).labels, paper.vocabulary
    for reference in vocabulary.references():
        written = f"{{{{{reference}}}}}"
        head, _, case = reference.partition(" ")
        if head == "difference" and not vocabulary.steps and case not in vocabulary.of("").compared:
            continue
        if vocabulary.read(reference).kind == "block":
            yield written, labels.get(reference, "—")
            continue
        yield written, _in_words(paper, resolve_prose(paper, written, "references"))
    for condition in askable(vocabulary):
        yield f"{{{{if {condition}}}}}", "yes" if paper.meets(condition) else "no"
    for key, work in paper.works.references.items():
        yield f"[[{key}]]", markup.plain(work)


def _in_words(paper: Context, text: str) -> str:
    """A text as it is printed, quoted results in the place of their tokens."""
    from benchsuite.paper.document import markup, quantities

    quoted = paper.quotes.quantities
    return markup.plain(quantities.TOKEN.sub(lambda found: quoted[int(found[1])].text, text))


def _material(study: Session) -> PaperMaterial:
    """What the paper is made of now; without results where no run is done."""
    from benchsuite.paper.gather import gather, without_results

    statuses = study.survey().statuses
    if any(statuses.get(task.key.key) == "done" for task in study.preparation.tasks or ()):
        return gather(study.suite, study.preparation, study.registry)
    return without_results(study.suite, study.preparation, study.registry)
