"""Results folders as a site finds them: several studies, with and without a paper, and what is broken or missing."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from pypdf import PdfWriter

from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.context.material import Material
from benchsuite.store.record import SCHEMA_VERSION, RunRecord, StoredFile
from benchsuite.store.run_store import PREDICTIONS, RECORD, Store
from benchsuite.suite.cases.plan import Case, RunSpec
from support.paper_material import make_material, make_report_material
from support.runs import put_run
from support.synthetic import make_case, make_record

CASES, SEEDS = 3, 4
DUE = 2
"""Runs of the study with a paper that were never made."""
CLAIMS: tuple[dict[str, Any], ...] = (
    {"id": "high", "text": "Se supera el *azar* & más", "at_least": 0.0001},
    {"id": "better", "text": "Congelar es mejor", "cases": [1], "better_than": 0},
)
HOSTILE = "</script><script>alert(1)</script> <img src=x onerror=alert(2)> & \"quoted\" 'too'"


def put_paper(folder: Path, material: Material) -> None:
    """Both files of a paper, as far as readers of what it carries can tell."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for name, content in pack(material).items():
        writer.add_attachment(name, content)
    target = io.BytesIO()
    writer.write(target)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "paper.pdf").write_bytes(target.getvalue())
    (folder / "paper.html").write_text("<!doctype html><html lang=es><title>Un estudio</title><h1>Un estudio</h1>")


def put_failure(root: Path, **changes: Any) -> RunRecord:
    """A run that failed."""
    record = make_record(failed=True, **changes)
    Store(root).write(record)
    return record


def make_results(results: Path) -> Path:
    """A study with a paper, of which a run failed and some are due; one without, with hostile names; a smoke run."""
    put_paper(results / "beans_freeze", make_material(cases=CASES, seeds=SEEDS, done=5, claims=CLAIMS))
    put_failure(results, blocks=0, seed=0)
    for blocks in range(CASES):
        for seed in range(SEEDS):
            if (blocks, seed) != (0, 0) and blocks * SEEDS + seed < CASES * SEEDS - DUE:
                put_run(results, blocks=blocks, seed=seed)
    for seed in range(2):
        put_run(results, seed=seed, spec=RunSpec(suite="no_such_suite", case=hostile_case(), seed=seed))
    put_run(results / "no_such_suite@sample", sample=True)
    return results


def make_reported(results: Path) -> Path:
    """A report on two studies of 3 and 2 cases with 2 seeds each; only the second has a paper of its own, too. One of
    the runs that they share is gone."""
    material = make_report_material(sizes=((3, 2), (2, 2)), carries={"step1": 2}, claims=CLAIMS[:1])
    put_paper(results / "both", material)
    put_paper(results / "step2", material.studies[1])
    for blocks, seed in ((0, 0), (0, 1), (1, 0), (2, 0), (2, 1)):
        put_run(results, blocks=blocks, seed=seed)
    return results


def hostile_case() -> Case:
    case = make_case(2, momentum=0.5)
    return case.model_copy(update={"name": HOSTILE})


def put_broken(results: Path) -> tuple[str, str]:
    """A damaged record, and one of a later version; returns their keys."""
    damaged, newer = (put_run(results, blocks=4, seed=seed).key for seed in (7, 8))
    (Store(results).folder(damaged) / RECORD).write_text("{")
    file = Store(results).folder(newer) / RECORD
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema_version": SCHEMA_VERSION + 1}))
    return damaged, newer


def put_many(results: Path, runs: int, suite: str = "many_runs") -> None:
    """So many finished runs of a study, each with thirty epochs, and five seeds a case."""
    predictions = b"not read here"
    files = {PREDICTIONS: StoredFile(bytes=len(predictions), sha256=hashlib.sha256(predictions).hexdigest())}
    for number in range(runs):
        case = make_case(number // 5 % 5, learning_rate=1e-6 * (1 + number // 5))
        case = case.model_copy(update={"name": f"rate={1e-6 * (1 + number // 5):.6f}"})
        record = make_record(RunSpec(suite=suite, case=case, seed=number % 5), files=files, steps=())
        folder = Store(results).folder(record.key)
        folder.mkdir(parents=True)
        (folder / PREDICTIONS).write_bytes(predictions)
        (folder / RECORD).write_text(record.model_dump_json(indent=1))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
