"""The real CUB-200-2011 photos, in the folder that BENCHSUITE_DATA names, through the very loader that studies use."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from benchsuite_plugins.datasets.cub import Cub, CubParameters
from benchsuite_plugins.datasets.cub_species import SPECIES

from benchsuite.engine.data.images import load_images
from benchsuite.errors import DataError
from benchsuite.sources.data import locate_data

DATA = Path(os.environ.get("BENCHSUITE_DATA", ""))

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not (DATA / "CUB_200_2011").is_dir(), reason="BENCHSUITE_DATA names no folder CUB_200_2011"),
]


def test_every_photo_of_x20_decodes_and_the_splits_are_those_of_the_source(tmp_path: Path) -> None:
    dataset, params = Cub(), CubParameters(image_size=32)
    found = locate_data(dataset, params, policy="real", data=DATA, cache=tmp_path, say=print)
    index = found.index
    splits = {"train": index.train, "validation": index.validation, "test": index.test}
    assert {name: len(split) for name, split in splits.items()} == {"train": 803, "validation": 89, "test": 223}
    assert found.provenance in ("official", "unofficial copy")
    counts = Counter(label for split in splits.values() for label in split.labels)
    assert [counts[label] for label in range(20)] == [species.images for species in SPECIES[:20]]
    everything = [digest for digests in found.digests.values() for digest in digests]
    assert len(set(everything)) == len(everything), "a photo stands in two splits"
    for name, split in splits.items():
        pixels = load_images(split.images, found.digests[name], dataset.preprocessing(params), tmp_path).pixels
        assert pixels.shape == (len(split), 32, 32, 3)
        assert np.asarray(pixels).std(axis=(1, 2, 3)).min() > 5, "a photo is blank"


def test_the_official_split_of_x20_holds_515_test_photos(tmp_path: Path) -> None:
    params = CubParameters(split="official")
    found = locate_data(Cub(), params, policy="real", data=DATA, cache=tmp_path, say=print)
    assert len(found.index.test) == 515
    assert len(found.index.train) + len(found.index.validation) == 600


def test_classes_whose_photos_are_not_here_are_named(tmp_path: Path) -> None:
    gone = [species.name for species in SPECIES if not (DATA / "CUB_200_2011" / "images" / species.name).is_dir()]
    if not gone:
        pytest.skip("the photos of all classes are here")
    with pytest.raises(DataError, match=gone[0]):
        Cub().find(CubParameters(classes=200), DATA, tmp_path)
