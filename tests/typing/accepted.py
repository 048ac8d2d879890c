"""What a plugin author may write: mypy --strict accepts all of it, and infers the types that are asserted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, assert_type

from pydantic import Field

import benchsuite
from benchsuite.api import (
    CHANGES,
    Augmentation,
    Augmentations,
    Averaging,
    BenchsuiteError,
    CardTranslation,
    CaseResult,
    Channel,
    Chart,
    ChartSeries,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Downloader,
    EarlyStopping,
    EngineLost,
    EpochReport,
    Executor,
    Figure,
    Found,
    FreezePolicy,
    Handler,
    Images,
    Metric,
    Model,
    Optimizer,
    Parameters,
    Phase,
    PhotoFiles,
    Precision,
    Predicted,
    Preprocessing,
    Recipe,
    RunInfo,
    RunSummary,
    Scheduler,
    Session,
    SetupError,
    Site,
    SiteLost,
    Source,
    Split,
    StudyResult,
    Survey,
    Task,
    WeightsRequest,
    content_fingerprint,
    declared,
    file_sha256,
    file_stamp,
    hookimpl,
    photo_suffixes,
    unchanging,
    unpack,
)

if TYPE_CHECKING:
    from numpy.random import Generator
    from PIL import Image
    from torch import Tensor, nn

benchsuite_api = "1.0"


class PhotosParameters(Parameters):
    image_size: int = Field(default=64, ge=8)
    augmentation: Augmentations = ()

    labels: ClassVar[Mapping[str, Mapping[str, str]]] = {"es": {"image_size": "Lado"}, "en": {"image_size": "Side"}}


class Photos(Dataset[PhotosParameters]):
    name = "photos"
    Parameters = PhotosParameters

    def card(self, params: PhotosParameters) -> DatasetCard:
        return DatasetCard(
            title="Photos",
            summary="Photos.",
            licence="CC0",
            bibtex="@misc{photos, title={Photos}}",
            homepage="",
            sources=(Source(url="https://example.org/photos.zip", filename="photos.zip", sha256="0" * 64),),
            classes=("a", "b"),
            splits={"train": 2, "validation": 2, "test": 2},
            translations={"en": CardTranslation(summary="Photos.", class_titles={"a": "An A", "b": "A B"})},
        ).in_language("en")

    def preprocessing(self, params: PhotosParameters) -> Preprocessing:
        side = assert_type(params.image_size, int)
        flips = (Augmentation("horizontal_flip"), *declared(params.augmentation))
        return Preprocessing((side, side), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), resize="crop", augmentations=flips)

    def find(self, params: PhotosParameters, root: Path, scratch: Path) -> Found | None:
        archive = root / "photos.zip"
        if not archive.exists():
            return None
        unpack(archive, scratch)
        return Found(scratch, "official", f"sha256 {file_sha256(archive)}", fingerprint=None)

    def download(self, params: PhotosParameters, folder: Path, downloader: Downloader) -> None:
        (source,) = self.card(params).sources
        assert_type(downloader.file(source, folder / source.filename), Path)

    def sample(self, params: PhotosParameters, folder: Path) -> None:
        folder.mkdir(parents=True)

    def index(self, params: PhotosParameters, folder: Path) -> DatasetIndex:
        images: Images = PhotoFiles(folder, ("a.jpg", "b.jpg"))
        split = Split(images, (0, 1))
        assert_type(split.images.read(0), bytes)
        return DatasetIndex(("a", "b"), train=split, validation=split, test=split)

    def smoke(self, params: PhotosParameters) -> Mapping[str, Any]:
        return {"image_size": 16}


def fingerprint(index: DatasetIndex) -> str:
    return assert_type(content_fingerprint(index), str)


def first_image(images: Images) -> Image.Image:
    picture = images.decode(0, images.read(0))
    picture.info[CHANGES] = {"cropped"}
    return picture


def photos_below(folder: Path) -> list[Path]:
    known = assert_type(photo_suffixes(), frozenset[str])
    return [path for path in folder.iterdir() if path.suffix.lower() in known]


def folder_name(archive: Path) -> str:
    with unchanging(archive):
        archive.read_bytes()
    return "-".join(map(str, assert_type(file_stamp(archive), tuple[int, ...])))


class NetworkParameters(Parameters):
    width: int = 8


class Network(Model[NetworkParameters]):
    name = "network"
    Parameters = NetworkParameters

    def title(self, params: NetworkParameters) -> str:
        return f"Network-{params.width}"

    def bibtex(self, params: NetworkParameters) -> str:
        return ""

    def build(self, params: NetworkParameters, task: Task) -> nn.Module:
        from torch import nn

        outputs = assert_type(task.classes, int)
        return nn.Sequential(nn.Flatten(), nn.Linear(task.channels * task.height * task.width, outputs))

    def stages(self, module: nn.Module) -> Mapping[str, nn.Module]:
        return dict(module.named_children())

    def weights(self, params: NetworkParameters) -> WeightsRequest | None:
        return WeightsRequest("ours", "ours.pth", url=None, sha256=None, path=None)

    def adapt(
        self, params: NetworkParameters, state: dict[str, Tensor], module: nn.Module | None = None
    ) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in state.items() if not name.startswith("1.")}


class TrainingParameters(Parameters):
    learning_rate: float = 0.1
    freeze: FreezePolicy = FreezePolicy()


class Training(Recipe[TrainingParameters]):
    name = "training"
    Parameters = TrainingParameters

    def phases(self, params: TrainingParameters) -> tuple[Phase, ...]:
        optimizer = Optimizer("sgd", params.learning_rate, {"momentum": 0.9, "nesterov": True})
        scheduler = Scheduler("multistep", {"milestones": (3, 6), "gamma": 0.1}, warmup_epochs=1)
        early = EarlyStopping(patience=3)
        first = Phase("first", 2, 32, optimizer, params.freeze, scheduler, "validation_accuracy", early, 1.0)
        groups = Optimizer("nadam", 0.1, {"betas": (0.9, 0.99)}, decay_weights_only=True, layer_decay=0.75)
        mean = Averaging("ema", decay=0.99)
        steps = Scheduler("linear", {"total_iters": 9}, by_step=True, in_steps=True, warmup_steps=3)
        return (first, Phase("second", 2, 32, groups, scheduler=steps, accumulate=2, averaging=mean))

    def precision(self, params: TrainingParameters) -> Precision:
        return "fp32"

    def title(self, params: TrainingParameters, language: str) -> str:
        return {"es": "entrenamiento", "en": "training"}[language]

    def summary(self, params: TrainingParameters, language: str) -> str:
        return ""

    def loss(
        self,
        params: TrainingParameters,
        logits: Tensor,
        targets: Tensor,
        counts: Tensor | None = None,
        task: Task | None = None,
    ) -> Tensor:
        return (logits - targets).square().mean()

    def transform(
        self,
        params: TrainingParameters,
        images: Tensor,
        targets: Tensor,
        draw: Generator,
        preprocessing: Preprocessing | None = None,
    ) -> tuple[Tensor, Tensor]:
        return images.flip(0), targets


class RateParameters(Parameters):
    above: float = 0.5


class Rate(Metric[RateParameters]):
    name = "rate"
    Parameters = RateParameters
    higher_is_better = True
    needs = ("predictions", "probabilities")
    least, most = 0.0, 1.0
    percent = True
    gender = "masculine"

    def title(self, params: RateParameters, language: str) -> str:
        return {"es": "ritmo", "en": "rate"}[language]

    def compute(self, params: RateParameters, predicted: Predicted) -> float | None:
        sure = predicted.probabilities.max(axis=1) >= params.above
        if not sure.any() or not predicted.classes:
            return None
        return float((predicted.predictions == predicted.labels)[sure].mean())

    def require(self, params: RateParameters) -> None:
        if params.above > 1:
            raise SetupError("", remedy="")

    def bibtex(self, params: RateParameters) -> str:
        return ""


class CurveParameters(Parameters):
    skip: int = 0


class Curve(Figure[CurveParameters]):
    name = "curve"
    Parameters = CurveParameters
    sees_predictions = True

    def chart(self, params: CurveParameters, study: StudyResult) -> Chart | None:
        series = tuple(self.line(case) for case in study.cases if case.runs)
        if not series:
            return None
        return Chart(shows="", alt="", kind="lines", x="Época", y="Exactitud", series=series, log_y=True)

    @staticmethod
    def line(case: CaseResult) -> ChartSeries:
        run = case.runs[0]
        assert_type(run.metrics, Mapping[str, float])
        assert_type(run.confusion, tuple[tuple[int, ...], ...])
        heights = tuple(epoch.validation_accuracy for epoch in run.epochs)
        return ChartSeries(title=case.label, x=tuple(range(len(heights))), y=heights, case=case.name)


class EngineParameters(Parameters):
    address: str = Field(default="", max_length=200)


class Engine(Executor[EngineParameters]):
    name = "engine"
    Parameters = EngineParameters

    def open(
        self, options: EngineParameters, handler: Handler, survey: Survey, heard: Callable[[str, bytes], None]
    ) -> Session:
        if not assert_type(options.address, str):
            raise SetupError("no address", expected="one", remedy="--executor-option address=...")
        return Connection(handler, survey, heard)


class Connection(Session):
    def __init__(self, handler: Handler, survey: Survey, heard: Callable[[str, bytes], None]) -> None:
        self.handler, self.survey, self.heard = handler, survey, heard

    def sites(self) -> tuple[Site, ...]:
        return (Site(name="one", host="here", slots=1, facts=assert_type(self.survey(), bytes)),)

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        answer: Future[bytes] = Future()
        if "one" not in sites:
            answer.set_exception(SiteLost("gone"))
        else:
            answer.set_result(assert_type(self.handler(order, Line(self.heard, ticket)), bytes))
        return answer

    def cancel(self, ticket: str) -> None:
        raise EngineLost("gone", remedy="start it")

    def close(self, *, now: bool) -> None: ...


class Line:
    def __init__(self, heard: Callable[[str, bytes], None], ticket: str) -> None:
        self.heard, self.ticket = heard, ticket

    def tell(self, message: bytes) -> None:
        self.heard(self.ticket, message)

    def cancelled(self) -> bool:
        return False


def carry_out(order: bytes, channel: Channel) -> bytes:
    channel.tell(b"begun")
    return b"" if assert_type(channel.cancelled(), bool) else order


HANDLER: Handler = carry_out


@hookimpl
def benchsuite_datasets() -> Iterable[type[Dataset[Any]]]:
    return [Photos]


@hookimpl
def benchsuite_models() -> Iterable[type[Model[Any]]]:
    return [Network]


@hookimpl
def benchsuite_recipes() -> Iterable[type[Recipe[Any]]]:
    return [Training]


@hookimpl
def benchsuite_metrics() -> Iterable[type[Metric[Any]]]:
    return [Rate]


@hookimpl
def benchsuite_figures() -> Iterable[type[Figure[Any]]]:
    return [Curve]


@hookimpl
def benchsuite_executors() -> Iterable[type[Executor[Any]]]:
    return [Engine]


@hookimpl
def benchsuite_suite_folders() -> Iterable[Path]:
    return [Path(__file__).parent]


@hookimpl
def benchsuite_run_started(run: RunInfo) -> None:
    assert_type(run.seed, int)
    assert_type(run.parameters, Mapping[str, Any])


@hookimpl
def benchsuite_epoch_finished(run: RunInfo, epoch: EpochReport) -> None:
    assert_type(epoch.steps, tuple[tuple[int, float], ...])


@hookimpl
def benchsuite_run_finished(run: RunInfo, summary: RunSummary) -> None:
    if summary.test_accuracy is None:
        raise BenchsuiteError("no test", where=str(run.folder), expected="a test", remedy="run it again")
    assert_type(summary.test_accuracy, float)


def notebook() -> float:
    study = assert_type(
        benchsuite.run(
            Path("suite.yaml"),
            seeds=[0, 4],
            set={"recipe.max_epochs": 2, "model.hidden": [8, 4]},
            policy="sample",
            plugins=["network.py"],
            executor_options={"slots": 2},
            weights="cases",
            page="letter",
        ),
        benchsuite.Study,
    )
    benchsuite.run("beans_freeze", seeds=3, set=["recipe.max_epochs=2"], results="results", paper=False)
    for run in assert_type(study.runs, tuple[benchsuite.Run, ...]):
        assert_type(run.metrics, Mapping[str, float])
    for claim in assert_type(study.claims, tuple[benchsuite.Claim, ...]):
        assert_type(claim.seeds_needed, int | None)
    assert_type(study.paper(template="report"), benchsuite.Paper)
    study.frame(by="epoch").to_pandas()
    return sum(run.metrics["test_accuracy"] for run in study.done)


def stored() -> tuple[benchsuite.Run, ...]:
    assert_type(benchsuite.load("results", "beans_freeze"), benchsuite.Study)
    found = assert_type(benchsuite.load(Path("results")), benchsuite.Study | benchsuite.Studies | benchsuite.Report)
    if isinstance(found, benchsuite.Studies):
        assert_type(found.reports, Mapping[str, benchsuite.Report])
        return tuple(run for one in found.values() for run in one.failed)
    return found.runs if isinstance(found, benchsuite.Study) else ()


def gathered() -> list[str]:
    report = assert_type(benchsuite.report("cifar10_report", seeds=3, language="en"), benchsuite.Report)
    assert_type(report.paper(template="ieee"), benchsuite.Paper)
    for step in assert_type(report.steps, tuple[benchsuite.Step, ...]):
        assert_type(step.test_accuracy, float | None)
    return [claim.text for step in report.steps for claim in step.claims]


def failing() -> benchsuite.Study:
    try:
        return benchsuite.run("beans_freeze")
    except benchsuite.RunsFailed as failed:
        return assert_type(failed.study, benchsuite.Study)
    except benchsuite.BenchsuiteError as error:
        raise SystemExit(assert_type(error.exit_code, int)) from error
