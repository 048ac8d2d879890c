"""The canonical form of plain values, and its hash.

Equal values give the same bytes whatever the order of their keys; different values give different bytes. The form
is JSON with sorted keys, no white space and UTF-8, after RFC 8785 in spirit but with Python's shortest float
notation; so 1 and 1.0 differ, as they do in a validated parameter. Tuples count as lists.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any


def canonical(value: Any) -> bytes:
    """The canonical bytes of `value`: None, bool, int, float, str, and lists, tuples and mappings of these.

    Raises ValueError for NaN, infinities and strings that are no Unicode text, TypeError for any other type and for
    keys that are no strings.
    """
    return _encode(plain(value))


def digest(value: Any) -> str:
    """Hexadecimal SHA-256 of the canonical form of `value`."""
    return digest_plain(plain(value))


def digest_plain(value: Any) -> str:
    """The `digest` of what `plain` has given, without going through it again."""
    return hashlib.sha256(_encode(value)).hexdigest()


def plain(value: Any) -> Any:
    """`value` in lists, dicts and JSON's scalars. Raises what `canonical` raises."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} has no canonical form: only finite numbers do")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} has no canonical form: keys must be strings")
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    raise TypeError(f"{type(value).__name__} has no canonical form: {value!r}")


def _encode(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")
