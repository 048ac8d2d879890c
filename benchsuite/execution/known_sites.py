"""Sites as dispatch knows them: what each tells of itself, and whether it may be given runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ValidationError

from benchsuite.contracts.executor import Site
from benchsuite.execution.canary import other_steps
from benchsuite.execution.wire import FORM, Refusal, Report, refusal_of
from benchsuite.identity.numerics import MachineFacts

MOST_KNOWN = 4096
"""Sites whose report is kept once it was read."""


@dataclass(frozen=True)
class KnownSite:
    """A site and what it told of itself."""

    site: Site
    report: Report

    @property
    def machine(self) -> MachineFacts:
        assert self.report.machine is not None, "read_site has looked"
        return self.report.machine

    def canary(self, kind: MachineFacts) -> str:
        """What the canary came to there on the device that makes this kind what it is."""
        return self.report.canary.get("cuda" if kind.gpu else "cpu", "")


@lru_cache(MOST_KNOWN)
def read_site(site: Site) -> tuple[KnownSite | None, str]:
    """A site that can be given orders, or None and why it cannot."""
    if site.trouble:
        return None, site.trouble
    try:
        report = Report.model_validate_json(site.facts)
    except ValidationError:
        return None, "benchsuite there is another version"
    if report.form != FORM:
        return None, f"benchsuite there is {report.version}, which speaks another form of orders"
    if report.machine is None or report.trouble:
        return None, report.trouble
    return KnownSite(site, report), ""


def machine_title(machine: MachineFacts) -> str:
    """What users call a kind of machine."""
    device = f"{machine.gpu.name}, driver {machine.gpu.driver}" if machine.gpu else machine.processor
    return f"{device}, torch {machine.torch}"


def agreed(sites: Sequence[KnownSite], kind: MachineFacts) -> str | None:
    """What the canary came to on most sites of a kind; of as many, on those that come first."""
    found = Counter(known.canary(kind) for known in sites).most_common(1)
    return found[0][0] if found else None


def deviation(known: KnownSite, kind: MachineFacts, expected: str | None) -> Refusal | None:
    """Why a site is given nothing, if the canary came to something else there than is expected of its kind."""
    found = known.canary(kind)
    return None if found == expected else refusal_of(other_steps(found, expected or ""))
