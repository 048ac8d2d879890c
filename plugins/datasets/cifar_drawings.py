"""Drawn animals and vehicles of 32 x 32 pixels: the pictures of the synthetic sample of CIFAR-10.

Each class is a silhouette of a few simple parts. Place, size, lean, direction, colours and light vary at random and
say nothing of the class, so a network has to learn the shapes. Draws come from a Philox generator keyed by batch and
row, and pickles are written in a fixed protocol, so the bytes are always the same.
"""

from __future__ import annotations

import math
import pickle
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .cifar_batches import CLASSES, SIDE

PROTOCOL = 2
_FINE = 3
"""Drawn so many times larger, then reduced: smooth edges."""
_NOISE = 9.0

Part = tuple[str, int, tuple[float, ...]]
"""A shape, its colour (0 body, 1 detail), and its points x, y in a square from -1 to 1. An `oval` has its centre and
its two radii; a `line` its points and, last, its width."""

SHAPES: Mapping[str, tuple[Part, ...]] = {
    "airplane": (
        ("oval", 0, (0, 0, 0.95, 0.15)),
        ("polygon", 0, (0.2, 0, -0.3, -0.85, -0.5, -0.85, -0.2, 0, -0.5, 0.85, -0.3, 0.85)),
        ("polygon", 1, (-0.65, 0, -0.95, -0.4, -0.95, 0.4)),
    ),
    "automobile": (
        ("polygon", 0, (-0.95, 0.3, -0.95, -0.05, 0.95, -0.05, 0.95, 0.3)),
        ("polygon", 0, (-0.55, -0.05, -0.3, -0.45, 0.3, -0.45, 0.6, -0.05)),
        ("oval", 1, (-0.5, 0.35, 0.24, 0.24)),
        ("oval", 1, (0.5, 0.35, 0.24, 0.24)),
    ),
    "bird": (
        ("line", 0, (-0.95, -0.35, -0.5, -0.5, 0, 0.15, 0.5, -0.5, 0.95, -0.35, 0.22)),
        ("oval", 1, (0, 0.2, 0.2, 0.3)),
    ),
    "cat": (
        ("oval", 0, (0, 0.15, 0.65, 0.6)),
        ("polygon", 0, (-0.62, 0.1, -0.6, -0.85, -0.1, -0.4)),
        ("polygon", 0, (0.62, 0.1, 0.6, -0.85, 0.1, -0.4)),
        ("oval", 1, (-0.25, 0.05, 0.12, 0.12)),
        ("oval", 1, (0.25, 0.05, 0.12, 0.12)),
    ),
    "deer": (
        ("oval", 0, (0, 0.5, 0.28, 0.42)),
        ("line", 1, (-0.1, 0.15, -0.45, -0.4, -0.4, -0.9, 0.13)),
        ("line", 1, (0.1, 0.15, 0.45, -0.4, 0.4, -0.9, 0.13)),
        ("line", 1, (-0.45, -0.4, -0.85, -0.65, 0.13)),
        ("line", 1, (0.45, -0.4, 0.85, -0.65, 0.13)),
    ),
    "dog": (
        ("oval", 0, (0, 0, 0.55, 0.65)),
        ("oval", 1, (-0.62, 0.15, 0.2, 0.55)),
        ("oval", 1, (0.62, 0.15, 0.2, 0.55)),
        ("oval", 1, (0, 0.35, 0.2, 0.14)),
    ),
    "frog": (
        ("oval", 0, (0, 0.35, 0.9, 0.4)),
        ("oval", 0, (-0.45, -0.15, 0.28, 0.28)),
        ("oval", 0, (0.45, -0.15, 0.28, 0.28)),
        ("oval", 1, (-0.45, -0.18, 0.13, 0.13)),
        ("oval", 1, (0.45, -0.18, 0.13, 0.13)),
    ),
    "horse": (
        ("oval", 0, (-0.1, 0, 0.6, 0.28)),
        ("polygon", 0, (0.2, 0, 0.55, -0.8, 0.95, -0.6, 0.85, -0.4, 0.7, -0.45, 0.5, 0.1)),
        ("line", 1, (-0.55, 0.1, -0.6, 0.9, 0.13)),
        ("line", 1, (-0.3, 0.15, -0.3, 0.9, 0.13)),
        ("line", 1, (0.1, 0.15, 0.1, 0.9, 0.13)),
        ("line", 1, (0.35, 0.1, 0.4, 0.9, 0.13)),
    ),
    "ship": (
        ("polygon", 0, (-0.95, 0.25, 0.95, 0.25, 0.6, 0.75, -0.65, 0.75)),
        ("polygon", 1, (-0.05, 0.2, -0.05, -0.9, 0.7, 0.1)),
        ("polygon", 1, (-0.15, 0.2, -0.15, -0.7, -0.6, 0.2)),
    ),
    "truck": (
        ("polygon", 0, (-0.95, 0.4, -0.95, -0.65, 0.35, -0.65, 0.35, 0.4)),
        ("polygon", 1, (0.42, 0.4, 0.42, -0.25, 0.75, -0.25, 0.95, 0.1, 0.95, 0.4)),
        ("oval", 1, (-0.65, 0.5, 0.19, 0.19)),
        ("oval", 1, (-0.2, 0.5, 0.19, 0.19)),
        ("oval", 0, (0.65, 0.5, 0.19, 0.19)),
    ),
}


def write_batches(folder: Path, rows: Mapping[str, int], marks: Mapping[str, str]) -> None:
    """Write a batch file for each name in `rows`, the classes equally often, and the metadata with `marks` added."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in rows.items():
        order = Generator(Philox(key=zlib.crc32(name.encode()))).permutation(count)
        labels = [int(i) % len(CLASSES) for i in order]
        planes = [_drawn(label, name, row).transpose(2, 0, 1).reshape(-1) for row, label in enumerate(labels)]
        _write(
            folder / name,
            {
                b"batch_label": name.encode(),
                b"labels": labels,
                b"data": np.stack(planes),
                b"filenames": [f"{CLASSES[label]}_s_{row:06d}.png".encode() for row, label in enumerate(labels)],
            },
        )
    metadata = {
        b"num_cases_per_batch": max(rows.values()),
        b"label_names": [name.encode() for name in CLASSES],
        b"num_vis": 3 * SIDE * SIDE,
    }
    _write(folder / "batches.meta", metadata | {key.encode(): value.encode() for key, value in marks.items()})


def _write(file: Path, content: Mapping[bytes, object]) -> None:
    file.write_bytes(pickle.dumps(dict(content), protocol=PROTOCOL))


def _drawn(label: int, batch: str, row: int) -> NDArray[np.uint8]:
    """The picture of one row, uint8 (32, 32, 3)."""
    draw = Generator(Philox(key=zlib.crc32(f"{batch}/{row}".encode())))
    above, below, body, detail = _colours(draw)
    fade = np.linspace(0, 1, SIDE * _FINE)[:, None, None]
    scene = np.broadcast_to(above * (1 - fade) + below * fade, (SIDE * _FINE, SIDE * _FINE, 3))
    picture = Image.fromarray(scene.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    size = SIDE * _FINE / 2 * draw.uniform(0.62, 0.92)
    centre = SIDE * _FINE / 2 + draw.uniform(-1, 1, 2) * (SIDE * _FINE / 2 - size)
    turn = np.deg2rad(draw.uniform(-14, 14))
    frame = size * np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    frame[0] *= draw.choice((-1, 1))
    for kind, colour, numbers in SHAPES[CLASSES[label]]:
        fill = _rgb((body, detail)[colour])
        if kind == "line":
            points = _points(numbers[:-1]) @ frame + centre
            pen.line([(x, y) for x, y in points.tolist()], fill=fill, width=max(1, round(numbers[-1] * size)))
        else:
            outline = _points(numbers) if kind == "polygon" else _oval(*numbers)
            pen.polygon([(x, y) for x, y in (outline @ frame + centre).tolist()], fill=fill)
    pixels = np.asarray(picture.reduce(_FINE), float) + draw.normal(0, _NOISE, (SIDE, SIDE, 3))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _colours(draw: Generator) -> tuple[NDArray[np.float64], ...]:
    """Sky, ground, body and detail; bodies are light on dark or dark on light."""
    dark, light = draw.uniform(20, 100, (2, 3)), draw.uniform(150, 235, (2, 3))
    scene, shape = (dark, light) if draw.random() < 0.5 else (light, dark)
    return scene[0], scene[1], shape[0], shape[1]


def _points(numbers: tuple[float, ...]) -> NDArray[np.float64]:
    return np.array(numbers, float).reshape(-1, 2)


def _oval(x: float, y: float, wide: float, high: float) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    return np.stack((x + wide * np.cos(angles), y + high * np.sin(angles)), axis=1)


def _rgb(colour: NDArray[np.float64]) -> tuple[int, int, int]:
    red, green, blue = (round(float(value)) for value in colour)
    return red, green, blue
