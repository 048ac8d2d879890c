"""CUB-200-2011: photos of birds of 200 species (Wah, Branson, Welinder, Perona and Belongie, CNS-TR-2011-001, 2011).

Accepts the official folder layout, of which only the photos of the asked classes must be there, or the official
archive. The course report that the study follows calls classes 001 to 020 `x20` and all of them `x200`, shuffles the
photos, trains on int(0.8 N) and shows the accuracy on the rest after every epoch as validation. Here that rest is the
sealed test split. It cannot also serve as validation: an epoch chosen by the photos on which it is then reported looks
better than it is. So a part of the training photos, each class in proportion, is set aside to choose the checkpoint.

The authors of the data set warn that some photos are in ImageNet too: with pretrained weights the test split may hold
photos that the network has seen.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

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
    Source,
    Split,
    content_fingerprint,
    file_sha256,
    file_stamp,
    unchanging,
    unpack,
)

from .cub_metadata import FILES, LABELS, PHOTOS, SPLIT, Photo, broken, check_present, read_photos
from .cub_species import SPECIES
from .manifest import read_manifest, write_manifest
from .photos import PhotoInput, distinct
from .stratified import shuffled_by_class

if TYPE_CHECKING:
    pass

ARCHIVE = Source(
    "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
    "CUB_200_2011.tgz",
    "0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
    1150585339,
)
HOME = "CUB_200_2011"
_TRAINING_SHARE = 0.8
_TRIAL_SIZE = 64
"""Four convolutions of 6 x 6 with padding 1, each pooled by two, leave a pixel only from 61 on."""


def _classes(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(numbers) < 2:
        raise ValueError("at least two classes are needed to tell apart; write 20, 200 or a list of class numbers")
    return tuple(sorted(distinct(numbers)))


class CubParameters(PhotoInput):
    """Parameters of CUB-200-2011."""

    classes: (
        Literal[20, 200] | Annotated[tuple[Annotated[int, Field(ge=1, le=len(SPECIES))], ...], AfterValidator(_classes)]
    ) = 20
    """The first 20 classes, all 200, or a list of class numbers from 1 to 200 (their order makes no difference)."""

    split: Literal["random_80_20", "official"] = "random_80_20"
    """What is training and what is test: int(0.8 N) photos drawn with `split_seed`, or the official list's choice."""

    split_seed: int = Field(default=0, ge=0, lt=2**63)
    """Seed of the random split and of which training photos are set aside for validation."""

    validation: float = Field(default=0.1, gt=0, lt=1)
    """Share of the training photos set aside for validation, each class in proportion."""

    image_size: int = Field(default=256, ge=32, le=1024)
    """Height and width of the model's input in pixels."""


class Cub(Dataset[CubParameters]):
    """Birds of 20, 200 or chosen species."""

    name: ClassVar[str] = "cub"
    Parameters: ClassVar[type[Parameters]] = CubParameters

    def card(self, params: CubParameters) -> DatasetCard:
        chosen = [SPECIES[number - 1] for number in _chosen(params)]
        splits = _official_sizes(params)
        share = f"{100 * params.validation:g}"
        return DatasetCard(
            title="CUB-200-2011",
            summary=_summary(params, sum(splits.values())),
            validation=f"De las de entrenamiento se aparta un {share.replace('.', ',')}\u00a0% para validación.",
            licence="no consta una licencia expresa; las fotografías proceden de Flickr y pertenecen a sus autores",
            bibtex=(
                "@techreport{wah2011,\n"
                "  author = {Wah, Catherine and Branson, Steve and Welinder, Peter and Perona, Pietro and"
                " Belongie, Serge},\n"
                "  title = {The {Caltech-UCSD} {Birds-200-2011} Dataset},\n"
                "  institution = {California Institute of Technology},\n"
                "  number = {CNS-TR-2011-001},\n"
                "  year = {2011}\n"
                "}"
            ),
            homepage="https://www.vision.caltech.edu/datasets/cub_200_2011/",
            sources=(ARCHIVE,),
            classes=tuple(species.name for species in chosen),
            splits=splits,
            class_titles={species.name: species.title for species in chosen},
            translations={
                "en": CardTranslation(
                    summary=_english_summary(params, sum(splits.values())),
                    validation=f"Of the training ones, {share}% are set aside for validation.",
                    licence="none is stated; the photographs come from Flickr and belong to their authors",
                    class_titles={species.name: species.title for species in chosen},
                )
            },
            layout=f"{HOME}/{{{','.join(FILES)}}} and {HOME}/{PHOTOS}/<class>/*.jpg; or {ARCHIVE.filename}",
        )

    def preprocessing(self, params: CubParameters) -> Preprocessing:
        return params.preprocessing()

    def find(self, params: CubParameters, root: Path, scratch: Path) -> Found | None:
        for home in (root / HOME, root / "cub" / HOME, root / "cub", root):
            # In a folder of any other name, only these two files are sure to be of this data set.
            marks = (*FILES, PHOTOS) if home.name == HOME else (LABELS, SPLIT)
            if any((home / name).exists() for name in marks):
                return _folder_layout(params, home)
            if (home / ARCHIVE.filename).is_file():
                return _folder_layout(params, _unpacked(home / ARCHIVE.filename, scratch))
        return None

    def download(self, params: CubParameters, folder: Path, downloader: Downloader) -> None:
        if not (folder / HOME).is_dir():
            archive = downloader.file(ARCHIVE, folder / ARCHIVE.filename)
            _unpack_archive(archive, folder / HOME)
        (folder / ARCHIVE.filename).unlink(missing_ok=True)

    def sample(self, params: CubParameters, folder: Path) -> None:
        from .cub_birds import write_birds

        home, chosen = folder / HOME, _chosen(params)
        count = max(5, min(20, 200 // len(chosen)))
        with ThreadPoolExecutor() as pool:
            drawn = list(pool.map(lambda n: write_birds(home / PHOTOS, n, SPECIES[n - 1].name, count), chosen))
        rows = [(path, n, k % 2) for n, paths in zip(chosen, drawn, strict=True) for k, path in enumerate(paths)]
        columns = zip(*rows, strict=True)
        for name, values in zip(FILES, (*columns, [species.name for species in SPECIES]), strict=True):
            text = "".join(f"{number} {value}\n" for number, value in enumerate(values, 1))
            (home / name).write_text(text, encoding="utf-8", newline="\n")
        write_manifest(home, "cub", {"provenance": "synthetic sample", "counts": [count, count // 2]})

    def index(self, params: CubParameters, folder: Path) -> DatasetIndex:
        return _index(params, folder, _photos(params, folder, read_manifest(folder, broken)))

    def smoke(self, params: CubParameters) -> Mapping[str, Any]:
        return {"image_size": min(params.image_size, _TRIAL_SIZE)}


def _chosen(params: CubParameters) -> Sequence[int]:
    """The class numbers asked for, ascending."""
    return range(1, params.classes + 1) if isinstance(params.classes, int) else params.classes


def _summary(params: CubParameters, images: int) -> str:
    count = len(_chosen(params))
    used = "" if count == len(SPECIES) else f" Se utilizan {count} de ellas, con {images} fotografías."
    division = (
        "Un 80 % de las fotografías, elegidas al azar, se destina a entrenar y el resto a test"
        if params.split == "random_80_20"
        else "Se respeta la división oficial entre entrenamiento y test"
    )
    return (
        "CUB-200-2011 (Caltech-UCSD Birds) reúne 11\u00a0788 fotografías de 200 especies de aves, la mayoría de"
        f" Norteamérica.{used} {division}."
    ).replace(" %", "\u00a0%")


def _english_summary(params: CubParameters, images: int) -> str:
    count = len(_chosen(params))
    used = "" if count == len(SPECIES) else f" Of these, {count} are used, with {images} photographs."
    division = (
        "Of the photographs, 80%, drawn at random, are for training and the rest for testing"
        if params.split == "random_80_20"
        else "The official division into training and test photographs is kept"
    )
    return (
        "CUB-200-2011 (Caltech-UCSD Birds) has 11\u00a0788 photographs of 200 species of birds, most of them North"
        f" American.{used} {division}."
    )


def _official_sizes(params: CubParameters) -> dict[str, int]:
    chosen = [SPECIES[number - 1] for number in _chosen(params)]
    total = sum(species.images for species in chosen)
    official = sum(species.training for species in chosen)
    training = official if params.split == "official" else int(_TRAINING_SHARE * total)
    validation = round(params.validation * training)
    return {"train": training - validation, "validation": validation, "test": total - training}


def _folder_layout(params: CubParameters, home: Path) -> Found:
    manifest = read_manifest(home, broken)
    photos = _photos(params, home, manifest)
    check_present(home, photos)
    if manifest.get("provenance") == "synthetic sample":
        return Found(home, "synthetic sample", "generated by this plugin")
    digests = manifest.get("files")
    if manifest.get("provenance") != "official" or not isinstance(digests, dict):
        evidence = "classes, counts and split are the official ones; single photos have no checksums"
        return Found(home, "unofficial copy", evidence)
    if any(file_sha256(home / name) != digests.get(name) for name in FILES):
        return Found(home, "unofficial copy", "the metadata were changed since they were unpacked from the archive")
    verified = content_fingerprint(_index(params, home, photos), digests)
    return Found(home, "official", "unpacked from the official archive, whose SHA-256 matched", fingerprint=verified)


def _photos(params: CubParameters, home: Path, manifest: Mapping[str, Any]) -> list[Photo]:
    chosen = _chosen(params)
    expected = {number: (SPECIES[number - 1].images, SPECIES[number - 1].training) for number in chosen}
    match manifest.get("counts"):
        case [int(images), int(training)]:
            expected = dict.fromkeys(chosen, (images, training))
    return read_photos(home, chosen, expected)


def _index(params: CubParameters, home: Path, photos: Sequence[Photo]) -> DatasetIndex:
    """The splits, each in the order of images.txt."""
    chosen = _chosen(params)
    label_of = {number: label for label, number in enumerate(chosen)}

    def split(name: str, members: Sequence[int]) -> Split:
        if not members:
            raise DataError(
                f"CUB-200-2011: the split {name!r} would be empty",
                where=f"{len(photos)} photos of {len(chosen)} classes, dataset.validation = {params.validation:g}",
                expected="at least one image in each of train, validation and test",
                remedy="ask for more classes, or set dataset.validation so that both parts keep images",
            )
        files = PhotoFiles(home, tuple(f"{PHOTOS}/{photos[i].path}" for i in members))
        return Split(files, tuple(label_of[photos[i].species] for i in members))

    (order,) = shuffled_by_class([0] * len(photos), 1, params.split_seed)
    if params.split == "official":
        training = [i for i in order if photos[i].training]
        test = [i for i in order if not photos[i].training]
    else:
        training = order[: int(_TRAINING_SHARE * len(order))]
        test = order[len(training) :]
    aside = _set_aside(training, [photos[i].species for i in training], params.validation)
    return DatasetIndex(
        classes=tuple(SPECIES[number - 1].name for number in chosen),
        train=split("train", sorted(set(training) - aside)),
        validation=split("validation", sorted(aside)),
        test=split("test", sorted(test)),
        redivisible=True,
    )


def _set_aside(members: Sequence[int], species: Sequence[int], share: float) -> set[int]:
    """The first round(share * N) of the shuffled `members`, each class in proportion (by largest remainders)."""
    of_class: dict[int, list[int]] = {number: [] for number in sorted(set(species))}
    for member, number in zip(members, species, strict=True):
        of_class[number].append(member)
    quotas = {number: int(share * len(own)) for number, own in of_class.items()}
    due = sorted(of_class, key=lambda number: quotas[number] - share * len(of_class[number]))
    for number in due[: round(share * len(members)) - sum(quotas.values())]:
        quotas[number] += 1
    return {member for number, own in of_class.items() for member in own[: quotas[number]]}


def _unpacked(archive: Path, scratch: Path) -> Path:
    """The data set's folder below `scratch`, unpacked unless this very file already was."""
    stamp = json.dumps([str(archive.resolve()), *file_stamp(archive)])
    target = scratch / f"cub-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"
    if not target.is_dir():
        _unpack_archive(archive, target)
    return target


def _unpack_archive(archive: Path, target: Path) -> None:
    """Make `target` of the archive's folder CUB_200_2011, with a manifest if it is official; whole or not at all."""
    making = target.with_name(f".{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    try:
        with unchanging(archive):
            home = unpack(archive, making) / HOME
            official = file_sha256(archive) == ARCHIVE.sha256
        if not home.is_dir():
            raise broken(f"the archive holds no folder {HOME}", archive, "the official archive")
        if official:
            paths = [home / name for name in FILES] + sorted(home.glob(f"{PHOTOS}/*/*"))
            names = [path.relative_to(home).as_posix() for path in paths]
            with ThreadPoolExecutor() as pool:
                digests = dict(zip(names, pool.map(file_sha256, paths), strict=True))
            write_manifest(home, "cub", {"provenance": "official", "files": digests})
        home.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
