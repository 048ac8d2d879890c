from __future__ import annotations

import os
import resource
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image

from benchsuite.contracts.dataset import PhotoFiles, Preprocessing
from benchsuite.engine.data import images as module
from benchsuite.engine.data.images import load_images
from benchsuite.engine.data.inputs import reside
from benchsuite.errors import DataError, StoreError
from benchsuite.sources.digests import digest_images

COUNT = 5


def preprocessing(size: tuple[int, int] = (8, 6), resize: str = "squash") -> Preprocessing:
    return Preprocessing(size, (0, 0, 0), (1, 1, 1), resize)  # type: ignore[arg-type]


@pytest.fixture
def photos(tmp_path: Path) -> PhotoFiles:
    root = tmp_path / "photos"
    root.mkdir()
    random = np.random.default_rng(0)
    for i in range(COUNT):
        shape = (40, 30, 3) if i % 2 else (24, 50, 3)
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(root / f"{i}.png")
    return PhotoFiles(root, tuple(f"{i}.png" for i in range(COUNT)))


def pixels(photos: PhotoFiles, cache: Path, asked: Preprocessing | None = None) -> np.ndarray:
    return load_images(photos, digest_images(photos), asked or preprocessing(), cache).pixels


def files(cache: Path, suffix: str = ".u8") -> list[Path]:
    return sorted((cache / "images").glob(f"*{suffix}"))


def test_squash_scales_both_sides(photos: PhotoFiles, tmp_path: Path) -> None:
    cached = pixels(photos, tmp_path / "cache")
    assert cached.shape == (COUNT, 8, 6, 3)
    assert cached.dtype == np.uint8
    for i in range(COUNT):
        expected = photos.decode(i, photos.read(i)).resize((6, 8), Image.Resampling.BILINEAR)
        assert np.array_equal(cached[i], np.asarray(expected))


def test_the_central_fraction_is_scaled_with_the_interpolation_that_is_asked_for(
    photos: PhotoFiles, tmp_path: Path
) -> None:
    plain, cubic = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC
    asked = Preprocessing((8, 8), (0, 0, 0), (1, 1, 1), "crop", crop_fraction=0.5, interpolation="bicubic")
    squashed = replace(asked, resize="squash", interpolation="bilinear")
    cached, other = (pixels(photos, tmp_path / "cache", one) for one in (asked, squashed))
    for i in range(COUNT):
        photo = photos.decode(i, photos.read(i))
        (wide, high), side = photo.size, min(photo.size) / 2
        middle = ((wide - side) / 2, (high - side) / 2, (wide + side) / 2, (high + side) / 2)
        assert np.array_equal(cached[i], np.asarray(photo.resize((8, 8), cubic, box=middle)))
        half = (wide / 4, high / 4, 3 * wide / 4, 3 * high / 4)
        assert np.array_equal(other[i], np.asarray(photo.resize((8, 8), plain, box=half)))
    assert len(files(tmp_path / "cache")) == 2


def test_crop_keeps_the_centre_and_the_proportions(tmp_path: Path) -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    cached = pixels(PhotoFiles(tmp_path, ("wide.png",)), tmp_path / "cache", preprocessing((10, 10), "crop"))
    assert (cached == 200).all()


def test_grey_and_transparent_pictures_become_rgb(tmp_path: Path) -> None:
    Image.new("L", (9, 9), 77).save(tmp_path / "grey.png")
    Image.new("RGBA", (9, 9), (10, 20, 30, 128)).save(tmp_path / "clear.png")
    cached = pixels(PhotoFiles(tmp_path, ("grey.png", "clear.png")), tmp_path / "cache")
    assert (cached[0] == 77).all()
    assert (cached[1] == (132, 137, 142)).all()


def test_the_sizes_of_the_photos_are_kept_beside_their_pixels(photos: PhotoFiles, tmp_path: Path) -> None:
    expected = [[40, 30] if i % 2 else [24, 50] for i in range(COUNT)]
    for _ in range(2):  # decoded, then from the cache
        assert load_images(photos, digest_images(photos), preprocessing(), tmp_path).sizes.tolist() == expected


def test_the_array_cannot_be_written(photos: PhotoFiles, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        pixels(photos, tmp_path / "cache")[0] = 0


def test_photos_are_decoded_once(photos: PhotoFiles, tmp_path: Path) -> None:
    digests = digest_images(photos)
    first = load_images(photos, digests, preprocessing(), tmp_path / "cache").pixels
    for path in photos.root.iterdir():
        path.unlink()
    assert np.array_equal(first, load_images(photos, digests, preprocessing(), tmp_path / "cache").pixels)


def test_everything_that_decides_the_pixels_is_in_the_key(
    photos: PhotoFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    pixels(photos, cache)
    pixels(photos, cache)
    assert len(files(cache)) == 1
    pixels(photos, cache, preprocessing((6, 8)))
    pixels(photos, cache, preprocessing(resize="crop"))
    pixels(PhotoFiles(photos.root, photos.names[::-1]), cache)
    monkeypatch.setattr(module, "pillow_version", "0.0")
    pixels(photos, cache)
    monkeypatch.setattr(module.features, "version", lambda name: "0")
    pixels(photos, cache)
    assert len(files(cache)) == 6


def test_names_of_photos_are_not_in_the_key(photos: PhotoFiles, tmp_path: Path) -> None:
    pixels(photos, tmp_path / "cache")
    (photos.root / "0.png").rename(photos.root / "renamed.png")
    pixels(PhotoFiles(photos.root, ("renamed.png", *photos.names[1:])), tmp_path / "cache")
    assert len(files(tmp_path / "cache")) == 1


def test_a_truncated_cache_file_is_built_again(photos: PhotoFiles, tmp_path: Path) -> None:
    whole = pixels(photos, tmp_path / "cache").copy()
    (path,) = files(tmp_path / "cache")
    path.write_bytes(path.read_bytes()[:100])
    assert np.array_equal(pixels(photos, tmp_path / "cache"), whole)


@pytest.mark.parametrize("position", [0, 100, -1])
def test_a_changed_byte_in_the_cache_is_noticed_and_the_file_built_again(
    photos: PhotoFiles, tmp_path: Path, position: int
) -> None:
    first = load_images(photos, digest_images(photos), preprocessing(), tmp_path / "cache")
    whole, sizes = first.pixels.copy(), first.sizes.copy()
    (path,) = files(tmp_path / "cache")
    status, content = path.stat(), bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = load_images(photos, digest_images(photos), preprocessing(), tmp_path / "cache")
    assert np.array_equal(again.pixels, whole)
    assert np.array_equal(again.sizes, sizes)


def test_a_cached_file_that_goes_while_it_is_used_stays_readable(photos: PhotoFiles, tmp_path: Path) -> None:
    cached = pixels(photos, tmp_path / "cache")
    whole = cached.copy()
    for path in files(tmp_path / "cache"):
        path.unlink()
    assert np.array_equal(reside(cached, torch.device("cpu")).numpy(), whole)
    with pytest.raises(ValueError, match="read-only"):
        cached[0] = 0


def test_a_photo_that_was_changed_since_it_was_hashed_is_refused_by_name(photos: PhotoFiles, tmp_path: Path) -> None:
    digests = digest_images(photos)
    status = photos.path(2).stat()
    Image.new("RGB", (40, 30)).save(photos.path(2))
    os.utime(photos.path(2), ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(DataError, match="changed since the study was planned") as caught:
        load_images(photos, digests, preprocessing(), tmp_path / "cache")
    assert str(photos.path(2)) in str(caught.value)
    assert files(tmp_path / "cache") == []


def test_what_is_decoded_is_what_was_hashed_even_when_files_change_between_reads(
    photos: PhotoFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests, whole = digest_images(photos), pixels(photos, tmp_path / "first").copy()
    read = PhotoFiles.read

    def read_once(self: PhotoFiles, i: int) -> bytes:
        content = read(self, i)
        self.path(i).write_bytes(b"something else")
        return content

    monkeypatch.setattr(PhotoFiles, "read", read_once)
    assert np.array_equal(load_images(photos, digests, preprocessing(), tmp_path / "second").pixels, whole)


def test_all_photos_that_cannot_be_decoded_are_named_at_once(photos: PhotoFiles, tmp_path: Path) -> None:
    for i in (0, 2, 4):
        photos.path(i).write_bytes(b"no picture")
    with pytest.raises(DataError, match="3 images cannot be used") as caught:
        pixels(photos, tmp_path / "cache")
    assert all((str(photos.path(i)) in str(caught.value)) is (i in (0, 2, 4)) for i in range(COUNT))
    assert "--skip-broken" in str(caught.value)


@pytest.mark.parametrize("spoil", [lambda content: content[: len(content) // 2], lambda content: b"no picture"])
def test_a_photo_that_cannot_be_decoded_is_named_and_nothing_is_left(spoil, photos: PhotoFiles, tmp_path: Path) -> None:
    victim = photos.path(3)
    victim.write_bytes(spoil(victim.read_bytes()))
    with pytest.raises(DataError) as caught:
        pixels(photos, tmp_path / "cache")
    assert str(victim) in str(caught.value)
    assert files(tmp_path / "cache") == files(tmp_path / "cache", ".tmp") == []


def test_a_full_disk_is_said_with_a_remedy_and_nothing_is_left(photos: PhotoFiles, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    digests = digest_images(photos)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))
    try:
        with pytest.raises(StoreError, match="full") as caught:
            load_images(photos, digests, preprocessing(), tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "BENCHSUITE_CACHE" in str(caught.value)
    assert files(tmp_path / "cache") == files(tmp_path / "cache", ".tmp") == []


def test_two_that_build_at_once_build_once(photos: PhotoFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    original = module._build

    def slow(*arguments: object) -> object:
        built.append(1)
        time.sleep(0.2)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_build", slow)
    results: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: results.append(pixels(photos, tmp_path / "cache"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(built) == 1
    assert len(results) == 3
    assert all(np.array_equal(results[0], result) for result in results)


def test_decoding_is_announced_once(photos: PhotoFiles, tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        load_images(photos, digest_images(photos), preprocessing(), tmp_path / "cache", said.append)
    assert said == ["decoding 5 images once, at 8 x 6"]


def test_images_that_were_not_used_for_longest_give_way(
    photos: PhotoFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    for height in (4, 5, 6):
        pixels(photos, cache, preprocessing((height, 40)))
    old, middle, new = sorted(files(cache), key=lambda path: path.stat().st_size)
    for age, path in enumerate((new, middle, old)):
        os.utime(path.with_suffix(".json"), (1_000_000 - age, 1_000_000 - age))
    pixels(photos, cache, preprocessing((4, 40)))  # uses the oldest again
    room = 1.5 * (old.stat().st_size + new.stat().st_size)
    monkeypatch.setenv("BENCHSUITE_CACHE_GB", str(room / 2**30))
    pixels(photos, cache, preprocessing((3, 40)))
    assert middle not in files(cache)
    assert {old, new} < set(files(cache))


class Cropped(PhotoFiles):
    """Photos that another class reads in another way, with the digests of the whole files."""

    def decode(self, i: int, content: bytes) -> Image.Image:
        return super().decode(i, content).crop((0, 0, 5, 5))


def test_pixels_are_known_by_the_code_that_reads_them(photos: PhotoFiles, tmp_path: Path) -> None:
    whole = pixels(photos, tmp_path)
    cropped = pixels(Cropped(photos.root, photos.names), tmp_path)
    assert not np.array_equal(whole, cropped)


@pytest.mark.parametrize(("mode", "suffix"), [("I;16", "png"), ("I", "tiff"), ("F", "tiff")])
def test_photos_of_more_than_eight_bits_are_refused_and_not_cut_off(mode: str, suffix: str, tmp_path: Path) -> None:
    Image.new(mode, (9, 9), 300).save(tmp_path / f"xray.{suffix}")
    with pytest.raises(DataError, match="more than 8 bits") as caught:
        pixels(PhotoFiles(tmp_path, (f"xray.{suffix}",)), tmp_path / "cache")
    assert "8 bits a channel" in str(caught.value)


def test_digests_that_do_not_fit_the_images_are_refused(photos: PhotoFiles, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="5 images and 0 digests"):
        load_images(photos, [], preprocessing(), tmp_path)


def test_every_core_decodes_and_an_image_that_takes_long_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cores, together, most = 3, threading.Lock(), [0, 0]
    first_may_end = threading.Event()

    def decode(_: object, i: int, __: str) -> Image.Image:
        with together:
            most[0] += 1
            most[1] = max(most)
        if i == 0:
            assert first_may_end.wait(60)
        if i == 2 * cores:  # others went on meanwhile
            first_may_end.set()
        with together:
            most[0] -= 1
        return Image.new("RGB", (2, 2), (i, 0, 0))

    monkeypatch.setattr(module, "usable_cores", lambda: cores)
    monkeypatch.setattr(module, "open_image", decode)
    photos: Any = module._decode(cast("Any", range(40)), ["x"] * 40, Preprocessing((2, 2), (0, 0, 0), (1, 1, 1)))
    assert [photo.pixels[0, 0, 0] for photo in photos] == list(range(40))
    assert 1 < most[1] <= cores
