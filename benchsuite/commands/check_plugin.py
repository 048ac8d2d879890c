"""`benchsuite check-plugin`: whether a plugin keeps its contract, rule by rule, and the card that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchsuite.commands.console import announce, complain, messages, out, print_json, say, table
from benchsuite.commands.options import Json
from benchsuite.errors import BenchsuiteError, PluginError
from benchsuite.extras import require

if TYPE_CHECKING:
    from benchsuite.registry import Entry, Registry
    from benchsuite.testing.harness.component_source import Announced
    from benchsuite.testing.runner.conformance_cards import Card, Check

SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "bold red"), "skipped": ("–", "dim")}

Plugin = Annotated[
    str,
    typer.Argument(
        metavar="NAME|PATH",
        help="A component (digits, distribution:digits), a distribution, or a Python file or folder of plugins.",
        show_default=False,
    ),
]
SetParameter = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Check with this parameter: image_size=28, freeze.blocks=2."),
]


def check_plugin(plugin: Plugin, settings: SetParameter = None, as_json: Json = False) -> None:
    """Check every rule of the contract on a plugin's components, and keep a conformance card of each.

    Each check has BENCHSUITE_CHECK_SECONDS (300). Exit code 0: every rule is kept; 1: some are broken; 2: there is no
    such plugin, or it cannot be loaded or checked.
    """
    require("benchsuite check-plugin", "jsonschema")
    chosen = _chosen(plugin)
    given = _given(settings or [], [entry for entry, _ in chosen])
    cards: list[Card] = []
    uncheckable = 0
    for entry, origin in chosen:
        try:
            cards.append(_checked(entry, origin, given))
        except BenchsuiteError as error:
            # One that cannot be checked must not keep the others of its distribution from it.
            if len(chosen) == 1:
                raise
            uncheckable += 1
            complain(error)
    if as_json:
        print_json([card.model_dump(mode="json") for card in cards])
    else:
        for card in cards:
            _show(card)
    if uncheckable:
        raise typer.Exit(2)
    if any(card.failed for card in cards):
        raise typer.Exit(1)


def _checked(entry: Entry, origin: Announced, given: Mapping[str, Any]) -> Card:
    """Check one component, a line for each rule, and keep its card."""
    from benchsuite.testing.harness.subject import parsed
    from benchsuite.testing.rules.catalogue import rules_of
    from benchsuite.testing.runner import conformance_cards
    from benchsuite.testing.runner.runner import Runner

    own = {name: value for name, value in given.items() if name in entry.component.Parameters.model_fields}
    parsed(entry, own)
    rules = rules_of(entry.kind)
    checks: list[Check] = []
    say(f"{entry.kind} {entry.qualified_name} {entry.version}: {len(rules)} rules")
    with Runner(origin, own) as runner:
        for number, rule in enumerate(rules, 1):
            with messages.status(f"{number} of {len(rules)}: {rule.title}"):
                check = runner.check(rule)
            checks.append(check)
            sign, style = SIGNS[check.status]
            messages.print(f"  {sign} {check.title} ({check.seconds:.1f} s)", style=style, markup=False)
            if check.status == "failed":
                for line in check.describe().splitlines():
                    messages.print(f"      {line}", markup=False)
    card = conformance_cards.make_card(entry, own, checks)
    say(f"  the card is kept in {conformance_cards.store(card)}")
    return card


def _show(card: Card) -> None:
    """The conformance card."""
    title = f"{card.kind} {card.name}, {card.distribution} {card.version}: {card.summary}"
    shown = table(title, "", "rule", "found")
    for check in card.checks:
        sign, style = SIGNS[check.status]
        first = check.detail.splitlines()[0] if check.detail else ""
        shown.add_row(sign, check.title, first, style=style if check.status != "passed" else None)
    out.print(shown)
    say(f"benchsuite {card.benchsuite}, torch {card.torch}, source {card.fingerprint[:12]}")
    if card.failed:
        announce(f"{card.name} does not keep its contract: {', '.join(check.id for check in card.failed)}")


def _chosen(plugin: str) -> list[tuple[Entry, Announced]]:
    """The components that are asked for. Raises UnknownComponent, AmbiguousComponent or PluginError."""
    from benchsuite.registry import registry

    path = Path(plugin).expanduser()
    # As typed: a Path forgets `./`, by which somebody says that the folder is meant and not the name.
    if path.suffix == ".py" or path.is_absolute() or any(mark in plugin for mark in "/\\") or plugin.startswith("."):
        return _in_files(path, plugin)
    known = registry()
    found = _components(known, plugin) or _all(known, plugin)
    if not found and path.is_dir():  # a name wins over a folder that happens to be called so
        return _in_files(path, plugin)
    return found or _unknown(known, plugin)


def _in_files(path: Path, typed: str) -> list[tuple[Entry, Announced]]:
    """The components of a Python file, or of a folder of them."""
    from benchsuite.registry.import_check import find_hanging_import
    from benchsuite.registry.local_plugins import local_plugins
    from benchsuite.testing.harness.component_source import local_registry

    if not path.exists():
        raise PluginError(
            "there is no such file or folder",
            where=typed,
            expected="a Python file with a plugin, or a folder of them",
            remedy="correct the path",
        )
    local = (path.resolve(),)
    culprit = find_hanging_import(local)
    if culprit is not None:
        raise PluginError(
            f"importing {culprit.name} {culprit.how}",
            where=typed,
            expected="a module that can be imported",
            remedy="let it do nothing but define when it is imported",
        )
    found = _all(local_registry(local), "local", local)
    if not found:
        looked = [str(one.path.relative_to(local[0])) for one in local_plugins(local) if path.is_dir()]
        raise PluginError(
            "there is no component to check" + (f" in {', '.join(looked)}" if looked else ""),
            where=typed,
            expected="a hook such as benchsuite_datasets or benchsuite_models that returns classes",
            remedy="implement one with @benchsuite.api.hookimpl, or install the package and give its name",
        )
    return found


def _components(known: Registry, name: str) -> list[tuple[Entry, Announced]]:
    """The components of this name, of whatever kind."""
    from benchsuite.registry import KINDS, UnknownComponent

    found = []
    for kind in KINDS:
        try:
            found.append(known.entry(kind, name))
        except UnknownComponent:
            continue
    return [(entry, _origin(entry)) for entry in found]


def _all(known: Registry, distribution: str, local: tuple[Path, ...] = ()) -> list[tuple[Entry, Announced]]:
    """Every component of a distribution. Raises PluginError when one of its plugins was set aside."""
    from benchsuite.registry import same_distribution
    from benchsuite.testing.harness.component_source import unusable

    for bad in known.quarantined:
        if same_distribution(bad.distribution, distribution):
            raise unusable(bad)
    own = [entry for entry in known.components if same_distribution(entry.distribution, distribution)]
    return [(entry, _origin(entry, local)) for entry in own]


def _origin(entry: Entry, local: tuple[Path, ...] = ()) -> Announced:
    from benchsuite.testing.harness.component_source import Announced

    return Announced(entry.kind, entry.name, entry.distribution, local)


def _unknown(known: Registry, name: str) -> list[tuple[Entry, Announced]]:
    from benchsuite.registry import KINDS, UnknownComponent
    from benchsuite.suite.source.problems import did_you_mean, one_of

    names = sorted({name for kind in KINDS for name in known.names(kind)})
    distributions = sorted({entry.distribution for entry in known.components})
    raise UnknownComponent(
        f"no component, distribution or file is called {name!r}",
        expected=one_of([*names, *distributions], 30),
        remedy=did_you_mean(name, [*names, *distributions]) or "install the plugin, or name its Python file",
    )


def _given(settings: Sequence[str], entries: Sequence[Entry]) -> dict[str, Any]:
    """The parameters of `--set`. Raises SuiteError for what is none, or none of any component's."""
    from benchsuite.suite.planning.overrides import read_overrides
    from benchsuite.suite.source.problems import Mark, Problem, SuiteError, did_you_mean, one_of

    known = sorted({name for entry in entries for name in entry.component.Parameters.model_fields})
    # Read as a suite's overrides are; those begin with the kind of component.
    read, problems = read_overrides([f"dataset.{text}" for text in settings], [])
    given: dict[str, Any] = {}
    for override in read:
        _, first, *rest = override.setting.parts
        if first not in known:
            mark = Mark(f"--set {override.text.removeprefix('dataset.')}")
            problems.append(Problem(mark, first, "no such parameter", None, one_of(known), did_you_mean(first, known)))
        value = override.setting.node.plain()
        for part in reversed(rest):
            value = {part: value}
        if rest and isinstance(given.get(first), dict):
            value = given[first] | value
        given[first] = value
    if problems:
        raise SuiteError(problems)
    return given
