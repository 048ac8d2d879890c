"""How much a program does, in steps of the interpreter: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import benchsuite

OURS = str(Path(benchsuite.__file__).parent)


def count_operations(call: Callable[[], object]) -> int:
    """The bytecode instructions of benchsuite that a call takes in this thread; not those of libraries."""
    count = 0

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "opcode"
        return step

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def check_linear(count: Callable[[int], int], sizes: tuple[int, int, int]) -> None:
    """Assert that what is counted grows as the size does; `sizes` double."""
    small, middle, large = map(count, sizes)
    assert large - middle <= 2.2 * (middle - small), f"{small:,}, {middle:,} and {large:,} for {sizes}"
