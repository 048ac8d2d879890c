"""The reader of reports: a report with the suites of its studies, all of them read and checked at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchsuite.errors import PluginError
from benchsuite.registry import Registry, discover
from benchsuite.registry.local_plugins import places
from benchsuite.registry.suite_files import ENDINGS
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.bibliography import include_files
from benchsuite.suite.prose.conditions import quotation_problems
from benchsuite.suite.prose.extent import extent_problems
from benchsuite.suite.prose.references import Vocabulary
from benchsuite.suite.prose.report_references import ReportVocabulary
from benchsuite.suite.prose.translations import in_language, prose_problems, translation_problems
from benchsuite.suite.reader import (
    REPORT,
    component_works,
    is_report,
    plugins_of,
    read_file,
    read_suite,
    repeated_names,
    shown_path,
    suite_path,
)
from benchsuite.suite.schema.report import Report
from benchsuite.suite.source.problems import Problem, SuiteError, did_you_mean, one_of, shown
from benchsuite.suite.source.validation import validate
from benchsuite.suite.source.yaml_nodes import Node, escape_problems, parse_bytes

OF_STUDIES = ("labels", "figures", "further")
"""What the paper of a report takes from its studies, and has not of its own."""


@dataclass(frozen=True)
class Gathered:
    """A report that was read, and the file of each of its studies, by name and in order."""

    report: Report
    files: Mapping[str, Path]
    vocabulary: ReportVocabulary


def read_report(source: str | Path, registry: Registry) -> Gathered:
    """The report of this name or in this file, fully checked, and so the suites of its studies.

    Raises SuiteError with every problem of the report and of those suites.
    """
    path = source if isinstance(source, Path) else suite_path(source, registry)
    data, name = read_file(path), shown_path(path)
    origin, unread = parse_bytes(data, name)
    if not unread and origin.get("kind") is None:
        what = "this is a study, and no report"
        raise SuiteError([Problem(origin.mark, "kind", what, None, f"kind: {REPORT}", "name a report")])
    origin, beside, problems = include_files(origin, data, path.parent)
    report, found = validate(Report, origin)
    problems = [*unread, *problems, *found, *_escapes(origin)]
    if report is None:
        raise SuiteError(problems)
    report.placed(origin)
    reader = _Studies(report, path, registry)
    problems += [*reader.problems, *_paper_problems(report), *prose_problems(report, extent_problems)]
    if not reader.problems:
        lines, works = data.decode("utf-8-sig", errors="replace").split("\n"), [*reader.works()]

        def check(said: Report) -> list[Problem]:
            return quotation_problems(ReportVocabulary(said, reader.vocabularies), lines, works)

        problems += prose_problems(report, check)
    problems += translation_problems(report)
    if problems:
        raise SuiteError(problems)
    report.keep(data.decode(errors="replace"), beside)
    report = in_language(report, report.paper.language) if report.translations else report
    return Gathered(report, reader.files, ReportVocabulary(report, reader.vocabularies))


def _escapes(origin: Node) -> Iterator[Problem]:
    for name in ("kind", "name", "studies"):
        if name in origin.items:
            yield from escape_problems(origin.get(name) or origin, name)


def _paper_problems(report: Report) -> Iterator[Problem]:
    paper = report.origin.get("paper")
    if paper is None:
        return
    for name in OF_STUDIES:
        if name in paper.items:
            what = f"a report has nothing under {name}: it takes that of its studies"
            yield Problem(paper.items[name].key, f"paper.{name}", what, remedy="remove it, or move it to a study")
    yield from repeated_names(paper)


class _Studies:
    """The suites of a report's studies, as far as they can be read, and what is wrong with any of them."""

    def __init__(self, report: Report, path: Path, registry: Registry) -> None:
        self.problems: list[Problem] = []
        self.files: dict[str, Path] = {}
        self.vocabularies: dict[str, Vocabulary] = {}
        self._registries: dict[str, Registry] = {}
        self._path, self._registry = path, registry
        nodes = report.origin.get("studies")
        elements: Sequence[Node] = nodes.elements if nodes is not None else ()
        for index, (step, node) in enumerate(zip(report.studies, elements, strict=True)):
            place = node.get("study") or node
            where = f"studies[{index}]"
            if step.study in self.files:
                what = f"{shown(step.study)} is gathered twice"
                self.problems.append(Problem(place.mark, where, what, step.study, remedy="remove one of the two"))
                continue
            try:
                self._read(step.study, place, where)
            except (SuiteError, PluginError) as error:
                told = error.problems if isinstance(error, SuiteError) else ()
                self.problems += told or [Problem(place.mark, where, error.what, step.study, remedy=error.remedy)]
                continue
            own = self.vocabularies[step.study]
            if step.carries is not None and own.find(step.carries) is None:
                mark, names = (node.get("carries") or node).mark, [case.name for case in own.cases]
                what = f"no case of {step.study} is meant by {shown(step.carries)}"
                remedy = did_you_mean(str(step.carries), names)
                self.problems.append(Problem(mark, f"{where}.carries", what, step.carries, one_of(names), remedy))

    def works(self) -> Iterator[str]:
        """The BibTeX of the studies and of their components; of works that they have typed, their keys as BibTeX."""
        for study, own in self.vocabularies.items():
            yield from own.suite.paper.bibliography
            yield from (f"@misc{{{typed.key}," for typed in own.suite.paper.references)
            yield from component_works(own.suite, own.cases, self._registries[study])

    def _read(self, name: str, place: Node, where: str) -> None:
        path = self._find(name, place, where)
        self.files[name] = path
        if is_report(path):
            what = f"{shown(name)} is a report itself"
            remedy = "name the studies that it gathers"
            raise SuiteError([Problem(place.mark, where, what, name, "a study", remedy)])
        own = plugins_of(path)
        its = discover(local=(*places(), *own)) if own else self._registry
        suite = read_suite(path, its)
        if suite.name != name:
            what = f"the study in {shown_path(path)} is called {shown(suite.name)}"
            remedy = "give the file and the study the same name"
            raise SuiteError([Problem(place.mark, where, what, name, suite.name, remedy)])
        self._registries[name] = its
        self.vocabularies[name] = Vocabulary(suite, expand(suite, its).cases)

    def _find(self, name: str, place: Node, where: str) -> Path:
        """The file of a study: beside the report, else where suites are found by name."""
        beside = (self._path.with_name(f"{name}{ending}") for ending in ENDINGS)
        if (found := next((path for path in beside if path.is_file()), None)) is not None:
            return found
        try:
            return suite_path(name, self._registry)
        except SuiteError as error:
            (problem,) = error.problems
            told = Problem(place.mark, where, problem.what, name, problem.expected, problem.remedy)
            raise SuiteError([told]) from None
