"""Downloads against a server on this machine that can break off, lie and refuse."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchsuite.contracts.dataset import Source
from benchsuite.errors import DataError
from benchsuite.sources.download import HttpDownloader, Unreachable, reach

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT; `break_off_after` cuts each of the next `breaks` answers short."""

    break_off_after = len(CONTENT)
    breaks = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://example.org/file")
            self.end_headers()
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            body = body[: self.server.break_off_after]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def fetch(server: Server, target: Path, path: str = "file", **known: object) -> Path:
    source = Source(server.address(path), "file.bin", **({"sha256": SHA256, "bytes": len(CONTENT)} | known))
    return HttpDownloader(lambda line: None).file(source, target)


def test_a_download_arrives_whole_and_leaves_no_part(server: Server, tmp_path: Path) -> None:
    assert fetch(server, tmp_path / "deep" / "file.bin").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file.bin"]


def test_a_verified_file_is_not_downloaded_twice(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path / "file.bin")
    fetch(server, tmp_path / "file.bin")
    assert len(server.ranges) == 1


def test_a_transfer_that_breaks_off_goes_on_from_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.breaks, server.break_off_after = 2, 300_000
    assert fetch(server, tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=600000-"]


def test_what_arrived_is_kept_for_the_next_call(server: Server, tmp_path: Path) -> None:
    server.breaks, server.break_off_after = 3, 100_000
    with pytest.raises(Unreachable):
        fetch(server, tmp_path / "file.bin")
    assert not (tmp_path / "file.bin").exists()
    assert fetch(server, tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=300000-"


def test_a_wrong_checksum_is_an_error_and_nothing_is_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not the official one") as caught:
        fetch(server, tmp_path / "file.bin", sha256="00" * 32)
    assert not isinstance(caught.value, Unreachable)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_size_is_an_error_and_nothing_is_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="bytes"):
        fetch(server, tmp_path / "file.bin", sha256=None, bytes=7)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_another_file_does_not_poison_the_download(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 1000)
    with pytest.raises(DataError, match="not the official one"):
        fetch(server, tmp_path / "file.bin")
    assert fetch(server, tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_begun_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * (len(CONTENT) + 5))
    assert fetch(server, tmp_path / "file.bin").read_bytes() == CONTENT


def test_without_a_checksum_nothing_is_resumed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 1000)
    assert fetch(server, tmp_path / "file.bin", sha256=None).read_bytes() == CONTENT


def test_a_checksum_prefix_is_enough(server: Server, tmp_path: Path) -> None:
    assert fetch(server, tmp_path / "file.bin", sha256=SHA256[:8], bytes=None).exists()


def test_a_missing_file_is_unreachable_and_named(server: Server, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="404") as caught:
        fetch(server, tmp_path / "file.bin", path="missing")
    assert "/missing" in str(caught.value)


def test_a_redirection_to_plain_http_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="https only"):
        fetch(server, tmp_path / "file.bin", path="elsewhere")


@pytest.mark.parametrize("url", ["http://example.org/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_only_https_is_downloaded(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="https only"):
        HttpDownloader(lambda line: None).file(Source(url, "x"), tmp_path / "x")


def test_the_offline_variable_forbids_downloads(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(Unreachable, match="HF_HUB_OFFLINE"):
        fetch(server, tmp_path / "file.bin")
    assert server.ranges == []


def test_a_closed_port_is_noticed_at_once(server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(Unreachable, match="no connection"):
        reach(f"http://127.0.0.1:{port}/")
    assert time.monotonic() - began < 5


def test_a_name_that_never_resolves_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr("benchsuite.sources.download._REACH_SECONDS", 0.2)

    def hang(*arguments: object, **options: object) -> None:
        release.wait(10)
        raise OSError("too late")

    monkeypatch.setattr(socket, "create_connection", hang)
    with pytest.raises(Unreachable, match="does not answer"):
        reach("https://127.0.0.1/")
    release.set()
