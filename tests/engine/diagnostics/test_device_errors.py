"""The words of CUDA, cuDNN and cuBLAS, as their libraries write them, and what is said of them."""

from __future__ import annotations

import pytest
import torch

from benchsuite.engine.diagnostics.device_errors import describe_device_error

CUDA = (
    "CUDA error: {}\nSearch for `cudaError' in https://docs.nvidia.com/cuda/ for more information.\nCUDA kernel errors"
    " might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.\n"
)
MESSAGES = {
    CUDA.format("out of memory"): ("out of memory", "batch_size"),
    "CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`": ("out of memory", "batch_size"),
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: not enough memory": ("out of memory", "free"),
    CUDA.format("no kernel image is available for execution on the device"): ("no code for the GPU", "install"),
    "The NVIDIA driver on your system is too old (found version 11040).": ("driver is older", "update"),
    CUDA.format("CUDA driver version is insufficient for CUDA runtime version"): ("driver is older", "update"),
    CUDA.format("CUDA-capable device(s) is/are busy or unavailable"): ("another process", "CUDA_"),
    "all CUDA-capable devices are busy or unavailable": ("another process", "nvidia-smi"),
    CUDA.format("an illegal memory access was encountered"): ("stopped computing", "start again"),
    CUDA.format("unspecified launch failure"): ("stopped computing", "start again"),
    CUDA.format("device-side assert triggered"): ("a label that is no class", "--device cpu"),
    CUDA.format("uncorrectable ECC error encountered"): ("faulty", "choose another GPU"),
    "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(...)`": ("stopped computing", "start again"),
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED": ("stopped computing", "start again"),
    "GET was unable to find an engine to execute this computation": ("no way to compute this layer", "fp32"),
}  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("kind", [RuntimeError, torch.AcceleratorError])
def test_each_error_of_a_device_has_its_own_remedy(message: str, kind: type[RuntimeError]) -> None:
    if kind is not RuntimeError and not message.startswith("CUDA error"):
        pytest.skip("torch raises this one as a plain RuntimeError")
    what, remedy = MESSAGES[message]
    told = describe_device_error(kind(message), "freeze_blocks=3, seed 0 on NVIDIA H200")
    assert told is not None
    assert what in told.what
    assert message.splitlines()[0] in told.what
    assert remedy in (told.remedy or "")
    assert told.where == "freeze_blocks=3, seed 0 on NVIDIA H200"


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"), MemoryError()]
)
def test_memory_that_is_full_is_known_by_its_kind(error: Exception) -> None:
    told = describe_device_error(error, "a run")
    assert told is not None
    assert told.what.startswith("out of memory")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (16x512 and 256x3)"),
        RuntimeError("Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"),
        RuntimeError("cumsum_cuda_kernel does not have a deterministic implementation"),
        ValueError("CUDA error: not raised by torch"),
        KeyError("out of memory"),
    ],
)
def test_what_the_code_did_wrong_is_not_put_on_the_device(error: Exception) -> None:
    assert describe_device_error(error, "a run") is None
