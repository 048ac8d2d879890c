"""The first-party plugins. Each uses nothing but `benchsuite.api`, exactly as a third party's would."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchsuite_plugins.datasets.beans import Beans
from benchsuite_plugins.datasets.cifar10 import Cifar10
from benchsuite_plugins.datasets.cub import Cub
from benchsuite_plugins.datasets.fake import Fake
from benchsuite_plugins.datasets.huggingface import HuggingFace, ParquetFolder
from benchsuite_plugins.datasets.image_folder import ImageFolder
from benchsuite_plugins.executors.dask import Dask
from benchsuite_plugins.executors.slurm import Slurm
from benchsuite_plugins.metrics.calibration import Ece
from benchsuite_plugins.metrics.sklearn_metrics import F1, Auc, BalancedAccuracy, Brier, LogLoss, TopK
from benchsuite_plugins.models.birdcnn import BirdCNN
from benchsuite_plugins.models.lenet5 import LeNet5
from benchsuite_plugins.models.mlp import MLP
from benchsuite_plugins.models.resnet import ResNet
from benchsuite_plugins.models.small_cnn import SmallCNN
from benchsuite_plugins.models.timm_models import Timm
from benchsuite_plugins.models.torchvision_models import Torchvision
from benchsuite_plugins.models.vgg16 import VGG16
from benchsuite_plugins.recipes.finetune import Finetune
from benchsuite_plugins.recipes.train import Train
from benchsuite_plugins.recipes.two_phase import TwoPhase

from benchsuite.api import Dataset, Executor, Metric, Model, Recipe, hookimpl

benchsuite_api = "1.0"


@hookimpl
def benchsuite_datasets() -> Iterable[type[Dataset[Any]]]:
    return [Beans, Cifar10, Cub, Fake, HuggingFace, ImageFolder, ParquetFolder]


@hookimpl
def benchsuite_models() -> Iterable[type[Model[Any]]]:
    return [BirdCNN, LeNet5, MLP, ResNet, SmallCNN, Timm, Torchvision, VGG16]


@hookimpl
def benchsuite_recipes() -> Iterable[type[Recipe[Any]]]:
    return [Finetune, Train, TwoPhase]


@hookimpl
def benchsuite_metrics() -> Iterable[type[Metric[Any]]]:
    return [Auc, BalancedAccuracy, Brier, Ece, F1, LogLoss, TopK]


@hookimpl
def benchsuite_executors() -> Iterable[type[Executor[Any]]]:
    return [Dask, Slurm]


@hookimpl
def benchsuite_suite_folders() -> Iterable[Path]:
    return [Path(str(files("benchsuite_suites")))]
