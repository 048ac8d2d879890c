"""The dataset contract: where the images are, what they are, and how they are prepared.

Data flows from `find`, `download` or `sample` (which leave files in the official layout in a folder) to `index`,
which says which image belongs to which split and class. No method imports torch; pixels are the engine's business.
"""

from __future__ import annotations

import importlib.util
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import Field

from benchsuite.contracts.augmentation import Augmentation
from benchsuite.contracts.parameters import Parameters
from benchsuite.errors import DataError, unreadable

if TYPE_CHECKING:
    from PIL import Image, ImageFile

P = TypeVar("P", bound=Parameters)

Origin = Literal["published", "packaged", "own", "generated"]
Provenance = Literal["official", "unofficial copy", "own data", "synthetic sample"]

CHANGES = "benchsuite changes"
"""Key of `info` of a decoded picture: what was done to show it as people see it."""
_UNREADABLE = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""Formats that PIL only recognises, or hands to another program."""
_END_OF_JPEG = b"\xff\xd9"
"""The marker EOI, which compressed data cannot hold (ITU-T T.81, B.1.1.5)."""
_ORIENTATION = 0x0112
"""EXIF tag: how a camera was held (CIPA DC-008, table 4)."""


@dataclass(frozen=True)
class Source:
    """One official file of a data set: where it lies and how to recognise it."""

    url: str
    """Where it can be had, over HTTPS."""
    filename: str
    """What it is called on disk."""
    sha256: str | None = None
    """Hexadecimal SHA-256 of the whole file; without one it is never called official."""
    bytes: int | None = None
    """Its size, which is checked before it is hashed."""


@dataclass(frozen=True)
class CardTranslation:
    """The words of a card in another language than Spanish; those left out a paper in it goes without."""

    title: str = ""
    """Its name, where it reads otherwise."""
    summary: str = ""
    """The same one or two sentences."""
    validation: str = ""
    """The same sentence on validation."""
    licence: str = ""
    """The licence, where it is told in words."""
    class_titles: Mapping[str, str] = field(default_factory=dict)
    """How a paper calls a class; those left out keep their own name."""


@dataclass(frozen=True)
class DatasetCard:
    """What a data set is, for listings and for the paper."""

    title: str
    """Its name as a paper writes it."""
    summary: str
    """One or two Spanish sentences for the paper."""
    licence: str
    """The licence's name, or what its authors say of use."""
    bibtex: str
    """BibTeX of the work that introduced it; the first entry is the one that is cited."""
    homepage: str
    """Address where people read about it."""
    sources: tuple[Source, ...]
    """The official files; empty when they cannot be downloaded."""
    classes: tuple[str, ...]
    """The classes in the order of their numbers, as folders and metadata call them."""
    splits: Mapping[str, int]
    """The official number of images of `train`, `validation` and `test`."""
    class_titles: Mapping[str, str] = field(default_factory=dict)
    """How the paper calls a class, in Spanish; those left out keep their own name."""
    layout: str = ""
    """What lies where on disk, in one English phrase, for users who bring the files by hand."""
    translations: Mapping[str, CardTranslation] = field(default_factory=dict)
    """Its words in other languages of papers: `{"en": CardTranslation(...)}`."""
    validation: str = ""
    """How it sets images aside for validation, in a Spanish sentence; studies that validate in folds do not say it."""

    def in_language(self, language: str) -> DatasetCard:
        """The card as a paper in this language has it: no word of another, where there is no translation."""
        if language == "es":
            return replace(self, translations={})
        said = self.translations.get(language, CardTranslation())
        return replace(
            self,
            title=said.title or self.title,
            summary=said.summary,
            validation=said.validation,
            licence=said.licence or self.licence,
            class_titles=said.class_titles,
            translations={},
        )


class Images(Protocol):
    """An ordered collection of images that can be opened one at a time, from several threads."""

    def __len__(self) -> int: ...

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each image, unique in the collection, stable across machines (say, its relative path)."""

    def read(self, i: int) -> bytes:
        """All that decides the pixels of image `i`, read anew at each call: its stored bytes, and before them whatever
        else `decode` goes by (the corners of a crop, say). Their SHA-256 is the image's digest, which enters the run
        key. Raises DataError, naming the file, when it cannot be read."""

    def decode(self, i: int, content: bytes) -> Image.Image:
        """The RGB picture in `content`, which `read(i)` gave: it depends on these bytes and on nothing else, so that
        what was hashed is what is used. Raises DataError, naming the file, when it cannot be decoded.

        `picture.info[CHANGES]` may hold a set of words for what was done to show the picture as people see it; how
        many pictures each concerns is told."""


@dataclass(frozen=True)
class PhotoFiles:
    """Images that lie as one file each below `root`; names are paths relative to it, with forward slashes."""

    root: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def path(self, i: int) -> Path:
        """The file of image `i`."""
        return self.root / self.names[i]

    def read(self, i: int) -> bytes:
        try:
            return self.path(i).read_bytes()
        except OSError as error:
            raise unreadable(error, self.path(i)) from error

    def decode(self, i: int, content: bytes) -> Image.Image:
        from PIL import UnidentifiedImageError

        try:
            return _decode_photo(content)
        except MemoryError:
            raise
        except Exception as error:  # for what is no picture, or half of one, decoders raise nearly anything
            unknown = isinstance(error, UnidentifiedImageError)
            why = "it is no image file" if unknown else str(error) or type(error).__name__
            raise DataError(
                f"this image cannot be decoded: {why}",
                where=str(self.path(i)),
                expected="a whole image file of 8 bits a channel, such as a JPEG or a PNG",
                remedy="replace the file with an intact copy, or leave such photos out with --skip-broken",
            ) from error


def _decode_photo(content: bytes) -> Image.Image:
    """The first picture of an image file as people see it, in RGB: turned as its EXIF data say, on white where it is
    transparent. Raises what PIL raises."""
    from PIL import Image, ImageFile, ImageOps

    # Libraries that render pages switch this on for the whole process; half a photo must stay an error.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    changes = set()
    with Image.open(io.BytesIO(content), formats=_formats()) as picture:
        if picture.mode.startswith(("I", "F")):
            raise ValueError(f"pixels of more than 8 bits (mode {picture.mode}), which RGB would cut off")
        _check_whole(picture, content)
        # What makes an MPO of a JPEG is a preview, or the other eye's view.
        if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
            changes.add("first of several frames")
        upright: Image.Image = picture
        if _orientation(picture) in range(2, 9):
            upright = ImageOps.exif_transpose(picture)
            changes.add("turned upright")
        if upright.has_transparency_data:
            layered = upright.convert("RGBA")
            if min(layered.getchannel("A").tobytes()) < 255:
                changes.add("transparency on white")
            upright = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
        rgb = upright.convert("RGB")
    rgb.info[CHANGES] = changes
    return rgb


def _check_whole(picture: ImageFile.ImageFile, content: bytes) -> None:
    """Raise what PIL raises, or ValueError, where bytes are damaged for which the decoders give black or grey without
    a word: the end of a file that a disk or a card has filled with zeros, say."""
    from PIL import Image

    if picture.format == "PNG":
        with Image.open(io.BytesIO(content), formats=["PNG"]) as chunks:
            chunks.verify()
    if picture.format == "JPEG" and picture.fp and content.find(_END_OF_JPEG, picture.fp.tell()) < 0:
        raise ValueError("its end is missing")


def _orientation(picture: Image.Image) -> int:
    """How its EXIF data say that the camera was held; 1, upright, where they cannot be read."""
    try:
        return int(str(picture.getexif().get(_ORIENTATION, 1)))
    except Exception:  # their decoders raise nearly anything, too, and the pixels are whole
        return 1


@cache
def photo_suffixes() -> frozenset[str]:
    """How the names of the image files end that `PhotoFiles` decodes here, in lower case, with their dot."""
    from PIL import Image

    formats = set(_formats())
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in formats)


@cache
def _formats() -> list[str]:
    """The formats of images that PIL decodes by itself. HEIC photos are among them where pillow-heif is installed."""
    from PIL import Image

    if importlib.util.find_spec("pillow_heif") is not None:
        importlib.import_module("pillow_heif").register_heif_opener()
    Image.init()
    return sorted(set(Image.OPEN) - _UNREADABLE)


@dataclass(frozen=True)
class Split:
    """One split: N images and their N labels."""

    images: Images
    """The N images."""
    labels: tuple[int, ...]
    """A class number for each, from 0."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class DatasetIndex:
    """Which image belongs to which split and class. The core, not the plugin, decides who may see `test`."""

    classes: tuple[str, ...]
    """The classes in the order of their numbers."""
    train: Split
    """What the weights are fitted to."""
    validation: Split
    """What chooses checkpoints, stops training and ranks trials."""
    test: Split
    """What the core opens once a run, after all choices."""
    redivisible: bool = False
    """Whether `validation` was set aside from the training images here, at random, so that nothing is lost when folds
    divide the two anew; not where the division is official, or the user's own."""


@dataclass(frozen=True)
class Preprocessing:
    """How a decoded photo becomes a model input.

    `size` is (height, width) in pixels. `resize` is `squash` (both sides scaled independently) or `crop` (shorter side
    scaled, centre kept); either with `interpolation` and antialiasing, after a border was cut off, so that
    `crop_fraction` of each side is left. Channels are then scaled to 0..1, `mean` is subtracted and the result divided
    by `std`. `augmentations` change training images of this size, in their order, as uint8, before they are normalised.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: Literal["squash", "crop"] = "squash"
    augmentations: tuple[Augmentation, ...] = ()
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"


@dataclass(frozen=True)
class Found:
    """A data set as found on disk.

    `folder` holds the official layout. `provenance` is `official` only when checksums prove it, and `own data` where
    nothing is published to compare them with; `evidence` is one English sentence saying what was compared.
    `fingerprint`, where the plugin unpacked verified files itself, is the content fingerprint they had then; the core
    calls the data official only as long as it still matches.
    """

    folder: Path
    provenance: Provenance
    evidence: str
    fingerprint: str | None = None


class Downloader(Protocol):
    """What a dataset may use to reach the network; it resumes, verifies and shows progress."""

    def file(self, source: Source, target: Path) -> Path:
        """Download `source` to `target` (a file), verified. Raises DataError when it cannot be had."""

    def huggingface(self, repo: str, filename: str, revision: str, sha256: str | None = None) -> Path:
        """A file of a Hugging Face data set, through huggingface_hub; returns its local path."""

    def huggingface_files(self, repo: str, revision: str) -> tuple[Source, ...]:
        """The files of a Hugging Face data set at a revision, with the digests that the hub tells. Raises DataError
        for a repository or a revision that is not there, and for one that this user may not read."""


class Dataset(ABC, Generic[P]):
    """A data set that suites can name. Subclass it; set `name`, `Parameters` and the methods below."""

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]

    origin: ClassVar[Origin] = "published"
    """Where the data come from. `published` ones are looked for, downloaded, or stood in for by the sample. `packaged`
    ones come with an installed package: where `root` does not hold them, `find` says where they are. `own` are
    the user's files, at a place that the parameters name: nothing stands in for them, so `find` raises DataError when
    they are not there; its `root` is the current folder when the user names no data folder; `sample` may be left out.
    Of `generated` ones there is nothing but the sample. `download` is asked of published data only."""

    @abstractmethod
    def card(self, params: P) -> DatasetCard:
        """What the data set is, with these parameters."""

    @abstractmethod
    def preprocessing(self, params: P) -> Preprocessing:
        """Size, normalisation and augmentation of the model's input."""

    @abstractmethod
    def find(self, params: P, root: Path, scratch: Path) -> Found | None:
        """Look for the data set in or directly below `root`: the official folder layout or official archives.

        Archives are unpacked below `scratch`. Returns None when nothing of it is there; raises DataError when it is
        there but broken (wrong counts, unreadable archive), naming the file.
        """

    def download(self, params: P, folder: Path, downloader: Downloader) -> None:
        """Bring the official files into `folder`, so that `find(params, folder, ...)` finds them."""
        raise DataError(f"the data set {self.name} cannot be downloaded", remedy="name the folder that holds it")

    def folder_name(self, params: P) -> str:
        """What the folder in the cache is called that `download` fills; other downloads need another name."""
        return self.name

    def describe(self, params: P, folder: Path) -> DatasetCard:
        """The card, with what the files in `folder` tell besides, where `find` has found them."""
        return self.card(params)

    def sample(self, params: P, folder: Path) -> None:
        """Write a small synthetic copy in the official layout, the same bytes at every call. Only a data set of the
        user's `own` files may leave it out; it is then tried on these alone."""
        raise DataError(
            f"the data set {self.name} has no synthetic sample",
            where=f"{type(self).__module__}.{type(self).__qualname__}",
            expected="its own files",
            remedy="leave out --policy sample, and name the folder that holds its files with --data; or let the plugin"
            " draw a sample()",
        )

    @abstractmethod
    def index(self, params: P, folder: Path) -> DatasetIndex:
        """List the images and labels of each split. Deterministic; reads names and metadata, decodes nothing."""

    def smoke(self, params: P) -> Mapping[str, Any]:
        """Parameter changes that make a smoke run on the synthetic sample quick, for instance a smaller image."""
        return {}


def draws_sample(dataset: Dataset[Any]) -> bool:
    """Whether a data set has a synthetic sample."""
    return type(dataset).sample is not Dataset.sample
