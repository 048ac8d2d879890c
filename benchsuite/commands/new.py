"""`benchsuite new`: write the package of a new plugin, or the suite of a new study."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from benchsuite.commands.console import count, say
from benchsuite.commands.named_data import NamedData, complete_data, find_data
from benchsuite.contracts.kinds import KIND_NAMES, Kind
from benchsuite.errors import DataError

if TYPE_CHECKING:
    from benchsuite.contracts.dataset import Split
    from benchsuite.scaffold.study import Study

NewKind = Literal["suite", Kind]
LOOKED_AT = 48
"""Photos whose size is looked at."""
GENERATED = "benchsuite:fake"
SMALL_NOISE = {"classes": 3, "train_images": 120, "validation_images": 30, "test_images": 30, "image_size": 32}
"""The data of a study that was given none: they show that it runs, in a minute."""


def new(
    kind: Annotated[NewKind, typer.Argument(metavar="|".join(("suite", *KIND_NAMES)), help="What to write.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it will be called, such as my_digits.")],
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="FOLDER|DATASET",
            help="For a suite: a folder of photos with a folder for each class, or the name of a data set.",
            show_default="generated noise, to be replaced",
            autocompletion=complete_data,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Folder to write into.", show_default="suites for a suite, else benchsuite-<name>"),
    ] = None,
) -> None:
    """Write a suite that looks at your data and runs as it is, or a complete package for a plugin.

    The suite compares two models on the data, with a claim and prose in Spanish to go on from. The package has source,
    sample, tests, a suite to try it, CI and licence; put your own in the places marked TODO.
    """
    from benchsuite.scaffold import Package, check_name, write_package

    slug = check_name(name)
    if kind == "suite":
        _new_suite(slug, data, to if to is not None else Path("suites"))
        return
    if data is not None:
        raise typer.BadParameter("only a suite is written for data: benchsuite new suite NAME --data FOLDER")
    folder = to if to is not None else Path(f"benchsuite-{slug.replace('_', '-')}")
    package = Package(kind, slug, folder, date.today().year)
    for file in write_package(package):
        say(str(file))
    say(f'\nNext:\n  cd {shlex.quote(str(folder))}\n  pip install -e ".[dev]"\n  benchsuite check-plugin {slug}')
    say(f"  benchsuite run try_{slug} --policy sample" + (f" --executor {slug}" if kind == "executor" else ""))


def _new_suite(name: str, data: str | None, folder: Path) -> None:
    from benchsuite.registry import registry
    from benchsuite.registry.suite_files import LOCAL
    from benchsuite.scaffold.study import write_suite
    from benchsuite.suite.planning.expand import expand
    from benchsuite.suite.reader import read_suite

    file = folder / f"{name}.yaml"
    write_suite(_study(name, data), file)
    plan = expand(read_suite(file, registry()), registry())
    called = name if folder == LOCAL else str(file)
    say(f"{file}: {' and '.join(case.name for case in plan.cases)}, {count(len(plan.seeds), 'seed')} each")
    say(f"\nNext:\n  benchsuite run {shlex.quote(called)}")


def _study(name: str, data: str | None) -> Study:
    """What is known of the data: of a folder what lies in it, of a data set what it says of itself."""
    from benchsuite.registry import registry
    from benchsuite.scaffold.study import Study

    named = find_data(data) if data is not None else NamedData(registry().dataset(GENERATED), SMALL_NOISE)
    params = named.parameters
    card, written = named.dataset.card(params), {"name": named.entry.name, **named.given}
    sizable = "image_size" in type(params).model_fields and "image_size" not in written
    if named.dataset.origin != "own":
        side = min(named.dataset.preprocessing(params).size)
        return Study(name, card.title, written, card.classes, card.splits, side, sizable)
    found = named.locate(None)
    counts = {split: sum(numbers) for split, numbers in found.counts.items()}
    written["folder"] = _nearby(found.folder)
    return Study(name, card.title, written, found.index.classes, counts, _usual_side(found.index.train), sizable)


def _nearby(folder: Path) -> str:
    """The folder as a suite finds it from here: where it lies below the data folder, or the current one, from there."""
    base = Path(os.environ.get("BENCHSUITE_DATA") or ".").expanduser().absolute()
    return str(folder.relative_to(base) if folder.is_relative_to(base) else folder)


def _usual_side(split: Split) -> int:
    """The median of the shorter sides of some photos, evenly spread; broken ones are for others to tell."""
    sides = []
    for i in range(0, len(split), -(-len(split) // LOOKED_AT)):
        with suppress(DataError):
            sides.append(min(split.images.decode(i, split.images.read(i)).size))
    return int(median(sides)) if sides else 224
