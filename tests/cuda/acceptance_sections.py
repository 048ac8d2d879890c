"""The sections of the acceptance of a GPU; `acceptance.py` calls each in a process of its own, made deterministic.

On the processor the same code is run with fewer and smaller things, and what needs a card is left out or stood in for.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from acceptance import Check, start_part, what_it_said
from torch import nn
from torch.nn.functional import cross_entropy

from benchsuite.contracts.model import Task
from benchsuite.identity.gpus import find_gpus
from benchsuite.identity.numerics import describe
from benchsuite.registry import registry
from benchsuite.store.record import RunRecord
from benchsuite.testing.harness.outcomes import Broken
from benchsuite.testing.harness.small_run import BoundComponent
from support.cuda_runs import (
    A100,
    MODELS,
    OPTIMIZERS,
    Interrupted,
    bound,
    described_as,
    interrupting,
    outcome,
    setup,
    small,
    training,
    with_loss,
)
from support.stand_in_card import card

RECIPES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "adam": ("train", {"max_epochs": 2, "batch_size": 10}),
    "sgd": ("train", {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "max_epochs": 2, "batch_size": 10,
                      "gradient_clip": 1.0, "l1": 1e-5}),
    "frozen": ("finetune", {"max_epochs": 2, "freeze": {"train_last": 1}}),
    "two_phase": ("two_phase", {"max_epochs": 1}),
    "gradual": ("two_phase", {"phases": "gradual", "max_epochs": 1}),
}  # fmt: skip
FULL_MODELS = {**MODELS, "torchvision": ("torchvision", {"architecture": "mobilenet_v3_small", "weights": "none"})}
ROWS: Mapping[str, tuple[str, Mapping[str, Any], int, int]] = {
    "resnet18_224_b16": ("resnet", {"weights": "none"}, 224, 16),
    "resnet18_cifar_b64": ("resnet", {"form": "cifar", "weights": "none"}, 32, 64),
    "small_cnn_b64": ("small_cnn", {}, 32, 64),
    "lenet5_b64": ("lenet5", {}, 32, 64),
    "mlp_b64": ("mlp", {}, 32, 64),
    "vgg16_cifar_b64": ("vgg16", {"form": "cifar", "weights": "none"}, 32, 64),
    "resnet50_224_b32": ("resnet", {"depth": 50, "weights": "none"}, 224, 32),
}
"""What is timed: model, parameters, image size and batch."""
H200_MS = {"resnet18_224_b16 bf16": 6.0, "resnet18_cifar_b64 bf16": 6.5, "small_cnn_b64 bf16": 1.5}
"""The most milliseconds that a step may take on an H200."""
LEAST_OF_FREE = 0.8
"""The least part of the speed without determinism."""
GRAPH_SPEEDUP = 1.5
"""The least that graphs must bring to LeNet-5."""
GAPS = {"fp32": 2e-3, "bf16": 5e-2, "fp16": 5e-2}
"""The largest relative difference of a loss from the processor's in float32."""
KEPT_MIB = 1500
WATTS = (30, 1200)


def precisions(check: Check) -> list[str]:
    """Those that the device has, first the one that runs take by themselves."""
    if check.device == "cpu":
        return ["fp32"]
    own = describe("cuda").precision
    # Of a card without bfloat16 nothing is asked in it.
    return [own, *(other for other in ("fp16", "fp32") if other != own)]


def made(
    check: Check, model: BoundComponent, recipe: BoundComponent, results: str = "results", **more: Any
) -> RunRecord:
    """A run on the device, in folders of the section's own. Raises Broken when it fails."""
    given = {name: more.pop(name) for name in ("watcher", "checkpoints") if name in more}
    prepared = setup(check.folder, model, recipe, check.device, **more)  # type: ignore[arg-type]
    return prepared.execute(prepared.task(results), **given)


def digest(record: RunRecord) -> str:
    return hashlib.sha256(repr(outcome(record)).encode()).hexdigest()[:16]


def wait(check: Check) -> None:
    if check.device == "cuda":
        torch.cuda.synchronize()


def facts(check: Check) -> None:
    numerics = describe(check.device)  # type: ignore[arg-type]
    check.found.update(numerics.model_dump(), name=numerics.device_name)
    cudnn, cuda = torch.backends.cudnn, torch.backends.cuda
    if cuda.matmul.allow_tf32 or cudnn.allow_tf32:
        check.fail("TF32 is on")
    if not torch.are_deterministic_algorithms_enabled() or cudnn.benchmark:
        check.fail("torch is not deterministic")
    if check.device != "cuda":
        return
    properties, (gpu, *_) = torch.cuda.get_device_properties(0), find_gpus()
    sms, capability = properties.multi_processor_count, f"{properties.major}.{properties.minor}"
    check.found.update(
        name=properties.name, multiprocessors=sms, memory=properties.total_memory,
        architectures=torch.cuda.get_arch_list(), cudnn_loaded=cudnn.version(), cards=torch.cuda.device_count(),
    )  # fmt: skip
    if properties.name != gpu.name:
        check.fail(f"the driver calls the card {gpu.name}, torch {properties.name}")
    if capability != gpu.capability:
        check.fail(f"its capability is {gpu.capability} by the driver, {capability} by torch")
    if gpu.uuid.startswith("GPU-") and gpu.cores % sms:
        check.fail(f"the driver tells of {gpu.cores} cores, torch of {sms} multiprocessors")
    if str(properties.uuid) not in gpu.uuid and gpu.uuid.startswith("GPU-"):
        check.fail(f"the driver's first card is {gpu.uuid}, torch's {properties.uuid}")


def ops(check: Check) -> None:
    layers: dict[str, nn.Module] = {
        "convolution": nn.Conv2d(16, 32, 3, padding=1),
        "with a stride": nn.Conv2d(16, 32, 3, 2),
        "7 x 7": nn.Conv2d(16, 8, 7),
        "depthwise": nn.Conv2d(16, 16, 7, padding=3, groups=16),
        "grouped": nn.Conv2d(16, 32, 3, groups=4),
        "batch normalisation": nn.BatchNorm2d(16),
        "layer normalisation": nn.LayerNorm([16, 17, 17]),
        "overlapping maxima": nn.MaxPool2d(3, 2, 1),
        "maxima": nn.MaxPool2d(2),
        "maxima to the edge": nn.MaxPool2d(3, 2, ceil_mode=True),
        "averages": nn.AvgPool2d(3, 1, 1),
        "average of all": nn.AdaptiveAvgPool2d(1),
        "softmax": nn.Softmax(1),
        "elu": nn.ELU(),
        "dropout": nn.Dropout(0.5),
        "linear": nn.Sequential(nn.Flatten(), nn.Linear(16 * 17 * 17, 64)),
    }
    images = torch.randn(8, 16, 17, 17, generator=torch.Generator().manual_seed(0)).to(check.device)
    images = images.contiguous(memory_format=torch.channels_last)

    def once(layer: nn.Module, precision: str) -> list[Any]:
        torch.manual_seed(1)
        layer.zero_grad()
        leaf = images.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        with _autocast(check, precision):
            result = layer(leaf).float()
        weights = torch.linspace(-1, 1, result.numel(), device=check.device).view_as(result)
        (result * weights).sum().backward()
        return [result.detach(), leaf.grad, *(p.grad.clone() for p in layer.parameters() if p.grad is not None)]

    pairs = [(name, precision) for precision in precisions(check) for name in layers]
    for name, precision in check.each(pairs):
        with check.attempt(f"{name} in {precision}"):
            layer = layers[name].to(check.device)
            first, *others = (once(layer, precision) for _ in range(3))
            if not all(_equal(first, other) for other in others):
                check.fail(f"{name} in {precision} gives other bits when it is repeated")
    check.found["layers"] = f"{len(pairs) - len(check.left_out)} of {len(pairs)}"


def _autocast(check: Check, precision: str) -> Any:
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return torch.autocast(check.device, dtype=dtype, enabled=dtype is not None)


def _equal(first: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def runs(check: Check) -> None:
    """The same runs in two processes at once, which see nothing of each other."""
    answers = [check.folder / str(number) / "answer.json" for number in range(2)]
    for answer in answers:
        answer.parent.mkdir()
    processes = [start_part("hashes", check.device, check.left() - 15, answer) for answer in answers]
    for process in processes:
        process.wait()
    if silent := [what_it_said(answer) for answer in answers if not answer.is_file()]:
        check.fail(f"no answer from a process: {silent[0]}")
        return
    mine, its = (json.loads(answer.read_text()) for answer in answers)
    check.failures += sorted({*mine["failures"], *its["failures"]})
    both = mine["found"].keys() & its["found"].keys()
    for name in sorted(both):
        if mine["found"][name] != its["found"][name]:
            check.fail(f"{name}: {mine['found'][name]} and {its['found'][name]} in two processes")
    check.left_out += sorted({*mine["left_out"], *its["left_out"]})
    check.found.update({"runs": len(both), **{name: mine["found"][name] for name in sorted(both)}})


def hashes(check: Check) -> None:
    """The hash of each run: half of what `runs` does."""
    models = FULL_MODELS if not check.small else {name: MODELS[name] for name in ("lenet5", "resnet_cifar")}
    recipes = RECIPES if not check.small else {name: RECIPES[name] for name in ("sgd", "frozen")}
    # What differs most comes first, for where there is not the time for all.
    jobs = [(m, r, p) for r in recipes for p in precisions(check) for m in models]
    for model, recipe, precision in check.each(jobs, " ".join):
        name = f"{model} {recipe} {precision}"
        with check.attempt(name):
            kind, parameters = FULL_MODELS[model]
            which, declared = RECIPES[recipe]
            augmented = which == "train"
            record = made(
                check, bound("model", kind, **parameters), bound("recipe", which, **declared, precision=precision),
                name.replace(" ", "-"), augmented=augmented, size=48 if model == "resnet_imagenet" else 32,
            )  # fmt: skip
            check.found[name] = digest(record)


def architectures(check: Check) -> None:
    from benchsuite_plugins.models.torchvision_catalogue import FAMILY

    entry: Any = registry().model("torchvision")
    names = [name for name in FAMILY if not check.small or name in ("mobilenet_v3_small", "shufflenet_v2_x0_5")]
    for name in check.each(names):
        with check.attempt(name):
            side = 299 if name.startswith("inception") else 518 if name == "vit_h_14" else 64 if check.small else 224
            torch.manual_seed(0)
            with torch.device(check.device):  # hundreds of millions of first weights are soon drawn there
                network = entry.component.build(
                    entry.component.Parameters(architecture=name, weights="none"), Task(10, side, side)
                )
            network = network.to(memory_format=torch.channels_last).to(check.device).train()
            images = torch.randn(4, 3, side, side).contiguous(memory_format=torch.channels_last).to(check.device)
            labels = torch.arange(4, device=check.device)

            def once(network: Any = network, images: Any = images, labels: Any = labels) -> list[Any]:
                torch.manual_seed(1)
                network.zero_grad()
                with _autocast(check, precisions(check)[0]):
                    logits = network(images)
                loss = cross_entropy(logits.float(), labels)
                loss.backward()
                return [loss.detach(), *(p.grad.clone() for p in network.parameters() if p.grad is not None)]

            if not _equal(once(), once()):
                check.fail(f"{name} gives other gradients when they are computed again")
        network = images = None
        gc.collect()
        if check.device == "cuda":
            torch.cuda.empty_cache()
    check.found["architectures"] = f"{len(names) - len(check.left_out)} of {len(names)}"


def resume(check: Check) -> None:
    optimizers = OPTIMIZERS if not check.small else ("adam",)
    for optimizer, precision in check.each([(o, p) for p in precisions(check) for o in optimizers], " ".join):
        name = f"{optimizer}-{precision}"
        with check.attempt(name):
            schedule = {"name": "cosine", "warmup_epochs": 1}
            recipe = training(
                optimizer=optimizer, max_epochs=4, precision=precision, learning_rate=0.01, scheduler=schedule
            )
            model = small("lenet5")
            whole = made(check, model, recipe, name)
            try:
                made(check, model, recipe, f"{name}-again", watcher=interrupting(2), checkpoints=0)
            except Interrupted:
                resumed = made(check, model, recipe, f"{name}-again", checkpoints=0)
                same = resumed.resumed == 1 and outcome(whole) == outcome(resumed)
                check.found[name] = digest(resumed)
                if not same:
                    check.fail(f"{optimizer} in {precision}: a run that goes on has other bits")
            else:
                check.fail(f"{name}: the run was over before it could be interrupted")


STUDY = """
name: acceptance
title: Aceptación
size: {cases: 2, seeds: 2}
dataset: {name: fake, image_size: 32, classes: 4, train_images: 128, validation_images: 32, test_images: 32}
model: {name: lenet5, dropout: 0.2}
recipe: {name: train, max_epochs: 2, batch_size: 16}
vary:
  recipe.optimizer: [adam, sgd]
seeds: 2
"""


def verify(check: Check) -> None:
    """The program as a user calls it, on data that it makes up: runs made two at once, and repeated one by one."""
    suite = check.folder / "acceptance.yaml"
    suite.write_text(STUDY, encoding="utf-8")
    study = [str(suite), "--policy", "sample", "--device", check.device, "--results", str(check.folder / "results")]
    runs = "1" if check.small else "4"
    packed = ["run", *study, "--no-paper", "--no-estimate", "--workers", "2"]
    for command in (packed, ["verify", *study, "--runs", runs, "--workers", "1"]):
        done = subprocess.run(
            [sys.executable, "-m", "benchsuite", *command],
            capture_output=True,
            text=True,
            timeout=max(check.left(), 120),
            check=False,
        )
        if done.returncode != 0:
            check.fail(f"benchsuite {command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-900:]}")
            return
    check.found["repeated"] = f"{runs} of 4 runs"


def syncs(check: Check) -> None:
    """What waits in a step waits twice as often in twice as many steps, and what waits once an epoch does not."""
    optimizers = ("sgd", "adam", "rmsprop") if not check.small else ("adam",)
    for optimizer, precision in check.each([(o, p) for o in optimizers for p in precisions(check)], " ".join):
        name = f"{optimizer} {precision}"
        with check.attempt(name), _variable("BENCHSUITE_GRAPHS", "0"):
            few, many = (_waits(check, optimizer, precision, batch) for batch in (8, 4))
            growing = {where: many[where] for where in many if many[where] > few.get(where, 0)}
            check.found[name] = growing or "nothing in a step"
            if growing:
                check.fail(f"{name}: steps wait for the card at {growing}")


def _waits(check: Check, optimizer: str, precision: str, batch: int) -> Counter[str]:
    """How often the host waits for the card in a run, by line; torch tells, or the stand-in."""
    recipe = training(optimizer=optimizer, precision=precision, batch_size=batch)
    results = f"{optimizer}-{precision}-{batch}"
    if check.device == "cpu":
        with described_as(A100):
            prepared = setup(check.folder, small("lenet5"), recipe, "cuda")
            task = prepared.task(results)
            with card() as now:
                prepared.execute(task)
        return Counter(str(event) for event in now.events if event.kind == "wait")
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            made(check, small("lenet5"), recipe, results)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return Counter(
        f"{Path(warning.filename).name}:{warning.lineno}" for warning in caught if "synchroniz" in str(warning.message)
    )


@contextmanager
def _variable(name: str, value: str | None) -> Iterator[None]:
    before = os.environ.pop(name, None)
    os.environ.update({} if value is None else {name: value})
    try:
        yield
    finally:
        os.environ.pop(name, None)
        os.environ.update({} if before is None else {name: before})


def _many(check: Check, batch: int, steps: int) -> dict[str, Any]:
    """The pictures of an epoch of so many steps."""
    return {"count": batch * (4 if check.small else steps), "augmented": True}


def _milliseconds(record: RunRecord, batch: int, images: int) -> float:
    """Of a step of training, in the best epoch after the first."""
    return round(1000 * min(epoch.seconds for epoch in record.epochs[1:]) / -(-images // batch), 3)


def graphs(check: Check) -> None:
    names = ("lenet5", "resnet_cifar", "mlp") if not check.small else ("lenet5",)
    optimizers = ("adam", "sgd", "rmsprop") if not check.small else ("adam",)
    jobs = [(m, p, o) for o in optimizers for p in precisions(check) for m in names]
    for model, precision, optimizer in check.each(jobs, " ".join):
        name = f"{model} {precision} {optimizer}"
        with check.attempt(name):
            pictures = _many(check, 64, 40)
            momentum = {"momentum": 0.9} if optimizer == "sgd" else {}
            recipe = training(
                optimizer=optimizer, precision=precision, max_epochs=3, batch_size=64, learning_rate=0.01, **momentum
            )
            seen = {}
            for value in ("0", "1"):
                with _variable("BENCHSUITE_GRAPHS", value):
                    seen[value] = made(check, small(model), recipe, f"{name}-{value}".replace(" ", "-"), **pictures)
            eager, graph = (_milliseconds(seen[value], 64, pictures["count"]) for value in ("0", "1"))
            assert seen["1"].cost is not None
            execution = ", ".join(seen["1"].cost.execution.values())
            check.found[name] = {"eager_ms": eager, "graph_ms": graph, "execution": execution}
            if outcome(seen["0"]) != outcome(seen["1"]):
                check.fail(f"{name}: other bits with graphs")
            if check.device == "cuda" and execution != "graph":
                check.fail(f"{name}: no graph was recorded: {execution}")
            elif check.device == "cuda" and model == "lenet5" and eager / graph < GRAPH_SPEEDUP:
                check.fail(f"{name}: graphs make it only {eager / graph:.2f} times faster")


def packing(check: Check) -> None:
    """Processes that each make the same run, at the same time: they begin once all of them have warmed up."""
    rates, seen = {}, set()
    for count in check.each((1, 2, 4) if not check.small else (1, 2)):
        home = check.folder / f"packed-{count}"
        answers = [home / str(number) / "answer.json" for number in range(count)]
        for answer in answers:
            answer.parent.mkdir(parents=True)
        processes = [start_part("packed", check.device, check.left(), answer) for answer in answers]
        while not all((answer.parent / "ready").exists() for answer in answers) and check.left() > 0:
            if any(process.poll() is not None for process in processes):
                break
            time.sleep(0.05)
        (home / "go").touch()
        for process in processes:
            process.wait()
        if silent := [what_it_said(answer) for answer in answers if not answer.is_file()]:
            check.fail(f"{count} processes: no answer: {silent[0]}")
            return
        told = [json.loads(answer.read_text()) for answer in answers]
        check.failures += [f"{count} processes: {failure}" for part in told for failure in part["failures"]]
        if check.failures:
            return
        seen |= {part["found"]["hash"] for part in told}
        rates[count] = round(sum(part["found"]["images_per_second"] for part in told))
    check.found.update({f"{count} processes, images/s": rate for count, rate in rates.items()})
    if len(seen) != 1:
        check.fail(f"processes that share a card make one run in {len(seen)} ways")
    if check.device == "cuda" and rates and max(rates.values()) == rates[1] and len(rates) > 1:
        check.fail(f"several processes are no faster than one: {rates}")


def packed(check: Check) -> None:
    """One of the processes of `packing`."""
    own = check.folder.parent
    made(check, small("lenet5"), training(max_epochs=1), "warm")
    (own / "ready").touch()
    while not (own.parent / "go").exists() and check.left() > 0:
        time.sleep(0.01)
    record = made(check, small("lenet5"), training(max_epochs=4, batch_size=64), "packed", **_many(check, 64, 100))
    assert record.cost is not None
    check.found.update(hash=digest(record), images_per_second=record.cost.images_per_second)


def agreement(check: Check) -> None:
    losses = {}
    places = [("cpu", "fp32"), *(("cuda", precision) for precision in precisions(check) if check.device == "cuda")]
    for device, precision in places:
        with check.attempt(f"{device} {precision}"):
            recipe = training(optimizer="sgd", learning_rate=0.01, batch_size=8, precision=precision, log_every=1)
            # Without dropout, whose masks each device draws by itself.
            prepared = setup(check.folder / precision, bound("model", "lenet5"), recipe, device)  # type: ignore[arg-type]
            losses[device, precision] = [loss for _, loss in prepared.execute(prepared.task("results")).steps]
    exact = losses.pop(("cpu", "fp32"))
    check.found["steps"] = len(exact)
    for (device, precision), found in losses.items():
        gap = max(abs(a - b) / abs(a) for a, b in zip(exact, found, strict=True))
        check.found[f"{device} {precision}"] = f"{gap:.2g}"
        if gap > GAPS[precision]:
            check.fail(f"in {precision} a loss is {gap:.2g} from the processor's; {GAPS[precision]} is the most")


def memory(check: Check) -> None:
    peaks = []
    for number in range(3 if not check.small else 2):
        recipe = training(max_epochs=1, batch_size=16)
        record = made(check, small("resnet_imagenet"), recipe, f"peak-{number}", size=96 if not check.small else 32)
        assert record.cost is not None
        peaks.append(record.cost.peak_device_memory_bytes)
    check.found["peaks"] = peaks
    if len(set(peaks)) > 1:
        check.fail(f"the peak of a run differs from one time to the next: {peaks}")
    if check.device == "cuda":
        gc.collect()
        torch.cuda.empty_cache()
        kept = torch.cuda.memory_reserved() >> 20
        free, total = torch.cuda.mem_get_info()
        check.found.update(kept_mib=kept, taken_mib=(total - free) >> 20)
        if kept > KEPT_MIB:
            check.fail(f"{kept} MiB are kept after the runs")


def faults(check: Check) -> None:
    """Out of memory, then a run that is made; and last what leaves a card unusable in this process."""
    model, recipe = small("resnet_imagenet"), training(max_epochs=1, batch_size=32)
    if check.device == "cuda":
        _, total = torch.cuda.mem_get_info()
        torch.cuda.set_per_process_memory_fraction(64 * 2**20 / total)
        told = _refusal(check, model, recipe, "full", size=224)
        torch.cuda.set_per_process_memory_fraction(1.0)
    else:
        told = _refusal(check, model, with_loss(recipe, _out_of_memory), "full")
    check.found["out of memory"] = told
    if not told.startswith("the run failed: out of memory: "):
        check.fail(f"a card that is full became: {told}")
    with check.attempt("the run after it"):
        made(check, small("lenet5"), training(max_epochs=1), "after")
    told = _refusal(check, small("lenet5"), with_loss(training(max_epochs=1), _no_class), "no class")
    check.found["a label that is no class"] = told
    if check.device == "cuda" and "GPU" not in told:
        check.fail(f"a device-side assertion became: {told}")


def _refusal(check: Check, model: BoundComponent, recipe: BoundComponent, results: str, **pictures: Any) -> str:
    try:
        made(check, model, recipe, results, **pictures)
    except Exception as refused:
        return ("" if isinstance(refused, Broken) else f"{type(refused).__name__}: ") + str(refused)[:200]
    return "a run without a failure"


def _out_of_memory(logits: Any, targets: Any) -> Any:
    raise torch.OutOfMemoryError("out of memory, as it was asked for")


def _no_class(logits: Any, targets: Any) -> Any:
    return cross_entropy(logits, targets + 100)


def energy(check: Check) -> None:
    from benchsuite.engine.meters.energy import joules

    before = joules()
    if before is None:
        check.found["skipped"] = "no card here tells its energy"
        return
    square = torch.randn(8192, 8192, device="cuda", dtype=torch.float16)
    start = time.perf_counter()
    while time.perf_counter() - start < 3:
        square @ square
        torch.cuda.synchronize()
    after = joules()
    watts = ((after or 0.0) - before) / (time.perf_counter() - start)
    check.found["watts"] = round(watts)
    if not WATTS[0] < watts < WATTS[1]:
        check.fail(f"{watts:.0f} W at work are no card's")


def speed(check: Check) -> None:
    rows = {name: ROWS[name] for name in (ROWS if not check.small else ("lenet5_b64",))}
    jobs = [(row, precision) for precision in precisions(check) for row in rows]
    card_name = torch.cuda.get_device_name(0) if check.device == "cuda" else ""
    for row, precision in check.each(jobs, " ".join):
        name = f"{row} {precision}"
        with check.attempt(name):
            own = _timed(check, row, precision, "own")
            with _not_deterministic():
                free = _timed(check, row, precision, "free")
            usual = _usual(check, row, precision)
            check.found[name] = {"ms": own, "not_deterministic_ms": free, "dataloader_ms": usual}
            if check.device == "cuda" and free < LEAST_OF_FREE * own:
                check.fail(f"{name}: {own} ms a step, {free} without determinism")
            if "H200" in card_name and own > H200_MS.get(name, own):
                check.fail(f"{name}: {own} ms a step, more than {H200_MS[name]}")


def _timed(check: Check, row: str, precision: str, results: str) -> float:
    model, parameters, side, batch = ROWS[row]
    pictures = {**_many(check, batch, 40), "size": side}
    recipe = training(max_epochs=3, batch_size=batch, precision=precision)
    record = made(check, bound("model", model, **parameters), recipe, f"{row}-{precision}-{results}", **pictures)
    return _milliseconds(record, batch, pictures["count"])


@contextmanager
def _not_deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = False, True
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False


class _Photos(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Pictures as a usual script has them: decoded, and made a tensor one by one."""

    def __init__(self, count: int, side: int) -> None:
        draw = torch.Generator().manual_seed(0)
        self._pixels = torch.randint(0, 256, (min(count, 256), side, side, 3), dtype=torch.uint8, generator=draw)
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> tuple[Any, int]:
        pixels = self._pixels[number % len(self._pixels)]
        return pixels.permute(2, 0, 1).float().div_(255).sub_(0.5).div_(0.25), number % 4


def _usual(check: Check, row: str, precision: str) -> float:
    """Milliseconds of a step of the usual loop: a DataLoader with worker processes, the loss read at each step."""
    model, parameters, side, batch = ROWS[row]
    entry: Any = registry().model(model)
    network = entry.component.build(entry.component.Parameters(**parameters), Task(4, side, side)).to(check.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler(check.device, enabled=precision == "fp16")
    count = _many(check, batch, 40)["count"]
    loader: Any = torch.utils.data.DataLoader(
        _Photos(count, side), batch, shuffle=True, num_workers=0 if check.small else 4,
        persistent_workers=not check.small, pin_memory=check.device == "cuda",
    )  # fmt: skip

    def epoch() -> float:
        wait(check)
        start = time.perf_counter()
        for given, labels in loader:
            images, classes = (part.to(check.device, non_blocking=True) for part in (given, labels))
            with _autocast(check, precision):
                loss = cross_entropy(network(images), classes)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            loss.item()
        wait(check)
        return time.perf_counter() - start

    with _not_deterministic():
        epoch()
        return round(1000 * min(epoch() for _ in range(2)) / -(-count // batch), 3)
