"""What a failed record says of an exception: whose it is, where it came from, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from benchsuite.engine.diagnostics.failures import describe_failure
from benchsuite.errors import DataError
from benchsuite.file_stamps import memory_of
from benchsuite.store.record import Failure
from support.engine import Bench


def failure(bench: Bench, act: Callable[[], object]) -> Failure:
    try:
        act()
    except Exception as error:
        return describe_failure(error, bench.task())
    raise AssertionError("nothing was raised")


def refuse(number: int) -> None:
    raise OSError(number, os.strerror(number), "/mnt/nas/photo.jpg")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ETIMEDOUT, errno.ENOSPC])
def test_an_error_of_the_system_is_no_defect(bench: Bench, number: int) -> None:
    told = failure(bench, lambda: refuse(number))
    assert told.kind == "store"
    assert os.strerror(number) in told.what
    assert told.where == "/mnt/nas/photo.jpg"
    assert told.remedy


def test_a_name_that_is_no_utf_8_is_no_defect(bench: Bench) -> None:
    told = failure(bench, "\udced".encode)
    assert told.kind == "store"
    assert "encoding" in told.what
    assert told.expected == "UTF-8"


def test_a_defect_names_our_own_line_and_the_library_that_it_called(bench: Bench) -> None:
    told = failure(bench, lambda: memory_of(None, bench.root))  # type: ignore[arg-type]
    assert told.kind == "defect"
    assert (told.where or "").startswith("file_stamps.py:")
    inside = failure(bench, lambda: torch.nn.functional.batch_norm(torch.zeros(1, 2), None, None, training=True))
    assert "functional.py" in (inside.where or "")
    assert "please report it" in (inside.remedy or "")
    assert inside.traceback


def test_broken_data_in_the_cache_may_go_and_those_of_the_user_may_not(bench: Bench) -> None:
    cached, own = bench.task().cache / "datasets" / "letters" / "1.png", bench.data / "1.png"

    def broken(where: object) -> Callable[[], None]:
        def act() -> None:
            raise DataError("broken", where=str(where), remedy="replace it")

        return act

    assert "it is downloaded again" in (failure(bench, broken(cached)).remedy or "")
    assert failure(bench, broken(own)).remedy == "replace it"


@pytest.mark.parametrize("blamed", [False, True])
def test_an_operation_that_cuda_cannot_repeat_is_no_defect_and_its_remedy_is_not_torchs(
    bench: Bench, blamed: bool
) -> None:
    """It is found on the way back through the network, where no frame is a plugin's."""
    text = (
        "upsample_bilinear2d_backward_out_cuda does not have a deterministic implementation, but you set "
        "'torch.use_deterministic_algorithms(True)'. You can turn off determinism just for this operation"
    )
    task = bench.task()
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        entries = [replace(bench.registry.model("tiny_net"), module=__name__)] if blamed else []
        told = describe_failure(error, task, entries)
    assert told.kind == "plugin"
    assert "upsample_bilinear2d_backward_out_cuda has no form on" in told.what
    assert "turn off determinism" not in f"{told.what} {told.remedy}"
    assert (__name__ if blamed else "the model tiny_net") in (told.where or "")
    assert "check-plugin" in (told.remedy or "")
    assert "turn off determinism" in (told.traceback or "")
