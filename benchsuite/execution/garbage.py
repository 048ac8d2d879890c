"""What lies in a results folder and no study asks for any more: runs, weights, checkpoints and temporary files.

A suite asks for a run by its data set, its model and its recipe, each with its parameters, and by its seed. Which
machine, data and code made the run is no matter: results of a cluster, or of before an update, are asked for as well.
So nothing has to be at hand but the suites. What cannot be told for certain is kept, and told with the reason.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from benchsuite.atomic_files import abandoned, abandoned_scratch, is_abandoned
from benchsuite.execution.due_runs import Kept
from benchsuite.identity.canonical import digest
from benchsuite.identity.key_diff import differences, leaves
from benchsuite.identity.run_key import Role, component_fields, hash_fields
from benchsuite.identity.source_fingerprint import fingerprints, libraries
from benchsuite.registry import CASE_PARTS, Registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import CHECKPOINT, LOCK, LOG, MEASURED, RECORD, SMOKE, WEIGHTS, Store, keeps_weights
from benchsuite.suite.cases.plan import Case, Component, Plan
from benchsuite.suite.planning.sample_smoke import shrink_case
from benchsuite.suite.search.space import case_with

Kind = Literal["run", "replaced", "unfinished", "weights", "checkpoint", "temporary"]
Parts = Mapping[str, Any]
"""What keys cover of a case's data set, model and recipe."""
WRITTEN_TOGETHER = 2.0
"""Seconds by which a file of a run may be younger than its record: the coarsest step of a file system's clock."""
MOST_COMPARED = 200
"""Cases among which the one is looked for that is most like a run of none."""
MOST_DIFFERENCES = 2


@dataclass(frozen=True)
class Wanted:
    """The runs that a plan asks for. `trials` are the parts of a trial without what its search sets."""

    suite: str
    cases: Mapping[str, Parts]
    """By their digests."""
    seeds: frozenset[int]
    searched: tuple[str, ...] = ()
    trials: str = ""
    trial_seed: int | None = None
    known: dict[str, bool] = field(default_factory=dict)
    """For parts that were asked about, by their digests, whether a case has them."""

    def has_seed(self, seed: int) -> bool:
        return seed in self.seeds or seed == self.trial_seed

    def has_case(self, parts: Parts, own: str | None = None) -> bool:
        """Whether a case or a trial has these parts, of which `own` is the digest. Parameters that only one of the two
        knows tell nothing: plugins gain and lose them with their versions."""
        own = own or digest(parts)
        if own not in self.known:
            self.known[own] = (
                own in self.cases
                or (self.trials != "" and digest(_without(parts, self.searched)) == self.trials)
                or any(_agree(dict(leaves(parts)), case) for case in self._leaves)
            )
        return self.known[own]

    def difference(self, parts: Parts) -> str:
        """In what these parts differ from the case that is most like them."""
        some = list(self.cases.values())[:MOST_COMPARED]
        found = min((differences(parts, case) for case in some), key=len)
        more = f" and {len(found) - MOST_DIFFERENCES} more" if len(found) > MOST_DIFFERENCES else ""
        return "; ".join(found[:MOST_DIFFERENCES]) + more

    @cached_property
    def _leaves(self) -> list[Mapping[tuple[str, ...], Any]]:
        return [dict(leaves(case)) for case in self.cases.values()]


def wanted_by(plan: Plan, registry: Registry) -> Wanted:
    """What a plan asks for, without its data and weights. Raises what reading a file of a parameter raises."""
    known: dict[int, Parts] = {}

    def parts(case: Case) -> Parts:
        return {role: part(role, getattr(case, role)) for role in get_args(Role)}

    def part(role: Role, component: Component) -> Parts:
        if id(component) not in known:  # which cases share, and the plan keeps alive
            schema = registry.entry(role, component.qualified_name).component.Parameters
            known[id(component)] = component_fields(role, component, schema)
        return known[id(component)]

    cases = {digest(one): one for one in map(parts, plan.cases)}
    seeds = frozenset(plan.seeds)
    if plan.search is None:
        return Wanted(plan.suite, cases, seeds)
    declared = plan.search.declared
    first = {path: values[0] for path, values in declared.space.items()}
    if declared.halving is not None:
        first[declared.halving.path] = declared.halving.rungs[0]
    trial = case_with(plan.search, "first", first, registry)
    trial = shrink_case(trial, registry, plan.pinned) if plan.search.reduced else trial
    searched = tuple(first)
    return Wanted(plan.suite, cases, seeds, searched, digest(_without(parts(trial), searched)), declared.seed)


def _without(parts: Parts, paths: Iterable[str]) -> Parts:
    """The parts without what these paths set."""
    found = dict(parts)
    for path in paths:
        kind, _, below = path.partition(".")
        if below:
            found[kind] = {**found[kind], "parameters": _dropped(found[kind].get("parameters", {}), below.split("."))}
        else:
            found[kind] = {}
    return found


def _dropped(values: Any, names: Sequence[str]) -> Any:
    if not isinstance(values, Mapping):
        return values
    kept = {name: value for name, value in values.items() if name != names[0]}
    return {**kept, names[0]: _dropped(values[names[0]], names[1:])} if names[1:] and names[0] in values else kept


def _agree(some: Mapping[tuple[str, ...], Any], others: Mapping[tuple[str, ...], Any]) -> bool:
    return all(others[path] == value for path, value in some.items() if path in others)


@dataclass(frozen=True)
class Garbage:
    """One thing that could go. `key` is that of its run, `title` SUITE/CASE/SEED where that is known."""

    kind: Kind
    path: Path
    bytes: int
    touched: float
    """When a file of it was last changed, in seconds since 1970."""
    why: str
    store: Store | None = None
    key: str | None = None
    title: str = ""
    due: str = ""
    """What has to be made anew once it is gone, if a study asks for it again; nothing is due otherwise."""


@dataclass(frozen=True)
class Spared:
    """Runs that stay although no suite that was looked at is known to ask for them, and how they could be judged."""

    suite: str
    runs: int
    why: str


@dataclass(frozen=True)
class Choice:
    """What may go. `judged` are the suites whose runs may be found to be nobody's; others only keep theirs."""

    judged: Collection[str]
    forgotten: Collection[str] = ()
    """Suites of which it is known that they are gone, or other studies now."""
    weights: Kept = "all"
    """Whose weights stay."""
    unfinished: bool = False
    """Whether what was begun and never finished goes."""
    before: float | None = None
    """Only what has not changed since; in seconds since 1970."""


def find_garbage(
    store: Store, wanted: Sequence[Wanted], choice: Choice, registry_of: Callable[[str], Registry]
) -> tuple[list[Garbage], list[Spared]]:
    """What could go from a store, and which runs stay though nothing asks for them.

    `wanted` is all that suites ask for, `registry_of` a suite gives the plugins with which it is read. Raises
    StoreError where a record is of a newer version.
    """
    records: list[RunRecord] = []
    found: list[Garbage] = []
    begun: list[str] = []
    spared: Counter[tuple[str, str]] = Counter()
    for key in store.run_keys():
        record = store.read(key)
        if record is not None:
            records.append(record)
        elif (store.folder(key) / RECORD).exists():
            spared["", "their records are damaged: see benchsuite doctor --results"] += 1
        else:
            begun.append(key)
    judge = _Judge(wanted, records, choice, store.at_work(), registry_of)
    kept: list[RunRecord] = []
    for record in records:
        kind, why = judge.verdict(record)
        if kind == "spared":
            spared[record.spec.suite, why] += 1
        strange = _strange(store, record) if kind in ("run", "replaced") else ""
        if strange:
            spared[record.spec.suite, strange] += 1
        elif kind in ("run", "replaced"):
            found.append(_of_run(cast("Kind", kind), store, record, why))
            continue
        kept.append(record)
    found += _parts_of(store, kept, choice, judge)
    if choice.unfinished:
        found += [one for key in begun if (one := _unfinished(store, key, judge)) is not None]
    elif begun:
        spared["", "they were begun and are not finished: --unfinished takes those that nobody is at"] += len(begun)
    gone = {one.path for one in found}
    beside = (folder for folder in store.root.glob("*/") if not folder.name.endswith(SMOKE))  # stores of their own
    found += _temporary((store.root, *beside, *(one for one in store.root.glob("runs/*/") if one not in gone)))
    if choice.before is not None:
        found = [one for one in found if one.touched < choice.before]
    return found, [Spared(suite, runs, why) for (suite, why), runs in sorted(spared.items())]


@dataclass
class _Judge:
    """Which runs go, and why."""

    wanted: Sequence[Wanted]
    records: Sequence[RunRecord]
    choice: Choice
    at_work: Mapping[str, Path]
    registry_of: Callable[[str], Registry]

    def verdict(self, record: RunRecord) -> tuple[str, str]:
        """A kind of garbage, `asked` or `spared`, with the reason."""
        suite = record.spec.suite
        if record.key in self._asked:
            return self._newer(record)
        if suite in self.at_work:
            return "spared", f"a command makes runs of {suite} now; should it have ended, remove {self.at_work[suite]}"
        if suite in self.choice.forgotten:
            return "run", "its suite is given up (--forget)"
        own = [one for one in self.wanted if one.suite == suite]
        if not own:
            return "spared", f"no suite is named {suite} here: name its file with --suite, or give it up with --forget"
        if suite not in self.choice.judged:
            return "spared", "only the runs of other suites are judged (--suite)"
        if suite not in self._in_use:
            return "spared", (
                f"the suite {suite} asks for none of the runs that were made for it: it was changed, or is another "
                f"study. Give them up with --forget {suite}"
            )
        parts = _parts(record)
        if any(one.has_case(parts) for one in own):
            return "run", f"{suite} has no seed {record.spec.seed}"
        return "run", f"no case of {suite} is so: {own[0].difference(parts)}"

    @cached_property
    def _asked(self) -> Mapping[str, set[str]]:
        """The suites that ask for a run, by its key, where there are any."""
        found = {}
        for record in self.records:
            parts, seed = _parts(record), record.key_fields["seed"]
            own = digest(parts)
            if by := {one.suite for one in self.wanted if one.has_seed(seed) and one.has_case(parts, own)}:
                found[record.key] = by
        return found

    @cached_property
    def _in_use(self) -> set[str]:
        """The suites that ask for at least one of the runs that were made for them."""
        return {record.spec.suite for record in self.records if record.spec.suite in self._asked.get(record.key, ())}

    def _newer(self, record: RunRecord) -> tuple[str, str]:
        """Whether a run that is asked for was made again by the code that is here."""
        same = self._same[_same(record)]
        if same.keys() - {record.key} and record.spec.suite not in self.at_work:
            current = self._current(record)
            if current is not None and current != record.key and current in same:
                told = differences(record.key_fields, same[current].key_fields)
                return "replaced", f"made again as {current[:12]} since: {'; '.join(told[:MOST_DIFFERENCES])}"
        return "asked", ""

    @cached_property
    def _same(self) -> Mapping[str, Mapping[str, RunRecord]]:
        """Runs that are done, by all that their keys cover but the code."""
        found: dict[str, dict[str, RunRecord]] = defaultdict(dict)
        for record in self.records:
            if record.status == "done":
                found[_same(record)][record.key] = record
            else:
                found[_same(record)]
        return found

    def _current(self, record: RunRecord) -> str | None:
        """The key that the run has by the code that is here; None where its plugins are not."""
        with suppress(Exception):  # of plugins, of any kind
            known = self.registry_of(record.spec.suite)
            case = record.spec.case
            modules = {kind: known.entry(kind, getattr(case, kind).qualified_name).module for kind in CASE_PARTS}
            code = {
                "code": fingerprints(list(modules.values())),
                "libraries": {**libraries(modules["model"]), **libraries(modules["recipe"])},
            }
            return hash_fields({**record.key_fields, **code})
        return None


def _parts(record: RunRecord) -> Parts:
    return {kind: record.key_fields[kind] for kind in CASE_PARTS}


def _same(record: RunRecord) -> str:
    return digest({name: part for name, part in record.key_fields.items() if name not in ("code", "libraries")})


def _title(record: RunRecord) -> str:
    return f"{record.spec.suite}/{record.spec.case.name}/{record.spec.seed}"


def _of_run(kind: Kind, store: Store, record: RunRecord, why: str) -> Garbage:
    folder = store.folder(record.key)
    status = "" if record.status == "done" else "it failed, and "
    return Garbage(kind, folder, *_extent(folder), status + why, store, record.key, _title(record))


def _strange(store: Store, record: RunRecord) -> str:
    """What in the folder of a run is not what the run, or an observer of it, has left there; empty if nothing is."""
    folder = store.folder(record.key)
    if store.different(record.key):
        return "other bits of the same run lie beside them (benchsuite show), which tells of a defect"
    written = (folder / RECORD).stat().st_mtime + WRITTEN_TOGETHER
    with suppress(OSError):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.stat().st_mtime > written and path.name not in (LOG, LOCK, MEASURED):
                return f"something was put into their folders since: {path.name}"
    return ""


def _parts_of(store: Store, records: Sequence[RunRecord], choice: Choice, judge: _Judge) -> Iterator[Garbage]:
    """Of runs that stay: checkpoints that nothing goes on from, and weights that need not be kept."""
    firsts = _firsts(records) if choice.weights == "cases" else frozenset()
    for record in records:
        folder, title = store.folder(record.key), _title(record)
        if record.status != "done":
            continue
        checkpoint, weights = folder / CHECKPOINT, folder / WEIGHTS
        if checkpoint.is_file():
            yield Garbage("checkpoint", checkpoint, *_extent(checkpoint), "its run is done", store, record.key, title)
        unwanted = choice.weights != "all" and record.key not in firsts and record.spec.suite not in judge.at_work
        if unwanted and keeps_weights(record) and weights.is_file():
            why = f"--weights {choice.weights}; predict and export need them, papers and verify do not"
            yield Garbage("weights", weights, *_extent(weights), why, store, record.key, title)


def _firsts(records: Iterable[RunRecord]) -> frozenset[str]:
    """The keys of one run of each case: of the runs that only their seeds tell apart, the one with the first."""
    found: dict[str, tuple[int, str]] = {}
    for record in records:
        if record.status == "done":
            own, case = (record.spec.seed, record.key), hash_fields({**record.key_fields, "seed": 0})
            found[case] = min(found.get(case, own), own)
    return frozenset(key for _, key in found.values())


def _unfinished(store: Store, key: str, judge: _Judge) -> Garbage | None:
    """A run without a record; None while its suite, which only its log tells, is at work."""
    folder, title = store.folder(key), ""
    with suppress(OSError):
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line.partition(f"run {key}: ")[2] for line in lines if f"run {key}: " in line]
        title = told[-1] if told else ""
    if title.partition(", ")[0] in judge.at_work or (judge.at_work and not title):
        return None
    if store.is_held(key):
        return None
    due = "it would begin anew, not go on from its checkpoint" if (folder / CHECKPOINT).exists() else ""
    return Garbage("unfinished", folder, *_extent(folder), "it was begun and has no record", store, key, title, due)


def _temporary(folders: Iterable[Path]) -> Iterator[Garbage]:
    for folder in folders:
        for path in abandoned(folder):
            yield Garbage("temporary", path, *_extent(path), "whoever wrote it has ended")


def scratch_garbage() -> Iterator[Garbage]:
    """What processes that have ended left among the system's temporary files."""
    for path in abandoned_scratch():
        yield Garbage("temporary", path, *_extent(path), "whoever made this scratch folder has ended")


def _extent(path: Path) -> tuple[int, float]:
    """The bytes of a file or a folder, and when it was last changed."""
    total, last = 0, 0.0
    with suppress(OSError):
        last = path.lstat().st_mtime if not path.is_dir() else 0.0
        for each in path.rglob("*") if path.is_dir() and not path.is_symlink() else (path,):
            if each.name != LOCK and not each.is_dir():  # whoever asks a lock touches it
                status = each.lstat()
                total, last = total + status.st_size, max(last, status.st_mtime)
    return total, last


def remove(one: Garbage) -> str:
    """Remove it, if it still is what was looked at. Returns why it stays, nothing where it is gone."""
    if one.store is None or one.key is None:
        return _remove_temporary(one.path)
    if one.kind in ("run", "replaced", "unfinished") and _extent(one.path) != (one.bytes, one.touched):
        return "it has changed since it was looked at"
    if one.title.replace(",", "/").partition("/")[0] in one.store.at_work():
        return "its suite is at work now"
    if one.kind in ("run", "replaced", "unfinished"):
        return "" if one.store.remove(one.key) else "another process is at it"
    return "" if one.store.remove_file(one.key, one.path.name) else "another process is at it"


def _remove_temporary(path: Path) -> str:
    with suppress(OSError):
        if not is_abandoned(path):
            return "somebody writes it"
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        return ""
    return "it cannot be removed"
