"""The batch files of CIFAR-10: pickles of 10,000 images each, read without trusting them.

Takes a folder in the official layout; gives pixels and labels, and `CifarImages`, which knows where its images lie and
reads them only when asked. A pickle may name any function to be called: here it may name those that the official
files need to describe one array of bytes, and even these are stand-ins of this module, so nothing of what a file says
is carried out.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.api import DataError, file_stamp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAINING = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
BATCHES = (*TRAINING, "test_batch")
ROWS = 10_000
"""Images in each batch."""
SIDE = 32
VALUES = 3 * SIDE * SIDE
"""Bytes of an image: the red plane, then the green, then the blue, each row by row."""

_REMEDY = "replace the file with an intact copy, or name another folder with --data"
_LOADING = threading.Lock()


@dataclass(frozen=True)
class Batch:
    """The images of one file: `pixels` uint8 of shape (N, 3072), `labels` N class numbers."""

    pixels: NDArray[np.uint8]
    labels: tuple[int, ...]


@dataclass(frozen=True)
class CifarImages:
    """Images in the batch files below `root`; number `b * ROWS + r` is row `r` of the batch `BATCHES[b]`.

    Numbers in ascending order are read fastest: one file after the other.
    """

    root: Path
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def __reduce__(self) -> tuple[object, ...]:
        # Names once computed would travel with it.
        return (CifarImages, (self.root, self.numbers))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{BATCHES[number // ROWS]}/{number % ROWS:04d}" for number in self.numbers)

    def read(self, i: int) -> bytes:
        number = self.numbers[i]
        content: bytes = read_batch(self._files[number // ROWS]).pixels[number % ROWS].tobytes()
        return content

    def decode(self, i: int, content: bytes) -> Image.Image:
        from PIL import Image

        plane = SIDE * SIDE
        bands = [Image.frombytes("L", (SIDE, SIDE), content[at : at + plane]) for at in range(0, VALUES, plane)]
        return Image.merge("RGB", bands)

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        return tuple(self.root / name for name in BATCHES)


def read_batch(file: Path) -> Batch:
    """The images and labels of a batch file; the last two files read are kept. Raises DataError naming the file."""
    # Several threads want the same file at the same moment; one reads it.
    with _LOADING:
        return _batch(file, file_stamp(file))


def read_pickle(file: Path) -> Mapping[str, Any]:
    """What a batch or metadata file says, its keys as text. Raises DataError for anything but a mapping of numbers,
    texts, lists and arrays of bytes."""
    whole = "a pickle as the official files are, holding numbers, texts and arrays of bytes"
    try:
        with file.open("rb") as stream:
            content = _Reader(stream, encoding="bytes").load()
    except _Refused as refusal:
        raise broken(file, f"the file is refused: it asks for {refusal}, which no batch needs", whole) from refusal
    except OSError as error:
        raise broken(file, f"the file cannot be read: {error.strerror}", whole) from error
    except Exception as error:  # a broken pickle can raise nearly anything
        raise broken(file, f"the file is cut short or not a pickle: {error or type(error).__name__}", whole) from error
    if not isinstance(content, dict):
        raise broken(file, f"the file holds a {type(content).__name__}", "a mapping")
    return {_text(name): value for name, value in content.items() if isinstance(name, bytes | str)}


def broken(file: Path, what: str, expected: str) -> DataError:
    return DataError(f"CIFAR-10: {what}", where=str(file), expected=expected, remedy=_REMEDY)


@lru_cache(maxsize=2)
def _batch(file: Path, stamp: tuple[int, ...]) -> Batch:
    import numpy as np

    content = read_pickle(file)
    missing = [name for name in ("data", "labels") if name not in content]
    if missing:
        raise broken(file, f"the batch lacks {' and '.join(missing)}", "the keys data and labels")
    data, labels = content["data"], content["labels"]
    if not isinstance(data, _Array) or not isinstance(labels, list):
        raise broken(file, "data or labels have another type", "an array of bytes and a list of class numbers")
    if len(data.shape) != 2 or data.shape[1] != VALUES:
        shape = " x ".join(map(str, data.shape))
        raise broken(file, f"the array has the shape {shape}", f"N x {VALUES}: N images of 3 x {SIDE} x {SIDE} bytes")
    if len(labels) != data.shape[0]:
        raise broken(file, f"there are {data.shape[0]} images and {len(labels)} labels", "a label for each image")
    for row, label in enumerate(labels):
        if type(label) is not int or not 0 <= label < len(CLASSES):
            said = label if type(label) is int and abs(label) < 1_000_000 else "something else"
            raise broken(file, f"the label of row {row} is {said}", f"a number from 0 to {len(CLASSES) - 1}")
    return Batch(np.frombuffer(data.content, np.uint8).reshape(data.shape), tuple(labels))


def _text(value: bytes | str) -> str:
    """Text of Python 2 arrives as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


class _Refused(Exception):
    """The pickle names something that it must not have."""


@dataclass(frozen=True)
class _Type:
    """What a pickle says of an array's element type: its name, then the byte order, which single bytes lack."""

    name: str

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """What a pickle says of an array, checked: `content` holds exactly the bytes of `shape`."""

    shape: tuple[int, ...]
    content: bytes

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, element, fortran, content = state
        if fortran:
            raise ValueError("its array is stored column by column")
        self.fill(content, element, shape)

    def fill(self, content: Any, element: Any, shape: Any) -> None:
        size = 1
        for length in shape:
            if type(length) is not int or length < 0:
                raise ValueError("its array has no proper shape")
            size *= length
        if not isinstance(element, _Type) or element.name != "u1":
            raise ValueError("its array does not hold single bytes")
        if not isinstance(content, bytes | bytearray) or len(content) != size:
            raise ValueError("its array has another size than it says")
        self.shape, self.content = tuple(shape), bytes(content)


def _ndarray() -> None:
    """Stands for numpy's class, which a pickle only hands on."""


def _dtype(name: bytes | str, *_: object) -> _Type:
    return _Type(_text(name))


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _from_buffer(content: object, element: object, shape: object, order: object) -> _Array:
    if order != "C":
        raise ValueError("its array is stored column by column")
    array = _Array()
    array.fill(content, element, shape)
    return array


def _encode(content: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError("its bytes are in an unknown encoding")
    return content.encode("latin-1")


_MEANT: Mapping[tuple[str, str], Callable[..., object]] = {
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _dtype,
    ("numpy", "ndarray"): _ndarray,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
}


class _Reader(pickle.Unpickler):
    """Knows the few names of `_MEANT`; functions, because a pickle can change the attributes of a class."""

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        if (module, name) not in _MEANT:
            raise _Refused(ascii(f"{module}.{name}"[:80]))
        return _MEANT[module, name]
