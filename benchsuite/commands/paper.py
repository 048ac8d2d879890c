"""`benchsuite paper`: make the paper of a study from the results that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from benchsuite import __version__
from benchsuite.commands.console import announce, say
from benchsuite.commands.options import (
    RESULTS,
    Data,
    DeviceName,
    DeviceOption,
    PolicyName,
    PolicyOption,
    Results,
    Seeds,
    Set,
    SuiteName,
)
from benchsuite.errors import PaperError

if TYPE_CHECKING:
    from benchsuite.analysis.crossed import Outcomes
    from benchsuite.commands.study import Study
    from benchsuite.contracts.dataset import Dataset, DatasetCard
    from benchsuite.contracts.model import Model
    from benchsuite.engine.task import RunTask
    from benchsuite.paper import PaperFiles
    from benchsuite.store.folders import Store
    from benchsuite.store.record import RunRecord

PHOTOS_PER_CLASS = 3
FEW_CLASSES = 8
"""Classes of which the paper shows several photos each; of more, it shows one."""


def paper(
    suite: SuiteName,
    overrides: Set = None,
    seeds: Seeds = None,
    data: Data = None,
    policy: PolicyOption = PolicyName.auto,
    device: DeviceOption = DeviceName.auto,
    results: Results = RESULTS,
    need_all: Annotated[bool, typer.Option("--complete", help="Refuse while runs are missing.")] = False,
) -> None:
    """Write paper.html and paper.pdf of SUITE from the finished runs; training nothing.

    A study that is half done gets a paper too, marked as partial.
    """
    from benchsuite.commands.study import open_study, place_from
    from benchsuite.execution.study import known_records
    from benchsuite.paper.pdf import check_pango

    check_pango()
    study = open_study(
        suite, place_from(data, policy, device, results), overrides=overrides, seeds=seeds, download=False
    )
    if study.preparation.tasks is None:
        trial = results / f"{study.suite.name}@sample"
        again = f"make the runs first: benchsuite run {study.suite.name}"
        if all(absent.startswith("weights") for absent in study.preparation.absent):
            again += "; if they were made without a network, from random weights, set HF_HUB_OFFLINE=1"
        raise PaperError(
            f"{' and '.join(study.preparation.absent)}: not here yet, so no run can be recognised",
            where=str(results),
            remedy="name the trial that is there with --policy sample, or the data with --data"
            if trial.is_dir()
            else again,
        )
    known = known_records(study.preparation.tasks)
    keys = [task.key.key for task in study.preparation.tasks]
    done = sum(key in known and known[key].status == "done" for key in keys)
    total = len(keys) + study.preparation.plan.following
    if not done:
        raise PaperError(
            f"no run of {study.suite.name} is done",
            where=str(study.preparation.runs_folder),
            remedy=f"make some first: benchsuite run {study.suite.name}",
        )
    if done < total:
        if need_all:
            raise PaperError(
                f"{total - done} of {total} runs are missing", remedy=f"make them: benchsuite run {study.suite.name}"
            )
        announce(f"partial paper: {done} of {total} runs are done")
    files = write_paper(study)
    say(f"paper: {files.pdf}\n       {files.html}")


def write_paper(study: Study) -> PaperFiles:
    """Make the paper of what is done of a prepared study."""
    # Statistics and rendering take seconds to import: other commands do without them.
    from benchsuite.analysis.results import Results
    from benchsuite.execution.study import known_records
    from benchsuite.paper import PaperMaterial, build_paper
    from benchsuite.paper.renderer import renderer
    from benchsuite.store.folders import Store

    preparation = study.preparation
    tasks = preparation.tasks or ()
    plan = preparation.plan
    records = known_records(tasks)
    results = Results(
        suite=study.suite,
        plan=plan,
        keys={(task.spec.case.name, task.spec.seed): task.key.key for task in tasks},
        records=records,
        outcomes=_outcomes(Store(preparation.runs_folder), records),
    )
    case = plan.cases[0]
    dataset_entry = study.registry.dataset(f"{case.dataset.distribution}:{case.dataset.name}")
    card = cast("Dataset[Any]", dataset_entry.component).card(dataset_entry.parse(case.dataset.parameters))
    models = {}
    for planned in plan.cases:
        entry = study.registry.model(f"{planned.model.distribution}:{planned.model.name}")
        model, params = cast("Model[Any]", entry.component), entry.parse(planned.model.parameters)
        models[planned.name] = model.title(params), model.bibtex(params)
    material = PaperMaterial(
        results=results,
        card=card,
        model_title=models[case.name][0],
        model_bibtex=models[case.name][1],
        models=models,
        samples=_photos(tasks[0], card),
        version=__version__,
        renderer=renderer(),
    )
    return build_paper(material, preparation.paper_folder)


def _outcomes(store: Store, records: Mapping[str, RunRecord]) -> dict[str, Outcomes]:
    """Which test images each finished run has right, as far as its predictions are still there."""
    found = {}
    for key, record in records.items():
        if record.status == "done" and record.test is not None:
            predictions = store.read_predictions(key)
            found[key] = predictions.test_probabilities.argmax(axis=1) == predictions.test_labels
    return found


def _photos(task: RunTask, card: DatasetCard) -> Sequence[tuple[str, bytes]]:
    """The first training photos of each class, made small, with the title of their class."""
    from benchsuite.paper.photos import thumbnail

    index = task.data.index
    photos = []
    wanted = PHOTOS_PER_CLASS if len(index.classes) <= FEW_CLASSES else 1
    for label, name in enumerate(index.classes):
        chosen = [i for i, other in enumerate(index.train.labels) if other == label][:wanted]
        for i in chosen:
            photos.append((card.class_titles.get(name, name), thumbnail(index.train.images.open(i))))
    return photos
