"""Where lines of a print may not break: within names, before a citation, around the small words of a title, and at the
end of a caption.

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
_BEFORE_INLINE = re.compile(r"(?<=\S) (?=<(?:a|b|code|i|span)\b(?! class=\"tail)[^>]*>)")
"""A space before inline elements. Where all before it fills a line to less than a space's width, WeasyPrint breaks
that line after its first word; as an element of its own, the space is a place to break like any other."""
_TIED_INLINE = re.compile(rf"{NBSP}(?=<(?:a|b|code|i|span)\b)")
"""Where text ends with a non-breaking space and what follows does not fit, WeasyPrint breaks the text after its first
word, too; it does not where the space is followed by a joiner."""
_AFTER_QUOTE = re.compile(r"(?<=[»”]) (?=[(\[])")
"""Pango takes every closing quotation mark for one that may open (rule LB15 of UAX 14), and does not break between it
and a parenthesis, whatever stands between them."""
_SPACE = "<span> </span>"
_LAST_WORDS = re.compile(r"(?<=[\s>])([^\s<>]+) ([^\s<>]+)(?=</figcaption>)")


def is_name(token: str) -> bool:
    """Whether a word is a name of something, which no language's patterns know how to divide: it has digits, `_` or
    capitals within."""
    signs = any(sign.isdigit() or sign == "_" for sign in token)
    return signs or any(sign.isupper() for part in re.split("[-.]", token) for sign in part[1:])


def keep_together(html: str) -> str:
    """The body of a page with its names whole, but for those in tables, where no word is hyphenated and room is short,
    and its citations beside what they follow."""
    begin = html.index(">", html.index("<body")) + 1
    rest = _PIECE.sub(lambda piece: piece[0] if piece[1] else _words(piece[0]), html[begin:])
    rest = _LAST_WORDS.sub(_tied, rest)
    rest = _TIED_INLINE.sub(f"{NBSP}{JOINER}", _BEFORE_CITATION.sub(NBSP, rest))
    return html[:begin] + _BEFORE_INLINE.sub(_SPACE, rest)


def _words(text: str) -> str:
    return _AFTER_QUOTE.sub(_SPACE, _TOKEN.sub(_whole, text))


def _whole(token: re.Match[str]) -> str:
    parts = re.split("[-.]", token[0])
    divided = len(parts) > 1 or len(token[0]) >= SHORTEST
    return f'<span class="whole">{token[0]}</span>' if divided and is_name(token[0]) else token[0]


def _tied(words: re.Match[str]) -> str:
    """The end of a caption, whose last line is to be more than a word, or the rest of one: its last two words together,
    or the last one whole where they are too long for that."""
    before, last = words.groups()
    if len(before) + len(last) < LONGEST_TIE:
        return f'<span class="whole">{before}{NBSP}{last}</span>'
    return f'{before} <span class="whole">{last}</span>'


def tie_title(title: str) -> str:
    """A title none of whose lines ends with an article or a preposition, nor the last has one word alone."""
    tied = re.sub(rf"(?i)(?<!\S)({say('title-small-words')}) (?=\S)", rf"\1{NBSP}", title)
    before, space, last = tied.rpartition(" ")
    if len(before.rpartition(" ")[2]) + len(last) < LONGEST_TIE:
        space = space and NBSP
    return f"{before}{space}{last}"
