"""Orders on a real Dask cluster of this machine: carried out where they should be, given up, lost, and kept safe."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from benchsuite_plugins.executors import dask_session
from benchsuite_plugins.executors.dask import Dask
from benchsuite_plugins.executors.dask_options import DaskParameters
from benchsuite_plugins.executors.dask_worker import SMALL
from distributed import Client
from pydantic import ValidationError

from benchsuite.api import BenchsuiteError, EngineLost, Session, SetupError, SiteLost
from support.dask_cluster import LIMIT, Cluster, certificates, cluster, usable, wait_for
from support.dask_orders import carry, order, survey
from support.executors import settled

Heard = dict[str, list[bytes]]


@contextmanager
def opened(heard: Callable[[str, bytes], None] = lambda ticket, message: None, **options: Any) -> Iterator[Session]:
    session = Dask().open(DaskParameters(**options), carry, survey, heard)
    try:
        yield session
    finally:
        session.close(now=True)


def refused(error: type[BenchsuiteError], *words: str, **options: Any) -> None:
    """Assert that a cluster is refused by an error that is whole and says each of `words`."""
    with pytest.raises(error) as raised, opened(**options):
        pass
    assert raised.value.where
    assert raised.value.expected
    assert raised.value.remedy
    for word in words:
        assert word in str(raised.value)


# Without a cluster


def test_tcp_beyond_this_machine_is_refused() -> None:
    refused(SetupError, "no TLS", "tcp://192.0.2.1:8786", "insecure=true", address="tcp://192.0.2.1:8786")
    refused(SetupError, "no TLS", "tcp://head:8786", address="tcp://head:8786")


@pytest.mark.parametrize("address", ["head:8786", "tls://head", "http://head:8786", "tcp://head:none", "tcp://[::1:8"])
def test_what_is_no_address_is_refused(address: str) -> None:
    refused(SetupError, repr(address), address=address)


def test_one_way_to_the_scheduler_is_named(tmp_path: Path) -> None:
    refused(SetupError, "address or scheduler_file")
    with pytest.raises(ValidationError, match="not both"):
        DaskParameters(address="tcp://127.0.0.1:1", scheduler_file=tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"address": 3}', b"\xff\xfe"])
def test_an_unreadable_scheduler_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "scheduler.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SetupError) as raised, opened(scheduler_file=file, wait=0.1):
        pass
    assert raised.value.where == str(file)
    assert "--scheduler-file" in str(raised.value)


def test_nobody_who_listens_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    refused(EngineLost, "refused", address, address=address)


@pytest.mark.parametrize("says", [b"SSH-2.0-OpenSSH_9.2\r\n", b"", None])
def test_who_is_no_scheduler_is_refused(says: bytes | None, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_say, args=(server, says), daemon=True)
        thread.start()
        port = server.getsockname()[1]
        refused(SetupError, "not a Dask scheduler", address=f"tcp://127.0.0.1:{port}", timeout=1.0)
        thread.join(LIMIT)
    assert capfd.readouterr() == ("", "")


def test_who_only_opens_as_a_scheduler_does_is_given_up(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_open_only, args=(server,), daemon=True).start()
        refused(EngineLost, "could not be begun", address=f"tcp://127.0.0.1:{server.getsockname()[1]}", timeout=1.0)
    assert capfd.readouterr() == ("", "")


def _say(server: socket.socket, says: bytes | None) -> None:
    connection, _ = server.accept()
    with connection:
        if says is None:
            connection.recv(1)  # until the other side has had enough
        else:
            connection.sendall(says)


def _open_only(server: socket.socket) -> None:
    """The number of a message's parts, and no more, to whoever comes."""
    connections = []
    with suppress(OSError):
        while True:
            connections.append(server.accept()[0])
            connections[-1].sendall((3).to_bytes(8, "little"))


@pytest.mark.parametrize("missing", ["ca", "cert", "key"])
def test_each_certificate_that_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    options = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    for name, file in options.items():
        if name != missing:
            file.write_text("no certificate")
    refused(SetupError, f"option {missing}", str(options[missing]), address="tls://127.0.0.1:9", **options)
    options[missing].write_text("no certificate")
    refused(SetupError, "TLS cannot use this", str(options["ca"]), address="tls://127.0.0.1:9", **options)


# With one


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def heard() -> Heard:
    return defaultdict(list)


@pytest.fixture
def session(shared: Cluster, heard: Heard) -> Iterator[Session]:
    with opened(lambda ticket, message: heard[ticket].append(message), address=shared.address) as made:
        usable(made, 2)
        yield made


def waiting(session: Session, ticket: str, site: str, folder: Path) -> Any:
    """An order that is being carried out, until it is cancelled or told to go on."""
    future = session.submit(ticket, order("wait", folder=str(folder)), frozenset({site}))
    wait_for("the order's begin", (folder / "begun").exists)
    return future


@pytest.mark.slow
def test_sites_are_the_workers(shared: Cluster, session: Session) -> None:
    sites = session.sites()
    assert {site.name for site in sites} == {"w1", "w2"}
    assert {site.slots for site in sites} == {1}
    assert {site.host for site in sites} == {socket.gethostname()}
    assert {int(site.facts) for site in sites} == {process.pid for process in shared.workers.values()}


@pytest.mark.slow
def test_every_listener_is_on_loopback(shared: Cluster, session: Session) -> None:
    processes = [*shared.processes(), psutil.Process()]
    listening = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) <= {"127.0.0.1", "::1"}
    assert len(listening) >= 3, "scheduler and workers listen"


@pytest.mark.slow
def test_an_order_is_carried_out_at_its_site(session: Session) -> None:
    answers = [
        (site.facts, session.submit(f"{site.name}-{number}", order("pid"), frozenset({site.name})))
        for number in range(5)
        for site in session.sites()
    ]
    assert [answer.result(LIMIT) for _, answer in answers] == [facts for facts, _ in answers]


@pytest.mark.slow
def test_what_is_submitted_first_is_begun_first(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    asked = [session.submit(str(n), order("write", file=str(file), number=n), frozenset({"w1"})) for n in range(30)]
    assert not wait(asked, LIMIT).not_done
    assert file.read_text().split() == [str(number) for number in range(30)]


@pytest.mark.slow
def test_no_order_waits_behind_a_long_one_while_a_site_is_free(session: Session, tmp_path: Path) -> None:
    long = waiting(session, "long", "w1", tmp_path)
    both = frozenset({"w1", "w2"})
    short = [session.submit(str(number), order("echo", number=number), both) for number in range(10)]
    assert [answer.result(LIMIT) for answer in short] == [order("echo", number=number) for number in range(10)]
    (tmp_path / "go").touch()
    assert long.result(LIMIT) == b"went"


@pytest.mark.slow
def test_messages_come_in_order_and_before_the_answer(session: Session, heard: Heard) -> None:
    names = frozenset({"w1", "w2"})
    asked = {f"t{number}": session.submit(f"t{number}", order("tell", count=200), names) for number in range(8)}
    for ticket, answer in asked.items():
        assert answer.result(LIMIT) == b"told"
        assert heard[ticket] == [str(number).encode() for number in range(200)]


@pytest.mark.slow
def test_what_the_handler_raises_comes_home(session: Session) -> None:
    names = frozenset({"w1"})
    with pytest.raises(SetupError) as raised:
        session.submit("refused", order("refuse"), names).result(LIMIT)
    assert (raised.value.what, raised.value.where, raised.value.remedy) == ("no", "here", "ask again")
    with pytest.raises(BenchsuiteError, match="_Unsendable: it cannot be pickled"):
        session.submit("broken", order("break"), names).result(LIMIT)
    assert session.submit("again", order("echo"), names).result(LIMIT) == order("echo")


@pytest.mark.slow
def test_small_answers_come_by_themselves_and_others_are_fetched(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gather(*given: Any, **named: Any) -> Any:
        raise RuntimeError("it is fetched")

    monkeypatch.setattr(Client, "_gather", gather)
    names = frozenset({"w1"})
    small = session.submit("small", order("large", size=SMALL), names)
    assert len(small.result(LIMIT)) == SMALL
    with pytest.raises(RuntimeError, match="it is fetched"):
        session.submit("large", order("large", size=SMALL + 1), names).result(LIMIT)


@pytest.mark.slow
def test_an_answer_of_which_nothing_was_heard_is_lost(shared: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_session._Cluster, "_hear", lambda cluster, event: None)
    with opened(address=shared.address) as session:
        usable(session, 2)
        with pytest.raises(SiteLost):
            session.submit("small", order("echo"), frozenset({"w1"})).result(LIMIT)


@pytest.mark.slow
@pytest.mark.parametrize("direct", [False, True])
def test_a_large_answer_comes_home(shared: Cluster, direct: bool) -> None:
    with opened(address=shared.address, direct=direct) as session:
        answer = session.submit("large", order("large", size=50_000_000), frozenset({usable(session, 2)[0].name}))
        content = answer.result(LIMIT)
    assert content == content[:1] * 50_000_000


@pytest.mark.slow
def test_orders_are_cancelled_where_they_are(session: Session, tmp_path: Path) -> None:
    carried = waiting(session, "carried", "w1", tmp_path)
    queued = session.submit("queued", order("echo"), frozenset({"w1"}))
    for ticket in ("queued", "carried", "unknown"):
        session.cancel(ticket)
    assert not wait([carried, queued], LIMIT).not_done
    for answer in (carried, queued):
        with pytest.raises(CancelledError):
            answer.result(LIMIT)
    wait_for("word that the order is cancelled", (tmp_path / "cancelled").exists)
    assert session.submit("next", order("echo"), frozenset({"w1"})).result(LIMIT) == order("echo")


@pytest.mark.slow
def test_unknown_sites_are_lost(session: Session) -> None:
    with pytest.raises(SiteLost, match="none of the workers"):
        session.submit("nowhere", order("echo"), frozenset({"w9"})).result(LIMIT)


@pytest.mark.slow
def test_closing_leaves_the_cluster_to_others(shared: Cluster, session: Session, tmp_path: Path) -> None:
    with opened(scheduler_file=shared.file) as other:
        usable(other, 2)
        carried = waiting(other, "carried", "w1", tmp_path)
        other.close(now=True)
        other.close(now=True)
        assert carried.cancelled()
        with pytest.raises(EngineLost):
            other.sites()
    wait_for("word that the order is cancelled", (tmp_path / "cancelled").exists)
    assert session.submit("mine", order("echo"), frozenset({"w1"})).result(LIMIT) == order("echo")
    assert "Traceback" not in (shared.folder / "scheduler.log").read_text()


@pytest.mark.slow
def test_orders_of_a_killed_client_end(shared: Cluster, session: Session, tmp_path: Path) -> None:
    with started_client(shared, tmp_path) as client:
        client.kill()
    wait_for("word that the order is cancelled", (tmp_path / "cancelled").exists)
    assert session.submit("mine", order("echo"), frozenset({"w1"})).result(LIMIT) == order("echo")


CLIENT = """
import sys
from benchsuite_plugins.executors.dask import Dask
from benchsuite_plugins.executors.dask_options import DaskParameters
from support.dask_cluster import usable
from support.dask_orders import carry, order, survey
options = DaskParameters(address=sys.argv[1], timeout=2.0)
session = Dask().open(options, carry, survey, lambda ticket, message: None)
sites = frozenset(site.name for site in usable(session, 2) if site.name == "w1")
print(session.submit("wait", order("wait", folder=sys.argv[2]), sites).result().decode(), len(session.sites()))
session.close(now=False)
"""


def started_client(shared: Cluster, folder: Path) -> subprocess.Popen[bytes]:
    """A process whose order is being carried out; it says what the answer was, and how many sites there are then."""
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, shared.address, str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
    )
    wait_for("the order's begin", (folder / "begun").exists)
    return client


@pytest.mark.slow
def test_a_client_that_was_stopped_for_a_while_goes_on(shared: Cluster, tmp_path: Path) -> None:
    with started_client(shared, tmp_path) as client:
        client.send_signal(signal.SIGSTOP)
        time.sleep(4)  # more than its scheduler may be silent
        client.send_signal(signal.SIGCONT)
        time.sleep(3)
        (tmp_path / "go").touch()
        assert client.communicate(timeout=LIMIT)[0] == b"went 2\n"


@pytest.mark.slow
def test_two_thousand_small_orders(session: Session) -> None:
    names = frozenset({"w1", "w2"})
    asked = [session.submit(str(number), order("echo", number=number), names) for number in range(2_000)]
    assert [answer.result(LIMIT) for answer in asked] == [order("echo", number=number) for number in range(2_000)]


@pytest.mark.slow
@pytest.mark.parametrize("different", ["distributed", "python"])
def test_a_scheduler_of_another_version_is_refused(
    shared: Cluster, monkeypatch: pytest.MonkeyPatch, different: str
) -> None:
    ours = dask_session.versions()
    monkeypatch.setattr(dask_session, "versions", lambda: {**ours, different: "1.2"})
    refused(SetupError, f"{different} {ours[different]}, and not 1.2", "pip install", address=shared.address)


# With one that breaks


@pytest.mark.slow
def test_an_order_of_a_killed_worker_is_lost_and_the_worker_comes_back_as_another(tmp_path: Path) -> None:
    with cluster(tmp_path, nanny=True) as own, opened(address=own.address) as session:
        before = usable(session, 2)
        (tmp_path / "w").mkdir()
        lost = waiting(session, "lost", "w1", tmp_path / "w")
        queued = session.submit("queued", order("pid"), frozenset({"w1"}))
        elsewhere = session.submit("elsewhere", order("echo"), frozenset({"w1", "w2"}))
        pid = next(int(site.facts) for site in before if site.name == "w1")
        os.kill(pid, signal.SIGKILL)
        for answer in (lost, queued):
            with pytest.raises(SiteLost):
                answer.result(LIMIT)
        assert elsewhere.result(LIMIT) == order("echo")
        after = usable(session, 2)
        assert {site.name for site in after} == {"w1/2", "w2"}
        assert session.submit("again", order("echo"), frozenset({"w1/2"})).result(LIMIT) == order("echo")


@pytest.mark.slow
def test_a_cluster_that_is_being_started_is_waited_for(tmp_path: Path) -> None:
    own = Cluster(tmp_path)
    starting = threading.Thread(target=own.start)
    starting.start()
    try:
        with opened(scheduler_file=own.file, wait=LIMIT, workers=2) as session:
            assert {site.name for site in settled(session)} == {"w1", "w2"}
    finally:
        starting.join(LIMIT)
        own.end()


@pytest.mark.slow
def test_an_order_of_a_worker_that_is_stopped_ends_and_is_lost(tmp_path: Path) -> None:
    with cluster(tmp_path) as own, opened(address=own.address) as session:
        usable(session, 2)
        lost = waiting(session, "lost", "w1", tmp_path)
        own.workers["w1"].terminate()
        with pytest.raises(SiteLost):
            lost.result(LIMIT)
        wait_for("word that the order is cancelled", (tmp_path / "cancelled").exists)
        assert {site.name for site in usable(session, 1)} == {"w2"}


@pytest.mark.slow
def test_under_a_nanny_an_order_may_start_processes(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=1, nanny=True) as own, opened(address=own.address) as session:
        (site,) = usable(session, 1)
        child = session.submit("child", order("child"), frozenset({site.name})).result(LIMIT)
        assert int(child) not in (int(site.facts), os.getpid())


@pytest.mark.slow
def test_a_killed_scheduler_loses_everything_at_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with cluster(tmp_path) as own, opened(address=own.address) as session:
        usable(session, 2)
        carried = waiting(session, "carried", "w1", tmp_path)
        queued = session.submit("queued", order("echo"), frozenset({"w1"}))
        assert own.scheduler is not None
        own.scheduler.send_signal(signal.SIGKILL)
        for answer in (carried, queued):
            with pytest.raises(EngineLost, match="broken"):
                answer.result(LIMIT)
        with pytest.raises(EngineLost):
            session.sites()
        with pytest.raises(EngineLost):
            session.submit("more", order("echo"), frozenset({"w1"}))
        wait_for("word that the order is cancelled", (tmp_path / "cancelled").exists)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_silent_scheduler_is_lost(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=1) as own, opened(address=own.address, timeout=2.0) as session:
        usable(session, 1)
        carried = waiting(session, "carried", "w1", tmp_path)
        assert own.scheduler is not None
        own.scheduler.send_signal(signal.SIGSTOP)
        with pytest.raises(EngineLost, match="said nothing for 2 seconds"):
            carried.result(LIMIT)


@pytest.mark.slow
def test_a_worker_without_benchsuite_says_so_and_the_scheduler_needs_none(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=1, bare=True) as own:
        own.add_worker("bare", bare=True)
        with opened(address=own.address) as session:
            sites = wait_for("both sites", lambda: sites if len(sites := session.sites()) == 2 else None)
            troubled, fine = sorted(sites, key=lambda site: site.trouble, reverse=True)
            assert troubled.trouble.startswith("benchsuite cannot be used there: ModuleNotFoundError")
            assert "No module named 'benchsuite" in troubled.trouble
            assert (troubled.facts, fine.name, fine.trouble) == (b"", "w1", "")
            with pytest.raises(SiteLost):
                session.submit("there", order("echo"), frozenset({troubled.name})).result(LIMIT)
            assert session.submit("here", order("echo"), frozenset({"w1"})).result(LIMIT) == order("echo")


# With TLS


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make certificates with")
def test_tls_is_mutual(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = certificates(tmp_path / "ours"), certificates(tmp_path / "theirs")
    tls = ("--tls-ca-file", str(ours["ca"]), "--tls-cert", str(ours["cert"]), "--tls-key", str(ours["key"]))
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster", workers=1, tls=tls) as own:
        address = own.address
        assert address.startswith("tls://127.0.0.1:")
        with opened(address=address, **ours) as session:
            site = usable(session, 1)[0].name
            assert session.submit("safe", order("echo"), frozenset({site})).result(LIMIT) == order("echo")
        refused(SetupError, "TLS with the scheduler failed: certificate", address=address, **theirs)
        stranger = {**theirs, "ca": ours["ca"]}
        refused(SetupError, "TLS with the scheduler failed", "signed by the authority", address=address, **stranger)
        mixed = {**ours, "key": theirs["key"]}
        refused(SetupError, "TLS cannot use this", "mismatch", address=address, **mixed)
        plain = address.replace("tls://", "tcp://")
        refused(SetupError, "not a Dask scheduler", "tls:// for tcp://", address=plain, timeout=1.0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make certificates with")
def test_tls_is_not_given_up_for_a_scheduler_without(tmp_path: Path, shared: Cluster) -> None:
    ours = certificates(tmp_path / "ours")
    address = shared.address.replace("tcp://", "tls://")
    refused(SetupError, "TLS with the scheduler failed", address=address, **ours)


@pytest.mark.slow
def test_a_sample_is_a_cluster_of_two_on_loopback(tmp_path: Path) -> None:
    with Dask().sample(DaskParameters(), tmp_path) as options:
        session = Dask().open(options, carry, survey, lambda ticket, message: None)
        try:
            assert {site.name for site in settled(session)} == {"worker-1", "worker-2"}
        finally:
            session.close(now=False)
    given = DaskParameters(address="tls://head:8786")
    with Dask().sample(given, tmp_path) as options:
        assert options is given
