"""Which torch is installed, read from its source: importing it would take seconds."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from benchsuite.errors import SetupError

OLDEST = (2, 9)
"""The oldest torch that has what the engine needs. `pyproject.toml` says so to pip, which may be told to look away."""


@cache
def torch_build() -> Mapping[str, str | None]:
    """`version` (with its local part, such as +cu130), `cuda` and `hip` (AMD's ROCm) of the installed torch, read from
    its source. Raises SetupError where there is none, or one that is too old."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        raise SetupError("torch is not installed", remedy="install it: pip install torch torchvision")
    try:
        tree = ast.parse(Path(spec.origin).with_name("version.py").read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"torch is damaged: {error}", where=spec.origin, remedy="install torch again") from error
    found: dict[str, str | None] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
            found[target.id] = value.value if isinstance(value.value, str) else None
    _check_age(found.get("__version__"), spec.origin)
    return {"version": found.get("__version__"), "cuda": found.get("cuda"), "hip": found.get("hip")}


def _check_age(version: str | None, where: str) -> None:
    number = re.match(r"(\d+)\.(\d+)", version or "")
    if number is not None and (int(number[1]), int(number[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SetupError(
            f"torch {version} is installed, which is too old",
            where=where,
            expected=f"torch {oldest} or later",
            remedy=f"upgrade both: pip install --upgrade 'torch>={oldest}' torchvision",
        )


def other_than_cuda(hip: str | None) -> str:
    """What a torch without CUDA is built for."""
    return "AMD's ROCm, with which benchsuite does not compute" if hip else "the CPU only"
