"""CIFAR-10: 60,000 colour photos of 32 x 32 pixels in ten classes (Krizhevsky, 2009).

Accepts the folder of Python batches or their archive. The 50,000 official training images are divided into training
and validation; the official test batch stays the test split. Studies seldom say how they divide: here the division is
stratified, so that both parts hold the classes equally.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from benchsuite.api import (
    Augmentations,
    CardTranslation,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Downloader,
    Found,
    Parameters,
    Preprocessing,
    Source,
    Split,
    declared,
    file_stamp,
    unpack,
)

from .cifar_batches import BATCHES, CLASSES, ROWS, SIDE, TRAINING, CifarImages, broken, read_batch, read_pickle
from .stratified import shares, shuffled_by_class

ARCHIVE = Source(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    170498071,
)
FOLDER = "cifar-10-batches-py"
METADATA = "batches.meta"
MD5: Mapping[str, str] = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    METADATA: "5ff9c542aee3614f3951f8cda6e48888",
}
"""Published checksums of the single files; the archive has a SHA-256 too."""

SAMPLE_ROWS = {**dict.fromkeys(TRAINING, 120), "test_batch": 200}
"""Images in each batch of the synthetic sample."""
SAMPLE_MARK = "synthetic sample"
"""What the sample's metadata say of themselves, under the key `provenance`."""


class Cifar10Parameters(Parameters):
    """Parameters of the CIFAR-10 data set."""

    split_seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Seed of the division into training and validation, and of the choice of `train_images`."""

    validation: float = Field(default=0.2, gt=0, lt=1)
    """Part of the 50,000 official training images, of each class alike, that is set aside for validation."""

    train_images: int | None = Field(default=None, ge=len(CLASSES), le=50_000)
    """Train on only so many images, of each class alike (null: on all). A larger choice contains the smaller ones;
    the validation split is the same for all."""

    augmentation: Augmentations = ()
    """Random changes of training images, in order: names, or mappings such as `{name: pad_crop, padding: 8}`."""


class Cifar10(Dataset[Cifar10Parameters]):
    """Small photos in ten classes."""

    name: ClassVar[str] = "cifar10"
    Parameters: ClassVar[type[Parameters]] = Cifar10Parameters

    def card(self, params: Cifar10Parameters) -> DatasetCard:
        return DatasetCard(
            title="CIFAR-10",
            summary=(
                "CIFAR-10 reúne 60\u00a0000 fotografías en color de 32\u00a0×\u00a032 píxeles, 6000 de cada una de diez"
                " clases de animales y vehículos. Procede de la colección Tiny Images y se distribuye dividido en"
                " 50\u00a0000 imágenes de entrenamiento y 10\u00a0000 de test."
            ),
            validation=(
                "La validación se separa aquí de las de entrenamiento, con una partición aleatoria y estratificada."
            ),
            licence="sus autores no declaran ninguna",
            bibtex=(
                "@techreport{krizhevsky2009,\n"
                "  author = {Krizhevsky, Alex},\n"
                "  title = {Learning Multiple Layers of Features from Tiny Images},\n"
                "  institution = {University of Toronto},\n"
                "  year = {2009},\n"
                "  url = {https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf}\n"
                "}"
            ),
            homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
            sources=(ARCHIVE,),
            classes=CLASSES,
            splits=_official_counts(params),
            class_titles={
                "airplane": "avión",
                "automobile": "automóvil",
                "bird": "pájaro",
                "cat": "gato",
                "deer": "ciervo",
                "dog": "perro",
                "frog": "rana",
                "horse": "caballo",
                "ship": "barco",
                "truck": "camión",
            },
            translations={
                "en": CardTranslation(
                    summary=(
                        "CIFAR-10 has 60\u00a0000 colour photographs of 32\u00a0×\u00a032 pixels, 6000 of each of ten"
                        " classes of animals and vehicles. It comes from the Tiny Images collection and is distributed"
                        " in 50\u00a0000 training and 10\u00a0000 test images."
                    ),
                    validation=(
                        "The validation split is taken here from the training images, at random and stratified by"
                        " class."
                    ),
                    licence="its authors state none",
                    class_titles={name: name for name in CLASSES},
                )
            },
            layout=f"{FOLDER}/{{data_batch_1..5,test_batch,{METADATA}}}; or {ARCHIVE.filename}",
        )

    def preprocessing(self, params: Cifar10Parameters) -> Preprocessing:
        return Preprocessing(
            size=(SIDE, SIDE),
            mean=(0.4914, 0.4822, 0.4465),
            std=(0.2470, 0.2435, 0.2616),
            augmentations=declared(params.augmentation),
        )

    def find(self, params: Cifar10Parameters, root: Path, scratch: Path) -> Found | None:
        for home in (root / FOLDER, root):
            if any((home / name).is_file() for name in BATCHES):
                return _found(home)
        archive = root / ARCHIVE.filename
        return _found(_unpacked(archive, scratch)) if archive.is_file() else None

    def download(self, params: Cifar10Parameters, folder: Path, downloader: Downloader) -> None:
        archive = downloader.file(ARCHIVE, folder / ARCHIVE.filename)
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        _batches_of(archive, folder / "unpacked").rename(folder / FOLDER)
        shutil.rmtree(folder / "unpacked", ignore_errors=True)
        archive.unlink()

    def sample(self, params: Cifar10Parameters, folder: Path) -> None:
        from .cifar_drawings import write_batches

        write_batches(folder / FOLDER, SAMPLE_ROWS, {"provenance": SAMPLE_MARK})

    def index(self, params: Cifar10Parameters, folder: Path) -> DatasetIndex:
        batches = [read_batch(folder / name).labels for name in BATCHES]
        labels = [label for batch in batches[:-1] for label in batch]
        numbers = [number * ROWS + row for number, batch in enumerate(batches[:-1]) for row in range(len(batch))]
        quotas = shares(params.train_images, len(CLASSES))
        train, validation = [], []
        for order, quota in zip(shuffled_by_class(labels, len(CLASSES), params.split_seed), quotas, strict=True):
            aside = round(params.validation * len(order))
            validation += order[:aside]
            train += order[aside:][:quota]

        def split(chosen: list[int]) -> Split:
            chosen = sorted(chosen)
            images = CifarImages(folder, tuple(numbers[i] for i in chosen))
            return Split(images, tuple(labels[i] for i in chosen))

        test = range(len(TRAINING) * ROWS, len(TRAINING) * ROWS + len(batches[-1]))
        return DatasetIndex(
            CLASSES,
            train=split(train),
            validation=split(validation),
            test=Split(CifarImages(folder, tuple(test)), batches[-1]),
            redivisible=True,
        )


def _official_counts(params: Cifar10Parameters) -> Mapping[str, int]:
    validation = len(CLASSES) * round(params.validation * len(TRAINING) * ROWS / len(CLASSES))
    train = len(TRAINING) * ROWS - validation
    return {"train": min(train, params.train_images or train), "validation": validation, "test": ROWS}


def _found(home: Path) -> Found:
    for name in (*BATCHES, METADATA):
        if not (home / name).is_file():
            raise broken(home / name, f"the file {name} is missing", f"the files {', '.join(MD5)}")
    other = [name for name, published in MD5.items() if _md5(home / name) != published]
    if not other:
        return Found(home, "official", "all seven files have the published MD5 checksums")
    metadata = read_pickle(home / METADATA)
    titles = metadata.get("label_names")
    if not isinstance(titles, list) or [_plain(title) for title in titles] != list(CLASSES):
        raise broken(
            home / METADATA, "the class names are not those of CIFAR-10", f"{', '.join(CLASSES)}, in this order"
        )
    sample = _plain(metadata.get("provenance")) == SAMPLE_MARK
    for name in BATCHES:
        rows, expected = len(read_batch(home / name).labels), SAMPLE_ROWS[name] if sample else ROWS
        if rows != expected:
            raise broken(home / name, f"the batch has {rows} images", f"{expected} images")
    if sample:
        return Found(home, "synthetic sample", "generated by this plugin")
    return Found(
        home,
        "unofficial copy",
        f"batches, shapes, counts and class names are the official ones; the MD5 checksums of {', '.join(other)} are"
        " not the published ones",
    )


def _plain(value: object) -> object:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _md5(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise broken(file, f"the file cannot be read: {error.strerror}", "a file that this user may read") from error


def _unpacked(archive: Path, scratch: Path) -> Path:
    """The folder of batches in an archive, unpacked below `scratch` once for each state of the archive."""
    stamp = hashlib.sha256(os.fsencode(f"{archive}:{file_stamp(archive)}")).hexdigest()[:16]
    return _batches_of(archive, scratch / f"cifar10-{stamp}")


def _batches_of(archive: Path, target: Path) -> Path:
    """Unpack `archive` as `target` unless that was done, and return the folder of batches in it."""
    if not target.is_dir():
        unpack(archive, target)
    for home in (target / FOLDER, target):
        if any((home / name).is_file() for name in BATCHES):
            return home
    raise broken(archive, "the archive holds no batches", f"the folder {FOLDER}")
