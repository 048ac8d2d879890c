"""Sample photos: small square JPEG files, made once, so that a paper can be built again from those it carries."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from benchsuite.errors import PaperError

if TYPE_CHECKING:
    from PIL import Image

SIDE = 192
"""Pixels: about 300 to the inch at the size that papers print them."""


def thumbnail(picture: Image.Image) -> bytes:
    """A square JPEG file from the middle of a picture, the same bytes for the same pixels."""
    from PIL import Image, ImageOps

    square = ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    square.save(target, "JPEG", quality=85, optimize=True)
    return target.getvalue()


def as_thumbnail(photo: bytes, title: str) -> bytes:
    """A PNG or JPEG file as a thumbnail; one that is a thumbnail already stays as it is.

    Raises PaperError, naming the class `title`, for a file that cannot be decoded.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(photo))
        picture.load()
        return photo if picture.format == "JPEG" and picture.size == (SIDE, SIDE) else thumbnail(picture)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PaperError(
            f"a sample photo of the class «{title}» cannot be decoded: {error}",
            expected="a PNG or JPEG file",
            remedy="leave the photo out, or give an intact one",
        ) from error
