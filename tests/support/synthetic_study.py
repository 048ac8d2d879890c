"""Made-up results of a whole suite as it ships: every case, every seed, its search played to the end.

Networks are built for real, but without data, so that stages, sizes and operations are true; curves, confusions and
times are drawn from (case, seed), the same at every call. Numbers are plausible, not true.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

import numpy as np
import torch
from PIL import Image

from benchsuite.analysis.results import Results
from benchsuite.contracts.dataset import Dataset, DatasetCard
from benchsuite.contracts.model import Model, Task
from benchsuite.contracts.observer import Epoch
from benchsuite.contracts.recipe import FreezePolicy, Phase, Recipe
from benchsuite.engine.diagnostics.profile import model_facts
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network
from benchsuite.engine.network.feature_cache import cut
from benchsuite.engine.run.components import find_entries
from benchsuite.identity.canonical import digest
from benchsuite.paper.bundle.renderer_versions import renderer
from benchsuite.paper.context.material import Mistake, PaperMaterial, ReportMaterial
from benchsuite.paper.gather import class_language, network_source, normalisation
from benchsuite.registry import Registry, registry
from benchsuite.registry.declarations import declared_phases
from benchsuite.store.record import Best, Cost, DatasetFacts, ModelFacts, RunRecord, TestMetrics, WeightsFacts
from benchsuite.suite.cases.plan import Case, Component, Plan, PlannedMetric, RunSpec, Trial
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.prose.translations import in_language
from benchsuite.suite.reader import read_suite
from benchsuite.suite.reports import read_report
from benchsuite.suite.schema.suite import Language, Suite
from benchsuite.suite.search.proposal import Step, propose
from benchsuite.suite.search.space import Trials
from support.synthetic import make_environment, make_keys, make_outcomes, make_record

FEW_CLASSES = 8
PHOTOS_PER_CLASS = 3


def make_suite_material(name: str, *, language: Language = "es", **changes: Any) -> PaperMaterial:
    """The material of the suite `name`, its paper in `language`, with all its runs done; `changes` replaces fields of
    PaperMaterial."""
    known = registry()
    suite = in_language(read_suite(name, known), language)
    plan = expand(suite, known)
    keys = make_keys(plan)
    records = {keys[spec.case.name, spec.seed]: _measured(_record(spec, known), plan.metrics) for spec in plan.runs}
    plan = _search(plan, known, keys, records)
    first = plan.cases[0]
    whole = _card(first, known)
    card = whole.in_language(language)
    models = {case.name: _model(case, known) for case in plan.cases}
    facts: dict[str, Any] = {
        "results": Results(suite, plan, keys, records, make_outcomes(records)),
        "card": card,
        "class_language": class_language(whole, language),
        "model_title": models[first.name][0],
        "model_bibtex": models[first.name][1],
        "models": models,
        "normalisation": _normalisation(first, known),
        "source": network_source(suite, plan, known),
        "phases": {case.name: _phases(case, known) for case in plan.cases},
        "samples": _photos(card),
        "mistakes": _mistakes(card, next(iter(records))),
        "version": "0.1.0",
        "renderer": renderer(),
    }
    return PaperMaterial(**(facts | changes))


def make_report_material(name: str, *, language: Language = "es") -> ReportMaterial:
    """The material of the report `name`, its paper in `language`, all of whose studies have all their runs done."""
    report = in_language(read_report(name, registry()).report, language)
    studies = (make_suite_material(step.study, language=language, samples=(), mistakes=()) for step in report.studies)
    return ReportMaterial(report, tuple(studies), version="0.1.0", renderer=renderer())


def make_unstudied_report(name: str, language: Language = "es") -> ReportMaterial:
    """What the paper of a report would be made from before the first run of any of its studies."""
    report = in_language(read_report(name, registry()).report, language)
    suites = (in_language(read_suite(step.study, registry()), language) for step in report.studies)
    return ReportMaterial(report, tuple(map(make_unstudied_material, suites)), version="0.1.0", renderer=renderer())


def make_unstudied_material(suite: Suite) -> PaperMaterial:
    """What the paper of a study is made from before its first run."""
    known = registry()
    plan = expand(suite, known)
    first = plan.cases[0]
    title, bibtex = _model(first, known)
    results = Results(suite, plan, {}, {})
    card = _card(first, known).in_language(suite.paper.language)
    return PaperMaterial(results, card=card, model_title=title, model_bibtex=bibtex)


def _card(case: Case, known: Registry) -> DatasetCard:
    entry = find_entries(case, known)[0]
    return cast("Dataset[Any]", entry.component).card(entry.parse(case.dataset.parameters))


def _model(case: Case, known: Registry) -> tuple[str, str]:
    entry = find_entries(case, known)[1]
    model, params = cast("Model[Any]", entry.component), entry.parse(case.model.parameters)
    return model.title(params), model.bibtex(params)


def _phases(case: Case, known: Registry) -> tuple[Phase, ...]:
    entry = find_entries(case, known)[2]
    return declared_phases(entry, entry.parse(case.recipe.parameters))


def _normalisation(case: Case, known: Registry) -> tuple[tuple[float, ...], tuple[float, ...]]:
    entry = find_entries(case, known)[0]
    return normalisation(cast("Dataset[Any]", entry.component).preprocessing(entry.parse(case.dataset.parameters)))


def _photos(card: DatasetCard) -> tuple[tuple[str, bytes], ...]:
    """Pictures of noise in a colour of the class, as JPEG files."""
    photos = []
    each = PHOTOS_PER_CLASS if len(card.classes) <= FEW_CLASSES else 1
    for label, name in enumerate(card.classes):
        draw = np.random.default_rng(label)
        for _ in range(each):
            pixels = (draw.integers(0, 200, 3) + draw.integers(0, 56, (44, 44, 3))).astype(np.uint8)
            target = io.BytesIO()
            Image.fromarray(pixels).resize((220, 220)).save(target, "JPEG", quality=85)
            photos.append((card.class_titles.get(name, name), target.getvalue()))
    return tuple(photos)


def _mistakes(card: DatasetCard, run: str) -> tuple[Mistake, ...]:
    """Photos of the first classes, each taken for the next one."""
    shown = _photos(card)[:6]
    return tuple(
        Mistake(card.classes[i], card.classes[i + 1], 0.99 - i / 100, run, photo)
        for i, (_, photo) in enumerate(shown[: len(card.classes) - 1])
    )


def _search(plan: Plan, known: Registry, keys: dict[tuple[str, int], str], records: dict[str, RunRecord]) -> Plan:
    """The plan with the trials of its search, whose keys and records are added."""
    if plan.search is None:
        return plan
    planned = plan.search
    cases = Trials(planned, known)
    made: dict[Step, tuple[Trial, RunRecord]] = {}

    def make(step: Step) -> tuple[Trial, RunRecord]:
        if step not in made:
            trial = cases.at(step)
            made[step] = trial, _record(plan.trial_run(trial.case), known)
        return made[step]

    def cost(step: Step) -> float:
        best = make(step)[1].best
        return math.inf if best is None else -best.validation_accuracy

    trials = [make(step) for step in propose(planned.declared, cost).steps]
    for trial, record in trials:
        keys[trial.case.name, record.spec.seed] = record.key
        records[record.key] = record
    return plan.model_copy(update={"trials": tuple(trial for trial, _ in trials), "following": 0})


def _measured(record: RunRecord, metrics: Iterable[PlannedMetric]) -> RunRecord:
    """The record with values of metrics of plugins, the better the more images are right."""
    assert record.best is not None
    assert record.test is not None
    right = {"validation": record.best.validation_accuracy, "test": record.test.accuracy}
    values = {}
    for metric in metrics:
        width = (metric.least + 2 if metric.most is None else metric.most) - metric.least
        for split, accuracy in right.items():
            share = accuracy if metric.higher_is_better else (1 - accuracy) / 2
            values[f"{split}_{metric.id}"] = metric.least + width * share
    return record.model_copy(update={"measured": values})


def _record(spec: RunSpec, known: Registry) -> RunRecord:
    case = spec.case
    for_dataset, _, for_recipe = find_entries(case, known)
    recipe = cast("Recipe[Any]", for_recipe.component)
    phases = recipe.phases(for_recipe.parse(case.recipe.parameters))
    preprocessing = cast("Dataset[Any]", for_dataset.component).preprocessing(
        for_dataset.parse(case.dataset.parameters)
    )
    card = _card(case, known)
    task = Task(len(card.classes), *preprocessing.size)
    model = _facts(case.model.model_dump_json(), phases[-1].freeze.model_dump_json(), task)
    counts = {split: _counts(total, len(card.classes)) for split, total in _splits(card).items()}
    draw = np.random.default_rng([_seed(_identity(case)), spec.seed])
    final = _accuracy(case, len(card.classes)) + float(draw.normal(0, 0.006))
    epochs = _epochs(phases, 1 / len(card.classes), final, counts, model, draw)
    best = max(epochs, key=lambda epoch: epoch.validation_accuracy)
    confusion = _confusion(counts["test"], final, draw)
    right, total = sum(row[i] for i, row in enumerate(confusion)), sum(map(sum, confusion))
    training = sum(epoch.seconds for epoch in epochs)
    wanted = case.model.parameters.get("weights", "none")
    pretrained = wanted != "none"
    return make_record(
        spec,
        environment=make_environment(device="cuda", device_name="NVIDIA H100 80GB HBM3", driver="580.1", cuda="13.0"),
        dataset=DatasetFacts(
            title=card.title,
            classes=card.classes,
            counts=counts,
            image_size=preprocessing.size,
            original_size=preprocessing.size,
            provenance="official",
            evidence="all checksums match the official ones",
            fingerprint="ab" * 32,
        ),
        weights=WeightsFacts(
            request=str(wanted),
            provenance="official" if pretrained else "random",
            file="weights.pth" if pretrained else None,
            sha256="f3" * 32 if pretrained else None,
        ),
        model=model,
        epochs=epochs,
        best=Best(
            phase=best.phase,
            epoch=best.epoch,
            validation_loss=best.validation_loss,
            validation_accuracy=best.validation_accuracy,
            validation_macro_f1=0.99 * best.validation_accuracy,
        ),
        test=TestMetrics(
            loss=2.3 * (1 - final), accuracy=right / total, macro_f1=0.99 * right / total, confusion=confusion
        ),
        cost=Cost(
            seconds={"training": training, "total": 1.2 * training},
            images_per_second=sum(counts["train"]) * len(epochs) / training,
            peak_memory_bytes=2_400_000_000 + 16 * model.parameters_total,
            peak_device_memory_bytes=600_000_000 + 16 * model.parameters_total,
        ),
    )


def _identity(case: Case) -> str:
    return digest({kind: getattr(case, kind).model_dump(mode="json") for kind in ("dataset", "model", "recipe")})


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _accuracy(case: Case, classes: int) -> float:
    """Between chance and one, by the case."""
    share = 0.35 + 0.5 * _seed(_identity(case)) / 2**32
    return 1 / classes + (1 - 1 / classes) * (share if classes > 3 else 0.8 + 0.2 * share)


def _splits(card: DatasetCard) -> Mapping[str, int]:
    """The official splits; a tenth of the training images is for validation where the card has none."""
    splits = {"train": card.splits.get("train", 1000), "test": card.splits.get("test", 200)}
    validation = card.splits.get("validation") or splits["train"] // 10
    return {**splits, "validation": validation}


def _counts(total: int, classes: int) -> tuple[int, ...]:
    return tuple(total // classes + (label < total % classes) for label in range(classes))


@cache
def _facts(component: str, policy: str, task: Task) -> ModelFacts:
    """The sizes of a network, built without data."""
    wanted = Component.model_validate_json(component)
    entry = registry().model(wanted.qualified_name)
    model, params = cast("Model[Any]", entry.component), entry.parse(wanted.parameters)
    with torch.device("meta"):
        module = model.build(params, task)
    network = Network(module, dict(model.stages(module)))
    frozen = freeze.resolve(FreezePolicy.model_validate_json(policy), network.stages)
    freeze.apply(frozen, network.stages)
    freeze.train_mode(frozen, network.stages)
    return model_facts(network, frozen, cut(network, frozen, True), task)


def _epochs(
    phases: tuple[Phase, ...],
    chance: float,
    final: float,
    counts: Mapping[str, tuple[int, ...]],
    model: ModelFacts,
    draw: np.random.Generator,
) -> tuple[Epoch, ...]:
    seconds = 0.5 + sum(counts["train"]) * (20e-6 + model.train_flops / 20e12)
    rate = float(draw.uniform(0.12, 0.35))
    epochs: list[Epoch] = []
    for phase in phases:
        for _ in range(phase.max_epochs):
            number = len(epochs) + 1
            rise = 1 - math.exp(-rate * number)
            train = chance + (min(0.995, final + 0.2) - chance) * rise
            validation = float(np.clip(chance + (final - chance) * rise + draw.normal(0, 0.006), 0, 1))
            epochs.append(
                Epoch(
                    phase=phase.name,
                    epoch=number,
                    train_loss=-math.log(max(chance, train - 0.01)),
                    train_accuracy=train,
                    validation_loss=-math.log(max(chance, validation - 0.02)) * (1 + 0.01 * number),
                    validation_accuracy=validation,
                    learning_rate=phase.optimizer.learning_rate,
                    seconds=seconds,
                )
            )
    return tuple(epochs)


def _confusion(counts: tuple[int, ...], accuracy: float, draw: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    """Errors fall on near classes more often than on far ones; some classes are easier than others."""
    rows = []
    for true, images in enumerate(counts):
        near = np.exp(-np.abs(np.arange(len(counts)) - true) / 2.0)
        near[true] = 0
        right = float(np.clip(accuracy * (0.8 + 0.4 * ((true * 7) % len(counts)) / len(counts)), 0.01, 0.99))
        share = (1 - right) * near / near.sum()
        share[true] = right
        rows.append(tuple(int(n) for n in draw.multinomial(images, share / share.sum())))
    return tuple(rows)
