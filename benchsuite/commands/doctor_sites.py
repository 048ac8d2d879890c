"""The part of `benchsuite doctor` on executors: the sites on which one makes runs, and whether they are of one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchsuite.commands.console import count, say
from benchsuite.commands.findings import Finding

if TYPE_CHECKING:
    from benchsuite.execution.known_sites import KnownSite
    from benchsuite.identity.numerics import MachineFacts


def sites(name: str, options: Sequence[str]) -> Iterator[Finding]:
    """A finding for each site, and one on all of them. Raises what opening the executor raises."""
    from benchsuite.execution.executors import LOCAL, choose, open_engine
    from benchsuite.execution.known_sites import agreed, deviation, machine_title, read_site
    from benchsuite.identity.source_fingerprint import fingerprints
    from benchsuite.registry import registry

    choice = choose(name, options)
    if choice.name == LOCAL:
        yield Finding("executor", "good", "local: runs are made on this machine")
        return
    ours = fingerprints(())["benchsuite"]
    kinds: Counter[str] = Counter()
    alike: dict[MachineFacts, list[KnownSite]] = {}
    with open_engine(choice, registry(), say) as engine:
        read = [(site, *read_site(site)) for site in engine.sites()]
    for _, found, _ in read:
        if found is not None and found.report.code == ours:
            alike.setdefault(found.machine.kind(), []).append(found)
    for site, found, trouble in read:
        title = f"{site.host} ({site.name})"
        if found is None:
            yield Finding("site", "bad", f"{title}: {trouble}", "mend it there, and start the worker again")
        elif found.report.code != ours:
            remedy = "install there what is installed here, and start the worker again"
            yield Finding("site", "bad", f"{title}: another source of benchsuite {found.report.version}", remedy)
        elif refusal := deviation(found, machine := found.machine.kind(), agreed(alike[machine], machine)):
            yield Finding("site", "bad", f"{title}: {refusal.what}", refusal.remedy or "")
        else:
            kinds[machine_title(found.machine)] += site.slots
            about = f"{title}: {count(site.slots, 'run')} at once, {machine_title(found.machine)}"
            yield Finding("site", "good", about)
    if not kinds:
        yield Finding("executor", "bad", "there is no site on which runs can be made", "start workers, or mend them")
        return
    (kind, slots), *others = kinds.most_common()
    yield Finding("executor", "good", f"a new study is made on {kind}: {count(slots, 'run')} at once")
    for kind, slots in others:
        idle = f"{kind}: {count(slots, 'slot')} stay idle, since they give other bits"
        yield Finding(
            "executor",
            "note",
            idle,
            "make another study there, or divide the seeds of one between them (devices: by_seed)",
        )
