"""The CIFAR-10 plugin on miniatures: batches of 20 images, two a class, and on the real files where they are."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchsuite_plugins.datasets import cifar10, cifar_batches
from benchsuite_plugins.datasets.cifar10 import BATCHES, CLASSES, FOLDER, METADATA, TRAINING, Cifar10, Cifar10Parameters
from benchsuite_plugins.datasets.cifar_batches import CifarImages, read_batch, read_pickle
from pydantic import ValidationError

from benchsuite.contracts.dataset import Found, Source
from benchsuite.engine.data.augment import AUGMENTATIONS
from benchsuite.engine.data.images import load_images
from benchsuite.errors import DataError
from benchsuite.sources.data import LocatedData, locate_data
from benchsuite.sources.digests import open_image

ROWS = 20
PARAMETERS = Cifar10Parameters()
DATA = Path(os.environ.get("BENCHSUITE_DATA", ""))


@pytest.fixture
def miniature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "ROWS", ROWS)
    monkeypatch.setattr(cifar_batches, "ROWS", ROWS)


def content(name: str) -> dict[Any, Any]:
    """A batch as the official ones are; the classes take turns, so two of each."""
    draw = np.random.default_rng(BATCHES.index(name))
    return {
        b"batch_label": name.encode(),
        b"labels": [row % len(CLASSES) for row in range(ROWS)],
        b"data": draw.integers(0, 256, (ROWS, 3072), dtype=np.uint8),
        b"filenames": [b"x.png"] * ROWS,
    }


def metadata() -> dict[Any, Any]:
    return {b"num_cases_per_batch": ROWS, b"label_names": [name.encode() for name in CLASSES], b"num_vis": 3072}


def as_folder(root: Path) -> Path:
    (root / FOLDER).mkdir(parents=True)
    for name in BATCHES:
        (root / FOLDER / name).write_bytes(pickle.dumps(content(name), protocol=2))
    (root / FOLDER / METADATA).write_bytes(pickle.dumps(metadata(), protocol=2))
    return root


def as_archive(root: Path) -> Path:
    as_folder(root / "inside")
    with tarfile.open(root / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(root / "inside" / FOLDER, FOLDER)
    return root


def change(name: str, **changes: Any) -> Callable[[Path], object]:
    """Write a batch anew with other values under some keys (None: without the key)."""

    def rewrite(home: Path) -> object:
        changed = content(name) | {key.encode(): value for key, value in changes.items()}
        kept = {key: value for key, value in changed.items() if value is not None}
        return (home / name).write_bytes(pickle.dumps(kept, protocol=2))

    return rewrite


def locate(root: Path, tmp_path: Path, params: Cifar10Parameters = PARAMETERS) -> LocatedData:
    cache = tmp_path / "cache"
    return locate_data(Cifar10(), params, policy="real", data=root, cache=cache, say=lambda line: None)


def find(root: Path, tmp_path: Path) -> Found | None:
    return Cifar10().find(PARAMETERS, root, tmp_path / "scratch")


@pytest.mark.usefixtures("miniature")
def test_training_images_are_divided_by_class_and_the_test_batch_stays_the_test_split(tmp_path: Path) -> None:
    located = locate(as_folder(tmp_path), tmp_path)
    index = located.index
    assert Counter(index.train.labels) == dict.fromkeys(range(10), 8)
    assert Counter(index.validation.labels) == dict.fromkeys(range(10), 2)
    assert index.test.labels == tuple(content("test_batch")[b"labels"])
    assert index.test.images.names == tuple(f"test_batch/{row:04d}" for row in range(ROWS))
    names = [*index.train.images.names, *index.validation.images.names]
    assert sorted(names) == [f"{name}/{row:04d}" for name in TRAINING for row in range(ROWS)]


@pytest.mark.usefixtures("miniature")
def test_the_archive_gives_the_same_data(tmp_path: Path) -> None:
    archived = locate(as_archive(tmp_path / "mine"), tmp_path)
    assert archived.fingerprint == locate(as_folder(tmp_path / "reference"), tmp_path).fingerprint
    assert locate(tmp_path / "mine", tmp_path) == archived


@pytest.mark.usefixtures("miniature")
def test_the_data_set_may_be_the_named_folder_itself(tmp_path: Path) -> None:
    assert find(as_folder(tmp_path) / FOLDER, tmp_path) is not None
    assert find(tmp_path / "nothing", tmp_path) is None


@pytest.mark.usefixtures("miniature")
def test_files_with_the_published_checksums_are_official_and_one_other_makes_an_unofficial_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = as_folder(tmp_path) / FOLDER
    sums = {name: hashlib.md5((home / name).read_bytes()).hexdigest() for name in cifar10.MD5}
    monkeypatch.setattr(cifar10, "MD5", sums)
    assert locate(tmp_path, tmp_path).provenance == "official"
    change("data_batch_3", filenames=[b"y.png"] * ROWS)(home)
    located = locate(tmp_path, tmp_path)
    assert located.provenance == "unofficial copy"
    assert "the MD5 checksums of data_batch_3 are not" in located.evidence


@pytest.mark.usefixtures("miniature")
def test_the_download_is_unpacked_and_the_archive_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = as_archive(tmp_path / "remote") / "cifar-10-python.tar.gz"

    class Http:
        def __init__(self, say: object) -> None: ...

        def file(self, source: Source, target: Path) -> Path:
            assert source == cifar10.ARCHIVE
            target.write_bytes(remote.read_bytes())
            return target

    monkeypatch.setattr("benchsuite.sources.data.HttpDownloader", Http)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    cache = tmp_path / "cache"
    located = locate_data(Cifar10(), PARAMETERS, policy="real", data=None, cache=cache, say=lambda line: None)
    assert located.folder == cache / "datasets" / "cifar10" / FOLDER
    assert [path.name for path in located.folder.parent.iterdir()] == [FOLDER]


BREAKAGES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a batch missing": (lambda home: (home / "data_batch_4").unlink(), ("data_batch_4 is missing",)),
    "the metadata missing": (lambda home: (home / METADATA).unlink(), ("batches.meta is missing",)),
    "a batch cut short": (
        lambda home: (home / "test_batch").write_bytes((home / "test_batch").read_bytes()[:-5000]),
        ("cut short", "test_batch"),
    ),
    "a batch empty": (lambda home: (home / "test_batch").write_bytes(b""), ("cut short", "test_batch")),
    "a page instead of a batch": (
        lambda home: (home / "data_batch_1").write_bytes(b"<html>403</html>"),
        ("not a pickle", "data_batch_1"),
    ),
    "an image too few": (
        change("data_batch_2", data=np.zeros((ROWS - 1, 3072), np.uint8), labels=[0] * (ROWS - 1)),
        ("19 images", "20 images", "data_batch_2"),
    ),
    "a label too few": (change("data_batch_2", labels=[0] * (ROWS - 1)), ("20 images and 19 labels", "data_batch_2")),
    "a label out of range": (change("data_batch_5", labels=[0] * 19 + [10]), ("label of row 19 is 10", "from 0 to 9")),
    "a label that is none": (change("data_batch_5", labels=["cat"] * ROWS), ("label of row 0 is something else",)),
    "images of another size": (
        change("data_batch_1", data=np.zeros((ROWS, 12), np.uint8)),
        ("20 x 12", "N x 3072", "data_batch_1"),
    ),
    "pixels of another type": (
        change("data_batch_1", data=np.zeros((ROWS, 3072), np.float32)),
        ("single bytes", "data_batch_1"),
    ),
    "no labels": (change("data_batch_1", labels=None), ("lacks labels", "data_batch_1")),
    "no mapping": (lambda home: (home / "data_batch_1").write_bytes(pickle.dumps([1, 2])), ("holds a list",)),
    "other classes": (
        lambda home: (home / METADATA).write_bytes(pickle.dumps({"label_names": sorted(CLASSES, reverse=True)})),
        ("class names", "airplane, automobile", METADATA),
    ),
}


@pytest.mark.usefixtures("miniature")
@pytest.mark.parametrize("name", BREAKAGES)
def test_data_that_are_broken_are_refused_naming_the_file(name: str, tmp_path: Path) -> None:
    breakage, expected = BREAKAGES[name]
    breakage(as_folder(tmp_path) / FOLDER)
    with pytest.raises(DataError) as caught:
        find(tmp_path, tmp_path)
    for part in expected:
        assert part in str(caught.value)


class Malice:
    """Unpickled carelessly, it writes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.target}",)


@pytest.mark.usefixtures("miniature")
def test_a_pickle_that_would_run_a_command_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    change("data_batch_2", labels=Malice(tmp_path / "evil"))(as_folder(tmp_path) / FOLDER)
    with pytest.raises(DataError, match=r"refused: it asks for '(posix|nt)\.system'") as caught:
        find(tmp_path, tmp_path)
    assert str(tmp_path / FOLDER / "data_batch_2") in str(caught.value)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["builtins eval", "numpy load", "numpy.core.multiarray scalar", "codecs open"])
def test_other_names_are_refused_whatever_their_module(name: str, tmp_path: Path) -> None:
    file = tmp_path / "data_batch_1"
    module, function = name.split()
    file.write_bytes(f"c{module}\n{function}\n(S'1'\ntR.".encode())
    with pytest.raises(DataError, match="refused"):
        read_pickle(file)


def test_a_pickle_cannot_change_the_reader(tmp_path: Path) -> None:
    file = tmp_path / "data_batch_1"
    file.write_bytes(b"cnumpy\ndtype\n(N}V__defaults__\n(I1\ntstb.")
    with pytest.raises(DataError, match="holds a function"):
        read_pickle(file)
    file.write_bytes(pickle.dumps(content("data_batch_1"), protocol=2))
    assert len(read_batch(file).labels) == ROWS


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_copies_made_by_newer_pythons_are_read(protocol: int, tmp_path: Path) -> None:
    file = tmp_path / "data_batch_1"
    saved = {key.decode(): value for key, value in content("data_batch_1").items()}
    file.write_bytes(pickle.dumps(saved, protocol=protocol))
    batch = read_batch(file)
    assert np.array_equal(batch.pixels, saved["data"])
    assert batch.labels == tuple(saved["labels"])


def test_the_official_files_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    pixels = content("data_batch_1")[b"data"].tobytes()
    file = tmp_path / "data_batch_1"
    file.write_bytes(
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04]q\x05(K\x06K\x09e"
        b"U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02M\x00\x0c\x86"
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        b"T" + struct.pack("<i", 2 * 3072) + pixels[: 2 * 3072] + b"tbu."
    )
    batch = read_batch(file)
    assert batch.labels == (6, 9)
    assert batch.pixels.tobytes() == pixels[: 2 * 3072]


@pytest.mark.usefixtures("miniature")
def test_images_open_as_they_are_stored_and_reach_the_pixel_cache_unchanged(tmp_path: Path) -> None:
    located = locate(as_folder(tmp_path), tmp_path)
    stored = content("test_batch")[b"data"]
    assert located.digests["test"] == tuple(hashlib.sha256(row.tobytes()).hexdigest() for row in stored)
    expected = stored.reshape(ROWS, 3, 32, 32).transpose(0, 2, 3, 1)
    images = located.index.test.images
    assert np.array_equal(np.asarray(images.decode(7, images.read(7))), expected[7])
    preprocessing = Cifar10().preprocessing(PARAMETERS)
    pixels = load_images(located.index.test.images, located.digests["test"], preprocessing, tmp_path / "cache").pixels
    assert np.array_equal(pixels, expected)


@pytest.mark.usefixtures("miniature")
def test_images_travel_to_other_processes_without_pixels_or_names(tmp_path: Path) -> None:
    images = locate(as_folder(tmp_path), tmp_path).index.train.images
    before = pickle.dumps(images)
    images.decode(3, images.read(3))
    assert images.names
    assert pickle.dumps(images) == before
    assert len(before) < 1000
    assert pickle.loads(before) == images
    assert len(pickle.dumps(CifarImages(tmp_path, tuple(range(50_000))))) < 200_000


@pytest.mark.usefixtures("miniature")
def test_fewer_training_images_are_balanced_and_nested_and_leave_validation_alone(tmp_path: Path) -> None:
    home = as_folder(tmp_path) / FOLDER

    def chosen(images: int | None) -> tuple[set[str], tuple[int, ...], tuple[str, ...]]:
        index = Cifar10().index(Cifar10Parameters(train_images=images), home)
        return set(index.train.images.names), index.train.labels, index.validation.images.names

    few, labels, validation = chosen(23)
    more, _, same = chosen(40)
    everything, _, again = chosen(None)
    assert Counter(labels) == dict.fromkeys(range(3), 3) | dict.fromkeys(range(3, 10), 2)
    assert few < more < everything
    assert validation == same == again
    assert chosen(50_000)[0] == everything


@pytest.mark.usefixtures("miniature")
def test_the_split_depends_on_its_seed_alone(tmp_path: Path) -> None:
    home = as_folder(tmp_path) / FOLDER
    np.random.seed(1)
    first = Cifar10().index(PARAMETERS, home)
    assert Cifar10().index(Cifar10Parameters(split_seed=0), home) == first
    assert Cifar10().index(Cifar10Parameters(split_seed=1), home).validation != first.validation


@pytest.mark.usefixtures("miniature")
@pytest.mark.parametrize(("validation", "split"), [(0.01, "validation"), (0.99, "train")])
def test_a_split_that_would_be_empty_is_an_error(validation: float, split: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"the split '{split}'"):
        locate(as_folder(tmp_path), tmp_path, Cifar10Parameters(validation=validation))


@pytest.mark.parametrize("wrong", [{"validation": 0.0}, {"validation": 1.0}, {"train_images": 9}, {"split_seed": -1}])
def test_parameters_out_of_their_bounds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Cifar10Parameters(**wrong)


def test_the_engine_knows_every_augmentation() -> None:
    names = ("pad_crop", "horizontal_flip", "random_erasing")
    asked = Cifar10().preprocessing(Cifar10Parameters(augmentation=names)).augmentations
    assert tuple(augmentation.name for augmentation in asked) == names
    assert set(names) <= set(AUGMENTATIONS)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    Cifar10().sample(PARAMETERS, folder)
    return folder


def test_the_sample_is_found_as_a_sample_in_the_official_layout(sample: Path, tmp_path: Path) -> None:
    located = locate(sample, tmp_path)
    assert located.provenance == "synthetic sample"
    assert Counter(located.index.train.labels) == dict.fromkeys(range(10), 48)
    assert Counter(located.index.test.labels) == dict.fromkeys(range(10), 20)
    everything = [digest for digests in located.digests.values() for digest in digests]
    assert len(set(everything)) == 800
    official = pickle.loads((sample / FOLDER / "data_batch_1").read_bytes(), encoding="bytes")
    assert set(official) == {b"batch_label", b"labels", b"data", b"filenames"}


def test_the_sample_has_the_same_bytes_at_every_call(sample: Path, tmp_path: Path) -> None:
    from benchsuite_plugins.datasets.cifar_drawings import write_batches

    np.random.seed(3)
    write_batches(tmp_path, {"data_batch_2": 120}, {})
    assert (tmp_path / "data_batch_2").read_bytes() == (sample / FOLDER / "data_batch_2").read_bytes()


def test_the_samples_mark_does_not_excuse_missing_images(sample: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(sample, tmp_path / "copy")
    short = {"labels": [0], "data": np.zeros((1, 3072), np.uint8)}
    (tmp_path / "copy" / FOLDER / "data_batch_1").write_bytes(pickle.dumps(short))
    with pytest.raises(DataError, match="the batch has 1 images"):
        find(tmp_path / "copy", tmp_path)


def test_planning_with_cifar10_needs_no_torch() -> None:
    code = "import benchsuite_plugins.datasets.cifar10 as c, sys; c.Cifar10().card(c.Cifar10Parameters())\n"
    code += "assert not {'torch', 'PIL', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_card_states_the_numbers_of_the_parameters() -> None:
    card = Cifar10().card(PARAMETERS)
    assert dict(card.splits) == {"train": 40_000, "validation": 10_000, "test": 10_000}
    assert Cifar10().card(Cifar10Parameters(train_images=500)).splits["train"] == 500
    assert set(card.class_titles) == set(card.classes) == set(CLASSES)
    assert all(len(source.sha256 or "") == 64 for source in card.sources)


@pytest.mark.realdata
@pytest.mark.skipif(not (DATA / FOLDER).is_dir(), reason=f"BENCHSUITE_DATA names no folder with {FOLDER}")
def test_the_real_batches_give_sixty_thousand_images(tmp_path: Path) -> None:
    located = locate(DATA, tmp_path)
    index = located.index
    assert located.provenance in ("official", "unofficial copy")
    assert (len(index.train), len(index.validation), len(index.test)) == (40_000, 10_000, 10_000)
    assert Counter(index.train.labels) == dict.fromkeys(range(10), 4000)
    assert np.asarray(open_image(index.test.images, 9999, located.digests["test"][9999])).shape == (32, 32, 3)
