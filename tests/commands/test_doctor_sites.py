"""`benchsuite doctor --executor`: the sites of an executor, one by one."""

from __future__ import annotations

import json

import pytest

from benchsuite.execution import agent
from benchsuite.identity.numerics import machine_facts
from support.program import Program

PLUGIN = """
from benchsuite.api import EngineLost, Executor, hookimpl

from support.executors import SitesParameters, Threads

benchsuite_api = "1.0"


class Lost(Threads):
    name = "lost"

    def open(self, options, handler, survey, heard):
        raise EngineLost("nobody answers at tls://head:8786", remedy="start the scheduler")


class Broken(Threads):
    name = "broken"

    def open(self, options, handler, survey, heard):
        raise ZeroDivisionError("division by zero")


@hookimpl
def benchsuite_executors():
    return [Threads, Lost, Broken]
"""


@pytest.fixture
def fleet(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(agent, "canary", lambda machine, code: {"cpu": "steps"})
    program.install("fleet", PLUGIN)
    return program


def findings(fleet: Program, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    done = fleet.run("doctor", "--json", "--executor", *arguments)
    return done.code, json.loads(done.out)


def test_each_site_is_told_with_its_machine_and_its_slots(fleet: Program) -> None:
    code, found = findings(fleet, "threads", "--executor-option", "sites=3", "--executor-option", "slots=2")
    assert code == 0
    assert [one["verdict"] for one in found] == ["good"] * 4
    assert all(machine_facts().processor in one["found"] for one in found)
    assert "6 runs at once" in found[-1]["found"]


def test_sites_of_other_source_and_of_none_are_bad(fleet: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "fingerprints", lambda modules: {"benchsuite": "other"})
    code, found = findings(fleet, "threads")
    assert code == 1
    assert [one["verdict"] for one in found] == ["bad", "bad", "bad"]
    assert "another source" in found[0]["found"]
    monkeypatch.setattr(agent, "machine_facts", lambda: 1 / 0)
    _, found = findings(fleet, "threads")
    assert "ZeroDivisionError" in found[0]["found"]


def test_an_executor_that_cannot_be_opened_is_a_finding(fleet: Program) -> None:
    code, (one,) = findings(fleet, "lost")
    assert (code, one["found"], one["remedy"]) == (1, "nobody answers at tls://head:8786", "start the scheduler")
    code, (one,) = findings(fleet, "broken")
    assert code == 1
    assert "the executor broken failed: ZeroDivisionError" in one["found"]
    assert findings(fleet, "local")[0] == 0


def test_a_site_whose_canary_deviates_is_bad_and_others_of_its_kind_are_not(
    fleet: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter(["steps", "other steps", "steps"])
    monkeypatch.setattr(agent, "_steps", lambda: {"cpu": next(steps)})
    code, found = findings(fleet, "threads", "--executor-option", "sites=3")
    assert code == 1
    assert [one["verdict"] for one in found] == ["good", "bad", "good", "good"]
    assert "training steps give other bits" in found[1]["found"]
    assert "2 runs at once" in found[-1]["found"]
