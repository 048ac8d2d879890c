"""The guard of a run: what a plugin writes, and where."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
