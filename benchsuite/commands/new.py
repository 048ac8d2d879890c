"""`benchsuite new`: write the package of a new plugin."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from benchsuite.commands.console import say
from benchsuite.contracts.kinds import KIND_NAMES, Kind


def new(
    kind: Annotated[Kind, typer.Argument(metavar="|".join(KIND_NAMES), help="What it will provide.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What suites will call it, such as my_digits.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder of the package.", show_default="benchsuite-<name>")
    ] = None,
) -> None:
    """Write a complete package for a plugin: source, sample, tests, a suite to try it, CI and licence.

    It works as it is: install it, check it, run its suite; then put your own in the places marked TODO.
    """
    from benchsuite.scaffold import Package, check_name, write_package

    slug = check_name(name)
    folder = to if to is not None else Path(f"benchsuite-{slug.replace('_', '-')}")
    package = Package(kind, slug, folder, date.today().year)
    for file in write_package(package):
        say(str(file))
    say(f'\nNext:\n  cd {shlex.quote(str(folder))}\n  pip install -e ".[dev]"\n  benchsuite check-plugin {slug}')
    say(f"  benchsuite run try_{slug} --policy sample" + (f" --executor {slug}" if kind == "executor" else ""))
