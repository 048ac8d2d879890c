"""Names of journals and conferences as IEEE abbreviates them, whoever wrote the BibTeX and however."""

from __future__ import annotations

import re

_SHORT = {long: short for short, words in {
    "acad.": "academy", "adv.": "advances", "amer.": "american", "anal.": "analysis", "ann.": "annals",
    "annu.": "annual", "appl.": "applied applications", "artif.": "artificial", "assoc.": "association",
    "brit.": "british", "commun.": "communications",
    "comput.": "computation computational computer computers computing",
    "conf.": "conference", "electron.": "electronics", "eng.": "engineering", "eur.": "european",
    "inf.": "information", "int.": "international", "intell.": "intelligence intelligent", "j.": "journal",
    "lang.": "language", "learn.": "learning", "lett.": "letters", "linguist.": "linguistics", "mach.": "machine",
    "mag.": "magazine", "math.": "mathematical mathematics", "med.": "medical medicine", "nat.": "national",
    "netw.": "network networks", "proc.": "proceedings", "process.": "processing", "recognit.": "recognition",
    "represent.": "representations", "res.": "research", "rev.": "review reviews", "robot.": "robotics",
    "roy.": "royal", "sci.": "science sciences", "ser.": "series", "soc.": "society",
    "statist.": "statistical statistics", "symp.": "symposium", "syst.": "systems", "technol.": "technology",
    "trans.": "transactions", "vis.": "vision",
}.items() for long in words.split()}  # fmt: skip
"""The words of the IEEE Reference Guide that titles of this field use."""
_DROPPED = frozenset(["a", "an", "and", "at", "for", "from", "in", "of", "on", "the", "to", "with", "&"])
_MEETING = re.compile(r"\b(?:Conf|Symp)\.")


def abbreviate(title: str) -> str:
    """«Proceedings of the IEEE» is «Proc. IEEE». A title of one word stays whole, as one in another language does."""
    words = title.split()
    if len(words) < 2 or not any(word.lower() in _SHORT for word in words):
        return title
    kept = [word for place, word in enumerate(words) if place == 0 or word.lower() not in _DROPPED]
    return " ".join(_abbreviated(word) for word in kept)


def abbreviate_meeting(title: str) -> str:
    """The same for what a conference has published, which opens with «Proc.»."""
    short = abbreviate(title)
    return f"Proc. {short}" if _MEETING.search(short) and not short.startswith("Proc.") else short


def _abbreviated(word: str) -> str:
    short = _SHORT.get(word.lower())
    if short is None:
        return word
    return short.capitalize() if word[0].isupper() else short
