"""Which photos paths mean, and which classes are named first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchsuite.errors import DataError
from benchsuite.execution.predict import Predicted, find_photos


def test_files_are_taken_as_named_and_folders_in_order_with_photos_alone(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/10.png", "a/1.webp", "a/notes.txt", "z.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_photos([tmp_path / "z.txt", tmp_path, tmp_path / "b" / "2.JPG"])
    names = [Path(one).relative_to(tmp_path).as_posix() for one in found]
    assert names == ["z.txt", "a/1.webp", "b/10.png", "b/2.JPG", "b/2.JPG"]


def test_a_folder_without_photos_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="no photo lies in this folder"):
        find_photos([tmp_path])


def test_of_equal_probabilities_the_first_class_comes_first() -> None:
    predicted = Predicted(("a", "b", "c"), ("x.jpg",), np.array([[0.25, 0.5, 0.25]], np.float32))
    assert predicted.ranked(0, 3) == [("b", 0.5), ("a", 0.25), ("c", 0.25)]
    assert predicted.ranked(0, 1) == [("b", 0.5)]
