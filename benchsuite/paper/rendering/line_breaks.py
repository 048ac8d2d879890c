"""Where lines of a print may not break: within names, before a citation, and around the small words of a title.

WeasyPrint hyphenates by the patterns of a language whatever has letters, and takes every space for a place to break.
"""

from __future__ import annotations

import re

from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.typography import NBSP

JOINER = "\N{WORD JOINER}"
SHORTEST = 6
"""Letters of the shortest word that is hyphenated, as the print sheet has it."""
LONGEST_TIE = 24
"""Characters that the last two words of a title may take together on one line."""

_PIECE = re.compile(r"(<(svg|code|pre|table)\b.*?</\2>|<a\b[^>]*\bhref=\"https?:.*?</a>|<[^>]*>)|[^<]+", re.DOTALL)
"""Addresses are left as they are, too: the sheet does not hyphenate them."""
_TOKEN = re.compile(r"\w+(?:[-.]\w+)*")
_BEFORE_CITATION = re.compile(r'(?<=\S) (?=<a class="cite")')
_INLINE = r"(?=<(?:a|b|code|i|span)\b(?! class=\"tail))"
_BEFORE_INLINE = re.compile(rf"(?<=\S) {_INLINE}")
"""A space before inline elements. Where all before it fills a line to less than a space's width, WeasyPrint breaks
that line after its first word. In an element of its own the space is a place to break like any other, which it is not
within a name or a formula that may not be broken: the word before it would go to the next line with them."""
_TIED_INLINE = re.compile(rf"{NBSP}{_INLINE}")
"""A non-breaking space there has the same effect, unless more text follows it."""


def is_name(token: str) -> bool:
    """Whether a word is a name of something, which no language's patterns know how to divide: it has digits, `_` or
    capitals within."""
    signs = any(sign.isdigit() or sign == "_" for sign in token)
    return signs or any(sign.isupper() for part in re.split("[-.]", token) for sign in part[1:])


def keep_together(html: str) -> str:
    """The body of a page with its names whole, but for those in tables, where no word is hyphenated and room is short,
    and its citations beside what they follow."""
    begin = html.index(">", html.index("<body")) + 1
    rest = _PIECE.sub(lambda piece: piece[0] if piece[1] else _TOKEN.sub(_whole, piece[0]), html[begin:])
    rest = _BEFORE_CITATION.sub(NBSP, rest)
    rest = _TIED_INLINE.sub(f"{NBSP}{JOINER}", rest)
    return html[:begin] + _BEFORE_INLINE.sub("<span> </span>", rest)


def _whole(token: re.Match[str]) -> str:
    parts = re.split("[-.]", token[0])
    divided = len(parts) > 1 or len(token[0]) >= SHORTEST
    return f'<span class="whole">{token[0]}</span>' if divided and is_name(token[0]) else token[0]


def tie_title(title: str) -> str:
    """A title none of whose lines ends with an article or a preposition, nor the last has one word alone."""
    tied = re.sub(rf"(?i)(?<!\S)({say('title-small-words')}) (?=\S)", rf"\1{NBSP}", title)
    before, space, last = tied.rpartition(" ")
    if len(before.rpartition(" ")[2]) + len(last) < LONGEST_TIE:
        space = space and NBSP
    return f"{before}{space}{last}"
