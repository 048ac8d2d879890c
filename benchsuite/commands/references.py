"""`benchsuite references`: all that the prose of a suite may quote and cite, with what it says now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.console import out, print_json, say, table
from benchsuite.commands.options import Json, StudyOptions, SuiteName

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.paper.context.material import PaperMaterial
    from benchsuite.paper.context.paper_context import PaperContext


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
    from benchsuite.commands.session import open_study

    study = open_study(suite, options, download=False, quiet=True)
    wanted = [word.casefold() for word in words or ()]
    rows = [
        (reference, says)
        for reference, says in _references(study)
        if all(word in f"{reference} {says}".casefold() for word in wanted)
    ]
    if as_json:
        print_json([{"reference": reference, "says": says} for reference, says in rows])
        return
    shown = table(study.suite.name, "write", "says now")
    for reference, says in rows:
        shown.add_row(reference, says)
    out.print(shown)
    if not rows:
        say("nothing has these words; leave them out to see all")


def _references(study: Session) -> Iterator[tuple[str, str]]:
    """What may be written, and its words in a paper that is made now."""
    from benchsuite.paper.language.current import speaking

    material = _material(study)
    with speaking(material.suite.paper.language):
        yield from _told(study, material)


def _told(study: Session, material: PaperMaterial) -> Iterator[tuple[str, str]]:
    from benchsuite.paper.context.conditions import is_met
    from benchsuite.paper.context.paper_context import PaperContext
    from benchsuite.paper.document import markup
    from benchsuite.paper.document.numbering import number
    from benchsuite.paper.sections.compose import compose
    from benchsuite.paper.sections.prose import resolve_prose
    from benchsuite.suite.prose.conditions import askable

    paper = PaperContext(material)
    labels = number(compose(material, files={})).labels
    for reference in paper.vocabulary.references():
        written = f"{{{{{reference}}}}}"
        head, _, case = reference.partition(" ")
        if head == "difference" and case not in paper.vocabulary.compared:
            continue
        if paper.vocabulary.read(reference).kind == "block":
            yield written, labels.get(reference, "—")
            continue
        yield written, _in_words(paper, resolve_prose(paper, written, "references"))
    for condition in askable(paper.vocabulary):
        yield f"{{{{if {condition}}}}}", "yes" if is_met(paper.findings, condition) else "no"
    for key, work in paper.works.references.items():
        yield f"[[{key}]]", markup.plain(work)


def _in_words(paper: PaperContext, text: str) -> str:
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
