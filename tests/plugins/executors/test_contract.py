"""Every executor that ships with benchsuite keeps the contract, tried on the small engine that it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchsuite.registry import OURS, registry
from benchsuite.testing.harness.component_source import Announced
from benchsuite.testing.rules.catalogue import rules_of
from benchsuite.testing.rules.rule import Rule
from benchsuite.testing.runner.runner import Runner

pytestmark = pytest.mark.slow

NAMES = [entry.name for entry in registry().components if (entry.kind, entry.distribution) == ("executor", OURS)]


@pytest.fixture(scope="module")
def runner() -> Iterator[Callable[[str], Runner]]:
    """The process in which an executor's rules are checked, one for each executor."""
    runners: dict[str, Runner] = {}

    def of(name: str) -> Runner:
        if name not in runners:
            runners[name] = Runner(Announced("executor", name, OURS), {})
        return runners[name]

    yield of
    for one in runners.values():
        one.close()


def test_there_are_executors_to_check() -> None:
    assert NAMES


@pytest.mark.parametrize("rule", rules_of("executor"), ids=lambda rule: rule.id)
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_rule(name: str, rule: Rule, runner: Callable[[str], Runner]) -> None:
    found = runner(name).check(rule)
    assert found.status != "failed", found.describe()
