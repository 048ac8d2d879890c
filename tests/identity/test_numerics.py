from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from benchsuite.errors import DeviceError
from benchsuite.identity import numerics
from benchsuite.identity.gpus import Gpu
from benchsuite.identity.numerics import Device, describe
from benchsuite.identity.torch_build import torch_build

Install = Callable[..., None]
H100 = Gpu(name="NVIDIA H100 80GB HBM3", driver="580.95.05", capability="9.0", uuid="GPU-1", cores=16896)
T4 = Gpu(name="Tesla T4", driver="550.1", capability="7.5", uuid="GPU-7", cores=2560)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Sets the GPUs of this machine and torch's CUDA build."""

    def install(*gpus: Gpu, cuda: str | None = "13.0") -> None:
        monkeypatch.setattr(numerics, "usable_gpus", lambda: gpus if cuda is not None else ())
        monkeypatch.setattr(numerics, "faults", lambda: ())
        monkeypatch.setattr(numerics, "torch_build", lambda: {"version": "2.14.1+cu130", "cuda": cuda})

    return install


def test_auto_takes_the_gpu_and_bf16_where_it_has_it(gpu: Install) -> None:
    gpu(H100)
    found = describe()
    assert (found.device, found.device_name, found.driver) == ("cuda", "NVIDIA H100 80GB HBM3", "580.95.05")
    assert (found.capability, found.cuda, found.precision) == ("9.0", "13.0", "bf16")


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_number_of_cores_changes_no_key(gpu: Install, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu(H100)
    found = []
    for cores in (1, 64):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, n=cores: set(range(n)), raising=False)
        monkeypatch.setattr("os.cpu_count", lambda n=cores: n)
        found.append(describe(device))
    assert found[0] == found[1]


def test_older_gpus_get_fp16(gpu: Install) -> None:
    gpu(T4)
    assert describe().precision == "fp16"
    assert describe(precision="fp32").precision == "fp32"


def test_auto_without_a_gpu_is_the_cpu(gpu: Install) -> None:
    gpu()
    found = describe(threads=3)
    assert (found.device, found.threads) == ("cpu", 3)
    assert found.driver is found.cuda is found.cudnn is None


def test_a_gpu_that_cannot_be_used_is_told_to_who_asks_for_it(gpu: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu()
    monkeypatch.setattr(numerics, "faults", lambda: ("Tesla P100: no kernel image is available",))
    assert describe().device == "cpu"
    with pytest.raises(DeviceError, match="Tesla P100: no kernel image is available"):
        describe("cuda")


def test_asking_for_the_cpu_ignores_the_gpu(gpu: Install) -> None:
    gpu(H100)
    assert describe("cpu").device == "cpu"


def test_cuda_asked_for_and_absent_is_an_error_with_a_remedy(gpu: Install) -> None:
    gpu()
    with pytest.raises(DeviceError) as caught:
        describe("cuda")
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_cuda_asked_of_a_torch_without_it_is_an_error_that_says_so(gpu: Install) -> None:
    gpu(H100, cuda=None)
    assert describe().device == "cpu"
    with pytest.raises(DeviceError, match="built for the CPU only"):
        describe("cuda")


def test_cuda_asked_of_a_torch_for_rocm_says_what_it_is_built_for(
    gpu: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu(cuda=None)
    monkeypatch.setattr(numerics, "torch_build", lambda: {"version": "2.14.1+rocm7", "cuda": None, "hip": "7.0"})
    assert describe().device == "cpu"
    with pytest.raises(DeviceError, match="built for AMD's ROCm, with which benchsuite does not compute") as caught:
        describe("cuda")
    assert "the CPU only" not in str(caught.value)
    assert "a CUDA build of torch" in str(caught.value.remedy)


def test_the_number_of_cores_and_the_libraries_of_the_gpu_are_told(
    gpu: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu(H100)
    installed = {"nvidia-cudnn-cu12": "9.1", "nvidia-cudnn-cu13": "9.24.0.43", "nvidia-cublas": "13.1.1.3"}
    installed |= {"torchvision": "0.29.1", "numpy": "2.4.6", "pillow": "13.0.0", "nvidia-cublas-cu12": "12.8"}

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(metadata, "version", version)
    assert (describe().cores, describe().cudnn, describe().cublas) == (16896, "9.24.0.43", "13.1.1.3")
    gpu(H100, cuda="12.8")
    assert (describe().cudnn, describe().cublas) == ("9.1", "12.8")
    installed.clear()
    installed.update({"torchvision": "0.29.1", "numpy": "2.4.6", "pillow": "13.0.0"})  # as conda installs them
    assert (describe().cudnn, describe().cublas) == (None, None)


def test_threads_that_are_asked_for_change_no_key_of_a_gpu(gpu: Install) -> None:
    gpu(H100)
    assert describe(threads=7) == describe()


def test_bf16_is_refused_on_a_gpu_that_lacks_it(gpu: Install) -> None:
    gpu(T4)
    with pytest.raises(DeviceError, match="bf16 was asked for on Tesla T4") as caught:
        describe(precision="bf16")
    assert "fp16" in str(caught.value)


def test_fp16_on_the_cpu_is_refused() -> None:
    with pytest.raises(DeviceError, match="fp16"):
        describe("cpu", precision="fp16")


@pytest.mark.parametrize(
    ("flags", "auto", "capability"),
    [
        ("avx2 avx512f", "fp32", "AVX512"),
        ("avx2 avx512f avx512_bf16", "bf16", "AVX512_BF16"),
        ("avx2 avx512f avx512_bf16 amx_bf16 amx_tile", "bf16", "AMX_BF16"),
        ("fpu avx avx2", "fp32", "AVX2"),
    ],
)
def test_auto_on_the_cpu_is_bf16_where_it_has_instructions_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, auto: str, capability: str
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"model name\t: Some CPU\nflags\t\t: {flags}\n\n")
    monkeypatch.setattr(numerics, "CPUINFO", cpuinfo)
    found = describe("cpu")
    assert (found.precision, found.capability) == (auto, capability)
    assert describe("cpu", precision="bf16").precision == "bf16", "on any CPU, if somebody asks for it"
    exact = describe("cpu", precision="fp32")
    assert (exact.precision, exact.capability) == ("fp32", "AVX2" if flags == "fpu avx avx2" else "AVX512")


@pytest.mark.parametrize("threads", [-1, 0, 100_000])
def test_a_number_of_threads_that_cannot_be_is_refused(threads: int) -> None:
    with pytest.raises(DeviceError, match=f"{threads} threads") as caught:
        describe("cpu", threads=threads)
    assert "--threads" in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu sse2 avx avx2 avx512f", "AVX512"), ("fpu avx avx2", "AVX2"), ("fpu sse2", None)],
)
def test_the_processor_is_read_with_its_widest_instructions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, expected: str | None
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: Some CPU: 3 GHz\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    monkeypatch.setattr(numerics, "CPUINFO", cpuinfo)
    found = describe("cpu")
    assert (found.device_name, found.capability) == ("Some CPU: 3 GHz", expected)


def test_torch_is_named_with_the_build_that_its_source_tells() -> None:
    import torch

    assert describe("cpu").torch == str(torch.__version__)
    assert torch_build()["cuda"] == torch.version.cuda
