"""What is made in a copy of the process is what this process would have made, and its failures are told here."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import time
from functools import partial

import pytest

from benchsuite.paper.concurrency.fork import run_in_fork, run_jobs


def test_what_is_made_beside_is_given_when_it_is_asked_for() -> None:
    with run_in_fork(os.getpid) as made:
        assert made() != os.getpid()


def test_what_fails_beside_is_raised_here() -> None:
    def fail() -> None:
        raise ValueError("as told")

    with pytest.raises(ValueError, match="as told"), run_in_fork(fail) as made:
        made()


def test_a_copy_that_ends_is_out_of_memory() -> None:
    with pytest.raises(MemoryError), run_in_fork(partial(os._exit, 9)) as made:
        made()


def test_what_nobody_asks_for_is_given_up() -> None:
    reading, writing = os.pipe()

    def tell_and_wait() -> None:
        os.write(writing, os.getpid().to_bytes(4, "big"))
        time.sleep(60)

    with run_in_fork(tell_and_wait):
        copy = int.from_bytes(os.read(reading, 4), "big")
    with pytest.raises(ProcessLookupError):
        os.kill(copy, 0)


class Unsendable(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")

    def __reduce__(self) -> tuple[object, ...]:  # whatever other libraries teach pickle of exceptions
        raise TypeError("it cannot be sent")


def test_what_cannot_be_sent_is_said_in_words() -> None:
    def give() -> object:
        return lambda: None

    def fail() -> None:
        raise Unsendable(1, 2)

    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"), run_in_fork(give) as made:
        made()
    with pytest.raises(RuntimeError, match="Unsendable: 1 and 2"), run_in_fork(fail) as made:
        made()


@pytest.mark.parametrize("jobs", [0, 1, 2, 7, 300])
def test_shared_jobs_are_made_once_each_and_given_in_order(jobs: int) -> None:
    assert run_jobs([partial(int, number) for number in range(jobs)]) == list(range(jobs))


def test_both_processes_have_a_share() -> None:
    meeting = multiprocessing.get_context("fork").Barrier(2)

    def meet() -> int:
        meeting.wait(60)
        return os.getpid()

    assert len(set(run_jobs([meet, meet]))) == 2


def test_without_copies_all_is_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert set(run_jobs([os.getpid] * 3)) == {os.getpid()}
    with run_in_fork(os.getpid) as made:
        assert made() == os.getpid()


@pytest.mark.parametrize("failing", range(4))
def test_a_job_that_fails_fails_here_whoever_does_it(failing: int) -> None:
    def job(number: int) -> int:
        if number == failing:
            raise ValueError("as told")
        return number

    with pytest.raises(ValueError, match="as told"):
        run_jobs([partial(job, number) for number in range(4)])
