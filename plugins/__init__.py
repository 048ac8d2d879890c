"""The first-party plugins. Each uses nothing but `benchsuite.api`, exactly as a third party's would."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchsuite_plugins.datasets.beans import Beans
from benchsuite_plugins.models.resnet import ResNet
from benchsuite_plugins.recipes.finetune import Finetune

from benchsuite.api import Dataset, Model, Recipe, hookimpl


@hookimpl
def benchsuite_datasets() -> Iterable[type[Dataset[Any]]]:
    return [Beans]


@hookimpl
def benchsuite_models() -> Iterable[type[Model[Any]]]:
    return [ResNet]


@hookimpl
def benchsuite_recipes() -> Iterable[type[Recipe[Any]]]:
    return [Finetune]


@hookimpl
def benchsuite_suite_folders() -> Iterable[Path]:
    return [Path(str(files("benchsuite_suites")))]
