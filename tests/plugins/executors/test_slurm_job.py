"""What jobs and sessions of Slurm write for each other."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from benchsuite_plugins.executors import slurm_job
from benchsuite_plugins.executors.slurm_job import Entry, Journal, Word, read_entries
from hypothesis import given, settings
from hypothesis import strategies as st

entries = st.builds(
    Entry, st.sampled_from(["begun", "told", "answer", "end"]), st.integers(0, 2**40), st.binary(max_size=60), st.text()
)


@settings(max_examples=30)
@given(st.lists(entries, max_size=5))
def test_a_journal_is_read_as_it_was_written(written: list[Entry]) -> None:
    assert list(read_entries(b"".join(entry.line() for entry in written))) == written


@settings(max_examples=30)
@given(st.lists(entries, max_size=5), entries, st.data())
def test_what_was_cut_off_or_is_no_entry_is_passed_over(written: list[Entry], last: Entry, data: st.DataObject) -> None:
    whole = b"".join(entry.line() for entry in written)
    cut = last.line()[: data.draw(st.integers(0, len(last.line()) - 2))]
    rubbish = data.draw(st.sampled_from([b"", b"null\n", b"[1, 2]\n", b"\xff\x00\n", b"{}\n", b'["a", 1, "?", ""]\n']))
    assert list(read_entries(whole + rubbish + cut)) == written


def test_a_start_that_was_cut_off_within_a_line_spoils_none_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(Entry("answer", 4, b"1").line() + b'["answer", 5')
    journal = Journal(path)
    assert journal.answered() == {4}
    journal.add(Entry("answer", 6, b"1"))
    journal.add(Entry("answer", 7, b"1"))
    assert Journal(path).answered() == {4, 6, 7}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(slurm_job.time, "monotonic", lambda: now[0])
    return now


def say(path: Path, **said: object) -> None:
    path.write_text(json.dumps(said))


def test_a_word_that_changes_keeps_a_job_going_whatever_the_clocks_say(tmp_path: Path, clock: list[float]) -> None:
    path = tmp_path / "word"
    say(path, beat=0)
    word = Word(path, 30.0)
    for beat in range(1, 20):
        clock[0] += 25.0
        say(path, beat=beat)
        os.utime(path, (beat * 86400.0, beat * -86400.0))
        assert word.why_end() is None
    clock[0] += 25.0
    assert word.why_end() is None
    clock[0] += 25.0
    assert "30 seconds" in (word.why_end() or "")


def test_a_word_that_cannot_be_read_for_a_moment_says_what_it_said(tmp_path: Path, clock: list[float]) -> None:
    path = tmp_path / "word"
    say(path, beat=1, cancelled=[7])
    word = Word(path, 30.0)
    assert (word.cancelled(7), word.cancelled(8)) == (True, False)
    clock[0] += 1.0
    path.write_bytes(b'{"beat": 2, "canc')
    assert word.cancelled(7)
    clock[0] += 1.0
    say(path, beat=3, closed=True)
    assert "ended" in (word.why_end() or "")


def test_a_folder_that_is_gone_ends_its_jobs(tmp_path: Path, clock: list[float]) -> None:
    word = Word(tmp_path / "word", 30.0)
    assert word.why_end() is None
    clock[0] += 1.0
    assert word.why_end() == "its session has ended"


def test_an_answer_waits_for_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm_job.time, "sleep", lambda seconds: None)
    say(tmp_path / "word", beat=1)
    tries = []

    def write() -> None:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise OSError("full")

    slurm_job._persist(write, Word(tmp_path / "word", 30.0))
    assert len(tries) == 3
