"""Discovery takes sound plugins, sets broken ones aside with a reason, and answers wrong names helpfully."""

from __future__ import annotations

import subprocess
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import Model, Parameters, Recipe, hookimpl
from benchsuite.hookspecs import hookspec
from benchsuite.registry import AmbiguousComponent, Registry, UnknownComponent, discover, registry
from support.executors import Threads


class PlainRecipe(Recipe[Parameters]):
    name = "plain"
    Parameters = Parameters

    def phases(self, params: Parameters) -> tuple[Any, ...]:
        return ()


class OtherRecipe(PlainRecipe):
    name = "other"


class Point:
    """An entry point of a pretended distribution; `plugin` is what it loads, or a function that makes it."""

    def __init__(self, distribution: str, plugin: object, name: str = "plugin", version: str = "1.2") -> None:
        self.name = name
        self.dist = type("Distribution", (), {"name": distribution, "version": version})()
        self._plugin = plugin

    def load(self) -> object:
        plugin = self._plugin() if isinstance(self._plugin, type(lambda: 0)) else self._plugin
        if not hasattr(plugin, "benchsuite_api"):
            plugin.benchsuite_api = "1.0"  # type: ignore[attr-defined]
        return plugin


def recipes(*classes: object) -> object:
    """A plugin that provides these recipes."""

    class Plugin:
        @hookimpl
        def benchsuite_recipes(self) -> Any:
            return list(classes)

    return Plugin()


def sound() -> Point:
    return Point("sound", recipes(PlainRecipe))


def reason(plugin: object) -> str:
    """Why a plugin is quarantined, having seen that a sound one beside it still works."""
    found = discover([Point("broken-thing", plugin, version="3.4"), sound()])
    assert found.recipe("plain").distribution == "sound"
    (quarantined,) = found.quarantined
    assert (quarantined.distribution, quarantined.version, quarantined.entry_point) == ("broken-thing", "3.4", "plugin")
    return quarantined.reason


def test_a_sound_plugin_is_found_with_its_distribution_version_and_module() -> None:
    found = discover([sound()])
    entry = found.recipe("plain")
    assert isinstance(entry.component, PlainRecipe)
    assert (entry.name, entry.kind, entry.distribution, entry.version) == ("plain", "recipe", "sound", "1.2")
    assert entry.module == PlainRecipe.__module__
    assert dict(found.entries("recipe")) == {"plain": (entry,)}
    assert not found.quarantined


def test_the_order_of_the_entry_points_does_not_matter() -> None:
    points = [Point("b", recipes(PlainRecipe)), Point("a", recipes(PlainRecipe, OtherRecipe)), Point("b", 3, "c")]

    def told(found: Registry) -> object:
        return [(n, [e.distribution for e in es]) for n, es in found.entries("recipe").items()], found.quarantined

    assert told(discover(points)) == told(discover(points[::-1]))
    assert told(discover(points))[0] == [("other", ["a"]), ("plain", ["a", "b"])]  # type: ignore[index]


def raising(error: BaseException) -> Callable[[], object]:
    def load() -> object:
        raise error

    return load


@pytest.mark.parametrize(
    "error", [ImportError("no module named 'missing'"), SyntaxError("bad"), SystemExit(3), RecursionError("deep")]
)
def test_a_plugin_that_fails_to_import_is_quarantined(error: BaseException) -> None:
    assert f"importing it raised {type(error).__name__}" in reason(raising(error))


def test_an_interrupt_while_importing_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        discover([Point("broken", raising(KeyboardInterrupt()))])


class Abstract(PlainRecipe):
    name = "abstract"

    @abstractmethod
    def more(self) -> None: ...


class Exiting(PlainRecipe):
    name = "exiting"

    def __init__(self) -> None:
        raise SystemExit(0)


class Nameless(Recipe[Parameters]):
    Parameters = Parameters

    def phases(self, params: Parameters) -> tuple[Any, ...]:
        return ()


class Parameterless(Recipe[Parameters]):
    name = "parameterless"

    def phases(self, params: Parameters) -> tuple[Any, ...]:
        return ()


class NamedParameters(Parameters):
    name: str = "x"


class Shadowing(PlainRecipe):
    name = "shadowing"
    Parameters = NamedParameters


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "expected a class"),
        (Unprintable(), "RuntimeError"),
        (int, "no subclass of Recipe"),
        (Abstract, "abstract"),
        (Exiting, "SystemExit"),
        (Nameless, "has no `name`"),
        (Parameterless, "has no `Parameters`"),
        (Shadowing, "called `name`"),
        (type("Odd", (PlainRecipe,), {"name": "../odd name"}), "lower-case letters"),
        (type("Empty", (PlainRecipe,), {"name": ""}), "lower-case letters"),
        (type("NotText", (PlainRecipe,), {"name": 7}), "has no `name`"),
        (type("NoModel", (PlainRecipe,), {"Parameters": dict}), "has no `Parameters`"),
    ],
)
def test_a_component_that_is_none_is_quarantined(given: object, said: str) -> None:
    assert said in reason(recipes(given))


def test_the_name_of_an_executor_of_the_core_is_refused() -> None:
    class Plugin:
        @hookimpl
        def benchsuite_executors(self) -> Any:
            return [type("Local", (Threads,), {"name": "local"})]

    assert "Local is named 'local', as benchsuite's own executor is" in reason(Plugin())
    recipe = recipes(type("Local", (PlainRecipe,), {"name": "local"}))
    assert discover([Point("sound", recipe)]).recipe("local"), "the name is an executor's alone"


def test_the_executor_of_the_core_is_among_the_names_that_would_do() -> None:
    with pytest.raises(UnknownComponent) as caught:
        discover([]).entry("executor", "locl")
    assert caught.value.expected == "one of: local"
    assert caught.value.remedy == "did you mean 'local'?"


def test_one_name_twice_in_a_plugin_is_quarantined() -> None:
    assert "given twice" in reason(recipes(PlainRecipe, type("Again", (PlainRecipe,), {})))


class Raising:
    @hookimpl
    def benchsuite_models(self) -> list[type[Model[Any]]]:
        raise ValueError("out of\nsorts")


class RaisingLate:
    @hookimpl
    def benchsuite_models(self) -> Iterator[type[Model[Any]]]:
        yield from ()
        raise ValueError("out of sorts")


class NotIterable:
    @hookimpl
    def benchsuite_models(self) -> Any:
        return 3


class UnknownHook:
    @hookimpl
    def benchsuite_modles(self) -> list[type[Model[Any]]]:
        return []


class WrongArguments:
    @hookimpl
    def benchsuite_run_started(self, ran: object) -> None: ...


class Wrapper:
    @hookimpl(wrapper=True)
    def benchsuite_models(self) -> Any:
        return (yield)


class Unmarked:
    def benchsuite_models(self) -> list[type[Model[Any]]]:
        return []


class NoFolder:
    @hookimpl
    def benchsuite_suite_folders(self) -> list[Path]:
        return [Path("/nowhere/at/all")]


class NoPath:
    @hookimpl
    def benchsuite_suite_folders(self) -> Any:
        return [3]


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (Raising(), "benchsuite_models raised ValueError: out of sorts"),
        (RaisingLate(), "benchsuite_models raised ValueError: out of sorts"),
        (NotIterable(), "expected a list"),
        (UnknownHook(), "benchsuite_modles"),
        (WrongArguments(), "ran"),
        (Wrapper(), "wrapper"),
        (Unmarked(), "lacks the @hookimpl decorator"),
        (NoFolder(), "no folder"),
        (NoPath(), "expected a path"),
    ],
)
def test_hooks_that_break_their_contract_are_quarantined(plugin: object, said: str) -> None:
    text = reason(plugin)
    assert said in text
    assert "\n" not in text


def test_a_specification_imported_by_a_plugin_is_no_forgotten_hook() -> None:
    plugin = recipes(PlainRecipe)
    plugin.benchsuite_models = hookspec(lambda: [])  # type: ignore[attr-defined]
    assert not discover([Point("sound", plugin)]).quarantined


def test_one_plugin_object_announced_twice_counts_once() -> None:
    plugin = recipes(PlainRecipe)
    found = discover([Point("one", plugin), Point("two", plugin)])
    assert found.recipe("plain").distribution == "one"
    assert "already announced as one:plugin" in found.quarantined[0].reason


def test_broken_metadata_does_not_stop_discovery() -> None:
    point = sound()
    point.dist = None
    assert discover([point]).recipe("plain").distribution == "unknown"


def test_an_unknown_name_gets_a_suggestion_the_allowed_names_and_the_broken_plugins() -> None:
    found = discover([Point("sound", recipes(PlainRecipe, OtherRecipe)), Point("bad", raising(ImportError("gone")))])
    with pytest.raises(UnknownComponent) as caught:
        found.recipe("plian")
    assert caught.value.suggestion == "plain"
    assert caught.value.allowed == ("other", "plain")
    text = str(caught.value)
    assert "did you mean 'plain'?" in text
    assert "one of: other, plain" in text
    assert "bad (importing it raised ImportError: gone)" in text
    with pytest.raises(UnknownComponent, match="did you mean 'plain'"):
        found.recipe("PLAIN")
    with pytest.raises(UnknownComponent):
        found.model("plain")


def test_one_name_from_two_distributions_needs_the_distribution() -> None:
    found = discover([Point("One.Pack", recipes(PlainRecipe)), Point("two", recipes(PlainRecipe))])
    with pytest.raises(AmbiguousComponent) as caught:
        found.recipe("plain")
    assert "One.Pack 1.2 and two 1.2" in str(caught.value)
    assert "'One.Pack:plain'" in str(caught.value)
    assert found.recipe("one-pack:plain").distribution == "One.Pack"
    assert found.recipe("two:plain").distribution == "two"
    assert found.names("recipe") == ("One.Pack:plain", "two:plain")
    with pytest.raises(UnknownComponent):
        found.recipe("three:plain")


def test_two_plugins_of_one_distribution_cannot_share_a_name() -> None:
    found = discover([Point("one", recipes(PlainRecipe), "a"), Point("one", recipes(PlainRecipe), "b")])
    assert found.recipe("plain")
    assert "already provides the recipe 'plain'" in found.quarantined[0].reason


class Watching:
    def __init__(self) -> None:
        self.seen: list[object] = []

    @hookimpl
    def benchsuite_run_finished(self, summary: object) -> None:
        self.seen.append(summary)


class Failing(Watching):
    @hookimpl
    def benchsuite_run_finished(self, summary: object) -> None:
        raise OSError("disk")


def test_observers_can_be_called_one_at_a_time() -> None:
    good, bad = Watching(), Failing()
    found = discover([Point("good", good), Point("bad", bad), sound()])
    assert found.observers == (("bad", bad), ("good", good))
    with pytest.raises(OSError, match="disk"):
        found.relay(bad).benchsuite_run_finished(run=None, summary="s")
    found.relay(good).benchsuite_run_finished(run=None, summary="s")
    found.relay(good).benchsuite_epoch_finished(run=None, epoch=None)
    assert good.seen == ["s"]


def test_suite_folders_name_their_distribution(tmp_path: Path) -> None:
    class Folder:
        @hookimpl
        def benchsuite_suite_folders(self) -> list[Path]:
            return [tmp_path]

    assert discover([Point("studies", Folder())]).suite_folders == ((tmp_path, "studies"),)


def test_entries_parse_parameters_as_json() -> None:
    class WithTuple(Parameters):
        sizes: tuple[int, ...] = ()

    entry = discover([Point("a", recipes(type("R", (PlainRecipe,), {"Parameters": WithTuple})))]).recipe("plain")
    assert entry.parse({"sizes": [1, 2]}) == WithTuple(sizes=(1, 2))


def test_a_path_may_have_a_default() -> None:
    class WithPath(Parameters):
        weights: Path = Path("weights/start.pth")
        other: Path | None = None

    entry = discover([Point("a", recipes(type("R", (PlainRecipe,), {"Parameters": WithPath})))]).recipe("plain")
    assert entry.parse({}) == WithPath()
    assert entry.parse({"weights": "a.pth", "other": "b.pth"}) == WithPath(weights=Path("a.pth"), other=Path("b.pth"))


def test_installed_distributions_are_discovered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leafpack.py").write_text("raise RuntimeError('half installed')\n")
    info = tmp_path / "leafpack-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leafpack\nVersion: 0.3\n")
    (info / "entry_points.txt").write_text("[benchsuite]\nleaves = leafpack\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    quarantined = {q.distribution: q for q in discover().quarantined}
    assert quarantined["leafpack"].version == "0.3"
    assert quarantined["leafpack"].reason == "importing it raised RuntimeError: half installed"


def test_the_process_has_one_registry() -> None:
    assert isinstance(registry(), Registry)
    assert registry() is registry()


def test_discovery_does_not_import_torch() -> None:
    code = "import sys; from benchsuite.registry import registry; registry(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plugin_that_states_no_version_or_a_newer_one_is_quarantined() -> None:
    class Newer:
        benchsuite_api = "99.0"

    class Silent:
        benchsuite_api = None

    assert "upgrade benchsuite" in reason(Newer())
    assert "does not state" in reason(Silent())
