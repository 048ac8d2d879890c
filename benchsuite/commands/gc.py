"""`benchsuite gc`: what lies in a results folder and no suite asks for any more; with --delete it goes."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchsuite.commands.completion import complete_suite
from benchsuite.commands.console import announce, count, out, print_json, say, size, table
from benchsuite.commands.options import RESULTS, Json, Plugins, WeightsName
from benchsuite.errors import SetupError, StoreError, first_line

if TYPE_CHECKING:
    from benchsuite.execution.garbage import Garbage, Spared, Wanted
    from benchsuite.registry import Registry
    from benchsuite.store.run_store import Store
    from benchsuite.suite.schema.suite import Suite

SHOWN = 40
"""Things that are told one by one."""
UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
KINDS = {
    "run": "runs that no suite asks for",
    "replaced": "runs made again by newer code",
    "unfinished": "runs begun and never finished",
    "weights": "weights",
    "checkpoint": "checkpoints of finished runs",
    "temporary": "temporary files",
}
UNTOUCHED = "for so long as 30m, 12h, 30d or 4w"


def _seconds(text: str) -> float:
    """An age such as 30d in seconds."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?) ?([mhdw])", text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no age; give one such as 30m, 12h, 30d or 4w")
    return float(found[1]) * UNITS[found[2]]


def gc(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", envvar="BENCHSUITE_RESULTS", help="The results folder.")
    ] = RESULTS,
    suites: Annotated[
        list[str] | None,
        typer.Option(
            "--suite",
            metavar="SUITE",
            help="Judge only the runs of this suite, by its name or file; may be given again. Without it: of every"
            " suite that can be named here, or has its paper in RESULTS.",
            autocompletion=complete_suite,
        ),
    ] = None,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            "--forget",
            metavar="NAME",
            help="Give up the runs of a suite that is gone, or has become another study; may be given again.",
        ),
    ] = None,
    weights: Annotated[
        WeightsName, typer.Option("--weights", help="Whose weights stay: all; cases, one run of each case; none.")
    ] = WeightsName.all,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Also what was begun and never finished; it would begin anew.")
    ] = False,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", metavar="AGE", parser=_seconds, help=f"Only what was not touched {UNTOUCHED}."),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove what is listed; without it nothing is.")] = False,
    plugins: Plugins = None,
    as_json: Json = False,
) -> None:
    """List what in RESULTS no suite asks for any more, with the reasons and the room it takes; --delete removes it.

    A suite asks for a run by its data set, model and recipe with their parameters, and by its seed, whichever machine,
    data or code made it: nothing that is listed makes a run due. What is being made, what cannot be told for certain
    and what benchsuite does not know stays, and is told. A suite that cannot be read ends the command: its runs would
    look as if nobody wanted them.

    Exit code 0: all that was to go is listed, or gone; 1: some of it is in use, and stays; 2: nothing was done.
    """
    from benchsuite.execution.garbage import Choice, remove, scratch_garbage
    from benchsuite.execution.garbage import find_garbage as find
    from benchsuite.file_stamps import files_stamp
    from benchsuite.store.run_store import stores_below

    if not (results / "runs").is_dir() and not any(results.glob("*@sample/runs")):
        raise StoreError(
            "there are no results in this folder" if results.is_dir() else "this folder is not there",
            where=str(results),
            expected="a results folder, with runs/ in it",
            remedy="name the folder that was given to --results: benchsuite gc DIR",
        )
    before = time.time() - older_than if older_than is not None else None
    known = _read_suites(results, suites or ())
    stamp = files_stamp(known.files)
    choice = Choice(known.judged, tuple(forget or ()), weights.value, unfinished, before)
    _check_forgotten(known, choice.forgotten, results)
    found: list[Garbage] = []
    spared: list[tuple[Store, Spared]] = []
    for store in stores_below(results):
        own, kept = find(store, known.wanted(store), choice, known.registry_of)
        found += own
        spared += [(store, one) for one in kept]
    found += [one for one in scratch_garbage() if before is None or one.touched < before]
    stays: dict[int, str] = {}
    if delete:
        if files_stamp(known.files) != stamp:
            raise StoreError(
                "a suite was changed while its runs were looked at",
                where=str(results),
                remedy="start the command again; nothing was removed",
            )
        stays = {number: why for number, one in enumerate(found) if (why := remove(one))}
    if as_json:
        print_json(_as_json(results, known, found, spared, delete, stays))
    else:
        _show(results, found, spared, delete, stays)
    if stays:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Suites:
    """The suites that are gone by. `judged` are those whose runs may be found to be nobody's; the others only keep
    runs from that."""

    read: Sequence[tuple[Path, Suite, Registry]]
    judged: frozenset[str]
    default: Registry

    @property
    def files(self) -> list[Path]:
        return [path for path, _, _ in self.read]

    def registry_of(self, suite: str) -> Registry:
        return next((its for _, read, its in self.read if read.name == suite), self.default)

    def wanted(self, store: Store) -> list[Wanted]:
        """What the suites ask for in a store: in that of smoke runs, small runs."""
        from benchsuite.commands.run_names import is_smoke
        from benchsuite.execution.garbage import wanted_by
        from benchsuite.suite.planning.expand import expand
        from benchsuite.suite.planning.sample_smoke import smoke_plan

        found = []
        for _, suite, its in self.read:
            plan = expand(suite, its)
            if is_smoke(store) and store.root.name != f"{suite.name}@sample":
                continue
            found.append(wanted_by(smoke_plan(plan, its) if is_smoke(store) else plan, its))
        return found


def _read_suites(results: Path, named: Sequence[str]) -> _Suites:
    """Every suite that could ask for runs in a results folder. Raises SuiteError where one cannot be read; with `named`
    ones, where it is one of them."""
    from benchsuite.registry import discover, registry
    from benchsuite.registry.local_plugins import places
    from benchsuite.registry.suite_files import suite_files
    from benchsuite.suite.reader import is_report, plugins_of, read_suite, suite_path
    from benchsuite.suite.source.problems import SuiteError

    known = registry()
    asked = [suite_path(name, known) for name in named]
    others = [path for paths in suite_files(known).values() for path in paths]
    others += _owners(results)
    read: dict[Path, tuple[Path, Suite, Registry]] = {}
    for path in (*asked, *others):
        if path.resolve() in read or (path not in asked and is_report(path)):  # its studies ask for the runs
            continue
        own = plugins_of(path)
        its = discover(local=(*places(), *own)) if own else known
        try:
            read[path.resolve()] = path, read_suite(path, its), its
        except SuiteError as error:
            if path not in asked and named:
                announce(f"not gone by, for it cannot be read: {path}")
                continue
            raise StoreError(
                f"a suite cannot be read, so it cannot be told which runs it asks for: {first_line(error)}",
                where=str(path),
                expected="suites that are valid: benchsuite plan says all that is wrong",
                remedy="mend it, or name the suites whose runs may be judged with --suite; nothing was removed",
            ) from error
    judged = {suite.name for path, suite, _ in read.values() if not named or path in asked}
    return _Suites(tuple(read.values()), frozenset(judged), known)


def _owners(results: Path) -> Iterator[Path]:
    """The files of the suites that have their papers in a results folder, as far as they are still there."""
    from benchsuite.commands.session import OWNER

    for note in sorted(results.glob(f"*/{OWNER}")):
        with suppress(OSError, UnicodeDecodeError):
            path = Path(note.read_text(encoding="utf-8").strip())
            if path.is_file():
                yield path


def _check_forgotten(known: _Suites, forgotten: Collection[str], results: Path) -> None:
    """Raise SetupError for a suite that would be forgotten and that no run was made for."""
    from benchsuite.store.run_store import stores_below

    if not forgotten:
        return
    made = {record.spec.suite for store in stores_below(results) for record in store.records()}
    for name in forgotten:
        if name not in made:
            raise SetupError(
                f"no run here was made for a suite named {name!r}",
                where=str(results),
                expected=f"one of: {', '.join(sorted(made))}" if made else None,
                remedy="correct the name after --forget, or leave it out",
            )


def _show(
    results: Path,
    found: Sequence[Garbage],
    spared: Sequence[tuple[Store, Spared]],
    delete: bool,
    stays: Mapping[int, str],
) -> None:
    totals: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for number, one in enumerate(found):
        if number not in stays:
            totals[one.kind].update(count=1, bytes=one.bytes)
    for one in found[:SHOWN]:
        named = one.title if one.title else str(one.path)
        key = f"{one.key[:12]}  " if one.key else ""
        out.print(f"{key}{named}  {size(one.bytes)}\n    {_words(one)}", markup=False)
    if found[SHOWN:]:
        out.print(f"… and {len(found) - SHOWN:,} more, which --json lists")
    shown = table(
        f"Removed from {results}" if delete else f"Would be removed from {results}",
        "what", "count", "size", right=("count", "size"),
    )  # fmt: skip
    for kind, total in totals.items():
        if total["count"]:
            shown.add_row(KINDS[kind], f"{total['count']:,}", size(total["bytes"]))
    freed = sum(total["bytes"] for total in totals.values())
    shown.add_row("in all", f"{sum(total['count'] for total in totals.values()):,}", size(freed))
    out.print(shown)
    for store, left in spared:
        where = f" in {store.root}" if store.root != results else ""
        of = f" of {left.suite}" if left.suite else ""
        say(f"kept: {count(left.runs, 'run')}{of}{where}: {left.why}")
    for number, why in stays.items():
        announce(f"stays: {found[number].path}: {why}")
    due = Counter(one.due for number, one in enumerate(found) if one.due and number not in stays)
    for text, number in due.items():
        say(f"{count(number, 'run')}: {text}, should a study ask for it again")
    if found and not delete:
        say("no finished run that a suite asks for becomes due; nothing was removed: --delete does it")
    if not found:
        say("nothing to remove; what the cache holds is shown by benchsuite cache")


def _words(one: Garbage) -> str:
    label = {"weights": "weights: ", "checkpoint": "checkpoint: ", "temporary": ""}.get(one.kind, "")
    return label + one.why


def _as_json(
    results: Path,
    known: _Suites,
    found: Sequence[Garbage],
    spared: Sequence[tuple[Store, Spared]],
    delete: bool,
    stays: Mapping[int, str],
) -> Mapping[str, Any]:
    def told(number: int, one: Garbage) -> Mapping[str, Any]:
        return {
            "kind": one.kind,
            "path": str(one.path),
            "key": one.key,
            "run": one.title or None,
            "bytes": one.bytes,
            "touched": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.touched)),
            "why": one.why,
            "due": one.due or None,
            "outcome": "stays" if number in stays else "removed" if delete else "listed",
            "stays": stays.get(number),
        }

    return {
        "results": str(results),
        "deleted": delete,
        "suites": sorted(known.judged),
        "bytes": sum(one.bytes for number, one in enumerate(found) if number not in stays),
        "garbage": [told(number, one) for number, one in enumerate(found)],
        "kept": [
            {"folder": str(store.root), "suite": one.suite or None, "runs": one.runs, "why": one.why}
            for store, one in spared
        ],
    }
