"""Drawn birds: the photos of the synthetic sample of CUB-200-2011.

A bird perches before sky, foliage, water or sand in changing light. What a species looks like (the colours of body,
breast, head, wing and beak, how plump it is, how long beak and tail are) is drawn from its class number; place, size,
side, tilt and scene from class and photo number, so that scenes tell nothing about the class. Every draw comes from a
Philox generator with such a key, so the bytes are always the same.
"""

from __future__ import annotations

import colorsys
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_FINE = 2
"""Birds are drawn this much larger than the photo and reduced, so that edges are smooth."""

_SCENES = np.array([((150, 185, 222), (205, 220, 235)), ((58, 88, 44), (96, 122, 60))], float)
_SCENES = np.concatenate([_SCENES, [((92, 128, 142), (60, 96, 118)), ((196, 178, 146), (160, 142, 112))]])
"""Colours at the top and at the bottom: sky, foliage, water, sand."""

Point = tuple[float, float]
Colour = tuple[int, int, int]


def write_birds(folder: Path, species: int, name: str, count: int) -> list[str]:
    """Write `count` JPEG files of class number `species`, named as the official ones are; their paths below `folder`.

    Sizes vary about 125 x 94 pixels, a quarter of the official mean.
    """
    (folder / name).mkdir(parents=True, exist_ok=True)
    look = _look(species)
    paths = [f"{name}/{name.partition('.')[2]}_{number:04d}_{species}.jpg" for number in range(1, count + 1)]
    for path in paths:
        picture = _photo(look, _generator(path))
        picture.save(folder / path, quality=88, subsampling=0)
    return paths


@dataclass(frozen=True)
class _Look:
    """What tells a species; lengths are in lengths of the body."""

    body: Colour
    breast: Colour
    head: Colour
    wing: Colour
    beak: Colour
    plumpness: float
    head_size: float
    beak_length: float
    tail_length: float
    capped: bool
    barred: bool


def _generator(key: str) -> Generator:
    return Generator(Philox(key=zlib.crc32(key.encode())))


def _look(species: int) -> _Look:
    draw = _generator(f"species {species}")
    # Steps of the golden ratio keep the hues of neighbouring classes, and of any number of them, far apart.
    hue = species * 0.6180339887 % 1

    def shade(turn: float, saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
        return _colour(
            np.array(colorsys.hsv_to_rgb((hue + turn) % 1, draw.uniform(*saturation), draw.uniform(*value))) * 255
        )

    return _Look(
        body=shade(0, (0.55, 0.95), (0.4, 0.9)),
        breast=shade(draw.choice((0.0, 0.12, 0.5)), (0.1, 0.7), (0.6, 1.0)),
        head=shade(draw.choice((0.0, 0.33, 0.5, 0.67)), (0.3, 0.95), (0.15, 0.9)),
        wing=shade(draw.choice((0.08, 0.25, 0.5, 0.75)), (0.3, 0.9), (0.15, 0.7)),
        beak=shade(draw.choice((0.1, 0.4, 0.6)), (0.2, 0.95), (0.15, 0.95)),
        plumpness=draw.uniform(0.24, 0.42),
        head_size=draw.uniform(0.17, 0.27),
        beak_length=draw.uniform(0.1, 0.42),
        tail_length=draw.uniform(0.15, 0.7),
        capped=bool(draw.integers(2)),
        barred=bool(draw.integers(2)),
    )


@dataclass(frozen=True)
class _Pose:
    """The bird's own coordinates: x towards the beak, y downwards, from the middle of the body, in body lengths."""

    centre: Point
    length: float
    side: int
    tilt: float

    def point(self, x: float, y: float) -> Point:
        turn, lean = math.cos(self.tilt), math.sin(self.tilt)
        across, down = x * turn + y * lean, y * turn - x * lean
        return self.centre[0] + self.side * across * self.length, self.centre[1] + down * self.length

    def points(self, *corners: Point) -> list[Point]:
        return [self.point(x, y) for x, y in corners]

    def oval(self, x: float, y: float, along: float, across: float, until: float = 2.0) -> list[Point]:
        """An oval about (x, y), or its upper part: `until` is where it ends, in half turns from behind."""
        angles = [math.pi * (1 + until * i / 24) for i in range(25)]
        return self.points(*((x + along * math.cos(a), y + across * math.sin(a)) for a in angles))


def _photo(look: _Look, draw: Generator) -> Image.Image:
    sides = int(draw.integers(118, 133)), int(draw.integers(84, 105))
    width, height = sides if draw.random() < 0.8 else sides[::-1]
    scene = _scene(width, height, draw)
    pose = _Pose(
        centre=(_FINE * width * draw.uniform(0.42, 0.58), _FINE * height * draw.uniform(0.42, 0.56)),
        length=_FINE * min(width, height) * draw.uniform(0.5, 0.66),
        side=int(draw.choice((-1, 1))),
        tilt=draw.uniform(-0.1, 0.45),
    )
    _draw_bird(scene, look, pose, draw)
    return _lit(scene.reduce(_FINE), draw)


def _draw_bird(scene: Image.Image, look: _Look, pose: _Pose, draw: Generator) -> None:
    pen = ImageDraw.Draw(scene)
    thin = max(1, round(pose.length * 0.025))
    perch = pose.centre[1] + pose.length * (look.plumpness + 0.22)
    bark = _colour(np.array((96, 74, 54)) * draw.uniform(0.6, 1.2))
    pen.line([(0, perch + draw.uniform(-9, 9)), (scene.width, perch + draw.uniform(-9, 9))], fill=bark, width=4 * thin)
    for x in (-0.06, 0.08):
        foot = (pose.centre[0] + pose.side * x * pose.length, perch)
        pen.line([pose.point(x, look.plumpness * 0.8), foot], fill=_shaded(look.beak, 0.7), width=thin)
    end = -0.42 - look.tail_length
    pen.polygon(pose.points((-0.3, -0.08), (end, 0.02), (end - 0.03, 0.14), (-0.3, 0.12)), fill=_shaded(look.wing, 0.8))
    pen.polygon(pose.oval(0, 0, 0.5, look.plumpness), fill=look.body)
    pen.polygon(pose.oval(0.14, look.plumpness * 0.3, 0.33, look.plumpness * 0.64), fill=look.breast)
    neck, up = 0.4, -look.plumpness * 0.9
    pen.polygon(pose.points((0.1, up * 0.7), (neck, up - 0.05), (neck + 0.1, up + 0.1), (0.42, 0.1)), fill=look.body)
    tip = neck + look.head_size + look.beak_length
    pen.polygon(pose.points((neck + 0.1, up - 0.07), (tip, up + 0.03), (neck + 0.1, up + 0.08)), fill=look.beak)
    pen.polygon(pose.oval(neck, up, look.head_size, look.head_size), fill=look.head)
    if look.capped:
        pen.polygon(pose.oval(neck, up, look.head_size, look.head_size, until=1.0), fill=look.wing)
    pen.polygon(pose.oval(neck + 0.08, up - 0.02, 0.045, 0.045), fill=(238, 232, 214))
    pen.polygon(pose.oval(neck + 0.08, up - 0.02, 0.032, 0.032), fill=(14, 12, 12))
    wing = pose.oval(-0.16, -0.03, 0.36, look.plumpness * 0.5)
    pen.polygon(wing, fill=look.wing)
    for x in (-0.22, -0.08) if look.barred else ():
        ends = pose.points((x, -0.03 - look.plumpness * 0.36), (x - 0.07, -0.03 + look.plumpness * 0.36))
        pen.line(ends, fill=(232, 228, 216), width=2 * thin)


def _scene(width: int, height: int, draw: Generator) -> Image.Image:
    """A background of soft lighter and darker regions, `_FINE` times as large as the photo."""
    top, bottom = _SCENES[draw.integers(len(_SCENES))]
    fall = np.linspace(0, 1, height)[:, None, None]
    total = np.broadcast_to(top * (1 - fall) + bottom * fall, (height, width, 3)).copy()
    for cells, spread in ((5, 20), (16, 13)):
        coarse = Image.fromarray(draw.normal(0, spread, size=(cells, cells)).astype(np.float32))
        total += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))[..., None]
    small = Image.fromarray(_to_bytes(total))
    return small.resize((_FINE * width, _FINE * height), Image.Resampling.BILINEAR)


def _lit(scene: Image.Image, draw: Generator) -> Image.Image:
    """Daylight from one side, with an exposure, a warmth and a grain of its own."""
    angle, strength = draw.uniform(0, 2 * math.pi), draw.uniform(0.03, 0.15)
    across, down = np.linspace(-1, 1, scene.width), np.linspace(-1, 1, scene.height)
    light = 1 + strength * (math.cos(angle) * across[None, :] + math.sin(angle) * down[:, None])
    warmth = draw.uniform(-0.05, 0.05)
    colour = np.array((1 + warmth, 1.0, 1 - warmth)) * draw.uniform(0.88, 1.12)
    grain = draw.normal(0, 4, size=(scene.height, scene.width))
    return Image.fromarray(_to_bytes(np.asarray(scene) * light[..., None] * colour + grain[..., None]))


def _shaded(colour: Colour, factor: float) -> Colour:
    return _colour(np.array(colour) * factor)


def _to_bytes(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _colour(values: NDArray[np.float64] | Sequence[float]) -> Colour:
    red, green, blue = (min(255, max(0, int(value))) for value in values)
    return red, green, blue
