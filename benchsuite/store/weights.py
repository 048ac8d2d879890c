"""The hash of weights as a record tells it, from their safetensors file: a piece at a time, and without torch."""

from __future__ import annotations

import hashlib
import json
from typing import IO, Any

PIECE = 2**20
LONGEST_HEADER = 100_000_000
"""Bytes; safetensors takes no longer one."""
_TYPES = {
    "BOOL": "bool", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "I8": "int8", "I16": "int16",
    "I32": "int32", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "C64": "complex64",
}  # fmt: skip
"""What torch calls the types of safetensors."""


def weights_hash(file: IO[bytes]) -> str:
    """What `benchsuite.engine.network.build.weights_hash` gives for the tensors in a file that can be searched.

    Raises ValueError when it is no safetensors file.
    """
    total = hashlib.sha256()
    size = int.from_bytes(file.read(8), "little")
    if size > LONGEST_HEADER:
        raise ValueError("its header is too long")
    try:
        tensors = json.loads(file.read(size))
        for name in sorted(tensors.keys() - {"__metadata__"}):
            _add(total, file, name, tensors[name], 8 + size)
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"its header is damaged: {error!r}") from error
    return total.hexdigest()


def _add(total: Any, file: IO[bytes], name: str, tensor: dict[str, Any], start: int) -> None:
    begin, end = tensor["data_offsets"]
    total.update(f"{name}:torch.{_TYPES[tensor['dtype']]}:{tuple(tensor['shape'])}:".encode())
    file.seek(start + begin)
    left = end - begin
    while left:
        piece = file.read(min(left, PIECE)) if left > 0 else b""
        if not piece:
            raise ValueError(f"the tensor {name} is not whole")
        total.update(piece)
        left -= len(piece)
