"""Phrases that are put together: lists, dates, and metrics with their article."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchsuite.paper.language.catalogue import say

_SOUND_OF_I = re.compile(r"(?i)\W*h?[ií](?![aeiouáéóú])")
_SOUND_OF_O = re.compile(r"(?i)\W*(?:h?[o\u00f3]|8|11\b)")


def listing(items: Sequence[str]) -> str:
    """«a, b y c»; where the last one begins with the sound i, Spanish has «e» before it."""
    if len(items) < 2:
        return "".join(items)
    context = "before-i" if _SOUND_OF_I.match(items[-1]) else ""
    start, last = ", ".join(items[:-1]), items[-1]
    return say("list-two" if len(items) == 2 else "list-more", context=context, start=start, last=last)


def alternatives(items: Sequence[str]) -> str:
    """«a, b o c»; where the last one begins with the sound o, Spanish has «u» before it."""
    context = "before-o" if _SOUND_OF_O.match(items[-1]) else ""
    return say("list-or", context=context, start=", ".join(items[:-1]), last=items[-1])


def articles(gender: str) -> dict[str, str]:
    """Every definite article, alone and joined to a preposition, with what stands in its place before a word of this
    gender."""
    agreed = say("articles", context=gender).split("|")
    every = [say("articles", context=context).split("|") for context in ("masculine", "feminine")]
    return {word: agreed[place] for words in every for place, word in enumerate(words)}


def date(iso: str) -> str:
    """«21 de noviembre de 2026» for an ISO 8601 date or instant."""
    year, month, day = (int(part) for part in iso[:10].split("-"))
    return say("date", day=str(day), month=say(f"month-{month}"), year=str(year))
