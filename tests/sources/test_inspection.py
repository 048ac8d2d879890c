"""Images looked at before anything trains: what is broken, odd, or there twice."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter

from benchsuite.contracts.dataset import DatasetIndex, PhotoFiles, Split
from benchsuite.sources.data import LocatedData
from benchsuite.sources.digests import digest_index, fingerprint
from benchsuite.sources.inspection import ALIKE, NEAR, Inspection, Pair, Picture, _see, inspect_data


def scene(seed: int, width: int = 160, height: int = 120) -> Image.Image:
    """A picture that is smooth as photos are: coarse noise made large."""
    draw = np.random.default_rng(seed)
    coarse = Image.fromarray(draw.integers(0, 256, (6, 8, 3), np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def located(home: Path, **splits: dict[str, Image.Image | bytes]) -> LocatedData:
    """Data whose pictures lie at `<split>/<class>/<file>`; splits that are not given have one picture of each class."""
    given: dict[str, dict[str, Image.Image | bytes]] = {"train": {}, "validation": {}, "test": {}}
    for place, split in enumerate(given):
        given[split] = splits.get(split) or {
            f"{label}/own.png": scene(1000 + 10 * place + n) for n, label in enumerate("ab")
        }
    parts = {}
    for split, pictures in given.items():
        for name, picture in pictures.items():
            file = home / split / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(picture, bytes):
                file.write_bytes(picture)
            else:
                picture.save(file)
        names = tuple(f"{split}/{name}" for name in pictures)
        parts[split] = Split(PhotoFiles(home, names), tuple("ab".index(name[0]) for name in pictures))
    index = DatasetIndex(("a", "b"), **parts)
    digests = digest_index(index)
    return LocatedData(home, "own data", "a test", index, fingerprint(index, digests), digests)


def names(pairs: tuple[Pair, ...]) -> list[tuple[str, str, int]]:
    return [(pair.first.name, pair.second.name, pair.harm) for pair in pairs]


def jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    return target.getvalue()


def test_an_orderly_data_set_has_nothing_to_tell(tmp_path: Path) -> None:
    told: list[int] = []
    seen = inspect_data(located(tmp_path), told.append)
    assert told == [1, 2, 3, 4, 5, 6]
    assert seen.copies == seen.near == ()
    assert {picture.size for picture in seen.pictures} == {(160, 120)}
    assert not any(picture.fault or picture.odd or picture.changes for picture in seen.pictures)


def test_broken_and_odd_images_are_told_and_the_others_still_looked_at(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = io.BytesIO()
    scene(7).save(turned, "JPEG", exif=exif)
    data = located(
        tmp_path,
        train={
            "a/whole.png": scene(1),
            "a/broken.jpg": jpeg(scene(2))[:300],
            "a/text.jpg": b"no picture",
            "b/tiny.png": scene(3, 20, 24),
            "b/long.png": scene(4, 400, 50),
            "b/white.png": Image.new("RGB", (50, 50), "white"),
            "b/turned.jpg": turned.getvalue(),
        },
    )
    seen = {
        picture.name.partition("/")[2]: picture for picture in inspect_data(data).pictures if picture.split == "train"
    }
    assert [name for name, picture in seen.items() if picture.fault] == ["a/broken.jpg", "a/text.jpg"]
    assert "it is no image file" in (seen["a/text.jpg"].fault or "")
    assert {name: picture.odd for name, picture in seen.items() if picture.odd} == {
        "b/tiny.png": ("with a side of fewer than 32 pixels",),
        "b/long.png": ("with one side more than 3 times the other",),
        "b/white.png": ("of one colour",),
    }
    assert seen["b/turned.jpg"].size == (120, 160)
    assert seen["b/turned.jpg"].changes == {"turned upright"}


def test_copies_are_paired_with_the_one_that_does_most_harm(tmp_path: Path) -> None:
    same, other = scene(1), scene(2)
    data = located(
        tmp_path,
        train={"a/1.png": same, "a/2.png": same, "b/3.png": same, "a/4.png": other},
        test={"a/5.png": other, "b/6.png": scene(3)},
    )
    seen = inspect_data(data)
    assert names(seen.copies) == [
        ("train/a/1.png", "train/a/2.png", 0),
        ("train/a/1.png", "train/b/3.png", 2),
        ("train/a/4.png", "test/a/5.png", 1),
    ]
    assert seen.near == ()


def test_near_copies_are_found_across_splits_and_classes_and_strangers_are_not(tmp_path: Path) -> None:
    photo = scene(1)
    data = located(
        tmp_path,
        train={"a/photo.png": photo, **{f"b/{n}.png": scene(100 + n) for n in range(20)}},
        validation={"b/smaller.jpg": jpeg(photo.resize((80, 60)), 60), "a/x.png": scene(50)},
        test={"a/brighter.png": ImageEnhance.Brightness(photo).enhance(1.15), "b/y.png": scene(51)},
    )
    assert names(inspect_data(data).near) == [
        ("train/a/photo.png", "validation/b/smaller.jpg", 2),
        ("validation/b/smaller.jpg", "test/a/brighter.png", 2),
    ]


def test_pictures_of_one_colour_are_no_near_copies(tmp_path: Path) -> None:
    grounds = {f"a/{n}.png": Image.new("RGB", (50, 50), (n, n, n)) for n in range(5)}
    assert inspect_data(located(tmp_path, train={**grounds, "b/x.png": scene(1)})).near == ()


def test_more_pictures_than_are_compared_at_once_are_all_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchsuite.sources import inspection

    monkeypatch.setattr(inspection, "_BLOCK", 3)
    pictures = {f"{'ab'[n % 2]}/{n}.png": scene(n) for n in range(8)}
    pictures["a/again.jpg"] = jpeg(scene(0).filter(ImageFilter.GaussianBlur(0.5)))
    assert names(inspect_data(located(tmp_path, train=pictures)).near) == [("train/a/0.png", "train/a/again.jpg", 0)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 2.0), st.integers(50, 95), st.floats(0.85, 1.15))
def test_a_photo_saved_anew_keeps_its_look(seed: int, scale: float, quality: int, contrast: float) -> None:
    photo = scene(seed)
    size = (round(160 * scale), round(120 * scale))
    again = Image.open(io.BytesIO(jpeg(ImageEnhance.Contrast(photo.resize(size)).enhance(contrast), quality)))
    one, other = _see(photo)[1], _see(again.convert("RGB"))[1]
    assert (64 - one[:64] @ other[:64]) / 2 <= NEAR
    assert one[64:] @ other[64:] >= ALIKE


def test_one_outline_in_other_colours_is_another_photo(tmp_path: Path) -> None:
    light = scene(1).convert("L")
    dim = light.point(lambda level: level // 3)
    warm, cold = Image.merge("RGB", (light, dim, dim)), Image.merge("RGB", (dim, dim, light))
    assert (64 - _see(warm)[1][:64] @ _see(cold)[1][:64]) / 2 <= NEAR
    assert inspect_data(located(tmp_path, train={"a/1.png": warm, "b/2.png": cold})).near == ()


def test_what_is_seen_is_plain_data() -> None:
    picture = Picture("train", 0, "a", 0, "x")
    assert picture == Picture("train", 0, "a", 0, "x", look=np.ones(64, np.float32))
    assert Pair(picture, picture).harm == 0
    assert Inspection.__dataclass_params__.frozen  # type: ignore[attr-defined]
