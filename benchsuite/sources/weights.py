"""Where pretrained weights come from: the user's file, a folder, a cache, a download, or nowhere.

Takes a model's request and the policy; gives a hashed file, or None for a seeded random start that is said aloud.
The order is: the file the user names, the data folder, torch's cache, our own, the network. No tensor is read.
"""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

from benchsuite.contracts.dataset import Source
from benchsuite.contracts.model import WeightsRequest
from benchsuite.errors import DataError, WeightsError
from benchsuite.sources.cache import Policy, Say, exclusive
from benchsuite.sources.digests import digest_file
from benchsuite.sources.download import HttpDownloader, Unreachable, offline

WeightsProvenance = Literal["official", "unofficial copy", "random"]

FOREIGN = (
    (
        b"version https://git-lfs",
        "a git-lfs pointer, which only stands for the file",
        "run `git lfs pull` there",
    ),
    (b"<", "a web page", "download it again: its address probably asked for a login or a confirmation"),
    (b"{", "a JSON text", "take the file with the tensors that lies beside it"),
    (b"\x89HDF", "an HDF5 file, as Keras writes them", "take weights that PyTorch saved, or convert it"),
    (b"\x93NUMPY", "a NumPy array", "save the tensors by name, with torch.save(model.state_dict(), ...)"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (b"BZh", "compressed with bzip2", "unpack it first"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"%PDF", "a PDF", "take the file with the tensors"),
)
"""How files begin that are brought in place of weights, what they are, and what to do."""


@dataclass(frozen=True)
class LocatedWeights:
    """What the network starts from. `file` and `sha256` are None for a seeded random start."""

    request: str
    file: Path | None
    sha256: str | None
    provenance: WeightsProvenance
    evidence: str


@overload
def locate_weights(
    request: WeightsRequest | None,
    *,
    policy: Policy,
    data: Path | None,
    cache: Path,
    download: Literal[True] = True,
    say: Say,
) -> LocatedWeights: ...
@overload
def locate_weights(
    request: WeightsRequest | None, *, policy: Policy, data: Path | None, cache: Path, download: bool, say: Say
) -> LocatedWeights | None: ...
def locate_weights(
    request: WeightsRequest | None,
    *,
    policy: Policy,
    data: Path | None,
    cache: Path,
    download: bool = True,
    say: Say,
) -> LocatedWeights | None:
    """Find the weights that a model asks for; see the module for the order.

    The policy `sample` downloads nothing: a smoke run must not need a network. With `download=False`, None says that a
    download would be tried. Raises WeightsError when the user's own file is missing, or the official ones are
    missing under the policy `real`.
    """
    if request is None:
        return LocatedWeights("none", None, None, "random", "the model asks for a seeded random start")
    if request.path is not None:
        return _own_file(request, request.path.expanduser(), cache)
    for path in _places(request, data, cache):
        if path.is_file():
            return _judged(request, path, cache, say)
    reason = "the policy `sample` downloads nothing"
    if policy != "sample":
        if request.url is None:
            reason = "they have no download address"
        elif not download and not offline():
            return None
        else:
            try:
                return _judged(request, _downloaded(request, request.url, cache, say), cache, say)
            except Unreachable as error:
                reason = f"{error.what} ({error.where})"
    if policy == "real":
        raise _missing(request, data, cache, reason)
    say(f"WEIGHTS: {request.name} not found and {reason}; the network starts from seeded RANDOM weights")
    return LocatedWeights(request.name, None, None, "random", f"{request.filename} was not found; {reason}")


def refuse_foreign(path: Path) -> None:
    """Raise WeightsError where the first bytes of the file show that there are no weights in it."""
    with path.open("rb") as file:
        head = file.read(64).removeprefix(codecs.BOM_UTF8).lstrip()
    for beginning, what, remedy in FOREIGN if head else ((b"", "empty", "fetch it again: the download broke off"),):
        if head.startswith(beginning):
            raise WeightsError(
                f"this weights file cannot be read: it is {what}",
                where=str(path),
                expected="a .pth or .safetensors file",
                remedy=remedy,
            )


def _places(request: WeightsRequest, data: Path | None, cache: Path) -> list[Path]:
    torch_home = os.environ.get("TORCH_HOME")
    if torch_home is None:
        torch_home = str(Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch")
    folders = [data, data / "weights"] if data is not None else []
    folders += [Path(torch_home).expanduser() / "hub" / "checkpoints", cache / "weights"]
    return [folder / request.filename for folder in folders]


def _own_file(request: WeightsRequest, path: Path, cache: Path) -> LocatedWeights:
    if not path.is_file():
        raise WeightsError(
            "the weights file is a folder" if path.is_dir() else "the weights file does not exist",
            where=str(path),
            expected="a .pth or .safetensors file",
            remedy="correct model.weights; a relative path starts from the folder the command runs in",
        )
    digest = _digest(path, cache)
    if request.sha256 and digest.startswith(request.sha256):
        return LocatedWeights(request.name, path, digest, "official", f"SHA-256 begins with {request.sha256}")
    return LocatedWeights(request.name, path, digest, "unofficial copy", "a file of the user's own; only hashed")


def _judged(request: WeightsRequest, path: Path, cache: Path, say: Say) -> LocatedWeights:
    digest = _digest(path, cache)
    if request.sha256 and digest.startswith(request.sha256):
        return LocatedWeights(request.name, path, digest, "official", f"SHA-256 begins with {request.sha256}")
    evidence = "there is no official checksum to compare with"
    if request.sha256:
        evidence = f"SHA-256 {digest[:16]}… does not begin with the official {request.sha256}"
        say(f"WEIGHTS: {path} bears the official name but is not the official file: {evidence}")
    return LocatedWeights(request.name, path, digest, "unofficial copy", evidence)


def _downloaded(request: WeightsRequest, url: str, cache: Path, say: Say) -> Path:
    with exclusive(cache, request.filename, say):
        source = Source(url=url, filename=request.filename, sha256=request.sha256)
        try:
            return HttpDownloader(say).file(source, cache / "weights" / request.filename)
        except Unreachable:
            raise
        except DataError as error:
            raise WeightsError(error.what, where=error.where, expected=error.expected, remedy=error.remedy) from error


def _digest(path: Path, cache: Path) -> str:
    try:
        refuse_foreign(path)
    except OSError as error:
        raise WeightsError(
            f"cannot read the file: {error.strerror}", where=str(path), remedy="mend the file's permissions"
        ) from error
    try:
        return digest_file(path, cache)
    except DataError as error:
        raise WeightsError(error.what, where=error.where, remedy="mend the file's permissions") from error


def _missing(request: WeightsRequest, data: Path | None, cache: Path, reason: str) -> WeightsError:
    places = _places(request, data, cache)
    return WeightsError(
        f"the weights {request.name} are not here ({reason}), and the policy `real` accepts nothing else",
        where="looked at " + ", ".join(str(place) for place in places),
        expected=f"the file {request.filename}" + (f" from {request.url}" if request.url else ""),
        remedy=(f"{request.remedy}, or " if request.remedy else "")
        + f"put it at {places[-1]}, or in the folder of --data, or name a file of yours in model.weights",
    )
