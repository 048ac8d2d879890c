"""From what was gathered to pages: what each shows, in words and numbers, and the templates that set it."""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from benchsuite import __version__
from benchsuite.legible import legible
from benchsuite.paper.document import markup
from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.typography import p_value, seconds, upper_first, with_unit
from benchsuite.site.charts import Bar, Curve, curves, intervals
from benchsuite.site.folder import Page
from benchsuite.store.run_store import SMOKE

if TYPE_CHECKING:
    from benchsuite.analysis.findings import ClaimFindings, Comparison
    from benchsuite.site.gather import Gathered, Run, Study
    from benchsuite.store.record import RunRecord
    from benchsuite.suite.cases.plan import Case

ASSETS = ("site.css", "site.js")
english = speaking("en")
"""The site is in English, whatever language its papers have; it prints numbers as English papers do."""
HEADLINE = ("test_accuracy", "test_macro_f1", "validation_accuracy")
MOST_CLASSES = 24
"""Of more, a page shows the most frequent mistakes and no matrix."""
MOST_MISTAKES = 20
MOST_BARS = 30
"""Cases that a drawing shows; of more, the best."""
MOST_PROBLEMS = 200
LEVELS = 5
"""Shades of a confusion matrix."""
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
    bundle = _bundle()
    for name in ASSETS:
        yield _ready(f"assets/{name}", _template(name).encode())
    shown = {study.name: _study(study) for study in gathered.studies}
    yield _ready("index.html", _index(gathered, shown, title))
    yield _ready("runs.html", _runs(gathered))
    for study in gathered.studies:
        folder = f"studies/{study.slug}"
        page = _render("study.html.j2", "../../", title=study.declared.title, study=shown[study.name], here="study")
        yield _ready(f"{folder}/index.html", page)
        for name, (file, digest) in study.papers.items():
            yield Page(f"{folder}/{name}", digest, file.read_bytes)
    yield from _run_pages(gathered, bundle)


# What is common to all pages.


@cache
def _template(name: str) -> str:
    return (files("benchsuite.site") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["told"] = _told
    environment.globals["version"] = __version__
    return environment


def _render(template: str, root: str, **values: Any) -> bytes:
    text: str = legible(_environment().get_template(template).render(root=root, **values))
    return text.encode()


def _ready(path: str, content: bytes) -> Page:
    return Page(path, hashlib.sha256(content).hexdigest(), lambda: content)


def _bundle() -> str:
    """A digest of this code and its templates: what it made before is made again when they change."""
    room = files("benchsuite.site")
    total = hashlib.sha256(__version__.encode())
    for folder in (room, room / "templates"):
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.is_file():
                total.update(file.read_bytes())
    return total.hexdigest()


def _told(text: object) -> str:
    """A message as it may leave this machine: without the folders of somebody's disk."""
    return markup.without_folders(str(text))


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _when(iso: str) -> str:
    """`2026-03-01 10:12 UTC`."""
    return f"{iso[:16].replace('T', ' ')} UTC"


def _size(count: float) -> str:
    return f"{count / 2**20:,.1f}\N{NO-BREAK SPACE}MiB" if count >= 2**20 else f"{count:,.0f} bytes"


def _title(metric: str) -> str:
    """A metric's name where a sentence or a line begins."""
    return upper_first(METRICS[metric].title)


# The index and the studies.


@english
def _index(gathered: Gathered, shown: Mapping[str, Mapping[str, Any]], title: str) -> bytes:
    studies, problems = gathered.studies, gathered.problems
    spent = sum(run.record.cost.seconds.get("total", 0.0) for run in gathered.runs if run.record.cost)
    done = sum(run.record.status == "done" for run in gathered.runs)
    summary = (
        f"{_count(len(studies), 'study', 'studies')}, {_count(done, 'finished run')}, {seconds(spent)} of computing."
    )
    more = f"; the first {MOST_PROBLEMS} are shown" if len(problems) > MOST_PROBLEMS else ""
    return _render(
        "index.html.j2",
        "",
        here="index",
        title=title,
        studies=[shown[study.name] for study in studies],
        summary=summary,
        problems=problems[:MOST_PROBLEMS],
        problems_said=f"{_count(len(problems), 'run')} whose record is damaged, or not for this version{more}.",
    )


@english
def _study(study: Study) -> dict[str, Any]:
    """A study as templates see it."""
    found, told = study.findings, study.declared
    best = _best(study)
    facts = found.dataset
    verdicts = Counter(claim.verdict for claim in found.claims)
    return {
        "name": study.name,
        "slug": study.slug,
        "title": told.title,
        "lang": told.language,
        "prose_lang": told.suite.paper.prose_language if told.suite else "",
        "paper_lang": told.suite.paper.language if told.suite else "",
        "sample": study.sample or found.sample,
        "data": f"{facts.title}, {_count(len(facts.classes), 'class', 'classes')}, {facts.provenance}" if facts else "",
        "done": study.done,
        "failed": study.failed,
        "due": study.due,
        "standing": _standing(study),
        "metric": METRICS[found.metric].title,
        "best": best,
        "claims": [_claim(claim) for claim in found.claims],
        "verdicts": [
            ("holds", "hold" if verdicts["holds"] != 1 else "holds", verdicts["holds"]),
            ("fails", "do not hold" if verdicts["fails"] != 1 else "does not hold", verdicts["fails"]),
            ("open", "open", verdicts["open"]),
        ],
        "finished": found.finished or "",
        "when": _when(found.finished) if found.finished else "",
        "papers": tuple(study.papers),
        "remarks": [_told(remark) for remark in _remarks(study)],
        "facts": list(_study_facts(study)),
        "columns": list(map(_title, _columns(study))),
        "cases": [_case(study, number, best) for number in range(len(found.cases))],
        "drawing": _drawing(study, best),
        "comparisons": [_comparison(one) for one in found.comparisons if one.difference is not None],
        "rows": list(_rows(study)),
        "earlier": [
            {
                "page": run.page,
                "case": run.record.spec.case.name,
                "seed": run.record.spec.seed,
                "said": f"{run.record.status}, {_when(run.record.finished)}",
            }
            for run in study.earlier
        ],
    }


def _remarks(study: Study) -> Iterator[str]:
    yield from study.remarks
    if study.declared.source == "suite":
        yield "There is no paper yet: the study is told as its suite says now, its runs known by their parameters."
    elif study.declared.source == "records" and not study.remarks:
        yield "There is neither a paper nor a suite of this name here: how many runs are due, and claims, are unknown."


def _standing(study: Study) -> str:
    parts = [_count(study.done, "run") + " done"]
    parts += [f"{study.failed:,} failed"] if study.failed else []
    parts += [f"{study.due:,} due"] if study.due else []
    parts += ["number of due runs unknown"] if study.due is None else []
    return ", ".join(parts)


def _best(study: Study) -> dict[str, Any] | None:
    """The case that is best by the mean of what the study compares, as its paper has it."""
    found = study.findings
    metric = METRICS[found.metric]
    known = [case for case in found.cases if metric.name in case.estimates]
    if not known:
        return None
    best = max(known, key=lambda case: metric.sign * case.estimates[metric.name].mean)
    estimate = best.estimates[metric.name]
    return {
        "case": best.case.name,
        "value": metric.format(estimate.mean),
        "interval": metric.interval(estimate),
        "n": _count(estimate.n, "seed"),
    }


def _study_facts(study: Study) -> Iterator[tuple[str, str]]:
    found = study.findings
    yield "Cases", f"{len(found.cases):,}"
    yield "Seeds", _listed(found.seeds)
    if found.search is not None:
        yield "Search", f"{found.search.done:,} of {found.search.planned:,} runs of trials"
    if found.dataset is not None:
        facts = found.dataset
        yield "Data", f"{facts.title}, {facts.provenance}: {_told(facts.evidence)}"
        yield "Images", ", ".join(f"{sum(counts):,} {split}" for split, counts in facts.counts.items())
        yield "Size", "×".join(map(str, facts.image_size)) + " pixels"
    if found.finished:
        yield "Last run", _when(found.finished)
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
    """The metrics of each case: the usual ones, and what the study compares."""
    return tuple(dict.fromkeys(("validation_accuracy", "test_accuracy", "test_macro_f1", study.findings.metric)))


def _case(study: Study, number: int, best: Mapping[str, Any] | None) -> dict[str, Any]:
    case = study.findings.cases[number]
    known = [(name, case.estimates.get(name)) for name in _columns(study)]
    known_runs = str(case.done) if study.due is None else f"{case.done} of {case.planned}"
    return {
        "name": case.case.name,
        "runs": known_runs + (f", {len(case.failures)} failed" if case.failures else ""),
        "best": best is not None and best["case"] == case.case.name and len(study.findings.cases) > 1,
        "baseline": case.case.name in study.findings.baselines,
        "measured": [
            (METRICS[name].format(found.mean), METRICS[name].interval(found)) if found else ("", "")
            for name, found in known
        ],
    }


def _drawing(study: Study, best: Mapping[str, Any] | None) -> Markup:
    found = study.findings
    metric = METRICS[found.metric]
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


def _comparison(one: Comparison) -> dict[str, str]:
    assert one.difference is not None
    found, metric = one.difference, METRICS[one.metric]
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
        detail = f"(to be decided it needs {_count(found.seeds_needed, 'seed')})"
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
    home = _homes(gathered)
    names = [name for name, *_ in COLUMNS] + ["key", "page"]
    rows = [_row(run, place[home[run.page][0].name]) for run in gathered.runs]
    data = json.dumps({"columns": names, "studies": studies, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
    columns = [dict(zip(("name", "title", "first", "number"), column, strict=True)) for column in COLUMNS]
    # What a script element may not hold, even where it is data.
    safe = Markup(data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
    return _render("runs.html.j2", "", here="runs", title="All runs", studies=studies, columns=columns, data=safe)


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


# The pages of runs.


def _homes(gathered: Gathered) -> dict[str, list[Study]]:
    """The studies that each run is of, by its page; that it was made for comes first."""
    homes: dict[str, list[Study]] = {}
    for study in gathered.studies:
        for run in (*study.runs, *study.earlier):
            homes.setdefault(run.page, []).append(study)
    for run in gathered.runs:
        homes[run.page].sort(key=lambda study: study.name.removesuffix(SMOKE) != run.record.spec.suite)
    return homes


@dataclass(frozen=True)
class _Around:
    """What the page of a run says of more than the run. `siblings` are the case's other seeds and their pages."""

    studies: tuple[Mapping[str, Any], ...]
    siblings: tuple[tuple[int, str], ...]
    command: str
    repeat_said: str


def _run_pages(gathered: Gathered, bundle: str) -> Iterator[Page]:
    homes = _homes(gathered)
    cases: dict[str, dict[str, list[tuple[int, str]]]] = {}
    earlier = {study.name: {run.page for run in study.earlier} for study in gathered.studies}
    for study in gathered.studies:
        by_key = {run.record.key: run for run in study.runs}
        own = cases[study.name] = {}
        for (case, seed), key in study.declared.keys.items():
            if key in by_key:
                own.setdefault(case, []).append((seed, by_key[key].page))
    for run in gathered.runs:
        study, *_ = homes[run.page]
        of_case = cases[study.name].get(run.record.spec.case.name, [])
        around = _Around(
            tuple(
                {"slug": one.slug, "title": one.declared.title, "lang": one.declared.language}
                for one in homes[run.page]
            ),
            tuple(sorted(pair for pair in of_case if pair[1] != run.page)),
            *_repeat(run, study, run.page in earlier[study.name]),
        )
        order = hashlib.sha256(repr((bundle, run.digest, around)).encode(errors="backslashreplace")).hexdigest()
        yield Page(run.page, order, partial(_run_page, run, around))


def _repeat(run: Run, study: Study, earlier: bool) -> tuple[str, str]:
    """The command that makes a run again, and what is to say of it; `earlier` is one that is no longer planned."""
    spec = run.record.spec
    name, *arguments = study.declared.arguments or (study.declared.plan.suite,)
    smoke = SMOKE if run.smoke else ""
    words = list(arguments)
    if "sample" in words and smoke:  # the name says so
        at = words.index("sample")
        words[at - 1 : at + 1] = []
    if run.record.status == "failed":
        again = ["benchsuite", "run", name, *arguments]
        return shlex.join(again), "A failed run is due: this makes it, with whatever else of the study is due."
    said = (
        "This trains it again from scratch, beside what is stored, and compares weights and predictions bit for bit. "
        "Start it in the folder that holds the results."
    )
    if earlier:
        said += " The study is no longer as this run was made: the suite, the data and the code of then are needed."
    elif not study.declared.arguments and any(one.kind == "changed" for one in run.record.deviations):
        said += " What was changed from outside, as told above, has to be given again, with --set."
    return shlex.join(["benchsuite", "verify", f"{name}{smoke}/{spec.case.name}/{spec.seed}", *words]), said


@english
def _run_page(run: Run, around: _Around) -> bytes:
    record = run.record
    spec, failure = record.spec, record.failure
    context = {
        "studies": around.studies,
        "case": spec.case.name,
        "seed": spec.seed,
        "key": record.key,
        "status": record.status,
        "sample": bool(run.smoke),
        "deviations": [str(deviation) for deviation in record.deviations],
        "failure": [
            (name, _told(text))
            for name, text in (
                ("Kind", failure.kind),
                ("What", failure.what),
                ("Where", failure.where),
                ("Expected", failure.expected),
                ("What to do", failure.remedy),
            )
            if text
        ]
        if failure
        else None,
        "headline": [
            (_title(name), METRICS[name].format(value))
            for name in HEADLINE
            if (value := METRICS[name].read(record)) is not None
        ],
        "best": record.best.epoch if record.best else None,
        "curves": list(_curves(record)),
        "epochs": [
            (
                epoch.epoch,
                epoch.phase,
                f"{epoch.train_loss:.4f}",
                f"{100 * epoch.train_accuracy:.2f}%",
                f"{epoch.validation_loss:.4f}",
                f"{100 * epoch.validation_accuracy:.2f}%",
                f"{epoch.learning_rate:.3g}",
                f"{epoch.seconds:.2f}",
            )
            for epoch in record.epochs
        ],
        "confusion": _confusion(record),
        "command": around.command,
        "repeat_said": around.repeat_said,
        "sections": [(title, rows) for title, rows in _sections(record) if rows],
        "packages": sorted(record.environment.packages.items()),
        "siblings": around.siblings,
    }
    title = f"{spec.case.name}, seed {spec.seed}"
    root = "../" * run.page.count("/")
    return _render("run.html.j2", root, here="run", title=title, run=context)


def _curves(record: RunRecord) -> Iterator[dict[str, Any]]:
    best = record.best.epoch if record.best else None
    for title, what, scale in (("Loss", "loss", 1.0), ("Accuracy (%)", "accuracy", 100.0)):
        given = [
            Curve(
                name,
                kind,
                [(epoch.epoch, scale * getattr(epoch, f"{kind}_{what}")) for epoch in record.epochs],
            )
            for name, kind in (("training", "train"), ("validation", "validation"))
        ]
        if drawing := curves(title, given, best=best, ident=f"curve-{what}"):
            yield {"title": title, "drawing": drawing}


def _confusion(record: RunRecord) -> dict[str, Any] | None:
    """The matrix of the test images or, of many classes, the most frequent mistakes."""
    test, facts = record.test, record.dataset
    if test is None or not test.confusion:
        return None
    size = len(test.confusion)
    classes = facts.classes if facts and len(facts.classes) == size else tuple(map(str, range(size)))
    if size > MOST_CLASSES:
        wrong = [
            (classes[true], classes[predicted], count)
            for true, row in enumerate(test.confusion)
            for predicted, count in enumerate(row)
            if count and true != predicted
        ]
        wrong.sort(key=lambda mistake: -mistake[2])
        return {"classes": classes, "cells": None, "mistakes": wrong[:MOST_MISTAKES]}
    rows = []
    for true, row in enumerate(test.confusion):
        total = sum(row)
        rows.append(
            {
                "name": classes[true],
                "cells": [
                    (count, math.ceil(LEVELS * count / total) if total else 0, true == predicted)
                    for predicted, count in enumerate(row)
                ],
                "recall": f"{100 * row[true] / total:.1f}%" if total else "",
            }
        )
    return {"classes": classes, "cells": rows, "mistakes": ()}


Rows = list[tuple[str, str]]


def _sections(record: RunRecord) -> Iterator[tuple[str, Rows]]:
    """What else a record tells, part by part."""
    yield (
        "Metrics",
        [
            (_title(name), metric.format(value))
            for name, metric in METRICS.items()
            if (value := metric.read(record)) is not None
        ],
    )
    yield "Parameters", list(parameters(record.spec.case))
    yield "Data and start", list(_provenance(record))
    yield "Network", list(_network(record))
    yield "Hashes", list(_hashes(record))
    yield "Cost", list(_cost(record))
    yield "Environment", list(_environment_facts(record))


def parameters(case: Case) -> Iterator[tuple[str, str]]:
    """Every resolved parameter by its dotted path; what sets the case apart comes first."""
    leaves: dict[str, str] = {}
    for role, part in (("dataset", case.dataset), ("model", case.model), ("recipe", case.recipe)):
        leaves[role] = f"{part.name} ({part.distribution} {part.version})"
        leaves |= {path: _value(value) for path, value in _leaves(role, part.parameters)}
    own = [path for path in leaves if any(path == name or path.startswith(f"{name}.") for name in case.settings)]
    yield from ((f"{path} (varied)", leaves[path]) for path in own)
    yield from ((path, value) for path, value in leaves.items() if path not in own)


def _leaves(path: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(f"{path}.{name}", value)
        else:
            yield f"{path}.{name}", value


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return markup.file_name(text)


def _provenance(record: RunRecord) -> Iterator[tuple[str, str]]:
    if (data := record.dataset) is not None:
        yield "Data", f"{data.title}: {data.provenance}"
        yield "Evidence", _told(data.evidence)
        for split, counts in data.counts.items():
            yield f"{split} images".capitalize(), f"{sum(counts):,}"
        yield "Image size", "×".join(map(str, data.image_size)) + " pixels"
        for where, number in data.duplicates.items():
            yield "Copies", f"{number:,} {where}"
        for what, number in data.changes.items():
            yield "Changed to show", f"{number:,} {what}"
        for split, names in data.left_out.items():
            yield "Left out", f"{len(names):,} of {split}"
    if (start := record.weights) is not None:
        asked = start.request if start.request != "none" else "none asked for"
        yield "Starting weights", f"{asked}: {start.provenance}"
        if start.file:
            yield "Weights file", markup.file_name(start.file)


def _network(record: RunRecord) -> Iterator[tuple[str, str]]:
    if (model := record.model) is not None:
        yield "Parameters", f"{model.parameters_total:,}"
        yield "Trainable", f"{model.parameters_trainable:,}"
        yield "Forward", f"{model.forward_flops / 1e6:,.1f}\N{NO-BREAK SPACE}MFLOP an image"
        yield "Training", f"{model.train_flops / 1e6:,.1f}\N{NO-BREAK SPACE}MFLOP an image"
        yield "Stages", ", ".join(model.stages)
        if model.frozen_stages:
            yield "Frozen", ", ".join(model.frozen_stages)


def _hashes(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "Run key", record.key
    if record.weights_hash:
        yield "Weights", record.weights_hash
    if record.predictions_hash:
        yield "Predictions", record.predictions_hash
    for name, file in record.files.items():
        yield f"{name} ({_size(file.bytes)})", file.sha256
    if record.dataset is not None:
        yield "Data fingerprint", record.dataset.fingerprint
    if record.weights is not None and record.weights.sha256:
        yield "Starting weights", record.weights.sha256


def _cost(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "Started", _when(record.started)
    yield "Finished", _when(record.finished)
    if record.resumed:
        yield "Resumed", _count(record.resumed, "time")
    if (cost := record.cost) is not None:
        for part, spent in cost.seconds.items():
            yield part.capitalize(), seconds(spent)
        yield "Speed", f"{cost.images_per_second:,.0f} training images/s"
        yield "Peak memory", _size(cost.peak_memory_bytes)
        if cost.peak_device_memory_bytes is not None:
            yield "Peak memory of the GPU", _size(cost.peak_device_memory_bytes)
        if cost.energy_joules is not None:
            yield "Energy of the GPU", f"{cost.energy_joules / 1000:,.1f}\N{NO-BREAK SPACE}kJ"
        if cost.at_once:
            yield "Runs at once", str(cost.at_once)
        for phase, how in cost.execution.items():
            yield f"Steps of {phase}", how


def _environment_facts(record: RunRecord) -> Iterator[tuple[str, str]]:
    made = record.environment
    yield "Device", f"{made.device_name} ({made.device})"
    yield "Precision", made.precision
    yield "Threads", str(made.threads)
    for name in ("capability", "driver", "cores", "torch", "torchvision", "numpy", "pillow", "cuda", "cudnn", "cublas"):
        if (value := getattr(made, name)) is not None:
            yield name.capitalize(), str(value)
    yield "Python", made.python
    yield "Platform", made.platform
    if made.git is not None:
        yield "Commit", str(made.git.get("commit", "")) + (", with changes" if made.git.get("dirty") else "")
