"""Studies that are made by an executor: the same bits as here, whatever happens to sites, orders and answers."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from benchsuite.execution.fleet import FILE, Fleet
from benchsuite.identity.numerics import machine_facts
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import Store
from support.plugins import SUITE
from support.program import Program

THREADS = """
from benchsuite.api import hookimpl

from support.executors import Threads

benchsuite_api = "1.0"


@hookimpl
def benchsuite_executors():
    return [Threads]
"""
RUN = ("run", "squares_width", "--policy", "sample", "--no-estimate", "--no-paper")


def records(results: Path) -> dict[str, RunRecord]:
    found = {record.key: record for record in Store(results / "squares_width@sample").records()}
    assert found
    return found


@pytest.fixture
def fleet(program: Program) -> Program:
    program.install("fleet", THREADS)
    return program


@pytest.mark.slow
def test_a_study_has_the_same_bits_on_sites_as_here(fleet: Program) -> None:
    here = fleet.run(*RUN, "--results", "here")
    assert here.code == 0, here.err
    made = fleet.run(*RUN, "--executor", "threads")
    assert made.code == 0, made.err
    assert "[4/4]" in made.err + made.out
    known, came = records(fleet.folder / "here"), records(fleet.results)
    assert known.keys() == came.keys()
    for key, record in came.items():
        assert (record.weights_hash, record.predictions_hash) == (known[key].weights_hash, known[key].predictions_hash)
    again = fleet.run("run", "squares_width", "--policy", "sample")
    assert "Everything is done already" in again.out + again.err
    assert not list(Store(fleet.cache / "sites").run_keys()), "what has come home is not kept at the site"


def test_an_unknown_executor_and_its_options_are_refused(fleet: Program) -> None:
    fleet.run(*RUN, "--executor", "thread").refused("no executor is named 'thread'", "did you mean 'threads'?")
    fleet.run(*RUN, "--executor", "threads", "--executor-option", "slots").refused("'slots'", "NAME=VALUE")
    fleet.run(*RUN, "--executor", "threads", "--executor-option", "slots=0").refused("slots", "greater than or equal")
    fleet.run(*RUN, "--executor", "threads", "--executor-option", "size=1").refused("size", "slots: Orders that each")
    fleet.run(*RUN, "--executor", "local", "--executor-option", "slots=1").refused("has no options")


def test_the_environment_and_the_configuration_choose_an_executor(
    fleet: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BENCHSUITE_EXECUTOR", "nowhere")
    fleet.run(*RUN).refused("no executor is named 'nowhere'")
    monkeypatch.delenv("BENCHSUITE_EXECUTOR")
    file = tmp_path / "config.toml"
    monkeypatch.setattr("benchsuite.execution.executors.CONFIGURATION", file)
    file.write_text('[executor]\nname = "threads"\nsize = 3\n')
    fleet.run(*RUN).refused("size", str(file))
    file.write_text("[executor\n")
    fleet.run(*RUN).refused("configuration cannot be read", str(file))
    file.write_text("[executor]\nsites = 2\n")
    fleet.run(*RUN).refused("has no name")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_nothing_goes_on_on_this_machine_when_the_command_ends(fleet: Program, ending: signal.Signals) -> None:
    fleet.suite(SUITE.replace("{name: speck}", "{name: speck, fault: slow}"))
    path = os.pathsep.join((str(fleet.plugins), str(Path(__file__).parents[1])))
    process = fleet.start(*RUN, "--executor", "threads", PYTHONPATH=path, TINY_SLOW_SECONDS="0.3")
    until = time.monotonic() + 60
    while not (begun := [*(fleet.cache / "sites").glob("runs/*/log.txt")]) and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, ending) if ending == signal.SIGINT else process.kill()
    _, err = process.communicate(timeout=30)
    assert begun
    assert process.returncode == (130 if ending == signal.SIGINT else -signal.SIGKILL), err
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive


BROKEN = """
from benchsuite.api import EngineLost, hookimpl

from support.executors import QueueSession, Threads

benchsuite_api = "1.0"


class Session(QueueSession):
    def METHOD(self, *given, **named):
        raise ZeroDivisionError("division by zero")


class Broken(Threads):
    name = "broken"
    session = Session

    def sample(self, options, folder):
        raise ZeroDivisionError("division by zero")


@hookimpl
def benchsuite_executors():
    return [Broken]
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["__init__", "sites", "pending", "submit", "cancel", "close"])
def test_an_executor_that_raises_is_named_and_costs_nothing_that_is_done(program: Program, method: str) -> None:
    program.install("broken-fleet", BROKEN.replace("METHOD", method))
    done = program.run(*RUN, "--executor", "broken")
    if method in ("cancel", "close"):
        assert done.code == 0, done.err
    else:
        done.refused("the executor broken failed: ZeroDivisionError", "broken-fleet 1.0")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), 2, ("nothing says where the Dask scheduler is", "address=tls://HOST:8786")),
        (("address=head",), 2, ("'head' is no address of a Dask scheduler",)),
        (("address=tcp://127.0.0.1:9",), 1, ("cannot connect to the scheduler", "tcp://127.0.0.1:9")),
        (("address=tcp://192.0.2.7:8786",), 2, ("has no TLS", "insecure=true")),
        (("address=tls://127.0.0.1:9", "ca=none.pem", "cert=none.pem", "key=none.pem"), 2, ("none.pem", "option ca")),
        (("scheduler_file=none.json", "wait=0"), 2, ("cannot read the scheduler file", "none.json")),
        (("adress=tls://head:8786",), 2, ("adress: extra inputs are not permitted", "address: Address of")),
        (("workers=many", "address=tcp://127.0.0.1:9"), 2, ("workers: input should be a valid integer",)),
    ],
)
def test_a_cluster_that_is_named_wrongly_is_told_before_anything_begins(
    program: Program, options: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    given = [part for option in options for part in ("--executor-option", option)]
    program.run(*RUN, "--executor", "dask", *given).refused(*words, code=code)
    assert not program.results.exists()


@pytest.mark.slow
def test_what_runs_on_other_machines_cost_is_told_by_those_that_are_done(fleet: Program) -> None:
    cost = ("plan", "squares_width", "--policy", "sample", "--cost")
    file = fleet.results / "squares_width" / FILE
    file.parent.mkdir(parents=True)
    file.write_text(Fleet(kinds=(machine_facts("cpu").kind("cpu"),), slots=(1,)).model_dump_json())
    unknown = fleet.run(*cost)
    assert unknown.code == 0, unknown.err
    assert "the cost of 2 cases cannot be told here: none of their runs is done on a" in unknown.err
    assert "about" not in unknown.err
    assert fleet.run(*RUN, "--executor", "threads", "--seeds", "1").code == 0
    known = fleet.run(*cost)
    assert known.code == 0, known.err
    assert "1 past run" in known.out
    assert "one run after another" in known.err
    assert "cannot be told" not in known.err
