"""What a site says to orders that it cannot, or would not as planned, carry out. No run is really made."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchsuite.engine.task import RunTask
from benchsuite.errors import DeviceError
from benchsuite.execution import agent, scratch
from benchsuite.execution.messages import Busy, Probe, ProbeJob
from benchsuite.execution.wire import Answer, Arrived, Refusal, Report, order_of, read_answer, read_told
from benchsuite.identity.numerics import machine_facts
from benchsuite.store.parcel import unpack
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import WEIGHTS, Store
from support.engine import Bench, make_case
from support.runs import put_run


class Listening:
    """A channel that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.gone = False

    def tell(self, message: bytes) -> None:
        self.told.append(message)

    def cancelled(self) -> bool:
        return self.gone


@pytest.fixture
def site(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """This process as a site, with a cache of its own and the data of `bench`."""
    cache = tmp_path / "site"
    monkeypatch.setenv("BENCHSUITE_CACHE", str(cache))
    monkeypatch.setenv("BENCHSUITE_DATA", str(bench.data))
    monkeypatch.setattr(agent, "registry", lambda: bench.registry)
    monkeypatch.setattr(agent, "canary", lambda machine, code: {"cpu": "steps"})
    _as_new()
    yield cache
    _as_new()


def _as_new() -> None:
    """What a process of a site remembers."""
    agent._TASKS.forget()
    agent._steps.cache_clear()
    agent._SURVEYED.clear()


def asked(task: RunTask, channel: Listening | None = None) -> Answer:
    order = order_of(task, "run").model_dump_json().encode()
    return read_answer(agent.carry_out(order, channel or Listening()))


def refused(task: RunTask) -> Refusal:
    content = asked(task).content
    assert isinstance(content, Refusal)
    return content


def test_a_site_tells_what_it_computes_with(site: Path) -> None:
    report = Report.model_validate_json(agent.survey())
    assert report.machine == machine_facts()
    assert (report.agent, report.canary, report.trouble) == (agent.AGENT, {"cpu": "steps"}, "")


def test_a_site_that_cannot_write_says_so(site: Path) -> None:
    site.mkdir(exist_ok=True)
    (site / "sites").write_text("a file where the scratch folder should be")
    report = Report.model_validate_json(agent.survey())
    assert str(site) in report.trouble


def test_a_site_that_cannot_make_a_few_steps_says_so(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(machine: object, code: str) -> dict[str, str]:
        raise DeviceError("3 training steps cannot be made here: it is on fire")

    monkeypatch.setattr(agent, "canary", unable)
    assert "on fire" in Report.model_validate_json(agent.survey()).trouble


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threads": 3}, ("threads: 3 -> 1",)),
        ({"torch": "2.0.0"}, ("torch: 2.0.0 ->",)),
    ],
)
def test_another_machine_is_refused_with_the_difference(
    site: Path, bench: Bench, change: dict[str, object], words: tuple[str, ...]
) -> None:
    task = bench.task()
    fields = {**task.key.fields, "numerics": {**task.key.fields["numerics"], **change}}
    wanted = replace(task, key=replace(task.key, key="0" * 32, fields=fields))
    if "threads" in change:  # a site takes the threads of the order, and would make that very run
        fields["code"] = dict.fromkeys(fields["code"], "changed")
        words = ("code",)
    found = refused(wanted)
    assert "another run would be made here" in found.what
    for word in words:
        assert word in found.what, found.what


def test_missing_data_are_refused_and_the_sample_is_none_of_them(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = bench.task()
    monkeypatch.delenv("BENCHSUITE_DATA")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = refused(task)
    assert found.kind == "data"
    assert "accepts nothing else" in found.what
    pretrained: Any = SimpleNamespace(provenance="random", request="imagenet")
    found = refused(replace(task, weights=pretrained))
    assert "takes no sample for it" in found.what
    monkeypatch.setenv("BENCHSUITE_DATA", str(bench.data))
    assert not agent._TASKS._makers, "what was missing may come"


def test_other_photos_are_refused(site: Path, bench: Bench, tmp_path: Path) -> None:
    task = bench.task()
    fields = {**task.key.fields, "data": "0" * 64}
    found = refused(replace(task, key=replace(task.key, key="1" * 32, fields=fields)))
    assert "data" in found.what


def test_a_component_that_is_not_installed_is_refused(site: Path, bench: Bench) -> None:
    task = bench.task()
    case = task.spec.case
    missing = case.model_copy(update={"model": case.model.model_copy(update={"name": "nothing"})})
    found = refused(replace(task, spec=task.spec.model_copy(update={"case": missing})))
    assert "no model is named 'tiny-plugin:nothing'" in found.what


def test_an_order_of_another_version_is_refused(site: Path, bench: Bench) -> None:
    order = json.loads(order_of(bench.task(), "run").model_dump_json())
    for message in (json.dumps({**order, "form": 99}), json.dumps({**order, "more": 1}), "no order", ""):
        content = read_answer(agent.carry_out(message.encode(), Listening())).content
        assert isinstance(content, Refusal)
        assert "form 99" in content.what or "cannot be read" in content.what


class Slot:
    """A process that has the outcome ready."""

    def __init__(self, outcome: Callable[[RunTask | ProbeJob], RunRecord | Probe | Busy | None]) -> None:
        self.outcome, self.ended = outcome, False

    def do(self, job: RunTask | ProbeJob, channel: Listening) -> RunRecord | Probe | Busy | None:
        return self.outcome(job)

    def __enter__(self) -> Slot:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize("gone", [False, True])
def test_what_was_made_goes_home_and_stays_only_if_nobody_takes_it(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    task, channel = bench.task(make_case()), Listening()

    def make(job: object) -> RunRecord:
        record = put_run(site / "sites")
        Store(site / "sites").folder(record.key).rename(Store(site / "sites").folder(task.key.key))
        channel.gone = gone
        return record

    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(make))
    answer = asked(task, channel)
    assert isinstance(answer.content, bytes)
    assert Store(site / "sites").folder(task.key.key).exists() == gone


@pytest.mark.parametrize("wanted", [False, True])
def test_weights_come_home_only_if_they_are_wanted(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    task = replace(bench.task(make_case()), keeps_weights=wanted)
    store = Store(site / "sites")
    made: list[bool] = []

    def make(job: Any) -> RunRecord:
        known = store.folder(task.key.key).exists()
        made.append(job.keeps_weights)
        record = put_run(store.root)
        assert not known
        store.folder(record.key).rename(store.folder(task.key.key))
        return record

    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(make))
    content = asked(task).content
    assert isinstance(content, bytes)
    assert (WEIGHTS in unpack(content).parts) == wanted
    assert made == [wanted]


def test_what_was_made_without_weights_is_no_answer_to_who_wants_them(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, store = bench.task(make_case()), Store(site / "sites")
    record = put_run(store.root)
    slim = {name: file for name, file in record.files.items() if name != WEIGHTS}
    there = record.model_copy(update={"key": task.key.key, "key_fields": task.key.fields, "files": slim})
    store.folder(record.key).rename(store.folder(task.key.key))
    store.write(there)
    seen: list[bool] = []

    def make(job: Any) -> None:
        seen.append(store.folder(job.key.key).exists())

    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(make))
    asked(replace(task, keeps_weights=False))
    asked(task)
    assert seen == [True, False]


def test_what_is_removed_for_its_age_is_told(site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    store, channel = Store(site / "sites"), Listening()
    for path in store.folder(put_run(store.root).key).iterdir():
        os.utime(path, (0, 0))
    monkeypatch.setattr(scratch, "_tidied", -math.inf)
    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(lambda job: None))
    asked(bench.task(make_case()), channel)
    assert [read_told(message)[0] for message in channel.told] == ["say"]
    assert list(store.run_keys()) == []


def test_a_full_disk_of_the_site_is_its_own_and_no_failed_run(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchsuite.execution.failed_record import record_failure
    from benchsuite.store.record import Failure

    failure = Failure(kind="store", what="no space is left on the disk", remedy="free some")
    monkeypatch.setattr(agent._SLOTS, "taken", lambda n: Slot(lambda job: record_failure(bench.task(), failure)))
    found = refused(bench.task())
    assert (found.kind, found.what, found.remedy) == ("store", failure.what, failure.remedy)


def test_a_machine_that_computes_otherwise_than_its_kind_refuses(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which one of a batch job is, since it need not be the one that told of itself."""
    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(lambda job: None))
    task = bench.task(make_case())

    def answer(canary: str) -> object:
        message = order_of(task, "run", canary).model_dump_json().encode()
        return read_answer(agent.carry_out(message, Listening())).content

    assert answer("") is None, "nothing is expected"
    assert answer("steps") is None
    found = answer("otherwise")
    assert isinstance(found, Refusal)
    assert (found.kind, found.where) == ("canary", agent.HOST)
    assert "training steps give other bits there (steps) than on other machines of its kind (otherwis)" in found.what


@pytest.mark.parametrize("told", [False, True])
def test_who_is_told_what_has_arrived_keeps_it_until_then(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    task, store = bench.task(make_case()), Store(site / "sites")

    def make(job: object) -> RunRecord:
        record = put_run(store.root)
        store.folder(record.key).rename(store.folder(task.key.key))
        return record

    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(make))
    if told:
        agent.survey()
    assert isinstance(asked(task).content, bytes)
    assert store.folder(task.key.key).exists() == told
    arrived = Arrived(keys=("0" * 32, task.key.key)).model_dump_json().encode()
    assert read_answer(agent.carry_out(arrived, Listening())).content is None
    assert list(store.run_keys()) == []


def test_word_of_what_is_no_run_is_refused(site: Path) -> None:
    (site / "sites").mkdir(parents=True)
    for key in ("..", "/etc", "a" * 65):
        message = json.dumps({"form": 1, "kind": "arrived", "keys": [key]}).encode()
        assert isinstance(read_answer(agent.carry_out(message, Listening())).content, Refusal)
    assert (site / "sites").is_dir()


def test_what_a_site_remembers_of_orders_does_not_grow(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "MOST_CASES", 4)
    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(lambda job: None))

    def remembered() -> tuple[int, ...]:
        makers = agent._TASKS._makers.values()
        (maker,) = makers
        return len(agent._TASKS._cases), len(maker.shared), len(maker.finder.identities), len(maker.finder.found)

    assert asked(bench.task(make_case())).content is None
    first = remembered()
    for seed in range(20):
        assert asked(bench.task(make_case(), seed=seed)).content is None
    assert remembered() == first, "the same case is known, whatever its seed, and though every order has a copy"
    for number in range(20):
        assert asked(bench.task(make_case(f"case {number}", learning_rate=0.01 + number / 1000))).content is None
        assert remembered()[0] <= 4
        assert all(size <= 8 * 4 * many for size, many in zip(remembered(), first, strict=True)), remembered()


def test_orders_that_come_at_once_are_the_runs_that_were_planned(
    site: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "MOST_CASES", 2)
    monkeypatch.setattr(agent._SLOTS, "taken", lambda numerics: Slot(lambda job: None))
    cases = [make_case(f"case {number}", learning_rate=0.01 + number / 1000) for number in range(6)]
    tasks = bench.tasks(*cases, seeds=(0, 1, 2, 3))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(asked, tasks))
    assert [answer.content for answer in answers] == [None] * 24
