"""The options that several commands share. Imports nothing heavy, so that help and completion are quick.

What belongs together is a dataclass of options; a command takes it as one parameter, and `expand_options` makes of each
of its fields an option of the command line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from benchsuite.commands import console
from benchsuite.commands.completion import (
    complete_case,
    complete_executor,
    complete_executor_option,
    complete_override,
    complete_suite,
)


class PolicyName(StrEnum):
    """What to do when the real data are not here."""

    auto = "auto"
    real = "real"
    sample = "sample"


class DeviceName(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class WeightsName(StrEnum):
    """Of which runs the weights are kept."""

    all = "all"
    cases = "cases"
    none = "none"


class TemplateName(StrEnum):
    """How the paper is set."""

    ieee = "ieee"
    report = "report"


class PageName(StrEnum):
    """The size of the PDF's pages."""

    a4 = "a4"
    letter = "letter"


class LanguageName(StrEnum):
    """The language of the paper."""

    es = "es"
    en = "en"


SUITE = typer.Argument(
    metavar="SUITE",
    help="A suite's name, or the path of a .yaml file.",
    autocompletion=complete_suite,
    show_default=False,
)
SuiteName = Annotated[str, SUITE]
TrainedName = Annotated[
    str,
    typer.Argument(
        metavar="SUITE[/CASE]",
        help="A study, of which the case is taken that validation ranks first, one of its cases, or one run:"
        " SUITE/CASE/SEED or the beginning of its key.",
        autocompletion=complete_case,
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a parameter of every case: recipe.max_epochs=2.",
        autocompletion=complete_override,
    ),
]
Seeds = Annotated[str | None, typer.Option("--seeds", help="How many seeds (3), or which ones (0,4,7 or 0-4).")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="BENCHSUITE_DATA", help="Folder with the real data sets, as their authors lay them out."
    ),
]
PolicyOption = Annotated[
    PolicyName,
    typer.Option(
        "--policy",
        help="Without the real data: auto takes the synthetic sample and says so, real refuses; sample asks for it.",
    ),
]
DeviceOption = Annotated[DeviceName, typer.Option("--device", help="auto takes CUDA where it is, else the CPU.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="CPU threads of a run, 1 without it or BENCHSUITE_THREADS. Another number gives other bits: other runs.",
    ),
]
TemplateOption = Annotated[
    TemplateName | None,
    typer.Option("--template", help="Set the paper as a conference paper or as a report, whatever the suite says."),
]
PageOption = Annotated[
    PageName | None, typer.Option("--page", help="Set the paper on A4 or US Letter, whatever the suite says.")
]
LanguageOption = Annotated[
    LanguageName | None,
    typer.Option("--language", help="Write the paper in Spanish or in English, whatever the suite says."),
]
SkipBroken = Annotated[
    bool,
    typer.Option("--skip-broken", help="Leave out the images that cannot be decoded; records and paper say which."),
]
Results = Annotated[Path, typer.Option("--results", envvar="BENCHSUITE_RESULTS", help="Folder for records and papers.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Runs at once on the CPU, or on each GPU: as many as cores and memory allow. It changes no bit.",
    ),
]
Weights = Annotated[
    WeightsName | None,
    typer.Option(
        "--weights",
        help="Of which runs the trained weights are kept here: all; cases, one run of each case; none. Every record has"
        " their hash.",
        show_default="all",
    ),
]
ExecutorName = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="NAME",
        help="Where runs are made: local, on this machine, or an installed executor such as dask (benchsuite list"
        " executors); also BENCHSUITE_EXECUTOR.",
        autocompletion=complete_executor,
    ),
]
ExecutorOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--executor-option",
        metavar="NAME=VALUE",
        help="An option of the executor: address=tls://head:8786.",
        autocompletion=complete_executor_option,
    ),
]


def _asked_for_json(asked: bool) -> bool:
    """Let errors be JSON, too."""
    if asked:
        console.speech.json_asked = True
    return asked


Json = Annotated[
    bool,
    typer.Option(
        "--json",
        callback=_asked_for_json,
        help="Print one JSON document for programs on standard output, an error included.",
    ),
]


def _be_quiet(asked: bool) -> None:
    if asked:
        console.speech.be_quiet()


def _be_verbose(times: int) -> None:
    if times:
        console.speech.be_verbose(times)


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", callback=_be_quiet, expose_value=False, help="Say nothing but results, warnings and errors."
    ),
]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        callback=_be_verbose,
        expose_value=False,
        show_default=False,
        metavar="",
        help="Also say what is done, and with what; -vv says every detail.",
    ),
]


def _use_plugins(named: list[Path] | None) -> None:
    """Tell this process, and its workers, of local plugins."""
    if named:
        from benchsuite.registry.local_plugins import add_places

        add_places(named)


Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugins",
        metavar="PATH",
        callback=_use_plugins,
        is_eager=True,
        expose_value=False,
        help="Use the components of a Python file, or of a folder of them, without installing it; also"
        " BENCHSUITE_PLUGINS.",
    ),
]


RESULTS = Path("results")


@dataclass(frozen=True)
class StudyOptions:
    """Which study a command works on, beside its name: what is changed of it, with which data, where, and on what."""

    plugins: Plugins = None
    overrides: Set = None
    seeds: Seeds = None
    data: Data = None
    policy: PolicyOption = PolicyName.auto
    skip_broken: SkipBroken = False
    device: DeviceOption = DeviceName.auto
    threads: Threads = None
    results: Results = RESULTS


@dataclass(frozen=True)
class FormOptions:
    """How a paper is set, where not as its suite says."""

    template: TemplateOption = None
    page: PageOption = None
    language: LanguageOption = None


def with_speech(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options that say how much is told, which are given before it, too."""
    told = {"quiet": (Quiet, False), "verbose": (Verbose, 0)}
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        for name, (hint, default) in told.items()
    ]
    hints = get_type_hints(command, include_extras=True)
    own = [one.replace(annotation=hints[name]) for name, one in inspect.signature(command).parameters.items()]

    def called_by_typer(**given: Any) -> None:
        command(**{name: value for name, value in given.items() if name not in told})

    called_by_typer.__name__, called_by_typer.__doc__ = command.__name__, command.__doc__
    called_by_typer.__annotations__ = {one.name: one.annotation for one in (*own, *more)}
    made = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    called_by_typer.__signature__ = inspect.Signature([*made, *more])  # type: ignore[attr-defined]
    return called_by_typer


def expand_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer reads it: in place of a parameter that is a dataclass of options, one for each field."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    expanded: dict[str, inspect.Parameter] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            of_fields = get_type_hints(groups[name], include_extras=True)
            own = [(field.name, field.default, of_fields[field.name]) for field in fields(groups[name])]
        else:
            own = [(name, parameter.default, hints[name])]
        for each, default, hint in own:
            expanded[each] = inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)

    def called_by_typer(**given: Any) -> None:
        built = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group) if field.name in given})
            for name, group in groups.items()
        }
        command(**built, **given)

    called_by_typer.__name__, called_by_typer.__doc__ = command.__name__, command.__doc__
    called_by_typer.__annotations__ = {name: parameter.annotation for name, parameter in expanded.items()}
    called_by_typer.__signature__ = inspect.Signature([*expanded.values()])  # type: ignore[attr-defined]
    return called_by_typer
