"""`benchsuite.load`: studies that are stored, opened without making or preparing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

from benchsuite.commands.options import RESULTS, FormOptions, PolicyName, StudyOptions
from benchsuite.errors import PaperError, StoreError
from benchsuite.settings import cache_root
from benchsuite.store.run_store import SMOKE, Store, stores_below
from benchsuite.study.arguments import AnyPath, read_path, read_seeds
from benchsuite.study.calls import discover
from benchsuite.study.family import only_our_errors
from benchsuite.study.outcomes import in_order, run_of
from benchsuite.study.reports import Report, report_of
from benchsuite.study.study import Study

if TYPE_CHECKING:
    from benchsuite.analysis.results import Results
    from benchsuite.paper.context.material import PaperFiles
    from benchsuite.store.record import RunRecord

FEW = 10
"""Studies that an error names."""


class Studies(Mapping[str, Study]):
    """The studies of a results folder, by name; NAME@sample is a smoke run. In a notebook they show themselves.

    `reports` are the reports on them, by name, whose papers lie there.
    """

    def __init__(self, folder: Path, found: Mapping[str, Study]) -> None:
        self.folder, self._found = folder, dict(found)

    def __getitem__(self, name: str) -> Study:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @cached_property
    def reports(self) -> Mapping[str, Report]:
        """The reports whose papers lie in the folder, by name. Papers that cannot be read are told, and left out."""
        folders = sorted(paper.parent for paper in self.folder.glob("*/paper.pdf") if paper.parent.name not in self)
        found = ((folder.name, _report(folder)) for folder in folders)
        return {name: report for name, report in found if report is not None}

    def __repr__(self) -> str:
        told = [repr(one) for one in (*self.values(), *self.reports.values())]
        return "\n".join([f"<studies in {self.folder}", *(f"  {one}" for one in told)]) + ">"

    def _repr_html_(self) -> str:
        from benchsuite.study.pages import studies_page

        reports = ((name, one.steps) for name, one in self.reports.items())
        return studies_page(((name, one.runs) for name, one in self.items()), reports)


@overload
def load(folder: AnyPath = RESULTS) -> Study | Studies | Report: ...


@overload
def load(folder: AnyPath, study: str) -> Study: ...


def load(folder: AnyPath = RESULTS, study: str | None = None) -> Study | Studies | Report:
    """Open what is stored in a results folder, without making anything: no data are needed.

    `load("results")` gives all studies there, by name, with the reports on them; `load("results/beans_freeze")` or
    `load("results", "beans_freeze")` one: its smoke run where there is nothing else. Of each case and seed it is the
    newest run. Claims are those of the paper that lies there, else those of the suite of that name. The folder of a
    report gives the report, which its paper tells.

    Raises StoreError where nothing is stored, or where a newer benchsuite wrote it.
    """
    with only_our_errors():
        place = read_path("folder", folder).expanduser().absolute()
        place = place / study if study is not None else place
        if study is None and _is_results(place):
            if not (found := _studies(place)):
                raise _nothing(place, found)
            return Studies(place, found)
        beside = _studies(place.parent)
        for name in (place.name, f"{place.name}{SMOKE}"):
            if name in beside:
                return beside[name]
        if study is not None:
            raise _nothing(place, beside)
        for name in (place.name, f"{place.name}{SMOKE}"):
            if (found_report := _report(place.with_name(name))) is not None:
                return found_report
        raise _nothing(place, beside)


def _is_results(place: Path) -> bool:
    """Whether a folder holds studies, rather than being that of one."""
    return not place.name.endswith(SMOKE) and any(
        next(store.run_keys(), None) is not None for store in stores_below(place)
    )


def _studies(results: Path) -> dict[str, Study]:
    """The studies of a results folder by the names of their own folders. Damaged runs are told, and left out."""
    from benchsuite.commands.session import tell_damaged

    found = {}
    for store in stores_below(results):
        survey = store.survey(cache_root())
        tell_damaged(survey.damaged, store.root)
        records: dict[str, dict[tuple[str, int], RunRecord]] = {}
        for record in filter(None, map(store.read, survey.outcomes)):
            newest = records.setdefault(record.spec.suite, {})
            known = newest.get(of := (record.spec.case.name, record.spec.seed))
            if known is None or known.finished <= record.finished:
                newest[of] = record
        for suite, newest in sorted(records.items()):
            one = _study(suite, results, store, newest)
            found[one.folder.name] = one
    return found


def _study(suite: str, results: Path, store: Store, records: Mapping[tuple[str, int], RunRecord]) -> Study:
    sample = store.root.name.endswith(SMOKE)
    folder = store.root if sample else results / suite
    options = StudyOptions(
        seeds=read_seeds(sorted({seed for _, seed in records})),
        policy=PolicyName.sample if sample else PolicyName.auto,
        results=results,
    )

    def define() -> Results:
        from benchsuite.analysis.results import Results
        from benchsuite.execution.measuring import measure
        from benchsuite.paper.bundle.reader import PaperReader
        from benchsuite.registry import registry

        if (paper := folder / "paper.pdf").is_file():
            with PaperReader(paper) as reader:
                told = reader.read_study()[0].results
            definition, plan, known, of_paper = told.suite, told.plan, registry(), told.records
        else:
            from benchsuite.commands.session import open_study

            discover()
            session = open_study(suite, _as_planned(suite, options), download=False, quiet=True)
            definition, plan, known, of_paper = session.suite, session.preparation.plan, session.registry, {}
        keys = {of: record.key for of, record in records.items()}
        measured = {key: one.measured for key, one in of_paper.items() if one.status == "done"}
        own = {key: records[of].model_copy(update={"measured": measured.get(key, {})}) for of, key in keys.items()}
        newer = {key: record for key, record in own.items() if key not in measured}  # the others need no plugin
        return Results(definition, plan, keys, own | measure(newer, plan.metrics, known, store))

    def write(form: FormOptions) -> PaperFiles:
        from benchsuite.commands.paper import make_paper
        from benchsuite.paper.context.material import PaperFiles

        files = PaperFiles(html=folder / "paper.html", pdf=folder / "paper.pdf")
        if form == FormOptions() and files.html.is_file() and files.pdf.is_file():
            return files
        discover()
        return make_paper(suite, _as_planned(suite, options), form)[1]

    runs = in_order(run_of(record, store.folder(record.key)) for record in records.values())
    return Study(name=suite, sample=sample, folder=folder, runs=runs, _define=define, _write=write)


def _report(folder: Path) -> Report | None:
    """The report whose paper lies in a folder; None where there is none, or one that cannot be read, which is told."""
    from benchsuite.commands.console import announce
    from benchsuite.paper.bundle.reader import PaperReader
    from benchsuite.paper.context.material import PaperFiles, ReportMaterial

    files = PaperFiles(html=folder / "paper.html", pdf=folder / "paper.pdf")
    if not files.pdf.is_file():
        return None
    try:
        with PaperReader(files.pdf) as reader:
            material = reader.read()[0]
    except PaperError as error:
        announce(f"left out: {files.pdf}: {error.what}")
        return None
    if not isinstance(material, ReportMaterial):
        return None
    sample = folder.name.endswith(SMOKE)
    named = (*material.study_arguments, material.suite.name)[0]
    options = StudyOptions(policy=PolicyName.sample if sample else PolicyName.auto, results=folder.parent)

    def write(form: FormOptions) -> PaperFiles:
        from benchsuite.commands.report import make_report

        if form == FormOptions() and files.html.is_file():
            return files
        discover()
        return make_report(named, options, form).files

    return report_of(material, folder, sample, write)


def _as_planned(name: str, options: StudyOptions) -> StudyOptions:
    """The options without the seeds that are stored, where the claims of the suite decide which there are."""
    from benchsuite.registry import registry, use_local
    from benchsuite.suite.reader import plugins_of, read_suite, suite_path

    path = suite_path(name, registry())
    own = plugins_of(path)
    suite = read_suite(path, use_local(own) if own else registry())
    return replace(options, seeds=None) if suite.sequential is not None else options


def _nothing(place: Path, beside: Mapping[str, Study]) -> StoreError:
    """The error for a folder in which no study is stored."""
    known = list(beside)
    more = f" and {len(known) - FEW} more" if known[FEW:] else ""
    return StoreError(
        "no study is stored here" if place.is_dir() else "there is no such folder, and no study of that name beside it",
        where=str(place),
        expected="a results folder, or that of one study in it"
        + (f"; there are {', '.join(known[:FEW])}{more}" if known else ""),
        remedy="name the folder that was given as `results`, or make the study first with benchsuite.run",
    )
