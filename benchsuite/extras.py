"""What only some use, and pip brings only when asked: the modules of each extra, and the error where one is missing.

Whoever needs such a module asks for it here before the work begins, not when the module is imported after hours of it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec

from benchsuite.errors import SetupError

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "check-plugin": ("jsonschema",),
    "dask": ("distributed",),
    "frames": ("pyarrow",),
    "heic": ("pillow_heif",),
    "huggingface": ("huggingface_hub", "pyarrow"),
    "metrics": ("sklearn",),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "search": ("optuna",),
    "slurm": ("submitit",),
    "tensorboard": ("tensorboard",),
    "timm": ("timm",),
}
"""By the extra, the modules without which it is not installed."""


def require(what: str, *modules: str, where: str | None = None, otherwise: str = "") -> None:
    """Raise SetupError unless these modules, all of one extra, are installed: `what` needs them. None is imported.

    `otherwise` says what to do instead of installing them.
    """
    absent = missing(modules)
    if not absent:
        return
    brings = [name for name, brought in EXTRAS.items() if set(modules) <= set(brought)]
    extra = min(brings, key=lambda name: len(EXTRAS[name]))  # nobody needs more than that
    raise SetupError(
        f"{what} needs {' and '.join(absent)}, which {'is' if len(absent) == 1 else 'are'} not installed",
        where=where,
        expected=f"the extra {extra} of benchsuite in {sys.prefix}",
        remedy=install(extra) + (f", or {otherwise}" if otherwise else ""),
    )


def missing(modules: tuple[str, ...]) -> list[str]:
    """Those of these modules that are not installed."""
    return [name for name in modules if not _installed(name)]


def install(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'benchsuite[{extra}]'"


def _installed(name: str) -> bool:
    spec = find_spec(name)
    return spec is not None and spec.origin is not None  # what an uninstaller leaves of a folder has no origin
