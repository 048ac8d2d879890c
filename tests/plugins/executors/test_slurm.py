"""Slurm, with jobs as processes of this machine and with a stand-in for Slurm's commands."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from benchsuite_plugins.executors import slurm_session
from benchsuite_plugins.executors.slurm import Slurm, SlurmJobs, SlurmOptions
from pydantic import ValidationError

from benchsuite.api import DataError, EngineLost, Handler, Session, SetupError, SiteLost
from support import orders
from support.executors import settled
from support.stand_in_slurm import StandInSlurm

Heard = Callable[[str, bytes], None]
LONG = 60.0
QUICK = {"look": 0.3, "silence": 5.0, "tolerance": 1.0, "patience": 1.0}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs find the tests' handlers, as they would find benchsuite."""
    monkeypatch.setenv("PYTHONPATH", str(Path(orders.__file__).parent.parent))


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInSlurm]:
    stand_in = StandInSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", str(stand_in.commands), prepend=os.pathsep)
    yield stand_in
    stand_in.stop()


@contextmanager
def opened(handler: Handler, folder: Path, heard: Heard | None = None, **options: Any) -> Iterator[Session]:
    chosen = SlurmOptions(**{"folder": folder, "cluster": "local", "most": 1} | QUICK | options)
    session = Slurm().open(chosen, handler, orders.survey, heard or (lambda ticket, message: None))
    try:
        yield session
    finally:
        session.close(now=True)


def names(session: Session) -> frozenset[str]:
    return frozenset(site.name for site in settled(session))


def until(true: Callable[[], object], what: str) -> None:
    limit = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < limit, f"waited for {what}"
        time.sleep(0.05)


def refuse_refusal(ticket: str, message: bytes) -> None:
    raise AssertionError("nothing was to be heard")


# Jobs as processes of this machine.


def test_orders_are_carried_out_and_nothing_is_left(tmp_path: Path) -> None:
    with opened(orders.echo, tmp_path / "meet", refuse_refusal) as session:
        (site,) = settled(session)
        assert (site.name, site.slots, site.trouble) == ("slurm", 1, "")
        assert site.host in site.facts.decode()
        answers = [session.submit(str(n), b"order %d" % n, frozenset({site.name})) for n in range(5)]
        assert [answer.result(LONG) for answer in answers] == [b"%d redro" % n for n in range(5)]
        with pytest.raises(SiteLost, match="none of the sites"):
            session.submit("nowhere", b"", frozenset({"another"})).result(LONG)
        session.cancel("0")
        session.cancel("unknown")
        session.close(now=False)
        session.close(now=True)
        with pytest.raises(EngineLost, match="closed"):
            session.submit("late", b"", frozenset({site.name}))
    assert list((tmp_path / "meet").iterdir()) == []


@pytest.mark.slow
def test_messages_come_in_their_order_and_before_the_answer(tmp_path: Path) -> None:
    heard: list[tuple[str, bytes]] = []
    with opened(orders.told, tmp_path, lambda ticket, message: heard.append((ticket, message))) as session:
        answer = session.submit("ticket", b"30", names(session))
        before: list[int] = []
        answer.add_done_callback(lambda _: before.append(len(heard)))
        assert answer.result(LONG) == b"told"
    assert heard == [("ticket", b"message %d \x00\xff\n" % number) for number in range(30)]
    assert before == [30]


@pytest.mark.slow
def test_what_a_handler_raises_is_raised_here(tmp_path: Path) -> None:
    with opened(orders.failing, tmp_path) as session:
        first, second = (session.submit(name, name.encode(), names(session)) for name in ("a.jpg", "b.jpg"))
        with pytest.raises(DataError, match="no such photo") as raised:
            first.result(LONG)
        assert (raised.value.where, raised.value.remedy) == ("a.jpg", "look for it")
        with pytest.raises(DataError, match="photo"):
            second.result(LONG)


@pytest.mark.slow
def test_an_order_that_is_cancelled_ends_and_one_that_waits_is_not_begun(tmp_path: Path) -> None:
    with opened(orders.patient, tmp_path / "meet") as session:
        running, waiting, last = (
            session.submit(name, str(tmp_path / name).encode(), names(session))
            for name in ("running", "waiting", "last")
        )
        until((tmp_path / "running.begun").exists, "the first order")
        session.cancel("waiting")
        session.cancel("running")
        assert wait([running, waiting], timeout=LONG).not_done == set()
        assert running.cancelled()
        until((tmp_path / "running.ended").exists, "the end of the first order")
        until((tmp_path / "last.begun").exists, "the last order")
        assert not (tmp_path / "waiting.begun").exists()
        session.close(now=True)
        with pytest.raises(CancelledError):
            last.result(LONG)
        assert (tmp_path / "last.ended").read_text() == "True"
    assert list((tmp_path / "meet").iterdir()) == []


@pytest.mark.slow
def test_an_order_that_kills_its_job_loses_the_site_and_the_others_of_its_job_go_on(tmp_path: Path) -> None:
    with opened(orders.killed_once, tmp_path / "meet") as session:
        kinds = ("lives", "kills", "lives", "lives")
        answers = [
            session.submit(str(number), f"{tmp_path / 'killed'} {kind}".encode(), names(session))
            for number, kind in enumerate(kinds)
        ]
        with pytest.raises(SiteLost, match="ended before it had answered"):
            answers[1].result(LONG)
        assert [answers[number].result(LONG) for number in (0, 2, 3)] == [b"alive"] * 3
        again = session.submit("again", f"{tmp_path / 'killed'} kills".encode(), names(session))
        assert again.result(LONG) == b"alive"


@pytest.mark.slow
def test_jobs_of_a_killed_command_end_and_what_it_left_is_swept(tmp_path: Path) -> None:
    marks, started, meet = tmp_path / "order", tmp_path / "started", tmp_path / "meet"
    program = f"from support.orders import client; client({str(meet)!r}, {str(marks)!r}, {str(started)!r})"
    command = subprocess.Popen([sys.executable, "-c", program])
    try:
        until(marks.with_suffix(".begun").exists, "the order")
    finally:
        command.kill()
        command.wait()
    until(marks.with_suffix(".ended").exists, "the end of the order")
    assert marks.with_suffix(".ended").read_text() == "True"
    (left,) = meet.iterdir()
    with opened(orders.echo, meet, silence=2.0) as session:
        settled(session)
        until(lambda: not left.exists(), "the sweep")
        assert session.submit("one", b"ab", names(session)).result(LONG) == b"ba"


@pytest.mark.slow
def test_a_living_session_is_not_swept_by_another(tmp_path: Path) -> None:
    with opened(orders.echo, tmp_path, silence=2.0) as first:
        settled(first)
        with opened(orders.echo, tmp_path, silence=2.0) as second:
            settled(second)
            time.sleep(9.0)
            assert len(list(tmp_path.iterdir())) == 2
            assert first.submit("one", b"ab", names(first)).result(LONG) == b"ba"


@pytest.mark.slow
def test_no_port_is_opened(tmp_path: Path) -> None:
    import psutil

    with opened(orders.listening, tmp_path) as session:
        assert session.submit("one", b"", names(session)).result(LONG) == b"0"
        here = psutil.Process().net_connections()
        assert [connection for connection in here if connection.status == psutil.CONN_LISTEN] == []


@pytest.mark.slow
def test_the_sample_is_two_sites_of_this_machine(tmp_path: Path) -> None:
    with Slurm().sample(SlurmOptions(), tmp_path) as options:
        session = Slurm().open(options, orders.echo, orders.survey, refuse_refusal)
        try:
            assert names(session) == {"first", "second"}
            for name in names(session):
                assert session.submit(name, b"ab", frozenset({name})).result(LONG) == b"ba"
        finally:
            session.close(now=False)


@pytest.mark.slow
def test_a_full_folder_ends_the_session_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with opened(orders.echo, tmp_path, tolerance=0.5) as session:
        assert names(session)
        monkeypatch.setattr(slurm_session, "write_whole", full)
        with pytest.raises(EngineLost, match="No space left") as raised:
            until(lambda: not session.sites(), "the loss")
        assert "quota" in (raised.value.remedy or "")


# What is told before anything begins.


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineLost, match="cannot be used") as raised, opened(orders.echo, tmp_path / "file"):
        pass
    assert "folder=PATH" in (raised.value.remedy or "")


def test_a_folder_to_which_others_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(SetupError, match="others can write") as raised, opened(orders.echo, tmp_path):
        pass
    assert str(tmp_path) in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_without_submitit_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(SetupError, match="submitit") as raised, opened(orders.echo, tmp_path):
        pass
    assert raised.value.remedy == "pip install 'benchsuite[slurm]'"


def test_without_slurm_the_command_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="there is no sbatch"), opened(orders.echo, tmp_path, cluster="slurm"):
        pass


@pytest.mark.parametrize(
    "options",
    [{"partition": "a b"}, {"partition": "a\n#SBATCH --x"}, {"setup": ("one\ntwo",)}, {"most": 0}, {"gpu": 1}],
)
def test_options_that_are_none_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SlurmOptions(**options)


def test_sites_take_what_they_do_not_set_from_beside_them() -> None:
    options = SlurmOptions(account="lab", minutes=60, sites={"a": SlurmJobs(partition="big", minutes=30)})
    assert options.kinds() == {"a": SlurmJobs(account="lab", partition="big", minutes=30)}
    assert SlurmOptions(partition="gpu").kinds() == {"gpu": SlurmJobs(partition="gpu")}


# Slurm's own way, on a stand-in for its commands.


def test_a_partition_that_is_rejected_is_told(slurm: StandInSlurm, tmp_path: Path) -> None:
    absent = opened(orders.echo, tmp_path / "meet", cluster="slurm", partition="absent")
    with pytest.raises(SetupError, match="invalid partition specified: absent") as raised, absent:
        pass
    assert "partition=NAME" in (raised.value.remedy or "")
    assert list((tmp_path / "meet").iterdir()) == []


@pytest.mark.slow
def test_orders_are_dealt_to_one_array_in_their_order(slurm: StandInSlurm, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    asked = {
        "partition": "gpu",
        "gres": "gpu:a100:1",
        "account": "lab",
        "exclude": "node7,node[12-14]",
        "setup": ("export DONE=1",),
    }
    with opened(orders.noted, tmp_path / "meet", cluster="slurm", most=2, chunk=3, **asked) as session:
        assert names(session) == {"gpu"}
        answers = [session.submit(str(n), f"{notes} {n} 1".encode(), names(session)) for n in range(9)]
        assert [answer.result(LONG) for answer in answers] == [b"%d" % n for n in range(9)]
    begun = [int(line) for line in notes.read_text().split()]
    # Jobs start when they start: in order are the orders of each. The last three are one job's, or two jobs' that were
    # free at the same time.
    for chunk in ([0, 2, 4], [1, 3, 5], [6, 8]):
        assert [number for number in begun if number in chunk] == chunk
    assert sorted(begun) == list(range(9))
    array = slurm.scripts()[1]
    lines = ("--partition=gpu", "--gres=gpu:a100:1", "--account=lab", "--exclude='node7,node[12-14]'", "--array=0-1%2")
    for line in (*lines, "--requeue", "--time=240"):
        assert f"#SBATCH {line}\n" in array
    assert "export DONE=1" in array
    assert slurm.most_at_once() == 2
    assert list((tmp_path / "meet").iterdir()) == []
    assert slurm.running() == []


@pytest.mark.slow
@pytest.mark.parametrize("way", ["the signal before the time limit", "preempted at once"])
def test_a_job_that_starts_anew_goes_on_with_what_has_no_answer(slurm: StandInSlurm, tmp_path: Path, way: str) -> None:
    notes = tmp_path / "notes"
    with opened(orders.noted, tmp_path / "meet", cluster="slurm", chunk=3) as session:
        sites = names(session)
        answers = [session.submit(str(n), f"{notes} {n} {20 if n == 1 else 0}".encode(), sites) for n in range(3)]
        until(lambda: notes.exists() and "1" in notes.read_text(), "the second order")
        (job,) = slurm.running()
        if way == "preempted at once":
            slurm.preempt(job)
        else:
            slurm.signal(job, signal.SIGUSR2)
        assert [answer.result(LONG) for answer in answers] == [b"0", b"1", b"2"]
        assert slurm.starts(job) == 2
    assert notes.read_text().split() == ["0", "1", "1", "2"]


@pytest.mark.slow
def test_a_job_that_may_not_be_submitted_again_loses_its_order(slurm: StandInSlurm, tmp_path: Path) -> None:
    with opened(orders.noted, tmp_path / "meet", cluster="slurm", minutes=1, requeues=0) as session:
        answer = session.submit("one", f"{tmp_path / 'notes'} 1 300".encode(), names(session))
        until((tmp_path / "notes").exists, "the order")
        slurm.signal(slurm.running()[0], signal.SIGUSR2)
        with pytest.raises(SiteLost, match="timed-out too many times"):
            answer.result(LONG)


@pytest.mark.slow
def test_a_job_that_died_is_told_with_what_slurm_knows_of_it(slurm: StandInSlurm, tmp_path: Path) -> None:
    with opened(orders.killed_once, tmp_path / "meet", cluster="slurm") as session:
        answer = session.submit("one", f"{tmp_path / 'killed'} kills".encode(), names(session))
        with pytest.raises(SiteLost, match=r"FAILED, exit code \d+:0, on node7"):
            answer.result(LONG)


@pytest.mark.slow
def test_a_wait_in_the_queue_is_told_and_has_an_end(slurm: StandInSlurm, tmp_path: Path) -> None:
    slurm.close_nodes()
    waiting = opened(orders.echo, tmp_path / "meet", cluster="slurm", patience=0.07)
    with waiting as session:
        until(lambda: session.pending().endswith("slurm (job 1000: Resources)"), "word of the wait")
        assert session.sites() == ()
        with pytest.raises(EngineLost, match=r"no job began within 0\.07 minutes"):
            settled(session)
    assert list((tmp_path / "meet").iterdir()) == []


@pytest.mark.slow
def test_what_waits_in_the_queue_is_taken_back_at_the_end(slurm: StandInSlurm, tmp_path: Path) -> None:
    with opened(orders.echo, tmp_path / "meet", cluster="slurm") as session:
        sites = names(session)
        slurm.close_nodes()
        answer = session.submit("one", b"ab", sites)
        until(lambda: len(slurm.scripts()) == 2, "the job")
    assert answer.cancelled()
    assert list((tmp_path / "meet").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", ["squeue", "sbatch"])
def test_slurm_that_fails_for_long_is_lost(slurm: StandInSlurm, tmp_path: Path, command: str) -> None:
    with opened(orders.echo, tmp_path / "meet", cluster="slurm") as session:
        sites = names(session)
        slurm.make_fail(command, f"{command}: error: Unable to contact slurm controller")
        if command == "squeue":
            slurm.close_nodes()
        with pytest.raises(EngineLost, match="Unable to contact slurm controller"):
            session.submit("one", b"ab", sites).result(LONG)
        with pytest.raises(EngineLost):
            session.sites()


@pytest.mark.slow
def test_slurm_that_fails_for_a_moment_is_borne(slurm: StandInSlurm, tmp_path: Path) -> None:
    with opened(orders.echo, tmp_path / "meet", cluster="slurm", tolerance=60.0) as session:
        sites = names(session)
        slurm.make_fail("sbatch", "sbatch: error: Socket timed out on send/recv operation")
        answers = [session.submit(str(n), b"%d" % n, sites) for n in range(3)]
        time.sleep(1.5)
        slurm.mend("sbatch")
        assert [answer.result(LONG) for answer in answers] == [b"0", b"1", b"2"]


@pytest.mark.slow
def test_a_site_whose_jobs_cannot_start_is_in_trouble_and_alone_is_the_end(slurm: StandInSlurm, tmp_path: Path) -> None:
    broken = SlurmJobs(setup=("exit 3",))
    with opened(orders.echo, tmp_path / "meet", cluster="slurm", sites={"good": SlurmJobs(), "bad": broken}) as session:
        found = {site.name: site for site in settled(session)}
        assert "FAILED, exit code 3:0" in found["bad"].trouble
        assert session.submit("one", b"ab", frozenset(found)).result(LONG) == b"ba"
        with pytest.raises(SiteLost):
            session.submit("two", b"ab", frozenset({"bad"})).result(LONG)
    alone = opened(orders.echo, tmp_path / "meet", cluster="slurm", sites={"bad": broken})
    with alone as session, pytest.raises(EngineLost, match="ended without a word: FAILED") as raised:
        settled(session)
    assert "python=PATH" in (raised.value.remedy or "")
