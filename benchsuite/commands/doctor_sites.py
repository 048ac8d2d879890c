"""The part of `benchsuite doctor` on executors: the sites on which one makes runs, and whether they are of one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from benchsuite.commands.console import count, say
from benchsuite.commands.findings import Finding


def sites(name: str, options: Sequence[str]) -> Iterator[Finding]:
    """A finding for each site, and one on all of them. Raises what opening the executor raises."""
    from benchsuite.execution.dispatch import machine_title, read_site
    from benchsuite.execution.executors import LOCAL, choose, open_engine
    from benchsuite.identity.source_fingerprint import fingerprints
    from benchsuite.registry import registry

    choice = choose(name, options)
    if choice.name == LOCAL:
        yield Finding("executor", "good", "local: runs are made on this machine")
        return
    ours = fingerprints(())["benchsuite"]
    kinds: Counter[str] = Counter()
    with open_engine(choice, registry(), say) as engine:
        for site in engine.sites():
            found, trouble = read_site(site)
            title = f"{site.host} ({site.name})"
            if found is None or found.report.machine is None:
                yield Finding("site", "bad", f"{title}: {trouble}", "mend it there, and start the worker again")
            elif found.report.code != ours:
                remedy = "install there what is installed here, and start the worker again"
                yield Finding("site", "bad", f"{title}: another source of benchsuite {found.report.version}", remedy)
            else:
                kinds[machine_title(found.report.machine)] += site.slots
                about = f"{title}: {count(site.slots, 'run')} at once, {machine_title(found.report.machine)}"
                yield Finding("site", "good", about)
    if not kinds:
        yield Finding("executor", "bad", "there is no site on which runs can be made", "start workers, or mend them")
        return
    (kind, slots), *others = kinds.most_common()
    yield Finding("executor", "good", f"a new study is made on {kind}: {count(slots, 'run')} at once")
    for kind, slots in others:
        idle = f"{kind}: {count(slots, 'slot')} stay idle, since they give other bits"
        yield Finding("executor", "note", idle, "make another study there, or use one kind of machine")
