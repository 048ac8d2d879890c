"""The pytest plugin: a test marked with `contract` becomes one test for each rule of the component's kind.

Rules are checked in a child process, as `benchsuite check-plugin` does it; this module imports nothing but pytest until
a test asks for `contract_check`. Works with pytest-xdist: what is summed up travels with the reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from benchsuite.testing.runner.runner import Runner

MARKER = "contract(component, **parameters): check every rule of a component's contract with benchsuite"
EXAMPLE = "@benchsuite.testing.contract(MyDataset, image_size=28)"
PROPERTY = "benchsuite_contract"

_runners = pytest.StashKey[dict[str, "Runner"]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a rule."""
    if "contract_check" not in metafunc.fixturenames:
        return
    from benchsuite.testing.rules.catalogue import rules_of

    component, _ = _marked(metafunc.definition)
    rules = rules_of(_kind(component))
    metafunc.parametrize("contract_check", rules, ids=[rule.id for rule in rules], indirect=True)


@pytest.fixture
def contract_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Checks one rule of the component that the marker `contract` names; fails or skips the test."""

    def check() -> None:
        component, given = _marked(request.node)
        rule = request.param
        found = _runner(request.config, component, given).check(rule)
        title = f"{_kind(component)} {component.name}" + (f" {given}" if given else "")
        request.node.user_properties.append((PROPERTY, [title, found.title, found.status]))
        if found.status == "failed":
            pytest.fail(f"{found.title}\n{found.describe()}", pytrace=False)
        if found.status == "skipped":
            pytest.skip(found.detail)

    return check


def pytest_unconfigure(config: pytest.Config) -> None:
    for runner in config.stash.get(_runners, {}).values():
        runner.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The conformance cards: how many rules each component keeps, and which it breaks."""
    cards: dict[str, list[tuple[str, str]]] = {}
    for title, rule, status in _reported_checks(terminalreporter):
        cards.setdefault(title, []).append((rule, status))
    if cards:
        terminalreporter.section("benchsuite contracts")
    for title, rules in cards.items():
        applied = [rule for rule, status in rules if status != "skipped"]
        broken = [rule for rule, status in rules if status == "failed"]
        terminalreporter.write_line(
            f"{title}: {len(applied) - len(broken)} of {len(applied)} checks"
            + (f", {len(rules) - len(applied)} do not apply" if len(applied) < len(rules) else "")
        )
        for rule in broken:
            terminalreporter.write_line(f"  broken: {rule}")


def _reported_checks(terminalreporter: Any) -> Iterator[tuple[str, str, str]]:
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY and report.when == "call":
                    yield value[0], value[1], value[2]


def _runner(config: pytest.Config, component: type, given: dict[str, Any]) -> Runner:
    """The runner of this component and these parameters, one for the whole session."""
    from benchsuite.testing.harness.component_source import Declared
    from benchsuite.testing.runner.runner import Runner

    runners = config.stash.setdefault(_runners, {})
    origin = Declared.of(component)
    key = f"{origin} {json.dumps(given, sort_keys=True)}"
    if key not in runners:
        runners[key] = Runner(origin, given)
    return runners[key]


def _marked(node: Any) -> tuple[Any, dict[str, Any]]:
    """The component and the parameters of a test's marker."""
    marker = node.get_closest_marker("contract")
    if marker is None or len(marker.args) != 1:
        raise pytest.UsageError(f"{node.nodeid}: contract_check needs to be told of one class, as in {EXAMPLE}")
    return marker.args[0], {name: _plain(value) for name, value in marker.kwargs.items()}


def _kind(component: Any) -> Any:
    from benchsuite.registry.kinds import BASES, kind_of

    kind = kind_of(component)
    if kind is None:
        raise pytest.UsageError(f"{component!r} is no {BASES} of benchsuite.api; as in {EXAMPLE}")
    return kind


def _plain(value: Any) -> Any:
    """A parameter as JSON has it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value
