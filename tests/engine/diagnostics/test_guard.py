"""The guard of a run: what a plugin writes, and where."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from benchsuite.engine.determinism.torch_settings import OTHER_ARITHMETIC
from benchsuite.engine.diagnostics.guard import Guard, Suspect, guarding
from benchsuite.errors import PluginError

US = Suspect("an observer", "someone 1.0", __name__.partition(".")[0])


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside what is watched as free, where temporary files do not lie."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def guard(elsewhere: Path, tmp_path: Path) -> Iterator[Guard]:
    with guarding((US,), (tmp_path / "results",)) as watched:
        yield watched


def _fill(folder: Path) -> None:
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("x")


def test_a_plugin_may_make_and_remove_whole_folders_among_temporary_files(guard: Guard) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder) / "deep")
    scratch = Path(tempfile.mkdtemp())
    _fill(scratch / "deep")
    shutil.rmtree(scratch)
    guard.check("in a test")


def _write(folder: Path) -> None:
    (folder / "new").write_text("x")


def _link_into(folder: Path) -> None:
    (folder / "link").symlink_to("anything")


def _rename_within(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.rename("old", "renamed", src_dir_fd=descriptor, dst_dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _remove_within(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.remove("old", dir_fd=descriptor)
    finally:
        os.close(descriptor)


needs_names = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system names no open folders")


@pytest.mark.parametrize(
    "change",
    [
        _write,
        _link_into,
        pytest.param(_rename_within, marks=needs_names),
        pytest.param(_remove_within, marks=needs_names),
        lambda folder: (folder / "old").chmod(0o600),
        lambda folder: shutil.move(folder / "old", folder / "moved"),
    ],
)
def test_what_a_plugin_changes_elsewhere_is_refused_and_told(
    elsewhere: Path, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    (elsewhere / "old").write_text("x")
    with guarding((US,), (tmp_path / "results",)) as guard:
        with pytest.raises(PluginError, match=rf"an observer writes outside its folders: {elsewhere}"):
            change(elsewhere)
        with pytest.raises(PluginError, match="writes outside its folders"):
            guard.check("in a test")


def test_a_link_may_lead_where_it_likes_and_what_is_linked_is_not_changed(
    elsewhere: Path, tmp_path: Path, guard: Guard
) -> None:
    (tmp_path / "temporary" / "link").symlink_to(elsewhere / "photo")
    guard.check("in a test")


# How torch computes.

CUDA, CUDNN, ONEDNN = torch.backends.cuda, torch.backends.cudnn, torch.backends.mkldnn
SWITCHES: dict[str, tuple[object, str, object]] = {
    "TF32 of products": (CUDA.matmul, "allow_tf32", True),
    "TF32 of convolutions": (CUDNN, "allow_tf32", True),
    "the precision of all": (torch.backends, "fp32_precision", "tf32"),
    "the precision of products": (CUDA.matmul, "fp32_precision", "tf32"),
    "the precision of cuDNN": (CUDNN, "fp32_precision", "tf32"),
    "the precision of its convolutions": (CUDNN.conv, "fp32_precision", "tf32"),
    "the precision of oneDNN": (ONEDNN, "fp32_precision", "bf16"),
    "the precision of its products": (ONEDNN.matmul, "fp32_precision", "bf16"),
    "the precision of its own convolutions": (ONEDNN.conv, "fp32_precision", "bf16"),
    "accumulation in half": (CUDA.matmul, "allow_fp16_accumulation", True),
    "reductions in fp16": (CUDA.matmul, "allow_fp16_reduced_precision_reduction", False),
    "reductions in bf16": (CUDA.matmul, "allow_bf16_reduced_precision_reduction", False),
    "the search for fast kernels": (CUDNN, "benchmark", True),
    "cuDNN": (CUDNN, "enabled", False),
    "its determinism": (CUDNN, "deterministic", False),
}
CALLS: dict[str, Callable[[], object]] = {
    "determinism": lambda: torch.use_deterministic_algorithms(False),
    "mere warnings": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "the preferred BLAS": lambda: CUDA.preferred_blas_library("cublaslt"),
    "the preferred linear algebra": lambda: CUDA.preferred_linalg_library("magma"),
    "attention": lambda: CUDA.enable_flash_sdp(False),
    "oneDNN": lambda: ONEDNN.set_flags(False),
    "numbers near zero": lambda: torch.set_flush_denormal(True),
    "threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "the default dtype": lambda: torch.set_default_dtype(torch.float64),
}
GUARDED = """
from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
from benchsuite.identity.numerics import describe
numerics = describe("cpu", 1)
prepare_environment(numerics)
configure(numerics)
from benchsuite.engine.diagnostics.guard import guarding
from benchsuite.errors import PluginError
from test_guard import CALLS, SWITCHES
with guarding((), ()) as guard:
    guard.check("at first")
    if sys.argv[1] in SWITCHES:
        setattr(*SWITCHES[sys.argv[1]])
    else:
        CALLS[sys.argv[1]]()
    try:
        guard.check("in a step")
    except PluginError as error:
        print(error.what)
"""


def _told(name: str) -> str:
    """What the guard says of a switch, in a process of its own, since torch does not take all of them back."""
    program = f"import sys\nsys.path[:0] = [{str(Path(__file__).parent)!r}]\n{GUARDED}"
    done = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SWITCHES, *CALLS])
def test_whatever_changes_how_torch_computes_is_seen(name: str) -> None:
    assert "changed in a step" in _told(name)


def test_torchs_newer_names_for_precision_are_seen_and_break_nothing() -> None:
    assert "the precision of float32" in _told("the precision of its own convolutions")


@pytest.mark.parametrize("prefix", OTHER_ARITHMETIC)
def test_variables_that_change_arithmetic_are_watched(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv(f"{prefix}X", "1")
    with pytest.raises(PluginError, match="the environment changed in a step"):
        guard.check("in a step")
