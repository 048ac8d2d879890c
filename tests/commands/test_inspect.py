"""`benchsuite inspect data`: what is told of a folder of photos, how it is told, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchsuite.commands.named_data import complete_data
from support.program import Program


def photos(home: Path, *labels: str, count: int = 6) -> Path:
    """Photos of each class, all different and smooth as photos are."""
    for label in labels:
        for number in range(count):
            file = home / label / f"{number:02d}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            draw = np.random.default_rng([*label.encode(), number])
            coarse = Image.fromarray(draw.integers(0, 256, (6, 8, 3), np.uint8))
            coarse.resize((80, 60), Image.Resampling.BICUBIC).save(file)
    return home


def test_a_good_folder_is_told_and_the_exit_code_is_0(program: Program) -> None:
    photos(program.folder / "photos", "gato", "perro")
    told = program.run("inspect", "data", "photos")
    assert told.code == 0, told.err
    for words in ("own data", "train", "8 images, 4 of each of 2 classes", "6 images of each class", "50%",
                  "80x60 to 80x60 pixels", "every image can be decoded"):  # fmt: skip
        assert words in told.out, words
    assert "bad" not in told.out


def test_what_would_spoil_a_study_is_bad_and_the_exit_code_is_1(program: Program) -> None:
    home = photos(program.folder / "photos", "train/gato", "train/perro", "test/gato", "test/perro")
    (home / "test/gato/00.jpg").write_bytes((home / "train/gato/00.jpg").read_bytes())
    (home / "train/perro/01.jpg").write_bytes((home / "train/gato/01.jpg").read_bytes())
    (home / "train/perro/02.jpg").write_bytes((home / "train/perro/02.jpg").read_bytes()[:200])
    told = program.run("inspect", "data", str(home), "--json")
    assert told.code == 1, told.err
    found = json.loads(told.out)
    bad = {one["part"]: one["remedy"] for one in found["findings"] if one["verdict"] == "bad"}
    assert set(bad) == {"broken", "copies"}
    assert all(bad.values())
    assert [one["name"] for one in found["broken"]] == ["train/perro/02.jpg"]
    pairs = {tuple(side["name"] for side in pair) for pair in found["copies"]}
    assert ("train/gato/01.jpg", "train/perro/01.jpg") in pairs
    assert any("test/gato/00.jpg" in pair for pair in pairs)
    assert found["data"]["classes"] == ["gato", "perro"]
    assert sum(one["images"] for one in found["sizes"]) == 23


def test_uneven_classes_are_noted(program: Program) -> None:
    home = photos(program.folder / "photos", "gato", count=40)
    photos(home, "perro", count=4)
    told = program.run("inspect", "data", "photos", "--json")
    (balance,) = (one for one in json.loads(told.out)["findings"] if one["part"] == "balance")
    assert balance["verdict"] == "note"
    assert "4 to 40 images a class" in balance["found"]
    assert "'gato'" in balance["found"]
    assert "macro F1" in balance["remedy"]


def test_the_contact_sheet_is_one_file_that_shows_photos_and_runs_nothing(program: Program) -> None:
    home = photos(program.folder / "photos", "gato", "<b>perro")
    (home / "gato" / "99.jpg").write_bytes((home / "gato" / "00.jpg").read_bytes())
    told = program.run("inspect", "data", "photos", "--html", "sheet.html")
    assert told.code == 0, told.err
    assert "contact sheet: sheet.html" in told.err
    page = (program.folder / "sheet.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 13 + 2
    assert "The same bytes: 1" in page
    assert "&lt;b&gt;perro" in page
    assert "<b>" not in page
    assert not re.search(r"<script|(?:src|href)=\"(?!data:)", page)


def test_a_data_set_is_inspected_by_its_name(program: Program) -> None:
    told = program.run("inspect", "data", "squares", "--json")
    assert told.code == 2
    told.refused("squares", "--data")
    noise = program.run("inspect", "data", "fake", "--json")
    assert noise.code == 0, noise.err
    assert json.loads(noise.out)["data"]["provenance"] == "synthetic sample"


def empty(home: Path) -> None:
    home.mkdir()


def videos(home: Path) -> None:
    for label in ("gato", "perro"):
        (home / label).mkdir(parents=True)
        (home / label / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42")


def loose_videos(home: Path) -> None:
    home.mkdir()
    (home / "clip.MOV").write_bytes(b"\0\0\0\x14ftypqt  ")


REFUSED: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a missing folder": (lambda home: None, ("no folder and no data set 'photos'", "remedy:", "one of: ")),
    "an empty folder": (empty, ("there are no class folders", "remedy:   put the photos of each class")),
    "one class": (lambda home: photos(home, "gato"), ("a single class, 'gato'", "remedy:", "add a class")),
    "one photo of each class": (
        lambda home: photos(home, "gato", "perro", count=1),
        ("has 1 photo: setting aside validation and test leaves none", "remedy:   add photos"),
    ),
    "a single photo": (lambda home: photos(home, "gato", count=1), ("a single class", "remedy:")),
    "a folder of videos": (videos, ("have no photos", "take photos out of videos first: ffmpeg")),
    "videos without classes": (loose_videos, ("there are no class folders", "ffmpeg")),
    "a file": (lambda home: home.write_bytes(b"PK"), ("a file, not a folder", "unpack an archive first")),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("arguments", [("inspect", "data", "photos"), ("new", "suite", "mine", "--data", "photos")],
                         ids=["inspect", "new"])  # fmt: skip
def test_what_is_no_data_set_is_refused_with_a_remedy(program: Program, case: str, arguments: tuple[str, ...]) -> None:
    make, words = REFUSED[case]
    make(program.folder / "photos")
    program.run(*arguments).refused(*words)
    assert not (program.folder / "suites" / "mine.yaml").exists()


def test_a_name_that_is_nearly_right_gets_a_suggestion(program: Program) -> None:
    photos(program.folder / "photos", "gato", "perro")
    program.run("inspect", "data", "photso").refused("did you mean 'photos'?")
    program.run("inspect", "data", "cifar100").refused("did you mean 'cifar10'?")
    program.run("inspect", "data", "image_folder").refused("needs more than its name: folder", "name the folder itself")


def test_only_data_can_be_inspected(program: Program) -> None:
    assert program.run("inspect", "weights", "photos").code == 2


def test_folders_and_data_sets_are_completed(program: Program) -> None:
    photos(program.folder / "photos", "gato", "perro")
    (program.folder / ".hidden").mkdir()
    assert complete_data("ph") == ["photos"]
    assert complete_data("photos/") == ["photos/gato", "photos/perro"]
    assert complete_data("bea") == ["beans"]
    assert ".hidden" not in complete_data("")
    assert complete_data("nowhere/") == []
