"""EfficientNet-Lite0 and its freeze study, as a benchsuite plugin."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchsuite.api import Model, hookimpl

from .model import EfficientNetLite0

benchsuite_api = "1.0"


@hookimpl
def benchsuite_models() -> Iterable[type[Model[Any]]]:
    return [EfficientNetLite0]


@hookimpl
def benchsuite_suite_folders() -> Iterable[Path]:
    return [Path(str(files(__name__))) / "suites"]
