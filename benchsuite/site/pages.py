"""From what was gathered to pages: the index, each study and report, the table of all runs, and the papers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from benchsuite.paper.document import markup
from benchsuite.paper.language.metrics import METRICS, PrintedMetric, printed
from benchsuite.paper.language.typography import p_value, seconds, with_unit
from benchsuite.site.charts import Bar, intervals
from benchsuite.site.folder import Page
from benchsuite.site.rendering import (
    counted,
    english,
    metric_title,
    moment,
    ready_page,
    render,
    shareable,
    template,
)  # fmt: skip
from benchsuite.site.run_pages import homes_of, run_pages

if TYPE_CHECKING:
    from benchsuite.analysis.chain import ChainStep
    from benchsuite.analysis.findings import CaseFindings, ClaimFindings, Comparison
    from benchsuite.site.gather import Gathered, Report, Run, Study

ASSETS = ("site.css", "site.js")
MOST_BARS = 30
"""Cases that a drawing shows; of more, the best."""
MOST_PROBLEMS = 200
VERDICTS = {"holds": "holds", "fails": "does not hold", "open": "open"}
COLUMNS = (
    ("case", "Case", "ascending", False),
    ("seed", "Seed", "ascending", True),
    ("status", "Status", "ascending", False),
    ("test_accuracy", "Test", "descending", True),
    ("test_macro_f1", "Test F1", "descending", True),
    ("validation_accuracy", "Validation", "descending", True),
    ("best_epoch", "Best epoch", "ascending", True),
    ("epochs", "Epochs", "ascending", True),
    ("total_seconds", "Seconds", "ascending", True),
    ("study", "Study", "ascending", False),
    ("finished", "Finished", "descending", False),
    ("device", "Device", "ascending", False),
)
"""Of the table of all runs: name, title, which way a first click sorts, and whether it holds numbers."""


def pages(gathered: Gathered, title: str) -> Iterator[Page]:
    """Every file of the site."""
    for name in ASSETS:
        yield ready_page(f"assets/{name}", template(name).encode())
    shown = {study.name: _study(study) for study in gathered.studies}
    reports = [_report(report, shown) for report in gathered.reports]
    yield ready_page("index.html", _index(gathered, shown, reports, title))
    yield ready_page("runs.html", _runs(gathered))
    for study in gathered.studies:
        told = shown[study.name]
        of = [report for report in reports if any(step["folder"] == told["folder"] for step in report["steps"])]
        page = render("study.html.j2", "../../", title=told["title"], study=told, reports=of, here="study")
        yield ready_page(f"{told['folder']}/index.html", page)
        yield from _papers(told["folder"], study.papers)
    for report, told in zip(gathered.reports, reports, strict=True):
        page = render("report.html.j2", "../../", title=told["title"], report=told, here="report")
        yield ready_page(f"{told['folder']}/index.html", page)
        yield from _papers(told["folder"], report.papers)
    yield from run_pages(gathered)


def _papers(folder: str, papers: Mapping[str, tuple[Path, str]]) -> Iterator[Page]:
    for name, (file, digest) in papers.items():
        yield Page(f"{folder}/{name}", digest, file.read_bytes)


# The index, the studies and the reports.


@english
def _index(
    gathered: Gathered, shown: Mapping[str, Mapping[str, Any]], reports: Sequence[Mapping[str, Any]], title: str
) -> bytes:
    studies, problems = gathered.studies, gathered.problems
    spent = sum(run.record.cost.seconds.get("total", 0.0) for run in gathered.runs if run.record.cost)
    done = sum(run.record.status == "done" for run in gathered.runs)
    of_reports = f"{counted(len(reports), 'report')}, " if reports else ""
    summary = (
        f"{counted(len(studies), 'study', 'studies')}, {of_reports}{counted(done, 'finished run')}, "
        f"{seconds(spent)} of computing."
    )
    more = f"; the first {MOST_PROBLEMS} are shown" if len(problems) > MOST_PROBLEMS else ""
    return render(
        "index.html.j2",
        "",
        here="index",
        title=title,
        studies=[shown[study.name] for study in studies],
        reports=reports,
        summary=summary,
        problems=problems[:MOST_PROBLEMS],
        problems_said=f"{counted(len(problems), 'run')} whose record is damaged, or not for this version{more}.",
    )


@english
def _study(study: Study) -> dict[str, Any]:
    """A study as templates see it."""
    found, told = study.findings, study.declared
    best = _best(study)
    facts = found.dataset
    return {
        "name": study.name,
        "slug": study.slug,
        "folder": f"studies/{study.slug}",
        "title": told.title,
        "lang": told.language,
        "prose_lang": told.suite.paper.prose_language if told.suite else "",
        "paper_lang": told.suite.paper.language if told.suite else "",
        "sample": study.sample or found.sample,
        "data": f"{facts.title}, {counted(len(facts.classes), 'class', 'classes')}, {facts.provenance}"
        if facts
        else "",
        "done": study.done,
        "failed": study.failed,
        "due": study.due,
        "standing": _standing(study),
        "metric": _printed(study)[found.metric].title,
        "best": best,
        "claims": [_claim(claim) for claim in found.claims],
        "verdicts": _verdicts(found.claims),
        "finished": found.finished or "",
        "when": moment(found.finished) if found.finished else "",
        "papers": tuple(study.papers),
        "remarks": [shareable(remark) for remark in _remarks(study)],
        "facts": list(_study_facts(study)),
        "columns": [metric_title(_printed(study)[name]) for name in _columns(study)],
        "cases": [_case(study, number, best) for number in range(len(found.cases))],
        "drawing": _drawing(study, best),
        "comparisons": [
            _comparison(one, _printed(study)[one.metric]) for one in found.comparisons if one.difference is not None
        ],
        "rows": list(_rows(study)),
        "earlier": [
            {
                "page": run.page,
                "case": run.record.spec.case.name,
                "seed": run.record.spec.seed,
                "said": f"{run.record.status}, {moment(run.record.finished)}",
            }
            for run in study.earlier
        ],
    }


def _verdicts(claims: Sequence[ClaimFindings]) -> list[tuple[str, str, int]]:
    """How many claims have each verdict, with the words for it."""
    count = Counter(claim.verdict for claim in claims)
    return [
        ("holds", "hold" if count["holds"] != 1 else "holds", count["holds"]),
        ("fails", "do not hold" if count["fails"] != 1 else "does not hold", count["fails"]),
        ("open", "open", count["open"]),
    ]


@english
def _report(report: Report, studies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A report as templates see it, given the studies that have pages."""
    runs = counted(len(report.told.runs), "finished run")
    return {
        "name": report.name,
        "folder": f"reports/{report.slug}",
        "title": report.title,
        "lang": report.language,
        "paper_lang": report.told.material.suite.paper.language,
        "sample": report.sample,
        "gathers": f"A report on {counted(len(report.studies), 'study', 'studies')} with {runs}",
        "papers": tuple(report.papers),
        "remarks": [shareable(remark) for remark in report.remarks],
        "steps": [_step(report, step, studies.get(report.studies[step.study])) for step in report.told.chain],
    }


def _step(report: Report, step: ChainStep, study: Mapping[str, Any] | None) -> dict[str, Any]:
    begun = f"{step.begin} of {counted(step.cases, 'case')}" if step.begun else ""
    return {
        "label": report.told.label(step.study),
        "study": step.study,
        "folder": study["folder"] if study else "",
        "chosen": step.chosen.case.name,
        "measured": _measured(step.chosen, [METRICS["validation_accuracy"], METRICS["test_accuracy"]]),
        "first": "it is" if step.by_validation else ", ".join(case.case.name for case in step.first),
        "begun": begun,
        "verdicts": _verdicts(step.findings.claims),
    }


def _measured(case: CaseFindings, metrics: Sequence[PrintedMetric]) -> list[tuple[str, str]]:
    """The mean of each metric with its interval; empty where there is none."""
    known = [(metric, case.estimates.get(metric.name)) for metric in metrics]
    return [(metric.format(found.mean), metric.interval(found)) if found else ("", "") for metric, found in known]


def _remarks(study: Study) -> Iterator[str]:
    yield from study.remarks
    if study.declared.source == "suite":
        yield "There is no paper yet: the study is told as its suite says now, its runs known by their parameters."
    elif study.declared.source == "records" and not study.remarks:
        yield "There is neither a paper nor a suite of this name here: how many runs are due, and claims, are unknown."


def _standing(study: Study) -> str:
    parts = [counted(study.done, "run") + " done"]
    parts += [f"{study.failed:,} failed"] if study.failed else []
    parts += [f"{study.due:,} due"] if study.due else []
    parts += ["number of due runs unknown"] if study.due is None else []
    return ", ".join(parts)


def _best(study: Study) -> dict[str, Any] | None:
    """The case that is best by the mean of what the study compares, as its paper has it."""
    found = study.findings
    metric = _printed(study)[found.metric]
    known = [case for case in found.cases if metric.name in case.estimates]
    if not known:
        return None
    best = max(known, key=lambda case: metric.sign * case.estimates[metric.name].mean)
    estimate = best.estimates[metric.name]
    return {
        "case": best.case.name,
        "value": metric.format(estimate.mean),
        "interval": metric.interval(estimate),
        "n": counted(estimate.n, "seed"),
    }


def _study_facts(study: Study) -> Iterator[tuple[str, str]]:
    found = study.findings
    yield "Cases", f"{len(found.cases):,}"
    yield "Seeds", _listed(found.seeds)
    if found.search is not None:
        yield "Search", f"{found.search.done:,} of {found.search.planned:,} runs of trials"
    if found.dataset is not None:
        facts = found.dataset
        yield "Data", f"{facts.title}, {facts.provenance}: {shareable(facts.evidence)}"
        yield "Images", ", ".join(f"{sum(counts):,} {split}" for split, counts in facts.counts.items())
        yield "Size", "×".join(map(str, facts.image_size)) + " pixels"
    if found.finished:
        yield "Last run", moment(found.finished)
        yield "Computing", seconds(found.total_seconds)
    devices = dict.fromkeys(device for case in found.cases for device in case.devices)
    if devices:
        yield "Devices", ", ".join(devices)
    for change in found.changes:
        yield "Changed", markup.file_name(change)


def _listed(seeds: Sequence[int]) -> str:
    """`0 to 9`, or each of them."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def _columns(study: Study) -> tuple[str, ...]:
    """The metrics of each case: the usual ones, what the study compares, and those of plugins."""
    asked = (f"test_{one.id}" for one in study.findings.asked)
    usual = ("validation_accuracy", "test_accuracy", "test_macro_f1")
    return tuple(dict.fromkeys((*usual, study.findings.metric, *asked)))


def _printed(study: Study) -> Mapping[str, PrintedMetric]:
    return printed(study.findings.metrics)


def _case(study: Study, number: int, best: Mapping[str, Any] | None) -> dict[str, Any]:
    case = study.findings.cases[number]
    known_runs = str(case.done) if study.due is None else f"{case.done} of {case.planned}"
    return {
        "name": case.case.name,
        "runs": known_runs + (f", {len(case.failures)} failed" if case.failures else ""),
        "best": best is not None and best["case"] == case.case.name and len(study.findings.cases) > 1,
        "baseline": case.case.name in study.findings.baselines,
        "measured": _measured(case, [_printed(study)[name] for name in _columns(study)]),
    }


def _drawing(study: Study, best: Mapping[str, Any] | None) -> Markup:
    found = study.findings
    metric = _printed(study)[found.metric]
    known = [case for case in found.cases if metric.name in case.estimates]
    if len(known) < 2:
        return Markup("")
    ranked = sorted(known, key=lambda case: -metric.sign * case.estimates[metric.name].mean)[:MOST_BARS]
    chosen = {case.case.name for case in ranked}
    scale = metric.unit.scale

    bars = []
    for case in (case for case in known if case.case.name in chosen):
        estimate = case.estimates[metric.name]
        low, high = metric.bounds(estimate) or (None, None)
        bars.append(
            Bar(
                case.case.name,
                scale * estimate.mean,
                None if low is None else scale * low,
                None if high is None else scale * high,
                strong=best is not None and best["case"] == case.case.name,
            )
        )
    return intervals(metric.title, bars, unit=metric.symbol, ident="cases-drawing")


def _comparison(one: Comparison, metric: PrintedMetric) -> dict[str, str]:
    assert one.difference is not None
    found = one.difference
    needed = f"needs {one.seeds_needed} seeds" if one.seeds_needed else ""
    return {
        "case": one.case,
        "baseline": one.baseline,
        "difference": with_unit(metric.signed(found.mean), metric.difference_unit),
        "interval": metric.signed_interval(found),
        "p": p_value(one.p_adjusted) if one.p_adjusted is not None else needed,
    }


def _claim(found: ClaimFindings) -> dict[str, str]:
    detail = ""
    if found.seeds_needed:
        detail = f"(to be decided it needs {counted(found.seeds_needed, 'seed')})"
    return {
        "kind": found.verdict,
        "verdict": VERDICTS[found.verdict],
        "text": markup.plain(found.claim.text),
        "detail": detail,
    }


def _rows(study: Study) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The runs of each case, and of each trial of a search, in the order of the plan."""
    by_key = {run.record.key: run for run in study.runs}
    cells: dict[str, list[dict[str, Any]]] = {}
    for (case, seed), key in study.declared.keys.items():
        if key in by_key:
            run = by_key[key]
            test = run.record.test
            said = METRICS["test_accuracy"].format(test.accuracy) if test else run.record.status
            cells.setdefault(case, []).append(
                {"page": run.page, "seed": seed, "status": run.record.status, "value": said}
            )
    first = {case.name: place for place, case in enumerate(study.declared.plan.cases)}
    for case in sorted(cells, key=lambda name: first.get(name, len(first))):
        yield case, sorted(cells[case], key=lambda cell: int(cell["seed"]))


# The table of all runs.


def _runs(gathered: Gathered) -> bytes:
    studies = [{"slug": one.slug, "name": one.name, "title": one.declared.title} for one in gathered.studies]
    place = {study.name: number for number, study in enumerate(gathered.studies)}
    home = homes_of(gathered)
    names = [name for name, *_ in COLUMNS] + ["key", "page"]
    rows = [_row(run, place[home[run.page][0].name]) for run in gathered.runs]
    data = json.dumps({"columns": names, "studies": studies, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
    columns = [dict(zip(("name", "title", "first", "number"), column, strict=True)) for column in COLUMNS]
    # What a script element may not hold, even where it is data.
    safe = Markup(data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
    return render("runs.html.j2", "", here="runs", title="All runs", studies=studies, columns=columns, data=safe)


def _row(run: Run, study: int) -> list[Any]:
    """The values of a run, in the order of the columns."""
    record = run.record
    best, test, cost = record.best, record.test, record.cost
    return [
        record.spec.case.name,
        record.spec.seed,
        record.status,
        round(test.accuracy, 6) if test else None,
        round(test.macro_f1, 6) if test else None,
        round(best.validation_accuracy, 6) if best else None,
        best.epoch if best else None,
        len(record.epochs) or None,
        round(cost.seconds["total"], 3) if cost and "total" in cost.seconds else None,
        study,
        record.finished,
        record.environment.device_name,
        record.key,
        run.page,
    ]
