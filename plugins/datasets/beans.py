"""Beans: photos of bean leaves from Uganda, healthy or with one of two diseases (Makerere AI Lab, 2020).

Accepts the folder layout, the three official zip archives, or the parquet files of the Hugging Face data set, and
unpacks the archives' bytes unchanged to the folder layout.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from benchsuite.api import (
    CardTranslation,
    DataError,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Downloader,
    Found,
    Parameters,
    PhotoFiles,
    Preprocessing,
    SetupError,
    Source,
    Split,
    content_fingerprint,
    file_sha256,
    file_stamp,
    unchanging,
    unpack,
)

from .manifest import read_manifest, write_manifest
from .photo_folders import is_litter
from .photos import PhotoInput
from .stratified import shares, shuffled_by_class

CLASSES = ("angular_leaf_spot", "bean_rust", "healthy")
COUNTS: Mapping[str, Mapping[str, int]] = {
    "train": {"angular_leaf_spot": 345, "bean_rust": 348, "healthy": 341},
    "validation": {"angular_leaf_spot": 44, "bean_rust": 45, "healthy": 44},
    "test": {"angular_leaf_spot": 43, "bean_rust": 43, "healthy": 42},
}
SAMPLE_COUNTS = {"train": 48, "validation": 12, "test": 12}
"""Images of each class in the synthetic sample."""

REPOSITORY = "AI-Lab-Makerere/beans"
REVISION = "27aa014ce09b193e1a6f58112d4a66e0eddb69c5"
_HUB = f"https://huggingface.co/datasets/{REPOSITORY}/resolve/{REVISION}"
_BUCKET = "https://storage.googleapis.com/ibeans"

PARQUET = {
    "train": Source(
        f"{_HUB}/data/train-00000-of-00001.parquet",
        "data/train-00000-of-00001.parquet",
        "7f905a7323966a58e89b8e839ed656bb869fc82d16a3fadc7dce40972a5f8b19",
        143773054,
    ),
    "validation": Source(
        f"{_HUB}/data/validation-00000-of-00001.parquet",
        "data/validation-00000-of-00001.parquet",
        "33f774593d8b31585457b70c224744e9409ffdee4e91a11822b1ebfe8242928f",
    ),
    "test": Source(
        f"{_HUB}/data/test-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
        "534a6b0648f585d69b7ec0ad7a7540720d60c8db8106dc6d0508296316f6cb27",
        17706070,
    ),
}
ZIPS = {
    "train": Source(
        f"{_BUCKET}/train.zip",
        "train.zip",
        "284fe8456ce20687f4367ae7ad94a64577e7f9fde2c2c6b1c74340ab5dc82715",
        143812152,
    ),
    "validation": Source(
        f"{_BUCKET}/validation.zip",
        "validation.zip",
        "90b7aa1c26d91d9afff07a30bbc67a5ea34f1f1397f068d8675be09d7d0c602d",
        18504213,
    ),
    "test": Source(
        f"{_BUCKET}/test.zip",
        "test.zip",
        "ca67b15d960d1e2fd9d23fd8498ce86818ead90755c630a43baf19ec4af09312",
        17708541,
    ),
}

_LAYOUT = (
    "beans/{train,validation,test}/{angular_leaf_spot,bean_rust,healthy}/*.jpg; or"
    " beans/{train,validation,test}.zip; or beans/data/{train,validation,test}-00000-of-00001.parquet"
)
_SUFFIXES = (".jpg", ".jpeg", ".png")
_REMEDY = "replace it with an intact copy, or name another folder with --data"


class BeansParameters(PhotoInput):
    """Parameters of the Beans data set."""

    image_size: int = Field(default=224, ge=32, le=1024)
    """Height and width of the model's input in pixels."""

    train_images: int | None = Field(default=None, ge=len(CLASSES), le=sum(COUNTS["train"].values()))
    """Train on only so many images, of each class alike as far as there are (null: on all). A larger choice contains
    the smaller ones."""


class Beans(Dataset[BeansParameters]):
    """Bean leaves in three classes."""

    name: ClassVar[str] = "beans"
    Parameters: ClassVar[type[Parameters]] = BeansParameters

    def card(self, params: BeansParameters) -> DatasetCard:
        return DatasetCard(
            title="Beans",
            summary=(
                "Beans reúne 1295 fotografías de hojas de frijol tomadas con teléfonos móviles en el campo, en"
                " Uganda, y anotadas por expertos del National Crops Resources Research Institute (NaCRRI). Cada"
                " hoja está sana o muestra una de dos enfermedades: mancha angular o roya."
            ),
            licence="MIT",
            bibtex=(
                "@misc{beansdata,\n"
                "  author = {{Makerere AI Lab}},\n"
                "  title = {Bean disease dataset},\n"
                "  month = jan,\n"
                "  year = {2020},\n"
                "  url = {https://github.com/AI-Lab-Makerere/ibean/}\n"
                "}"
            ),
            homepage="https://github.com/AI-Lab-Makerere/ibean/",
            sources=(*PARQUET.values(), *ZIPS.values()),
            classes=CLASSES,
            splits={
                split: sum(counts.values() if split != "train" else _chosen(counts, params.train_images))
                for split, counts in COUNTS.items()
            },
            class_titles={"angular_leaf_spot": "mancha angular", "bean_rust": "roya", "healthy": "sana"},
            layout=_LAYOUT,
            translations={
                "en": CardTranslation(
                    summary=(
                        "Beans has 1295 photographs of bean leaves, taken in the field in Uganda with mobile phones and"
                        " annotated by experts of the National Crops Resources Research Institute (NaCRRI). Each leaf"
                        " is healthy or shows one of two diseases: angular leaf spot or bean rust."
                    ),
                    class_titles={
                        "angular_leaf_spot": "angular leaf spot",
                        "bean_rust": "bean rust",
                        "healthy": "healthy",
                    },
                )
            },
        )

    def preprocessing(self, params: BeansParameters) -> Preprocessing:
        return params.preprocessing()

    def find(self, params: BeansParameters, root: Path, scratch: Path) -> Found | None:
        named = root / "beans"
        if named.is_dir() and (found := _find_in(named, scratch, certain=True)):
            return found
        return _find_in(root, scratch, certain=root.name == "beans")

    def download(self, params: BeansParameters, folder: Path, downloader: Downloader) -> None:
        if find_spec("huggingface_hub") is not None and _can_read_parquet():
            files = {
                split: downloader.huggingface(REPOSITORY, source.filename, REVISION, source.sha256)
                for split, source in PARQUET.items()
            }
            _assemble(files, _unpack_parquet, PARQUET, folder / "beans")
            return
        archives = {split: downloader.file(source, folder / source.filename) for split, source in ZIPS.items()}
        _assemble(archives, _unpack_zip, ZIPS, folder / "beans")
        for archive in archives.values():
            archive.unlink(missing_ok=True)

    def sample(self, params: BeansParameters, folder: Path) -> None:
        from .bean_leaves import write_leaves

        home = folder / "beans"
        with ThreadPoolExecutor() as pool:
            drawn = [
                pool.submit(write_leaves, home / split / label, split, label, count)
                for split, count in SAMPLE_COUNTS.items()
                for label in CLASSES
            ]
        for future in drawn:
            future.result()
        counts = {split: dict.fromkeys(CLASSES, count) for split, count in SAMPLE_COUNTS.items()}
        write_manifest(home, "beans", {"provenance": "synthetic sample", "counts": counts})

    def index(self, params: BeansParameters, folder: Path) -> DatasetIndex:
        return _index(folder, params.train_images)

    def smoke(self, params: BeansParameters) -> Mapping[str, Any]:
        return {"image_size": 48}


def _find_in(home: Path, scratch: Path, *, certain: bool) -> Found | None:
    """Look in `home` alone. Unless it is `certain` to be meant for Beans, folders that only share the splits' names
    are passed over."""
    folders = [home / split for split in COUNTS if (home / split).is_dir()]
    if folders and (certain or any((folder / label).is_dir() for folder in folders for label in CLASSES)):
        return _folder_layout(home)
    for sources, unpacker in ((ZIPS, _unpack_zip), (PARQUET, _unpack_parquet)):
        files = {split: file for split, source in sources.items() if (file := _archive(home, source)) is not None}
        if files and (certain or len(files) == len(sources)):
            return _archived(home, files, unpacker, sources, scratch)
    return None


def _archive(home: Path, source: Source) -> Path | None:
    """The archive `source` in `home`; parquet files may lie in `data/`, and bear a hash after their number."""
    plain = Path(source.filename)
    for folder in (home / "data", home):
        matches = sorted(folder.glob(plain.name if plain.suffix == ".zip" else f"{plain.stem}*{plain.suffix}"))
        if matches:
            return matches[0]
    return None


def _folder_layout(home: Path) -> Found:
    manifest = read_manifest(home, _error)
    _check(home, manifest.get("counts", COUNTS))
    if manifest.get("provenance") == "synthetic sample":
        return Found(home, "synthetic sample", "generated by this plugin")
    if manifest.get("provenance") == "official":
        evidence = "unpacked from official files whose SHA-256 matched"
        return Found(home, "official", evidence, fingerprint=str(manifest.get("fingerprint")))
    return Found(
        home, "unofficial copy", "splits, classes and counts are the official ones; single photos have no checksums"
    )


def _archived(
    home: Path,
    files: Mapping[str, Path],
    unpacker: Callable[[Path, str, Path], None],
    sources: Mapping[str, Source],
    scratch: Path,
) -> Found:
    for split, source in sources.items():
        if split not in files:
            raise _error(f"the archive of the split {split} is missing", home, f"{source.filename} beside the others")
    stamps = [(str(file), *file_stamp(file)) for file in files.values()]
    unpacked = scratch / f"beans-{hashlib.sha256(json.dumps(stamps).encode()).hexdigest()[:16]}"
    if not unpacked.is_dir():
        _assemble(files, unpacker, sources, unpacked)
    return _folder_layout(unpacked)


def _assemble(
    files: Mapping[str, Path],
    unpacker: Callable[[Path, str, Path], None],
    sources: Mapping[str, Source],
    target: Path,
) -> None:
    """Unpack each split's archive and make them the folder `target`, with a manifest, whole or not at all."""
    if target.is_dir():
        return
    making = target.with_name(f".{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        digests = {}
        for split, file in files.items():
            with unchanging(file):
                unpacker(file, split, making)
                digests[file.name] = file_sha256(file)
        _check(making, COUNTS)
        official = all(digests[files[split].name] == source.sha256 for split, source in sources.items())
        if official:
            content = content_fingerprint(_index(making))
            write_manifest(making, "beans", {"provenance": "official", "sha256": digests, "fingerprint": content})
        making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _unpack_zip(file: Path, split: str, target: Path) -> None:
    inner = unpack(file, target / f".{split}")
    (inner / split if (inner / split).is_dir() else inner).rename(target / split)
    shutil.rmtree(inner, ignore_errors=True)


def _can_read_parquet() -> bool:
    return find_spec("pyarrow") is not None


def _unpack_parquet(file: Path, split: str, target: Path) -> None:
    if not _can_read_parquet():
        raise SetupError(
            "Beans: the data are here as parquet files, and pyarrow, which reads them, is not installed",
            where=str(file),
            expected="the extra huggingface of benchsuite",
            remedy="pip install 'benchsuite[huggingface]', or put train.zip, validation.zip and test.zip there",
        )
    import pyarrow.parquet as pq
    from pyarrow.lib import ArrowException

    whole = "a parquet file of the Hugging Face data set AI-Lab-Makerere/beans"
    try:
        with pq.ParquetFile(file) as table:
            _check_columns(file, table.schema_arrow)
            row = 0
            for batch in table.iter_batches(batch_size=64, columns=["image_file_path", "image", "labels"]):
                for record in batch.to_pylist():
                    _write_photo(file, split, row, record, target)
                    row += 1
    except (ArrowException, OSError) as error:
        raise _error(f"the parquet file cannot be read: {error}", file, whole) from error


def _check_columns(file: Path, schema: Any) -> None:
    missing = {"image_file_path", "image", "labels"} - set(schema.names)
    if missing:
        raise _error(
            f"the parquet file lacks the columns {', '.join(sorted(missing))}",
            file,
            "the columns image_file_path, image and labels",
        )
    described = (schema.metadata or {}).get(b"huggingface")
    if described is not None:
        labels = json.loads(described)["info"]["features"]["labels"]
        if tuple(labels.get("names", CLASSES)) != CLASSES:
            raise _error(f"the classes are {', '.join(labels['names'])}", file, f"{', '.join(CLASSES)}, in this order")


def _write_photo(file: Path, split: str, row: int, record: Mapping[str, Any], target: Path) -> None:
    image, label = record["image"] or {}, record["labels"]
    content = image.get("bytes")
    if not content or not isinstance(label, int) or not 0 <= label < len(CLASSES):
        raise _error(f"row {row} has no image or no known label", file, "photo bytes and a label from 0 to 2")
    given = str(record["image_file_path"] or image.get("path") or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = given if given.lower().endswith(_SUFFIXES) else f"{CLASSES[label]}_{split}.{row}.jpg"
    path = target / split / CLASSES[label] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise _error(f"row {row} repeats the photo {name}", file, "each photo once")
    path.write_bytes(content)


def _check(home: Path, expected: Mapping[str, Mapping[str, int]]) -> None:
    """Raise DataError unless the folder has exactly these splits, classes and numbers of whole files."""
    for split, counts in expected.items():
        folder = home / split
        if not folder.is_dir():
            raise _error(f"the split {split!r} is missing", home, f"the folders {', '.join(expected)}")
        present = {path.name for path in folder.iterdir() if path.is_dir() and not is_litter(path.name)}
        for label in sorted(present - set(CLASSES)):
            raise _error(
                f"{label!r} is not a class of Beans", folder / label, f"the class folders {', '.join(CLASSES)} only"
            )
        for label in sorted(set(CLASSES) - present):
            raise _error(f"the class folder {label!r} is missing", folder, f"the folders {', '.join(CLASSES)}")
        found = Counter({label: len(_photos(folder / label)) for label in CLASSES})
        if dict(found) != dict(counts):
            raise _error(f"the split {split!r} has {_described(found)}", folder, f"{_described(counts)}")
        for path in (path for label in CLASSES for path in _photos(folder / label)):
            if path.stat().st_size == 0:
                raise _error("the image file is empty", path, "a JPEG or PNG file")


def _described(counts: Mapping[str, int]) -> str:
    parts = ", ".join(f"{label} {counts[label]}" for label in CLASSES)
    return f"{sum(counts.values())} images ({parts})"


def _photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not is_litter(path.name) and path.suffix.lower() in _SUFFIXES)


def _chosen(counts: Mapping[str, int], images: int | None) -> list[int]:
    """How many training images of each class are trained on."""
    quotas = shares(images, len(CLASSES))
    return [count if quota is None else min(count, quota) for count, quota in zip(counts.values(), quotas, strict=True)]


def _index(home: Path, train_images: int | None = None) -> DatasetIndex:
    def split(name: str, images: int | None = None) -> Split:
        rows = [
            (f"{name}/{label}/{path.name}", number)
            for number, label in enumerate(CLASSES)
            for path in _photos(home / name / label)
        ]
        orders = shuffled_by_class([number for _, number in rows], len(CLASSES), seed=0)
        quotas = shares(images, len(CLASSES))
        kept = sorted(at for order, quota in zip(orders, quotas, strict=True) for at in order[:quota])
        return Split(PhotoFiles(home, tuple(rows[at][0] for at in kept)), tuple(rows[at][1] for at in kept))

    return DatasetIndex(CLASSES, train=split("train", train_images), validation=split("validation"), test=split("test"))


def _error(what: str, where: Path, expected: str) -> DataError:
    return DataError(f"Beans: {what}", where=str(where), expected=expected, remedy=_REMEDY)
