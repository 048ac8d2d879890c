"""A tiny data set, model and recipe for tests of the engine and of the worker processes.

The module is itself a plugin: in this process `registry_with` discovers it, and `installed` writes the metadata with
which worker processes find it as the distribution `tiny-plugin`. Faults are asked for by parameters (which a run key
covers) and, where the same run must fail once and succeed later, by the environment variables named `TINY_...`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
from benchsuite_plugins.recipes.train import Train, TrainParameters

from benchsuite.api import (
    Augmentation,
    Dataset,
    DatasetCard,
    DatasetIndex,
    EarlyStopping,
    EpochReport,
    Found,
    FreezePolicy,
    Model,
    Optimizer,
    Parameters,
    Phase,
    PhotoFiles,
    Precision,
    Preprocessing,
    Recipe,
    Scheduler,
    Split,
    Task,
    WeightsRequest,
    hookimpl,
)
from benchsuite.engine.task import RunTask
from benchsuite.execution.preparation import Place, prepare
from benchsuite.identity.numerics import describe
from benchsuite.registry import Registry, discover
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Case, Component, Plan

DISTRIBUTION = "tiny-plugin"
CLASSES = ("blue", "green", "red")
COUNTS = {"train": 27, "validation": 12, "test": 14}
CRASH = "TINY_CRASH_AT"
"""Environment: the call of the loss at which a recipe with a `crash` parameter crashes."""
SLOW = "TINY_SLOW"
"""Environment: seconds that each call of the loss takes longer."""


class TinyDataParameters(Parameters):
    """What the data look like, and which method fails."""

    image_size: int = 12
    flips: bool = False
    augmentation: tuple[str, ...] = ()
    fault: str = ""


class TinyData(Dataset[TinyDataParameters]):
    """Noisy pictures of three colours, as PNG files `tiny/<split>/<number>_<class>.png`."""

    name = "tiny_data"
    Parameters = TinyDataParameters

    def card(self, params: TinyDataParameters) -> DatasetCard:
        _fail(params.fault, "card")
        return DatasetCard("Tiny", "Tres colores.", "CC0", "@misc{tiny}", "", (), CLASSES, COUNTS)

    def preprocessing(self, params: TinyDataParameters) -> Preprocessing:
        _fail(params.fault, "preprocessing")
        flips = (Augmentation("horizontal_flip", {"p": 0.5}), Augmentation("vertical_flip")) if params.flips else ()
        more = tuple(Augmentation(name) for name in params.augmentation)
        size = (params.image_size, params.image_size)
        return Preprocessing(size, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4), augmentations=flips + more)

    def find(self, params: TinyDataParameters, root: Path, scratch: Path) -> Found | None:
        _fail(params.fault, "find")
        folder = root / "tiny"
        return Found(folder, "unofficial copy", "a test") if folder.is_dir() else None

    def download(self, params: TinyDataParameters, folder: Path, downloader: Any) -> None:
        raise NotImplementedError

    def sample(self, params: TinyDataParameters, folder: Path) -> None:
        write_photos(folder)

    def index(self, params: TinyDataParameters, folder: Path) -> DatasetIndex:
        _fail(params.fault, "index")

        def split(name: str) -> Split:
            files = tuple(sorted(path.relative_to(folder).as_posix() for path in (folder / name).glob("*.png")))
            return Split(PhotoFiles(folder, files), tuple(CLASSES.index(Path(f).stem.split("_")[1]) for f in files))

        return DatasetIndex(CLASSES, split("train"), split("validation"), split("test"))


def write_photos(root: Path, counts: Mapping[str, int] = COUNTS) -> None:
    """Write the pictures below `root/tiny`, the same at every call."""
    from PIL import Image

    draw = np.random.default_rng(0)
    for split, count in counts.items():
        folder = root / "tiny" / split
        folder.mkdir(parents=True)
        for i in range(count):
            pixels = draw.integers(0, 200, (16, 16, 3))
            pixels[..., 2 - i % 3] += 40
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i:03}_{CLASSES[i % 3]}.png")


class TinyNetParameters(Parameters):
    """The parts of the network, its weights, and which method fails."""

    batchnorm: bool = True
    dropout: float = 0.0
    slope: float = 0.1
    gain: float | None = None
    """Multiplies what leaves the stem, by a layer that neither tensors nor its text show."""
    weights: Path | None = None
    fault: str = ""


class TinyNet(Model[TinyNetParameters]):
    """stem, block1, block2 and head: a convolution each, and a linear layer."""

    name = "tiny_net"
    Parameters = TinyNetParameters

    def title(self, params: TinyNetParameters) -> str:
        return "TinyNet"

    def bibtex(self, params: TinyNetParameters) -> str:
        return "@misc{tinynet}"

    def build(self, params: TinyNetParameters, task: Task) -> Any:
        from torch import nn

        _fail(params.fault, "build")

        class Gain(nn.Module):
            def forward(self, batch: Any) -> Any:
                return params.gain * batch

        def block(before: int, after: int, stride: int = 1) -> nn.Sequential:
            layers: list[nn.Module] = [nn.Conv2d(before, after, 3, stride, padding=1)]
            layers += [nn.BatchNorm2d(after)] if params.batchnorm else []
            layers += [nn.LeakyReLU(params.slope)]
            layers += [nn.Dropout(params.dropout)] if params.dropout else []
            return nn.Sequential(*layers)

        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, task.classes)]
        parts = {"stem": block(task.channels, 6, 2), "block1": block(6, 8), "block2": block(8, 8)}
        parts["stem"].extend([Gain()] if params.gain else [])
        return nn.Sequential(_named({**parts, "head": nn.Sequential(*head)}))

    def stages(self, module: Any) -> Mapping[str, Any]:
        return dict(module.named_children())

    def weights(self, params: TinyNetParameters) -> WeightsRequest | None:
        _fail(params.fault, "weights")
        return WeightsRequest("own", "own.pth", path=params.weights) if params.weights else None

    def adapt(self, params: TinyNetParameters, state: dict[str, Any]) -> dict[str, Any]:
        return {name: tensor for name, tensor in state.items() if not name.startswith("head")}


def _named(parts: Mapping[str, Any]) -> Any:
    from collections import OrderedDict

    return OrderedDict(parts)


class TinyRecipeParameters(Parameters):
    """One phase, or two where `second` is positive."""

    epochs: int = 3
    second: int = 0
    batch_size: int = 8
    optimizer: Literal["adam", "sgd", "adamw", "rmsprop"] = "adam"
    learning_rate: float = 0.01
    momentum: float = 0.0
    scheduler: Literal["constant", "step", "multistep", "exponential", "cosine"] = "constant"
    patience: int | None = None
    monitor: Literal["validation_loss", "validation_accuracy"] = "validation_loss"
    warmup: int = 0
    l1: float = 0.0
    clip: float | None = None
    freeze: FreezePolicy = FreezePolicy()
    second_freeze: FreezePolicy = FreezePolicy()
    crash: Literal["", "kill", "exit", "segfault"] = ""
    fault: str = ""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"


_SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "constant": {},
    "step": {"step_size": 2, "gamma": 0.5},
    "multistep": {"milestones": (1, 3), "gamma": 0.3},
    "exponential": {"gamma": 0.8},
    "cosine": {},
}


class TinyRecipe(Recipe[TinyRecipeParameters]):
    """One or two phases, every part of them a parameter."""

    name = "tiny_recipe"
    Parameters = TinyRecipeParameters

    def __init__(self) -> None:
        self.calls = 0

    def phases(self, params: TinyRecipeParameters) -> tuple[Phase, ...]:
        _fail(params.fault, "phases")
        options = {"momentum": params.momentum} if params.momentum else {}
        first = Phase(
            name="first",
            max_epochs=params.epochs,
            batch_size=params.batch_size,
            optimizer=Optimizer(params.optimizer, params.learning_rate, options),
            freeze=params.freeze,
            scheduler=Scheduler(params.scheduler, _SCHEDULES[params.scheduler], params.warmup),
            monitor=params.monitor,
            early_stopping=EarlyStopping(params.patience) if params.patience else None,
            gradient_clip=params.clip,
            l1=params.l1,
        )
        second = Phase(
            name="second",
            max_epochs=params.second,
            batch_size=params.batch_size,
            optimizer=Optimizer("sgd", params.learning_rate, {"momentum": 0.9}),
            freeze=params.second_freeze,
        )
        return (first, second) if params.second else (first,)

    def precision(self, params: TinyRecipeParameters) -> Precision:
        return params.precision

    def log_every(self, params: TinyRecipeParameters) -> int:
        return 3

    def loss(self, params: TinyRecipeParameters, logits: Any, targets: Any) -> Any:
        self.calls += 1
        if SLOW in os.environ:
            time.sleep(float(os.environ[SLOW]))
        if params.crash and self.calls == int(os.environ.get(CRASH, "0")):
            _crash(params.crash)
        _fail(params.fault, "loss")
        loss = super().loss(params, logits, targets)
        return loss * float("nan") if params.fault == f"nan {self.calls}" else loss


class TinyMixing(TinyRecipe):
    """Mixes each batch with itself, by a share drawn anew at every step."""

    name = "tiny_mixing"

    def transform(self, params: TinyRecipeParameters, images: Any, targets: Any, draw: np.random.Generator) -> Any:
        _fail(params.fault, "transform")
        share = float(draw.uniform(0.5, 1))
        return share * images + (1 - share) * images.flip(0), targets


class TinyTrain(Train):
    """The recipe `train` with an optimizer and a schedule of its own, `sharp` and `halves`."""

    name = "tiny_train"

    def phases(self, params: TrainParameters) -> tuple[Phase, ...]:
        return tuple(own_names(phase, params) for phase in super().phases(params))

    def optimizer(self, name: str) -> Any:
        return {"sharp": sharp()}[name]

    def schedule(self, name: str) -> Any:
        return {"halves": lambda at, length, by=2.0: by ** -(2 * at // length)}[name]


def own_names(phase: Phase, params: TrainParameters) -> Phase:
    """The phase with `sharp` in the place of ASGD, and `halves` in that of a polynomial schedule of power 7."""
    if phase.optimizer.name == "asgd":
        phase = replace(phase, optimizer=Optimizer("sharp", phase.optimizer.learning_rate, {"rho": 0.05}))
    if phase.scheduler.options.get("power") == 7:
        phase = replace(phase, scheduler=Scheduler("halves", {"by": 3.0}))
    return phase


def sharp() -> Any:
    """SAM on plain gradient descent (P. Foret et al., ICLR 2021): the gradient of the point `rho` uphill."""
    import torch

    class Sharp(torch.optim.Optimizer):
        def __init__(self, params: Any, lr: float, rho: float) -> None:
            super().__init__(params, {"lr": lr, "rho": rho})

        @torch.no_grad()
        def step(self, closure: Any) -> Any:  # type: ignore[override]
            loss = closure()
            group = self.param_groups[0]
            norm = torch.stack([p.grad.norm() for p in group["params"]]).norm()
            moved = [p.grad * (group["rho"] / norm) for p in group["params"]]
            torch._foreach_add_(group["params"], moved)
            closure()
            torch._foreach_sub_(group["params"], moved)
            for p in group["params"]:
                p.sub_(p.grad, alpha=group["lr"])
            return loss

    return Sharp


def _fail(fault: str, place: str) -> None:
    if fault == place:
        raise ZeroDivisionError(f"a fault in {place}")


def _crash(how: str) -> None:
    match how:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(7)
        case "segfault":
            ctypes.string_at(0)


benchsuite_api = "1.0"


@hookimpl
def benchsuite_datasets() -> Iterable[type[Dataset[Any]]]:
    return [TinyData]


@hookimpl
def benchsuite_models() -> Iterable[type[Model[Any]]]:
    return [TinyNet]


@hookimpl
def benchsuite_recipes() -> Iterable[type[Recipe[Any]]]:
    return [TinyRecipe, TinyMixing, TinyTrain]


@dataclass
class Announced:
    """An entry point of a distribution that is not installed."""

    name: str
    plugin: Any
    distribution: str = DISTRIBUTION

    @property
    def dist(self) -> Any:
        return SimpleNamespace(name=self.distribution, version="1.0")

    def load(self) -> Any:
        return self.plugin


def registry_with(*observers: Any) -> Registry:
    """A registry of the tiny components and of these observers, each of a distribution `observer-<number>`."""
    import support.engine as plugin

    points = [Announced(f"observer{i}", observer, f"observer-{i}") for i, observer in enumerate(observers)]
    found = discover([Announced("tiny", plugin), *points])
    assert not found.quarantined
    return found


def installed(site: Path) -> Path:
    """Write below `site` the metadata of a distribution that announces this module; put `site` on sys.path."""
    metadata = site / "tiny_plugin-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[benchsuite]\ntiny = support.engine\n")
    return site


def component(name: str, schema: type[Parameters], changes: Mapping[str, Any]) -> Component:
    """A component of the tiny plugin with every parameter resolved."""
    return Component(
        name=name, distribution=DISTRIBUTION, version="1.0", parameters=schema(**changes).model_dump(mode="json")
    )


def make_case(
    name: str = "only",
    recipe: str = "tiny_recipe",
    *,
    data: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Case:
    """A case; `settings` are the recipe's parameters."""
    schema: type[Parameters] = TinyRecipeParameters
    if recipe == TinyTrain.name:
        schema, settings = TrainParameters, {"precision": "fp32", "batch_size": 8, **settings}
        settings["max_epochs"] = settings.pop("epochs", 3)
    return Case(
        name=name,
        settings={},
        dataset=component("tiny_data", TinyDataParameters, data or {}),
        model=component("tiny_net", TinyNetParameters, model or {}),
        recipe=component(recipe, schema, settings),
    )


@dataclass(frozen=True)
class Bench:
    """Folders of a test, and the tasks made in them."""

    root: Path
    data: Path
    registry: Registry

    @property
    def place(self) -> Place:
        return Place("real", self.data, self.root / "cache", self.root / "results", device="cpu", threads=1)

    def tasks(self, *cases: Case, seeds: tuple[int, ...] = (0,), suite: str = "tiny") -> tuple[RunTask, ...]:
        plan = Plan(suite=suite, cases=cases, seeds=seeds)
        return prepare(plan, self.registry, self.place, download=False, say=lambda _: None).tasks

    def task(self, case: Case | None = None, seed: int = 0) -> RunTask:
        return self.tasks(case or make_case(), seeds=(seed,))[0]


def statuses(tasks: Sequence[RunTask]) -> Mapping[str, str]:
    """How the runs in the tasks' store stand, by key."""
    return Store(tasks[0].results).survey(tasks[0].cache).statuses


class Silent:
    """A watcher, and the progress of a pool, that keeps what it hears."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.epochs: list[EpochReport] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def started(self, task: RunTask) -> None:
        pass

    def epoch(self, *heard: Any) -> None:
        self.epochs += [part for part in heard if isinstance(part, EpochReport)]

    def steps(self, *heard: Any) -> None:
        pass


class Killed(BaseException):
    """An end without any farewell."""


class Stopper(Silent):
    """A watcher that stops the run after so many epochs of this start."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def epoch(self, *heard: Any) -> None:
        super().epoch(*heard)
        if len(self.epochs) == self.after:
            raise Killed


def outcome(record: RunRecord) -> dict[str, Any]:
    """All that a record tells but when the run was made and what it took."""
    assert record.failure is None, record.failure
    epochs = tuple(vars(epoch) | {"seconds": None} for epoch in record.epochs)
    taken = {"started", "finished", "resumed", "cost"}
    return {**vars(record), "epochs": epochs, "notes": dict(record.notes)} | dict.fromkeys(taken)


@contextmanager
def one_thread() -> Iterator[None]:
    """This process as a worker process is: deterministic, with one thread."""
    import torch

    from benchsuite.engine.determinism.torch_settings import configure

    threads, was = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    configure(describe("cpu", 1))
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(was)
