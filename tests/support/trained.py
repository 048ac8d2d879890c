"""A study of three cases on photos, really trained: once for all tests, and then copied for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from support.program import Program

CASES = ("whole", "frozen", "flat")
CLASSES = ("blue", "red")
COUNTS = {"train": 12, "validation": 6, "test": 35}
"""Photos of each class."""
COLOURS = """
name: colours
title: Dos colores
size: {cases: 3, seeds: 2}
dataset: {name: image_folder, folder: photos, image_size: 16}
model: {name: resnet, form: cifar, width: 4, weights: none}
recipe: {name: finetune, max_epochs: 2, batch_size: 8, learning_rate: 0.003}
cases:
  - {name: whole, set: {recipe.max_epochs: 3}}
  - {name: frozen, set: {recipe.freeze.blocks: 1}}
  - {name: flat, set: {model: {name: mlp, hidden: [8]}}}
seeds: 2
compare: {baseline: whole}
paper:
  authors: [{name: Ada Ejemplo}]
  abstract: Un estudio mínimo sobre {{seeds}}.
"""


def write_photos(folder: Path) -> None:
    """Noisy JPEG photos in two colours, none of the size that a network sees."""
    draw = np.random.default_rng(3)
    for split, count in COUNTS.items():
        for label, name in enumerate(CLASSES):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(0, 200, (20 + number % 5, 28, 3))
                pixels[..., 2 - 2 * label] += 30
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number:02}.jpg")


def make_trained(folder: Path) -> Path:
    """Train the study below `folder`."""
    write_photos(folder / "photos")
    (folder / "colours.yaml").write_text(COLOURS)
    environment = {"BENCHSUITE_CACHE": str(folder / "cache"), "BENCHSUITE_THREADS": "1", "BENCHSUITE_PLUGINS": ""}
    own = {name: value for name, value in os.environ.items() if name != "BENCHSUITE_DATA"}
    subprocess.run(
        [sys.executable, "-m", "benchsuite", "run", "colours.yaml", "--no-paper", "--no-estimate", "--device", "cpu"],
        cwd=folder,
        env=own | environment,
        check=True,
        timeout=600,
    )
    return folder


def use_trained(made: Path, program: Program) -> Program:
    """The study in the folder of a program, as its own."""
    program.suite(COLOURS, "colours")
    for name in ("photos", "results"):
        shutil.copytree(made / name, program.folder / name)
    return program
