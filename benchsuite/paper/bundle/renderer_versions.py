"""What decides a paper's bytes besides its material: the libraries that set it, and this package's own source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable

LIBRARIES = (
    "weasyprint",
    "pydyf",
    "tinycss2",
    "pyphen",
    "fonttools",
    "matplotlib",
    "pillow",
    "jinja2",
    "babel",
    "pybtex",
    "latexcodec",
    "scipy",
    "numpy",
)
SOURCES = ("benchsuite.analysis", "benchsuite.paper", "benchsuite_report_templates")
"""From records to pages."""


def renderer() -> dict[str, str]:
    """Versions of the libraries, and one fingerprint of the bytes of templates and code from records to pages."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    total = hashlib.sha256(files("benchsuite.suite.prose").joinpath("bibtex.py").read_bytes())
    for package in SOURCES:
        for name, content in sorted(_source(files(package), package)):
            total.update(f"{name}\0{len(content)}\0".encode() + content)
    return found | {"benchsuite": total.hexdigest()}


def _source(folder: Traversable, before: str) -> Iterator[tuple[str, bytes]]:
    """Every file of a package, by its path."""
    for entry in folder.iterdir():
        name = f"{before}/{entry.name}"
        if not entry.is_dir():
            yield name, entry.read_bytes()
        elif entry.name != "__pycache__":
            yield from _source(entry, name)
