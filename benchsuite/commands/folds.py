"""What `benchsuite plan` says of folds: how the seeds are divided among them, and how many images each has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from benchsuite.commands.console import count

if TYPE_CHECKING:
    from benchsuite.commands.session import Session


def folds_words(study: Session) -> Iterator[str]:
    """The folds of a study in a line; nothing where it has none."""
    folds = study.preparation.plan.folds
    if folds is None:
        return
    numbers = {seed // folds.k for seed in study.preparation.plan.seeds}
    line = f"{folds.k} folds in {count(len(numbers), 'round')}: seed n is validated on fold n mod {folds.k}"
    if parts := as_json(study)["sizes"]:
        trained, held_out = ([part[split] for part in parts] for split in ("train", "validation"))
        line += f", with {_span(held_out)} images, and trained on the others, {_span(trained)} images"
    yield line


def as_json(study: Session) -> Mapping[str, Any]:
    """The same for programs; of each fold of a round the number of images, where the data are here."""
    folds = study.preparation.plan.folds
    assert folds is not None
    found = {task.spec.fold: task.data for task in study.preparation.tasks if task.spec.fold is not None}
    sizes = [
        {
            "round": fold.round,
            "fold": fold.number,
            "train": len(data.index.train),
            "validation": len(data.index.validation),
        }
        for fold, data in found.items()
    ]
    return {**folds.model_dump(mode="json"), "sizes": sizes}


def _span(sizes: list[int]) -> str:
    least, most = min(sizes), max(sizes)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
