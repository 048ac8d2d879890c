"""What decides a paper's bytes besides its material: the libraries that set it, and this package's own source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable

from benchsuite.identity.code import source_fingerprint

LIBRARIES = (
    "weasyprint",
    "pydyf",
    "tinycss2",
    "pyphen",
    "fonttools",
    "matplotlib",
    "pillow",
    "jinja2",
    "pybtex",
    "latexcodec",
    "scipy",
    "numpy",
)
TEMPLATES = "benchsuite_report_templates"


def renderer() -> dict[str, str]:
    """Versions of the libraries, and one fingerprint of the templates and of the code from records to pages."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    total = hashlib.sha256(
        source_fingerprint("benchsuite.analysis", "benchsuite.paper", "benchsuite.suite.bibtex").encode()
    )
    for name, content in sorted(_templates(files(TEMPLATES), "")):
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return found | {"benchsuite": total.hexdigest()}


def _templates(folder: Traversable, before: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = f"{before}/{entry.name}"
        if entry.is_dir():
            yield from _templates(entry, name) if entry.name != "__pycache__" else ()
        elif not entry.name.endswith((".py", ".pyc")):
            yield name, entry.read_bytes()
