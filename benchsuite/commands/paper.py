"""`benchsuite paper`: make the paper of a study from the results that are there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.console import announce, print_json, say
from benchsuite.commands.options import SUITE, FormOptions, Json, StudyOptions
from benchsuite.commands.paper_form import form_arguments, formed, tell_of_languages, tell_of_renderer
from benchsuite.errors import PaperError

if TYPE_CHECKING:
    from benchsuite.commands.session import Session
    from benchsuite.paper.context.material import PaperFiles, PaperMaterial
    from benchsuite.paper.rendering.process import Renderer


def paper(
    options: StudyOptions,
    form: FormOptions,
    suite: Annotated[str | None, SUITE] = None,
    need_all: Annotated[bool, typer.Option("--complete", help="Refuse while runs are missing.")] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="Instead, set two papers of one study side by side: paper.pdf files, or folders that hold one.",
        ),
    ] = None,
    to: Annotated[Path, typer.Option("--to", help="With --compare: folder for comparison.html and .pdf.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write paper.html and paper.pdf of SUITE from the finished runs; training nothing.

    A study that is half done gets a paper too, marked as partial; a report needs all of its studies finished. With
    --compare, two sets of results, from two machines or two versions of a library, get one paper that tells which runs
    are equal bit for bit, and how far the others differ.
    """
    if compare is not None:
        _compare(*compare, to, as_json)
        return
    if suite is None:
        raise PaperError(
            "no suite is named", expected="SUITE, or --compare A B", remedy="`benchsuite list` shows the suites"
        )
    made_of, files = make_paper(suite, options, form, need_all)
    say(f"paper: {files.pdf}\n       {files.html}")
    if as_json:
        print_json({"suite": made_of, "pdf": str(files.pdf), "html": str(files.html)})


def make_paper(suite: str, options: StudyOptions, form: FormOptions, need_all: bool = False) -> tuple[str, PaperFiles]:
    """Write the paper of a suite, or of a report, from the finished runs; returns the suite's name, too.

    Raises PaperError where there are none, or less than all while all are needed, as in the studies of a report.
    """
    from benchsuite.commands.report import make_report, report_file
    from benchsuite.paper.rendering.pango import check_pango
    from benchsuite.paper.rendering.process import Renderer

    if report_file(suite) is not None:
        made = make_report(suite, options, form)
        return made.report.report.name, made.files
    check_pango()
    with Renderer() as renderer:  # which reads in its libraries while ours are read in and the study is opened
        from benchsuite.commands.session import open_study

        study = open_study(suite, options, download=False)
        check_ready(study, need_all)
        return study.suite.name, write_paper(study, form, renderer)


def check_ready(study: Session, need_all: bool = False) -> None:
    """Say how much of a study is done. Raises PaperError when nothing is, or less than all while all is needed, or
    when another study's paper lies where this one's would."""
    from benchsuite.commands.session import tell_damaged

    study.check_paper_folder()
    preparation, results = study.preparation, study.place.results
    if not preparation.tasks:
        smoke = results / f"{study.suite.name}@sample"
        raise PaperError(
            f"{' and '.join(preparation.absent)}: not here yet, so no run can be recognised",
            where=str(results),
            remedy="name the smoke run that is there with --policy sample, or the data with --data"
            if smoke.is_dir()
            else f"make the runs first: benchsuite run {study.name}",
        )
    survey = study.survey()
    tell_damaged(survey.damaged, preparation.runs_folder)
    done = sum(survey.statuses.get(task.key.key) == "done" for task in preparation.tasks)
    total = len(preparation.plan.runs) + preparation.plan.following
    if not done:
        raise PaperError(
            f"no run of {study.suite.name} is done",
            where=str(study.preparation.runs_folder),
            remedy=f"make some first: benchsuite run {study.name}",
        )
    if done < total:
        if need_all:
            raise PaperError(
                f"{total - done} of {total} runs are missing", remedy=f"make them: benchsuite run {study.name}"
            )
        announce(f"partial paper: {done} of {total} runs are done")


def _compare(first: Path, second: Path, to: Path, as_json: bool) -> None:
    from benchsuite.paper.build import build_comparison
    from benchsuite.paper.bundle.reader import PaperReader
    from benchsuite.paper.rendering.process import Renderer

    found = [paper_in(place) for place in (first, second)]
    tell_of_renderer()
    with Renderer.of_stranger(*found) as renderer:
        with PaperReader(found[0]) as one, PaperReader(found[1]) as other:
            first_material, second_material = (reader.read_study()[0] for reader in (one, other))
        files = build_comparison(first_material, second_material, to, renderer=renderer)
    say(f"A: {found[0]}\nB: {found[1]}\ncomparison: {files.pdf}\n            {files.html}")
    if as_json:
        print_json({"a": str(found[0]), "b": str(found[1]), "pdf": str(files.pdf), "html": str(files.html)})


def paper_in(place: Path) -> Path:
    """The paper that a path means: itself, or the only one below a folder. Raises PaperError."""
    with suppress(OSError):  # which whoever opens it tells
        if place.is_dir():
            return _only_paper(place)
    return place


def _only_paper(place: Path) -> Path:
    found = sorted(place.rglob("paper.pdf"))
    if len(found) != 1:
        what = "several papers lie" if found else "no paper.pdf lies"
        shown = ", ".join(str(file) for file in found[:8]) or "one paper.pdf"
        raise PaperError(f"{what} below this folder", where=str(place), expected=shown, remedy="name the file itself")
    return found[0]


def write_paper(study: Session, form: FormOptions, renderer: Renderer | None = None) -> PaperFiles:
    """Make the paper of what is done of a prepared study, in another form than the suite's where one is given.

    Nothing is done again for a paper that is there and has not changed.
    """
    from benchsuite.paper.build import build_paper
    from benchsuite.paper.gather import gather

    tell_of_renderer()
    suite = formed(study.suite, form)
    tell_of_languages(suite)
    material = _with_commands(gather(suite, study.preparation, study.registry), study, form)
    memory = study.place.cache / "papers"
    files = build_paper(material, study.preparation.paper_folder, renderer=renderer, memory=memory)
    study.own_paper_folder()
    return files


def try_paper(study: Session, form: FormOptions, renderer: Renderer) -> None:
    """Set the paper's words before there are results: what cannot be set must show before days of training.

    Raises PaperError.
    """
    from benchsuite.paper.bundle.attachments import pack
    from benchsuite.paper.gather import without_results

    suite = formed(study.suite, form)
    material = _with_commands(without_results(suite, study.preparation, study.registry), study, form)
    try:
        renderer.try_words(pack(material))
    except PaperError as error:
        error.remedy = f"{error.remedy or 'mend the suite'}; to make the runs without their paper: --no-paper"
        raise


def _with_commands(material: PaperMaterial, study: Session, form: FormOptions) -> PaperMaterial:
    """The material with the command that makes this paper of it."""
    from benchsuite.paper.document.markup import file_name

    arguments = tuple(map(file_name, study.arguments()))
    return replace(
        material,
        study_arguments=arguments if arguments != (study.suite.name,) else (),
        form_arguments=form_arguments(form),
    )
