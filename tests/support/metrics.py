"""Metrics of an outsider, sound and broken ones; a registry of them beside the pretended components, and material whose
suite asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from benchsuite.api import Metric, Parameters, Predicted
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.registry import Registry, discover
from benchsuite.registry.declarations import declared_metric
from benchsuite.registry.validation import ClassesPlugin
from benchsuite.suite.cases.plan import PlannedMetric
from benchsuite.suite.cases.resolver import component
from benchsuite.suite.schema.suite import MetricChoice
from support import fake_components


class SurenessParameters(Parameters):
    """What a suite may choose."""

    power: float = Field(default=1.0, gt=0, le=10)
    """What the confidence is raised to."""


class Sureness(Metric[SurenessParameters]):
    """Mean confidence, which is taken for good."""

    name = "sureness"
    Parameters = SurenessParameters
    higher_is_better = True
    most = 1.0
    percent = True

    def title(self, params: SurenessParameters, language: str) -> str:
        return {"es": "seguridad media", "en": "mean confidence"}[language]

    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return float((predicted.probabilities.max(axis=1).astype(np.float64) ** params.power).mean())

    def bibtex(self, params: SurenessParameters) -> str:
        return "@book{tukey1977, author={Tukey, John}, title={Exploratory data analysis}, year={1977}, publisher={AW}}"


class NoParameters(Parameters):
    """There is nothing to choose."""


class Mistakes(Metric[NoParameters]):
    """Share of the images that are wrong: the smaller, the better."""

    name = "mistakes"
    Parameters = NoParameters
    higher_is_better = False
    needs = ("predictions",)
    most = 1.0

    def title(self, params: NoParameters, language: str) -> str:
        return {"es": "tasa de error", "en": "error rate"}[language]

    def compute(self, params: NoParameters, predicted: Predicted) -> Any:
        return float((predicted.predictions != predicted.labels).mean())


class Marked(Mistakes):
    """Its title has all that means something in the text of a paper."""

    TITLE = r"F1 *de* **la** clase {{x}} [[y]] [z](w) $k$ `c` \\ <b>"

    def title(self, params: NoParameters, language: str) -> str:
        return self.TITLE


class NotANumber(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return float("nan")


class Vector(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return predicted.probabilities.mean(axis=0)


class Word(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return "high"


class Percent(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return 100 * super().compute(params, predicted)


class Raising(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        raise RuntimeError("no curve here")


class Unrequirable(Sureness):
    def require(self, params: SurenessParameters) -> None:
        raise RuntimeError("no library here")


class Meddling(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        predicted.probabilities[0, 0] = 1
        return 0.5


class Nothing(Sureness):
    def compute(self, params: SurenessParameters, predicted: Predicted) -> Any:
        return None


class NeedsLogits(Sureness):
    needs = ("logits",)


class Upwards(Sureness):
    least, most = 1.0, 0.0


class Undirected(Sureness):
    higher_is_better = None  # type: ignore[assignment]


class Untitled(Sureness):
    def title(self, params: SurenessParameters, language: str) -> str:
        return {"es": "seguridad media"}.get(language, "")


def registry_with(*metrics: type[Metric[Any]]) -> Registry:
    """The pretended components and these metrics."""
    announced = fake_components.Announced("outsider", ClassesPlugin(metrics, "1.0"))
    found = discover([fake_components.Announced("pretend", fake_components.Provider(None)), announced])
    assert not found.quarantined
    return found


def planned(name: str = "sureness", metric: type[Metric[Any]] = Sureness) -> PlannedMetric:
    """A metric as a plan has it, under the name that a suite gives it."""
    entry = registry_with(metric).metric(metric.name)
    params = entry.parse({})
    made = component(entry, params.model_dump(mode="json"))
    return PlannedMetric(id=name, component=made, **vars(declared_metric(entry, params)))


def measured(material: PaperMaterial, *metrics: PlannedMetric) -> PaperMaterial:
    """The material of a study that asks for these metrics, whose values rise with the accuracy of each run."""
    results = material.results
    records = {
        key: record.model_copy(
            update={
                "measured": {
                    f"{split}_{one.id}": 0.5 * record.test.accuracy + 0.01 * (split == "test")
                    for one in metrics
                    for split in ("validation", "test")
                }
            }
        )
        if record.test is not None
        else record
        for key, record in results.records.items()
    }
    asked = {one.id: MetricChoice(name=one.component.name) for one in metrics}
    suite = results.suite.model_copy(update={"metrics": asked})
    plan = results.plan.model_copy(update={"metrics": metrics})
    return replace(material, results=replace(results, suite=suite, plan=plan, records=records))
