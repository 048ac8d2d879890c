"""The memory of the process: kept, given back, and its peak."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchsuite.engine.meters import memory

MEGABYTES_64 = 64 * 2**20
FAULTS = """
import resource
import torch
from benchsuite.engine.meters import memory
torch.set_num_threads(1)
{keep}
# Blocks beyond glibc's largest threshold (32 MiB), as of a convolution's output, at the price of a sum.
weights = torch.ones(9 * 2**20, requires_grad=True)
def step():
    weights.grad = None
    (2 * weights).relu().sum().backward()
for _ in range(8):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

RESIDENT = """
import psutil
import torch
from benchsuite.engine.meters import memory
memory.keep()
# A small tensor after the large one: only the end of the heap would give itself back.
large, small = torch.ones(128 * 2**20 // 4), torch.ones(1000)
del large
before = psutil.Process().memory_info().rss
memory.give_back()
print(before - psutil.Process().memory_info().rss)
"""

FROZEN = """
import gc
import weakref
import psutil
import torch
from benchsuite.engine.run import execute
from benchsuite.execution import worker
from benchsuite.engine.meters import memory
from benchsuite.identity.numerics import describe

assert worker._prepare(describe("cpu", 1), None) is None
searched = {id(thing) for thing in gc.get_objects()}
print(len(searched), *(id(thing) in searched for thing in (torch.nn.Module, execute.execute, execute.Pipeline)))

class Node:
    pass

def circle():
    # As a failed run leaves them: a frame that holds an error that holds the frame, and a tensor in it.
    node = Node()
    node.own, node.tensor = node, torch.ones(128 * 2**20 // 4)
    return weakref.ref(node)

for _ in range(3):
    left = circle()
    assert left() is not None
    before = psutil.Process().memory_info().rss
    memory.give_back()
    print(left() is None, before - psutil.Process().memory_info().rss)
"""

linux = pytest.mark.skipif(memory._glibc() is None, reason="needs glibc")


def _faults(keep: str) -> int:
    """Pages that a new process is given while it repeats a training step."""
    done = subprocess.run([sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@linux
def test_kept_memory_serves_the_next_step() -> None:
    usual = _faults("")
    assert usual > 10_000, "the C library keeps large blocks by itself: memory.keep() can go"
    assert _faults("memory.keep()") < usual / 4


@linux
def test_kept_memory_is_given_back_when_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", RESIDENT], capture_output=True, text=True, check=True)
    assert int(done.stdout) > MEGABYTES_64


@linux
def test_a_worker_searches_nothing_of_its_imports_for_garbage_and_gives_back_what_comes_after() -> None:
    done = subprocess.run([sys.executable, "-c", FROZEN], capture_output=True, text=True, check=True)
    (searched, *imported), *rounds = (line.split() for line in done.stdout.splitlines())
    assert imported == ["False"] * 3
    assert int(searched) < 10_000
    assert len(rounds) == 3
    for collected, given_back in rounds:
        assert collected == "True"
        assert int(given_back) > MEGABYTES_64


@linux
def test_a_peak_begins_anew_and_sees_what_came_since() -> None:
    block = bytearray(b"1") * MEGABYTES_64
    assert memory.peak() >= MEGABYTES_64
    del block
    memory.start_peak()
    before = memory.peak()
    block = bytearray(b"1") * (2 * MEGABYTES_64)
    assert len(block) <= memory.peak() - before + MEGABYTES_64 // 8
    del block
    memory.start_peak()
    assert memory.peak() < before + MEGABYTES_64


def test_a_peak_is_told_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    memory.keep()
    memory.start_peak()
    assert memory.peak() > 0
