"""What is made of what sites tell of themselves."""

from __future__ import annotations

from benchsuite.api import Site
from benchsuite.execution.known_sites import agreed, deviation, read_site
from benchsuite.execution.wire import FORM, Report
from benchsuite.identity.numerics import machine_facts

MACHINE = machine_facts("cpu")


def told(canary: str = "steps", form: int = FORM, version: str = "1") -> Site:
    report = Report(form=form, agent="a", version=version, machine=MACHINE, canary={"cpu": canary})
    return Site("w1", "node", 1, report.model_dump_json().encode())


def test_a_site_of_another_form_is_given_nothing() -> None:
    known, trouble = read_site(told(form=FORM + 1, version="9.9"))
    assert known is None
    assert "9.9" in trouble


def test_what_cannot_be_read_and_what_is_in_trouble_is_given_nothing() -> None:
    assert read_site(Site("w1", "node", 1, b"hello"))[1] == "benchsuite there is another version"
    assert read_site(Site("w1", "node", 1, b"", "no benchsuite"))[1] == "no benchsuite"


def test_what_most_sites_of_a_kind_come_to_is_expected_of_all() -> None:
    found = [read_site(told(canary))[0] for canary in ("one", "other", "one")]
    sites = [known for known in found if known is not None]
    kind = MACHINE.kind("cpu")
    assert agreed(sites, kind) == "one"
    assert agreed([], kind) is None
    assert [deviation(known, kind, "one") is None for known in sites] == [True, False, True]
