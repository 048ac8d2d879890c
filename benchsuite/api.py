"""The one module that plugins import. It only hands names on; importing it does not import torch."""

from benchsuite.contracts.augmentation import Augmentation, Augmentations, declared
from benchsuite.contracts.dataset import (
    CHANGES,
    CardTranslation,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Downloader,
    Found,
    Images,
    PhotoFiles,
    Preprocessing,
    Provenance,
    Source,
    Split,
    photo_suffixes,
)
from benchsuite.contracts.executor import Channel, EngineLost, Executor, Handler, Session, Site, SiteLost, Survey
from benchsuite.contracts.figure import CaseResult, Chart, ChartSeries, Figure, RunResult, StudyResult
from benchsuite.contracts.metric import Metric, Predicted
from benchsuite.contracts.model import Model, Task, WeightsRequest
from benchsuite.contracts.observer import EpochReport, RunInfo, RunSummary
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import (
    Averaging,
    EarlyStopping,
    FreezePolicy,
    Optimizer,
    Phase,
    Precision,
    Recipe,
    Scheduler,
)
from benchsuite.contracts.version import API_VERSION
from benchsuite.errors import BenchsuiteError, DataError, PluginError, SetupError, TrainingError, WeightsError
from benchsuite.file_stamps import file_stamp, unchanging
from benchsuite.hookspecs import hookimpl
from benchsuite.sources.archives import unpack
from benchsuite.sources.digests import content_fingerprint, file_sha256

__all__ = [
    "API_VERSION",
    "CHANGES",
    "Augmentation",
    "Augmentations",
    "Averaging",
    "BenchsuiteError",
    "CardTranslation",
    "CaseResult",
    "Channel",
    "Chart",
    "ChartSeries",
    "DataError",
    "Dataset",
    "DatasetCard",
    "DatasetIndex",
    "Downloader",
    "EarlyStopping",
    "EngineLost",
    "EpochReport",
    "Executor",
    "Figure",
    "Found",
    "FreezePolicy",
    "Handler",
    "Images",
    "Metric",
    "Model",
    "Optimizer",
    "Parameters",
    "Phase",
    "PhotoFiles",
    "PluginError",
    "Precision",
    "Predicted",
    "Preprocessing",
    "Provenance",
    "Recipe",
    "RunInfo",
    "RunResult",
    "RunSummary",
    "Scheduler",
    "Session",
    "SetupError",
    "Site",
    "SiteLost",
    "Source",
    "Split",
    "StudyResult",
    "Survey",
    "Task",
    "TrainingError",
    "WeightsError",
    "WeightsRequest",
    "content_fingerprint",
    "declared",
    "file_sha256",
    "file_stamp",
    "hookimpl",
    "photo_suffixes",
    "unchanging",
    "unpack",
]
