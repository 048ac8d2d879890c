"""The Beans plugin on miniatures: the official counts are cut down to a few photos a class."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchsuite_plugins.datasets import beans
from benchsuite_plugins.datasets.beans import CLASSES, Beans, BeansParameters
from PIL import Image

from benchsuite.contracts.dataset import DatasetIndex, Found, Source
from benchsuite.errors import DataError, SetupError
from benchsuite.sources.data import LocatedData, locate_data

MINI = {
    "train": dict(zip(CLASSES, (3, 2, 2), strict=True)),
    "validation": dict.fromkeys(CLASSES, 1),
    "test": dict.fromkeys(CLASSES, 1),
}
PARAMETERS = BeansParameters()


@pytest.fixture(autouse=True)
def miniature_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beans, "COUNTS", MINI)


def jpeg(seed: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((10, 12, 3), seed * 7 % 256, np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


def photos() -> dict[str, bytes]:
    """Path below the data set's folder, and bytes."""
    names = [
        f"{split}/{label}/{label}_{split}.{i}.jpg"
        for split, counts in MINI.items()
        for label, count in counts.items()
        for i in range(count)
    ]
    return {name: jpeg(i) for i, name in enumerate(names)}


def as_folder(root: Path) -> Path:
    for name, content in photos().items():
        path = root / "beans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def as_zips(root: Path) -> Path:
    for split in MINI:
        (root / "beans").mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(root / "beans" / f"{split}.zip", "w") as archive:
            archive.writestr(f"__MACOSX/{split}/._x.jpg", b"")
            for name, content in photos().items():
                if name.startswith(split):
                    archive.writestr(name, content)
    return root


def as_parquet(root: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (root / "beans" / "data").mkdir(parents=True)
    for split in MINI:
        rows = [
            {
                "image_file_path": f"/root/.cache/{name}",
                "image": {"bytes": content, "path": Path(name).name},
                "labels": CLASSES.index(name.split("/")[1]),
            }
            for name, content in photos().items()
            if name.startswith(split)
        ]
        pq.write_table(pa.Table.from_pylist(rows), root / "beans" / "data" / f"{split}-00000-of-00001.parquet")
    return root


def known_sources(sources: dict[str, Source], files: Path) -> dict[str, Source]:
    """The same sources, with the checksums of the miniatures."""
    return {
        split: replace(source, sha256=hashlib.sha256((files / source.filename).read_bytes()).hexdigest())
        for split, source in sources.items()
    }


def locate(root: Path, tmp_path: Path) -> LocatedData:
    cache = tmp_path / "cache"
    return locate_data(Beans(), PARAMETERS, policy="real", data=root, cache=cache, say=lambda line: None)


def find(root: Path, tmp_path: Path) -> Found | None:
    return Beans().find(PARAMETERS, root, tmp_path / "scratch")


@pytest.mark.parametrize("make", [as_folder, as_zips, as_parquet])
def test_every_official_form_gives_the_same_data(make: Callable[[Path], Path], tmp_path: Path) -> None:
    located = locate(make(tmp_path / "mine"), tmp_path)
    splits = (located.index.train, located.index.validation, located.index.test)
    names = [name for split in splits for name in split.images.names]
    assert names == sorted(photos(), key=lambda name: (list(MINI).index(name.split("/")[0]), name))
    assert located.provenance == "unofficial copy"
    assert located.fingerprint == locate(as_folder(tmp_path / "reference"), tmp_path).fingerprint
    assert located.index.train.labels == (0, 0, 0, 1, 1, 2, 2)


def test_fewer_training_images_are_balanced_and_nested_and_leave_the_other_splits_alone(tmp_path: Path) -> None:
    home = as_folder(tmp_path) / "beans"

    def index(images: int | None) -> DatasetIndex:
        return Beans().index(BeansParameters(train_images=images), home)

    few, more, everything = index(3), index(5), index(None)
    assert sorted(few.train.labels) == [0, 1, 2]
    assert sorted(more.train.labels) == [0, 0, 1, 1, 2]
    assert set(few.train.images.names) < set(more.train.images.names) < set(everything.train.images.names)
    for name, label in zip(more.train.images.names, more.train.labels, strict=True):
        assert name.startswith(f"train/{CLASSES[label]}/")
    assert len(everything.train) == 7
    assert few.validation == everything.validation
    assert few.test == everything.test
    for images in (3, 5, 1000, None):
        assert Beans().card(BeansParameters(train_images=images)).splits["train"] == len(index(images).train)


def test_the_data_set_may_be_the_named_folder_itself(tmp_path: Path) -> None:
    assert find(as_folder(tmp_path) / "beans", tmp_path) is not None


@pytest.mark.parametrize(("make", "table"), [(as_zips, "ZIPS"), (as_parquet, "PARQUET")])
def test_archives_with_the_official_checksums_are_official_until_touched(
    make: Callable[[Path], Path], table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(tmp_path / "mine")
    monkeypatch.setattr(beans, table, known_sources(getattr(beans, table), root / "beans"))
    located = locate(root, tmp_path)
    assert located.provenance == "official"
    assert locate(root, tmp_path) == located
    (located.folder / located.index.test.images.names[0]).write_bytes(jpeg(99))
    assert locate(root, tmp_path).provenance == "unofficial copy"


def test_the_download_unpacks_verified_parquet_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = as_parquet(tmp_path / "remote") / "beans"
    monkeypatch.setattr(beans, "PARQUET", known_sources(beans.PARQUET, remote))

    class Hub:
        def __init__(self, say: object) -> None: ...

        def huggingface(self, repo: str, filename: str, revision: str, sha256: str | None = None) -> Path:
            assert (repo, revision) == (beans.REPOSITORY, beans.REVISION)
            assert sha256 == hashlib.sha256((remote / filename).read_bytes()).hexdigest()
            return remote / filename

    monkeypatch.setattr("benchsuite.sources.data.HttpDownloader", Hub)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    located = locate_data(
        Beans(), PARAMETERS, policy="real", data=None, cache=tmp_path / "cache", say=lambda line: None
    )
    assert located.provenance == "official"
    assert (located.folder / "test/healthy/healthy_test.0.jpg").read_bytes() == photos()[
        "test/healthy/healthy_test.0.jpg"
    ]


@pytest.mark.parametrize("absent", ["pyarrow", "huggingface_hub"])
def test_without_what_reads_parquet_the_download_takes_the_zip_files(
    absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = as_zips(tmp_path / "remote") / "beans"
    monkeypatch.setattr(beans, "ZIPS", known_sources(beans.ZIPS, remote))
    monkeypatch.setitem(sys.modules, absent, None)

    class Web:
        def __init__(self, say: object) -> None: ...

        def file(self, source: Source, target: Path) -> Path:
            assert source in beans.ZIPS.values()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((remote / source.filename).read_bytes())
            return target

    monkeypatch.setattr("benchsuite.sources.data.HttpDownloader", Web)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    located = locate_data(
        Beans(), PARAMETERS, policy="real", data=None, cache=tmp_path / "cache", say=lambda line: None
    )
    assert located.provenance == "official"
    assert located.fingerprint == locate(as_folder(tmp_path / "reference"), tmp_path).fingerprint
    assert not list(located.folder.parent.glob("*.zip"))


def test_parquet_files_that_cannot_be_read_say_what_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = as_parquet(tmp_path / "mine")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SetupError, match=r"parquet files, and pyarrow, .* is not installed") as caught:
        find(root, tmp_path)
    assert "pip install 'benchsuite[huggingface]'" in str(caught.value)


def test_an_empty_or_foreign_folder_is_not_beans(tmp_path: Path) -> None:
    assert find(tmp_path, tmp_path) is None
    for split in MINI:
        (tmp_path / split / "airplane").mkdir(parents=True)
    assert find(tmp_path, tmp_path) is None


BREAKAGES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a photo too few": (
        lambda home: (home / "train/healthy/healthy_train.0.jpg").unlink(),
        ("6 images", "healthy 1", "7 images", "healthy 2"),
    ),
    "a photo too many": (lambda home: (home / "test/healthy/x.JPG").write_bytes(jpeg(1)), ("4 images", "3 images")),
    "a class folder too many": (lambda home: (home / "test/mildew").mkdir(), ("'mildew' is not a class",)),
    "a class folder missing": (
        lambda home: (home / "test/healthy").rename(home / "elsewhere"),
        ("'healthy' is missing",),
    ),
    "a split missing": (lambda home: (home / "validation").rename(home / "val"), ("'validation' is missing",)),
    "an empty file": (
        lambda home: (home / "test/healthy/healthy_test.0.jpg").write_bytes(b""),
        ("empty", "healthy_test.0.jpg"),
    ),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_folder_that_is_broken_is_an_error_naming_what(name: str, tmp_path: Path) -> None:
    breakage, expected = BREAKAGES[name]
    breakage(as_folder(tmp_path) / "beans")
    with pytest.raises(DataError) as caught:
        find(tmp_path, tmp_path)
    for part in expected:
        assert part in str(caught.value)


def test_a_parquet_that_is_none_is_an_error_naming_it(tmp_path: Path) -> None:
    file = as_parquet(tmp_path) / "beans/data/test-00000-of-00001.parquet"
    file.write_bytes(b"<html>403</html>")
    with pytest.raises(DataError, match="parquet file cannot be read") as caught:
        find(tmp_path, tmp_path)
    assert str(file) in str(caught.value)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_parquet_with_other_columns_is_an_error(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = as_parquet(tmp_path) / "beans/data/train-00000-of-00001.parquet"
    pq.write_table(pa.table({"text": ["a"]}), file)
    with pytest.raises(DataError, match="lacks the columns image, image_file_path, labels"):
        find(tmp_path, tmp_path)


def test_a_parquet_with_classes_in_another_order_is_an_error(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    file = as_parquet(tmp_path) / "beans/data/train-00000-of-00001.parquet"
    described = {"info": {"features": {"labels": {"names": ["healthy", "bean_rust", "angular_leaf_spot"]}}}}
    pq.write_table(pq.read_table(file).replace_schema_metadata({"huggingface": json.dumps(described)}), file)
    with pytest.raises(DataError, match="the classes are healthy"):
        find(tmp_path, tmp_path)


def test_a_zip_missing_beside_the_others_is_an_error(tmp_path: Path) -> None:
    (as_zips(tmp_path) / "beans" / "test.zip").unlink()
    with pytest.raises(DataError, match="the archive of the split test is missing"):
        find(tmp_path, tmp_path)


def test_a_zip_that_climbs_out_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(as_zips(tmp_path) / "beans" / "test.zip", "a") as archive:
        archive.writestr("../../evil.jpg", b"")
    with pytest.raises(DataError, match="refused"):
        find(tmp_path, tmp_path)
    assert list(tmp_path.rglob("evil.jpg")) == []


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    Beans().sample(PARAMETERS, folder)
    return folder


def test_the_sample_is_found_as_a_sample_in_the_official_layout(sample: Path, tmp_path: Path) -> None:
    located = locate(sample, tmp_path)
    assert located.provenance == "synthetic sample"
    assert located.index.classes == CLASSES
    assert len(located.index.train) == 3 * beans.SAMPLE_COUNTS["train"]
    assert len(set(located.digests["train"])) == len(located.index.train)


def test_the_sample_has_the_same_bytes_at_every_call(sample: Path, tmp_path: Path) -> None:
    from benchsuite_plugins.datasets.bean_leaves import write_leaves

    np.random.seed(3)
    write_leaves(tmp_path, "test", "bean_rust", 4)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (sample / "beans/test/bean_rust" / path.name).read_bytes()


def test_the_samples_classes_differ_in_colour_as_the_diseases_do(sample: Path) -> None:
    def brown(label: str) -> list[float]:
        """The share of each photo's middle that is redder than green."""
        folder = sample / "beans/test" / label
        pixels = [np.asarray(Image.open(path), int)[24:-24, 24:-24] for path in folder.iterdir()]
        return [float((image[..., 0] > image[..., 1] + 10).mean()) for image in pixels]

    assert max(brown("healthy")) < min(np.median(brown("bean_rust")), np.median(brown("angular_leaf_spot")))


def test_the_samples_manifest_does_not_excuse_missing_photos(sample: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(sample, copy)
    next((copy / "beans/train/healthy").iterdir()).unlink()
    with pytest.raises(DataError, match="has 143 images"):
        find(copy, tmp_path)


def test_planning_with_beans_needs_no_torch() -> None:
    import subprocess

    code = "import benchsuite_plugins.datasets.beans as b, sys; b.Beans().card(b.BeansParameters())\n"
    code += "assert not {'torch', 'pyarrow', 'PIL', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_card_states_the_official_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    card = Beans().card(PARAMETERS)
    assert dict(card.splits) == {"train": 1034, "validation": 133, "test": 128}
    assert set(card.class_titles) == set(card.classes) == set(CLASSES)
    assert all(len(source.sha256 or "") == 64 for source in card.sources)
