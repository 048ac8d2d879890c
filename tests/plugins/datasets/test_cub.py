"""The CUB plugin on miniatures: the official counts are cut down to six photos a class."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import tarfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchsuite_plugins.datasets import cub
from benchsuite_plugins.datasets.cub import ARCHIVE, Cub, CubParameters
from benchsuite_plugins.datasets.cub_metadata import FILES, Photo
from benchsuite_plugins.datasets.cub_species import SPECIES
from PIL import Image
from pydantic import ValidationError

from benchsuite.contracts.dataset import Found, Source
from benchsuite.errors import DataError
from benchsuite.sources.data import LocatedData, locate_data
from benchsuite.sources.digests import splits_of

PARAMETERS = CubParameters(classes=(1, 2, 3), validation=0.2)
WITHOUT_PHOTOS = 4
"""The last class that the miniature's lists name; its photos are absent."""
PHOTOS, TRAINING = 6, 3


@pytest.fixture
def miniature_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cub, "SPECIES", tuple(one._replace(images=PHOTOS, training=TRAINING) for one in SPECIES))


mini = pytest.mark.usefixtures("miniature_counts")


def jpeg(seed: int, mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((10, 12, 3), seed * 7 % 256, np.uint8)).convert(mode).save(stream, "JPEG")
    return stream.getvalue()


def files() -> dict[str, bytes]:
    """Path below CUB_200_2011, and bytes; photo 2 is greyscale."""
    names = [one.name for one in SPECIES]
    paths = [f"{names[n]}/{names[n][4:]}_{k:04d}.jpg" for n in range(WITHOUT_PHOTOS) for k in range(PHOTOS)]
    columns: dict[str, list[Any]] = {
        "images.txt": paths,
        "image_class_labels.txt": [n + 1 for n in range(WITHOUT_PHOTOS) for _ in range(PHOTOS)],
        "train_test_split.txt": [int(k < TRAINING) for _ in range(WITHOUT_PHOTOS) for k in range(PHOTOS)],
        "classes.txt": names,
    }
    content = {name: "".join(f"{i} {v}\n" for i, v in enumerate(c, 1)).encode() for name, c in columns.items()}
    there = paths[: (WITHOUT_PHOTOS - 1) * PHOTOS]
    photos = {f"images/{path}": jpeg(i, "L" if i == 1 else "RGB") for i, path in enumerate(there)}
    return content | photos | {"README": b"The Caltech-UCSD Birds-200-2011 Dataset"}


def as_folder(root: Path) -> Path:
    for name, content in files().items():
        path = root / "CUB_200_2011" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def as_archive(root: Path, inside: str = "CUB_200_2011") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    with tarfile.open(root / ARCHIVE.filename, "w:gz") as archive:
        for name, content in {"attributes.txt": b"1 has_bill", **files()}.items():
            member = tarfile.TarInfo(name if name == "attributes.txt" else f"{inside}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return root


def known(monkeypatch: pytest.MonkeyPatch, archive: Path) -> None:
    """Make the miniature archive the official one."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(cub, "ARCHIVE", replace(ARCHIVE, sha256=digest, bytes=archive.stat().st_size))


def locate(root: Path | None, tmp_path: Path, params: CubParameters = PARAMETERS) -> LocatedData:
    return locate_data(
        Cub(), params, policy="real", data=root, cache=tmp_path / "cache", say=lambda line: None, download=True
    )


def find(root: Path, tmp_path: Path, params: CubParameters = PARAMETERS) -> Found | None:
    found: Found | None = Cub().find(params, root, tmp_path / "scratch")
    return found


def names(located: LocatedData) -> dict[str, tuple[str, ...]]:
    return {name: split.images.names for name, split in splits_of(located.index).items()}


@mini
@pytest.mark.parametrize("make", [as_folder, as_archive])
def test_folder_and_archive_give_the_same_data(make: Callable[[Path], Path], tmp_path: Path) -> None:
    located = locate(make(tmp_path / "mine"), tmp_path)
    assert {name: len(split) for name, split in names(located).items()} == {"train": 11, "validation": 3, "test": 4}
    assert located.provenance == "unofficial copy"
    assert located.index.classes == tuple(one.name for one in SPECIES[:3])
    assert located.fingerprint == locate(as_folder(tmp_path / "reference"), tmp_path).fingerprint


@mini
def test_the_folder_may_be_named_itself_or_lie_in_one_called_cub(tmp_path: Path) -> None:
    root = as_folder(tmp_path / "data")
    assert find(root / "CUB_200_2011", tmp_path) is not None
    root.rename(tmp_path / "cub")
    assert find(tmp_path, tmp_path) is not None


@mini
def test_an_empty_or_foreign_folder_is_not_cub(tmp_path: Path) -> None:
    assert find(tmp_path, tmp_path) is None
    (tmp_path / "images").mkdir()
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    (tmp_path / "images.txt").write_text("# Image list with two lines of data per image\n")
    assert find(tmp_path, tmp_path) is None


@mini
def test_a_greyscale_photo_opens_as_rgb(tmp_path: Path) -> None:
    folder = as_folder(tmp_path) / "CUB_200_2011"
    index = Cub().index(CubParameters(classes=(1, 2)), folder)
    name = "images/001.Black_footed_Albatross/Black_footed_Albatross_0001.jpg"
    with Image.open(folder / name) as stored:
        assert stored.mode == "L"
    (split,) = (split for split in (index.train, index.validation, index.test) if name in split.images.names)
    i = split.images.names.index(name)
    assert split.images.decode(i, split.images.read(i)).mode == "RGB"


@mini
def test_the_official_split_is_the_lists_own(tmp_path: Path) -> None:
    located = locate(as_folder(tmp_path), tmp_path, PARAMETERS.model_copy(update={"split": "official"}))
    assert {name: len(split) for name, split in names(located).items()} == {"train": 7, "validation": 2, "test": 9}
    assert all(int(Path(name).stem[-4:]) >= TRAINING for name in names(located)["test"])


@mini
def test_the_official_archive_is_official_for_every_choice_until_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = as_archive(tmp_path / "mine")
    known(monkeypatch, root / ARCHIVE.filename)
    located = locate(root, tmp_path)
    other = locate(root, tmp_path, CubParameters(classes=(1, 3), split="official", split_seed=4))
    assert located.provenance == other.provenance == "official"
    assert located.folder == other.folder
    assert locate(root, tmp_path) == located
    split = located.folder / "train_test_split.txt"
    split.write_bytes(split.read_bytes().replace(b"3 1\n4 0\n", b"3 0\n4 1\n"))
    assert locate(root, tmp_path).provenance == "unofficial copy"
    split.write_bytes(files()[split.name])
    (located.folder / located.index.test.images.names[0]).write_bytes(jpeg(99))
    assert locate(root, tmp_path).provenance == "unofficial copy"


@mini
def test_the_download_unpacks_the_verified_archive_and_keeps_one_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = as_archive(tmp_path / "remote") / ARCHIVE.filename
    known(monkeypatch, remote)

    class Server:
        def __init__(self, say: object) -> None: ...

        def file(self, source: Source, target: Path) -> Path:
            assert source == cub.ARCHIVE
            shutil.copy(remote, target)
            return target

    monkeypatch.setattr("benchsuite.sources.data.HttpDownloader", Server)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    located = locate(None, tmp_path)
    assert located.provenance == "official"
    assert list(located.folder.parent.iterdir()) == [located.folder]


def edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(home: Path) -> None:
        text = (home / name).read_text()
        assert old in text
        (home / name).write_text(text.replace(old, new, 1))

    return change


def without(name: str) -> Callable[[Path], object]:
    return lambda home: (home / name).unlink()


FIRST = "001.Black_footed_Albatross/Black_footed_Albatross_0000.jpg"
BREAKAGES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    **{f"no {name}": (without(name), (f"the metadata file {name} is missing",)) for name in FILES},
    "an absent photo": (without(f"images/{FIRST}"), (f"images.txt names {FIRST}, not there",)),
    "an empty photo": (lambda home: (home / "images" / FIRST).write_bytes(b""), ("empty", FIRST)),
    "a photo not listed": (edit("images.txt", f"1 {FIRST}\n", ""), ("image 1 is in image_class_labels.txt",)),
    "a list cut short": (edit("train_test_split.txt", "24 0\n", ""), ("image 24 is in images.txt and not in train",)),
    "a label of no class": (edit("image_class_labels.txt", "3 1\n", "3 201\n"), ("image 3 has the label '201'",)),
    "a label of zero": (edit("image_class_labels.txt", "3 1\n", "3 0\n"), ("image 3 has the label '0'",)),
    "a label that is no number": (edit("image_class_labels.txt", "3 1\n", "3 x\n"), ("image 3 has the label 'x'",)),
    "a label against the folder": (
        edit("image_class_labels.txt", "3 1\n", "3 2\n"),
        ("image 3 lies in the folder '001.Black_footed_Albatross', but its label is 2 (002.Laysan_Albatross)",),
    ),
    "neither training nor test": (edit("train_test_split.txt", "2 1\n", "2 2\n"), ("image 2 is marked '2'",)),
    "another split": (
        edit("train_test_split.txt", "2 1\n", "2 0\n"),
        ("001.Black_footed_Albatross has 6 photos in the lists, 2 of them for training", "6 photos, 3 of them"),
    ),
    "a photo too few": (
        lambda home: [
            edit(name, f"\n2 {value}\n", "\n")(home)
            for name, value in zip(FILES[:3], (FIRST.replace("_0000", "_0001"), 1, 1), strict=True)
        ],
        ("has 5 photos in the lists, 2 of them for training",),
    ),
    "a photo listed twice": (edit("images.txt", "Albatross_0001.jpg", "Albatross_0000.jpg"), (FIRST, "listed twice")),
    "a number twice": (edit("images.txt", "2 001", "1 001"), ("line 2 repeats the number 1",)),
    "a path that climbs out": (edit("images.txt", FIRST, "../../../evil.jpg"), ("image 1 has the path",)),
    "an absolute path": (edit("images.txt", FIRST, "/etc/passwd"), ("image 1 has the path '/etc/passwd'",)),
    "a path up": (edit("images.txt", FIRST, "001.Black_footed_Albatross/.."), ("image 1 has the path",)),
    "a line that is none": (edit("images.txt", f"1 {FIRST}", FIRST), ("is not a line of images.txt", "line 1")),
    "an empty list": (lambda home: (home / "images.txt").write_text(""), ("lists nothing",)),
    "bytes that are no text": (lambda home: (home / "images.txt").write_bytes(b"1 \xff"), ("cannot be read",)),
    "another class": (
        edit("classes.txt", "2 002.Laysan_Albatross", "2 002.Laysan_Duck"),
        ("class 2 is '002.Laysan_Duck'", "expected: 002.Laysan_Albatross"),
    ),
    "a class number too large": (edit("classes.txt", "200 200", "201 200"), ("class 201 is",)),
    "a class not listed": (
        edit("classes.txt", "3 003.Sooty_Albatross\n", ""),
        ("classes.txt does not list 003.Sooty_Albatross",),
    ),
    "a manifest that is none": (
        lambda home: (home / "benchsuite-manifest.json").write_text("[]"),
        ("the manifest is not a mapping",),
    ),
}


@mini
@pytest.mark.parametrize("name", BREAKAGES)
def test_files_that_are_broken_are_an_error_naming_what(name: str, tmp_path: Path) -> None:
    breakage, expected = BREAKAGES[name]
    breakage(as_folder(tmp_path) / "CUB_200_2011")
    with pytest.raises(DataError) as caught:
        find(tmp_path, tmp_path)
    for part in expected:
        assert part in str(caught.value)


@mini
def test_classes_without_photos_are_named_and_hurt_only_those_who_ask_for_them(tmp_path: Path) -> None:
    root = as_folder(tmp_path)
    assert find(root, tmp_path, CubParameters(classes=(1, 3))) is not None
    with pytest.raises(DataError, match=r"photos of 1 of the classes .*: 004\.Groove_billed_Ani"):
        find(root, tmp_path, CubParameters(classes=(1, 4)))
    shutil.rmtree(tmp_path / "CUB_200_2011" / "images")
    with pytest.raises(DataError, match=r"001\.Black_footed_Albatross to 004\.Groove_billed_Ani"):
        find(root, tmp_path, CubParameters(classes=(1, 2, 3, 4)))


@mini
@pytest.mark.parametrize(("share", "empty"), [(0.01, "validation"), (0.99, "train")])
def test_a_split_that_would_be_empty_is_an_error_naming_it(share: float, empty: str, tmp_path: Path) -> None:
    root = as_folder(tmp_path)
    with pytest.raises(DataError, match=f"the split '{empty}' would be empty") as caught:
        locate(root, tmp_path, CubParameters(classes=(1, 2), validation=share))
    assert "dataset.validation" in str(caught.value)


@mini
def test_an_archive_that_climbs_out_is_refused(tmp_path: Path) -> None:
    as_archive(tmp_path / "data", inside="CUB_200_2011/../../..")
    with pytest.raises(DataError, match="refused"):
        find(tmp_path / "data", tmp_path)
    assert list(tmp_path.rglob("README")) == []


@mini
def test_an_archive_cut_short_or_of_something_else_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    archive = as_archive(tmp_path / "data") / ARCHIVE.filename
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot be read"):
        find(tmp_path / "data", tmp_path)
    as_archive(tmp_path / "data", inside="birds")
    with pytest.raises(DataError, match="holds no folder CUB_200_2011"):
        find(tmp_path / "data", tmp_path)
    assert list((tmp_path / "scratch").iterdir()) == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"classes": [7]}, "at least two classes"),
    ({"classes": []}, "at least two classes"),
    ({"classes": [3, 5, 3]}, "3 is named twice"),
    ({"classes": [0, 5]}, "greater than or equal to 1"),
    ({"classes": [5, 201]}, "less than or equal to 200"),
    ({"classes": 50}, "20 or 200"),
    ({"augmentation": ["horizontal_flip", "horizontal_flip"]}, "horizontal_flip is named twice"),
    ({"validation": 0.0}, "greater than 0"),
    ({"validation": 1.0}, "less than 1"),
    ({"split": "k_fold"}, "random_80_20"),
    ({"split_seed": -1}, "greater than or equal to 0"),
]


@pytest.mark.parametrize(("given", "expected"), REFUSED)
def test_parameters_that_cannot_be_meant_are_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        CubParameters.model_validate_json(json.dumps(given))


def test_the_order_of_the_classes_makes_no_difference() -> None:
    given = CubParameters.model_validate_json('{"classes": [9, 2, 5]}')
    assert given.classes == (2, 5, 9)
    assert Cub().card(given).classes == ("002.Laysan_Albatross", "005.Crested_Auklet", "009.Brewer_Blackbird")


def listed(params: CubParameters) -> list[Photo]:
    """What the official lists hold of the classes asked for, under made-up file names."""
    chosen = [(n, one) for n, one in enumerate(SPECIES, 1) if one.name in Cub().card(params).classes]
    return [Photo(f"{one.name}/{k}.jpg", n, k < one.training) for n, one in chosen for k in range(one.images)]


SIZES = [
    ({}, (803, 89, 223)),
    ({"split": "official"}, (540, 60, 515)),
    ({"classes": 200}, (8487, 943, 2358)),
    ({"classes": 200, "split": "official"}, (5395, 599, 5794)),
]


@pytest.mark.parametrize(("given", "sizes"), SIZES)
def test_the_splits_have_the_sizes_of_the_source(given: dict[str, Any], sizes: tuple[int, ...]) -> None:
    params = CubParameters(**given)
    photos = listed(params)
    index = cub._index(params, Path(), photos)
    splits = splits_of(index)
    assert tuple(len(split) for split in splits.values()) == sizes
    assert dict(Cub().card(params).splits) == {name: len(split) for name, split in splits.items()}
    everything = [name for split in splits.values() for name in split.images.names]
    assert sorted(everything) == sorted(f"images/{photo.path}" for photo in photos)
    whole = Counter(index.train.labels) + Counter(index.validation.labels)
    aside = Counter(index.validation.labels)
    assert all(abs(aside[label] - 0.1 * count) < 1 for label, count in whole.items())


def test_the_seed_alone_decides_the_random_split() -> None:
    photos = listed(CubParameters())
    first, again, other = (cub._index(CubParameters(split_seed=seed), Path(), photos) for seed in (0, 0, 1))
    assert first == again
    assert set(first.test.images.names) != set(other.test.images.names)
    assert set(first.validation.images.names) != set(other.validation.images.names)


def test_the_table_is_the_official_one() -> None:
    assert len(SPECIES) == 200
    assert sum(one.images for one in SPECIES) == 11_788
    assert sum(one.training for one in SPECIES) == 5_994
    first = [one.images for one in SPECIES[:20]]
    assert (sum(first), min(first), max(first)) == (1_115, 41, 60)
    assert [int(one.name[:3]) for one in SPECIES] == list(range(1, 201))


def test_the_card_names_classes_as_people_do_and_says_how_photos_are_split() -> None:
    card = Cub().card(CubParameters(validation=0.125))
    assert card.class_titles["001.Black_footed_Albatross"] == "Black-footed Albatross"
    assert set(card.class_titles) == set(card.classes)
    assert "1115" in card.summary
    assert "12,5\u00a0%" in card.validation
    assert "CNS-TR-2011-001" in card.bibtex
    assert "oficial" in Cub().card(CubParameters(split="official")).summary
    assert all(len(source.sha256 or "") == 64 for source in card.sources)


def test_preprocessing_follows_the_parameters() -> None:
    plain = Cub().preprocessing(CubParameters())
    assert (plain.size, plain.resize, plain.augmentations) == ((256, 256), "squash", ())
    assert plain.mean == (0.485, 0.456, 0.406)
    changed = Cub().preprocessing(
        CubParameters(image_size=96, resize="crop", augmentation=("horizontal_flip", "vertical_flip"))
    )
    assert (changed.size, changed.resize) == ((96, 96), "crop")
    assert [(one.name, one.options["p"]) for one in changed.augmentations] == [
        ("horizontal_flip", 0.5),
        ("vertical_flip", 0.5),
    ]


def test_four_convolutions_of_six_fit_the_trials_images() -> None:
    def left(size: int) -> int:
        for _ in range(4):
            size = (size + 2 - 6 + 1) // 2
        return size

    assert left(Cub().smoke(CubParameters())["image_size"]) >= 1
    assert Cub().smoke(CubParameters(image_size=32)) == {"image_size": 32}


SAMPLED = CubParameters(classes=(1, 2, 3, 4))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    Cub().sample(SAMPLED, folder)
    return folder


def test_the_sample_is_found_as_a_sample_in_the_official_layout(sample: Path, tmp_path: Path) -> None:
    for split in ("random_80_20", "official"):
        located = locate(sample, tmp_path, SAMPLED.model_copy(update={"split": split}))
        assert located.provenance == "synthetic sample"
        assert located.index.classes == Cub().card(SAMPLED).classes
        assert set(located.index.train.labels) == {0, 1, 2, 3}
    assert {path.name for path in (sample / "CUB_200_2011").iterdir()} == {
        *FILES,
        "images",
        "benchsuite-manifest.json",
    }


def test_the_sample_has_the_same_bytes_at_every_call(sample: Path, tmp_path: Path) -> None:
    from benchsuite_plugins.datasets.cub_birds import write_birds

    np.random.seed(3)
    for path in write_birds(tmp_path, 2, SPECIES[1].name, 5):
        assert (tmp_path / path).read_bytes() == (sample / "CUB_200_2011/images" / path).read_bytes()


def test_the_samples_species_can_be_told_apart_by_their_colours(sample: Path) -> None:
    folders = sorted((sample / "CUB_200_2011/images").iterdir())
    colours = np.array([[_middle(path) for path in sorted(folder.iterdir())] for folder in folders])
    centres = colours[:, ::2].mean(axis=1)
    distances = np.linalg.norm(colours[:, 1::2, None] - centres, axis=-1)
    right = float((distances.argmin(axis=-1) == np.arange(4)[:, None]).mean())
    assert right > 0.5, "guessing would reach 0.25"


def _middle(path: Path) -> list[float]:
    """The mean colour of the middle of a photo, where the bird is."""
    with Image.open(path) as picture:
        width, height = picture.size
        middle = picture.crop((width * 3 // 8, height * 3 // 8, width * 5 // 8, height * 5 // 8))
        return [float(value) for value in np.asarray(middle, float).mean(axis=(0, 1))]


def test_the_samples_manifest_does_not_excuse_missing_photos(sample: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(sample, copy)
    next((copy / "CUB_200_2011/images/003.Sooty_Albatross").iterdir()).unlink()
    with pytest.raises(DataError, match=r"images\.txt names 003\.Sooty_Albatross"):
        find(copy, tmp_path, SAMPLED)


def test_planning_with_cub_needs_no_torch() -> None:
    import subprocess

    code = "import benchsuite_plugins.datasets.cub as c, sys; c.Cub().card(c.CubParameters(classes=200))\n"
    code += "assert not {'torch', 'PIL', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
