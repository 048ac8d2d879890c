"""What all pages of a site have in common: the templates that set them, and how they put numbers into words."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from benchsuite import __version__
from benchsuite.legible import legible
from benchsuite.paper.document import markup
from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.metrics import PrintedMetric
from benchsuite.paper.language.typography import upper_first
from benchsuite.site.folder import Page

english = speaking("en")
"""The site is in English, whatever language its papers have; it prints numbers as English papers do."""


@cache
def template(name: str) -> str:
    return (files("benchsuite.site") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(template),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["told"] = shareable
    environment.globals["version"] = __version__
    return environment


def render(template: str, root: str, **values: Any) -> bytes:
    text: str = legible(_environment().get_template(template).render(root=root, **values))
    return text.encode()


def ready_page(path: str, content: bytes) -> Page:
    return Page(path, hashlib.sha256(content).hexdigest(), lambda: content)


def code_digest() -> str:
    """A digest of this code and its templates: what it made before is made again when they change."""
    room = files("benchsuite.site")
    total = hashlib.sha256(__version__.encode())
    for folder in (room, room / "templates"):
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.is_file():
                total.update(file.read_bytes())
    return total.hexdigest()


def shareable(text: object) -> str:
    """A message as it may leave this machine: without the folders of somebody's disk."""
    return markup.without_folders(str(text))


def counted(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def moment(iso: str) -> str:
    """`2026-03-01 10:12 UTC`."""
    return f"{iso[:16].replace('T', ' ')} UTC"


def file_size(count: float) -> str:
    return f"{count / 2**20:,.1f}\N{NO-BREAK SPACE}MiB" if count >= 2**20 else f"{count:,.0f} bytes"


def metric_title(metric: PrintedMetric) -> str:
    """A metric's name where a sentence or a line begins."""
    return upper_first(metric.title)
