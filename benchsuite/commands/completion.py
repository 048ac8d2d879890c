"""What the shell offers where a command line is half typed: suites, cases, runs, parameters and values, executors.

Imports nothing heavy, and says nothing of what is broken: whoever presses Tab wants words, not reasons.
"""

from __future__ import annotations

import functools
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from benchsuite.registry import Registry
    from benchsuite.suite.cases.plan import Plan

F = TypeVar("F", bound=Callable[..., Any])
MOST = 200
"""So many are offered; of more, what is typed must choose."""
PROGRAM = "benchsuite"
ASKED_BY = f"_{PROGRAM.upper()}_COMPLETE"
"""The variable by which a shell asks, and in which it says which it is; typer calls it by the program's name."""


def silent(complete: F) -> F:
    """Offer nothing where anything is wrong."""

    @functools.wraps(complete)
    def offered(*given: Any, **named: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return complete(*given, **named)
        except Exception:
            return []

    return offered  # type: ignore[return-value]


def join_assignments() -> None:
    """Put together what bash takes apart: to it, the `=` of NAME=VALUE is a word of its own."""
    words, place = [], os.environ.get("COMP_CWORD", "")
    with suppress(ValueError):  # of a quotation mark that has yet to be closed
        words = shlex.split(os.environ.get("COMP_WORDS", "")) if ASKED_BY in os.environ else []
    if "=" not in words or not place.isdecimal():
        return
    joined: list[str] = []
    at = int(place)
    words += [""] * (at + 1 - len(words))
    position = at
    for number, word in enumerate(words):
        if joined and number > 1 and (word == "=" or (words[number - 1] == "=" and "=" in joined[-1])):
            joined[-1] += word
        else:
            joined.append(word)
        if number == at:
            position = len(joined) - 1
    os.environ["COMP_WORDS"] = shlex.join(joined)
    os.environ["COMP_CWORD"] = str(position)


def _given(ctx: typer.Context) -> Mapping[str, Any]:
    """What the line gives so far. An option that has yet to get its value hides from the parser all that is before it,
    so it is read without."""
    words = _words_before()
    name = str(ctx.info_name)
    own = words[words.index(name) + 1 :]
    if own and own[-1].startswith("-"):
        own = own[:-1]
    found: Mapping[str, Any] = ctx.command.make_context(name, own, parent=ctx.parent, resilient_parsing=True).params
    return found


def _words_before() -> list[str]:
    """The words of a half typed line before the one that is being typed."""
    told = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = shlex.split(told)
    if "COMP_WORDS" in os.environ:
        return words[: int(os.environ["COMP_CWORD"])]
    return words if told.endswith(" ") else words[:-1]


def asked_command() -> str:
    """The command that the line of this process, or the half typed one of a shell, names; empty where it names none.
    No option before a command has a value."""
    words = sys.argv
    if ASKED_BY in os.environ:
        words = []
        with suppress(ValueError):  # of a quotation mark that has yet to be closed
            words = _words_before()
    return next((word for word in words[1:] if not word.startswith("-")), "")


class _Rest(str):
    """What stands after the sign of an assignment. Whoever asks is to take it for what was typed with more to it."""

    def startswith(self, *_: Any) -> bool:
        return True


def _fitting(typed: str, found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What begins as it was typed. To bash, only what stands after the last `=` is being completed."""
    fitting = list(islice((one for one in found if one[0].startswith(typed)), MOST))
    if "=" in typed and os.environ.get(ASKED_BY) == "complete_bash":
        return [(_Rest(word[typed.rfind("=") + 1 :]), about) for word, about in fitting]
    return fitting


def _words(typed: str, found: Iterable[str]) -> list[str]:
    return [word for word, _ in _fitting(typed, ((word, "") for word in found))]


@silent
def complete_suite(incomplete: str) -> list[str]:
    """Names of suites."""
    from benchsuite.registry import registry
    from benchsuite.registry.suite_files import suite_files

    return [name for name in suite_files(registry()) if name.startswith(incomplete)]


@silent
def complete_case(incomplete: str) -> list[str]:
    """Names of suites and, after a slash, SUITE/CASE."""
    suite, slash, _ = incomplete.partition("/")
    if not slash:
        return complete_suite(incomplete)
    plan, _ = _plan(suite)
    return _words(incomplete, (f"{suite}/{case.name}" for case in plan.cases))


@silent
def complete_run(incomplete: str) -> list[str]:
    """Names of suites, SUITE/CASE and, after another slash, SUITE/CASE/SEED."""
    suite, _, run = incomplete.partition("/")
    if "/" not in run:
        return complete_case(incomplete)
    plan, _ = _plan(suite)
    return _words(incomplete, (f"{suite}/{case.name}/{seed}" for case in plan.cases for seed in plan.seeds))


@silent
def complete_case_of(ctx: typer.Context, incomplete: str) -> list[str]:
    """The cases of the suite that the line names."""
    plan, _ = _plan(str(_given(ctx)["suite"]))
    return _words(incomplete, (case.name for case in plan.cases))


@silent
def complete_override(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The parameters of the suite that the line names, and after `=` their values, with what they are now."""
    given = _given(ctx)
    named = next(given[name] for name in ("suite", "name", "run") if given.get(name))
    plan, known = _plan(str(named).partition("/")[0])
    path, equals, _ = incomplete.partition("=")
    if not equals:
        return _fitting(incomplete, ((f"{one}=", about) for one, about in _parameters(plan, known).items()))
    return _fitting(incomplete, ((f"{path}={value}", "") for value in _choices(plan, known, path)))


@silent
def complete_executor(incomplete: str) -> list[str]:
    """Names of executors."""
    from benchsuite.registry import registry

    return [name for name in ("local", *registry().names("executor")) if name.startswith(incomplete)]


@silent
def complete_executor_option(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The options of the executor that the line, else the environment, names."""
    from benchsuite.execution.executors import choose
    from benchsuite.registry import registry
    from benchsuite.suite.source.json_schema import choices_at

    entry = registry().entry("executor", choose(_given(ctx).get("executor"), ()).name)
    schema = entry.component.Parameters
    name, equals, _ = incomplete.partition("=")
    if equals:
        return _fitting(incomplete, ((f"{name}={value}", "") for value in choices_at(schema, name.split("."))))
    fields = schema.model_fields.items()
    return _fitting(incomplete, ((f"{one}=", (about.description or "").split("\n")[0]) for one, about in fields))


def _plan(suite: str) -> tuple[Plan, Registry]:
    """The plan of a suite, and the plugins with which it was read. Raises whatever is wrong."""
    from benchsuite.registry import discover, registry
    from benchsuite.registry.local_plugins import places
    from benchsuite.suite.planning.expand import expand
    from benchsuite.suite.reader import plugins_of, read_suite, suite_path

    suite = suite.removesuffix("@sample")
    path = suite_path(suite, registry())
    own = plugins_of(path)
    known = discover(local=(*places(), *own)) if own else registry()
    return expand(read_suite(path, known), known), known


def _parameters(plan: Plan, known: Registry) -> Mapping[str, str]:
    """Every parameter that `--set` may change, with what it is now; those that the suite itself varies are left out."""
    from benchsuite.registry import CASE_PARTS
    from benchsuite.suite.planning.expand import value_at
    from benchsuite.suite.source.json_schema import paths
    from benchsuite.suite.source.problems import written

    first = plan.cases[0]
    varied = {path for case in plan.cases for path in case.settings}
    found = {}
    for kind in CASE_PARTS:
        schema = known.entry(kind, getattr(first, kind).qualified_name).component.Parameters
        for path in (f"{kind}.{one}" for one in paths(schema)):
            if not any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in varied):
                there, value = value_at(first, path)
                found[path] = f"now {written(value)}" if there else ""
    return found


def _choices(plan: Plan, known: Registry, path: str) -> Iterable[str]:
    """The values of a parameter, where they are listed; else the one that it has."""
    from benchsuite.suite.planning.expand import value_at
    from benchsuite.suite.source.json_schema import choices_at
    from benchsuite.suite.source.problems import written

    kind, _, below = path.partition(".")
    component = getattr(plan.cases[0], kind)
    schema = known.entry(kind, component.qualified_name).component.Parameters  # type: ignore[arg-type]
    there, value = value_at(plan.cases[0], path)
    return choices_at(schema, below.split(".")) or ([written(value)] if there else [])
