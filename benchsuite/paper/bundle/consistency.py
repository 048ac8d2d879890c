"""Whether the records that a paper carries follow from one another, and how many of its numbers stand on them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from benchsuite.analysis.seed_image_anova import Outcomes
from benchsuite.identity.canonical import digest
from benchsuite.paper.context.material import Material
from benchsuite.paper.document.blocks import Block, Table
from benchsuite.paper.document.quantities import Quantity
from benchsuite.store.record import RunRecord


def inconsistencies(material: Material) -> list[str]:
    """What in the records does not follow from the rest of them: keys, accuracies, confusions, best epochs."""
    found: dict[str, None] = {}  # studies of a report may share runs
    for results in (study.results for study in material.studies):
        for key, record in results.records.items():
            title = f"run {key[:12]} ({record.spec.case.name}, seed {record.spec.seed})"
            if digest(record.key_fields)[:32] != key:
                found[f"{title}: its key is not the hash of its fields"] = None
            found |= {f"{title}: {wrong}": None for wrong in _wrong(record, results.outcomes.get(key))}
    return list(found)


def count_traced(material: Material, body: Iterable[Block], quantities: Iterable[Quantity]) -> int:
    """How many printed numbers, in text and in tables, come from finished runs that the paper carries, each of which
    follows from its own record; none where some record contradicts itself."""
    if inconsistencies(material):
        return 0
    records = [record for study in material.studies for record in study.results.records.values()]
    finished = {record.key for record in records if record.status == "done"}
    cells = (cell for block in body if isinstance(block, Table) for row in block.rows for cell in row)
    printed = [*(cell.runs for cell in cells if cell.value is not None), *(found.runs for found in quantities)]
    return sum(1 for runs in printed if runs and finished.issuperset(runs))


def _wrong(record: RunRecord, outcomes: Outcomes | None) -> list[str]:
    wrong = []
    if record.test is not None:
        confusion = np.asarray(record.test.confusion)
        right, images = int(np.trace(confusion)), int(confusion.sum())
        if not np.isclose(right / images, record.test.accuracy, rtol=0, atol=1e-12):
            wrong.append(f"test accuracy {record.test.accuracy} but {right} of {images} images on the diagonal")
        sizes = confusion.sum(axis=0) + confusion.sum(axis=1)
        f1 = float(np.mean(np.divide(2 * np.diag(confusion), sizes, out=np.zeros(len(sizes)), where=sizes > 0)))
        if not np.isclose(f1, record.test.macro_f1, rtol=0, atol=1e-9):
            wrong.append(f"macro F1 {record.test.macro_f1} but {f1} from its confusion matrix")
        if outcomes is not None and (len(outcomes), int(outcomes.sum())) != (images, right):
            wrong.append(f"{int(outcomes.sum())} of {len(outcomes)} images right, but {right} of {images} counted")
    if record.best is not None:
        best = next((epoch for epoch in record.epochs if epoch.epoch == record.best.epoch), None)
        told = (record.best.validation_loss, record.best.validation_accuracy)
        if best is None or (best.validation_loss, best.validation_accuracy) != told:
            wrong.append(f"its best epoch, {record.best.epoch}, is not what that epoch measured")
    return wrong
