"""What a worker's process sets before torch is imported, and right after."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from benchsuite.engine.determinism import torch_settings
from benchsuite.engine.determinism.torch_settings import SPIN_COUNT, configure, prepare_environment
from benchsuite.errors import DeviceError
from support.synthetic import make_numerics


@pytest.mark.parametrize(("own", "expected"), [(None, SPIN_COUNT), ("7", "7")])
def test_threads_that_wait_leave_their_core_to_neighbours_unless_the_user_says_how(
    monkeypatch: pytest.MonkeyPatch, own: str | None, expected: str
) -> None:
    monkeypatch.setattr(os, "environ", {"GOMP_SPINCOUNT": own} if own else {})
    prepare_environment(make_numerics(threads=3))
    assert os.environ["GOMP_SPINCOUNT"] == expected
    assert os.environ["OMP_NUM_THREADS"] == "3"


OTHER_ARITHMETIC = (
    "ATEN_CPU_CAPABILITY", "CUBLASLT_WORKSPACE_SIZE", "CUBLAS_EMULATE_SINGLE_PRECISION", "CUBLAS_EMULATION_STRATEGY",
    "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "CUDNN_ERRATA_JSON_FILE", "DISABLE_ADDMM_CUDA_LT", "DNNL_MAX_CPU_ISA",
    "MKL_CBWR", "NVIDIA_TF32_OVERRIDE", "ONEDNN_DEFAULT_FPMATH_MODE", "PYTORCH_TUNABLEOP_ENABLED",
    "PYTORCH_TUNABLEOP_FILENAME", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_BLAS_PREFER_CUBLASLT",
    "TORCH_CUBLASLT_UNIFIED_WORKSPACE", "TORCH_CUDNN_USE_HEURISTIC_MODE_B", "TORCH_CUDNN_V8_API_DISABLED",
    "TORCH_LINALG_PREFER_CUSOLVER", "TORCH_LINEAR_FLATTEN_3D",
)  # fmt: skip


@pytest.mark.parametrize("name", OTHER_ARITHMETIC)
def test_variables_by_which_libraries_would_compute_otherwise_do_not_reach_them(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(os, "environ", {name: "1", "PATH": "/bin", "TORCH_HOME": "/weights"})
    prepare_environment(make_numerics(device="cuda"), "GPU-1")
    assert name not in os.environ
    assert (os.environ["PATH"], os.environ["TORCH_HOME"]) == ("/bin", "/weights")


@pytest.mark.parametrize(
    ("device", "gpu", "expected"), [("cpu", None, ""), ("cuda", "MIG-1", "MIG-1"), ("cuda", None, "3")]
)
def test_a_worker_sees_its_own_card_alone(
    monkeypatch: pytest.MonkeyPatch, device: str, gpu: str | None, expected: str
) -> None:
    monkeypatch.setattr(os, "environ", {"CUDA_VISIBLE_DEVICES": "3", "CUBLAS_WORKSPACE_CONFIG": ":0:0"})
    prepare_environment(make_numerics(device=device), gpu)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == expected
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize(("installed", "fits"), [("9.24.0.43", True), ("9.2.4", False), ("9.240.0", False)])
def test_the_cudnn_that_was_loaded_must_be_that_of_the_key(
    monkeypatch: pytest.MonkeyPatch, installed: str, fits: bool
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 92400)
    if fits:
        torch_settings._check_cudnn(installed)
        return
    with pytest.raises(DeviceError, match=r"torch has loaded cuDNN 9\.24\.0") as caught:
        torch_settings._check_cudnn(installed)
    assert "LD_LIBRARY_PATH" in str(caught.value)


def test_a_card_that_torch_does_not_see_is_an_error_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, deterministic: None
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="torch sees no GPU") as caught:
        configure(make_numerics(device="cuda", threads=1))
    assert "--device cpu" in str(caught.value)


PROGRAM = """
import sys
from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
from benchsuite.identity.numerics import describe
numerics = describe("cpu", 1)
prepare_environment(numerics)
configure(numerics)
import torch
assert torch.are_deterministic_algorithms_enabled()
assert not torch.is_deterministic_algorithms_warn_only_enabled()
print([name for name in ("torch._inductor", "torch._dynamo") if name in sys.modules])
"""


def test_making_torch_deterministic_reads_in_no_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
