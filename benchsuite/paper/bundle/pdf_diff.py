"""A finished paper against one built again from what it carries: every word, and every drawing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from io import BytesIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

_BROKEN = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")
"""A word that goes on in the next line: whether its hyphen was there before, the page does not say."""
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
CONTEXT = 3
"""Words shown before a difference."""


@dataclass(frozen=True)
class Difference:
    """Where a paper does not say what its results give. `after` are the words before it; a drawing has no words."""

    page: int
    printed: str
    recomputed: str
    after: str = ""


def words(pdf: bytes) -> tuple[tuple[str, ...], ...]:
    """The words of each page, those in figures included, in the order they are drawn. Raises what pypdf does."""
    return tuple(map(_words, _pages(pdf)))


def differing_words(given: bytes, rebuilt: bytes) -> list[Difference]:
    """Every run of words of `given` that is not in `rebuilt`, and the other way round, page by page."""
    found = []
    for number, (before, after) in enumerate(zip_longest(_pages(given), _pages(rebuilt))):
        if before is not None and after is not None and _drawn(before) == _drawn(after):
            continue  # reading the words takes much longer
        printed, expected = _words(before), _words(after)
        matcher = SequenceMatcher(None, _unhyphenated(printed), _unhyphenated(expected), autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind != "equal":
                lead = " ".join(printed[max(0, a - CONTEXT) : a])
                found.append(Difference(number + 1, " ".join(printed[a:b]), " ".join(expected[c:d]), lead))
    return found


def differing_drawings(given: bytes, rebuilt: bytes) -> list[int]:
    """The pages that are not drawn by the same instructions, with the same images and fonts."""
    before, after = ([_drawn(page) for page in _pages(pdf)] for pdf in (given, rebuilt))
    most = max(len(before), len(after))
    return [page + 1 for page in range(most) if before[page : page + 1] != after[page : page + 1]]


def _words(page: PageObject | None) -> tuple[str, ...]:
    return tuple(_BROKEN.sub("-", page.extract_text()).split()) if page is not None else ()


def _unhyphenated(words_: Sequence[str]) -> list[str]:
    """Words as they compare: lines may end elsewhere, and break other words."""
    return [_HYPHEN.sub("", word) for word in words_]


def _pages(pdf: bytes) -> Iterator[PageObject]:
    from pypdf import PdfReader

    yield from PdfReader(BytesIO(pdf)).pages


def _drawn(page: PageObject) -> str:
    """SHA-256 over a page's instructions, and all that they draw on."""
    total = hashlib.sha256()
    contents = page.get_contents()
    total.update(contents.get_data() if contents is not None else b"")
    seen: set[int] = set()
    _streams(page.get("/Resources"), total, seen)
    return total.hexdigest()


def _streams(thing: Any, total: Any, seen: set[int]) -> None:
    """Feed every stream below `thing`, each once, in the order of names."""
    from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

    if isinstance(thing, IndirectObject):
        if thing.idnum in seen:
            return
        seen.add(thing.idnum)
        thing = thing.get_object()
    if isinstance(thing, StreamObject):
        total.update(thing.get_data())
    if isinstance(thing, DictionaryObject):
        for name in sorted(thing):
            if name not in ("/Parent", "/StructParents", "/P"):
                total.update(name.encode())
                _streams(thing.raw_get(name), total, seen)
    elif isinstance(thing, ArrayObject):
        for element in list.__iter__(thing):
            _streams(element, total, seen)
    elif not isinstance(thing, StreamObject):
        total.update(repr(thing).encode())
