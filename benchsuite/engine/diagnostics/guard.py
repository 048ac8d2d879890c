"""The guard of a run: what a plugin must leave alone, watched while its code is at work.

Between the parts of a run it compares the state that all code of the process shares: functions of torch and numpy,
arithmetic flags, threads, the seed of torch's generator, the environment and the current folder. Writing outside the
run's own folders is seen by an audit hook when a frame of a plugin is on the stack. Whoever did it is named, and the
run fails; it keeps plugins honest, and is no prison for hostile code.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import platformdirs
import torch

from benchsuite.engine.determinism import seeds
from benchsuite.engine.diagnostics.process_settings import process_settings
from benchsuite.errors import PluginError
from benchsuite.registry import OURS, Entry

_WRITING: Mapping[str, Sequence[tuple[int, int | None]]] = {
    "os.remove": [(0, 1)],
    "os.rename": [(0, 2), (1, 3)],
    "os.rmdir": [(0, 1)],
    "os.mkdir": [(0, 2)],
    "os.truncate": [(0, None)],
    "os.chmod": [(0, 2)],
    "os.link": [(1, 3)],
    "os.symlink": [(1, 2)],
    "shutil.rmtree": [(0, 1)],
    "shutil.move": [(0, None), (1, None)],
}
"""Python's audit events of what changes files: where their arguments hold a path, and the folder it is relative to."""
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SHARED = (torch, torch.Tensor, torch.nn, torch.nn.Module, torch.nn.functional, torch.optim, torch.optim.Optimizer,
           torch.utils.data, np, np.random, random)  # fmt: skip
"""The modules and classes whose functions nobody may replace."""
_DECIDING = ("OMP_", "MKL_", "CUBLAS", "CUDA_", "CUDNN_", "NVIDIA_", "ATEN_", "DISABLE_", "DNNL_", "ONEDNN_", "TORCH_",
             "PYTORCH_", "PYTHON", "PATH", "HOME", "BENCHSUITE_")  # fmt: skip
"""How the variables begin that libraries compute by, or that lead to programs and folders; libraries set others of
their own."""


@dataclass(frozen=True)
class Suspect:
    """A component or observer whose code runs in this process, as failures name it."""

    title: str
    distribution: str
    package: str


def suspects(entries: Iterable[Entry], observers: Iterable[tuple[str, object]]) -> tuple[Suspect, ...]:
    """The components of a run, and the observers of the process."""
    found = [
        Suspect(f"the {entry.kind} {entry.name}", f"{entry.distribution} {entry.version}", _top(entry.module))
        for entry in entries
    ]
    for distribution, plugin in observers:
        module = getattr(plugin, "__name__", None) or type(plugin).__module__
        found.append(Suspect("an observer", distribution, _top(str(module))))
    return tuple(found)


@dataclass
class Guard:
    """Watches a run. `roots` are the folders where its code may write."""

    suspects: Sequence[Suspect]
    roots: Sequence[Path]
    _before: Mapping[str, Any] = field(init=False)
    _written: PluginError | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        seeds.reseeded_externally()  # what was found earlier is not this run's
        self._roots = tuple(f"{os.path.realpath(root)}{os.sep}" for root in self.roots)
        self._before = _state()

    def check(self, during: str) -> None:
        """Raise PluginError when something that all code shares is no longer as it was at the start."""
        if self._written is not None:
            raise self._written
        now = _state()
        changed = [
            name for name, value in self._before.items() if now.get(name, value) != value and not _own_doing(name)
        ]
        changed += ["the seed of torch's generator"] if seeds.reseeded_externally() else []
        if changed:
            global _spoiled
            _spoiled = True
            raise self._error(changed, during)

    def _error(self, changed: Sequence[str], during: str) -> PluginError:
        """The culprit is the plugin whose function stands in another's place, else one of those at work."""
        culprits = [found for name in changed if (found := self._owner(_lookup(name)))] or [
            suspect for suspect in self.suspects if suspect.distribution.partition(" ")[0] != OURS
        ]
        named = list(dict.fromkeys(f"{one.title} of {one.distribution}" for one in culprits or self.suspects))
        return PluginError(
            f"{', '.join(changed[:5])} changed {during}" + (f", and {len(changed) - 5} more" if changed[5:] else ""),
            where=" or ".join(named),
            expected="plugins that leave alone what all code of the process shares",
            remedy="correct the plugin, or report it to its authors: no result of this process could be trusted",
        )

    def _owner(self, value: Any) -> Suspect | None:
        package = _top(str(getattr(value, "__module__", "")))
        return next((suspect for suspect in self.suspects if suspect.package == package), None)

    def wrote(self, path: str) -> None:
        """Raise PluginError when a plugin's code is at work and `path` lies outside the run's folders."""
        real = os.path.realpath(path)
        if f"{real}{os.sep}".startswith(self._roots) or "__pycache__" in real or real.startswith(("/dev/", "/proc/")):
            return
        packages = {suspect.package: suspect for suspect in self.suspects}
        culprit = next((packages[name] for name in _stack() if name in packages), None)
        if culprit is None:
            return
        # The plugin may swallow what is raised here; the next check raises it again.
        self._written = PluginError(
            f"{culprit.title} writes outside its folders: {real}",
            where=culprit.distribution,
            expected="files in the run's folder, the cache or the temporary folder only",
            remedy=f"correct {culprit.distribution}, or report it to its authors",
        )
        raise self._written


_at_work: Guard | None = None
_installed = False
_spoiled = False


def spoiled() -> bool:
    """Whether something that all code shares has been changed, so that this process should make no other run."""
    return _spoiled


@contextmanager
def guarding(suspects: Sequence[Suspect], roots: Sequence[Path]) -> Iterator[Guard]:
    """Watch what the block does; the last check is the caller's. One guard at a time."""
    global _at_work, _installed
    if not _installed:
        sys.addaudithook(_watch)
        _installed = True
    free = (Path(tempfile.gettempdir()), Path(platformdirs.user_cache_dir()))
    _at_work = guard = Guard(suspects, (*roots, *free))
    try:
        yield guard
    finally:
        _at_work = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _at_work is None:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = (
            any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITE_FLAGS)
        )
        paths: Sequence[str | None] = (_path(path, None),) if writes else ()
    else:
        paths = [
            _path(arguments[place], None if folder is None else arguments[folder])
            for place, folder in _WRITING.get(event, ())
        ]
    for path in filter(None, paths):
        _at_work.wrote(path)


def _path(path: Any, folder: int | None) -> str | None:
    """The path of an audit event; None for a file that is known by its number, or a folder that the system names not.

    `folder` is the number of the open folder that a path is relative to, as when a tree is removed; none, or -1, is
    the current one.
    """
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    name = os.fsdecode(path)
    if folder is None or folder < 0:
        return name
    try:
        return str(Path(f"/proc/self/fd/{folder}").readlink() / name)
    except OSError:
        return None


def _stack() -> Iterator[str]:
    """The top-level packages of the frames that are at work, innermost first."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        yield _top(str(frame.f_globals.get("__name__", "")))
        frame = frame.f_back


def _state() -> dict[str, Any]:
    """What all code of the process shares, by what users would call it."""
    functions = {
        f"{_title(owner)}.{name}": id(value)
        for owner in _SHARED
        for name, value in list(vars(owner).items())
        if callable(value) and not name.startswith("__")
    }
    deciding = {name: value for name, value in os.environ.items() if name.startswith(_DECIDING)}
    return functions | process_settings() | {"the environment": deciding}


def _own_doing(name: str) -> bool:
    """Whether a library has replaced its own function, as torch's compiler does when it is first imported."""
    value = _lookup(name)
    return value is not None and _top(str(getattr(value, "__module__", ""))) == _top(name)


def _lookup(name: str) -> Any:
    """The value that stands now where a name of `_state` says, if it is a function's."""
    owner_title, _, last = name.rpartition(".")
    return next((vars(owner).get(last) for owner in _SHARED if _title(owner) == owner_title), None)


def _title(owner: Any) -> str:
    return f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else str(owner.__name__)


def _top(module: str) -> str:
    return module.partition(".")[0]
