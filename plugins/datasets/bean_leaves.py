"""Drawn bean leaves: the pictures of the synthetic sample of Beans.

A leaf with midrib and lateral veins lies on soil, foliage or sky in changing light. Angular leaf spot is brown
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

SIZE = 128
_CANVAS = 2 * SIZE
_SIDE_VEINS = 6
_BACKGROUNDS = np.array([(112, 84, 60), (150, 118, 88), (58, 84, 44), (84, 110, 62), (176, 190, 200)], float)

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
    green = np.array((draw.uniform(62, 112), draw.uniform(128, 172), draw.uniform(34, 70)))
    blade = Image.fromarray(_to_bytes(_speckled(_clouds(green, 13, draw), 6, draw)))
    _draw_veins(blade, leaf, green)
    if label == "angular_leaf_spot":
        blade = _angular_spots(blade, leaf, draw)
    elif label == "bean_rust":
        blade = _pustules(blade, leaf, draw)
    background = _BACKGROUNDS[draw.integers(len(_BACKGROUNDS))]
    scene = Image.fromarray(_to_bytes(_speckled(_clouds(background, 34, draw), 12, draw)))
    mask = Image.new("L", (_CANVAS, _CANVAS))
    ImageDraw.Draw(mask).polygon(leaf.outline(), fill=255)
    shadow = mask.filter(ImageFilter.GaussianBlur(7)).point(lambda value: int(value * 0.45))
    scene.paste((14, 16, 10), (6, 8), shadow)
    scene.paste(blade, (0, 0), mask.filter(ImageFilter.GaussianBlur(1)))
    return _lit(scene.resize((SIZE, SIZE), Image.Resampling.BOX), draw)


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


def _angular_spots(blade: Image.Image, leaf: _Leaf, draw: Generator) -> Image.Image:
    """Brown patches between two neighbouring side veins, with straight sides along them."""
    halo, spots = blade.copy(), Image.new("RGBA", blade.size)
    halo_pen, pen = ImageDraw.Draw(halo), ImageDraw.Draw(spots)
    gap = 0.78 / _SIDE_VEINS
    for _ in range(draw.integers(5, 13)):
        start = _vein_starts()[draw.integers(_SIDE_VEINS)]
        side = draw.choice((-1, 1))
        inner = draw.uniform(0.06, 0.66)
        outer = min(0.92, inner + draw.uniform(0.14, 0.34))
        low, high = sorted(draw.uniform(0.06, 0.94, size=2))
        high = max(high, low + 0.4)
        corners = [(low, inner), (low + draw.uniform(-0.1, 0.1), outer), (high, outer - draw.uniform(0, 0.08))]
        corners += [(high + draw.uniform(-0.1, 0.1), inner + draw.uniform(0, 0.08))]
        shape = [leaf.vein(start, gap * along, side * across) for along, across in corners]
        brown = np.array((draw.uniform(92, 138), draw.uniform(62, 88), draw.uniform(34, 52)))
        halo_pen.polygon(_grown(shape, 1.35), fill=(172, 166, 66))
        pen.polygon(_grown(shape, 1.08), fill=(*_colour(brown * 0.62), 255))
        pen.polygon(_grown(shape, 0.82), fill=(*_colour(brown), 255))
        pen.polygon(_grown(shape, 0.4), fill=(*_colour(brown * 1.22), 255))
    painted = Image.blend(blade, halo.filter(ImageFilter.GaussianBlur(4)), 0.6)
    soft = spots.filter(ImageFilter.GaussianBlur(1.2))
    painted.paste(soft.convert("RGB"), (0, 0), soft.getchannel("A"))
    return _grained(painted, draw)


def _pustules(blade: Image.Image, leaf: _Leaf, draw: Generator) -> Image.Image:
    """Many small round reddish-brown spots, each in a yellow halo."""
    halo, spots = Image.new("RGBA", blade.size), Image.new("RGBA", blade.size)
    halo_pen, pen = ImageDraw.Draw(halo), ImageDraw.Draw(spots)
    for _ in range(draw.integers(55, 150)):
        x, y = leaf.point(draw.uniform(0.03, 0.94), draw.uniform(-0.92, 0.92))
        radius = draw.uniform(1.6, 4.2)
        halo_pen.ellipse(_round(x, y, radius * 2.3), fill=(198, 182, 62, 190))
        rust = np.array((draw.uniform(136, 178), draw.uniform(58, 86), draw.uniform(22, 40)))
        pen.ellipse(_round(x, y, radius), fill=(*_colour(rust * 0.8), 255))
        pen.ellipse(_round(x, y, radius * 0.55), fill=(*_colour(rust), 255))
    painted = blade.copy()
    for layer, blur in ((halo, 2.0), (spots, 0.7)):
        soft = layer.filter(ImageFilter.GaussianBlur(blur))
        painted.paste(layer.convert("RGB"), (0, 0), soft.getchannel("A"))
    return _grained(painted, draw)


def _lit(scene: Image.Image, draw: Generator) -> Image.Image:
    """Daylight from one side, with an exposure, a warmth and a little sensor noise of its own."""
    angle, strength = draw.uniform(0, 2 * math.pi), draw.uniform(0.05, 0.3)
    ramp = np.linspace(-1, 1, SIZE)
    light = 1 + strength * (math.cos(angle) * ramp[None, :] + math.sin(angle) * ramp[:, None])
    warmth = draw.uniform(-0.06, 0.06)
    pixels = np.asarray(scene, float) * light[..., None] * draw.uniform(0.75, 1.2) * (1 + warmth, 1.0, 1 - warmth)
    return Image.fromarray(_to_bytes(pixels + draw.normal(0, 3, size=pixels.shape)))


def _clouds(colour: NDArray[np.float64], spread: float, draw: Generator) -> NDArray[np.float64]:
    """`colour` with soft lighter and darker regions, coarse and fine, as an array (canvas, canvas, 3)."""
    total = np.zeros((_CANVAS, _CANVAS))
    for cells, share in ((5, 1.0), (14, 0.5)):
        coarse = Image.fromarray(draw.normal(0, spread * share, size=(cells, cells)).astype(np.float32))
        total += np.asarray(coarse.resize((_CANVAS, _CANVAS), Image.Resampling.BICUBIC), float)
    return colour + total[..., None]


def _speckled(pixels: NDArray[np.float64], spread: float, draw: Generator) -> NDArray[np.float64]:
    grain = draw.normal(0, spread, size=(SIZE, SIZE)).repeat(2, axis=0).repeat(2, axis=1)
    return pixels + grain[..., None]


def _grained(picture: Image.Image, draw: Generator) -> Image.Image:
    return Image.fromarray(_to_bytes(_speckled(np.asarray(picture, float), 5, draw)))


def _grown(shape: list[Point], factor: float) -> list[Point]:
    x, y = (sum(values) / len(shape) for values in zip(*shape, strict=True))
    return [(x + (a - x) * factor, y + (b - y) * factor) for a, b in shape]


def _round(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _to_bytes(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _colour(values: NDArray[np.float64]) -> Colour:
    red, green, blue = (int(value) for value in np.clip(values, 0, 255))
    return red, green, blue
