"""Every section of a GPU's acceptance fails when what it looks for is wrong: here it is made so, and the exit code is
1. What a section looks for on a card alone is looked for on the stand-in."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchsuite.engine.determinism import seeds
from benchsuite.engine.determinism.torch_settings import configure
from benchsuite.engine.diagnostics import failures
from benchsuite.engine.meters import energy
from benchsuite.engine.training import stepper
from benchsuite.engine.training.descent import Descent
from benchsuite.identity import gpu_trial
from benchsuite.identity.numerics import describe
from support.cuda_runs import A100, described_as
from support.stand_in_card import card

Plant = Callable[[pytest.MonkeyPatch, Any], None]


@pytest.fixture(autouse=True)
def _deterministic(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    for name in ("BENCHSUITE_CACHE", "BENCHSUITE_HANG_SECONDS", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "")  # set by what is tested; afterwards they are as they were
    threads, was = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    configure(describe("cpu", 1))
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(was)
    torch.backends.cuda.matmul.allow_tf32 = False


def _module(monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def accept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Accept a device by one section, with a fault; gives the exit code, and what the report says to have failed.

    All is as in `make gpu-check`, but that sections are made in this process, where the fault is."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    acceptance = _module(monkeypatch, "acceptance")
    sections = _module(monkeypatch, "acceptance_sections")

    def make(name: str, device: str, answer: Path, plant: Plant = lambda patch, sections: None) -> None:
        folder = answer.with_suffix("")
        folder.mkdir(parents=True)
        check = acceptance.Check(device, True, time.time() + 600, folder)
        with ExitStack() as stack:
            if device == "cuda":
                stack.enter_context(described_as(A100))
                stack.enter_context(card())
            plant(stack.enter_context(pytest.MonkeyPatch.context()), sections)
            try:
                getattr(sections, name)(check)
            except Exception:
                check.fail(traceback.format_exc())
        acceptance.write_answer(check, answer)

    def start_part(name: str, device: str, seconds: float, answer: Path) -> Any:
        (answer.parent.parent / "go").touch()  # the others, for which it would wait, are made after it
        make(name, device, answer)
        return SimpleNamespace(wait=lambda: 0, poll=lambda: 0)

    def run(section: str, device: str, plant: Plant) -> tuple[int, list[str]]:
        def here(name: str, device: str, seconds: float, answer: Path, timeout: float) -> tuple[str, str]:
            make(name, device, answer, plant)
            return "", ""

        monkeypatch.setattr(acceptance, "run_part", here)
        monkeypatch.setattr(sections, "start_part", start_part)
        monkeypatch.setattr(gpu_trial, "usable_gpus", lambda: (A100,))
        report = tmp_path / "report"
        monkeypatch.setattr(sys, "argv", ["acceptance", "--device", device, "--only", section, "--out", str(report)])
        code = acceptance.main()
        lines = (report / "report.md").read_text().splitlines()
        print(capsys.readouterr().out)
        return code, [line for line in lines if line.startswith("- **")]

    return run


def _allows_tf32(patch: pytest.MonkeyPatch, sections: Any) -> None:
    torch.backends.cuda.matmul.allow_tf32 = True


def _computes_otherwise_each_time(layer: type[torch.nn.Module]) -> Plant:
    def plant(patch: pytest.MonkeyPatch, sections: Any) -> None:
        count, usual = itertools.count(1), layer.forward
        patch.setattr(layer, "forward", lambda self, batch: usual(self, batch) * (1 + next(count) / 1000))

    return plant


def _orders_by_chance(patch: pytest.MonkeyPatch, sections: Any) -> None:
    patch.setattr(seeds, "order", lambda seed, epoch, n: np.random.default_rng().permutation(n))


def _forgets_the_optimizer(patch: pytest.MonkeyPatch, sections: Any) -> None:
    patch.setattr(Descent, "load", lambda self, state: None)


ORDERS_OTHERWISE = """
from benchsuite.engine.determinism import seeds
usual = seeds.order
seeds.order = lambda seed, epoch, n: usual(seed, epoch, n)[::-1].copy()
"""


def _repeats_in_another_order(patch: pytest.MonkeyPatch, sections: Any) -> None:
    """In the processes of `benchsuite verify` alone."""
    usual = sections.subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        environment = dict(os.environ)
        if "verify" in command:
            site = Path(os.environ["BENCHSUITE_CACHE"]) / "site"
            site.mkdir()
            (site / "sitecustomize.py").write_text(ORDERS_OTHERWISE)
            environment["PYTHONPATH"] = str(site)
        return usual(command, env=environment, **options)

    patch.setattr(sections, "subprocess", SimpleNamespace(run=run))


def _asks_for_the_loss(patch: pytest.MonkeyPatch, sections: Any) -> None:
    usual = stepper.EagerStep.__call__

    def step(self: Any, *samples: Any) -> Any:
        loss, logits = usual(self, *samples)
        loss.item()
        return loss, logits

    patch.setattr(stepper.EagerStep, "__call__", step)


def _computes_otherwise_on_the_card(patch: pytest.MonkeyPatch, sections: Any) -> None:
    recipe = type(sections.training().entry.component)
    usual = recipe.loss

    def loss(self: Any, params: Any, logits: Any, targets: Any) -> Any:
        return usual(self, params, logits, targets) * (1.1 if logits.is_cuda else 1)

    patch.setattr(recipe, "loss", loss)


def _takes_more_each_time(patch: pytest.MonkeyPatch, sections: Any) -> None:
    count = itertools.count(1)
    patch.setattr(torch.cuda, "max_memory_allocated", lambda device=None: next(count) << 20)


def _takes_a_full_card_for_a_defect(patch: pytest.MonkeyPatch, sections: Any) -> None:
    patch.setattr(failures, "describe_device_error", lambda error, where: None)


def _burns(patch: pytest.MonkeyPatch, sections: Any) -> None:
    told, usual, seconds = iter([0.0, 1e9]), torch.randn, itertools.count()
    patch.setattr(energy, "joules", lambda: next(told))
    patch.setattr(torch, "randn", lambda *size, **options: usual(8, 8, **options))
    patch.setattr(sections, "time", SimpleNamespace(perf_counter=lambda: float(next(seconds))))


def _is_slow_where_it_is_deterministic(patch: pytest.MonkeyPatch, sections: Any) -> None:
    def slow(usual: Callable[..., Any]) -> Callable[..., Any]:
        def step(self: Any, *samples: Any) -> Any:
            if torch.are_deterministic_algorithms_enabled():
                time.sleep(0.1)
            return usual(self, *samples)

        return step

    for kind in (stepper.EagerStep, stepper.GraphStep):
        patch.setattr(kind, "__call__", slow(kind.__call__))
    patch.setattr(sections, "_usual", lambda *row: 1.0)  # the loop that it is compared with


FAULTS: dict[str, tuple[str, Plant, str]] = {
    "facts": ("cpu", _allows_tf32, "TF32 is on"),
    "ops": ("cpu", _computes_otherwise_each_time(torch.nn.ELU), "elu in fp32 gives other bits when it is repeated"),
    "runs": ("cpu", _orders_by_chance, "in two processes"),
    "architectures": (
        "cpu",
        _computes_otherwise_each_time(torch.nn.Hardswish),
        "mobilenet_v3_small gives other gradients when they are computed again",
    ),
    "resume": ("cpu", _forgets_the_optimizer, "a run that goes on has other bits"),
    "verify": ("cpu", _repeats_in_another_order, "benchsuite verify ended with 1"),
    "syncs": ("cpu", _asks_for_the_loss, "steps wait for the card at"),
    "graphs": ("cpu", _orders_by_chance, "other bits with graphs"),
    "packing": ("cpu", _orders_by_chance, "processes that share a card make one run in 3 ways"),
    "agreement": ("cuda", _computes_otherwise_on_the_card, "from the processor's"),
    "memory": ("cuda", _takes_more_each_time, "the peak of a run differs from one time to the next"),
    "faults": ("cpu", _takes_a_full_card_for_a_defect, "a card that is full became"),
    "energy": ("cuda", _burns, "W at work are no card's"),
    "speed": ("cuda", _is_slow_where_it_is_deterministic, "without determinism"),
}
"""For each section where it is made, what is wrong, and what the report then says."""
QUICK = ("facts", "ops", "resume", "faults")


@pytest.mark.parametrize("section", [pytest.param(s, marks=() if s in QUICK else pytest.mark.slow) for s in FAULTS])
def test_a_section_fails_by_what_it_looks_for_and_by_nothing_else(section: str, accept: Callable[..., Any]) -> None:
    device, plant, told = FAULTS[section]
    code, failed = accept(section, device, plant)
    assert code == 1
    assert failed
    assert all(told in line for line in failed), failed


def test_every_section_has_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert list(FAULTS) == list(_module(monkeypatch, "acceptance").SECTIONS)
