"""Equations: TeX, as matplotlib's mathtext understands it, to inline SVG paths on the true baseline."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from benchsuite.errors import PaperError
from benchsuite.paper.concurrency.memo import memoize

SIZE = 10
PADDING = 0.6


def equation(tex: str, reading: str, *, display: bool = False) -> Markup:
    """`tex` as an SVG sized in em of the text around it. `reading` is its alternative text.

    Raises PaperError for TeX that mathtext does not understand.
    """
    width, height, depth, path = _outline(tex)
    style = f"width:{_em(width + 2 * PADDING)};height:{_em(height + 2 * PADDING)}"
    if not display:
        style += f";vertical-align:{_em(-(depth + PADDING))}"
    box = f"{-PADDING} {-(height - depth) - PADDING:.2f} {width + 2 * PADDING:.2f} {height + 2 * PADDING:.2f}"
    return Markup(
        f'<svg class="math" xmlns="http://www.w3.org/2000/svg" role="img" style="{style}" viewBox="{box}">'
        f'<title>{escape(reading)}</title><path d="{path}"/></svg>'
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
