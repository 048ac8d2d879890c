"""A process in which the same computation gives the same bits.

`prepare_environment` must run before torch is imported; `configure` right after. What cannot be fixed here (device
model, versions, thread count) is part of the run key.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchsuite.errors import DeviceError
from benchsuite.identity.numerics import Numerics

OTHER_ARITHMETIC = (
    "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE",
    "ONEDNN_DEFAULT_FPMATH_MODE", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "NVIDIA_TF32_OVERRIDE",
    "CUBLASLT_WORKSPACE_SIZE", "CUBLAS_EMULAT", "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "CUDNN_ERRATA_JSON_FILE",
    "DISABLE_ADDMM_CUDA_LT", "PYTORCH_TUNABLEOP_", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_BLAS_PREFER_",
    "TORCH_CUBLASLT_", "TORCH_CUDNN_", "TORCH_LINALG_PREFER_", "TORCH_LINEAR_FLATTEN_3D",
)  # fmt: skip
"""How the variables begin by which libraries would compute otherwise than the run key says."""

SPIN_COUNT = "100000"
"""How often a thread looks for more work before it sleeps. It changes no bit."""


def prepare_environment(numerics: Numerics, gpu: str | None = None) -> None:
    """Set what the numeric libraries read once, at import. `gpu` (its UUID) is the only card this process will see."""
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    os.environ["TORCHINDUCTOR_DETERMINISTIC"] = "1"
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(numerics.threads)
    # By default threads of GNU's OpenMP that wait keep their cores from neighbours for milliseconds.
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    for name in [name for name in os.environ if name.startswith(OTHER_ARITHMETIC)]:
        del os.environ[name]
    if numerics.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu


def configure(numerics: Numerics) -> None:
    """Make torch deterministic and give it the threads of the run key. Raises DeviceError without the GPU."""
    import torch
    from torch.utils import deterministic

    torch.set_num_threads(numerics.threads)
    # The flag of torch.use_deterministic_algorithms, which would read in torch's compiler as well: a second.
    torch.set_deterministic_debug_mode("error")
    # Filling costs the most of deterministic mode, and no kernel here reads memory it has not written.
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_accumulation = False
    # Slow paths of tiny numbers are a property of the data; flushing would change bits, so leave it off everywhere.
    torch.set_flush_denormal(False)
    if numerics.device == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "CUDA was asked for, but torch sees no GPU",
            expected="a GPU that torch can use",
            remedy="check the driver with nvidia-smi, or run with DEVICE=cpu (--device cpu)",
        )
    if numerics.device == "cuda" and numerics.cudnn is not None:
        _check_cudnn(numerics.cudnn)


def _check_cudnn(expected: str) -> None:
    """The library that was loaded is the one in the run key."""
    import torch

    number = torch.backends.cudnn.version() or 0
    loaded = f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    if not f"{expected}.".startswith(f"{loaded}."):
        raise DeviceError(
            f"torch has loaded cuDNN {loaded}",
            expected=f"cuDNN {expected}, which was installed with it and is in the key of the run",
            remedy="take the other cuDNN off LD_LIBRARY_PATH, or run with DEVICE=cpu (--device cpu)",
        )


def arithmetic() -> dict[str, Any]:
    """How torch is set to compute, under the names by which messages call it."""
    import torch

    cuda, cudnn, onednn = torch.backends.cuda, torch.backends.cudnn, torch.backends.mkldnn
    kinds = [getattr(onednn, kind, None) for kind in ("conv", "matmul", "rnn")]
    products = ("allow_fp16_accumulation", "allow_fp16_reduced_precision_reduction",
                "allow_bf16_reduced_precision_reduction")  # fmt: skip
    attention = ("flash", "mem_efficient", "math", "cudnn")
    readers: dict[str, Callable[[], Any]] = {
        "torch's deterministic algorithms": torch.get_deterministic_debug_mode,
        "the precision of float32 products": torch.get_float32_matmul_precision,
        "the precision of float32": lambda: [
            getattr(place, "fp32_precision", None) for place in (torch.backends, cuda.matmul, cudnn, *kinds)
        ],
        "cuDNN's flags": lambda: (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32),
        "oneDNN's flags": lambda: [getattr(onednn, name, None) for name in ("enabled", "deterministic")],
        "whether numbers near zero are kept": lambda: bool(torch.full((), 1e-40).mul(1)),
        "TF32 of matrix products": lambda: cuda.matmul.allow_tf32,
        "the accumulation of matrix products": lambda: [getattr(cuda.matmul, name, None) for name in products],
        "the preferred libraries of linear algebra": lambda: [
            str(cuda.preferred_blas_library()), str(cuda.preferred_linalg_library())
        ],
        "the kinds of attention": lambda: [getattr(cuda, f"{kind}_sdp_enabled")() for kind in attention],
    }  # fmt: skip
    return {name: _read(reader) for name, reader in readers.items()}


def _read(reader: Callable[[], Any]) -> Any:
    try:
        return reader()
    except RuntimeError as error:  # torch refuses to say what was set through its newer names
        return str(error)
