"""Per-image predictions of a run, kept as safetensors: class probabilities and labels of validation and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities (images, classes) as float32, labels (images,) as int64, in the order of the index."""

    validation_probabilities: NDArray[np.float32]
    validation_labels: NDArray[np.int64]
    test_probabilities: NDArray[np.float32]
    test_labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        for split in ("validation", "test"):
            probabilities = getattr(self, f"{split}_probabilities")
            labels = getattr(self, f"{split}_labels")
            if probabilities.dtype != np.float32 or probabilities.ndim != 2:
                raise ValueError(f"{split} probabilities must be a float32 matrix, not {_form(probabilities)}")
            if labels.dtype != np.int64 or labels.shape != probabilities.shape[:1]:
                raise ValueError(f"{split} labels must be one int64 an image, not {_form(labels)}")

    @property
    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """Counts of test images by true and by most probable class."""
        classes = self.test_probabilities.shape[1]
        cells = self.test_labels * classes + self.test_probabilities.argmax(axis=1)
        counts = np.bincount(cells, minlength=classes * classes).reshape(classes, classes)
        return tuple(tuple(int(count) for count in row) for row in counts)


def to_bytes(predictions: Predictions) -> bytes:
    """The safetensors file of `predictions`."""
    return save({field.name: np.ascontiguousarray(getattr(predictions, field.name)) for field in fields(predictions)})


def from_bytes(content: bytes) -> Predictions:
    """The predictions in a safetensors file. Raises ValueError when it is damaged."""
    try:
        return Predictions(**load(content))
    except (SafetensorError, TypeError) as error:
        raise ValueError(str(error)) from error


def predictions_hash(predictions: Predictions) -> str:
    """Hexadecimal SHA-256 over the probabilities of validation and test: names, types, shapes and bytes."""
    total = hashlib.sha256()
    for name in ("validation_probabilities", "test_probabilities"):
        array = np.ascontiguousarray(getattr(predictions, name), dtype="<f4")
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _form(array: NDArray[np.generic]) -> str:
    return f"{array.dtype} {array.shape}"
