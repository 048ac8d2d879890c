"""Typography by the paper's language: numbers, percentages, differences, durations, numerals and small capitals.

The decimal sign and the percent sign are those of the language (Unicode's CLDR, which Babel has). Thousands are parted
by a narrow non-breaking space from five digits on, which justified lines do not stretch; a non-breaking space stands
before units, and minus is a true minus (SI brochure; Ortografía de la lengua española, 2010; IEEE Editorial Style
Manual).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby

from babel import Locale
from markupsafe import Markup

from benchsuite.paper.language.current import spoken
from benchsuite.suite.schema.suite import Language

NBSP = "\u00a0"
NARROW = "\u202f"
MINUS = "\u2212"
MOST_OF_UNIT = 10_000
"""So many of a unit are too long to read."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


@cache
def _signs(language: Language) -> tuple[str, str]:
    """The decimal sign, and what stands after a percentage."""
    locale = Locale.parse(language)
    return locale.number_symbols["latn"]["decimal"], locale.percent_formats[None].suffix[0]


def number(value: float, decimals: int | None = None) -> str:
    """`value` as it is printed: 1539, 11 178 051, 0,961, 1,5·10⁻¹². Without `decimals`, the shortest exact form."""
    if not math.isfinite(value):
        return "—"
    text = _shortest(value) if decimals is None else f"{value:.{decimals}f}"
    mantissa, _, exponent = text.partition("e")
    if exponent:
        return f"{number(float(mantissa))}·10{str(int(exponent)).translate(RAISED)}"
    negative = text.startswith("-")
    whole, _, fraction = text.lstrip("-").partition(".")
    if len(whole) > 4:
        whole = NARROW.join(re.findall(r"\d{1,3}(?=(?:\d{3})*$)", whole))
    negative = negative and any(digit in "123456789" for digit in text)
    return (MINUS if negative else "") + whole + (f"{_signs(spoken())[0]}{fraction}" if fraction else "")


def list_sign() -> str:
    """What parts the numbers of a list: a semicolon where the decimal sign is a comma."""
    return "; " if _signs(spoken())[0] == "," else ", "


def set_numbers(text: str) -> str:
    """Prose whose numbers are parted, and hold their percent signs, as those that are printed here."""
    return re.sub(r"(?<=\d) (?=%)", NBSP, re.sub(rf"(?<=\d){NBSP}(?=\d{{3}}(?!\d))", NARROW, text))


def tie_numbers(name: str) -> str:
    """A name whose numbers stay on the line of the words before them: «ajuste 3»."""
    return re.sub(r"(?<=[^\W\d_]) (?=\d)", NBSP, name)


def _shortest(value: float) -> str:
    if isinstance(value, int):
        return f"{value:d}"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.12f}".rstrip("0") if 1e-10 < abs(value) < 1e15 else f"{value:g}"


def rounded(value: float) -> str:
    """With four significant digits, as people write it."""
    plain = f"{value:.4g}"
    if "e" in plain:
        return plain.replace(".", _signs(spoken())[0])
    return number(float(plain), len(plain.partition(".")[2]))


def significant(value: float, digits: int = 2) -> str:
    """A positive amount to at least so many significant digits and two decimals: «3,63», «0,0012»."""
    decimals = 2 if value >= 0.1 or value <= 0 else digits - 1 - math.floor(math.log10(value))
    return number(value, decimals)


def operations_unit(most: float) -> tuple[str, float]:
    """The unit of floating-point operations, up to so many, and how many of it one is."""
    return ("GFLOP", 1e-9) if most >= 1e8 else ("MFLOP", 1e-6)


def signed(value: float, decimals: int) -> str:
    """A difference: always with its sign, except zero."""
    text = number(value, decimals)
    return text if text.startswith(MINUS) or not any(d in "123456789" for d in text) else f"+{text}"


def percent(fraction: float, decimals: int = 1) -> str:
    """A fraction of one as a percentage: 0.961 is «96,1 %»."""
    return with_unit(number(100 * fraction, decimals), "%")


def measure(value: float, unit: str, decimals: int | None = None) -> str:
    return with_unit(number(value, decimals), unit)


def with_unit(printed: str, unit: str) -> str:
    """A printed number with its unit, if it has one."""
    if unit == "%":
        return printed + _signs(spoken())[1]
    return f"{printed}{NBSP}{unit}" if unit else printed


def p_value(p: float) -> str:
    """A p value to three decimals; smaller ones, and those next to 1, as a bound."""
    if p < 0.001:
        return f"<{NBSP}{number(0.001)}"
    return f">{NBSP}{number(0.99)}" if p > 0.99 else number(p, 3)


def seconds(value: float, *, like: float | None = None) -> str:
    """A duration that a reader can picture, in the unit that suits it or that suits `like`: «350 ms», «41,2 s»,
    «12,3 min», «5,1 h»."""
    unit, scale, decimals = duration_unit(value if like is None else like)
    return measure(scale * value, unit, decimals)


def shared_duration(values: Sequence[float]) -> float | None:
    """The duration whose unit suits all of these, which is the shortest; None where the longest would be too long for
    it."""
    shortest, longest = min(values), max(values)
    return shortest if duration_unit(shortest)[1] * longest < MOST_OF_UNIT else None


def duration_unit(value: float) -> tuple[str, float, int]:
    """The unit of a duration, how many of it a second is, and the decimals that it is written with."""
    size = abs(value)
    if 0 < size < 1:
        return ("ms", 1000, 0) if size >= 0.01 else ("ms", 1000, 1)
    return ("s", 1, 1) if size < 120 else ("min", 1 / 60, 1) if size < 7200 else ("h", 1 / 3600, 1)


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


_SMALL = Markup('<span class="sc">{}</span>')


def small_caps(text: str) -> Markup:
    """Small capitals drawn as capitals of two sizes: the text face has no `smcp` feature. What is no small letter keeps
    its size, wherever it stands."""
    runs = ((small, "".join(run)) for small, run in groupby(text, str.islower))
    return Markup("").join(
        Markup('<span class="sc">{}</span>').format(run.upper()) if small else run for small, run in runs
    )
