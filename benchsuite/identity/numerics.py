"""Numerics: everything about the machine and its libraries that decides the bits of a result.

It is read without importing torch: versions from the distributions' metadata and from torch's `version.py`, the GPU
from its driver, the processor from `/proc/cpuinfo`. Fields that cannot matter on the device are None.
"""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchsuite.errors import DeviceError, SetupError
from benchsuite.identity.gpu_trial import faults, usable_gpus
from benchsuite.identity.gpus import Gpu
from benchsuite.identity.torch_build import other_than_cuda, torch_build

CPU_THREADS, GPU_THREADS = 1, 4
"""Threads of a run unless others are asked for, whatever the number of cores: bits depend on them. On the CPU runs
beside one another use cores better than threads do."""
MOST_THREADS = 1024
CPUINFO = Path("/proc/cpuinfo")
INSTRUCTION_SETS = (("avx512f", "AVX512"), ("avx2", "AVX2"), ("asimd", "NEON"))
BF16_SETS = (("amx_bf16", "AMX_BF16"), ("avx512_bf16", "AVX512_BF16"))
"""Those with arithmetic in bf16, in which oneDNN then computes."""

Device = Literal["cpu", "cuda"]
ChosenDevice = Literal["auto", "cpu", "cuda"]


class Numerics(BaseModel):
    """What decides the bits. `capability` is the widest instruction set of the CPU that computes in this precision, or
    the GPU's compute capability, `cores` how many the GPU has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Device
    device_name: str
    capability: str | None
    driver: str | None
    cores: int | None = None
    torch: str
    torchvision: str
    numpy: str
    pillow: str
    cuda: str | None
    cudnn: str | None
    cublas: str | None = None
    threads: int
    precision: Literal["fp32", "bf16", "fp16"]
    deterministic: bool = True

    @property
    def gpu_model(self) -> tuple[str, str | None, str | None, int | None]:
        """What the GPUs share on which runs with these numerics can be made, as `Gpu.model` tells it."""
        return self.device_name, self.driver, self.capability, self.cores

    def shares_machine(self, other: Numerics) -> bool:
        """Whether one machine can make runs with both: what differs is the precision, and what follows from it."""
        own = {"precision", "capability"} if self.precision != other.precision else set()
        return all(getattr(self, name) == getattr(other, name) for name in Numerics.model_fields if name not in own)


class MachineFacts(BaseModel):
    """What a machine, or a part of one, has to compute with: all that its numerics follow from. `gpu` is None where
    torch computes on none, `faults` says why. Machines of equal `kind` give equal bits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    torch: str
    torchvision: str
    numpy: str
    pillow: str
    cuda: str | None
    """What torch is built for; None for the CPU only, or for AMD's GPUs by `hip`."""
    hip: str | None = None
    cudnn: str | None
    cublas: str | None
    processor: str
    instruction_set: str | None
    bf16_set: str | None
    gpu: Gpu | None = None
    faults: tuple[str, ...] = ()

    def kind(self, device: ChosenDevice = "auto") -> MachineFacts:
        """The facts without what tells machines apart that give equal bits on this device: on a GPU their processors,
        on the CPU their GPUs."""
        if self.gpu is None or device == "cpu":
            return self.model_copy(update={"gpu": None, "faults": ()})
        gpu = self.gpu.model_copy(update={"uuid": ""})
        processor = {"processor": "", "instruction_set": None, "bf16_set": None}
        return self.model_copy(update={"gpu": gpu, "faults": (), **processor})


def machine_facts(device: ChosenDevice = "auto") -> MachineFacts:
    """The facts of this machine; with `cpu` its GPUs are not looked at."""
    torch = torch_build()
    usable = usable_gpus() if device != "cpu" else ()
    cuda = torch["cuda"]
    return MachineFacts(
        torch=torch["version"] or _version("torch"),
        **{name: _version(name) for name in ("torchvision", "numpy", "pillow")},
        cuda=cuda,
        hip=torch.get("hip"),
        cudnn=_nvidia_library("cudnn", cuda) if cuda else None,
        cublas=_nvidia_library("cublas", cuda) if cuda else None,
        processor=processor_name(),
        instruction_set=instruction_set(),
        bf16_set=bf16_set(),
        gpu=usable[0] if usable and cuda else None,
        faults=faults() if device != "cpu" else (),
    )


def describe(
    device: ChosenDevice = "auto",
    threads: int | None = None,
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
) -> Numerics:
    """The numerics of runs made on this machine, as `numerics_of` tells them."""
    return numerics_of(machine_facts(device), device, threads, precision)


def numerics_of(
    machine: MachineFacts,
    device: ChosenDevice = "auto",
    threads: int | None = None,
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
) -> Numerics:
    """The numerics of runs made on a machine with these facts.

    `auto` takes CUDA where torch computes on a GPU. `threads` defaults to CPU_THREADS; on a GPU, where they decide
    nothing, they are the same few everywhere. `precision` `auto` is bf16 on GPUs of capability 8.0 and later and fp16
    on older ones; on the CPU bf16 where it has instructions for that, else fp32. Raises DeviceError when CUDA is asked
    for and absent, or a precision that the device does not compute in.
    """
    gpu = machine.gpu if device != "cpu" else None
    if device == "cuda":
        _require_cuda(machine)
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise DeviceError(
            f"{threads} threads were asked for",
            expected=f"from 1 to {MOST_THREADS}",
            remedy="correct --threads or BENCHSUITE_THREADS",
        )
    libraries = {
        "torch": machine.torch,
        "torchvision": machine.torchvision,
        "numpy": machine.numpy,
        "pillow": machine.pillow,
    }
    if gpu is not None:
        return Numerics(
            device="cuda",
            device_name=gpu.name,
            capability=gpu.capability,
            driver=gpu.driver,
            cores=gpu.cores,
            cuda=machine.cuda,
            cudnn=machine.cudnn,
            cublas=machine.cublas,
            threads=GPU_THREADS,
            precision=_gpu_precision(gpu, precision),
            **libraries,
        )
    chosen = _cpu_precision(machine, precision)
    return Numerics(
        device="cpu",
        device_name=machine.processor,
        capability=(machine.bf16_set if chosen == "bf16" else None) or machine.instruction_set,
        driver=None,
        cuda=None,
        cudnn=None,
        threads=threads or CPU_THREADS,
        precision=chosen,
        **libraries,
    )


def makes(machine: MachineFacts, numerics: Numerics) -> bool:
    """Whether a machine with these facts makes runs with these numerics."""
    try:
        return numerics_of(machine, numerics.device, numerics.threads, numerics.precision) == numerics
    except DeviceError:
        return False


def processor_name() -> str:
    """The processor's model name."""
    name = _cpuinfo().get("model name")
    return name or platform.processor() or platform.machine()


def instruction_set() -> str | None:
    """The widest vector instructions that torch's CPU kernels distinguish; None when unknown."""
    return _widest(INSTRUCTION_SETS)


def bf16_set() -> str | None:
    """The instructions of the CPU for bf16; None without any, where bf16 is computed by way of fp32, slower."""
    return _widest(BF16_SETS)


def _widest(sets: tuple[tuple[str, str], ...]) -> str | None:
    facts = _cpuinfo()
    flags = facts.get("flags", facts.get("Features", "")).split()
    return next((title for flag, title in sets if flag in flags), None)


def _cpuinfo() -> dict[str, str]:
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _require_cuda(machine: MachineFacts) -> None:
    if machine.cuda is None:
        raise DeviceError(
            f"CUDA was asked for, but the installed torch is built for {other_than_cuda(machine.hip)}",
            where=f"torch {machine.torch}",
            remedy="install a CUDA build of torch, or leave the device at auto",
        )
    if machine.gpu is None:
        found = "; ".join(machine.faults)
        raise DeviceError(
            "CUDA was asked for, but there is no GPU that it could use" + (f" ({found})" if found else ""),
            expected="a GPU that its driver tells of (nvidia-smi -L), and that CUDA_VISIBLE_DEVICES does not hide",
            remedy="install the NVIDIA driver, or leave the device at auto to train on the CPU",
        )


def _cpu_precision(machine: MachineFacts, asked: Literal["auto", "fp32", "bf16", "fp16"]) -> Literal["fp32", "bf16"]:
    if asked == "fp16":
        raise DeviceError(
            "precision fp16 was asked for on the CPU",
            expected="auto, fp32 or bf16",
            remedy="leave the recipe's precision at auto, or run on a GPU",
        )
    return asked if asked != "auto" else "bf16" if machine.bf16_set else "fp32"


def _gpu_precision(gpu: Gpu, asked: Literal["auto", "fp32", "bf16", "fp16"]) -> Literal["fp32", "bf16", "fp16"]:
    has_bf16 = int(gpu.capability.partition(".")[0]) >= 8
    if asked == "bf16" and not has_bf16:
        raise DeviceError(
            f"precision bf16 was asked for on {gpu.name}, which has no arithmetic for it",
            where=f"compute capability {gpu.capability}",
            expected="a GPU of compute capability 8.0 or later",
            remedy="leave the recipe's precision at auto, which takes fp16 there, or choose fp16 or fp32",
        )
    return asked if asked != "auto" else "bf16" if has_bf16 else "fp16"


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise SetupError(
            f"{distribution} is not installed", remedy=f"install it: pip install {distribution}"
        ) from error


def _nvidia_library(name: str, cuda: str) -> str | None:
    """The version of the library that came with torch's build for this CUDA; None where it came otherwise."""
    major = cuda.partition(".")[0]
    for distribution in (f"nvidia-{name}-cu{major}", f"nvidia-{name}"):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return None
