"""JSON as papers carry it: a value a line, and its long lists read entry by entry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

LISTS = ("records", "studies")
"""What is long, and is read entry by entry."""
_BLANKS = (" ", "\n", "\t", "\r")


def parsed(text: str) -> dict[str, Any]:
    """The object of a JSON text, but for its `records` or `studies`, each of which is left as a text: as plain values
    all of them would take many times the memory of what is made of them one by one. Raises ValueError and
    LookupError."""
    decode, found = json.JSONDecoder().raw_decode, dict[str, Any]()

    def after(at: int, *signs: str) -> tuple[str, int]:
        """The sign that comes next, which must be one of these, and where what follows it begins."""
        at = _behind_blanks(text, at)
        if text[at] not in signs:
            raise ValueError(f"{text[at]!r} where {' or '.join(signs)} belongs")
        return text[at], _behind_blanks(text, at + 1)

    sign, at = after(0, "{")
    if text[at] == "}":
        sign, at = after(at, "}")
    while sign != "}":
        name, at = decode(text, at)
        if not isinstance(name, str):
            raise ValueError("a name that is no text")
        _, at = after(at, ":")
        if name in LISTS and text[at] == "[":
            places, (sign, at) = [], after(at, "[")
            if text[at] == "]":
                sign, at = after(at, "]")
            while sign != "]":
                _, end = decode(text, at)
                places.append((at, end))
                sign, at = after(end, ",", "]")
            found[name] = (text[begin:end] for begin, end in places)
        else:
            found[name], at = decode(text, at)
        sign, at = after(at, ",", "}")
    if text[at:]:
        raise ValueError("more than one object")
    return found


def _behind_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in _BLANKS:
        at += 1
    return at


def json_bytes(content: object) -> bytes:
    return f"{json_text(content)}\n".encode()


def json_text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=0, separators=(",", ":"))


def json_object(texts: Mapping[str, str]) -> str:
    """As `_text` writes a mapping to values of these texts."""
    return "{\n" + ",\n".join(f"{json_text(name)}:{text}" for name, text in texts.items()) + "\n}" if texts else "{}"


def json_array(texts: Iterable[str]) -> str:
    """As `_text` writes a list of values of these texts."""
    inside = ",\n".join(texts)
    return f"[\n{inside}\n]" if inside else "[]"
