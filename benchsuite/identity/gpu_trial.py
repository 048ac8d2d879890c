"""Whether a GPU can be used by the torch that is installed: tried once in a process of its own, and remembered.

A driver may be older than torch needs, a card older than torch has code for, or taken by somebody: only trying tells.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from benchsuite.atomic_files import write_text
from benchsuite.errors import StoreError
from benchsuite.identity.gpus import Gpu, find_gpus
from benchsuite.identity.torch_build import other_than_cuda, torch_build
from benchsuite.settings import cache_root

TIMEOUT_SECONDS = 300
"""The first start of CUDA on a machine can take minutes, where kernels are compiled for the card."""
FAULT_SECONDS = 600
"""How long a fault is remembered: it may be mended, or the card free again."""
MEMORY = "gpus.json"
REMEDY = "install a build of torch for CUDA, for this NVIDIA driver and card, or a newer driver, or free the card"
"""What to do about a GPU on which torch does not compute."""
_TRIAL = """
import torch
torch.backends.cudnn.benchmark = False
batch = torch.ones(2, 8, 16, 16, device="cuda")
weights = torch.ones(4, 8, 3, 3, device="cuda", requires_grad=True)
torch.nn.functional.conv2d(batch, weights).square().sum().backward()
product = torch.ones(32, 32, device="cuda") @ torch.ones(32, 32, device="cuda")
assert float(product.sum()) == 32.0**3 and float(weights.grad.sum()) > 0
torch.cuda.synchronize()
"""


def usable_gpus() -> tuple[Gpu, ...]:
    """Those of `find_gpus` on which the installed torch computes."""
    return tuple(gpu for gpu, fault in _tried_gpus() if fault is None)


def faults() -> tuple[str, ...]:
    """What is wrong with the GPUs on which the installed torch does not compute. AMD's are known by their torch."""
    found = tuple(f"{gpu.name}: {fault}" for gpu, fault in _tried_gpus() if fault is not None)
    return found or ((_not_for_cuda(),) if torch_build()["hip"] else ())


@cache
def _tried_gpus() -> tuple[tuple[Gpu, str | None], ...]:
    """Each GPU of this process, and why it cannot be used, if it cannot."""
    gpus, build = find_gpus(), torch_build()
    if not gpus or build["cuda"] is None:
        return tuple((gpu, _not_for_cuda()) for gpu in gpus)
    path, now = cache_root() / MEMORY, time.time()
    known = _recall(path)
    found: dict[Gpu, str | None] = {}
    for gpu in gpus:
        name = f"{build['version']} {gpu.driver} {gpu.uuid}"
        fault, when = known.get(name, (None, 0.0))
        if when == 0.0 or (fault is not None and not 0 <= now - when <= FAULT_SECONDS):  # clocks are set
            fault = try_gpu(gpu.uuid)
            known[name] = fault, now
        found[gpu] = fault
    with suppress(StoreError):  # they will be tried again
        write_text(path, json.dumps(known))
    return tuple(found.items())


def _not_for_cuda() -> str:
    return f"the installed torch is built for {other_than_cuda(torch_build()['hip'])}"


def _recall(path: Path) -> dict[str, tuple[str | None, float]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {name: (None if fault is None else str(fault), float(when)) for name, (fault, when) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def try_gpu(uuid: str) -> str | None:
    """Compute a little on one card; the last line of what went wrong, if anything did."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": uuid}
    command = [sys.executable, "-c", _TRIAL]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it did not answer within {TIMEOUT_SECONDS} s"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line.partition(":")[0]]
    return (errors or lines or [f"exit code {done.returncode}"])[-1][:300]
