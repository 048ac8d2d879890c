"""What mypy must refuse: every line that is wrong says so with the code of the error, and no other line is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import benchsuite.api
from benchsuite.api import (
    Averaging,
    Chart,
    ChartSeries,
    Dataset,
    EarlyStopping,
    EpochReport,
    Executor,
    Figure,
    Found,
    Images,
    Model,
    Optimizer,
    Parameters,
    Phase,
    PhotoFiles,
    Recipe,
    RunInfo,
    Scheduler,
    Session,
    Site,
    Split,
    StudyResult,
    Task,
)

if TYPE_CHECKING:
    from torch import nn


class NetworkParameters(Parameters):
    width: int = 8


class Unparameterised(Model[int]):  # error: type-var
    name = "unparameterised"


class Network(Model[NetworkParameters]):
    name = 3  # error: assignment
    Parameters = int  # error: assignment

    def title(self, params: NetworkParameters) -> str:
        return params.depth  # error: attr-defined, no-any-return

    def build(self, params: NetworkParameters, task: int) -> nn.Module:  # error: override
        raise NotImplementedError

    def stages(self, module: nn.Module) -> list[nn.Module]:  # error: override
        return [module]

    def smoke(self, params: NetworkParameters) -> list[str]:  # error: override
        return []


Network()  # error: abstract


class Curve(Figure[NetworkParameters]):
    name = "curve"
    Parameters = NetworkParameters

    def chart(self, params: NetworkParameters, study: StudyResult) -> Chart:
        line = ChartSeries(title="a", x=("one",), y=(1.0,))  # error: arg-type
        return Chart(shows="", alt="", kind="pie", x="", y="", series=(line,))  # error: arg-type


class Engine(Executor[NetworkParameters]):
    name = "engine"
    Parameters = NetworkParameters

    def open(self, options: NetworkParameters, handler: int, survey: Any, heard: Any) -> Session:  # error: override
        raise NotImplementedError


Session()  # error: abstract


def change(epoch: EpochReport, run: RunInfo, task: Task, study: StudyResult) -> None:
    epoch.train_loss = 0.0  # error: misc
    run.parameters["model"] = "other"  # error: index
    task.classes = 4  # error: misc
    study.cases[0].runs[0].test_images  # error: attr-defined
    Site(name="one", host="here", slots=1, facts="none")  # error: arg-type


def declare(folder: Path, images: Images, dataset: Dataset[Any], recipe: Recipe[Any]) -> Mapping[str, object]:
    return {
        "optimizer": Optimizer("adamax", 0.1, 0.9),  # error: arg-type
        "scheduler": Scheduler("linear", by_step="epoch"),  # error: arg-type
        "averaging": Averaging("mean"),  # error: arg-type
        "stopping": EarlyStopping(),  # error: call-arg
        "phase": Phase("only", 1, 32, Optimizer("adam", 0.1), monitor="test_accuracy"),  # error: arg-type
        "found": Found(folder, "stolen", ""),  # error: arg-type
        "labels": Split(images, ("cat",)),  # error: arg-type
        "files": Split(PhotoFiles(folder, ["a.jpg"]), (0,)),  # error: arg-type
        "test": dataset.test,  # error: attr-defined
        "step": recipe.step,  # error: attr-defined
        "engine": benchsuite.api.engine,  # error: attr-defined
    }


def calls() -> None:
    benchsuite.run("beans_freeze", policy="fake")  # error: arg-type
    benchsuite.run("beans_freeze", 3)  # error: arg-type, call-arg
    benchsuite.load("results").runs  # error: union-attr
    benchsuite.load("results", "beans_freeze").frame(by="seed")  # error: arg-type
