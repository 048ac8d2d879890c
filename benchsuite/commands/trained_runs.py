"""Which finished runs a name means to those who use what was trained: those of one case, the best of them first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchsuite.commands.console import announce, count, say
from benchsuite.commands.run_names import Found, find_records, is_smoke
from benchsuite.errors import BenchsuiteError, StoreError

if TYPE_CHECKING:
    from benchsuite.commands.options import StudyOptions
    from benchsuite.identity.numerics import Numerics
    from benchsuite.store.record import RunRecord

FEW = 5
"""Reasons that are told one by one."""


def finished_runs(name: str, options: StudyOptions) -> list[Found]:
    """The finished runs of the case that a name means, the one that did best in validation first. Of several cases it
    is that with the best mean in validation: the test split chooses nothing.

    Raises what `find_records` does, and StoreError where no run is done.
    """
    found = _find(name, options)
    cases: dict[tuple[str, str], list[Found]] = {}
    for pair in found:
        spec = pair[1].spec
        if pair[1].status == "done":
            cases.setdefault((spec.suite, spec.case.name), []).append(pair)
    if not cases:
        raise _failed(name, found)
    best = max(cases.values(), key=_mean)
    store, record = best[0]
    if len(cases) > 1:
        mean = f" (the mean of {len(best)} runs)" if len(best) > 1 else ""
        say(f"case {record.spec.case.name}: of {len(cases)} the best in validation, {100 * _mean(best)[0]:.1f} %{mean}")
    if is_smoke(store):
        announce("SYNTHETIC SAMPLE: these networks were trained for a smoke run, and know nothing of real photos")
    return sorted(best, key=lambda pair: (*(-value for value in _standing(pair)), pair[1].spec.seed))


def title(record: RunRecord) -> str:
    """How a network is called: `beans_freeze/frozen, seed 0 (4f2a...)`."""
    spec = record.spec
    return f"{spec.suite}/{spec.case.name}, seed {spec.seed} ({record.key[:12]})"


def tell_deviations(record: RunRecord, numerics: Numerics) -> None:
    """Say why what is computed now may have other bits than the run had."""
    from benchsuite.execution.trained import deviations

    if reasons := deviations(record, numerics):
        more = f" and {len(reasons) - FEW} more" if len(reasons) > FEW else ""
        announce(f"not as the run was made, so last digits may differ: {'; '.join(reasons[:FEW])}{more}")


def _find(name: str, options: StudyOptions) -> list[Found]:
    from benchsuite.commands.session import tell_damaged
    from benchsuite.settings import cache_root
    from benchsuite.store.run_store import stores_below

    for store in stores_below(options.results):
        tell_damaged(store.survey(cache_root()).damaged, store.root)
    return find_records(name, options)


def _standing(pair: Found) -> tuple[float, float]:
    """How a run did in validation: the higher, the better."""
    best = pair[1].best
    assert best is not None
    return best.validation_accuracy, -best.validation_loss


def _mean(pairs: Sequence[Found]) -> tuple[float, float]:
    accuracy, loss = (sum(each) / len(pairs) for each in zip(*map(_standing, pairs), strict=True))
    return accuracy, loss


def _failed(name: str, found: Sequence[Found]) -> BenchsuiteError:
    store, record = found[0]
    failure = record.failure
    assert failure is not None
    return StoreError(
        f"{count(len(found), 'run')} of {name!r}, and none is done: {failure.what}",
        where=str(store.folder(record.key)),
        expected="a run that is done",
        remedy=f"see why with benchsuite show {record.key[:12]}, mend it, and start benchsuite run {record.spec.suite}",
    )
