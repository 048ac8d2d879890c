r"""LaTeX of BibTeX values as plain words: `{\'a}` is á, `---` a raya, braces and text commands go, the rest stays."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any, cast

import latexcodec  # noqa: F401, registers the codec

_ULATEX: Callable[[str], tuple[str, int]] = cast("Any", codecs.getdecoder("ulatex"))
_TEXT_COMMAND = re.compile(
    r"\\(?:emph|text(?:it|bf|sc|tt|rm|sf|sl|normal)?|mbox|hbox|url|path|href|enquote|uppercase)\s*(?=\{)"
    r"|\\(?:em|it|bf|sc|tt|rm|sf|sl|relax|itshape|bfseries|scshape|protect)(?![A-Za-z])\s*"
)
_DOTLESS = re.compile(r"(\\[^\w\s{}])\s*\{\s*\\([ij])\s*\}")
_MATH = re.compile(r"(?<!\\)\$([^$]*?)(?<!\\)\$")
_APOSTROPHE = re.compile(r"(?<=\w)'")
_OPENS_AFRESH = re.compile(r"[:?!.—]\W*$")
_URL = re.compile(r"\\url\s*\{([^{}]*)\}")


def words(value: str) -> str:
    """A value as plain text."""
    return _bare(_decoded(value))


def sentence(value: str) -> str:
    """A title as IEEE sets it: one in Title Case gets small letters, except what braces protect, names with capitals
    inside (ImageNet), and what opens it or follows a colon. Other titles stay as they are."""
    text = _decoded(value)
    protected = _protected(text)
    found = [match for match in re.finditer(r"[^\W\d_]+", text) if match.start() not in protected]
    long = [match[0] for match in found[1:] if len(match[0]) > 3 and match[0][1:].islower()]
    if 2 * sum(word[0].isupper() for word in long) <= len(long):
        return _bare(text)
    letters = list(text)
    for match in found:
        ordinary = match[0][1:].islower() or match[0] == "A"
        if ordinary and text[: match.start()].strip(" {\"'“¿¡(«") and not _OPENS_AFRESH.search(text[: match.start()]):
            letters[match.start()] = match[0][0].lower()
    return _bare("".join(letters))


def address(value: str) -> str:
    r"""A value as an address: what `\url` holds, without the backslashes that LaTeX asks for."""
    value = re.sub(r"\\(?:~|textasciitilde)\{\}", "~", value)
    found = _URL.search(value)
    return re.sub(r"\\([_%&#~$])|[{}\s]", r"\1", found[1] if found else value)


def without_address(value: str) -> str:
    return _URL.sub("", value)


def _decoded(value: str) -> str:
    """LaTeX's commands as characters, braces left standing. What is no LaTeX stays as it is."""
    source = _DOTLESS.sub(r"\1{\2}", _TEXT_COMMAND.sub("", value))
    try:
        return _MATH.sub(r"\1", _ULATEX(re.sub(r"(?<!\\)%", r"\\%", source))[0])
    except UnicodeDecodeError:
        return value


def _bare(text: str) -> str:
    text = _APOSTROPHE.sub("’", text)
    return re.sub(" +", " ", re.sub(r"\\([{}$])|[{}]", r"\1", text)).strip()


def _protected(text: str) -> set[int]:
    """The positions inside braces."""
    inside: set[int] = set()
    depth = 0
    for position, (before, character) in enumerate(zip(f" {text}", text, strict=False)):
        depth += before != "\\" and (character == "{") - (character == "}")
        if depth:
            inside.add(position)
    return inside
