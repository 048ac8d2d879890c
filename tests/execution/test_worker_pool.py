"""Worker processes: they die without taking the study along, wait for one another, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchsuite.api import FreezePolicy
from benchsuite.engine.task import RunTask
from benchsuite.errors import DeviceError, PluginError, SetupError
from benchsuite.execution import worker_pool
from benchsuite.execution.cost_probe import probe
from benchsuite.execution.due_runs import find_due
from benchsuite.execution.messages import Probe, ProbeJob
from benchsuite.execution.worker_pool import Pool, _Device, _Worker
from benchsuite.processes import ProcessEnded
from benchsuite.store.record import Failure, RunRecord
from benchsuite.store.run_store import Store
from support.engine import CRASH, SLOW, Bench, Silent, make_case, statuses
from support.synthetic import make_record

PATIENCE = 120.0


def _made(tasks: Sequence[RunTask], pool: Pool) -> dict[str, RunRecord]:
    """The tasks' records by the case's name."""
    return {record.spec.case.name: record for record in pool.run(tasks)}


def _log(task: RunTask) -> str:
    return (Store(task.results).folder(task.key.key) / "log.txt").read_text()


def _bits(record: RunRecord) -> tuple[Any, ...]:
    assert record.failure is None, record.failure
    return record.weights_hash, record.predictions_hash, [vars(e) | {"seconds": None} for e in record.epochs]


def _workers(process: psutil.Process | None = None) -> list[psutil.Process]:
    own = process or psutil.Process()
    return [child for child in own.children() if "benchsuite.processes" in " ".join(child.cmdline())]


def _until(condition: Any, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_worker_that_dies_fails_its_run_alone_and_the_run_goes_on_at_the_next_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = ("kill", "exit", "segfault")
    tasks = bench.tasks(*(make_case(way, crash=way, model={"dropout": 0.3}) for way in ways), make_case("sound"))
    monkeypatch.setenv(CRASH, "7")  # in the second epoch
    with Pool(tasks[0].numerics, (None,), Silent()) as pool:
        records = _made(tasks, pool)
        logs = {task.spec.case.name: _log(task) for task in tasks}
        # The worker that made the sound run has passed the seventh call, and crashes no more.
        again = find_due(tasks, statuses(tasks))
        assert again == tasks[:3]
        whole = replace(tasks[0], results=bench.root / "whole")
        resumed = _made(again, pool)
        uninterrupted = _made([whole], pool)["kill"]
    assert [records[name].status for name in (*ways, "sound")] == ["failed", "failed", "failed", "done"]
    died = {"kill": "killed by SIGKILL", "exit": "left with exit code 7", "segfault": "killed by SIGSEGV"}
    for way, task in zip(ways, tasks, strict=False):
        failure = records[way].failure
        assert failure is not None
        assert failure.kind == "worker died"
        assert died[way] in failure.what
        assert failure.where is not None
        assert failure.where.startswith(f"{way}, seed 0, with the data set tiny_data of tiny-plugin")
        assert failure.remedy
        assert "epoch 1 of 3" in logs[way]
        assert "epoch 2 of 3" not in logs[way]
        assert Store(task.results).read(task.key.key) == resumed[way]
        assert resumed[way].resumed == 1
        assert _bits(resumed[way]) == _bits(uninterrupted)
        assert _log(task).count("epoch 1 of 3") == 1
    assert "string_at" in logs["segfault"]  # the traceback that faulthandler leaves
    assert uninterrupted.resumed == 0


@pytest.mark.slow
def test_two_processes_on_one_results_folder_make_each_run_once(bench: Bench) -> None:
    task = bench.task(make_case(epochs=3))
    heard = Silent(), Silent()
    found: list[dict[str, RunRecord]] = [{}, {}]

    def make(number: int) -> None:
        with Pool(task.numerics, (None,), heard[number]) as pool:
            found[number] = _made([task], pool)

    threads = [threading.Thread(target=make, args=(number,)) for number in (0, 1)]
    with Store(task.results).lock(task.key.key):  # let go when both want it, so that they do meet
        for thread in threads:
            thread.start()
        _until(lambda: all("another process is making this run" in str(each.said) for each in heard), "both wait")
        assert not any(each.epochs for each in heard)
    for thread in threads:
        thread.join(PATIENCE)
    assert found[0] == found[1]
    assert found[0]["only"].status == "done"
    assert _log(task).count("epoch 1 of 3") == 1
    assert len(list((bench.root / "results" / "runs").iterdir())) == 1


def test_a_finished_run_is_not_made_again_and_a_probe_makes_none(bench: Bench) -> None:
    tasks = bench.tasks(make_case(epochs=1), seeds=(0, 1))
    heard = Silent()
    with Pool(tasks[0].numerics, (None,), heard) as pool:
        first = list(pool.run(tasks))
        assert list(pool.run(tasks)) == first
        probe = pool.probe(tasks)["only"]
        with pytest.raises(PluginError, match="the model tiny_net raised ZeroDivisionError"):
            pool.submit(ProbeJob(bench.task(make_case(model={"fault": "build"})))).result(PATIENCE)
    assert len(heard.epochs) == 2
    assert isinstance(probe, Probe)
    assert probe.max_epochs == 1
    assert probe.seconds > 0
    assert probe.model.parameters_total == 1263
    assert not _workers()


def test_a_pool_that_was_started_ahead_makes_runs_in_that_very_process(bench: Bench) -> None:
    task = bench.task(make_case(epochs=1))
    with Pool(task.numerics, (None,), Silent()) as pool:
        pool.start(1)
        ahead = _workers()
        assert len(ahead) == 1
        assert [record.status for record in _made([task], pool).values()] == ["done"]
        assert ahead[0] in _workers()
    assert _workers() == []


@pytest.mark.parametrize(
    ("cores", "packed", "started"),
    [(1, 1, 1), (16, 1, 2), *(pytest.param(16, packed, 2, marks=pytest.mark.slow) for packed in (2, 3))],
)
def test_where_there_are_cores_a_second_worker_is_started_ahead_and_ended_if_it_is_not_worth_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, cores: int, packed: int, started: int
) -> None:
    monkeypatch.setattr(worker_pool, "usable_cores", lambda: cores)
    tasks = bench.tasks(make_case(epochs=1), seeds=(0, 1, 2))
    with Pool(tasks[0].numerics, (None,), Silent()) as pool:
        pool.start(5)
        ahead = _workers()
        assert len(ahead) == started
        pool.pack(packed)
        left = _workers()
        assert len(left) == min(packed, started)
        assert set(left) <= set(ahead)
        assert {record.status for record in _made(tasks, pool).values()} == {"done"}
    assert _workers() == []


def test_a_run_is_not_made_with_other_code_than_its_key_says(bench: Bench) -> None:
    task = bench.task()
    fields = dict(task.key.fields)
    fields["code"] = {**fields["code"], "support.engine": "0" * 64}
    other = replace(task, key=replace(task.key, fields=fields))
    with (
        pytest.raises(SetupError, match=r"the source of support\.engine has changed"),
        Pool(task.numerics, (None,), Silent()) as pool,
    ):
        list(pool.run([other]))
    assert Store(task.results).read(task.key.key) is None


@pytest.mark.slow
def test_a_worker_retires_after_a_failure_where_that_was_on_a_gpu(bench: Bench) -> None:
    task = bench.task(make_case(epochs=1))
    own = _Worker(task.numerics, _Device(None))

    def served() -> int:
        own.send(task)
        while own.receive(0)[0] != "result":
            pass
        assert own._process is not None
        return own._process.pid or 0

    first = served()
    own.recycle()
    assert served() == first
    own._numerics = task.numerics.model_copy(update={"device": "cuda"})
    own.recycle()
    own._numerics = task.numerics
    assert served() != first
    own.stop()
    assert not _workers()


def test_memory_that_a_probe_lacks_is_no_defect(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*parts: object) -> Probe:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 GB")

    monkeypatch.setattr("benchsuite.execution.cost_probe._measure", greedy)
    with pytest.raises(DeviceError, match="out of memory") as caught:
        probe(bench.task(), bench.registry)
    assert "batch_size" in str(caught.value)


def test_what_keeps_a_worker_from_starting_reaches_the_caller(bench: Bench) -> None:
    task = bench.task()
    absent = task.numerics.model_copy(update={"device": "cuda"})
    with pytest.raises(DeviceError, match="sees no GPU"), Pool(absent, ("GPU-absent",), Silent()) as pool:
        list(pool.run([replace(task, numerics=absent)]))
    assert not _workers()


def test_an_exception_in_the_caller_ends_the_workers_and_every_future(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SLOW, "0.2")
    tasks = bench.tasks(make_case(epochs=50), seeds=(0, 1, 2))
    heard = Silent()

    def interrupted() -> None:
        with Pool(tasks[0].numerics, (None,), heard) as pool:
            pool.pack(2)
            futures.extend(pool.submit(task) for task in tasks)
            _until(lambda: heard.epochs, "an epoch is done")
            raise KeyboardInterrupt

    futures: list[Future[Any]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not _workers()
    assert all(future.done() for future in futures)
    assert not any(path.name == "record.json" for path in (bench.root / "results").rglob("*"))


SCRIPT = """
import sys
from pathlib import Path
from support.engine import *
from benchsuite.execution.worker_pool import Pool
bench = Bench(Path(sys.argv[1]), Path(sys.argv[1]) / "data", registry_with())
class Telling(Silent):
    def epoch(self, *heard):
        print("epoch", flush=True)
    def started(self, task):
        print("started", flush=True)
if __name__ == "__main__":
    task = bench.task(make_case(epochs=500))
    with Pool(task.numerics, (None,), Telling()) as pool:
        list(pool.run([task]))
"""


@contextmanager
def _study(folder: Path, until: str = "epoch") -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A study under way in a process of its own, with its first run started or in the midst of it, and its workers."""
    program = folder / "study.py"
    program.write_text(SCRIPT)
    study = subprocess.Popen(
        [sys.executable, program, folder],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # jobs in the background ignore it
    )
    try:
        assert study.stdout is not None
        for line in ("started\n", "epoch\n")[: 1 if until == "started" else 2]:
            assert study.stdout.readline() == line
        yield study, _workers(psutil.Process(study.pid))
    finally:
        study.kill()
        study.wait()


@pytest.mark.slow
@pytest.mark.parametrize("farewell", [signal.SIGINT, signal.SIGKILL])
def test_ending_a_study_leaves_no_orphan_and_no_failed_record(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, farewell: signal.Signals
) -> None:
    monkeypatch.setenv(SLOW, "0.05")
    with _study(bench.root) as (study, workers):
        assert len(workers) == 1
        if farewell == signal.SIGINT:
            os.killpg(study.pid, farewell)  # as a terminal does: to all processes of the group
        else:
            study.send_signal(farewell)
        assert study.wait(PATIENCE) != 0
        _until(lambda: not any(worker.is_running() for worker in workers), "the worker is gone")
    folder = next((bench.root / "results" / "runs").iterdir())
    assert (folder / "checkpoint.pt").exists()
    assert not (folder / "record.json").exists()


@pytest.mark.slow
def test_a_worker_that_has_nothing_to_say_ends_with_its_parent_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SLOW, str(10 * PATIENCE))
    with _study(bench.root, until="started") as (study, _):
        (task,) = bench.tasks(make_case(epochs=500))
        _until(lambda: (Store(task.results).folder(task.key.key) / "log.txt").exists(), "the run is being made")
        (worker,) = _workers(psutil.Process(study.pid))
        study.kill()
        _until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "the worker is gone")


class _Cards:
    """Workers on pretended cards: those in `dead` compute no more, whether a worker starts there or a run is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cards_in_all: int, *dead: str, late: bool = False) -> None:
        self.dead, self.late, self.made = set(dead), late, []
        self.all_busy = threading.Barrier(cards_in_all)
        cards = self

        class Worker(_Worker):
            def send(self, job: Any) -> None:
                self.job = job

            def receive(self, seconds: float) -> tuple[str, Any]:
                assert self.device.gpu is not None
                if not hasattr(self, "has_worked"):
                    self.has_worked = True
                    cards.all_busy.wait(PATIENCE)  # each card gets a job
                if self.device.gpu not in cards.dead:
                    cards.made.append((self.device.gpu, self.job.title))
                    return "result", make_record(self.job.spec)
                if not cards.late:
                    return "error", DeviceError("CUDA was asked for, but torch sees no GPU")
                failed = Failure(kind="device", what="the GPU is faulty: CUDA error: uncorrectable ECC error")
                return "result", make_record(self.job.spec).model_copy(update={"status": "failed", "failure": failed})

        monkeypatch.setattr(worker_pool, "_Worker", Worker)
        monkeypatch.setattr(worker_pool, "try_gpu", lambda uuid: "CUDA error: ECC" if uuid in self.dead else None)


@pytest.mark.parametrize("late", [False, True])
def test_a_dead_card_is_given_up_and_its_runs_are_made_on_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    cards, heard = _Cards(monkeypatch, 3, "GPU-2", late=late), Silent()
    tasks = bench.tasks(*(make_case(f"case {i}") for i in range(6)))
    with Pool(tasks[0].numerics, ("GPU-1", "GPU-2", "GPU-3"), heard) as pool:
        records = list(pool.run(tasks))
    assert {record.status for record in records} == {"done"}
    assert sorted(title for _, title in cards.made) == sorted(task.title for task in tasks)
    assert {gpu for gpu, _ in cards.made} <= {"GPU-1", "GPU-3"}
    assert sum("GPU-2 is given up" in line for line in heard.said) == 1


def test_only_when_no_card_is_left_the_study_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _Cards(monkeypatch, 2, "GPU-1", "GPU-2")
    tasks = bench.tasks(*(make_case(f"case {i}") for i in range(4)))
    with (
        pytest.raises(DeviceError, match="torch sees no GPU"),
        Pool(tasks[0].numerics, ("GPU-1", "GPU-2"), Silent()) as pool,
    ):
        list(pool.run(tasks))


def test_a_run_too_large_for_its_card_takes_no_card_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    cards, heard = _Cards(monkeypatch, 2, "GPU-2", late=True), Silent()
    monkeypatch.setattr(worker_pool, "try_gpu", lambda uuid: None)
    tasks = bench.tasks(*(make_case(f"case {i}") for i in range(4)))
    with Pool(tasks[0].numerics, ("GPU-1", "GPU-2"), heard) as pool:
        records = list(pool.run(tasks))
    assert len(records) == 4
    assert sum(record.status == "failed" for record in records) == 4 - len(cards.made) > 0
    assert heard.said == []


class _Packed:
    """Workers without processes, several on a device: what each does with a job is `answer`, told how many at most were
    at work while it was. The first is not done before another has begun."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any, int, _Worker], Any]) -> None:
        self.busy, self.most, self.titles = set[_Worker](), 0, list[str]()
        self.lock = threading.Condition()
        packed = self

        class Worker(_Worker):
            def send(self, job: Any) -> None:
                with packed.lock:
                    self.job, self.beside = job, 0
                    packed.titles.append(job.title)
                    packed.busy.add(self)
                    packed.most = max(packed.most, len(packed.busy))
                    for each in packed.busy:
                        vars(each)["beside"] = max(vars(each)["beside"], len(packed.busy))
                    packed.lock.notify_all()

            def receive(self, seconds: float) -> tuple[str, Any]:
                with packed.lock:
                    assert packed.lock.wait_for(lambda: packed.most > 1, PATIENCE), "no two are at work at once"
                kind = "failure"
                try:
                    kind, content = answer(self.job, self.beside, self)
                    return kind, content
                finally:
                    with packed.lock:
                        if kind != "say":  # then more is to come
                            packed.busy.discard(self)

        monkeypatch.setattr(worker_pool, "_Worker", Worker)


def _failed(job: RunTask, kind: str, what: str) -> RunRecord:
    failure = Failure(kind=kind, what=what)
    return make_record(job.spec).model_copy(update={"status": "failed", "failure": failure})


@pytest.mark.parametrize("way", ["told", "killed"])
def test_a_run_that_lacks_memory_beside_others_is_made_again_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    alone = []

    def answer(job: RunTask, beside: int, own: _Worker) -> tuple[str, Any]:
        if job.spec.case.name == "large":
            if beside > 1:
                if way == "killed":
                    raise ProcessEnded(-signal.SIGKILL, timed_out=False)
                return "result", _failed(job, "device", "out of memory: can't allocate 9 GB")
            alone.append(job)
        return "result", make_record(job.spec)

    packed, heard = _Packed(monkeypatch, answer), Silent()
    tasks = bench.tasks(*(make_case(name) for name in ("small", "large", "a", "b", "c", "d")))
    with Pool(tasks[0].numerics, (None,), heard) as pool:
        pool.pack(3)
        records = _made(tasks, pool)
        assert pool._devices[0].workers == 2
    assert {record.status for record in records.values()} == {"done"}
    assert len(alone) == 1
    assert packed.most > 1
    assert "large, seed 0: out of memory beside other runs; it is made again alone" in heard.said
    assert "from here on 2 at once" in heard.said


def test_a_run_too_large_even_alone_fails_and_the_others_stay_as_many(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(job: RunTask, beside: int, own: _Worker) -> tuple[str, Any]:
        large = job.spec.case.name.startswith("large")
        return "result", _failed(job, "device", "out of memory: 9 GB") if large else make_record(job.spec)

    packed = _Packed(monkeypatch, answer)
    tasks = bench.tasks(*(make_case(name) for name in ("large 1", "large 2", "a", "b", "c")))
    with Pool(tasks[0].numerics, (None,), Silent()) as pool:
        pool.pack(3)
        records = _made(tasks, pool)
        assert pool._devices[0].workers == 3
    assert sorted(name for name, record in records.items() if record.status == "failed") == ["large 1", "large 2"]
    assert sorted(packed.titles.count(f"{name}, seed 0") for name in ("large 1", "large 2", "a")) == [1, 2, 2]


def test_while_the_first_run_of_a_case_gets_ready_the_runs_of_others_go_before_its_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = threading.Event()

    def answer(job: RunTask, beside: int, own: _Worker) -> tuple[str, Any]:
        if job.spec.case.name == "first" and job.spec.seed == 0:
            assert ready.wait(PATIENCE)
        if job.spec.case.name == "last":
            ready.set()
        return "result", make_record(job.spec)

    packed = _Packed(monkeypatch, answer)
    first, last = bench.tasks(make_case("first"), seeds=(0, 1)), bench.tasks(make_case("last"), seeds=(0,))
    with Pool(first[0].numerics, (None,), Silent()) as pool:
        pool.pack(2)
        list(pool.run((*first, *last)))
    assert packed.titles == ["first, seed 0", "last, seed 0", "first, seed 1"]


def test_what_several_workers_say_is_told_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(job: RunTask, beside: int, own: _Worker) -> tuple[str, Any]:
        if vars(own).setdefault("said_of", "") != job.title:
            vars(own)["said_of"] = job.title
            return "say", "the weights were unwrapped"
        return "result", make_record(job.spec)

    _Packed(monkeypatch, answer)
    heard = Silent()
    tasks = bench.tasks(*(make_case(f"case {i}") for i in range(4)))
    with Pool(tasks[0].numerics, (None,), heard) as pool:
        pool.pack(2)
        list(pool.run(tasks))
    assert heard.said == ["the weights were unwrapped"]


def test_several_workers_of_a_dead_card_give_it_up_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(job: RunTask, beside: int, own: _Worker) -> tuple[str, Any]:
        if own.device.gpu == "GPU-2":
            return "error", DeviceError("the GPU is faulty")
        return "result", make_record(job.spec)

    _Packed(monkeypatch, answer)
    monkeypatch.setattr(worker_pool, "try_gpu", lambda uuid: "CUDA error: ECC" if uuid == "GPU-2" else None)
    heard = Silent()
    tasks = bench.tasks(*(make_case(f"case {i}") for i in range(12)))
    with Pool(tasks[0].numerics, ("GPU-1", "GPU-2"), heard) as pool:
        pool.pack(3)
        records = list(pool.run(tasks))
    assert [record.status for record in records] == ["done"] * 12
    assert sum("GPU-2 is given up" in line for line in heard.said) <= 1


@pytest.mark.slow
def test_one_worker_and_several_give_the_same_bits_and_the_record_says_how_many_there_were(bench: Bench) -> None:
    freeze = FreezePolicy(stages=("stem", "block1"), batchnorm="eval")
    cases = make_case("plain", model={"dropout": 0.3}), make_case("frozen", freeze=freeze)
    tasks = bench.tasks(*cases, seeds=(0, 1))
    found: dict[int, dict[str, RunRecord]] = {}
    for at_once in (1, 3):
        own = [replace(task, results=bench.root / str(at_once), cache=bench.root / f"c{at_once}") for task in tasks]
        with Pool(tasks[0].numerics, (None,), Silent()) as pool:
            pool.pack(at_once)
            found[at_once] = {record.key: record for record in pool.run(own)}
    assert [_bits(found[1][task.key.key]) for task in tasks] == [_bits(found[3][task.key.key]) for task in tasks]
    counts = {at_once: {r.cost.at_once for r in records.values() if r.cost} for at_once, records in found.items()}
    assert counts[1] == {1}
    assert max(counts[3]) == 3


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="takes two cores")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_one_core_and_several_give_the_same_bits(bench: Bench, precision: str) -> None:
    task = bench.task(make_case(epochs=2, precision=precision, model={"dropout": 0.3}))
    every = os.sched_getaffinity(0)
    found = []
    for cores in (every, {min(every)}):
        own = replace(task, results=bench.root / f"{len(cores)}", cache=bench.root / f"cache {len(cores)}")
        os.sched_setaffinity(0, cores)
        try:
            with Pool(task.numerics, (None,), Silent()) as pool:
                found += [_bits(record) for record in pool.run([own])]
        finally:
            os.sched_setaffinity(0, every)
    assert found[0] == found[1]
