"""Fetching official files: resumed where they stopped, verified before they count, quick to miss a network.

Takes a `Source` (or a file of a Hugging Face data set); gives a local path whose bytes were checked. A file that
cannot be reached raises `Unreachable`; one that arrives wrong raises `DataError` and is deleted.
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from benchsuite.contracts.dataset import Source
from benchsuite.errors import BenchsuiteError, DataError
from benchsuite.extras import require
from benchsuite.sources.cache import Say, cannot_write
from benchsuite.sources.digests import file_sha256
from benchsuite.sources.progress import Progress

_CHUNK = 1 << 18
_REACH_SECONDS = 6.0
_STALL_SECONDS = 30.0
_DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Unreachable(DataError):
    """An official file cannot be had now: no network, a refused address, or an answer that is not the file."""


def offline() -> bool:
    """Whether the user has forbidden downloads, by the variable that Hugging Face's tools obey."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


@dataclass(frozen=True)
class HttpDownloader:
    """The downloader that datasets are given. `say` gets plain lines where there is no terminal for a bar."""

    say: Say
    attempts: int = 3
    """How often a transfer that breaks off is taken up again before giving up for now."""

    def file(self, source: Source, target: Path) -> Path:
        """Download `source` to `target`, verified against its size and SHA-256 (which may be a prefix).

        What arrived before an interruption is kept in `target` + ".part" and taken up at the next call, if there is
        a checksum that will tell whether the two halves belong together.
        """
        _require_safe(source.url)
        if target.is_file() and source.sha256 and file_sha256(target).startswith(source.sha256):
            return target
        if offline():
            raise _unreachable(source.url, "HF_HUB_OFFLINE forbids downloads")
        reach(source.url)
        part = target.with_name(target.name + ".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.sha256 is None:
                part.unlink(missing_ok=True)
            self._transfer(source, part)
            _verify(source, part)
            part.replace(target)
        except OSError as error:
            raise cannot_write(error, target) from error
        return target

    def huggingface(self, repo: str, filename: str, revision: str, sha256: str | None = None) -> Path:
        """A file of a Hugging Face data set at a pinned revision, from its own cache or the network."""
        require(f"the data set {repo} of the Hugging Face Hub", "huggingface_hub")
        from huggingface_hub import constants, hf_hub_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        address = f"{constants.ENDPOINT}/datasets/{repo}/resolve/{revision}/{filename}"
        wanted: dict[str, Any] = {
            "repo_id": repo,
            "filename": filename,
            "repo_type": "dataset",
            "revision": revision,
        }
        try:
            path = Path(hf_hub_download(**wanted, local_files_only=True))
        except LocalEntryNotFoundError:
            if offline():
                raise _unreachable(address, "HF_HUB_OFFLINE forbids downloads") from None
            reach(address)
            self.say(f"downloading {repo}/{filename}")
            try:
                path = Path(hf_hub_download(**wanted))
            except Exception as error:
                raise _of_the_hub(error, repo, revision, address) from error
        if sha256 is not None and (found := file_sha256(path)) != sha256:
            # The cache holds a link to the blob: both must go, or the next download would find it there.
            path.resolve().unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise _mismatch(address, f"SHA-256 {found}", sha256)
        return path

    def huggingface_files(self, repo: str, revision: str) -> tuple[Source, ...]:
        """The files of a Hugging Face data set at a revision, with the digests that the hub tells."""
        require(f"the data set {repo} of the Hugging Face Hub", "huggingface_hub")
        from huggingface_hub import HfApi, constants

        address = f"{constants.ENDPOINT}/datasets/{repo}"
        if offline():
            raise _unreachable(address, "HF_HUB_OFFLINE forbids downloads")
        reach(address)
        try:
            found = HfApi().dataset_info(repo, revision=revision, files_metadata=True).siblings or []
        except Exception as error:
            raise _of_the_hub(error, repo, revision, address) from error
        return tuple(
            Source(
                f"{address}/resolve/{revision}/{file.rfilename}",
                file.rfilename,
                file.lfs.sha256 if file.lfs is not None else None,
                file.size,
            )
            for file in found
        )

    def _transfer(self, source: Source, part: Path) -> None:
        """Bring the whole of `source` into `part`. Raises Unreachable, or OSError when it cannot be written."""
        for attempt in range(1, self.attempts + 1):
            before = part.stat().st_size if part.exists() else 0
            try:
                if self._receive(source, part, before):
                    return
                reason = "the connection ended before the file did"
            except urllib.error.HTTPError as error:
                if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or before == 0:
                    raise _unreachable(source.url, f"the server answers {error.code} {error.reason}") from error
                # Nothing is left to ask for: either the part is whole, or it is of another file.
                if before == source.bytes or (source.bytes is None and source.sha256 is not None):
                    return
                part.unlink()
                reason = "the server has a shorter file than was begun"
            except urllib.error.URLError as error:
                raise _unreachable(source.url, str(error.reason)) from error
            except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
                reason = str(error) or type(error).__name__
            if attempt < self.attempts:
                self.say(f"{source.filename}: {reason}; going on from where it stopped")
                time.sleep(0.2 * attempt)
        raise _unreachable(source.url, reason)

    def _receive(self, source: Source, part: Path, offset: int) -> bool:
        """One request, appended to `part`; whether the file is complete."""
        request = urllib.request.Request(
            source.url, headers={"User-Agent": "benchsuite", "Accept-Encoding": "identity"}
        )
        if offset:
            request.add_header("Range", f"bytes={offset}-")
        with _OPENER.open(request, timeout=_STALL_SECONDS) as response:
            resumed = response.status == http.client.PARTIAL_CONTENT
            start = offset if resumed else 0
            length = response.headers.get("Content-Length")
            total = start + int(length) if length is not None else source.bytes
            with part.open("ab" if resumed else "wb") as output:
                _copy(response, output, Progress(source.filename, start, total, self.say))
                output.flush()
                os.fsync(output.fileno())
        return total is None or part.stat().st_size >= total


def reach(url: str) -> None:
    """Raise Unreachable within seconds if the host of `url` (or the proxy to it) does not answer.

    A thread of its own, because resolving a name can hang for long and knows no timeout.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        through = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        host, port = through.hostname or "", through.port or 80
    outcome: list[OSError | None] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=_REACH_SECONDS / 2).close()
            outcome.append(None)
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_REACH_SECONDS)
    if not outcome:
        raise _unreachable(url, f"{host} does not answer within {_REACH_SECONDS:.0f} s")
    if outcome[0] is not None:
        raise _unreachable(url, f"no connection to {host} ({outcome[0].strerror or outcome[0]})")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to an address that could have been asked for in the first place."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        _require_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SafeRedirects)


def _copy(response: Any, output: IO[bytes], progress: Progress) -> None:
    with progress:
        while chunk := response.read(_CHUNK):
            output.write(chunk)
            progress.advance(len(chunk))


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise DataError(
        "this address is refused: files are downloaded over https only",
        where=url,
        expected="an address that begins with https://",
        remedy="correct the source in the dataset's card or the model's weights",
    )


def _verify(source: Source, part: Path) -> None:
    size = part.stat().st_size
    if source.bytes is not None and size != source.bytes:
        part.unlink()
        raise _mismatch(source.url, f"{size} bytes", f"{source.bytes} bytes")
    if source.sha256 is not None and not (found := file_sha256(part)).startswith(source.sha256):
        part.unlink()
        raise _mismatch(source.url, f"SHA-256 {found}", source.sha256)


def _mismatch(url: str, found: str, expected: str) -> DataError:
    return DataError(
        f"the downloaded file is not the official one: it has {found}",
        where=url,
        expected=expected,
        remedy="it was deleted; run the command again, and if the same happens tell the plugin's author",
    )


def _unreachable(url: str, reason: str) -> Unreachable:
    return Unreachable(
        f"cannot download: {reason}",
        where=url,
        expected="a network that reaches this address",
        remedy="connect this machine, or bring the files by hand and name their folder with --data",
    )


def _of_the_hub(error: Exception, repo: str, revision: str, address: str) -> BenchsuiteError:
    """What to say of an error of huggingface_hub. Which exceptions its transport raises changes from version to
    version: told apart are a full disk, and what no network would mend."""
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    page = f"{constants.ENDPOINT}/datasets/{repo}"
    if isinstance(error, OSError) and error.errno in _DISK_TROUBLE:
        return cannot_write(error, Path(constants.HF_HUB_CACHE))
    if isinstance(error, GatedRepoError):
        return DataError(
            f"the data set {repo} is only for those who have accepted its conditions",
            where=page,
            expected="an account of the Hugging Face Hub that may read it",
            remedy="accept them there, then log in here with `hf auth login` or set HF_TOKEN",
        )
    if isinstance(error, RepositoryNotFoundError):
        return DataError(
            f"the Hugging Face Hub shows no data set {repo}: there is none, or it is private",
            where=page,
            expected="a public data set, or a login that may read it",
            remedy="correct dataset.repo (owner/name); for a private one, `hf auth login` or set HF_TOKEN",
        )
    if isinstance(error, RevisionNotFoundError):
        return DataError(
            f"the data set {repo} has no revision {revision}",
            where=page,
            expected=f"one of the commits at {page}/commits/main",
            remedy="correct dataset.revision",
        )
    return _unreachable(address, _first_line(error))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
