"""What a site tells of: the studies of a results folder, and reports on them, as far as they can be read.

What a study is (its title, cases, seeds and claims) its paper says, which lies beside its runs and carries the suite
that was made; without a paper, the suite of that name that is found here; without either, the records alone, which
know nothing of claims nor of what is due. Of a report its paper alone tells. Whatever cannot be read is told, and takes
nothing else with it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchsuite.atomic_files import read_file
from benchsuite.errors import BenchsuiteError, StoreError
from benchsuite.store.run_store import RECORD, SMOKE, Store, stores_below

if TYPE_CHECKING:
    from benchsuite.analysis.findings import Findings
    from benchsuite.paper.context.material import Material, PaperMaterial, ReportMaterial
    from benchsuite.paper.context.report_context import ReportContext
    from benchsuite.store.record import RunRecord
    from benchsuite.suite.cases.plan import Case, Plan
    from benchsuite.suite.schema.suite import Suite

Source = Literal["paper", "suite", "records"]
PAPERS = ("paper.html", "paper.pdf")


@dataclass(frozen=True)
class Run:
    """A run with a record. `smoke` names the smoke study that keeps it apart from the others, if one does."""

    record: RunRecord
    digest: str
    """SHA-256 of the file of its record."""
    smoke: str | None = None

    @property
    def page(self) -> str:
        """Where the site has its page. Two smoke studies may have runs of one key."""
        return f"runs/{self.smoke}/{self.record.key}.html" if self.smoke else f"runs/{self.record.key}.html"


@dataclass(frozen=True)
class Problem:
    """Something in the results that could not be read: where, what is wrong with it, and what to do."""

    where: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Declared:
    """What a study was meant to be. `arguments` name it on the command line, with what was changed of it; `language` is
    that of the title, empty where it is but a name."""

    source: Source
    title: str
    plan: Plan
    keys: Mapping[tuple[str, int], str]
    suite: Suite | None = None
    arguments: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True)
class _Kept:
    """What is kept under a name, with a page of its own."""

    name: str

    @property
    def slug(self) -> str:
        return slug(self.name)

    @property
    def sample(self) -> bool:
        return self.name.endswith(SMOKE)


@dataclass(frozen=True)
class Study(_Kept):
    """A study: what was declared, what came out, and which runs of an earlier form of it are there besides."""

    declared: Declared
    runs: tuple[Run, ...]
    """Those of its plan that have a record, in its order."""
    earlier: tuple[Run, ...]
    papers: Mapping[str, tuple[Path, str]]
    """Its paper's files, by name, each with its SHA-256."""
    remarks: tuple[str, ...]

    @cached_property
    def findings(self) -> Findings:
        from benchsuite.analysis.results import Results
        from benchsuite.analysis.summary import study

        told, records = self.declared, {run.record.key: run.record for run in self.runs}
        if told.suite is None:
            return study(told.plan, told.keys, records)
        return Results(told.suite, told.plan, told.keys, records).findings()

    @property
    def done(self) -> int:
        return self.findings.done + (self.findings.search.done if self.findings.search else 0)

    @property
    def failed(self) -> int:
        return self.findings.failed + (self.findings.search.failed if self.findings.search else 0)

    @property
    def due(self) -> int | None:
        """How many runs have no record yet; None where nothing says how many there should be."""
        if self.declared.source == "records":
            return None
        planned = self.findings.planned + (self.findings.search.planned if self.findings.search else 0)
        return max(planned - self.done - self.failed, 0)


@dataclass(frozen=True)
class Paper:
    """What lies in a folder as a paper: its files by name, each with its SHA-256; what the PDF was made from, None
    where that cannot be read; and what is wrong with it."""

    files: Mapping[str, tuple[Path, str]]
    material: Material | None
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Report(_Kept):
    """A report whose paper is there: what that tells of its studies."""

    title: str
    language: str
    """That of the title."""
    told: ReportContext
    papers: Mapping[str, tuple[Path, str]]
    remarks: tuple[str, ...]

    @cached_property
    def studies(self) -> Mapping[str, str]:
        """The names of its studies, each with that under which its runs are kept."""
        told = self.told.studies.items()
        return {name: f"{name}{SMOKE}" if study.findings.sample else name for name, study in told}


@dataclass(frozen=True)
class Gathered:
    """All that a site tells of."""

    studies: tuple[Study, ...]
    problems: tuple[Problem, ...]
    reports: tuple[Report, ...] = ()

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every run once, study by study."""
        found = (run for study in self.studies for run in (*study.runs, *study.earlier))
        return tuple({run.page: run for run in found}.values())


def slug(name: str) -> str:
    """How a study is called in addresses: its name, unless a strange record has given it one that is none."""
    return name if re.fullmatch(f"[a-z0-9_]{{1,80}}(?:{SMOKE})?", name) else _digest(name.encode())[:16]


def gather(results: Path) -> Gathered:
    """Read a results folder. Raises StoreError for one that is none."""
    from benchsuite.paper.context.material import ReportMaterial

    stores = [store for store in stores_below(results) if (store.root / "runs").is_dir()]
    papers = {folder.name for folder in _folders(results) if any((folder / name).is_file() for name in PAPERS)}
    if not stores and not papers:
        raise StoreError(
            "there are no results in this folder" if results.is_dir() else "this folder is not there",
            where=str(results),
            expected="a results folder, with runs/ in it, as `benchsuite run` fills it",
            remedy="name the folder that was given to --results, or make results first: benchsuite run beans_freeze",
        )
    problems: list[Problem] = []
    found: dict[str, list[Run]] = {name: [] for name in papers}
    for store in stores:
        smoke = store.root.name if store.root != results else None
        if smoke:
            found.setdefault(smoke, [])
        for run in _runs(store, smoke, problems):
            found.setdefault(smoke or run.record.spec.suite, []).append(run)
    main = {run.record.key: run for runs in found.values() for run in runs if run.smoke is None}
    studies, reports = [], []
    for name, runs in sorted(found.items(), key=lambda pair: (pair[0].endswith(SMOKE), pair[0])):
        paper = _paper(results / slug(name))
        if isinstance(paper.material, ReportMaterial) and not runs:
            reports.append(_report(name, paper, paper.material, found))
        else:
            known = {run.record.key: run for run in runs} if name.endswith(SMOKE) else main
            store = Store(results / name if name.endswith(SMOKE) else results)
            studies.append(_study(name, runs, paper, known, store))
    return Gathered(tuple(studies), tuple(problems), tuple(reports))


def _folders(results: Path) -> list[Path]:
    try:
        return [path for path in results.iterdir() if path.is_dir()]
    except OSError:
        return []


def _runs(store: Store, smoke: str | None, problems: list[Problem]) -> Iterable[Run]:
    for key in store.run_keys():
        where = f"{smoke}/runs/{key}" if smoke else f"runs/{key}"
        try:
            record = store.load(key)
            if record is not None:
                yield Run(record, _digest((store.folder(key) / RECORD).read_bytes()), smoke and slug(smoke))
        except StoreError as error:
            problems.append(Problem(where, error.what, error.remedy or ""))
        except OSError as error:  # gone while it was read
            problems.append(Problem(where, f"cannot be read: {error.strerror}", "build the site again"))


def _paper(folder: Path) -> Paper:
    """The paper in a folder, as far as it can be read."""
    from benchsuite.paper.bundle.reader import PaperReader

    remarks: list[str] = []
    files, material = {}, None
    for file in PAPERS:
        try:
            files[file] = folder / file, _digest(read_file(folder / file))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            remarks.append(f"{file} cannot be read: {error.strerror}.")
    if "paper.pdf" in files:
        try:
            with PaperReader(folder / "paper.pdf") as reader:
                material, faults = reader.read()
        except BenchsuiteError as error:
            remarks.append(f"The paper was not read: {error.what}.")
        else:
            if faults:
                said = f"{len(faults)} numbers" if len(faults) > 1 else "a number"
                remarks.append(f"The paper is not consistent, by {said}: benchsuite check tells what is wrong.")
    return Paper(files, material, tuple(remarks))


def _report(name: str, paper: Paper, material: ReportMaterial, runs: Mapping[str, Sequence[Run]]) -> Report:
    """A report from its paper, given the runs that there are of each study."""
    from benchsuite.paper.context.report_context import ReportContext
    from benchsuite.paper.document import markup
    from benchsuite.paper.language.current import speaking
    from benchsuite.paper.sections.report import report_title

    told, form = ReportContext(material), material.suite.paper
    with speaking(form.language):
        title = markup.plain(report_title(told))
    language = form.prose_language if material.suite.title else form.language
    report = Report(name, title, language, told, paper.files, paper.remarks)
    known = {run.record.key: run for own in runs.values() for run in own}
    aged = (f"{study.suite.name}: {remark}" for study in material.studies for remark in _age(study, known))
    return replace(report, remarks=(*paper.remarks, *aged))


def _study(name: str, own: Sequence[Run], paper: Paper, known: Mapping[str, Run], store: Store) -> Study:
    """A study from its own runs, its paper, and all runs that its plan may name, which are in `store`."""
    from benchsuite.paper.context.material import PaperMaterial

    remarks, declared = [*paper.remarks], None
    if isinstance(paper.material, PaperMaterial):
        remarks += _age(paper.material, known)
        declared = _of_paper(paper.material)
    elif paper.material is not None:
        remarks.append(f"The paper here is that of the report {paper.material.suite.name}.")
    if declared is None:
        declared = _of_suite(name, own, remarks) or _of_records(name, own)
    planned = set(declared.keys.values())
    runs = tuple(known[key] for key in dict.fromkeys(declared.keys.values()) if key in known)
    if declared.plan.metrics:
        try:
            runs = _measured(runs, declared.plan, store)
        except BenchsuiteError as error:
            remarks.append(f"The metrics of plugins have no values: {error.what}.")
    earlier = tuple(sorted((run for run in own if run.record.key not in planned), key=_order))
    made = Study(name, declared, runs, earlier, paper.files, tuple(remarks))
    try:
        made = replace(made, declared=_so_far(declared, runs))
        _ = made.findings
    except ValueError as error:  # a claim or a comparison of cases that are none
        remarks.append(f"Neither comparisons nor claims can be computed: {error}.")
        told = Declared("records", declared.title, declared.plan, declared.keys)
        made = Study(name, told, runs, earlier, paper.files, tuple(remarks))
    return made


def _so_far(declared: Declared, runs: Sequence[Run]) -> Declared:
    """What was declared, of sequential seeds no more than have come. Raises ValueError for claims of cases that are
    none."""
    from benchsuite.analysis.results import Results

    plan, suite = declared.plan, declared.suite
    if plan.sequential is None or suite is None:
        return declared
    records = {run.record.key: run.record for run in runs}
    seeds = Results(suite, plan, declared.keys, records).seeds_so_far()
    return replace(declared, plan=plan.model_copy(update={"seeds": seeds}))


def _age(material: PaperMaterial, known: Mapping[str, Run]) -> Iterator[str]:
    """What of the runs that a paper tells of is gone, and what has been made since."""
    results = material.results
    told = {key for key, record in results.records.items() if record.status == "done"}
    now = {key for key in results.keys.values() if key in known and known[key].record.status == "done"}
    if lost := len(told - now):
        yield f"{lost} of the {len(told)} runs that the paper tells of are no longer here."
    if new := len(now - told):
        yield f"The paper is older than the results: {new} of {len(now)} finished runs are not in it."


def _measured(runs: Sequence[Run], plan: Plan, store: Store) -> tuple[Run, ...]:
    """The runs with what the metrics of plugins give for them. Raises BenchsuiteError."""
    from benchsuite.execution.measuring import measure
    from benchsuite.registry import registry

    records = measure({run.record.key: run.record for run in runs}, plan.metrics, registry(), store)
    return tuple(replace(run, record=records[run.record.key]) for run in runs)


def _of_paper(material: PaperMaterial) -> Declared:
    """What the paper of a study says that it is."""
    from benchsuite.paper.context.paper_context import PaperContext
    from benchsuite.paper.document import markup
    from benchsuite.paper.language.current import speaking
    from benchsuite.paper.sections.front import paper_title

    results = material.results
    paper_of = results.suite.paper
    with speaking(paper_of.language):
        title = markup.plain(paper_title(PaperContext(material)))
    return Declared(
        "paper",
        title,
        results.plan,
        results.keys,
        results.suite,
        material.study_arguments,
        paper_of.prose_language if results.suite.title else paper_of.language,
    )


def _of_suite(name: str, own: Sequence[Run], remarks: list[str]) -> Declared | None:
    """What the suite of this name that is found here says; None where there is none. Its runs are known by their
    parameters and seed: keys depend on data and machines, which need not be here."""
    from benchsuite.paper.document import markup
    from benchsuite.registry import discover, registry
    from benchsuite.registry.local_plugins import places
    from benchsuite.suite.planning.expand import expand
    from benchsuite.suite.planning.sample_smoke import smoke_plan
    from benchsuite.suite.reader import plugins_of, read_suite, suite_path
    from benchsuite.suite.source.problems import SuiteError

    known = registry()
    try:
        path = suite_path(name.removesuffix(SMOKE), known)
    except SuiteError:
        return None
    try:
        own_plugins = plugins_of(path)
        known = discover(local=(*places(), *own_plugins)) if own_plugins else known
        suite = read_suite(path, known)
        plan = expand(suite, known)
        if name.endswith(SMOKE):
            plan = smoke_plan(plan, known)
    except BenchsuiteError as error:
        remarks.append(f"The suite {path.name} cannot be read: {error.what}.")
        return None
    made: dict[tuple[str, int], str] = {}
    for run in sorted(own, key=lambda run: (run.record.status == "done", run.record.finished)):
        made[_identity(run.record.spec.case), run.record.spec.seed] = run.record.key
    keys = {
        (spec.case.name, spec.seed): made[identity]
        for spec in plan.runs
        if (identity := (_identity(spec.case), spec.seed)) in made
    }
    title = markup.plain(suite.title)
    language = suite.paper.prose_language if title else ""
    return Declared("suite", title or name, plan, keys, suite, language=language)


def _identity(case: Case) -> str:
    """What decides a case's results, whatever it is called."""
    parts = (case.dataset, case.model, case.recipe)
    return json.dumps([[part.qualified_name, part.parameters] for part in parts], sort_keys=True, default=str)


def _of_records(name: str, own: Sequence[Run]) -> Declared:
    """What records alone tell: of each case and seed the last run that is done, else the last."""
    from benchsuite.suite.cases.plan import Plan

    cases: dict[str, Case] = {}
    keys: dict[tuple[str, int], str] = {}
    for run in sorted(own, key=lambda run: (run.record.status == "done", run.record.finished)):
        spec = run.record.spec
        cases[spec.case.name] = spec.case
        keys[spec.case.name, spec.seed] = run.record.key
    seeds = sorted({seed for _, seed in keys})
    ordered = tuple(cases[case] for case in sorted(cases))
    keys = {(case.name, seed): keys[case.name, seed] for case in ordered for seed in seeds if (case.name, seed) in keys}
    plan = Plan(suite=name.removesuffix(SMOKE), cases=ordered, seeds=tuple(seeds))
    return Declared("records", name, plan, keys)


def _order(run: Run) -> tuple[str, int, str]:
    return run.record.spec.case.name, run.record.spec.seed, run.record.key


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
