from __future__ import annotations

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from benchsuite.engine.network import build
from benchsuite.store.weights import weights_hash

STATE = {
    "b": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "a": torch.tensor(7),
    "half": torch.ones(3, dtype=torch.bfloat16),
    "fp16": torch.ones(1, dtype=torch.float16),
    "double": torch.ones(2, dtype=torch.float64),
    "flags": torch.tensor([True, False]),
    "bytes": torch.tensor([1, 2, 3], dtype=torch.uint8),
    "nothing": torch.zeros(0, 4),
    "large": torch.arange(600_000, dtype=torch.int64),
}


WHOLE = save({"a": torch.zeros(3)})


def test_the_hash_of_a_file_is_that_which_the_engine_takes_of_the_tensors() -> None:
    assert weights_hash(io.BytesIO(save(STATE))) == build.weights_hash(STATE)


@given(st.binary(max_size=7) | st.binary(min_size=9, max_size=200) | st.integers(1, 11).map(lambda n: WHOLE[:-n]))
def test_what_is_no_whole_file_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"header|whole|JSON|Expecting|Extra|utf"):
        weights_hash(io.BytesIO(b"\xff" + content if content[:8] == bytes(8) else content))
