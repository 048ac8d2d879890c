"""Folders of photos as people have them: what counts as a split, a class and a photo, and what is refused."""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchsuite_plugins.datasets import photo_folders as module
from benchsuite_plugins.datasets.image_folder import ImageFolder, ImageFolderParameters
from benchsuite_plugins.datasets.photo_folders import read_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from benchsuite.errors import DataError
from benchsuite.sources.digests import splits_of

NFD_MAIZ = unicodedata.normalize("NFD", "maíz")


def put(home: Path, *paths: str) -> Path:
    """Files at these paths, each with bytes of its own."""
    for path in paths:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(path.encode("utf-8", "surrogateescape"))
    return home


def classes(*folders: str, photos: int = 1, suffix: str = ".jpg") -> list[str]:
    return [f"{folder}/{number}{suffix}" for folder in folders for number in range(photos)]


def refused(home: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_folder(home)
    return str(caught.value)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("Train", "Val", "Test"),
        ("TRAINING", "VALIDATION", "TESTING"),
        ("training_set", "dev_set", "test_set"),
        ("seg_train", "valid", "seg_test"),
        ("Train Images", "validation data", "eval"),
        ("TrainingData", "ValidationData", "TestData"),
        ("01_train", "02_val", "03_test"),
        ("train2017", "val2017", "test2017"),
        ("treino", "validação", "teste"),
        ("Entraînement", "Validation", "Test"),
        ("Training", "Validierung", "Test"),
        ("addestramento", "validazione", "prova"),
        ("Entrenamiento", unicodedata.normalize("NFD", "Validación"), "Prueba"),
    ],
)
def test_splits_are_known_by_their_usual_names(train: str, validation: str, test: str, tmp_path: Path) -> None:
    home = put(tmp_path, *classes(*(f"{split}/{label}" for split in (train, validation, test) for label in "ab")))
    folder = read_folder(home)
    assert list(folder.splits) == ["train", "validation", "test"]
    assert folder.classes == ("a", "b")
    assert folder.splits["test"]["b"] == (f"{test}/b/0.jpg",)


def test_splits_that_archives_hold_twice_over_and_folders_round_all_are_opened(tmp_path: Path) -> None:
    home = put(tmp_path, *classes(*(f"archive/seg_{s}/seg_{s}/{label}" for s in ("train", "test") for label in "ab")))
    assert read_folder(home).splits["train"]["a"] == ("archive/seg_train/seg_train/a/0.jpg",)


def test_classes_that_lie_one_folder_deeper_in_each_split_are_found(tmp_path: Path) -> None:
    home = put(tmp_path, *classes(*(f"{split}/images/{label}" for split in ("train", "test") for label in "ab")))
    folder = read_folder(home)
    assert folder.classes == ("a", "b")
    assert folder.splits["test"]["b"] == ("test/images/b/0.jpg",)


def test_splits_of_unknown_names_are_no_classes_even_where_one_lacks_a_class(tmp_path: Path) -> None:
    home = put(tmp_path, *classes("uno/a", "uno/b", "uno/c", "dos/a", "dos/b"))
    assert "each of 'dos', 'uno' holds the folders 'a', 'b'" in refused(home)


def test_what_lies_beside_the_splits_without_photos_is_passed_over(tmp_path: Path) -> None:
    home = put(tmp_path, *classes("train/a", "train/b", "test/a", "test/b"), "annotations/boxes.csv", "labels.csv")
    assert set(read_folder(home).splits) == {"train", "test"}


@pytest.mark.parametrize("top", [("2019", "2020"), ("cat", "dog"), ("Lote A", "Lote B")])
@pytest.mark.parametrize("below", [("train", "test"), ("x", "y", "z")])
def test_folders_that_all_hold_the_same_folders_are_no_classes(
    top: tuple[str, ...], below: tuple[str, ...], tmp_path: Path
) -> None:
    said = refused(put(tmp_path, *classes(*(f"{one}/{other}" for one in top for other in below))))
    assert all(repr(name) in said for name in (*top, *below))
    assert "<folder>/{train,validation,test}/<class>/*.jpg" in said


def test_classes_that_each_hold_one_folder_of_the_same_name_are_classes(tmp_path: Path) -> None:
    assert read_folder(put(tmp_path, *classes("a/images", "b/images"))).classes == ("a", "b")


def test_linked_folders_and_photos_are_used_and_loops_end(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", *classes("more", photos=5), "single.png")
    home = put(tmp_path / "mine", *classes("a", "b", photos=5))
    (home / "a" / "more").symlink_to(tmp_path / "elsewhere" / "more")
    (home / "c").symlink_to(tmp_path / "elsewhere" / "more")
    (home / "b" / "linked.png").symlink_to(tmp_path / "elsewhere" / "single.png")
    (home / "b" / "loop").symlink_to(home)
    (home / "a" / "self").symlink_to(home / "a")
    found = read_folder(home).splits["train"]
    assert {label: len(photos) for label, photos in found.items()} == {"a": 10, "b": 6, "c": 5}
    assert "a/more/3.jpg" in found["a"]


def test_links_that_lead_nowhere_are_all_named(tmp_path: Path) -> None:
    home = put(tmp_path / "mine", *classes("a", "b"))
    for label in "ab":
        (home / label / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    said = refused(home)
    assert "2 of it are links that lead nowhere" in said
    assert "a/gone.jpg" in said
    assert "b/gone.jpg" in said


LITTER = (
    "@eaDir/0.jpg", "a/@eaDir/0.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/old/1.jpg", "$RECYCLE.BIN/S-1/x.png",
    "lost+found/y.jpg", "__MACOSX/a/._0.jpg", "a/._0.jpg", "a/Thumbs.db", "b/.thumbs/1.jpg",
    "System Volume Information/z", "b/desktop.ini", ".Trash-1000/files/1.jpg",
)  # fmt: skip


def test_what_systems_leave_is_no_photo_and_no_class(tmp_path: Path) -> None:
    folder = read_folder(put(tmp_path, *classes("a", "b", photos=2), *LITTER))
    assert folder.classes == ("a", "b")
    assert folder.splits["train"] == {"a": ("a/0.jpg", "a/1.jpg"), "b": ("b/0.jpg", "b/1.jpg")}
    assert folder.passed_over == 0


def test_names_that_read_the_same_are_one_class(tmp_path: Path) -> None:
    home = put(
        tmp_path,
        *classes("train/maíz", "train/Rojo", "train/rojo ", "train/rojo", photos=2),
        *classes(f"test/{NFD_MAIZ}", "test/ROJO", photos=1),
    )
    folder = read_folder(home)
    assert folder.classes == ("maíz", "Rojo") or folder.classes == ("maíz", "rojo")
    assert sorted(map(len, folder.splits["train"].values())) == [2, 6]
    assert sorted(map(len, folder.splits["test"].values())) == [1, 1]


def test_numbered_classes_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["1", "2", "10", "clase 3", "clase 20"]
    assert list(read_folder(put(tmp_path, *classes(*names))).classes) == names


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".gif", ".avif", ".tif", ".webp", ".bmp", ".JPEG"])
def test_every_suffix_that_is_read_is_a_photo(suffix: str, tmp_path: Path) -> None:
    assert len(read_folder(put(tmp_path, *classes("a", "b", photos=3, suffix=suffix))).splits["train"]["a"]) == 3


def test_heic_photos_ask_for_their_package_where_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = put(tmp_path, *classes("a", "b"), *classes("a", photos=3, suffix=".HEIC"))
    known = module.photo_suffixes()
    monkeypatch.setattr(module, "photo_suffixes", lambda: known - {".heic"})
    said = refused(home)
    assert "3 of it are HEIC photos" in said
    assert "pip install 'benchsuite[heic]'" in said


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_utf8_are_refused_with_their_bytes(tmp_path: Path) -> None:
    try:
        home = put(tmp_path, *classes("a", "b"), os.fsdecode(b"ma\xedz/1.jpg"))
    except OSError:
        pytest.skip("this disk takes no such names")
    said = refused(home)
    assert r"ma\xedz/1.jpg" in said
    assert "convmv" in said


def test_all_classes_without_photos_are_named_at_once(tmp_path: Path) -> None:
    home = put(tmp_path, *classes("a", "b"), "c/notes.txt", "d/notes.txt")
    assert "the classes 'c', 'd' have no photos" in refused(home)


def test_photos_in_no_class_are_counted(tmp_path: Path) -> None:
    assert read_folder(put(tmp_path, *classes("a", "b"), "loose.jpg")).passed_over == 1


def test_copies_stay_on_one_side_of_a_division(tmp_path: Path) -> None:
    home = put(tmp_path, *classes("a", "b", photos=12))
    for number in range(6):
        content = (home / f"a/{number}.jpg").read_bytes()
        for copy in (f"a/copy{number}.jpg", f"b/copy{number}.jpg"):
            (home / copy).write_bytes(content)
    index = ImageFolder().index(ImageFolderParameters(folder=home, validation=0.3, test=0.3), home)
    sides: dict[bytes, set[str]] = {}
    for split, part in splits_of(index).items():
        for i in range(len(part)):
            sides.setdefault(part.images.read(i), set()).add(split)
    assert all(len(where) == 1 for where in sides.values())
    assert sum(len(part) for part in splits_of(index).values()) == 36


# Any folder against an independent list of what was put there.

SPELLINGS = {
    "train": ["train", "Train", "TRAINING", "seg_train", "training set", "Entrenamiento"],
    "validation": ["val", "Valid", "VALIDATION", "dev", "val_images"],
    "test": ["test", "Test", "testing", "seg_test", "TEST SET"],
}
LABELS = ["maíz", "Ñandú", "Rojo", "1", "2", "10", "class b", "über", "日本", "test tube"]
FORMATS = {
    ".jpg": "JPEG",
    ".JPG": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".Bmp": "BMP",
}


@dataclass(frozen=True)
class Photo:
    """A photo to be put into a folder: `copy_of` an earlier one, or with colours of its own."""

    name: str
    suffix: str
    turned: bool
    deep: bool
    linked: bool
    copy: bool


photos = st.builds(
    Photo,
    name=st.sampled_from(["IMG_0001", "foto (1)", "a.b", "é", "#1", "con espacio", "x" * 60]),
    suffix=st.sampled_from(sorted(FORMATS)),
    turned=st.booleans(),
    deep=st.booleans(),
    linked=st.booleans(),
    copy=st.booleans(),
)


def spelled(draw: Any, label: str) -> str:
    """The label as another disk or person may write it."""
    form = draw(st.sampled_from(["NFC", "NFD"]))
    label = unicodedata.normalize(form, draw(st.sampled_from([label, label.lower(), label.title()])))
    return label + draw(st.sampled_from(["", "", " "]))


def picture(photo: Photo, number: int) -> bytes:
    """6 x 3 pixels as they are seen; stored sideways where the photo is `turned` and its format can say so."""
    drawn = Image.new("RGB", (6, 3), ((number * 37) % 256, (number * 101) % 256, number % 256))
    file, exif = io.BytesIO(), Image.Exif()
    if photo.turned and FORMATS[photo.suffix] == "JPEG":
        drawn = drawn.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    drawn.save(file, FORMATS[photo.suffix], **({"exif": exif} if FORMATS[photo.suffix] == "JPEG" else {}))
    return file.getvalue()


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_index_of_any_folder_is_what_was_put_there(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("folder")
    home, aside = root / "mine", root / "aside"
    aside.mkdir()
    labels = data.draw(st.lists(st.sampled_from(LABELS), min_size=2, max_size=4, unique=True))
    present = data.draw(st.sampled_from([(), ("train",), ("train", "test"), ("train", "validation", "test")]))
    expected: dict[tuple[str, str], set[str]] = {}
    put_there: list[bytes] = []
    for split in present or ("",):
        folder = home / data.draw(st.sampled_from(SPELLINGS[split])) if split else home
        for label in labels:
            inside = folder / spelled(data.draw, label)
            inside.mkdir(parents=True, exist_ok=True)
            for number, photo in enumerate(data.draw(st.lists(photos, min_size=4, max_size=7))):
                copied = photo.copy and number > 3 and bool(put_there)
                content = put_there[-1] if copied else picture(photo, len(put_there) + 1)
                if not copied:
                    put_there.append(content)
                where = inside / "deeper" / "still" if photo.deep else inside
                where.mkdir(parents=True, exist_ok=True)
                path = where / f"{photo.name} {number}{photo.suffix}"
                if photo.linked:
                    original = aside / f"{len(list(aside.iterdir()))}"
                    original.write_bytes(content)
                    path.symlink_to(original)
                else:
                    path.write_bytes(content)
                expected.setdefault((split, label), set()).add(path.relative_to(home).as_posix())
    for litter in data.draw(st.lists(st.sampled_from(["@eaDir/1.jpg", "._2.jpg", "Thumbs.db", "$RECYCLE.BIN/3.png"]))):
        folders = sorted(
            path for path in home.rglob("*") if path.is_dir() and "@" not in str(path) and "$" not in str(path)
        )
        put(data.draw(st.sampled_from([home, *folders])), litter)

    index = ImageFolder().index(ImageFolderParameters(folder=home, validation=0.2, test=0.2), home)

    found: dict[tuple[str, str], set[str]] = {}
    sides: dict[str, set[str]] = {}
    for split, part in splits_of(index).items():
        for i, (name, label) in enumerate(zip(part.images.names, part.labels, strict=True)):
            whose = next(one for one in labels if module._fold(one) == module._fold(index.classes[label]))
            of_folder = "" if not present else split if split in present else "train"
            found.setdefault((of_folder, whose), set()).add(name)
            content = part.images.read(i)
            assert part.images.decode(i, content).size == (6, 3)
            if of_folder != split or not present:
                sides.setdefault(hashlib.sha256(content).hexdigest(), set()).add(split)
    assert found == expected
    assert all(len(where) == 1 for where in sides.values())
