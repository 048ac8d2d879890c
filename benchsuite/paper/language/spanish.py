"""Spanish typography: numbers, percentages, intervals, dates, lists and small capitals.

Decimal comma; thousands by a non-breaking space from five digits on; a non-breaking space before units and the
percent sign; a true minus (Ortografía de la lengua española, 2010, and the SI brochure).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from markupsafe import Markup, escape

NBSP = "\u00a0"
MINUS = "\u2212"
CONFIDENCE = f"95{NBSP}%"
"""The level of every interval."""
UNACCENTED = str.maketrans("óú", "ou")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip
ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
SHORT_MONTHS = ("ene.", "feb.", "mar.", "abr.", "mayo", "jun.", "jul.", "ago.", "sept.", "oct.", "nov.", "dic.")


def number(value: float, decimals: int | None = None) -> str:
    """`value` as Spanish prints it: 1539, 11 178 051, 0,961, 1,5·10⁻¹². Without `decimals`, the shortest exact form."""
    if not math.isfinite(value):
        return "—"
    text = _shortest(value) if decimals is None else f"{value:.{decimals}f}"
    mantissa, _, exponent = text.partition("e")
    if exponent:
        return f"{number(float(mantissa))}·10{str(int(exponent)).translate(RAISED)}"
    negative = text.startswith("-")
    whole, _, fraction = text.lstrip("-").partition(".")
    if len(whole) > 4:
        whole = NBSP.join(re.findall(r"\d{1,3}(?=(?:\d{3})*$)", whole))
    negative = negative and any(digit in "123456789" for digit in text)
    return (MINUS if negative else "") + whole + (f",{fraction}" if fraction else "")


def _shortest(value: float) -> str:
    if isinstance(value, int):
        return f"{value:d}"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.12f}".rstrip("0") if 1e-10 < abs(value) < 1e15 else f"{value:g}"


def significant(value: float, digits: int = 2) -> str:
    """A positive amount to at least so many significant digits and two decimals: «3,63», «0,0012»."""
    decimals = 2 if value >= 0.1 or value <= 0 else digits - 1 - math.floor(math.log10(value))
    return number(value, decimals)


def signed(value: float, decimals: int) -> str:
    """A difference: always with its sign, except zero."""
    text = number(value, decimals)
    return text if text.startswith(MINUS) or not any(d in "123456789" for d in text) else f"+{text}"


def percent(fraction: float, decimals: int = 1) -> str:
    """A fraction of one as a percentage: 0.961 is «96,1 %»."""
    return f"{number(100 * fraction, decimals)}{NBSP}%"


def measure(value: float, unit: str, decimals: int | None = None) -> str:
    return f"{number(value, decimals)}{NBSP}{unit}"


def p_value(p: float) -> str:
    """A p value to three decimals; smaller ones as a bound."""
    return f"<{NBSP}0,001" if p < 0.001 else number(p, 3)


def seconds(value: float) -> str:
    """A duration that a reader can picture: «41,2 s», «12,3 min», «5,1 h»."""
    if value < 120:
        return measure(value, "s", 1)
    if value < 7200:
        return measure(value / 60, "min", 1)
    return measure(value / 3600, "h", 1)


def date(iso: str) -> str:
    """«21 de noviembre de 2026» for an ISO 8601 date or instant."""
    year, month, day = (int(part) for part in iso[:10].split("-"))
    return f"{day}{NBSP}de {MONTHS[month - 1]} de{NBSP}{year}"


def roman(value: int) -> str:
    text = ""
    for amount, letters in ROMAN:
        text += letters * (value // amount)
        value %= amount
    return text


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def lower_first(name: str) -> str:
    """A name within a sentence; one that begins with several capitals keeps them."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def listing(items: Sequence[str]) -> str:
    """«a, b y c», with «e» before the sound i."""
    if len(items) < 2:
        return "".join(items)
    link = "e" if re.match(r"(?i)\W*h?[ií](?![aeiouáéóú])", items[-1]) else "y"
    return f"{', '.join(items[:-1])} {link}{NBSP}{items[-1]}"


def count(amount: int, noun: str) -> str:
    """«una semilla», «10 semillas», «2 ejecuciones comunes»: as many of what `noun` names in the singular."""
    if amount == 1:
        return f"{'una' if noun.split()[0].endswith(('a', 'ión')) else 'un'} {noun}"
    return f"{number(amount)}{NBSP}{' '.join(map(_pluralize, noun.split()))}"


def _pluralize(word: str) -> str:
    if word.endswith(("ón", "ún")):
        return word[:-2] + word[-2:].translate(UNACCENTED) + "es"
    return f"{word}s" if word[-1] in "aeo" else f"{word}es"


def small_caps(text: str) -> Markup:
    """Small capitals drawn as capitals of two sizes: the text face has no `smcp` feature."""
    parts: list[str] = []
    for token in re.split(r"(\s+)", text):
        head = re.match(r"[^a-záéíóúüñ]*", token)
        cut = head.end() if head else 0
        parts.append(str(escape(token[:cut])))
        if token[cut:]:
            parts.append(f'<span class="sc">{escape(token[cut:].upper())}</span>')
    return Markup("".join(parts))
