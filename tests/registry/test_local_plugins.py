"""Local plugins: a file is used without being installed, is named as such, and hurts nobody when it is broken."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchsuite.errors import PluginError
from benchsuite.identity.source_fingerprint import component_fingerprint
from benchsuite.registry import discover, registry, use_local
from benchsuite.registry.local_plugins import VARIABLE

RECIPE = """
from benchsuite.api import Parameters, Recipe
class {title}(Recipe[Parameters]):
    name = "{name}"
    Parameters = Parameters
    def phases(self, params):
        return ()
"""
HOOKED = (
    RECIPE.format(title="Shown", name="shown")
    + RECIPE.format(title="Hidden", name="hidden")
    + """
from benchsuite.api import hookimpl
@hookimpl
def benchsuite_recipes():
    return [Shown]
"""
)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Search path, modules and environment as they were."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv(VARIABLE, "")
    registry.cache_clear()
    yield
    registry.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith("student_"):
            del sys.modules[name]


def test_the_classes_of_a_file_without_hooks_are_provided(tmp_path: Path) -> None:
    file = tmp_path / "student_plain.py"
    file.write_text(RECIPE.format(title="Plain", name="plain"))
    entry = discover([], local=[file]).recipe("local:plain")
    assert (entry.distribution, entry.module) == ("local", "student_plain")
    assert len(entry.version) == 12
    assert component_fingerprint(entry.module)  # its source decides the run key


def test_the_project_of_a_package_gives_what_lies_in_its_src(tmp_path: Path) -> None:
    package = tmp_path / "src" / "student_project"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "noxfile.py").write_text("raise SystemExit\n")
    (package / "__init__.py").write_text("from .recipe import Two\n" + HOOKED.replace("[Shown]", "[Two]"))
    (package / "recipe.py").write_text(RECIPE.format(title="Two", name="two"))
    found = discover([], local=[tmp_path])
    assert found.recipe("two").module == "student_project.recipe"
    assert not found.quarantined


def test_hooks_say_what_a_file_provides(tmp_path: Path) -> None:
    (tmp_path / "student_hooked.py").write_text(HOOKED)
    assert list(discover([], local=[tmp_path]).entries("recipe")) == ["shown"]


def test_a_folder_gives_its_files_and_packages_and_passes_over_the_rest(tmp_path: Path) -> None:
    (tmp_path / "student_one.py").write_text(RECIPE.format(title="One", name="one"))
    (tmp_path / "student_help.py").write_text("VALUE = 1\n")
    (tmp_path / "test_student.py").write_text("raise SystemExit\n")
    (tmp_path / "notes.txt").write_text("x")
    package = tmp_path / "student_two"
    package.mkdir()
    (package / "__init__.py").write_text("from .recipe import Two\n" + HOOKED.replace("[Shown]", "[Two]"))
    (package / "recipe.py").write_text(RECIPE.format(title="Two", name="two"))
    found = discover([], local=[tmp_path])
    assert list(found.entries("recipe")) == ["one", "two"]
    assert found.recipe("two").module == "student_two.recipe"
    assert not found.quarantined


def test_one_broken_file_is_set_aside_and_the_others_work(tmp_path: Path) -> None:
    (tmp_path / "student_bad.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "student_new.py").write_text('benchsuite_api = "99.0"\n' + RECIPE.format(title="New", name="new"))
    (tmp_path / "student_good.py").write_text(RECIPE.format(title="Good", name="good"))
    found = discover([], local=[tmp_path])
    assert list(found.entries("recipe")) == ["good"]
    reasons = {bad.entry_point: bad.reason for bad in found.quarantined}
    assert "nothing_of_that_name" in reasons["student_bad"]
    assert "upgrade benchsuite" in reasons["student_new"]


def test_a_file_named_by_itself_that_provides_nothing_says_so(tmp_path: Path) -> None:
    file = tmp_path / "student_empty.py"
    file.write_text("VALUE = 1\n")
    (bad,) = discover([], local=[file]).quarantined
    assert "defines no Dataset, Model, Recipe, Metric, Figure or Executor" in bad.reason


def test_a_name_that_another_module_has_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "json.py"
    file.write_text(RECIPE.format(title="Json", name="json"))
    (bad,) = discover([], local=[file]).quarantined
    assert "rename the file" in bad.reason


@pytest.mark.parametrize("name", ["missing", "notes.txt"])
def test_a_place_without_plugins_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(PluginError, match="at this place") as error:
        discover([], local=[tmp_path / name])
    assert error.value.where == str(tmp_path / name)


def test_the_process_and_those_it_starts_are_told(tmp_path: Path) -> None:
    one, two = tmp_path / "student_first.py", tmp_path / "student_second.py"
    one.write_text(RECIPE.format(title="First", name="first"))
    two.write_text(RECIPE.format(title="Second", name="second"))
    assert use_local([one]).recipe("first")
    assert use_local([two, one]).recipe("second")
    assert registry().recipe("first")
    assert os.environ[VARIABLE] == os.pathsep.join([str(one), str(two)])
