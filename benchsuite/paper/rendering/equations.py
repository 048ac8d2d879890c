"""Equations: TeX, as matplotlib's mathtext understands it, to inline SVG paths on the true baseline.

The page has MathML beside the drawing, for readers who hear it or copy it; the PDF has the formula as text that is not
printed, and tags in which it is a formula.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from benchsuite.errors import PaperError
from benchsuite.paper.concurrency.memo import memoize
from benchsuite.paper.rendering.tex import as_text, mathml

SIZE = 10
PADDING = 0.6
FORMULA = "\N{FUNCTION APPLICATION}"
"""An invisible sign before the reading of a formula that is printed, and between it and its text: what tags them finds
them by it."""


def equation(tex: str, reading: str, *, display: bool = False, printed: bool = False) -> Markup:
    """`tex` as an SVG sized in em of the text around it. `reading` is its alternative text; where it is printed, what
    is copied of it comes with it.

    Raises PaperError for TeX that mathtext does not understand.
    """
    copied = (as_text(tex) or reading) if printed else ""
    title = f"{FORMULA}{reading}{FORMULA}{copied}" if printed else reading
    return _drawn(tex, display, f'role="img"><title>{escape(title)}</title>', copied)


def spoken_equation(tex: str, reading: str, *, display: bool = False) -> Markup:
    """The same for a page: the drawing for the eye, MathML for the ear, and text for who copies it.

    Raises what `equation` raises.
    """
    spoken = mathml(tex, reading, display=display)
    if spoken is None:
        return equation(tex, reading, display=display)
    drawn = _drawn(tex, display, 'aria-hidden="true">', "")
    heard = Markup('<span class="said">{}</span><span class="copied" aria-hidden="true">{}</span>')
    return Markup('<span class="tex">{}{}</span>').format(drawn, heard.format(spoken, as_text(tex)))


def _drawn(tex: str, display: bool, opening: str, text: str) -> Markup:
    """`opening` ends the tag, and may go on. `text` is set as wide as the drawing, without ink, to be copied."""
    width, height, depth, path = _outline(tex)
    style = f"width:{_em(width + 2 * PADDING)};height:{_em(height + 2 * PADDING)}"
    if not display:
        style += f";vertical-align:{_em(-(depth + PADDING))}"
    box = f"{-PADDING} {-(height - depth) - PADDING:.2f} {width + 2 * PADDING:.2f} {height + 2 * PADDING:.2f}"
    unseen = (
        f'<text x="0" y="0" font-family="IEEE,IEEE-Fallback" font-size="{SIZE}" fill="none" '
        f'textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )
    return Markup(
        f'<svg class="math" xmlns="http://www.w3.org/2000/svg" style="{style}" viewBox="{box}" '
        f'{opening}<path d="{path}"/>{unseen if text else ""}</svg>'
    )


def _em(points: float) -> str:
    return f"{points / SIZE:.3f}em"


@lru_cache(maxsize=512)
@memoize
def _outline(tex: str) -> tuple[float, float, float, str]:
    """Width, height and depth in points, and the path of the glyphs with the baseline at y = 0."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
    fonts: dict[Any, Any] = {"mathtext.fontset": "stix", "font.family": ["STIXGeneral"]}
    try:
        with mpl.rc_context({**mpl.rcParamsDefault, **fonts}):
            font = FontProperties(family="STIXGeneral", size=SIZE, math_fontfamily="stix")
            width, height, depth, _, _ = MathTextParser("path").parse(f"${tex}$", 72, font)
            outline = TextPath((0, 0), f"${tex}$", size=SIZE, prop=font, usetex=False)
    except Exception as error:  # of deep nesting a RecursionError, of sizes that cannot be any of many
        raise PaperError(
            f"this equation cannot be set: ${tex[:80]}$",
            where=str(error).splitlines()[-1] if str(error) else type(error).__name__,
            expected="TeX as matplotlib's mathtext understands it",
            remedy="mend the equation in the suite's prose; a plain dollar sign is written \\$",
        ) from error
    parts: list[str] = []
    for vertices, code in outline.iter_segments(curves=True, simplify=False):
        points = " ".join(_short(v if i % 2 == 0 else -v) for i, v in enumerate(vertices))
        parts.append("Z" if code == Path.CLOSEPOLY else f"{letters[code]}{points}")
    return float(width), float(height), float(depth), "".join(parts)


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
