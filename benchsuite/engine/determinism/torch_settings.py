"""A process in which the same computation gives the same bits.

`prepare_environment` must run before torch is imported; `configure` right after. What cannot be fixed here (device
model, versions, thread count) is part of the run key.
"""

from __future__ import annotations

import os

from benchsuite.errors import DeviceError
from benchsuite.identity.numerics import Numerics

OTHER_ARITHMETIC = (
    "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE",
    "ONEDNN_DEFAULT_FPMATH_MODE", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "NVIDIA_TF32_OVERRIDE",
)  # fmt: skip
"""Variables by which libraries would compute otherwise than the run key says."""


def prepare_environment(numerics: Numerics, gpu: str | None = None) -> None:
    """Set what the numeric libraries read once, at import. `gpu` (its UUID) is the only card this process will see."""
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(numerics.threads)
    for name in OTHER_ARITHMETIC:
        os.environ.pop(name, None)
    if numerics.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu


def configure(numerics: Numerics) -> None:
    """Make torch deterministic and give it the threads of the run key. Raises DeviceError without the GPU."""
    import torch
    from torch.utils import deterministic

    torch.set_num_threads(numerics.threads)
    torch.use_deterministic_algorithms(True)
    # Filling costs the most of deterministic mode, and no kernel here reads memory it has not written.
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    # Slow paths of tiny numbers are a property of the data; flushing would change bits, so leave it off everywhere.
    torch.set_flush_denormal(False)
    if numerics.device == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "CUDA was asked for, but torch sees no GPU",
            expected="a GPU that torch can use",
            remedy="check the driver with nvidia-smi, or run with DEVICE=cpu (--device cpu)",
        )
