"""Image classification from the Hugging Face Hub: any repository in the hub's Parquet layout, pinned to a commit.

`huggingface` downloads it, through huggingface_hub alone: the library `datasets` would bring an own cache, code of
repositories and thirty packages, for what pyarrow reads. `parquet_folder` takes such a folder that is here. Splits are
the repository's; those that it lacks are set aside from training, seeded and stratified by class. Licence and citation
come from its card.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

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
    Preprocessing,
    file_stamp,
)

from .hub_card import README, read_card
from .hub_parquet import LAYOUT, Columns, layout_error, split_files, unpack_rows
from .image_folder import SAMPLE_CLASSES, drawing
from .manifest import MANIFEST, read_manifest, write_manifest
from .photos import DividedPhotos

HUB = "https://huggingface.co/datasets"
_SAMPLE = "parquet_sample"
SAMPLE_IMAGES = {"train": 24, "validation": 8, "test": 8}
"""Images of each class in the synthetic sample."""
_NO_LICENCE = ("sus autores no declaran ninguna", "its authors state none")

Column = Annotated[str, Field(min_length=1, max_length=100)]


class ParquetParameters(DividedPhotos):
    """What both data sets have in common."""

    config: Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=100)] | None = None
    """The configuration, where there are several (null: the only one, or `default`)."""

    image_column: Column | None = None
    """The column of the images (null: the only one)."""

    label_column: Column | None = None
    """The column of the classes (null: the only one)."""


class HuggingFaceParameters(ParquetParameters):
    """Which repository, at which commit."""

    repo: Annotated[str, Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$", max_length=200)]
    """The repository of the data set on the hub, as `owner/name`."""

    revision: Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
    """The commit, as 40 hexadecimal digits: a branch such as `main` would move. The page of the repository lists them
    under «commits»."""


class ParquetFolderParameters(ParquetParameters):
    """Which folder."""

    folder: Path
    """The folder with README.md and the Parquet files: an absolute path, or one relative to the data folder (--data or
    BENCHSUITE_DATA) or, where none is named, to the current folder."""


class _Parquet(Dataset[Any]):
    """What both data sets do alike once the files are there."""

    def preprocessing(self, params: ParquetParameters) -> Preprocessing:
        return params.preprocessing()

    def describe(self, params: ParquetParameters, folder: Path) -> DatasetCard:
        card, told = self.card(params), read_manifest(folder, _broken)
        licence = str(told.get("licence") or "")
        english = replace(card.translations["en"], licence=licence or _NO_LICENCE[1])
        return replace(
            card,
            title=str(told.get("title") or card.title),
            licence=licence or _NO_LICENCE[0],
            bibtex=str(told.get("bibtex") or card.bibtex),
            classes=tuple(told.get("classes", ())),
            translations={"en": english},
        )

    def sample(self, params: ParquetParameters, folder: Path) -> None:
        _write_sample(folder / _SAMPLE)

    def index(self, params: ParquetParameters, folder: Path) -> DatasetIndex:
        told = read_manifest(folder, _broken)
        rows = {split: list(zip(part["names"], part["labels"], strict=True)) for split, part in told["splits"].items()}
        return params.index(folder, told["classes"], rows)

    def smoke(self, params: ParquetParameters) -> Mapping[str, Any]:
        return {"image_size": min(params.image_size, 48)}


class HuggingFace(_Parquet):
    """A data set of the Hugging Face Hub."""

    name: ClassVar[str] = "huggingface"
    Parameters: ClassVar[type[Parameters]] = HuggingFaceParameters

    def card(self, params: HuggingFaceParameters) -> DatasetCard:
        address = f"{HUB}/{params.repo}/tree/{params.revision}"
        owner, name = params.repo.split("/")
        commit = params.revision[:12]
        return DatasetCard(
            title=name,
            summary=(
                f"El conjunto {name} se distribuye en el Hugging Face Hub ({params.repo}, revisión {commit}) y se usa"
                " tal como está en esa revisión."
            ),
            licence="",
            bibtex=(
                f"@misc{{{''.join(filter(str.isalnum, params.repo)).lower()},\n  author = {{{{{owner}}}}},\n"
                f"  title = {{{{{name}}}}},\n  howpublished = {{Hugging Face Hub}},\n  url = {{{address}}}\n}}"
            ),
            homepage=f"{HUB}/{params.repo}",
            sources=(),
            classes=(),
            splits={},
            layout=f"{_folder(params)}/ with {LAYOUT}",
            translations={
                "en": CardTranslation(
                    summary=(
                        f"The data set {name} is distributed on the Hugging Face Hub ({params.repo}, revision {commit})"
                        " and used as it is in that revision."
                    )
                )
            },
        )

    def find(self, params: HuggingFaceParameters, root: Path, scratch: Path) -> Found | None:
        if (root / _SAMPLE).is_dir():
            return _found(params, root / _SAMPLE, scratch, "synthetic sample", "drawn by this plugin")
        for home in (root / _folder(params), root / params.repo, root / params.repo.split("/")[1]):
            if home.is_dir() and any(home.rglob("*.parquet")):
                told = read_manifest(home, _broken).get("hub", {})
                official = told.get("revision") == params.revision and _as_published(home, told.get("sha256", {}))
                return _found(
                    params,
                    home,
                    scratch,
                    "official" if official else "unofficial copy",
                    f"the SHA-256 of every file is the one that the hub tells of the commit {params.revision}"
                    if official
                    else "no checksum of the hub is here to compare with",
                )
        return None

    def folder_name(self, params: HuggingFaceParameters) -> str:
        return f"huggingface--{_folder(params)}--{params.revision[:12]}"

    def download(self, params: HuggingFaceParameters, folder: Path, downloader: Downloader) -> None:
        home = folder / _folder(params)
        published = {source.filename: source for source in downloader.huggingface_files(params.repo, params.revision)}

        def fetch(name: str) -> None:
            file = downloader.huggingface(params.repo, name, params.revision, published[name].sha256)
            target = home / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            try:
                target.hardlink_to(file.resolve())
            except OSError:  # another disk
                target.write_bytes(file.read_bytes())

        home.mkdir(parents=True, exist_ok=True)
        if README in published:
            fetch(README)
        files = split_files(list(published), read_card(home), params.config)
        for name in (name for names in files.values() for name in names):
            fetch(name)
        digests = {
            name: source.sha256 for name, source in published.items() if (home / name).is_file() and source.sha256
        }
        write_manifest(home, "huggingface", {"hub": {"revision": params.revision, "sha256": digests}})


class ParquetFolder(_Parquet):
    """A folder of one's own in the layout of the Hugging Face Hub."""

    name: ClassVar[str] = "parquet_folder"
    Parameters: ClassVar[type[Parameters]] = ParquetFolderParameters
    origin = "own"

    def card(self, params: ParquetFolderParameters) -> DatasetCard:
        return DatasetCard(
            title=params.folder.name or str(params.folder),
            summary="El conjunto de datos es una colección propia de imágenes, guardada en ficheros Parquet.",
            licence="",
            bibtex="",
            homepage="",
            sources=(),
            classes=(),
            splits={},
            layout=LAYOUT,
            translations={
                "en": CardTranslation(
                    summary="The data set is the authors’ own collection of images, kept in Parquet files."
                )
            },
        )

    def find(self, params: ParquetFolderParameters, root: Path, scratch: Path) -> Found | None:
        if (root / _SAMPLE).is_dir():
            return _found(params, root / _SAMPLE, scratch, "synthetic sample", "drawn by this plugin")
        home = root / params.folder.expanduser()
        if not home.is_dir():
            raise DataError(
                "the folder of Parquet files does not exist",
                where=str(home),
                expected=LAYOUT,
                remedy="correct the parameter `folder`: an absolute path, or one relative to the folder of --data or"
                " BENCHSUITE_DATA (without them, to the current folder)",
            )
        return _found(params, home, scratch, "own data", "the user's own folder, which no checksum vouches for")


def _folder(params: HuggingFaceParameters) -> str:
    """What the folder of a repository is called: `owner--name`."""
    return params.repo.replace("/", "--")


def _as_published(home: Path, digests: Mapping[str, str]) -> bool:
    """Whether every Parquet file has the digest that the hub told when it was downloaded."""
    from benchsuite.api import file_sha256

    files = {path.relative_to(home).as_posix() for path in home.rglob("*.parquet")}
    return bool(files) and all(name in digests and file_sha256(home / name) == digests[name] for name in files)


def _found(params: ParquetParameters, home: Path, scratch: Path, provenance: Any, evidence: str) -> Found:
    """The rows of a folder as files below `scratch`, unpacked once for each state of the folder."""
    card = read_card(home)
    names = [path.relative_to(home).as_posix() for path in home.rglob("*.parquet")]
    try:
        files = split_files(names, card, params.config)
    except DataError as error:
        raise layout_error(
            error.what.partition(": ")[2], error.expected or LAYOUT, error.remedy or "", str(home)
        ) from None
    columns = Columns(params.image_column, params.label_column)
    used = [home / name for several in files.values() for name in several]
    told = [path for path in (home / README,) if path.is_file()]
    stamps = [[str(path), *file_stamp(path)] for path in (*used, *told)]
    identity = json.dumps([stamps, files, columns.image, columns.label], sort_keys=True)
    target = scratch / f"huggingface-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    if not target.is_dir():
        facts = {"title": card.title, "licence": card.licence, "bibtex": card.bibtex}
        unpack_rows(home, files, card, columns, target, facts)
    manifest = read_manifest(target, _broken)
    images = sum(len(part["labels"]) for part in manifest["splits"].values())
    evidence += f"; {images} images in {len(manifest['classes'])} classes"
    evidence += "" if card.licence else "; its card states no licence"
    return Found(target, provenance, evidence)


def _write_sample(home: Path) -> None:
    """Three classes of drawings as the hub would have them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {"image": {"_type": "Image"}, "label": {"names": list(SAMPLE_CLASSES), "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image", kind), ("label", pa.int64())], metadata=metadata)
    (home / "data").mkdir(parents=True)
    first = 0
    for split, count in SAMPLE_IMAGES.items():
        images, labels = [], []
        for number in range(first, first + count):
            for label in range(len(SAMPLE_CLASSES)):
                content = io.BytesIO()
                drawing(label, number).save(content, format="PNG")
                images.append({"bytes": content.getvalue(), "path": f"{SAMPLE_CLASSES[label]}_{number:03d}.png"})
                labels.append(label)
        first += count
        table = pa.table({"image": pa.array(images, kind), "label": pa.array(labels, pa.int64())}, schema=schema)
        pq.write_table(table, home / "data" / f"{split}-00000-of-00001.parquet")
    (home / README).write_text("---\nlicense: cc0-1.0\npretty_name: Drawn shapes\n---\n", encoding="utf-8")


def _broken(what: str, where: Path, expected: str) -> DataError:
    return DataError(
        what, where=str(where), expected=expected, remedy=f"remove the folder of {MANIFEST}, and it is made anew"
    )
