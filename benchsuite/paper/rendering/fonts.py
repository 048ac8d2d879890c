"""The typefaces of a paper: STIX and DejaVu as matplotlib carries them, so that no system font decides a byte."""

from __future__ import annotations

import base64
import io
from functools import cache
from pathlib import Path

from benchsuite.paper.concurrency.memo import memoize

FACES = ("STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol", "STIXGeneralBolIta", "DejaVuSerif", "DejaVuSansMono")
TEXT_FACES = (
    ("STIXGeneral", 400, "normal"),
    ("STIXGeneralItalic", 400, "italic"),
    ("STIXGeneralBol", 700, "normal"),
    ("STIXGeneralBolIta", 700, "italic"),
)
ALWAYS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÁÉÍÓÚÑÜ▲▼§«» .,-0123456789abcdefghijklmnopqrstuvwxyz"


@cache
def face(name: str) -> bytes:
    """The TrueType file of one of FACES."""
    import matplotlib

    return (Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf").read_bytes()


@memoize
def web_faces(characters: str) -> str:
    """`@font-face` rules with WOFF2 subsets of the text faces that hold just `characters`, sorted; no time stamps."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    rules: list[str] = []
    for name, weight, style in TEXT_FACES:
        font = TTFont(io.BytesIO(face(name)), recalcTimestamp=False)
        options = subset.Options()
        options.flavor = "woff2"
        options.layout_features = ["*"]
        options.hinting = False
        options.drop_tables += ["FFTM"]
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=characters + ALWAYS)
        subsetter.subset(font)
        packed = io.BytesIO()
        font.flavor = "woff2"
        font.save(packed)
        source = f"url(data:font/woff2;base64,{base64.b64encode(packed.getvalue()).decode()}) format('woff2')"
        rules.append(f"@font-face{{font-family:IEEE;src:{source};font-weight:{weight};font-style:{style}}}")
    return "".join(rules)
