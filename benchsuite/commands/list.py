"""`benchsuite list` and `benchsuite schema`: what there is, and how suites are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchsuite import __version__
from benchsuite.commands.console import announce, out, print_json, say, table
from benchsuite.commands.options import Json, Plugins
from benchsuite.contracts.kinds import KIND_NAMES, Kind
from benchsuite.errors import PluginError

if TYPE_CHECKING:
    from benchsuite.registry import Entry, Registry


LISTS = ("suites", *(f"{kind}s" for kind in KIND_NAMES), "plugins")


def list_(
    what: Annotated[str, typer.Argument(metavar=f"[{'|'.join(LISTS)}]", help="Only these.")] = "",
    plugins: Plugins = None,
    as_json: Json = False,
) -> None:
    """Show the suites and components that are installed, and plugins that had to be set aside."""
    from benchsuite.commands.suite_rows import suite_rows
    from benchsuite.registry import KINDS, registry

    if what and what not in LISTS:
        raise typer.BadParameter(f"{what!r} is none of {', '.join(LISTS)}")
    known = registry()
    look: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "suites": lambda: suite_rows(known),
        **{f"{kind}s": partial(_entries, known, kind) for kind in KINDS},
        "plugins": lambda: _plugins(known),
    }
    chosen = {title: rows() for title, rows in look.items() if what in ("", title)}
    if as_json:
        print_json(chosen)
        return
    for title, rows in chosen.items():
        if not rows:
            continue
        shown = table(title, *rows[0])
        for row in rows:
            shown.add_row(*(str(value) for value in row.values()))
        out.print(shown)
        out.print()
    for bad in known.quarantined:
        announce(f"set aside: {bad.entry_point} of {bad.distribution} {bad.version}")
        say(f"  {bad.reason}")


def _entries(known: Registry, kind: Kind) -> list[dict[str, Any]]:
    from benchsuite.registry import KINDS

    ours = [
        {"name": name, "provided by": f"benchsuite {__version__}", "parameters": "", "about": about}
        for name, about in KINDS[kind].built_in.items()
    ]
    return ours + [
        {
            "name": entry.name,
            "provided by": f"{entry.distribution} {entry.version}",
            "parameters": ", ".join(entry.component.Parameters.model_fields),
            "about": _about(entry),
        }
        for entries in known.entries(kind).values()
        for entry in entries
    ]


def _about(entry: Entry) -> str:
    """The first sentence of what the component's class says of itself."""
    paragraph = (type(entry.component).__doc__ or "").strip().partition("\n\n")[0]
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(paragraph.split()))[0]


def _plugins(known: Registry) -> list[dict[str, Any]]:
    """A row for each distribution: what it provides, and what `check-plugin` found of its components."""
    from benchsuite.registry.suite_files import ENDINGS

    owners: dict[tuple[str, str], list[str]] = {}
    checked: dict[tuple[str, str], list[str]] = {}
    for entry in known.components:
        owner = entry.distribution, entry.version
        owners.setdefault(owner, []).append(f"{entry.kind} {entry.name}")
        if card := _card(entry):
            checked.setdefault(owner, []).append(f"{entry.name}: {card}")
    for folder, name in known.suite_folders:
        suites = sum(path.suffix in ENDINGS for path in folder.glob("*"))
        owners.setdefault((name, _version(name)), []).append(f"{suites} suites" if suites != 1 else "1 suite")
    for name, _ in known.observers:
        owners.setdefault((name, _version(name)), []).append("an observer")
    notices: dict[str, str] = dict(known.notices)
    rows = [
        {
            "distribution": name,
            "version": version,
            "status": notices.get(name, "in use"),
            "provides": ", ".join(parts),
            "checked": ", ".join(checked.get((name, version), ["never: benchsuite check-plugin"])),
        }
        for (name, version), parts in owners.items()
    ]
    rows += [
        {
            "distribution": bad.distribution,
            "version": bad.version,
            "status": "set aside",
            "provides": f"{bad.entry_point}: {bad.reason}",
            "checked": "",
        }
        for bad in known.quarantined
    ]
    return rows


def _card(entry: Entry) -> str:
    """What the component's conformance card says; nothing where it was never checked."""
    from benchsuite.identity.source_fingerprint import component_fingerprint
    from benchsuite.testing.runner import conformance_cards

    component = entry.distribution, entry.kind, entry.name
    if not conformance_cards.is_kept(*component):  # before all that a fingerprint reads
        return ""
    try:
        found = conformance_cards.find(*component, component_fingerprint(entry.module))
    except PluginError:
        return ""
    return found.summary if found is not None else ""


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"
