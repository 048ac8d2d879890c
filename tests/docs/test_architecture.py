"""The picture of the architecture shows the rooms and imports of the code as it stands."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from types import ModuleType

import grimp
import pytest

from support.pages import DOCS, ROOT

PAGE = (DOCS / "guide" / "architecture.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def architecture() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("architecture", DOCS / "_ext" / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "architecture", module)  # its dataclasses look themselves up
        spec.loader.exec_module(module)
        yield module


def graph_of(imports: dict[str, list[str]]) -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for importer, imported in imports.items():
        for other in imported:
            graph.add_import(importer=f"benchsuite.{importer}", imported=f"benchsuite.{other}")
    return graph


def test_the_picture_is_what_the_code_gives(architecture: ModuleType) -> None:
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.draw(), "draw it again: make picture"


def test_a_path_of_arrows_leads_to_every_import_between_rooms(architecture: ModuleType) -> None:
    picture = architecture.PICTURE.read_text(encoding="utf-8")
    drawn = re.findall(r"<title>(\w+) imports (\w+)</title>", picture)
    arrows = {room: frozenset(other for one, other in drawn if one == room) for room, _ in drawn}
    imports = architecture.read_imports(grimp.build_graph("benchsuite", "benchsuite_plugins", cache_dir=None))
    anywhere = architecture.NOT_DRAWN | set(architecture.BASE)
    for room in set(imports) - anywhere:
        assert imports[room] - anywhere <= architecture._reachable(arrows, room), room


def test_a_new_import_between_rooms_is_an_arrow(architecture: ModuleType) -> None:
    chain = {"a.x": ["b.y"], "b.y": ["c"], "d": ["c"]}
    arrows = architecture.arrows(architecture.read_imports(graph_of(chain)))
    assert arrows == [("a", "b"), ("b", "c"), ("d", "c")]
    again = architecture.arrows(architecture.read_imports(graph_of({**chain, "a.z": ["c"]})))
    assert again == arrows, "a path shows it already"
    more = architecture.arrows(architecture.read_imports(graph_of({**chain, "b.z": ["d"]})))
    assert ("b", "d") in more


def test_a_room_without_a_place_is_an_error(architecture: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architecture, "PLACES", {k: v for k, v in architecture.PLACES.items() if k != "sources"})
    with pytest.raises(SystemExit, match=r"no place for \['sources'\]"):
        architecture.draw()


def test_the_page_has_a_paragraph_for_every_room(architecture: ModuleType) -> None:
    told = {name for line in re.findall(r"^(`.+)\n: ", PAGE, re.M) for name in re.findall(r"`(\w+)`", line)}
    plugins = {"plugins" if room == architecture.PLUGINS else room for room in architecture.PLACES}
    assert told == (plugins | set(architecture.BASE)) - {"api"}
    assert "`benchsuite.api`" in PAGE


def test_the_modules_that_the_page_names_are_there() -> None:
    modules = re.findall(r"`((?:benchsuite\.)?[a-z_]+\.[a-z_]+)`", PAGE)
    assert "execution.preparation" in modules
    for module in modules:
        place = ROOT.joinpath("benchsuite", *module.removeprefix("benchsuite.").split("."))
        assert place.is_dir() or place.with_suffix(".py").exists() or module == "pyproject.toml", module
