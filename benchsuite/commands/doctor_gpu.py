"""`benchsuite doctor --gpu`: whether the GPUs of this machine compute what they should, and the same bits twice.

Each is tried in a process of its own, all at once: a product and a convolution against the processor's in double
precision, and a small run, made twice. It takes well under a minute and no data.
"""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.atomic_files import scratch_folder
from benchsuite.commands.console import size
from benchsuite.commands.findings import Finding
from benchsuite.errors import on_one_line
from benchsuite.identity.gpu_trial import REMEDY, faults, usable_gpus
from benchsuite.identity.gpus import Gpu, why_no_gpu
from benchsuite.processes import ChildProcess, Parent, ProcessEnded

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite.store.record import RunRecord

SECONDS = 55
"""How long a card may take."""
LARGEST_ERROR = 1e-5
"""Of a product in float32, as a part of its largest number: rounding gives a tenth of it, TF32 fifty times as much."""
NO_REMEDY = "report it with this table; until then compute with --device cpu"


@dataclass(frozen=True)
class Answer:
    """What a card has computed. `errors` are relative, by what was computed; `runs` the hashes of a run made twice."""

    name: str
    memory: int
    libraries: str
    precision: str
    errors: dict[str, float]
    repeats: bool
    runs: tuple[tuple[str, str], tuple[str, str]]
    seconds: float


def look_at_gpus() -> Iterator[Finding]:
    """A line for each card, and more where something is wrong."""
    for fault in faults():
        yield Finding("gpu", "bad", f"it cannot be used: {fault}", REMEDY)
    gpus = usable_gpus()
    if not gpus and not faults():
        yield Finding("gpu", "bad", f"there is none: {why_no_gpu()}", "install the NVIDIA driver, or correct "
                      "CUDA_VISIBLE_DEVICES; without a GPU studies run on the CPU")  # fmt: skip
    with ThreadPoolExecutor(max(len(gpus), 1)) as pool:
        answers = list(pool.map(ask, gpus))
    for gpu, answer in zip(gpus, answers, strict=True):
        yield from judge(gpu, answer)
    twins: dict[tuple[Any, ...], set[tuple[str, str]]] = defaultdict(set)
    for gpu, answer in zip(gpus, answers, strict=True):
        if isinstance(answer, Answer):
            twins[gpu.model].add(answer.runs[0])
    for model, hashes in twins.items():
        if len(hashes) > 1:
            yield Finding("gpu", "bad", f"cards that are all {model[0]} make one run in {len(hashes)} ways", NO_REMEDY)


def judge(gpu: Gpu, answer: Answer | str) -> Iterator[Finding]:
    """What an answer says of a card."""
    if isinstance(answer, str):
        yield Finding("gpu", "bad", f"{gpu.name} ({gpu.uuid}): {answer}", NO_REMEDY)
        return
    faulty = [f"{what} is off by {error:.1g}" for what, error in answer.errors.items() if not error <= LARGEST_ERROR]
    faulty += [] if answer.name == gpu.name else [f"torch calls it {answer.name}"]
    faulty += [] if answer.repeats else ["a product gives other bits when it is repeated"]
    faulty += [] if answer.runs[0] == answer.runs[1] else ["a run gives other bits when it is repeated"]
    facts = f"{gpu.name}, {gpu.cores} cores, {size(answer.memory)}, capability {gpu.capability}, driver {gpu.driver}"
    if faulty:
        yield Finding("gpu", "bad", f"{facts}: {', '.join(faulty)}", NO_REMEDY)
        return
    largest = max(answer.errors.values())
    yield Finding(
        "gpu",
        "good",
        f"{facts}, {answer.libraries}, {answer.precision}; products within {largest:.1g} of the processor's; a run "
        f"made twice has the same bits ({answer.runs[0][0][:12]}), {answer.seconds:.1f} s",
    )


def ask(gpu: Gpu) -> Answer | str:
    """What the card answers, or why it does not."""
    try:
        seen = {"CUDA_VISIBLE_DEVICES": gpu.uuid}
        with ChildProcess(answer, "cuda", gpu.uuid, output=subprocess.DEVNULL, environment=seen) as child:
            told: Answer = child.receive(SECONDS)
            return told
    except ProcessEnded as ended:
        return f"it did not answer within {SECONDS} s" if ended.timed_out else f"its process ended: {ended}"
    except Exception as error:
        return on_one_line(error)


def answer(parent: Parent, device: Literal["cpu", "cuda"], uuid: str | None) -> None:
    """In a process of its own: compute on the device, and send an Answer or an exception."""
    try:
        with scratch_folder("doctor") as folder:
            parent.send(_compute(device, uuid, Path(folder)))
    except Exception as error:
        parent.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _compute(device: Literal["cpu", "cuda"], uuid: str | None, folder: Path) -> Answer:
    from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
    from benchsuite.engine.meters import clock
    from benchsuite.identity.numerics import describe

    started = clock.seconds()
    numerics = describe(device)
    prepare_environment(numerics, uuid)
    import torch

    configure(numerics)
    errors, repeats = _products(device)
    hashes = _runs(device, folder)
    properties = torch.cuda.get_device_properties(0) if device == "cuda" else None
    return Answer(
        name=properties.name if properties else numerics.device_name,
        memory=properties.total_memory if properties else 0,
        libraries=f"CUDA {numerics.cuda}, cuDNN {numerics.cudnn}",
        precision=numerics.precision,
        errors=errors,
        repeats=repeats,
        runs=hashes,
        seconds=clock.seconds() - started,
    )


def _products(device: str) -> tuple[dict[str, float], bool]:
    """The relative error of a product and a convolution in float32, and whether they are the same bits each time."""
    import torch
    from torch.nn.functional import conv2d

    draw = torch.Generator().manual_seed(0)
    works: dict[str, tuple[Callable[..., Tensor], tuple[int, ...], tuple[int, ...]]] = {
        "a matrix product": (torch.matmul, (512, 1024), (1024, 512)),
        "a convolution": (conv2d, (4, 64, 28, 28), (64, 64, 3, 3)),
    }
    errors, repeats = {}, True
    for name, (work, *shapes) in works.items():
        given = [torch.randn(shape, generator=draw) for shape in shapes]
        exact = work(*(tensor.double() for tensor in given))
        there = [tensor.to(device) for tensor in given]
        found, *again = (work(*there) for _ in range(4))
        errors[name] = float((found.cpu().double() - exact).abs().max() / exact.abs().max())
        repeats &= all(torch.equal(found, other) for other in again)
    return errors, repeats


def _runs(device: Literal["cpu", "cuda"], folder: Path) -> tuple[tuple[str, str], tuple[str, str]]:
    """The hashes of weights and predictions of a small run, made twice."""
    from benchsuite.testing.harness.reference_components import Blocks, OnePhase, Patterns
    from benchsuite.testing.harness.small_run import RunSetup, bind_reference

    parts = bind_reference(Patterns), bind_reference(Blocks), bind_reference(OnePhase, max_epochs=2)
    setup = RunSetup(folder, *parts, device)
    first, second = (setup.execute(setup.task(results)) for results in ("first", "second"))
    return _hashes(first), _hashes(second)


def _hashes(record: RunRecord) -> tuple[str, str]:
    return str(record.weights_hash), str(record.predictions_hash)
