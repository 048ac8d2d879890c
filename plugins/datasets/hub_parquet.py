"""Parquet files as the Hugging Face Hub has them: which there are for each split, and their photos as files.

A row has an image, a struct of `bytes` and `path`, and a label: the number of a class whose names stand in the file's
metadata or in the card (`ClassLabel`), or the name of the class. A label of -1 means that nobody tells: rows like these
are left out, and with them splits that have no others.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from benchsuite.api import DataError, SetupError, file_sha256, unchanging

from .hub_card import HubCard
from .manifest import write_manifest

LAYOUT = "README.md and {train,validation,test}-*.parquet, here or in data/, each with an image and a label column"
SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "val": "validation",
          "dev": "validation", "test": "test"}  # fmt: skip
_NAMED = re.compile(
    r"(?:^|[/_.-])(train|validation|valid|val|dev|test)(?:[-_.]\d+-of-\d+|[-_.]\d+)?(?:-[0-9a-f]+)?\.parquet$"
)
_BATCH = 64
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


@dataclass(frozen=True)
class Columns:
    """The columns that a suite names; None where there is one of its kind."""

    image: str | None
    label: str | None


def split_files(names: Sequence[str], card: HubCard, config: str | None) -> dict[str, list[str]]:
    """The Parquet files of each split, by what the card says of a configuration, else by their names.

    Raises DataError where there are none for training.
    """
    parquet = sorted(name for name in names if name.endswith(".parquet"))
    if card.files and (config is not None or len(card.files) > 1 or "default" in card.files):
        chosen = config or ("default" if "default" in card.files else "")
        if chosen not in card.files:
            raise layout_error(
                f"it has several configurations: {', '.join(sorted(card.files))}"
                if config is None
                else f"it has no configuration {config!r}",
                f"one of {', '.join(sorted(card.files))}",
                "name one of them with dataset.config",
            )
        patterns = card.files[chosen]
        found = {
            SPLITS.get(split, split): [name for name in parquet if any(fnmatch(name, one) for one in several)]
            for split, several in patterns.items()
        }
    else:
        found = {}
        below = [name for name in parquet if config is None or PurePosixPath(name).parts[0] == config]
        for name in below:
            if named := _NAMED.search(name):
                found.setdefault(SPLITS[named[1]], []).append(name)
        if len({str(PurePosixPath(name).parent) for files in found.values() for name in files}) > 1:
            folders = sorted({PurePosixPath(name).parts[0] for files in found.values() for name in files})
            raise layout_error(
                f"its Parquet files lie in several folders: {', '.join(folders)}",
                "the files of one configuration",
                "name its folder with dataset.config",
            )
    found = {split: files for split, files in found.items() if files and split in SPLITS.values()}
    if "train" not in found:
        others = ", ".join(parquet[:3]) or ", ".join(sorted(names)[:3]) or "nothing"
        raise layout_error(
            f"there are no Parquet files of a training split; there is {others}",
            LAYOUT,
            "choose a data set that the hub shows as Parquet, or convert it: "
            "datasets.load_dataset(...).push_to_hub(...) writes this layout",
        )
    return found


def layout_error(what: str, expected: str, remedy: str, where: str | None = None) -> DataError:
    return DataError(f"the data set has another layout: {what}", where=where, expected=expected, remedy=remedy)


def unpack_rows(
    root: Path,
    files: Mapping[str, Sequence[str]],
    card: HubCard,
    columns: Columns,
    target: Path,
    facts: Mapping[str, Any],
) -> None:
    """Write the images of all rows below `target`, a file each, and a manifest with classes, names and labels; whole or
    not at all. Raises DataError, naming the file and the row, and SetupError without pyarrow."""
    making = target.with_name(f".{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        classes: list[str] | None = None
        splits: dict[str, Any] = {}
        digests = {}
        for split in ("train", "validation", "test"):
            rows: list[tuple[str, Any]] = []
            for number, name in enumerate(files.get(split, ())):
                file = root / name
                with unchanging(file):
                    table = _Table(file, card, columns)
                    classes = _agreed(classes, table.classes, file)
                    rows += table.write(making / split, f"{number:03d}-")
                    digests[name] = file_sha256(file)
            if rows:
                splits[split] = rows
        if "train" not in splits:
            raise layout_error("no image for training has a label", "rows with labels", "choose another", str(root))
        classes = classes or sorted({str(label) for _, label in splits["train"]}, key=_natural)
        number_of = {name: number for number, name in enumerate(classes)}
        told = {
            split: {
                "names": [f"{split}/{name}" for name, _ in rows],
                "labels": [label if isinstance(label, int) else _number(label, number_of, split) for _, label in rows],
            }
            for split, rows in splits.items()
        }
        write_manifest(making, "huggingface", {**facts, "classes": classes, "splits": told, "files": digests})
        making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)


class _Table:
    """One Parquet file: its columns, its classes, its rows."""

    def __init__(self, file: Path, card: HubCard, columns: Columns) -> None:
        if find_spec("pyarrow") is None:
            raise SetupError(
                "the data are Parquet files, and pyarrow, which reads them, is not installed",
                where=str(file),
                expected="the extra huggingface of benchsuite",
                remedy="pip install 'benchsuite[huggingface]'",
            )
        import pyarrow.parquet as pq
        from pyarrow.lib import ArrowException

        self.file = file
        try:
            with pq.ParquetFile(file) as table:
                schema = table.schema_arrow
        except (ArrowException, OSError) as error:
            raise _unreadable(file, error) from error
        features = _features(schema.metadata or {})
        self.image = self._column(schema, columns.image, "image", _holds_images)
        names = {**card.classes, **features}
        wanted = columns.label
        if wanted is None:
            labelled = [name for name in schema.names if name in names]
            wanted = labelled[0] if len(labelled) == 1 else None
        self.label = self._column(schema, wanted, "label", _holds_labels)
        self.classes = names.get(self.label)

    def write(self, folder: Path, prefix: str) -> Iterator[tuple[str, Any]]:
        """Write the images of the rows that have a label; gives the names of their files, and the labels."""
        import pyarrow.parquet as pq
        from pyarrow.lib import ArrowException

        folder.mkdir(parents=True, exist_ok=True)
        row = 0
        try:
            with pq.ParquetFile(self.file) as table:
                for batch in table.iter_batches(batch_size=_BATCH, columns=[self.image, self.label]):
                    for record in batch.to_pylist():
                        label, image = record[self.label], record[self.image]
                        if label is not None and label != -1:
                            name = f"{prefix}{row:07d}{_suffix(image)}"
                            (folder / name).write_bytes(self._content(image, row))
                            yield name, self._checked(label, row)
                        row += 1
        except (ArrowException, OSError) as error:
            raise _unreadable(self.file, error) from error

    def _content(self, image: Any, row: int) -> bytes:
        content = image.get("bytes") if isinstance(image, dict) else None
        if not isinstance(content, bytes) or not content:
            path = image.get("path") if isinstance(image, dict) else None
            raise layout_error(
                f"row {row} holds no image" + (f", only the path {path}" if path else ""),
                "the bytes of every image in the Parquet file",
                "write it with embedded images (push_to_hub does)",
                str(self.file),
            )
        return content

    def _checked(self, label: Any, row: int) -> Any:
        if isinstance(label, int) and self.classes is not None and not 0 <= label < len(self.classes):
            raise layout_error(
                f"row {row} has the label {label}", f"0 to {len(self.classes) - 1}", "mend the file", str(self.file)
            )
        return label if self.classes is not None else str(label)

    def _column(self, schema: Any, wanted: str | None, usual: str, fits: Any) -> str:
        if wanted is not None:
            found = [wanted] if wanted in schema.names else []
        else:
            found = [name for name in schema.names if fits(schema.field(name).type)]
            preferred = [
                name for name in found if name in (usual, f"{usual}s", "img" if usual == "image" else "fine_label")
            ]
            found = preferred if len(preferred) == 1 else found
        if len(found) == 1:
            return str(found[0])
        raise layout_error(
            f"it has {'no' if not found else 'more than one'} {usual} column"
            + (f": {', '.join(found)}" if found else f" among {', '.join(schema.names)}"),
            f"one column of {'images' if usual == 'image' else 'classes'}",
            f"name it with dataset.{usual}_column, or choose a data set of image classification",
            str(self.file),
        )


def _features(metadata: Mapping[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """The classes of each column that the file itself tells."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {
            name: tuple(map(str, told["names"]))
            for name, told in features.items()
            if isinstance(told, dict) and told.get("_type") == "ClassLabel" and told.get("names")
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _holds_images(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_struct(kind)) and kind.get_field_index("bytes") >= 0


def _holds_labels(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind))


def _agreed(known: list[str] | None, told: tuple[str, ...] | None, file: Path) -> list[str] | None:
    if told is None or known is None:
        return list(told) if told is not None else known
    if list(told) != known:
        raise layout_error("its files name other classes", ", ".join(known[:10]), "mend the files", str(file))
    return known


def _number(label: str, number_of: Mapping[str, int], split: str) -> int:
    if label not in number_of:
        raise layout_error(
            f"the class {label!r} of the split {split!r} is not in train", "the same classes", "mend the files"
        )
    return number_of[label]


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (-1, name)


def _suffix(image: Any) -> str:
    path = image.get("path") if isinstance(image, dict) else None
    found = _SUFFIX.search(str(path or ""))
    return found[0].lower() if found else ".img"


def _unreadable(file: Path, error: Exception) -> DataError:
    return DataError(
        f"the Parquet file cannot be read: {' '.join(str(error).split()):.300}",
        where=str(file),
        expected="a whole Parquet file, as the Hugging Face Hub has it",
        remedy="fetch it again and compare its size and checksum",
    )
