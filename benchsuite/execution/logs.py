"""Log records of worker processes: into the log of the run and, as far as the parent listens, to the parent.

They travel with everything else that a worker says, so they come in the order in which they were made.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchsuite.processes import Parent

NAME = "benchsuite"
MESSAGE = "log"
"""The kind of message that carries one."""
TOLD = {"told": True}
"""Extra of a record whose words the parent gets by another message."""
Logged = tuple[str, int, str]
"""The name of the logger, the level and the text."""


def level() -> int:
    """From which level on this process listens to what benchsuite logs."""
    return logging.getLogger(NAME).getEffectiveLevel()


def relay(logged: Logged, about: str) -> None:
    """Log here what a worker has logged, while it worked on what is said."""
    name, at, text = logged
    logging.getLogger(name).log(at, "%s: %s", about, text)


def tell_parent(parent: Parent, level: int) -> None:
    """From here on, send the parent all records of benchsuite from this level on."""
    handler = _ToParent(parent)
    handler.setLevel(level)
    logger = logging.getLogger(NAME)
    logger.addHandler(handler)
    logger.setLevel(min(level, logging.INFO))
    logger.propagate = False


class _ToParent(logging.Handler):
    def __init__(self, parent: Parent) -> None:
        super().__init__()
        self._parent = parent

    def emit(self, record: logging.LogRecord) -> None:
        if not getattr(record, "told", False):
            logged: Logged = record.name, record.levelno, self.format(record)
            self._parent.send((MESSAGE, logged))


class _RunLog(logging.StreamHandler):  # type: ignore[type-arg]
    """The log of a run, whose loss costs nothing but words: the record is worth more."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


@contextmanager
def printed() -> Iterator[None]:
    """While the block runs, records go to standard output, too: with their time, as logs of runs have them."""
    handler = _RunLog(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
    assert handler.formatter is not None
    handler.formatter.converter = time.gmtime
    logger = logging.getLogger(NAME)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
