"""Versions of the contract: whether a plugin written for one of them can be used here."""

from __future__ import annotations

import re

from benchsuite.contracts.version import API_VERSION, OLDEST_API
from benchsuite.registry.validation import InvalidPlugin

ATTRIBUTE = "benchsuite_api"


def agree(stated: object, *, here: str = API_VERSION, oldest: int = OLDEST_API) -> str | None:
    """None when a plugin written for the version `stated` can be used; a notice when it still can.

    Raises InvalidPlugin when it cannot: written for a newer version, one that is no longer understood, or none.
    """
    line = f'{ATTRIBUTE} = "{here}"'
    if stated is None:
        raise InvalidPlugin(
            f"it does not state the version of the plugin contract it was written for; write {line} in it"
        )
    found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", stated) if isinstance(stated, str) else None
    if found is None:
        raise InvalidPlugin(f"{ATTRIBUTE} is {stated!r:.60}; expected a text such as {line}")
    major, minor = int(found[1]), int(found[2])
    own_major, own_minor = map(int, here.split("."))
    if (major, minor) > (own_major, own_minor):
        raise InvalidPlugin(
            f"it was written for version {stated} of the plugin contract, and this benchsuite has {here}: "
            "upgrade benchsuite"
        )
    if major < oldest:
        raise InvalidPlugin(
            f"it was written for version {stated} of the plugin contract, and the oldest that this benchsuite "
            f"understands is {oldest}.0: upgrade the plugin, or port it to {here}"
        )
    if major < own_major:
        return (
            f"it was written for version {stated} of the plugin contract, which a coming benchsuite will no longer "
            f"understand: port it to {here}"
        )
    return None
