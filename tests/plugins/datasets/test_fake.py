"""The noise data set: as many images as asked for, the same at every call, and honest about what it is."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchsuite_plugins.datasets.fake import Fake, FakeParameters
from pydantic import ValidationError

from benchsuite.engine.data.images import load_images
from benchsuite.errors import DataError
from benchsuite.sources.data import LocatedData, locate_data

SMALL = FakeParameters(classes=3, train_images=7, validation_images=4, test_images=3, image_size=9)


def locate(tmp_path: Path, params: FakeParameters = SMALL, **options: Any) -> LocatedData:
    given: dict[str, Any] = {"policy": "auto", "data": None, "download": False} | options
    located = locate_data(Fake(), params, cache=tmp_path / "cache", say=lambda line: None, **given)
    assert located is not None
    return located


def test_it_has_as_many_images_of_as_many_classes_as_asked_for(tmp_path: Path) -> None:
    index = locate(tmp_path).index
    assert len(index.classes) == 3
    assert index.train.labels == (0, 1, 2, 0, 1, 2, 0)
    assert (len(index.validation), len(index.test)) == (4, 3)
    assert index.test.images.names == ("test/000000", "test/000001", "test/000002")


@pytest.mark.parametrize("policy", ["auto", "sample"])
def test_it_is_a_synthetic_sample_under_every_policy_that_takes_one(policy: str, tmp_path: Path) -> None:
    located = locate(tmp_path, policy=policy, data=tmp_path)
    assert located.provenance == "synthetic sample"
    assert [path.name for path in located.folder.iterdir()] == ["fake.json"]


def test_the_policy_real_does_not_take_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fake is generated"):
        locate(tmp_path, policy="real")


def test_its_images_are_the_same_at_every_call_and_all_different(tmp_path: Path) -> None:
    located = locate(tmp_path)
    assert locate(tmp_path / "elsewhere").digests == located.digests
    assert len({digest for digests in located.digests.values() for digest in digests}) == 14
    assert locate(tmp_path, SMALL.model_copy(update={"seed": 1})).digests != located.digests


def test_a_smaller_data_set_is_the_beginning_of_a_larger_one(tmp_path: Path) -> None:
    larger = locate(tmp_path, SMALL.model_copy(update={"train_images": 20}))
    assert larger.digests["train"][:7] == locate(tmp_path).digests["train"]


def test_its_digests_are_those_of_the_pixels_that_the_engine_sees(tmp_path: Path) -> None:
    located = locate(tmp_path)
    preprocessing = Fake().preprocessing(SMALL)
    pixels = load_images(located.index.train.images, located.digests["train"], preprocessing, tmp_path / "cache").pixels
    assert pixels.shape == (7, 9, 9, 3)
    assert [hashlib.sha256(image.tobytes()).hexdigest() for image in pixels] == list(located.digests["train"])


def test_its_normalised_pixels_have_mean_zero_and_deviation_one(tmp_path: Path) -> None:
    params = FakeParameters(classes=2, train_images=10, validation_images=2, test_images=2, image_size=32)
    preprocessing, images = Fake().preprocessing(params), locate(tmp_path, params).index.train.images
    pixels = np.stack([np.asarray(images.decode(i, images.read(i))) for i in range(10)]) / 255
    normalised = (pixels - preprocessing.mean) / preprocessing.std
    assert abs(normalised.mean()) < 0.02
    assert abs(normalised.std() - 1) < 0.02


def test_its_images_travel_to_other_processes_without_pixels(tmp_path: Path) -> None:
    images = locate(tmp_path, FakeParameters(train_images=50)).index.train.images
    assert len(pickle.dumps(images)) < 200


@pytest.mark.parametrize("wrong", [{"test_images": 9}, {"classes": 1}, {"classes": 300}, {"image_size": 0}])
def test_parameters_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        FakeParameters(**wrong)


@pytest.mark.parametrize("params", [FakeParameters(), SMALL, FakeParameters(classes=150, test_images=150)])
def test_its_trial_is_no_larger_and_valid(params: FakeParameters) -> None:
    given = params.model_dump() | {"validation_images": max(params.validation_images, params.classes)}
    tried = FakeParameters(**(given | dict(Fake().smoke(FakeParameters(**given)))))
    assert tried.train_images <= params.train_images
    assert tried.image_size <= 48


def test_classes_take_turns(tmp_path: Path) -> None:
    labels = locate(tmp_path, SMALL.model_copy(update={"train_images": 30})).index.train.labels
    assert Counter(labels) == dict.fromkeys(range(3), 10)


def test_planning_with_it_needs_no_torch() -> None:
    code = "import benchsuite_plugins.datasets.fake as f, sys; f.Fake().card(f.FakeParameters())\n"
    code += "assert not {'torch', 'PIL', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
