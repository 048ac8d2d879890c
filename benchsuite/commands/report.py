"""Reports on the command line: how far their studies are, and the paper of those that are finished.

Nothing here trains, prepares or downloads: a report is composed of what its studies have done.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.commands.console import announce, count, literal, out, print_json, say, table
from benchsuite.commands.options import FormOptions, StudyOptions
from benchsuite.errors import PaperError, StoreError

if TYPE_CHECKING:
    from benchsuite.commands.run_names import Found, NamedRuns
    from benchsuite.commands.session import Session
    from benchsuite.paper.context.material import PaperFiles, PaperMaterial, ReportMaterial
    from benchsuite.paper.rendering.process import Renderer
    from benchsuite.registry import Registry
    from benchsuite.store.record import RunRecord
    from benchsuite.store.run_store import Survey
    from benchsuite.suite.cases.plan import RunSpec
    from benchsuite.suite.schema.report import Report
    from benchsuite.suite.schema.suite import Suite

FEW = 8
"""Unfinished studies that an error names."""


@dataclass(frozen=True)
class Standing:
    """How far a study of a report is."""

    study: Session
    survey: Survey

    @cached_property
    def _statuses(self) -> Sequence[str]:
        known = self.survey.statuses
        return [known.get(task.key.key, "due") for task in self.study.preparation.tasks]

    @property
    def done(self) -> int:
        return self._statuses.count("done")

    @property
    def failed(self) -> int:
        return self._statuses.count("failed")

    @property
    def planned(self) -> int:
        """How many runs it has, those included that its search, or its open claims, may still ask for."""
        plan = self.study.preparation.plan
        return len(plan.runs) + plan.following

    @property
    def finished(self) -> bool:
        return self.done == self.planned

    @property
    def earlier(self) -> int:
        """Finished runs that were made for it as it was, or with other data or code: they have other keys."""
        own = {task.key.key for task in self.study.preparation.tasks}
        name = self.study.suite.name
        found = self.survey.outcomes.items()
        return sum(one.suite == name and one.status == "done" and key not in own for key, one in found)

    @property
    def told(self) -> str:
        """Its name with what it lacks."""
        name, absent = self.study.suite.name, self.study.preparation.absent
        if not self._statuses and absent:
            return f"{name} ({' and '.join(absent)}: not here, so no run can be recognised)"
        parts = [f"{self.done} of {count(self.planned, 'run')} done"]
        parts += [f"{self.failed} failed"] if self.failed else []
        if self.earlier:
            parts.append(f"{self.earlier} of it as it was, or with other data: benchsuite why {self.study.name}")
        return f"{name} ({'; '.join(parts)})"


@dataclass(frozen=True)
class ReportSession:
    """A report that was read, and the studies that it gathers, opened as the options say."""

    report: Report
    studies: tuple[Session, ...]
    registry: Registry
    file: Path
    """The report's."""
    name: str
    """What the command line calls it."""
    results: Path

    @property
    def sample(self) -> bool:
        """Whether some of it comes from smoke runs on synthetic samples."""
        return any(study.preparation.sample for study in self.studies)

    @property
    def paper_folder(self) -> Path:
        return self.results / (f"{self.report.name}@sample" if self.sample else self.report.name)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """How far its studies are; says which records are damaged."""
        from benchsuite.commands.session import tell_damaged

        surveys: dict[Path, Survey] = {}
        for study in self.studies:
            folder = study.preparation.runs_folder
            if folder not in surveys:
                surveys[folder] = study.survey()
                tell_damaged(surveys[folder].damaged, folder)
        return tuple(Standing(study, surveys[study.preparation.runs_folder]) for study in self.studies)

    def arguments(self) -> tuple[str, ...]:
        """What makes a command work on this report again: what was asked of its studies."""
        return self.name, *max((study.arguments()[1:] for study in self.studies), key=len)

    def check_finished(self) -> None:
        """Raise PaperError where a study is not finished, with the command that finishes it."""
        from benchsuite.commands.session import check_owner

        check_owner(self.paper_folder, self.file, self.report.name, self.registry)
        lacking = [one for one in self.standings if not one.finished]
        if not lacking:
            return
        told = [one.told for one in lacking[:FEW]] + ([f"and {len(lacking) - FEW} more"] if lacking[FEW:] else [])
        commands = [shlex.join(["benchsuite", "run", *one.study.arguments()]) for one in lacking]
        together = shlex.join(["benchsuite", "run", *self.arguments(), "--studies"])
        raise PaperError(
            f"{self.report.name} gathers finished studies, and {len(lacking)} of {len(self.studies)} "
            f"{'is' if len(lacking) == 1 else 'are'} not: {', '.join(told)}",
            where=str(self.results),
            expected="studies whose every run is done",
            remedy=f"finish it: {commands[0]}"
            if len(lacking) == 1
            else f"finish them, first {commands[0]}; or make the due runs of all of them: {together}",
        )


def report_file(name: str) -> Path | None:
    """The file of the report that a name or a path means; None where it means no report."""
    from benchsuite.registry import registry
    from benchsuite.suite.reader import is_report, suite_path
    from benchsuite.suite.source.problems import SuiteError

    try:
        path = suite_path(name, registry())
    except SuiteError:
        return None  # which whoever reads it tells
    return path if is_report(path) else None


def open_report(name: str, options: StudyOptions) -> ReportSession:
    """Read a report, and open its studies as far as their data are here. Raises SuiteError and what opening raises."""
    from benchsuite.commands.session import called, open_study
    from benchsuite.registry import registry
    from benchsuite.suite.prose.assertions import asserted_in_report
    from benchsuite.suite.prose.references import typed_results
    from benchsuite.suite.prose.report_references import ReportVocabulary
    from benchsuite.suite.prose.translations import in_each_language
    from benchsuite.suite.reader import suite_path
    from benchsuite.suite.reports import read_report

    known = registry()
    path = suite_path(name, known)
    gathered = read_report(path, known)
    for said in in_each_language(gathered.report):
        vocabulary = ReportVocabulary(said, gathered.vocabulary.studies)
        for warning in (*typed_results(said), *asserted_in_report(vocabulary)):
            announce(f"warning: {warning}")
    studies = tuple(open_study(str(file), options, download=False, quiet=True) for file in gathered.files.values())
    named = called(name, path, gathered.report.name, known)
    return ReportSession(gathered.report, studies, known, path, named, options.results)


@dataclass(frozen=True)
class MadeReport:
    """A report whose paper is written, and what that was made from."""

    report: ReportSession
    files: PaperFiles
    material: ReportMaterial


def make_report(name: str, options: StudyOptions, form: FormOptions) -> MadeReport:
    """Write the paper of a report whose studies are finished. Raises PaperError where one is not."""
    from benchsuite.paper.rendering.pango import check_pango
    from benchsuite.paper.rendering.process import Renderer

    check_pango()
    with Renderer() as renderer:  # which reads in its libraries while ours are read in and the studies are opened
        report = open_report(name, options)
        report.check_finished()
        runs = sum(one.done for one in report.standings)
        say(f"{report.report.name}: {studies_counted(report)}, all finished, with {count(runs, 'run')}")
        return _write(report, form, renderer)


def _write(report: ReportSession, form: FormOptions, renderer: Renderer) -> MadeReport:
    from benchsuite.commands.paper_form import tell_of_renderer
    from benchsuite.commands.session import note_owner
    from benchsuite.paper.build import build_paper

    if report.sample:
        announce("SYNTHETIC SAMPLE: studies of this report are smoke runs, and its numbers mean nothing")
    tell_of_renderer()
    memory = report.studies[0].place.cache / "papers"
    material = _material(report, form)
    files = build_paper(material, report.paper_folder, renderer=renderer, memory=memory)
    note_owner(report.paper_folder, report.file)
    return MadeReport(report, files, material)


def _material(report: ReportSession, form: FormOptions) -> ReportMaterial:
    """What the paper is made from, set as the options ask."""
    from benchsuite.commands.paper_form import form_arguments, formed, tell_of_languages
    from benchsuite.paper.context.material import ReportMaterial
    from benchsuite.paper.document.markup import file_name
    from benchsuite.paper.gather import gather_results, with_photos
    from benchsuite.suite.prose.translations import in_language

    arguments = tuple(map(file_name, report.arguments()))
    declared = report.report
    suite = formed(declared, form)
    tell_of_languages(suite)
    language = suite.paper.language
    spoken = [in_language(one.suite, language) for one in report.studies]
    _tell_of_claims(spoken)
    studies: list[PaperMaterial] = []
    shown: set[str] = set()
    for said, one in zip(spoken, report.studies, strict=True):
        study = gather_results(said, one.preparation, one.registry)
        data = one.preparation.tasks[0].data.fingerprint
        studies.append(study if data in shown else with_photos(study, one.preparation))
        shown.add(data)
    return ReportMaterial(
        suite=suite,
        studies=tuple(studies),
        study_arguments=arguments if arguments != (declared.name,) else (),
        form_arguments=form_arguments(form),
        version=studies[0].version,
        renderer=studies[0].renderer,
    )


def _tell_of_claims(studies: Sequence[Suite]) -> None:
    """Say so where studies make their claims in another language than the paper of the report."""
    from benchsuite.suite.schema.suite import LANGUAGES

    foreign = [one for one in studies if one.claims and one.paper.prose_language != one.paper.language]
    if foreign:
        first = foreign[0].paper
        names = ", ".join(one.name for one in foreign[:FEW]) + (f" and {len(foreign) - FEW} more" * bool(foreign[FEW:]))
        announce(
            f"the claims of {names} are in {LANGUAGES[first.prose_language]}, as their suites have them; "
            f"for a paper in one language, write translations.{first.language} in those"
        )


def show_plan(name: str, options: StudyOptions, as_json: bool) -> None:
    """Show the studies of a report, and how far each is."""
    report = open_report(name, options)
    if as_json:
        print_json(as_told(report))
        return
    if report.sample:
        announce("SYNTHETIC SAMPLE: studies of this report are smoke runs")
    shown = table(
        f"{report.report.name}: a report on {studies_counted(report)}",
        "study", "cases", "seeds", "done", "failed", "due", right=("cases", "seeds", "done", "failed", "due"),
    )  # fmt: skip
    for one in report.standings:
        plan = one.study.preparation.plan
        counts = (len(plan.cases), len(plan.seeds), one.done, one.failed, one.planned - one.done)
        shown.add_row(literal(one.study.suite.name), *map(str, counts))
    out.print(shown)
    for one in report.standings:
        if not one.finished:
            say(f"not finished: {one.told}")
    if all(one.finished for one in report.standings):
        say(f"every study is finished; its paper: benchsuite paper {report.name}")


def as_told(report: ReportSession) -> Mapping[str, Any]:
    """A report and its studies, for programs."""
    return {
        "suite": report.report.name,
        "kind": "report",
        "sample": report.sample,
        "studies": [
            {
                "suite": one.study.suite.name,
                "file": str(one.study.file),
                "planned": one.planned,
                "done": one.done,
                "failed": one.failed,
                "finished": one.finished,
            }
            for one in report.standings
        ],
    }


def find_records_of_report(named: NamedRuns, options: StudyOptions) -> list[Found]:
    """The records of the studies of a report, in their order. Raises StoreError where there are none at all."""
    from benchsuite.commands.run_names import find_records

    found: list[Found] = []
    lacking: list[StoreError] = []
    for study in open_report(named.suite, named.options(options)).studies:
        try:
            of_study = find_records(f"{study.name}@sample" if named.smoke else study.name, options)
        except StoreError as error:
            lacking.append(error)
            continue
        own = [(store, record.model_copy(update={"spec": _of_study(record, study)})) for store, record in of_study]
        found += own
    if not found:
        raise lacking[0]
    return found


def _of_study(record: RunRecord, study: Session) -> RunSpec:
    """A run that studies share is here that of the one that is shown."""
    return record.spec.model_copy(update={"suite": study.suite.name})


def studies_counted(report: ReportSession) -> str:
    """«8 studies»."""
    number = len(report.studies)
    return "1 study" if number == 1 else f"{number} studies"
