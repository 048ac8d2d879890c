"""What matplotlib saves as a reproducible, accessible SVG that can stand in a page with others."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from markupsafe import escape

from benchsuite.paper.figures.style import FAMILIES


def mark_identifier(case: str, seed: int | None = None) -> str:
    """The identifier of an artist that shows a case, or one run of it: `clean_svg` makes attributes of it, which
    several artists may share."""
    return f"case={quote(case)}" if seed is None else f"seed={seed} case={quote(case)}"


def clean_svg(svg: str, name: str, alt: str) -> str:
    """`name` prefixes every identifier; `alt` is the title that is read aloud."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="(legend )?(?:seed=(\d+) )?case=([^"]*)"', _facet, svg)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'xlink:href="#{name}-\1"', svg)
    svg = re.sub(r' style="([^"]*)"', _attributes, svg)
    svg = re.sub(r">\s+<", "><", svg)
    head, rest = svg.split(">", 1)
    head += f' role="img" aria-labelledby="{name}-title"'
    return f'{head}><title id="{name}-title">{escape(alt)}</title>{rest}'.strip()


def _facet(match: re.Match[str]) -> str:
    """What `mark_identifier` wrote as attributes."""
    legend, seed, case = match[1], match[2], escape(unquote(match[3]))
    if legend:
        return f'data-legend="{case}"'
    return f'data-case="{case}"' + (f' data-seed="{seed}"' if seed else "")


def _attributes(match: re.Match[str]) -> str:
    """Inline style as presentation attributes: WeasyPrint would log each one as unknown CSS."""
    out: list[str] = []
    for declaration in match[1].split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            font = re.fullmatch(r"(?:(italic|oblique) )?(?:(bold|\d{3}) )?([\d.]+)px .*", value)
            if font is None:
                continue
            style, weight, size = font.groups()
            out += [f' font-style="{style}"'] if style else []
            out += [f' font-weight="{weight}"'] if weight else []
            out.append(f' font-size="{size}" font-family="{FAMILIES}"')
        elif key:
            out.append(f' {key}="{FAMILIES if key == "font-family" else value}"')
    return "".join(out)
