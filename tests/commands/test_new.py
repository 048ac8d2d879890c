"""`benchsuite new`: the package, or the suite, that it writes works before it is edited, by its own measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchsuite.errors import PluginError
from benchsuite.registry import KINDS, discover
from benchsuite.scaffold import Package, check_name, write_package
from benchsuite.scaffold.study import Study
from support.program import Program

ROOT = Path(__file__).parents[2]


def written(kind: str, folder: Path) -> Package:
    package = Package(kind, f"fresh_{kind}", folder / kind, 2026)  # type: ignore[arg-type]
    write_package(package)
    return package


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_formatted_and_linted(kind: str, tmp_path: Path) -> None:
    package = written(kind, tmp_path)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."], cwd=package.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_typed(kind: str, tmp_path: Path) -> None:
    package = written(kind, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")],
        cwd=package.folder,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "MYPYPATH"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_provides_its_component_and_its_suite_can_be_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = written(kind, tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = discover(local=[package.folder / "src" / package.package])
    assert not found.quarantined
    assert found.entry(kind, f"local:{package.name}")  # type: ignore[arg-type]
    from benchsuite.suite.reader import read_suite

    suite = read_suite(package.folder / "src" / package.package / "suites" / f"try_{package.name}.yaml", found)
    assert suite.name == f"try_{package.name}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_passes_its_own_tests(kind: str, tmp_path: Path) -> None:
    package = written(kind, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=package.folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"src{os.pathsep}{ROOT}", "BENCHSUITE_CARDS": str(tmp_path / "cards")},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("typed", "name"), [("my_digits", "my_digits"), ("My-Digits", "my_digits"), ("benchsuite-owls", "owls")]
)
def test_names_are_written_as_suites_write_them(typed: str, name: str) -> None:
    assert check_name(typed) == name


@pytest.mark.parametrize("typed", ["", "4digits", "digits!", "../digits", "class", "ñandú", "a" * 60, "x_"])
def test_what_can_be_no_name_is_refused(typed: str) -> None:
    with pytest.raises(PluginError, match="cannot be the name"):
        check_name(typed)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").write_text("x")
    with pytest.raises(PluginError, match="not empty"):
        written("model", tmp_path)
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["mine.txt"]


def photos(home: Path, *labels: str, size: tuple[int, int] = (150, 120), count: int = 10) -> Path:
    draw = np.random.default_rng(0)
    for label in labels:
        for number in range(count):
            file = home / label / f"{number:02d}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw.integers(0, 256, (size[1], size[0], 3), np.uint8)).save(file)
    return home


def test_a_new_suite_is_made_for_the_photos_and_can_be_planned(program: Program) -> None:
    photos(program.folder / "mis fotos", "gato", "perro # 2")
    told = program.run("new", "suite", "Mis-Gatos", "--data", "mis fotos")
    assert told.code == 0, told.err
    assert "ResNet18 and MobileNetV3-Small, 7 seeds each" in told.err
    assert "benchsuite run mis_gatos" in told.err
    text = (program.folder / "suites" / "mis_gatos.yaml").read_text(encoding="utf-8")
    for words in ('folder: "mis fotos"', "image_size: 96 ", "batch_size: 16", "2 clases (gato, perro # 2)",
                  "12 en train, 4 en validation, 4 en test",
                  "lado menor habitual: 120"):  # fmt: skip
        assert words in text, words
    plan = program.planned("mis_gatos")
    assert [case["name"] for case in plan["cases"]] == ["ResNet18", "MobileNetV3-Small"]
    assert len(plan["runs"]) == 14
    assert plan["data"][0]["classes"] == ["gato", "perro # 2"]


def test_a_second_model_takes_one_line(program: Program) -> None:
    photos(program.folder / "photos", "gato", "perro")
    assert program.run("new", "suite", "mine", "--data", "photos").code == 0
    file = program.folder / "suites" / "mine.yaml"
    text = file.read_text(encoding="utf-8")
    line = "    - {name: torchvision, architecture: mobilenet_v3_small}\n"
    assert text.count(line) == 1
    file.write_text(text.replace(line, "    - {name: torchvision, architecture: efficientnet_b0}\n"), encoding="utf-8")
    plan = program.run("plan", "mine", "--json")
    assert plan.code == 0, plan.err
    assert [case["name"] for case in json.loads(plan.out)["cases"]] == ["ResNet18", "EfficientNet-B0"]


def test_a_suite_without_data_or_for_a_data_set_is_valid_too(program: Program) -> None:
    assert program.run("new", "suite", "first").code == 0
    plan = program.run("plan", "first", "--json")
    assert plan.code == 0, plan.err
    assert len(json.loads(plan.out)["cases"]) == 2
    told = program.run("new", "suite", "leaves", "--data", "beans", "--to", "elsewhere")
    assert told.code == 0, told.err
    assert f"benchsuite run {Path('elsewhere/leaves.yaml')}" in told.err
    assert "image_size: 128" in (program.folder / "elsewhere" / "leaves.yaml").read_text(encoding="utf-8")
    assert program.run("new", "suite", "drawings", "--data", "cifar10").code == 0
    assert "small_cnn" in (program.folder / "suites" / "drawings.yaml").read_text(encoding="utf-8")


def test_the_folder_is_written_from_where_suites_look_for_it(
    program: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    far = photos(tmp_path_factory.mktemp("far") / "photos", "gato", "perro")
    assert program.run("new", "suite", "far", "--data", str(far)).code == 0
    assert f'folder: "{far}"' in (program.folder / "suites" / "far.yaml").read_text(encoding="utf-8")
    program.patch.setenv("BENCHSUITE_DATA", str(far.parent))
    assert program.run("new", "suite", "near", "--data", str(far)).code == 0
    assert 'folder: "photos"' in (program.folder / "suites" / "near.yaml").read_text(encoding="utf-8")
    assert program.run("plan", "near").code == 0


def test_a_suite_that_is_there_is_left_alone(program: Program) -> None:
    program.run("new", "suite", "squares_width").refused("a file of this name already", "choose another name")
    program.run("new", "suite", "4 cats").refused("cannot be the name")
    assert program.run("new", "model", "net", "--data", "photos").code == 2
    assert not (program.folder / "benchsuite-net").exists()


@pytest.mark.parametrize(
    ("side", "train", "size", "batch"),
    [(32, 50_000, 32, 64), (70, 900, 64, 16), (100, 1000, 96, 32), (4000, 5, 128, 16)],
)
def test_size_and_batch_follow_the_data(side: int, train: int, size: int, batch: int) -> None:
    study = Study("x", "X", {}, ("a", "b"), {"train": train}, side, True)
    assert (study.image_size, study.batch_size) == (size, batch)
