"""A study that was opened can say how it is opened again, and whose paper lies where its own would be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchsuite.commands.options import DeviceName, PolicyName, StudyOptions
from benchsuite.commands.session import Session, open_study
from benchsuite.errors import PaperError
from benchsuite.registry.local_plugins import add_places
from support.plugins import SUITE
from support.program import Program

LOCAL = "from benchsuite.api import Parameters, Recipe\n"


def opened(name: str = "squares_width", **options: Any) -> Session:
    chosen = StudyOptions(**{"policy": PolicyName.sample, **options})
    return open_study(name, chosen, download=False, quiet=True)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, ()),
        ({"seeds": "1"}, ("--seeds", "1")),
        ({"overrides": ["recipe.max_epochs=2", "model.fault=slow"]},
         ("--set", "recipe.max_epochs=2", "--set", "model.fault=slow")),
        ({"skip_broken": True, "device": DeviceName.cpu}, ("--skip-broken", "--device", "cpu")),
    ],
)  # fmt: skip
def test_what_was_changed_is_part_of_the_command(
    program: Program, options: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    found = opened(**options).arguments()
    assert (found[0], set(found[1:])) == ("squares_width", {*arguments, "--policy", "sample"})
    again = StudyOptions(
        seeds=options.get("seeds"), overrides=options.get("overrides"), policy=PolicyName.sample, skip_broken=True
    )
    assert [task.key for task in open_study(found[0], again, download=False).preparation.tasks] == [
        task.key for task in opened(**options).preparation.tasks
    ]


def test_threads_make_other_runs_and_are_part_of_the_command(program: Program) -> None:
    program.patch.delenv("BENCHSUITE_THREADS")
    plain, several = opened(device=DeviceName.cpu), opened(device=DeviceName.cpu, threads=2)
    assert {task.numerics.threads for task in plain.preparation.tasks} == {1}
    assert {t.key.key for t in plain.preparation.tasks}.isdisjoint(t.key.key for t in several.preparation.tasks)
    assert several.arguments()[-2:] == ("--threads", "2")
    assert "--threads" not in plain.arguments()
    program.patch.setenv("BENCHSUITE_THREADS", "2")
    named = opened(device=DeviceName.cpu)
    assert (named.preparation.tasks, named.arguments()) == (several.preparation.tasks, several.arguments())
    assert opened(device=DeviceName.cpu, threads=1).preparation.tasks == plain.preparation.tasks


def test_seeds_and_changes_that_change_nothing_are_left_out(program: Program, tmp_path: Path) -> None:
    program.suite(SUITE.replace("squares", "fake").replace("fake_width", "squares_width"))
    found = open_study("squares_width", StudyOptions(policy=PolicyName.sample), download=False, quiet=True)
    assert found.preparation.sample
    assert found.arguments() == ("squares_width",)


@pytest.mark.parametrize("place", ["suites/squares_width.yaml", "suites/other.yaml", "deep/other.yaml", "/other.yaml"])
def test_a_suite_is_called_what_finds_it(
    program: Program, tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    file = Path(place) if place[0] != "/" else tmp_path_factory.mktemp("elsewhere") / place[1:]
    (program.folder / "suites" / "squares_width.yaml").unlink()
    file.parent.mkdir(exist_ok=True)
    file.write_text(SUITE)
    study = opened(str(file))
    assert study.name == ("squares_width" if file.stem == "squares_width" else str(file))
    assert opened(study.name).file.resolve() == file.resolve()
    if file == Path("suites/other.yaml"):
        assert opened("other").name == "other"


def test_local_plugins_are_part_of_the_command(program: Program) -> None:
    (program.folder / "mine.py").write_text(LOCAL)
    add_places([program.folder / "mine.py"])
    assert opened().arguments()[-2:] == ("--plugins", "mine.py")


def test_two_files_of_one_name_do_not_overwrite_each_others_paper(program: Program) -> None:
    first = opened()
    first.check_paper_folder()
    first.own_paper_folder()
    opened().check_paper_folder()
    copy = program.suite(SUITE.replace("max_epochs: 3", "max_epochs: 2"), "copy")
    with pytest.raises(PaperError, match="two suites are named squares_width") as caught:
        opened("copy").check_paper_folder()
    assert "copy.yaml" in str(caught.value)
    assert "squares_width.yaml" in str(caught.value)
    program.run("run", "copy", "--policy", "sample").refused("two suites are named squares_width", "name")
    program.run("paper", "copy", "--policy", "sample").refused("two suites are named squares_width")
    planned = program.run("plan", "copy", "--policy", "sample")
    assert planned.code == 0
    assert "two suites are named squares_width" in planned.err
    copy.write_text(copy.read_text().replace("name: squares_width", "name: copia"))
    opened("copy").check_paper_folder()


@pytest.mark.parametrize("gone", ["removed", "renamed"])
def test_a_file_that_took_the_place_of_another_goes_on_with_its_paper(program: Program, gone: str) -> None:
    opened().own_paper_folder()
    program.suite(SUITE, "moved")
    old = program.folder / "suites" / "squares_width.yaml"
    if gone == "removed":
        old.unlink()
    else:
        old.write_text(SUITE.replace("name: squares_width", "name: otra"))
    opened("moved").check_paper_folder()


def test_a_copy_of_a_plugins_suite_goes_before_it(program: Program) -> None:
    theirs = program.folder / "theirs"
    theirs.mkdir()
    (program.folder / "suites" / "squares_width.yaml").rename(theirs / "squares_width.yaml")
    study = opened(str(theirs / "squares_width.yaml"))
    study.own_paper_folder()
    program.suite()
    copied = opened()
    with pytest.raises(PaperError):
        copied.check_paper_folder()
    replace(copied, registry=replace(copied.registry, suite_folders=((theirs, "theirs"),))).check_paper_folder()
