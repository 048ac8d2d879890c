"""`benchsuite export`: a trained network for other programs, with its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.console import announce, print_json, say
from benchsuite.commands.options import Json, StudyOptions, TrainedName
from benchsuite.commands.run_names import is_smoke, read_name
from benchsuite.commands.trained_runs import finished_runs, tell_deviations, title
from benchsuite.errors import BenchsuiteError, DataError, SetupError, first_line
from benchsuite.extras import require

if TYPE_CHECKING:
    from benchsuite.paper.context.material import PaperMaterial
    from benchsuite.sources.data import LocatedData
    from benchsuite.store.record import RunRecord

CARD = "README.md"
"""What the card of a model is called, by the Hub's convention."""


class FormatName(StrEnum):
    """What other programs read."""

    safetensors = "safetensors"
    onnx = "onnx"
    torch = "torch"


def export(
    name: TrainedName,
    *,
    options: StudyOptions,
    format: Annotated[
        FormatName,
        typer.Option(
            "--format",
            help="safetensors: the weights by name; onnx: a graph for any runtime of ONNX; torch: a program that torch"
            " runs without the model's code.",
        ),
    ] = FormatName.safetensors,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", "-o", metavar="DIR", help="Folder for the file and its card.", show_default="exported/<suite>-<run>"
        ),
    ] = None,
    hub: Annotated[
        str | None,
        typer.Option("--hub", metavar="REPO", help="Also push both to this model repository of the Hugging Face Hub."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the network of one run for other programs: of the best case of a study, or of a case or run of your choice.

    The file says in itself which classes it tells apart, how photos are prepared, what it reached, from which run it
    is, and under which licence the data are. onnx and torch are compared with the network on the whole test split,
    which needs the data. README.md, in Spanish, is the model's card, with the tables of the paper. Of a case it is the
    seed that did best in validation.
    """
    from benchsuite.atomic_files import write_text
    from benchsuite.commands.session import place_from
    from benchsuite.execution.export import FILES, ExportJob, metadata, told_by_components
    from benchsuite.execution.trained import carry_out, weights_of
    from benchsuite.identity.numerics import describe
    from benchsuite.machine import usable_cores
    from benchsuite.paper.model_card import model_card
    from benchsuite.registry import registry

    if format is FormatName.onnx:
        onnx = ("onnx", "onnxruntime", "onnxscript")
        require("the format onnx", *onnx, otherwise="take --format safetensors or --format torch")
    if hub is not None:
        require("--hub", "huggingface_hub", otherwise="leave it out")
    store, record = finished_runs(name, options)[0]
    weights = weights_of(store, record)
    say(f"network: {title(record)}")
    material = _material(name, record, options, sample=is_smoke(store))  # with the plugins of the suite
    model, card, preprocessing = told_by_components(record, registry())
    numerics = describe("cpu", usable_cores(), "fp32")
    tell_deviations(record, record.environment)
    data = None if format is FormatName.safetensors else _data(record, options, sample=is_smoke(store))
    folder = to or Path("exported") / f"{record.spec.suite}-{record.key[:12]}"
    file = folder / FILES[format.value]
    told = metadata(record, card, preprocessing)
    gap = carry_out(ExportJob(numerics, record, weights, format.value, file, told, data, place_from(options).cache))
    write_text(folder / CARD, model_card(record, model, card, preprocessing, file.name, material))
    if gap is not None:
        say(f"on the test split its probabilities differ from torch's by at most {gap:.1e}")
    say(f"written: {file}\n         {folder / CARD}")
    pushed = _push(folder, (file.name, CARD), hub, title(record)) if hub is not None else None
    if pushed is not None:
        say(f"pushed:  {pushed}")
    if as_json:
        written = {"format": format.value, "file": str(file), "card": str(folder / CARD), "key": record.key}
        print_json({**written, "largest_difference": gap, "pushed": pushed})


def _data(record: RunRecord, options: StudyOptions, *, sample: bool) -> LocatedData:
    """The data of a run, whose test split an exported program is tried on. Raises DataError where they are not here."""
    from typing import Any, cast

    from benchsuite.commands.session import place_from
    from benchsuite.contracts.dataset import Dataset
    from benchsuite.registry import registry
    from benchsuite.registry.attribution import blaming
    from benchsuite.sources.data import locate_data
    from benchsuite.sources.folds import Partition

    place, chosen = place_from(options), record.spec.case.dataset
    entry = registry().dataset(chosen.qualified_name)
    try:
        with blaming(entry):
            found = locate_data(
                cast(Dataset[Any], entry.component),
                entry.parse(chosen.parameters),
                policy="sample" if sample else "real",
                data=place.data,
                cache=place.cache,
                say=say,
            )
    except DataError as error:
        error.remedy = f"{error.remedy}\nor take --format safetensors, which needs no data"
        raise
    if record.spec.fold is not None:
        found = Partition(found).fold(record.spec.fold)
    if found.ordered_fingerprint != record.key_fields["data"]:
        announce("the data found here are not those that the run saw; the export is compared on them all the same")
    return found


def _material(name: str, record: RunRecord, options: StudyOptions, *, sample: bool) -> PaperMaterial | None:
    """What the paper of the study is made from, without photos; None where the study is not here as it was."""
    from benchsuite.commands.options import PolicyName
    from benchsuite.commands.session import open_study
    from benchsuite.execution.due_runs import load_records
    from benchsuite.paper.gather import without_results

    if sample:
        options = replace(options, policy=PolicyName.sample)
    suite = record.spec.suite if record.key.startswith(name) else read_name(name).suite
    try:
        study = open_study(suite, options, download=False, quiet=True)
    except BenchsuiteError:
        return None
    records = load_records(study.preparation.tasks)
    if record.key not in records:
        return None
    material = without_results(study.suite, study.preparation, study.registry)
    return replace(material, results=replace(material.results, records=records))


def _push(folder: Path, files: Sequence[str], repo: str, message: str) -> str:
    """Put files into a model repository of the Hugging Face Hub, which is made where it is not there; returns its
    address. Raises SetupError."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled

    hub = HfApi()
    try:
        address = str(hub.create_repo(repo, exist_ok=True))
        hub.upload_folder(repo_id=repo, folder_path=folder, allow_patterns=list(files), commit_message=message)
    except (HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise SetupError(
            f"the model cannot be pushed to the Hub: {first_line(error)}",
            where=repo,
            expected="a network, the name of a repository (USER/NAME) and a token that may write to it",
            remedy=f"log in with `hf auth login` and start the command again; what was written is in {folder}",
        ) from error
    return address
