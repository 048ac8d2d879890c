"""`benchsuite predict`: what a trained network takes new photos for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchsuite.commands.console import announce, count, out, print_json, say, table
from benchsuite.commands.options import Json, StudyOptions, TrainedName
from benchsuite.commands.trained_runs import finished_runs, tell_deviations, title

if TYPE_CHECKING:
    from benchsuite.execution.predict import Predicted
    from benchsuite.store.record import RunRecord


def predict(
    name: TrainedName,
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO...", help="Photos, or folders of them.", show_default=False)
    ],
    *,
    options: StudyOptions,
    ensemble: Annotated[
        bool,
        typer.Option("--ensemble", help="Take the mean of all the case's seeds, not the best in validation."),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write a page with the photos and heat maps (Grad-CAM)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which class each PHOTO is of, by the network of the best case of a study, or of a case of your choice.

    The best is what did best in validation; the test split chooses nothing. Photos are decoded, resized and
    normalised as those of the run were, and the network is its best checkpoint. The photos of the test split, in its
    order, get the predictions that are stored with the run, bit for bit.
    """
    from benchsuite.execution.predict import PredictJob, find_photos
    from benchsuite.execution.trained import carry_out, numerics_like, weights_of

    found = finished_runs(name, options)
    runs = [(record, weights_of(store, record)) for store, record in (found if ensemble else found[:1])]
    named = find_photos(photos)
    records = [record for record, _ in runs]
    numerics = numerics_like(records[0].environment, options.device.value)
    tell_deviations(records[0], numerics)
    what = f"the mean of {len(records)} seeds, the first " if len(records) > 1 else ""
    say(f"network: {what}{title(records[0])}")
    job = PredictJob(numerics, tuple(runs), named, html is not None, options.skip_broken)
    predicted: Predicted = carry_out(job)
    if predicted.left_out:
        announce(f"left out, for they cannot be decoded: {', '.join(predicted.left_out)}")
    if html is not None:
        from benchsuite.commands.predict_page import write_page

        write_page(predicted, records, html)
        say(f"page: {html}")
    if as_json:
        print_json(_as_json(predicted, records))
    else:
        _show(predicted)


def _show(predicted: Predicted) -> None:
    shown = table(count(len(predicted.photos), "photo"), "photo", "class", "", "next", " ", right=("", " "))
    for number, photo in enumerate(predicted.photos):
        best = predicted.ranked(number, 2)
        shown.add_row(photo, *(cell for label, p in best for cell in (label, f"{100 * p:.1f} %")))
    out.print(shown)


def _as_json(predicted: Predicted, records: list[RunRecord]) -> dict[str, Any]:
    first = records[0]
    return {
        "suite": first.spec.suite,
        "case": first.spec.case.name,
        "runs": [{"key": record.key, "seed": record.spec.seed} for record in records],
        "photos": [
            {
                "photo": photo,
                "class": predicted.ranked(number, 1)[0][0],
                "probabilities": dict(zip(predicted.classes, map(float, predicted.probabilities[number]), strict=True)),
            }
            for number, photo in enumerate(predicted.photos)
        ],
        "left_out": predicted.left_out,
    }
