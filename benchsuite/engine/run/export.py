"""A trained network in a format that other programs read, looked at again before it is handed out.

`safetensors` holds the weights by name, `torch` a whole program (torch.export) that torch runs without the model's
code, `onnx` the same for any runtime of ONNX. The input of both is «images», float32 (N, 3, height, width), prepared as
the metadata say; the output is «logits», (N, classes). Every format carries the metadata.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load, save
from torch import Tensor, nn

from benchsuite.atomic_files import atomic_path, write_bytes
from benchsuite.contracts.dataset import Preprocessing
from benchsuite.engine.data.inputs import Pixels
from benchsuite.engine.network.build import weights_hash
from benchsuite.engine.training.evaluate import BATCH
from benchsuite.errors import BenchsuiteError, first_line

INPUT, OUTPUT = "images", "logits"
METADATA = "metadata.json"
"""The file inside an exported program that holds the metadata."""
TOLERANCE = 1e-4
"""By how much a probability may be another than torch's."""
_OPERATION = re.compile(r"OpOverload\(op='([\w.:]+)'")
"""How torch names an operation for which there is nothing in ONNX."""


class ExportRefused(BenchsuiteError):
    """A network cannot be said in a format, or computes otherwise there."""

    kind = "export"


def write_safetensors(module: nn.Module, metadata: Mapping[str, str], target: Path) -> None:
    """Write the weights by name. Raises ExportRefused unless they can be read again."""
    state = {name: tensor.contiguous().clone() for name, tensor in module.state_dict().items()}
    content = save(state, {"format": "pt", **metadata})
    if weights_hash(load(content)) != weights_hash(state):
        raise ExportRefused("safetensors gives other weights back", remedy="please report it with this model")
    write_bytes(target, content)


def read_metadata(file: Path) -> dict[str, str]:
    """The metadata of a safetensors file."""
    with safe_open(file, framework="numpy") as opened:
        return dict(opened.metadata() or {})


def write_torch(
    module: nn.Module, metadata: Mapping[str, str], target: Path, preprocessing: Preprocessing, test: NDArray[np.uint8]
) -> float:
    """Write a program for torch; returns how far its probabilities are from the network's on the test images.

    Raises ExportRefused.
    """
    import json

    content = io.BytesIO()
    torch.export.save(_program(module, preprocessing), content, extra_files={METADATA: json.dumps(dict(metadata))})
    content.seek(0)
    again = torch.export.load(content).module()
    gap = _compare(module, lambda batch: again(batch), preprocessing, test, "torch.export")
    write_bytes(target, content.getvalue())
    return gap


def write_onnx(
    module: nn.Module, metadata: Mapping[str, str], target: Path, preprocessing: Preprocessing, test: NDArray[np.uint8]
) -> float:
    """Write a graph for ONNX; returns how far its probabilities, as onnxruntime computes them, are from torch's on the
    test images. Raises ExportRefused where ONNX cannot say the network."""
    import onnxruntime

    program = _program(module, preprocessing)
    try:
        graph = torch.onnx.export(program, input_names=[INPUT], output_names=[OUTPUT], dynamo=True, verbose=False)
    except Exception as error:  # its own errors, and those of what it calls
        raise _unsaid(error, "ONNX") from error
    assert graph is not None
    graph.model.metadata_props.update(metadata)
    with atomic_path(target) as temporary:
        graph.save(temporary, external_data=False)
        session = onnxruntime.InferenceSession(temporary, providers=["CPUExecutionProvider"])

        def run(batch: Tensor) -> Tensor:
            return torch.from_numpy(session.run([OUTPUT], {INPUT: batch.contiguous().numpy()})[0])

        return _compare(module, run, preprocessing, test, "ONNX")


def _program(module: nn.Module, preprocessing: Preprocessing) -> torch.export.ExportedProgram:
    """The network as a program of torch's own operations, for any number of images."""
    example = torch.zeros(2, 3, *preprocessing.size)
    try:
        with torch.no_grad():
            return torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    except Exception as error:  # whatever in the code of a model cannot be followed
        raise _unsaid(error, "torch.export") from error


def _unsaid(error: BaseException, format: str) -> ExportRefused:
    """The refusal that names the operation which a format does not have, where the error or one below it tells."""
    first: BaseException = error
    while (below := first.__cause__ or first.__context__) is not None:
        first = below
    named = _OPERATION.search(str(first))
    others = "--format safetensors" + (" or --format torch" if format == "ONNX" else "")
    return ExportRefused(
        f"{format} cannot say this network: " + (f"it has no {named[1]}" if named else first_line(first)),
        expected="a network of operations that the format has",
        remedy=f"take {others}, or put other layers into the model",
    )


def _compare(
    module: nn.Module,
    exported: Callable[[Tensor], Any],
    preprocessing: Preprocessing,
    test: NDArray[np.uint8],
    format: str,
) -> float:
    """How far probabilities of the exported network are from those of the module, at most. Raises ExportRefused."""
    inputs, gap = Pixels(test, preprocessing, torch.device("cpu"), None), 0.0
    with torch.no_grad():
        for samples in torch.arange(len(inputs)).split(BATCH):
            batch = inputs.batch(samples)
            here, there = (logits.double().softmax(dim=1) for logits in (module(batch), exported(batch)))
            gap = max(gap, float((here - there).abs().max()))
    if not gap <= TOLERANCE:
        raise ExportRefused(
            f"{format} computes this network otherwise: probabilities of the test split differ by up to {gap:.2g}",
            expected=f"at most {TOLERANCE:g}, as float32 is computed in another order",
            remedy="take --format safetensors, and report it with this model",
        )
    return gap
