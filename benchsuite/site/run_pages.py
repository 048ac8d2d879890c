"""The page of each run: what became of it, its curves, its parameters, and the command that repeats it."""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from benchsuite.paper.document import markup
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.typography import seconds
from benchsuite.site.charts import Curve, curves
from benchsuite.site.folder import Page
from benchsuite.site.rendering import (
    code_digest,
    counted,
    english,
    file_size,
    metric_title,
    moment,
    render,
    shareable,
)  # fmt: skip
from benchsuite.store.run_store import SMOKE

if TYPE_CHECKING:
    from benchsuite.site.gather import Gathered, Run, Study
    from benchsuite.store.record import RunRecord
    from benchsuite.suite.cases.plan import Case

HEADLINE = ("test_accuracy", "test_macro_f1", "validation_accuracy")
MOST_CLASSES = 24
"""Of more, a page shows the most frequent mistakes and no matrix."""
MOST_MISTAKES = 20
LEVELS = 5
"""Shades of a confusion matrix."""


def homes_of(gathered: Gathered) -> dict[str, list[Study]]:
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


def run_pages(gathered: Gathered) -> Iterator[Page]:
    """The page of each run."""
    code, homes = code_digest(), homes_of(gathered)
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
        order = hashlib.sha256(repr((code, run.digest, around)).encode(errors="backslashreplace")).hexdigest()
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
            (name, shareable(text))
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
            (metric_title(METRICS[name]), METRICS[name].format(value))
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
    return render("run.html.j2", root, here="run", title=title, run=context)


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
            (metric_title(metric), metric.format(value))
            for metric in METRICS.values()
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
        yield "Evidence", shareable(data.evidence)
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
        yield f"{name} ({file_size(file.bytes)})", file.sha256
    if record.dataset is not None:
        yield "Data fingerprint", record.dataset.fingerprint
    if record.weights is not None and record.weights.sha256:
        yield "Starting weights", record.weights.sha256


def _cost(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "Started", moment(record.started)
    yield "Finished", moment(record.finished)
    if record.resumed:
        yield "Resumed", counted(record.resumed, "time")
    if (cost := record.cost) is not None:
        for part, spent in cost.seconds.items():
            yield part.capitalize(), seconds(spent)
        if cost.data_seconds is not None:
            yield "Waiting for batches", seconds(cost.data_seconds)
        yield "Speed", f"{cost.images_per_second:,.0f} training images/s"
        yield "Peak memory", file_size(cost.peak_memory_bytes)
        if cost.peak_device_memory_bytes is not None:
            yield "Peak memory of the GPU", file_size(cost.peak_device_memory_bytes)
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
