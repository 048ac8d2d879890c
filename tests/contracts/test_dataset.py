"""Photos as cameras, phones and programs make them: what they look like once decoded."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchsuite.contracts.dataset import CHANGES, CardTranslation, DatasetCard, PhotoFiles, photo_suffixes
from benchsuite.errors import DataError
from benchsuite.legible import let_pillow_remark

UPRIGHT = np.kron(
    np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]]], np.uint8), np.ones((8, 16, 1), np.uint8)
)
"""A wide picture whose corners are red, green, blue and yellow."""
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT),
    7: UPRIGHT.transpose(1, 0, 2)[::-1, ::-1],
    8: np.rot90(UPRIGHT, -1),
}
"""What a camera stores of it, by the orientation that it notes (CIPA DC-008, table 4)."""


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def decode(content: bytes) -> Image.Image:
    return PhotoFiles(Path("photos"), ("a.jpg",)).decode(0, content)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_photos_are_turned_as_the_camera_was_held(orientation: int, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "lossless": True} if form == "WEBP" else {"quality": 95} if form == "JPEG" else {}
    picture = decode(saved(Image.fromarray(np.ascontiguousarray(STORED[orientation])), form, exif=exif, **options))
    assert picture.size == (32, 16)
    assert np.abs(np.asarray(picture).astype(int) - UPRIGHT).mean() < 12
    assert picture.info[CHANGES] == ({"turned upright"} if orientation > 1 else set())


@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
def test_exif_data_that_nobody_can_read_turn_nothing(exif: bytes) -> None:
    assert decode(saved(Image.fromarray(UPRIGHT), "JPEG", exif=exif)).size == (32, 16)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_on_white(mode: str) -> None:
    drawn = Image.new("RGBA", (4, 2), (200, 0, 0, 255))
    drawn.paste((7, 77, 177, 0), (0, 0, 2, 2))
    picture = decode(saved(drawn.convert(mode), "PNG"))
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.getpixel((3, 0)) != (255, 255, 255)
    assert picture.info[CHANGES] == {"transparency on white"}


def test_an_alpha_channel_that_hides_nothing_changes_nothing() -> None:
    picture = decode(saved(Image.fromarray(UPRIGHT).convert("RGBA"), "PNG"))
    assert np.array_equal(np.asarray(picture), UPRIGHT)
    assert picture.info[CHANGES] == set()


def test_half_transparent_pixels_are_mixed_with_white() -> None:
    picture = decode(saved(Image.new("RGBA", (1, 1), (0, 0, 0, 51)), "PNG"))
    assert picture.getpixel((0, 0)) == (204, 204, 204)


@pytest.mark.parametrize(("form", "frames"), [("GIF", 3), ("TIFF", 2), ("PNG", 2), ("WEBP", 2)])
def test_of_several_frames_the_first_is_taken_and_it_is_told(form: str, frames: int) -> None:
    more = [Image.new("RGB", (5, 3), (0, 50 * n, 0)) for n in range(1, frames)]
    options = {"lossless": True} if form == "WEBP" else {}
    picture = decode(saved(Image.new("RGB", (5, 3), "red"), form, save_all=True, append_images=more, **options))
    assert picture.getpixel((2, 1)) == (255, 0, 0)
    assert picture.info[CHANGES] == {"first of several frames"}


def test_a_preview_beside_a_photo_is_no_second_frame() -> None:
    picture = decode(saved(Image.fromarray(UPRIGHT), "MPO", save_all=True, append_images=[Image.new("RGB", (4, 2))]))
    assert picture.info[CHANGES] == set()


def test_photos_of_phones_in_heic_are_decoded() -> None:
    heif = pytest.importorskip("pillow_heif")
    assert ".heic" in photo_suffixes()
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(UPRIGHT)).save(file, quality=90)
    picture = decode(file.getvalue())
    assert picture.size == (32, 16)
    assert np.abs(np.asarray(picture).astype(int) - UPRIGHT).mean() < 20


def test_formats_that_start_other_programs_are_refused() -> None:
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(DataError, match="cannot be decoded"):
        decode(page)
    assert not {".eps", ".ps", ".wmf", ".emf", ".mpg"} & photo_suffixes()


WHOLE = [saved(Image.fromarray(UPRIGHT), form) for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "TGA")]


@given(content=st.sampled_from(WHOLE), cut=st.floats(0, 1), at=st.floats(0, 1), byte=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_whatever_is_in_a_file_it_is_a_picture_or_a_data_error(
    content: bytes, cut: float, at: float, byte: int
) -> None:
    spoilt = bytearray(content)
    spoilt[int(at * (len(spoilt) - 1))] ^= byte
    with suppress(DataError):
        assert decode(bytes(spoilt[: int(cut * len(spoilt)) + 1])).mode == "RGB"


NOISE = Image.fromarray(np.random.default_rng(0).integers(1, 255, (64, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("part", [0.02, 0.2, 0.5])
def test_a_file_whose_end_was_filled_with_zeros_is_an_error(form: str, part: float) -> None:
    whole = saved(NOISE, form)
    lost = int(part * len(whole))
    with pytest.raises(DataError, match=r"its end is missing|broken PNG"):
        decode(whole[:-lost] + bytes(lost))


def test_bytes_damaged_in_the_midst_of_a_png_are_an_error() -> None:
    whole = bytearray(saved(NOISE, "PNG"))
    whole[len(whole) // 2] ^= 1
    with pytest.raises(DataError, match="broken PNG"):
        decode(bytes(whole))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "MPO"])
def test_what_programs_append_to_a_photo_is_no_damage(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 1
    assert decode(saved(NOISE, form, exif=exif) + b"trailer \xff\xda" + bytes(999)).size == (64, 64)


@pytest.mark.filterwarnings("error")
def test_a_photo_of_a_hundred_megapixels_is_no_fault_in_a_process_of_ours() -> None:
    let_pillow_remark()  # pytest restores the filters
    assert decode(saved(Image.new("1", (12000, 9000)), "PNG")).size == (12000, 9000)


def test_a_card_has_in_each_language_its_own_words_and_none_of_another() -> None:
    card = DatasetCard("Ruido", "Es ruido.", "CC0", "", "", (), ("a", "b"), {}, class_titles={"a": "la a"})
    said = CardTranslation(summary="It is noise.", class_titles={"a": "the a"})
    both = replace(card, translations={"en": said})
    assert both.in_language("es") == card
    assert (both.in_language("en").summary, both.in_language("en").class_titles) == ("It is noise.", {"a": "the a"})
    assert (both.in_language("en").title, both.in_language("en").licence) == ("Ruido", "CC0")
    bare = card.in_language("en")
    assert (bare.title, bare.summary, bare.class_titles, bare.translations) == ("Ruido", "", {}, {})
