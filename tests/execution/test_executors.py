"""The executor of a machine's cards: all of one kind work, and the others do not stay idle without a word."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import Parameters, SetupError
from benchsuite.execution import executors
from benchsuite.execution.executors import LOCAL, Remote, choose, open_engine, open_executor
from benchsuite.execution.worker_pool import Pool
from benchsuite.identity.gpus import Gpu
from benchsuite.identity.numerics import describe, processor_name
from benchsuite.registry import Entry, registry
from support.engine import Silent
from support.executors import QueueSession, SitesParameters, Threads
from support.synthetic import make_numerics

LARGE = Gpu(name="NVIDIA GeForce RTX 3080", driver="580.1", capability="8.6", uuid="GPU-1", cores=8960)
CARDS = {
    "GPU-1": LARGE,
    "GPU-2": LARGE.model_copy(update={"uuid": "GPU-2"}),
    "GPU-3": LARGE.model_copy(update={"uuid": "GPU-3", "cores": 8704}),
    "MIG-4": Gpu(name="NVIDIA A100 MIG 1g.5gb", driver="580.1", capability="8.0", uuid="MIG-4", cores=14),
}
NUMERICS = make_numerics(
    device="cuda", device_name=LARGE.name, driver=LARGE.driver, capability=LARGE.capability, cores=LARGE.cores
)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The cards on which runs are made, of those that are here, and what is said of it."""

    def open_with(*uuids: str) -> tuple[list[str | None], list[str]]:
        heard = Silent()
        monkeypatch.setattr(executors, "usable_gpus", lambda: tuple(CARDS[uuid] for uuid in uuids))
        with open_executor(NUMERICS, heard) as executor:
            assert isinstance(executor, Pool)
            return [device.gpu for device in executor._devices], heard.said

    return open_with


def test_all_cards_of_one_kind_work_without_a_word(opened: Any) -> None:
    assert opened("GPU-1", "GPU-2") == (["GPU-1", "GPU-2"], [])


def test_cards_of_other_kinds_stay_idle_and_are_told_in_one_line(opened: Any) -> None:
    gpus, (said,) = opened("GPU-1", "GPU-3", "MIG-4", "GPU-2")
    assert gpus == ["GPU-1", "GPU-2"]
    assert "\n" not in said
    for told in ("other bits", "stay idle: NVIDIA GeForce RTX 3080, NVIDIA A100 MIG 1g.5gb"):
        assert told in said


def test_the_processor_is_one_device() -> None:
    with open_executor(make_numerics(device="cpu", device_name=processor_name()), Silent()) as executor:
        assert executor.devices == 1


def test_runs_of_another_machine_are_not_made_here(opened: Any) -> None:
    with pytest.raises(SetupError, match="machine with NVIDIA GeForce RTX 3080, and this one has NVIDIA A100"):
        opened("MIG-4")
    with pytest.raises(SetupError, match="and this one has no GPU"):
        opened()
    with pytest.raises(SetupError, match="a machine with another processor"):
        open_executor(make_numerics(device="cpu", device_name="another processor"), Silent())


@pytest.mark.parametrize("threads", [1, 2])
def test_a_worker_that_was_started_before_planning_makes_runs_that_it_fits_and_never_stays(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "usable_cores", lambda: 2)
    with open_engine(choose(LOCAL, ()), registry(), lambda text: None) as engine:
        engine.begin("cpu", 1)
        early = engine._early  # type: ignore[attr-defined]
        process = early._process
        numerics = describe("cpu", threads).model_copy(update={"precision": "fp32", "capability": None})
        with engine.executor(numerics, None, Silent()) as pool:
            (own,) = pool._workers  # type: ignore[attr-defined]
            assert (own._process is process) == (threads == 1)
            assert process.alive
    assert not process.alive


@pytest.mark.parametrize("found", ["path", "variable"])
def test_a_worker_that_was_started_before_a_plugin_was_found_makes_no_runs(
    found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "usable_cores", lambda: 2)
    with open_engine(choose(LOCAL, ()), registry(), lambda text: None) as engine:
        engine.begin("cpu", None)
        if found == "path":
            monkeypatch.syspath_prepend(tmp_path)
        else:
            monkeypatch.setenv("BENCHSUITE_PLUGINS", str(tmp_path))
        with engine.executor(describe("cpu"), None, Silent()) as pool:
            assert pool._workers[0]._process is None  # type: ignore[attr-defined]


def test_on_one_core_nothing_competes_with_planning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "usable_cores", lambda: 1)
    with open_engine(choose(LOCAL, ()), registry(), lambda text: None) as engine:
        engine.begin("cpu", None)
        assert engine._early is None  # type: ignore[attr-defined]


class Machines(Parameters):
    """Options of every form."""

    gpus: int = 0
    """GPUs."""


class Options(Machines):
    home: Path = Path("~/jobs")
    """A folder; a default of this form is checked, too."""
    hosts: tuple[str, ...] = ()
    """Machines."""
    kinds: Mapping[str, Machines] = {}
    """Kinds of machines."""
    address: str | None = None
    """Where."""
    open: bool = False
    """Whether all may come."""
    seconds: float = 1.0
    """How long."""


class Optional(Threads):
    name = "optional"
    Parameters = Options


@pytest.mark.parametrize(
    ("written", "configured", "expected"),
    [
        ((), "", {}),
        (("gpus=2", "open=true", "seconds=0.5"), "", {"gpus": 2, "open": True, "seconds": 0.5}),
        (("home=/srv/a=b", "address=tls://head:8786"), "", {"home": Path("/srv/a=b"), "address": "tls://head:8786"}),
        (("hosts=[one, two]", "kinds={a: {gpus: 4}}"), "", {"hosts": ("one", "two"), "kinds": {"a": Machines(gpus=4)}}),
        (("address=[::1]:8786",), "", {"address": "[::1]:8786"}),
        (("address=12",), "", {"address": "12"}),
        ((), "hosts = ['one']\nopen = true\nhome = '/srv'", {"hosts": ("one",), "open": True, "home": Path("/srv")}),
        ((), "kinds.a.gpus = 4", {"kinds": {"a": Machines(gpus=4)}}),
        (("gpus=3",), "gpus = 2\nseconds = 2", {"gpus": 3, "seconds": 2.0}),
    ],
)
def test_options_are_texts_lists_and_mappings_of_the_command_line_and_what_toml_has(
    written: tuple[str, ...], configured: str, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[executor]\nname = "optional"\n{configured}\n')
    monkeypatch.setattr(executors, "CONFIGURATION", file)
    entry = Entry("optional", "executor", Optional(), "fleet", "1.0", __name__)
    assert executors._parse(entry, choose(None, written)) == Options(**expected)


@pytest.mark.parametrize("written", ["gpus=two", "hosts=one", "kinds={a: {gpu: 4}}", "seconds=", "hosts=[one"])
def test_options_that_are_none_are_refused(written: str) -> None:
    entry = Entry("optional", "executor", Optional(), "fleet", "1.0", __name__)
    name = written.partition("=")[0]
    with pytest.raises(SetupError, match=f"the options of the executor optional are wrong: {name}"):
        executors._parse(entry, choose("optional", [written]))


@pytest.fixture
def session() -> Iterator[QueueSession]:
    made = QueueSession(SitesParameters(), lambda order, channel: order, lambda: b"", lambda ticket, message: None)
    yield made
    made.close(now=True)


def test_sites_that_are_on_their_way_are_waited_for_with_a_word_for_each_change(
    session: QueueSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "QUIET_SECONDS", -1.0)
    monkeypatch.setattr(executors, "LOOK_SECONDS", 0.01)
    waits = iter(["a job: Resources", "a job: Resources", "a job: Priority", ""])
    said: list[str] = []
    session.pending = lambda: next(waits)  # type: ignore[method-assign]
    assert len(Remote(session, "threads", None, said.append).sites()) == 2
    assert [text.partition(".")[0] for text in said] == [
        "the executor threads waits for a job: Resources",
        "the executor threads waits for a job: Priority",
    ]


@pytest.mark.parametrize("comes", [False, True])
def test_for_a_first_site_it_is_waited_a_while(
    session: QueueSession, monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    monkeypatch.setattr(executors, "FIRST_SITE_SECONDS", 30 if comes else 0.3)
    monkeypatch.setattr(executors, "LOOK_SECONDS", 0.01)
    session.lost = set(session.names)
    if comes:
        threading.Timer(0.1, session.lost.clear).start()
    said: list[str] = []
    assert len(Remote(session, "threads", None, said.append).sites()) == (2 if comes else 0)
    assert said == [], "a short wait is worth no word"
