"""Numerics: everything about the machine and its libraries that decides the bits of a result.

It is read without importing torch: versions from the distributions' metadata and from torch's `version.py`, the GPU
from `nvidia-smi`, the processor from `/proc/cpuinfo`. Fields that cannot matter on the device are None.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchsuite.errors import DeviceError, SetupError

GPU_THREADS = 4
CPUINFO = Path("/proc/cpuinfo")
INSTRUCTION_SETS = (("avx512f", "AVX512"), ("avx2", "AVX2"), ("asimd", "NEON"))

Device = Literal["cpu", "cuda"]


class Numerics(BaseModel):
    """What decides the bits. `capability` is the CPU's widest instruction set or the GPU's compute capability."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Device
    device_name: str
    capability: str | None
    driver: str | None
    torch: str
    torchvision: str
    numpy: str
    pillow: str
    cuda: str | None
    cudnn: str | None
    threads: int
    precision: Literal["fp32", "bf16", "fp16"]
    deterministic: bool = True


class Gpu(BaseModel):
    """A GPU as `nvidia-smi` names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    driver: str
    capability: str
    uuid: str
    """What CUDA_VISIBLE_DEVICES calls it, whatever the order of the cards."""

    @property
    def model(self) -> tuple[str, str, str]:
        """What decides its bits."""
        return self.name, self.driver, self.capability


def describe(
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
) -> Numerics:
    """The numerics of runs made on this machine.

    `auto` takes CUDA where a GPU and a CUDA build of torch are there. `threads` defaults to the usable cores, and on a
    GPU, where they decide nothing, to the same few everywhere. `precision` `auto` is bf16 on GPUs of capability 8.0
    and later, fp16 on older ones and fp32 on the CPU. Raises DeviceError when CUDA is asked for and absent, or half
    precision on the CPU.
    """
    torch = torch_build()
    gpus = find_gpus() if device != "cpu" else ()
    gpu = gpus[0] if gpus else None
    if device == "cuda":
        _require_cuda(gpu, torch)
    if threads is not None and threads < 1:
        raise DeviceError(f"{threads} threads were asked for", expected="at least 1")
    libraries = {name: _version(name) for name in ("torchvision", "numpy", "pillow")}
    if gpu is not None and torch["cuda"] is not None:
        return Numerics(
            device="cuda",
            device_name=gpu.name,
            capability=gpu.capability,
            driver=gpu.driver,
            torch=torch["version"] or _version("torch"),
            cuda=torch["cuda"],
            cudnn=_cudnn(),
            threads=threads or GPU_THREADS,
            precision=_gpu_precision(gpu) if precision == "auto" else precision,
            **libraries,
        )
    if precision not in ("auto", "fp32"):
        raise DeviceError(
            f"precision {precision} was asked for on the CPU",
            expected="auto or fp32",
            remedy="leave the recipe's precision at auto, or run on a GPU",
        )
    return Numerics(
        device="cpu",
        device_name=processor_name(),
        capability=instruction_set(),
        driver=None,
        torch=torch["version"] or _version("torch"),
        cuda=None,
        cudnn=None,
        threads=threads or usable_cores(),
        precision="fp32",
        **libraries,
    )


def usable_cores() -> int:
    """Cores that this process may use, at least 1."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows know no affinity
        return os.cpu_count() or 1


@cache
def find_gpus() -> tuple[Gpu, ...]:
    """The GPUs that this process may use and that give the same bits as the first of them; empty without one."""
    program = shutil.which("nvidia-smi")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if program is None or (visible is not None and visible.strip() in ("", "-1")):
        return ()
    command = [program, "--query-gpu=name,driver_version,compute_cap,uuid", "--format=csv,noheader"]
    command += [f"--id={visible.strip()}"] if visible else []
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    lines = ([part.strip() for part in line.split(",")] for line in answer.stdout.splitlines())
    found = [
        Gpu(name=parts[0], driver=parts[1], capability=parts[2], uuid=parts[3])
        for parts in lines
        if len(parts) == 4 and re.fullmatch(r"\d+\.\d+", parts[2])
    ]
    return tuple(gpu for gpu in found if gpu.model == found[0].model)


@cache
def torch_build() -> Mapping[str, str | None]:
    """`version` (with its local part, such as +cu130) and `cuda` of the installed torch, read from its source."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        raise SetupError("torch is not installed", remedy="install it: pip install torch torchvision")
    try:
        tree = ast.parse(Path(spec.origin).with_name("version.py").read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"torch is damaged: {error}", where=spec.origin, remedy="install torch again") from error
    found: dict[str, str | None] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
            found[target.id] = value.value if isinstance(value.value, str) else None
    return {"version": found.get("__version__"), "cuda": found.get("cuda")}


def processor_name() -> str:
    """The processor's model name."""
    name = _cpuinfo().get("model name")
    return name or platform.processor() or platform.machine()


def instruction_set() -> str | None:
    """The widest vector instructions that torch's CPU kernels distinguish; None when unknown."""
    facts = _cpuinfo()
    flags = facts.get("flags", facts.get("Features", "")).split()
    return next((title for flag, title in INSTRUCTION_SETS if flag in flags), None)


def _cpuinfo() -> dict[str, str]:
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _require_cuda(gpu: Gpu | None, torch: Mapping[str, str | None]) -> None:
    if torch["cuda"] is None:
        raise DeviceError(
            "CUDA was asked for, but the installed torch is built for the CPU only",
            where=f"torch {torch['version']}",
            remedy="install a CUDA build of torch, or leave the device at auto",
        )
    if gpu is None:
        raise DeviceError(
            "CUDA was asked for, but there is no GPU that it could use",
            expected="nvidia-smi to list a GPU, and CUDA_VISIBLE_DEVICES not to hide it",
            remedy="install the NVIDIA driver, or leave the device at auto to train on the CPU",
        )


def _gpu_precision(gpu: Gpu) -> Literal["bf16", "fp16"]:
    return "bf16" if int(gpu.capability.partition(".")[0]) >= 8 else "fp16"


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise SetupError(
            f"{distribution} is not installed", remedy=f"install it: pip install {distribution}"
        ) from error


def _cudnn() -> str | None:
    names = (d.name for d in metadata.distributions() if d.name and d.name.lower().startswith("nvidia-cudnn-cu"))
    name = min(names, default=None)
    return None if name is None else metadata.version(name)
