"""What a handler raised on a site, on its way home: as a pickle that can be read there, whatever its class is."""

from __future__ import annotations

import pickle
from contextlib import suppress

from benchsuite.api import BenchsuiteError


def pickled(error: Exception) -> bytes:
    """The error, or its words where it cannot be sent."""
    with suppress(Exception):
        sent = pickle.dumps(error)
        pickle.loads(sent)
        return sent
    remedy = "look at the log of the site, and report it to the authors of what it names"
    return pickle.dumps(BenchsuiteError(f"{type(error).__name__}: {error}", remedy=remedy))
