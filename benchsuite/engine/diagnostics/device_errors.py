"""What a device has refused, in the words of CUDA, cuDNN and cuBLAS, and what to do about it.

Only the text tells these errors apart: torch raises them as RuntimeErrors, or as one of its own kinds for all of them.
"""

from __future__ import annotations

import torch

from benchsuite.errors import DeviceError, first_line

_ON_THE_CPU = "or compute on the CPU (--device cpu)"
_REMEDIES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        (
            "can't allocate memory",
            "out of memory",
            "not enough memory",
            "ALLOC_FAILED",
            "CUBLAS_STATUS_NOT_INITIALIZED",
        ),
        "out of memory",
        "lower the recipe's batch_size or the data set's image_size, or free the device",
    ),
    (
        ("no kernel image is available", "not compatible with the current PyTorch installation"),
        "this build of torch has no code for the GPU",
        f"install a build of torch for its compute capability, {_ON_THE_CPU}",
    ),
    (
        ("driver version is insufficient", "driver on your system is too old", "PTX was compiled with an unsupported"),
        "the GPU's driver is older than torch needs",
        f"update the driver, install a build of torch for an older CUDA, {_ON_THE_CPU}",
    ),
    (
        ("busy or unavailable", "exclusive", "in use by another"),
        "the GPU is taken by another process",
        f"wait until it is free (nvidia-smi shows who has it), choose another with CUDA_VISIBLE_DEVICES, {_ON_THE_CPU}",
    ),
    (
        ("unable to find an engine", "Unable to find a valid cuDNN", "CUDNN_STATUS_NOT_SUPPORTED"),
        "cuDNN has no way to compute this layer deterministically in this precision and memory",
        f"try the precision fp32 or a smaller batch, {_ON_THE_CPU}",
    ),
    (
        ("device-side assert",),
        "the GPU met a value that cannot be, such as a label that is no class",
        "run it with --device cpu, which says where and which",
    ),
    (
        ("ECC error", "fallen off the bus", "GPU is lost", "hardware", "NVLink"),
        "the GPU is faulty",
        f"look at nvidia-smi and the system's log, restart the machine, choose another GPU, {_ON_THE_CPU}",
    ),
    (
        ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "CUDNN_STATUS", "CUSOLVER_STATUS", "cuFFT error"),
        "the GPU has stopped computing",
        f"start again, since runs go on from their checkpoints; if it recurs, {_ON_THE_CPU.removeprefix('or ')}, which"
        " says what is wrong with the network, or test the card",
    ),
)


def describe_device_error(error: BaseException, where: str) -> DeviceError | None:
    """What the device has refused, if that is what ended the run; `where` names run and device."""
    if isinstance(error, MemoryError):
        text = str(error) or "MemoryError"
        return _described(_REMEDIES[0], text, where)
    if not isinstance(error, RuntimeError):
        return None
    if isinstance(error, torch.OutOfMemoryError):
        return _described(_REMEDIES[0], first_line(error), where)
    text = str(error)
    of_device = isinstance(error, getattr(torch, "AcceleratorError", ())) or any(
        sign in text for sign in (*_REMEDIES[0][0], *_REMEDIES[-1][0], "NVIDIA", "find an engine", "CUDA-capable")
    )
    if not of_device:
        return None
    chosen = next((row for row in _REMEDIES if any(sign in text for sign in row[0])), _REMEDIES[-1])
    return _described(chosen, first_line(error), where)


def _described(row: tuple[tuple[str, ...], str, str], text: str, where: str) -> DeviceError:
    _, what, remedy = row
    expected = "a batch and a network that fit" if row is _REMEDIES[0] else "a GPU that computes"
    return DeviceError(f"{what}: {text}", where=where, expected=expected, remedy=remedy)
