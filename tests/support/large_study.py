"""Studies of any size on the synthetic sample, and stores in which all their runs are done, made up.

Half of the axes are the recipe's and half the model's, so that cases and trials share components as those of a grid do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from benchsuite.engine.task import RunTask
from benchsuite.store.predictions import Predictions, predictions_hash, to_bytes
from benchsuite.store.record import StoredFile
from benchsuite.store.run_store import PREDICTIONS, RECORD, WEIGHTS, Store
from support.synthetic import make_record

MOST_VALUES = 1000
"""Of an axis."""


def write_suite(path: Path, cases: int, seeds: int, *, named: bool = False) -> Path:
    """A suite with so many cases, a multiple of 20: those of a grid, or each with a name and changes of its own."""
    widths = 10 if cases <= 10 * MOST_VALUES else 20
    rates = [f"{1e-6 * (i + 1):.6f}" for i in range(cases if named else cases // widths)]
    design = (
        f"vary:\n  model.hidden: [{', '.join(f'[{16 + i}]' for i in range(widths))}]\n"
        f"  recipe.learning_rate: [{', '.join(rates)}]\ncompare: {{factor: model.hidden, baseline: [16]}}\n"
    )
    if named:
        changes = (f"{{recipe.learning_rate: {rate}, recipe.max_epochs: {i + 2}}}" for i, rate in enumerate(rates))
        design = "cases:\n" + "".join(f"  - {{name: c{i}, set: {change}}}\n" for i, change in enumerate(changes))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"name: {path.stem}\ntitle: Muchas ejecuciones\nsize: {{cases: {cases}, seeds: {seeds}}}\n"
        "dataset: {name: beans, image_size: 64}\nmodel: {name: mlp}\nrecipe: {name: train, max_epochs: 2}\n"
        f"{design}seeds: {seeds}\npaper: {{authors: [{{name: Ada Ejemplo}}]}}\n"
    )
    return path


def make_done(tasks: Iterable[RunTask]) -> None:
    """A record of thirty epochs for each task, with its files, as if it had been made."""
    predictions = _predictions()
    contents = {PREDICTIONS: to_bytes(predictions), WEIGHTS: bytes(64)}
    files = {
        name: StoredFile(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    }
    template = make_record(files=files, predictions_hash=predictions_hash(predictions))
    for task in tasks:
        folder = Store(task.results).folder(task.key.key)
        folder.mkdir(parents=True)
        own = {"key": task.key.key, "key_fields": task.key.fields, "spec": task.spec, "deviations": task.deviations}
        (folder / RECORD).write_text(template.model_copy(update=own).model_dump_json(indent=1))
        for name, content in contents.items():
            (folder / name).write_bytes(content)


def _predictions() -> Predictions:
    draw = np.random.default_rng(1)
    found = {}
    for split, images in (("validation", 133), ("test", 128)):
        odds = draw.random((images, 3), dtype=np.float32)
        found[f"{split}_probabilities"] = odds / odds.sum(axis=1, keepdims=True)
        found[f"{split}_labels"] = draw.integers(0, 3, images)
    return Predictions(**found)


def write_search(path: Path, trials: int, sampler: str) -> Path:
    """A suite of one case and a search in 50,000 points, over photos that are written beside it."""
    draw = np.random.default_rng(1)
    photos = path.parent / "photos"
    for number in range(0 if photos.is_dir() else 40):
        photo = photos / "ab"[number % 2] / f"{number}.png"
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(photo)
    waits = "  lag: 256\n" if sampler == "tpe" else ""
    path.write_text(
        f"name: {path.stem}\ntitle: Muchos ensayos\nsize: {{cases: 1, seeds: 1, trials: {trials}}}\n"
        f"dataset: {{name: image_folder, folder: {photos}, image_size: 16}}\nmodel: {{name: mlp}}\n"
        "recipe: {name: train, max_epochs: 2}\nseeds: 1\nsearch:\n  space:\n"
        f"    model.hidden: [{', '.join(f'[{16 + i}]' for i in range(10))}]\n"
        f"    recipe.learning_rate: [{', '.join(f'{1e-6 * (i + 1):.6f}' for i in range(MOST_VALUES))}]\n"
        "    recipe.max_epochs: [1, 2, 3, 4, 5]\n"
        f"  sampler: {sampler}\n  budget: {trials}\n{waits}paper: {{authors: [{{name: Ada Ejemplo}}]}}\n"
    )
    return path
