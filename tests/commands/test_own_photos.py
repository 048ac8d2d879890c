"""A folder of one's own photos, from plan to paper: what is told of it, and what stops a study before it trains."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.program import Program

STUDY = """\
name: mine
title: Mis fotos
size: {cases: 1, seeds: 1}
dataset: {name: image_folder, folder: photos, image_size: 16}
model: {name: mlp, hidden: [8]}
recipe: {name: train, max_epochs: 1, batch_size: 16}
seeds: [0]
paper:
  authors: [{name: Ada Ejemplo}]
  abstract: Un estudio mínimo sobre {{seeds}}.
"""


@pytest.fixture
def folder(program: Program) -> Path:
    """Forty photos in two classes and two splits; four lie on their side, and two of the test are in training, too."""
    program.suite(STUDY, "mine")
    home = program.folder / "photos"
    draw = np.random.default_rng(0)
    for split, count in (("Train", 14), ("Test", 6)):
        for label in ("gato", "perro"):
            inside = home / split / label
            inside.mkdir(parents=True)
            for number in range(count):
                exif = Image.Exif()
                exif[0x0112] = 6 if split == "Train" and number < 2 else 1
                pixels = draw.integers(0, 256, (20, 30, 3), np.uint8)
                Image.fromarray(pixels).save(inside / f"{number:02d}.jpg", exif=exif)
    for number in (3, 4):
        (home / f"Test/gato/{number:02d}.jpg").write_bytes((home / f"Train/gato/{number:02d}.jpg").read_bytes())
    return home


def spoil(folder: Path) -> list[Path]:
    paths = [folder / "Test/perro/01.jpg", folder / "Train/gato/07.jpg", folder / "Test/perro/02.jpg"]
    for path in paths:
        path.write_bytes(path.read_bytes()[:300])
    return paths


@pytest.mark.usefixtures("folder")
def test_the_plan_shows_classes_counts_and_copies(program: Program) -> None:
    told = program.run("plan", "mine")
    assert told.code == 0, told.err
    assert "test: 12 images, 6 of each of 2 classes" in told.err
    assert "2 of 12 test images also in train" in told.err
    (data,) = program.planned("mine")["data"]
    assert data["classes"] == ["gato", "perro"]
    assert sum(map(sum, data["counts"].values())) == 40
    assert data["duplicates"]["test in train"] == 2


@pytest.mark.slow
def test_broken_photos_of_any_split_stop_a_study_before_it_trains(program: Program, folder: Path) -> None:
    paths = spoil(folder)
    refused = program.run("run", "mine", "--no-estimate")
    refused.refused("3 images cannot be used", *map(str, paths), "--skip-broken")
    assert list(program.results.rglob("record.json")) == []


@pytest.mark.slow
def test_broken_photos_are_left_out_if_asked_and_the_paper_says_so(program: Program, folder: Path) -> None:
    paths = spoil(folder)
    done = program.run("run", "mine", "--no-estimate", "--skip-broken")
    assert done.code == 0, done.err
    assert "4 turned upright" in done.err
    assert all(path.relative_to(folder).as_posix() in done.err for path in paths)
    (record,) = (json.loads(path.read_text()) for path in program.results.rglob("record.json"))
    assert record["dataset"]["left_out"] == {
        "train": ["Train/gato/07.jpg"],
        "test": ["Test/perro/01.jpg", "Test/perro/02.jpg"],
    }
    assert record["dataset"]["changes"] == {"turned upright": 4}
    assert sum(map(sum, record["dataset"]["counts"].values())) == 37
    page = (program.results / "mine" / "paper.html").read_text()
    text = " ".join(page.replace("\u00a0", " ").split())
    for words in (
        "Se dejaron fuera imágenes que no se pueden decodificar: 1 de entrenamiento y 2 de test.",
        "cuatro giradas según sus datos EXIF",
        "imágenes de test están también, byte a byte, en entrenamiento",
        "Amenazas a la validez",
        "sobrestima la que se obtendría con imágenes nuevas",
    ):
        assert words in text, words
    assert program.run("plan", "mine", "--skip-broken", "--json").code == 0
    runs = program.planned("mine", "--skip-broken")["runs"]
    assert [run["status"] for run in runs] == ["done"]
    assert [run["status"] for run in program.planned("mine")["runs"]] == ["due"]


@pytest.mark.slow
def test_a_photo_that_is_saved_anew_between_plan_and_run_never_passes_for_the_old_one(
    program: Program, folder: Path
) -> None:
    """The run is stopped after its plan was made, its photos replaced, and the tasks as planned are made."""
    from benchsuite.commands.options import StudyOptions
    from benchsuite.commands.session import open_study
    from benchsuite.engine.run.execute import execute
    from support.engine import Silent

    study = open_study("mine", StudyOptions(results=program.results), download=False)
    (task,) = study.preparation.tasks or ()
    victim = folder / "Train/gato/09.jpg"
    Image.new("RGB", (30, 20)).save(victim)
    record = execute(task, study.registry, Silent())
    assert record.status == "failed"
    assert record.failure is not None
    assert "changed since the study was planned" in record.failure.what
    assert record.failure.where is not None
    assert record.failure.where.endswith("Train/gato/09.jpg")
