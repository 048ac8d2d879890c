"""Whatever goes wrong in a call reaches its caller as an error of benchsuite's family, or as the interrupt it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchsuite.errors import BenchsuiteError


@contextmanager
def only_our_errors() -> Iterator[None]:
    """Raise any exception of the block as a BenchsuiteError. An interrupt stays one: everything done is kept."""
    from benchsuite.commands.console import announce
    from benchsuite.commands.crash_report import describe_crash

    try:
        yield
    except BenchsuiteError:
        raise
    except KeyboardInterrupt:
        announce("interrupted; what is done is kept, and the same call goes on from there")
        raise
    except (Exception, SystemExit) as error:  # a plugin may have left
        raise describe_crash(error) from error
