from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchsuite.errors import DeviceError
from benchsuite.identity import numerics
from benchsuite.identity.numerics import describe

Gpu = Callable[..., None]


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gpu]:
    """Sets what nvidia-smi answers on this machine (None: there is no such program) and torch's CUDA build."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def install(answer: str | None, *, cuda: str | None = "13.0", status: int = 0) -> None:
        numerics.find_gpus.cache_clear()
        program = tmp_path / "nvidia-smi"
        if answer is not None:
            program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nprintf "{answer}"\nexit {status}\n')
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(numerics, "torch_build", lambda: {"version": "2.14.1+cu130", "cuda": cuda})

    yield install
    numerics.find_gpus.cache_clear()


H100 = "NVIDIA H100 80GB HBM3, 580.95.05, 9.0, GPU-1\\n"


def test_auto_takes_the_gpu_and_bf16_where_it_has_it(gpu: Gpu) -> None:
    gpu(H100)
    found = describe()
    assert (found.device, found.device_name, found.driver) == ("cuda", "NVIDIA H100 80GB HBM3", "580.95.05")
    assert (found.capability, found.cuda, found.precision) == ("9.0", "13.0", "bf16")


def test_gpus_of_the_first_ones_model_share_the_work(gpu: Gpu) -> None:
    gpu(H100 + H100.replace("GPU-1", "GPU-2") + "Tesla T4, 580.95.05, 7.5, GPU-3\\n")
    assert [found.uuid for found in numerics.find_gpus()] == ["GPU-1", "GPU-2"]


@pytest.mark.parametrize("cores", [2, 16])
def test_the_cores_beside_a_gpu_change_no_key(gpu: Gpu, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu(H100)
    monkeypatch.setattr(numerics, "usable_cores", lambda: cores)
    assert describe().threads == numerics.GPU_THREADS


def test_older_gpus_get_fp16(gpu: Gpu) -> None:
    gpu("Tesla T4, 550.1, 7.5, GPU-7\\n")
    assert describe().precision == "fp16"
    assert describe(precision="fp32").precision == "fp32"


def test_auto_without_a_gpu_is_the_cpu_in_fp32(gpu: Gpu) -> None:
    gpu(None)
    found = describe(threads=3)
    assert (found.device, found.precision, found.threads) == ("cpu", "fp32", 3)
    assert found.driver is found.cuda is found.cudnn is None


def test_asking_for_the_cpu_ignores_the_gpu(gpu: Gpu) -> None:
    gpu(H100)
    assert describe("cpu").device == "cpu"


@pytest.mark.parametrize(
    ("answer", "status"), [(None, 0), ("No devices were found\\n", 6), ("", 0), ("Some GPU, 550, [N/A], GPU-9\\n", 0)]
)
def test_cuda_asked_for_and_absent_is_an_error_with_a_remedy(gpu: Gpu, answer: str | None, status: int) -> None:
    gpu(answer, status=status)
    with pytest.raises(DeviceError) as caught:
        describe("cuda")
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_cuda_asked_of_a_torch_without_it_is_an_error_that_says_so(gpu: Gpu) -> None:
    gpu(H100, cuda=None)
    assert describe().device == "cpu"
    with pytest.raises(DeviceError, match="built for the CPU only"):
        describe("cuda")


def test_a_hidden_gpu_is_absent_and_a_chosen_one_is_asked_for(
    gpu: Gpu, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gpu(H100)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert describe().device == "cpu"
    numerics.find_gpus.cache_clear()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert describe().device == "cuda"
    assert "--id=2,3" in (tmp_path / "asked").read_text()


def test_half_precision_on_the_cpu_is_refused() -> None:
    with pytest.raises(DeviceError, match="bf16"):
        describe("cpu", precision="bf16")


def test_less_than_one_thread_is_refused() -> None:
    with pytest.raises(DeviceError, match="0 threads"):
        describe("cpu", threads=0)


def test_threads_default_to_the_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 5, 7}, raising=False)
    assert describe("cpu").threads == 3


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
    assert numerics.torch_build()["cuda"] == torch.version.cuda
