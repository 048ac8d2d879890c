"""What becomes of orders whose sites answer, refuse, are lost, send damage or other bits. No run is really made."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import Timeout

from benchsuite.api import EngineLost, Site, SiteLost
from benchsuite.engine.task import RunTask
from benchsuite.errors import Nondeterminism, PluginError, SetupError, StoreError
from benchsuite.execution import dispatch
from benchsuite.execution.case_cost import CaseCost
from benchsuite.execution.dispatch import Dispatch, Hearing
from benchsuite.execution.fleet import Fleet
from benchsuite.execution.wire import ASKED, FORM, Answer, Arrived, Order, Refusal, Report, told
from benchsuite.identity.numerics import MachineFacts
from benchsuite.identity.run_key import RunKey
from benchsuite.store.parcel import pack
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from support.engine import Silent
from support.executors import Order as Given
from support.executors import QueueSession, SitesParameters
from support.runs import put_run
from support.synthetic import make_numerics

MACHINE = MachineFacts(
    torch="2.14.1", torchvision="0.29.1", numpy="2", pillow="12", cuda=None, cudnn=None, cublas=None,
    processor="a processor", instruction_set="AVX2", bf16_set=None,
)  # fmt: skip
OTHER = MACHINE.model_copy(update={"processor": "another processor"})
ONE = Fleet(kinds=(MACHINE,), slots=(2,))
TWO = Fleet(kinds=(MACHINE, OTHER), slots=(1, 1), seeds={0: 0, 1: 1, 2: 0, 3: 1})
Behaviour = Callable[[str, Order, Given], bytes]


class Sites(QueueSession):
    """Sites that answer as a test says; each is an agent of its name."""

    def __init__(
        self,
        behaviour: Behaviour,
        hearing: Hearing,
        sites: int,
        machines: dict[str, MachineFacts],
        canaries: dict[str, str],
    ) -> None:
        self.behaviour, self.machines, self.canaries = behaviour, machines, canaries
        self.seen: list[tuple[str, Order]] = []
        self.arrived: list[tuple[str, tuple[str, ...]]] = []
        """What a site was told of."""
        self.hears: Callable[[str], bytes] = lambda site: Answer(f"agent of {site}", None).to_bytes()
        self.troubles: dict[str, str] = {}
        self.broken: Exception | None = None
        self.first, self.begun = threading.Barrier(sites), set[str]()
        self.together = False
        """Whether a site carries out its first order only when each has one."""
        super().__init__(SitesParameters(sites=sites), lambda order, channel: b"", lambda: b"", hearing)

    def facts_of(self, site: str) -> bytes:
        machine = self.machines.get(site, MACHINE)
        steps = self.canaries.get(site, "the same")
        report = Report(agent=f"agent of {site}", version="1", machine=machine, canary={"cpu": steps})
        return report.model_dump_json().encode()

    def sites(self) -> tuple[Site, ...]:
        if self.broken is not None:
            raise self.broken
        return super().sites()

    def carry_out(self, site: str, order: Given) -> bytes:
        read = ASKED.validate_json(order.order)
        if isinstance(read, Arrived):
            self.arrived.append((site, read.keys))
            return self.hears(site)
        self.seen.append((site, read))
        if self.together and site not in self.begun:
            self.begun.add(site)
            self.first.wait(30)
        return self.behaviour(site, read, order)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


@pytest.fixture
def task(tmp_path: Path, there: Path) -> Callable[..., RunTask]:
    def made(seed: int = 0, case: str | None = None) -> RunTask:
        record = put_run(there, seed=seed)
        spec = record.spec
        if case is not None:
            spec = spec.model_copy(update={"case": spec.case.model_copy(update={"name": case})})
        found: Any = SimpleNamespace(provenance="official", left_out={})
        numerics: Any = SimpleNamespace()
        key = RunKey(record.key, record.key_fields)
        return RunTask(spec, key, numerics, found, found, tmp_path / "here", tmp_path / "cache")

    return made


@pytest.fixture
def home(there: Path) -> Behaviour:
    """A site that hands over what was made there."""

    def answered(site: str, order: Order, given: Given) -> bytes:
        return Answer(f"agent of {site}", pack(Store(there).folder(order.key))).to_bytes()

    return answered


@contextmanager
def dispatching(
    behaviour: Behaviour,
    sites: int = 2,
    machines: dict[str, MachineFacts] | None = None,
    fleet: Fleet = ONE,
    canaries: dict[str, str] | None = None,
    *,
    together: bool = False,
) -> Iterator[tuple[Dispatch, Sites, Silent]]:
    hearing, watcher = Hearing(), Silent()
    session = Sites(behaviour, hearing, sites, machines or {}, canaries or {})
    session.together = together
    with Dispatch(session, fleet, hearing, watcher) as executor:
        yield executor, session, watcher


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(dispatch, "WAIT_FOR_SITES", 0.5)


def refusing(site: str, what: str = "the source differs") -> bytes:
    return Answer(f"agent of {site}", Refusal(kind="setup", what=what, remedy="install it")).to_bytes()


def test_what_comes_home_is_in_the_store(task: Callable[..., RunTask], home: Behaviour, tmp_path: Path) -> None:
    tasks = [task(seed) for seed in range(5)]
    with dispatching(home, together=True) as (executor, session, _):
        records = list(executor.run(tasks))
    assert {record.key for record in records} == {one.key.key for one in tasks}
    assert all(Store(tmp_path / "here").read(one.key.key, thorough=True) for one in tasks)
    assert len({site for site, _ in session.seen}) == 2
    assert {order.form for _, order in session.seen} == {FORM}


def test_a_site_that_refuses_is_given_nothing_more(task: Callable[..., RunTask], home: Behaviour) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return refusing(site) if site == "sites-1" else home(site, order, given)

    with dispatching(behave, together=True) as (executor, session, watcher):
        records = list(executor.run([task(seed) for seed in range(6)]))
    assert [record.status for record in records] == ["done"] * 6
    refused = [order.key for site, order in session.seen if site == "sites-1"]
    assert len(refused) <= 6
    said = [text for text in watcher.said if "given no more" in text]
    assert len(said) == 1
    assert "the source differs" in said[0]
    assert "install it" in said[0]


def test_when_all_refuse_the_study_ends_with_every_reason(task: Callable[..., RunTask]) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return refusing(site, f"{site} has no data")

    with pytest.raises(SetupError, match="no site makes the runs") as raised, dispatching(behave) as (executor, *_):
        list(executor.run([task()]))
    assert "sites-1 has no data" in str(raised.value.where)
    assert "sites-2 has no data" in str(raised.value.where)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("losses", [1, 2, 3])
def test_a_run_whose_site_is_lost_goes_to_another_and_fails_the_third_time(
    task: Callable[..., RunTask], home: Behaviour, losses: int, tmp_path: Path
) -> None:
    lost = iter(range(losses))

    def behave(site: str, order: Order, given: Given) -> bytes:
        given.tell(told("started"))
        if next(lost, None) is not None:
            raise SiteLost("the worker has vanished")
        return home(site, order, given)

    wanted = replace(task(), numerics=make_numerics())
    with dispatching(behave) as (executor, session, watcher):
        (record,) = executor.run([wanted])
    assert record.status == ("failed" if losses == 3 else "done")
    assert len(session.seen) == min(losses + 1, 3)
    if record.failure is not None:
        assert record.failure.kind == "worker died"
        assert "the worker has vanished" in record.failure.what
    assert sum("goes to another site" in text for text in watcher.said) == min(losses, 2)


def test_a_run_that_was_not_begun_is_not_lost(task: Callable[..., RunTask], home: Behaviour) -> None:
    lost = iter(range(9))

    def behave(site: str, order: Order, given: Given) -> bytes:
        if next(lost, None) is not None:
            raise SiteLost("the workers were started again")
        return home(site, order, given)

    with dispatching(behave) as (executor, session, watcher):
        (record,) = executor.run([task()])
    assert record.status == "done"
    assert len(session.seen) == 10
    assert not watcher.said


def test_damage_is_asked_for_again_and_twice_excludes_the_site(task: Callable[..., RunTask], home: Behaviour) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        answer = home(site, order, given)
        return answer[:-9] + b"x" * 9 if site == "sites-1" else answer

    with dispatching(behave, together=True) as (executor, _, watcher):
        records = list(executor.run([task(seed) for seed in range(8)]))
        assert [record.status for record in records] == ["done"] * 8
    assert all(record.weights_hash for record in records)
    assert [text for text in watcher.said if "damaged" in text]


def test_only_damage_ends_the_study(task: Callable[..., RunTask], home: Behaviour) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return home(site, order, given)[:-1]

    with pytest.raises(SetupError, match="no site") as raised, dispatching(behave, sites=1) as (executor, *_):
        list(executor.run([task()]))
    assert "damaged results twice" in str(raised.value.where)


def test_other_bits_stop_the_study_and_both_are_kept(
    task: Callable[..., RunTask], home: Behaviour, tmp_path: Path
) -> None:
    wanted = task()
    put_run(tmp_path / "here", bits=1)
    with pytest.raises(Nondeterminism), dispatching(home) as (executor, *_):
        list(executor.run([wanted, task(1)]))
    assert list(Store(tmp_path / "here").folder(wanted.key.key).glob("different-*"))


def test_an_engine_that_is_lost_ends_the_study_and_keeps_what_is_done(
    task: Callable[..., RunTask], home: Behaviour, tmp_path: Path
) -> None:
    lost = threading.Event()

    def behave(site: str, order: Order, given: Given) -> bytes:
        if order.spec.seed == 0:
            return home(site, order, given)
        lost.wait(30)
        raise EngineLost("the scheduler is gone", remedy="start it again")

    done: list[RunRecord] = []

    def study() -> None:
        with dispatching(behave) as (executor, *_):
            for record in executor.run([task(seed) for seed in range(4)]):
                done.append(record)
                lost.set()

    with pytest.raises(EngineLost, match="the scheduler is gone") as raised:
        study()
    assert raised.value.exit_code == 1
    assert [record.spec.seed for record in done] == [0]
    assert Store(tmp_path / "here").read(done[0].key) is not None


def test_sites_of_another_kind_stay_idle_and_that_is_told(task: Callable[..., RunTask], home: Behaviour) -> None:
    with dispatching(home, sites=3, machines={"sites-2": OTHER}) as (executor, session, watcher):
        assert executor.devices == 2
        list(executor.run([task(seed) for seed in range(6)]))
    assert not [1 for site, _ in session.seen if site == "sites-2"]
    assert sum("stays idle" in text and "another processor" in text for text in watcher.said) == 1


def test_the_longest_runs_go_first(
    task: Callable[..., RunTask], home: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LEAST_WINDOW", window := 4)
    free = threading.Event()

    def behave(site: str, order: Order, given: Given) -> bytes:
        free.wait(30)
        return home(site, order, given)

    def cost(case: str, seconds: float) -> CaseCost:
        return CaseCost(case, None, 1, seconds, 0, 0, 0, 0, True, "")  # type: ignore[arg-type]

    with dispatching(behave, sites=1) as (executor, session, _):
        executor.packing(4, [cost("short", 1), cost("long", 9)])
        made = [executor.submit(task(seed, "long" if seed % 2 else "short")) for seed in range(window + 6)]
        free.set()
        assert {future.result(30).status for future in made} == {"done"}
    names = [order.spec.case.name for _, order in session.seen]
    assert names[window:] == sorted(names[window:]), "what was handed out before the others came is in their order"


def test_what_cannot_be_read_counts_as_lost(task: Callable[..., RunTask], home: Behaviour) -> None:
    answers = iter([b"", b'{"form": 99, "agent": "x", "kind": "parcel"}\n'])

    def behave(site: str, order: Order, given: Given) -> bytes:
        given.tell(told("started"))
        answer = next(answers, None)
        return home(site, order, given) if answer is None else answer

    with dispatching(behave) as (executor, _, watcher):
        (record,) = executor.run([task()])
    assert record.status == "done"
    assert any("cannot be read" in text for text in watcher.said)


def test_a_defect_of_a_site_is_no_loss(task: Callable[..., RunTask]) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        raise ZeroDivisionError("division by zero")

    with pytest.raises(PluginError, match="ZeroDivisionError"), dispatching(behave) as (executor, *_):
        list(executor.run([task()]))


def test_a_session_that_raises_ends_the_study(task: Callable[..., RunTask], home: Behaviour) -> None:
    def study() -> None:
        with dispatching(home) as (executor, session, _):
            session.broken = EngineLost("the scheduler is gone")
            list(executor.run([task()]))

    with pytest.raises(EngineLost, match="the scheduler is gone"):
        study()


def test_without_sites_it_is_waited_for_some(task: Callable[..., RunTask], home: Behaviour) -> None:
    def study() -> None:
        with dispatching(home, sites=1) as (executor, session, _):
            session.lose("sites-1")
            list(executor.run([task()]))

    with pytest.raises(EngineLost, match="no site to make runs on"):
        study()


def test_an_interrupted_study_cancels_what_is_being_made(task: Callable[..., RunTask]) -> None:
    begun, ended = threading.Event(), threading.Event()

    def behave(site: str, order: Order, given: Given) -> bytes:
        begun.set()
        given.given_up.wait(30)
        ended.set()
        return Answer("agent", None).to_bytes()

    def study() -> None:
        with dispatching(behave, sites=1) as (executor, *_):
            executor.submit(task())
            assert begun.wait(30)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study()
    assert ended.wait(30)


def test_progress_reaches_the_watcher(task: Callable[..., RunTask], home: Behaviour) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        for message in (told("started"), told("say", "hello"), b"garbage", told("steps", 1, 2, 3)):
            given.tell(message)
        return home(site, order, given)

    with dispatching(behave) as (executor, _, watcher):
        list(executor.run([task(), task(1)]))
    assert watcher.said.count("hello") == 1, "what is true of many runs is said once"


def test_a_full_disk_here_ends_the_study_with_what_to_do(
    task: Callable[..., RunTask], home: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> None:
        raise StoreError("no space is left on the disk", remedy="free some space")

    monkeypatch.setattr(dispatch, "accept", full)
    with pytest.raises(StoreError, match="no space is left"), dispatching(home) as (executor, *_):
        list(executor.run([task()]))


def test_each_seed_goes_to_the_sites_of_its_kind(task: Callable[..., RunTask], home: Behaviour) -> None:
    machines = {"sites-2": OTHER, "sites-3": OTHER}
    with dispatching(home, 3, machines, TWO) as (executor, session, watcher):
        assert executor.devices == 3
        records = list(executor.run([task(seed) for seed in range(4)]))
    assert [record.status for record in records] == ["done"] * 4
    went = {order.spec.seed: site for site, order in session.seen}
    assert went[0] == went[2] == "sites-1"
    assert {went[1], went[3]} <= {"sites-2", "sites-3"}
    assert not [text for text in watcher.said if "idle" in text]


def test_a_kind_that_is_busy_keeps_no_other_kind_waiting(
    task: Callable[..., RunTask], home: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LEAST_WINDOW", 1)
    other_is_done = threading.Event()
    fleet = TWO.model_copy(update={"seeds": {**dict.fromkeys(range(9), 0), 9: 1}})

    def behave(site: str, order: Order, given: Given) -> bytes:
        if site == "sites-1":
            assert other_is_done.wait(30), "the only run of the other kind has not been given out"
        else:
            other_is_done.set()
        return home(site, order, given)

    with dispatching(behave, 2, {"sites-2": OTHER}, fleet) as (executor, *_):
        assert len(list(executor.run([task(seed) for seed in range(10)]))) == 10


def test_a_kind_without_sites_ends_the_study_when_the_others_are_done(
    task: Callable[..., RunTask], home: Behaviour
) -> None:
    done: list[RunRecord] = []

    def study() -> None:
        with dispatching(home, 2, {}, TWO) as (executor, *_):
            done.extend(executor.run([task(seed) for seed in (0, 2)]))
            list(executor.run([task(1)]))

    with pytest.raises(EngineLost, match="no site to make runs on") as raised:
        study()
    assert len(done) == 2
    assert "another processor" in str(raised.value.where)


def test_a_refusal_concerns_its_own_kind(task: Callable[..., RunTask], home: Behaviour) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return refusing(site) if site == "sites-2" else home(site, order, given)

    done: list[RunRecord] = []

    def study() -> None:
        with dispatching(behave, 2, {"sites-2": OTHER}, TWO) as (executor, *_):
            done.extend(executor.run([task(seed) for seed in range(4)]))

    with pytest.raises(SetupError, match="no site makes the runs") as raised:
        study()
    assert "the source differs" in str(raised.value.where)


def test_a_kind_that_has_no_seed_stays_idle(task: Callable[..., RunTask], home: Behaviour) -> None:
    fleet = TWO.model_copy(update={"seeds": {0: 0, 1: 0}})
    with dispatching(home, 2, {"sites-2": OTHER}, fleet) as (executor, session, watcher):
        assert executor.devices == 1
        list(executor.run([task(0), task(1)]))
    assert {site for site, _ in session.seen} == {"sites-1"}
    assert sum("stays idle" in text for text in watcher.said) == 1


def test_a_site_whose_canary_deviates_from_its_kind_is_given_nothing(
    task: Callable[..., RunTask], home: Behaviour
) -> None:
    canaries = {"sites-1": "deviating", "sites-4": "of the other kind"}
    with dispatching(home, 4, {"sites-4": OTHER}, TWO, canaries) as (executor, session, watcher):
        assert executor.devices == 3
        records = list(executor.run([task(seed) for seed in range(4)]))
    assert [record.status for record in records] == ["done"] * 4
    assert not [1 for site, _ in session.seen if site == "sites-1"]
    (said,) = [text for text in watcher.said if "given no more" in text]
    assert "training steps give other bits there (deviatin) than on other machines of its kind (the same)" in said


def test_of_two_that_differ_the_first_counts_and_one_that_comes_later_is_held_against_it(
    task: Callable[..., RunTask], home: Behaviour
) -> None:
    with dispatching(home, 3, {}, ONE, {"sites-2": "other", "sites-3": "other"}) as (executor, session, watcher):
        assert executor.devices == 2, "most agree"
    with dispatching(home, 2, {}, ONE, {"sites-2": "other"}) as (executor, session, watcher):
        assert executor.devices == 1
        list(executor.run([task(0)]))
        session.names.append("sites-3")
        session.facts["sites-3"] = session.facts["sites-2"]
        list(executor.run([task(1), task(2)]))
        assert sum("given no more" in text for text in watcher.said) == 1, "the same agent is told once"
    assert {site for site, _ in session.seen} == {"sites-1"}


def test_sites_that_all_deviate_from_what_was_met_end_the_study(task: Callable[..., RunTask], home: Behaviour) -> None:
    def study() -> None:
        with dispatching(home, 2, {}, ONE, {"sites-2": "other"}) as (executor, session, _):
            session.lose("sites-1")
            list(executor.run([task()]))

    with pytest.raises(SetupError, match="no site makes the runs") as raised:
        study()
    assert "training steps give other bits" in str(raised.value.where)


def passing(content: bytes | Refusal) -> bytes:
    """The answer of a process that ends with its order."""
    return Answer(f"job {uuid.uuid4()}", content).to_bytes()


def test_of_sites_whose_processes_pass_the_one_that_refuses_is_found(task: Callable[..., RunTask], there: Path) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        if site == "sites-2":
            if given.sites == {"sites-2"}:
                found.set()
            return passing(Refusal(kind="setup", what="no data here"))
        assert found.wait(30), "no order was for the site that refuses alone"
        return passing(pack(Store(there).folder(order.key)))

    found = threading.Event()
    with dispatching(behave, sites=3) as (executor, session, watcher):
        records = list(executor.run([task(seed) for seed in range(9)]))
    assert [record.status for record in records] == ["done"] * 9
    assert sum("given no more runs: no data here" in text for text in watcher.said) == 1
    came = Counter(order.key for site, order in session.seen if site == "sites-2")
    assert max(came.values()) <= 2, "with the others, and alone: what it has refused alone goes elsewhere"


def test_when_the_processes_of_all_sites_refuse_the_study_ends(task: Callable[..., RunTask]) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return passing(Refusal(kind="setup", what=f"{site} has no data"))

    with pytest.raises(SetupError, match="no site makes the runs") as raised, dispatching(behave) as (executor, *_):
        list(executor.run([task()]))
    assert "sites-1 has no data" in str(raised.value.where)
    assert "sites-2 has no data" in str(raised.value.where)


def test_processes_that_pass_and_send_nothing_but_damage_end_the_study(
    task: Callable[..., RunTask], there: Path
) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return passing(pack(Store(there).folder(order.key))[:-1])

    with pytest.raises(SetupError, match="no site makes the runs"), dispatching(behave) as (executor, *_):
        list(executor.run([task()]))


def test_an_interrupted_study_ends_though_cancelling_raises(task: Callable[..., RunTask]) -> None:
    begun, free = threading.Event(), threading.Event()

    def behave(site: str, order: Order, given: Given) -> bytes:
        begun.set()
        free.wait(30)
        return Answer("agent", None).to_bytes()

    def broken(ticket: str) -> None:
        free.set()
        raise ZeroDivisionError("division by zero")

    def study() -> None:
        with dispatching(behave, sites=1) as (executor, session, _):
            session.cancel = broken  # type: ignore[method-assign]
            executor.submit(task())
            assert begun.wait(30)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study()
    assert free.is_set()


def test_when_nothing_more_can_be_kept_dispatch_stops_and_keeps_what_is_done(
    task: Callable[..., RunTask], home: Behaviour, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept, accepted = dispatch.accept, 0

    def accept(*given: Any, **named: Any) -> Any:
        nonlocal accepted
        accepted += 1
        if accepted > 2:
            raise StoreError("no space is left on the disk", where="here", remedy="free some disk space")
        return kept(*given, **named)

    monkeypatch.setattr(dispatch, "TAKERS", 1)
    monkeypatch.setattr(dispatch, "LEAST_WINDOW", 1)
    monkeypatch.setattr(dispatch, "accept", accept)
    records: list[RunRecord] = []
    tasks = [task(seed) for seed in range(30)]
    with pytest.raises(StoreError) as raised, dispatching(home, sites=1) as (executor, session, _):
        records.extend(executor.run(tasks))
    assert raised.value.exit_code == 1, "something was started"
    assert raised.value.remedy == "free some disk space, and start this command again: what is done is kept"
    assert len(records) == 2
    assert {record.key for record in Store(tmp_path / "here").records()} == {record.key for record in records}
    assert len(session.seen) <= 2 + 4 + 1, "no more is handed out"


def test_what_another_command_makes_meanwhile_is_waited_for(
    task: Callable[..., RunTask], home: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, times = dispatch.accept, Counter[str]()

    def accept(store: Store, key: str, *given: Any, **named: Any) -> Any:
        times[key] += 1
        if times[key] == 1:
            raise Timeout("the lock of this run")
        return kept(store, key, *given, **named)

    monkeypatch.setattr(dispatch, "accept", accept)
    with dispatching(home) as (executor, _, watcher):
        records = list(executor.run([task()]))
    assert [record.status for record in records] == ["done"]
    assert sum("another process is making this run" in text for text in watcher.said) == 1


def test_sites_are_told_what_has_arrived_of_theirs(
    task: Callable[..., RunTask], home: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MOST_ARRIVED", 2)
    with dispatching(home) as (executor, session, _):
        list(executor.run([task(seed) for seed in range(7)]))
    told = Counter((site, key) for site, keys in session.arrived for key in keys)
    assert told == Counter((site, order.key) for site, order in session.seen)
    assert all(1 <= len(keys) <= 2 for _, keys in session.arrived)


def test_a_study_ends_well_though_a_site_hears_nothing_of_what_has_arrived(
    task: Callable[..., RunTask], home: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "THANKS_SECONDS", 0.2)
    never = threading.Event()

    def hears(site: str) -> bytes:
        if site == "sites-1":
            raise RuntimeError("it is deaf")
        never.wait(30)
        return b""

    with dispatching(home) as (executor, session, _):
        session.hears = hears
        records = list(executor.run([task(seed) for seed in range(4)]))
    never.set()
    assert [record.status for record in records] == ["done"] * 4


def test_processes_that_pass_are_told_of_nothing(task: Callable[..., RunTask], there: Path) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return passing(pack(Store(there).folder(order.key)))

    with dispatching(behave) as (executor, session, _):
        list(executor.run([task(seed) for seed in range(4)]))
    assert session.arrived == []


def otherwise(node: str) -> bytes:
    """What a process answers on a machine that computes otherwise than its kind."""
    return passing(Refusal(kind="canary", what="3 training steps give other bits there", where=node))


def test_one_machine_of_a_site_that_computes_otherwise_costs_its_site_nothing(
    task: Callable[..., RunTask], there: Path
) -> None:
    lock, deviated = threading.Lock(), 0

    def behave(site: str, order: Order, given: Given) -> bytes:
        nonlocal deviated
        assert order.canary == "the same", "each must come to what was met"
        with lock:
            deviated += 1
            first = deviated <= 2
        return otherwise("node7") if first else passing(pack(Store(there).folder(order.key)))

    with dispatching(behave, sites=1) as (executor, _, watcher):
        records = list(executor.run([task(seed) for seed in range(4)]))
    assert [record.status for record in records] == ["done"] * 4
    assert [text for text in watcher.said if "node7" in text] == [
        "node7 makes none of the runs that come to it: 3 training steps give other bits there"
    ]
    assert not [text for text in watcher.said if "given no more" in text]


def test_a_site_on_which_runs_come_to_such_machines_again_and_again_is_given_up(
    task: Callable[..., RunTask], there: Path
) -> None:
    def behave(site: str, order: Order, given: Given) -> bytes:
        return otherwise("node7") if site == "sites-2" else passing(pack(Store(there).folder(order.key)))

    with dispatching(behave) as (executor, *_):
        records = list(executor.run([task(seed) for seed in range(12)]))
    assert [record.status for record in records] == ["done"] * 12
    with (
        pytest.raises(SetupError, match="no site makes the runs") as raised,
        dispatching(lambda *_: otherwise("node7"), sites=1) as (executor, *_),
    ):
        list(executor.run([task()]))
    assert "training steps give other bits" in str(raised.value.where)
