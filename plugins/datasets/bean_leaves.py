"""Drawn bean leaves: the pictures of the synthetic sample of Beans.

A leaf with midrib and lateral veins lies on soil or dry foliage in changing light. Angular leaf spot is brown
patches with straight sides that keep between the veins; rust is many small reddish pustules, each in a yellow
halo. Every draw comes from a Philox generator keyed by split, class and number, so the bytes are always the same.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZE = 96
_CANVAS = 2 * SIZE
_SIDE_VEINS = 6
_BACKGROUNDS = np.array([(112, 84, 60), (150, 118, 88), (126, 92, 72), (84, 100, 62)], float)

Point = tuple[float, float]
Colour = tuple[int, int, int]


def write_leaves(folder: Path, split: str, label: str, count: int) -> None:
    """Write `count` JPEG files of class `label`, named as the official ones are."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        draw = Generator(Philox(key=zlib.crc32(f"{split}/{label}/{number}".encode())))
        picture = _photo(label, draw)
        picture.save(folder / f"{label}_{split}.{number}.jpg", quality=88, subsampling=0)


@dataclass(frozen=True)
class _Leaf:
    """The leaf's own coordinates: `along` runs from base (0) to tip (1), `across` from edge (-1) to edge (1)."""

    centre: Point
    angle: float
    length: float
    width: float
    bend: float

    def point(self, along: float, across: float) -> Point:
        half = self.width * _half_width(along)
        x = (along - 0.5) * self.length
        y = across * half + self.bend * math.sin(math.pi * along)
        turn, lean = math.cos(self.angle), math.sin(self.angle)
        return self.centre[0] + x * turn - y * lean, self.centre[1] + x * lean + y * turn

    def outline(self) -> list[Point]:
        steps = [i / 40 for i in range(41)]
        return [self.point(s, 1) for s in steps] + [self.point(s, -1) for s in reversed(steps)]

    def vein(self, start: float, along: float, across: float) -> Point:
        """A place on the side vein that leaves the midrib at `start`: it runs towards the tip as it goes out."""
        return self.point(min(1.0, start + along + 0.17 * abs(across) ** 1.3), across)


def _half_width(along: float) -> float:
    """Of an ovate leaf: broad near the base, drawn out to a point."""
    bulge = math.sin(math.pi * min(1.0, max(0.0, along)) ** 0.62)
    return math.pow(bulge, 0.8) * (1 - 0.25 * along)


def _photo(label: str, draw: Generator) -> Image.Image:
    leaf = _Leaf(
        centre=(_CANVAS * draw.uniform(0.44, 0.56), _CANVAS * draw.uniform(0.44, 0.56)),
        angle=draw.uniform(-math.pi, math.pi),
        length=_CANVAS * draw.uniform(0.92, 1.15),
        width=_CANVAS * draw.uniform(0.36, 0.47),
        bend=_CANVAS * draw.uniform(-0.05, 0.05),
    )
    green = np.array((draw.uniform(66, 104), draw.uniform(128, 160), draw.uniform(44, 76)))
    blade = _clouds(green, 13, draw).resize((_CANVAS, _CANVAS))
    _draw_veins(blade, leaf, green)
    if label == "angular_leaf_spot":
        _draw_angular_spots(blade, leaf, draw)
    elif label == "bean_rust":
        _draw_pustules(blade, leaf, draw)
    mask = Image.new("L", blade.size)
    ImageDraw.Draw(mask).polygon(leaf.outline(), fill=255)
    mask = mask.reduce(2)
    scene = _clouds(_BACKGROUNDS[draw.integers(len(_BACKGROUNDS))], 26, draw)
    shadow = mask.filter(ImageFilter.GaussianBlur(4)).point(lambda value: value * 0.45)
    scene.paste((14, 16, 10), (3, 4), shadow)
    scene.paste(blade.reduce(2), (0, 0), mask)
    return _lit(scene, draw)


def _draw_veins(blade: Image.Image, leaf: _Leaf, green: NDArray[np.float64]) -> None:
    pen = ImageDraw.Draw(blade)
    light, dark = _colour(green + np.array((38, 34, 26))), _colour(green * 0.8)
    for start in _vein_starts():
        for side in (-1, 1):
            path = [leaf.vein(start, 0, side * i / 8 * 0.94) for i in range(9)]
            pen.line([(x + 2, y + 2) for x, y in path], fill=dark, width=2)
            pen.line(path, fill=light, width=2)
    midrib = [leaf.point(i / 20, 0) for i in range(21)]
    pen.line([(x + 2, y + 2) for x, y in midrib], fill=dark, width=3)
    pen.line(midrib, fill=light, width=4)


def _vein_starts() -> list[float]:
    return [0.04 + 0.78 * i / _SIDE_VEINS for i in range(_SIDE_VEINS)]


def _draw_angular_spots(blade: Image.Image, leaf: _Leaf, draw: Generator) -> None:
    """Brown patches between two neighbouring side veins, with straight sides along them."""
    gap = 0.78 / _SIDE_VEINS
    patches = []
    for _ in range(draw.integers(10, 20)):
        start = _vein_starts()[draw.integers(_SIDE_VEINS)]
        side = draw.choice((-1, 1))
        inner = draw.uniform(0.06, 0.66)
        outer = min(0.94, inner + draw.uniform(0.2, 0.42))
        low = draw.uniform(0.04, 0.3)
        high = low + draw.uniform(0.5, 0.66)
        corners = [(low, inner), (low + draw.uniform(-0.1, 0.1), outer), (high, outer - draw.uniform(0, 0.08))]
        corners += [(high + draw.uniform(-0.1, 0.1), inner + draw.uniform(0, 0.08))]
        patches.append([leaf.vein(start, gap * along, side * across) for along, across in corners])
    halo = Image.new("L", blade.size)
    halo_pen = ImageDraw.Draw(halo)
    for shape in patches:
        halo_pen.polygon(_grown(shape, 1.5), fill=170)
    blade.paste((176, 168, 64), (0, 0), halo.filter(ImageFilter.GaussianBlur(4)))
    pen = ImageDraw.Draw(blade)
    for shape in patches:
        brown = np.array((draw.uniform(92, 128), draw.uniform(66, 90), draw.uniform(48, 66)))
        for factor, shade in ((1.0, 0.6), (0.78, 1.0), (0.4, 1.2)):
            pen.polygon(_grown(shape, factor), fill=_colour(brown * shade))


def _draw_pustules(blade: Image.Image, leaf: _Leaf, draw: Generator) -> None:
    """Many small round reddish-brown spots, each in a yellow halo."""
    spots = [
        (*leaf.point(draw.uniform(0.03, 0.94), draw.uniform(-0.92, 0.92)), draw.uniform(1.5, 3.4))
        for _ in range(draw.integers(80, 170))
    ]
    halo = Image.new("L", blade.size)
    halo_pen = ImageDraw.Draw(halo)
    for x, y, radius in spots:
        halo_pen.ellipse(_round(x, y, radius * 2.4), fill=220)
    blade.paste((196, 180, 66), (0, 0), halo.filter(ImageFilter.GaussianBlur(3)))
    pen = ImageDraw.Draw(blade)
    for x, y, radius in spots:
        rust = np.array((draw.uniform(128, 168), draw.uniform(60, 86), draw.uniform(26, 44)))
        pen.ellipse(_round(x, y, radius), fill=_colour(rust * 0.8))
        pen.ellipse(_round(x, y, radius * 0.5), fill=_colour(rust * 1.1))


def _lit(scene: Image.Image, draw: Generator) -> Image.Image:
    """Daylight from one side, with an exposure, a warmth and a grain of its own."""
    angle, strength = draw.uniform(0, 2 * math.pi), draw.uniform(0.05, 0.2)
    ramp = np.linspace(-1, 1, SIZE)
    light = 1 + strength * (math.cos(angle) * ramp[None, :] + math.sin(angle) * ramp[:, None])
    warmth = draw.uniform(-0.06, 0.06)
    colour = np.array((1 + warmth, 1.0, 1 - warmth)) * draw.uniform(0.85, 1.15)
    grain = draw.normal(0, 5, size=(SIZE, SIZE))
    return Image.fromarray(_to_bytes(np.asarray(scene) * light[..., None] * colour + grain[..., None]))


def _clouds(colour: NDArray[np.float64], spread: float, draw: Generator) -> Image.Image:
    """`colour` with soft lighter and darker regions, coarse and fine."""
    total = np.zeros((SIZE, SIZE))
    for cells, share in ((5, 1.0), (14, 0.6), (48, 0.4)):
        coarse = Image.fromarray(draw.normal(0, spread * share, size=(cells, cells)).astype(np.float32))
        total += np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    return Image.fromarray(_to_bytes(colour + total[..., None]))


def _grown(shape: list[Point], factor: float) -> list[Point]:
    x, y = (sum(values) / len(shape) for values in zip(*shape, strict=True))
    return [(x + (a - x) * factor, y + (b - y) * factor) for a, b in shape]


def _round(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _to_bytes(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _colour(values: NDArray[np.float64]) -> Colour:
    red, green, blue = (min(255, max(0, int(value))) for value in values)
    return red, green, blue
