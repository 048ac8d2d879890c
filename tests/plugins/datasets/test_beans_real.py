"""The real Beans photos, in the folder that BENCHSUITE_DATA names, through the very loader that studies use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchsuite_plugins.datasets.beans import Beans, BeansParameters

from benchsuite.engine.data.images import load_images
from benchsuite.sources.data import locate_data
from benchsuite.store.run_store import Store

DATA = Path(os.environ.get("BENCHSUITE_DATA", ""))

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not (DATA / "beans").is_dir(), reason="BENCHSUITE_DATA names no folder with beans"),
]

SUITE = """
name: beans_head
title: Solo la cabeza
size: {cases: 1, seeds: 1}
dataset: {name: beans, image_size: 96}
model: {name: resnet, depth: 18, weights: WEIGHTS}
recipe: {name: finetune, max_epochs: 15, learning_rate: 0.001, freeze: {blocks: 3}}
seeds: 1
"""


def test_every_photo_decodes_and_the_splits_are_the_official_ones(tmp_path: Path) -> None:
    dataset, params = Beans(), BeansParameters(image_size=32)
    found = locate_data(dataset, params, policy="real", data=DATA, cache=tmp_path, say=print)
    index = found.index
    splits = {"train": index.train, "validation": index.validation, "test": index.test}
    assert {name: len(split) for name, split in splits.items()} == {"train": 1034, "validation": 133, "test": 128}
    assert found.provenance in ("official", "unofficial copy")
    everything = [digest for digests in found.digests.values() for digest in digests]
    assert len(set(everything)) == len(everything), "a photo stands in two splits"
    for name, split in splits.items():
        pixels = load_images(split.images, found.digests[name], dataset.preprocessing(params), tmp_path).pixels
        assert pixels.shape == (len(split), 32, 32, 3)
        assert np.asarray(pixels).std(axis=(1, 2, 3)).min() > 5, "a photo is blank"


@pytest.mark.slow
def test_real_photos_are_learned_with_real_weights(tmp_path: Path) -> None:
    weights = sorted((DATA / "weights").glob("resnet18*.pth"))
    if not weights:
        pytest.skip("BENCHSUITE_DATA has no weights/resnet18*.pth")
    suite = tmp_path / "beans_head.yaml"
    suite.write_text(SUITE.replace("WEIGHTS", str(weights[0])), encoding="utf-8")
    command = [sys.executable, "-m", "benchsuite", "run", str(suite), "--data", str(DATA), "--policy", "real"]
    command += ["--results", str(tmp_path / "results"), "--no-paper", "--no-estimate"]
    environment = {**os.environ, "BENCHSUITE_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    (record,) = Store(tmp_path / "results").records()
    assert record.dataset is not None
    assert record.dataset.provenance != "synthetic sample"
    assert record.test is not None
    assert record.test.accuracy > 0.75
