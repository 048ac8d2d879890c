"""What leaves a call is an error of the family, or the interrupt that it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite.errors import BenchsuiteError, DataError
from benchsuite.study.family import only_our_errors


def test_our_errors_stay_what_they_are() -> None:
    error = DataError("no photos", remedy="bring some")
    with pytest.raises(DataError) as told, only_our_errors():
        raise error
    assert told.value is error


@pytest.mark.parametrize("raised", [ZeroDivisionError("zero"), SystemExit(3), OSError(28, "No space left on device")])
def test_all_others_become_one(raised: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(BenchsuiteError) as told, only_our_errors():
        raise raised
    assert told.value.remedy
    assert told.value.__cause__ is raised
    assert list(tmp_path.glob("benchsuite-*.traceback.txt"))


def test_an_interrupt_stays_one_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), only_our_errors():
        raise KeyboardInterrupt
    assert "what is done is kept" in capsys.readouterr().err


def test_a_notebook_shows_an_error_without_a_traceback() -> None:
    error = DataError("no photos", where="photos/", expected="photos", remedy="bring some")
    error.add_note("all runs are kept")
    shown = "\n".join(error._render_traceback_())
    assert shown == f"DataError: {error}\nall runs are kept"
    assert "Traceback" not in shown
