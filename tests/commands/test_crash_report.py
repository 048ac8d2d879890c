"""What nobody foresaw is told on one screen: an error of the system as one, and the rest as a defect."""

from __future__ import annotations

import errno
import os

import pytest

from benchsuite.commands.crash_report import describe_crash


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(errno.EIO, os.strerror(errno.EIO), "/mnt/nas/x"), "the system refused to read or write"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "Too many open files"),
        (MemoryError(), "out of memory"),
        (UnicodeEncodeError("utf-8", "\udced", 0, 1, "surrogates not allowed"), "not in the encoding"),
    ],
)
def test_an_error_of_the_system_is_no_defect_and_says_what_to_do(error: Exception, what: str) -> None:
    told = describe_crash(raised(error))
    assert what in told.what
    assert "defect" not in str(told)
    assert told.remedy
    assert "the traceback is in" in told.remedy
    assert "/mnt/nas/x" in str(told) or getattr(error, "filename", None) is None


def test_anything_else_is_a_defect_even_where_its_traceback_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    told = describe_crash(raised(KeyError("x")))
    assert "a defect of benchsuite: KeyError" in told.what
    assert "could not be kept" in (told.remedy or "")
