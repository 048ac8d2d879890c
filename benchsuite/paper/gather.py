"""The material of a paper: a prepared study's results, what its plugins say, and photos."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import TYPE_CHECKING, Any, cast

from benchsuite import __version__
from benchsuite.errors import PluginError

if TYPE_CHECKING:
    from benchsuite.analysis.seed_image_anova import Outcomes
    from benchsuite.contracts.dataset import Dataset, DatasetCard, Preprocessing
    from benchsuite.contracts.model import Model
    from benchsuite.contracts.recipe import Phase, Recipe
    from benchsuite.engine.task import RunTask
    from benchsuite.execution.preparation import Preparation
    from benchsuite.paper.context.material import Mistake, PaperMaterial
    from benchsuite.registry import Entry, Registry
    from benchsuite.store.predictions import Predictions
    from benchsuite.store.record import RunRecord
    from benchsuite.store.run_store import Store
    from benchsuite.suite.cases.plan import Case, Plan
    from benchsuite.suite.schema.suite import Suite

PHOTOS_PER_CLASS = 3
FEW_CLASSES = 8
"""Classes of which the paper shows several photos each; of more, it shows one."""
MISTAKES = 10
"""Photos at most of test images that the best case takes for another class."""


def gather(suite: Suite, preparation: Preparation, registry: Registry) -> PaperMaterial:
    """What the paper of a prepared suite is made from. Raises StoreError where predictions are missing, DataError
    where a photo cannot be read, PluginError where a figure's plugin fails."""
    from benchsuite.paper.plugin_figures import charts_apart
    from benchsuite.store.run_store import Store

    material = with_photos(gather_results(suite, preparation, registry), preparation)
    tasks, plan = preparation.tasks, preparation.plan
    store = Store(preparation.runs_folder)
    material = replace(
        material,
        mistakes=_mistakes(tasks[: len(plan.cases) * len(plan.seeds)], material.results.records, store),
    )
    return replace(material, charts=charts_apart(material, preparation.runs_folder))


def with_photos(material: PaperMaterial, preparation: Preparation) -> PaperMaterial:
    """The material with some training photos of each class. Raises DataError where one cannot be read."""
    return replace(material, samples=_photos(preparation.tasks[0], material.card))


def gather_results(suite: Suite, preparation: Preparation, registry: Registry) -> PaperMaterial:
    """The same without photos and charts, as a report gathers its studies. Raises StoreError, and PluginError where a
    metric's plugin fails."""
    from benchsuite.execution.due_runs import load_records
    from benchsuite.execution.measuring import measure
    from benchsuite.store.run_store import Store

    material = without_results(suite, preparation, registry)
    store = Store(preparation.runs_folder)
    records = measure(load_records(preparation.tasks), preparation.plan.metrics, registry, store)
    outcomes = {  # of all that was predicted, which may not fit into memory, no more than this
        key: _right(store.read_predictions(record))
        for key, record in records.items()
        if record.status == "done" and record.test is not None
    }
    return replace(material, results=replace(material.results, records=records, outcomes=outcomes))


def without_results(suite: Suite, preparation: Preparation, registry: Registry) -> PaperMaterial:
    """What the paper of a prepared suite is made from before there are results, without photos and charts."""
    from benchsuite.analysis.results import Results
    from benchsuite.paper.bundle.renderer_versions import renderer
    from benchsuite.paper.context.material import PaperMaterial

    tasks, plan = preparation.tasks, preparation.plan
    keys = {(task.spec.case.name, task.spec.seed): task.key.key for task in tasks}
    case = plan.cases[0]
    dataset_entry = registry.dataset(case.dataset.qualified_name)
    dataset, asked = cast("Dataset[Any]", dataset_entry.component), dataset_entry.parse(case.dataset.parameters)
    found = next((task.data for task in tasks if task.spec.case.dataset == case.dataset), None)
    card = dataset.describe(asked, found.folder) if found is not None else dataset.card(asked)
    language = suite.paper.language
    told = {planned.name: _case_told(planned, registry, language) for planned in plan.cases}
    normalisations = {one.normalisation for one in told.values()}
    return PaperMaterial(
        results=Results(suite=suite, plan=plan, keys=keys, records={}),
        card=card.in_language(language),
        labels={path: label for one in told.values() for path, label in one.labels.items()},
        model_title=told[case.name].model[0],
        model_bibtex=told[case.name].model[1],
        models={name: one.model for name, one in told.items()},
        recipes={planned.recipe.name: told[planned.name].recipe_bibtex for planned in plan.cases},
        recipe_words={name: one.recipe for name, one in told.items() if any(one.recipe)},
        licences={weights: licence for one in told.values() for weights, licence in one.licences.items()},
        normalisation=next(iter(normalisations)) if len(normalisations) == 1 else None,
        source=network_source(suite, plan, registry) if "fig-source" in suite.paper.further else "",
        phases={name: one.phases for name, one in told.items()},
        version=__version__,
        renderer=renderer(),
    )


@dataclass(frozen=True)
class _CaseTold:
    """What the plugins of a case say of it."""

    labels: Mapping[str, str]
    """What its components call their parameters, by the dotted paths of these."""
    normalisation: tuple[tuple[float, ...], tuple[float, ...]]
    model: tuple[str, str]
    """Title and BibTeX."""
    licences: Mapping[str, str]
    """The licence of pretrained weights, by what these are called."""
    recipe: tuple[str, str]
    """Title and summary; both are empty where it has none."""
    recipe_bibtex: str
    phases: tuple[Phase, ...]


def _case_told(case: Case, registry: Registry, language: str) -> _CaseTold:
    """Raises PluginError where what should be a text is none."""
    from benchsuite.registry import CASE_PARTS
    from benchsuite.registry.declarations import declared_phases

    labels: dict[str, str] = {}
    for kind in CASE_PARTS:
        named = registry.entry(kind, getattr(case, kind).qualified_name).component.Parameters.labels
        labels |= {f"{kind}.{path}": label for path, label in named.get(language, {}).items()}
    entry = registry.dataset(case.dataset.qualified_name)
    prepares = cast("Dataset[Any]", entry.component).preprocessing(entry.parse(case.dataset.parameters))
    entry = registry.model(case.model.qualified_name)
    model, params = cast("Model[Any]", entry.component), entry.parse(case.model.parameters)
    request = model.weights(params)
    titled = _told(entry, "title", model.title(params)), _told(entry, "bibtex", model.bibtex(params))
    entry = registry.recipe(case.recipe.qualified_name)
    recipe, params = cast("Recipe[Any]", entry.component), entry.parse(case.recipe.parameters)
    return _CaseTold(
        labels=labels,
        normalisation=normalisation(prepares),
        model=titled,
        licences={request.name: request.licence} if request is not None and request.licence else {},
        recipe=(
            _told(entry, "title", recipe.title(params, language)),
            _told(entry, "summary", recipe.summary(params, language)),
        ),
        recipe_bibtex=_told(entry, "bibtex", recipe.bibtex(params)),
        phases=declared_phases(entry, params),
    )


def normalisation(preprocessing: Preprocessing) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What is subtracted from each channel, and what it is divided by."""
    return tuple(map(float, preprocessing.mean)), tuple(map(float, preprocessing.std))


def network_source(suite: Suite, plan: Plan, registry: Registry) -> str:
    """The code that builds the network of the reference, or of the first case, and what it makes of pretrained weights
    where that case asks for some; nothing where there is no source, as in an interactive session."""
    from benchsuite.contracts.model import Model
    from benchsuite.suite.cases.baselines import baseline_cases

    references = set(baseline_cases(suite, plan.cases).values())
    case = next((one for one in plan.cases if one.name in references), plan.cases[0])
    entry = registry.model(case.model.qualified_name)
    model = cast("Model[Any]", entry.component)
    methods = ["build"]
    if model.weights(entry.parse(case.model.parameters)) is not None:
        methods += [name for name in ("weights", "adapt") if getattr(type(model), name) is not getattr(Model, name)]
    with suppress(OSError, TypeError):
        return "\n\n".join(dedent(inspect.getsource(getattr(type(model), name))).rstrip() for name in methods)
    return ""


def _told(entry: Entry, method: str, told: object) -> str:
    """The text that a component's method has given. Raises PluginError where it is none."""
    if not isinstance(told, str):
        raise PluginError(
            f"{method}() of the {entry.kind} {entry.name} gives {type(told).__name__}",
            where=f"{entry.distribution} {entry.version}, {entry.module}",
            expected="a text",
            remedy=f"mend {entry.distribution}, or report it to its authors",
        )
    return told


def _right(predictions: Predictions) -> Outcomes:
    """The test images that a run has right."""
    return cast("Outcomes", predictions.test_probabilities.argmax(axis=1) == predictions.test_labels)


def _photos(task: RunTask, card: DatasetCard) -> Sequence[tuple[str, bytes]]:
    """The first training photos of each class, made small, with the title of their class."""
    from benchsuite.paper.document.thumbnails import thumbnail
    from benchsuite.sources.digests import open_image

    index, digests = task.data.index, task.data.digests["train"]
    photos = []
    wanted = PHOTOS_PER_CLASS if len(index.classes) <= FEW_CLASSES else 1
    for label, name in enumerate(index.classes):
        chosen = [i for i, other in enumerate(index.train.labels) if other == label][:wanted]
        title = card.class_titles.get(name, name)
        photos += [(title, thumbnail(open_image(index.train.images, i, digests[i]))) for i in chosen]
    return photos


def _mistakes(tasks: Sequence[RunTask], records: Mapping[str, RunRecord], store: Store) -> Sequence[Mistake]:
    """The test photos that a run of the best case, its first seed, is surest of and has wrong. `tasks` are the cases'
    own, without a search's trials."""
    import numpy as np

    from benchsuite.paper.context.material import Mistake
    from benchsuite.paper.document.thumbnails import thumbnail
    from benchsuite.sources.digests import open_image

    reached: dict[str, list[float]] = {}
    for task in tasks:
        record = records.get(task.key.key)
        if record is not None and record.test is not None:
            reached.setdefault(task.spec.case.name, []).append(record.test.accuracy)
    if not reached:
        return ()
    best = max(reached, key=lambda name: sum(reached[name]) / len(reached[name]))
    made = ((task, records[task.key.key]) for task in tasks if task.spec.case.name == best and task.key.key in records)
    task, record = next((task, record) for task, record in made if record.test is not None)
    found = store.read_predictions(record)
    index = task.data.index
    sure = np.where(_right(found), -1.0, found.test_probabilities.max(axis=1))
    order = [int(i) for i in np.argsort(-sure, kind="stable")[:MISTAKES] if sure[i] >= 0]
    return [
        Mistake(
            true=index.classes[int(found.test_labels[i])],
            predicted=index.classes[int(found.test_probabilities[i].argmax())],
            probability=float(found.test_probabilities[i].max()),
            run=task.key.key,
            photo=thumbnail(open_image(index.test.images, i, task.data.digests["test"][i])),
        )
        for i in order
    ]
