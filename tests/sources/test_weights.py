from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from benchsuite.contracts.dataset import Source
from benchsuite.contracts.model import WeightsRequest
from benchsuite.errors import DataError, WeightsError
from benchsuite.sources import weights
from benchsuite.sources.download import HttpDownloader, Unreachable
from benchsuite.sources.weights import LocatedWeights, locate_weights

CONTENT = b"weights"
PREFIX = hashlib.sha256(CONTENT).hexdigest()[:8]
REQUEST = WeightsRequest("imagenet1k_v1", f"net-{PREFIX}.pth", f"https://example.org/net-{PREFIX}.pth", PREFIX)


class Desk:
    def __init__(self, tmp_path: Path) -> None:
        self.cache, self.data, self.torch = tmp_path / "cache", tmp_path / "data", tmp_path / "torch"
        self.said: list[str] = []

    def locate(self, request: WeightsRequest | None, policy: weights.Policy = "auto") -> LocatedWeights:
        return locate_weights(request, policy=policy, data=self.data, cache=self.cache, say=self.said.append)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    def unreachable(self: HttpDownloader, source: Source, target: Path) -> Path:
        raise Unreachable("cannot download: no connection", where=source.url)

    monkeypatch.setattr(HttpDownloader, "file", unreachable)
    return Desk(tmp_path)


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_no_request_is_a_random_start_by_design(desk: Desk) -> None:
    located = desk.locate(None, "real")
    assert (located.request, located.file, located.provenance) == ("none", None, "random")
    assert desk.said == []


def test_the_places_are_asked_in_order(desk: Desk) -> None:
    places = [
        desk.cache / "weights" / REQUEST.filename,
        desk.torch / "hub" / "checkpoints" / REQUEST.filename,
        desk.data / "weights" / REQUEST.filename,
        desk.data / REQUEST.filename,
    ]
    for place in places:
        put(place)
        located = desk.locate(REQUEST, "real")
        assert located.file == place
        assert located.provenance == "official"
        assert located.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_the_official_name_with_other_bytes_is_an_unofficial_copy_and_said(desk: Desk) -> None:
    put(desk.data / REQUEST.filename, b"other")
    assert desk.locate(REQUEST, "real").provenance == "unofficial copy"
    assert any("not the official file" in line for line in desk.said)


def test_the_users_own_file_is_taken_as_it_is(desk: Desk, tmp_path: Path) -> None:
    mine = put(tmp_path / "mine.pth", b"mine")
    located = desk.locate(WeightsRequest("mine.pth", "mine.pth", path=mine), "real")
    assert (located.file, located.provenance) == (mine, "unofficial copy")


def test_the_users_own_file_may_prove_official(desk: Desk, tmp_path: Path) -> None:
    mine = put(tmp_path / "mine.pth")
    assert desk.locate(WeightsRequest("mine", "mine.pth", sha256=PREFIX, path=mine)).provenance == "official"


@pytest.mark.parametrize("policy", ["auto", "real", "sample"])
def test_a_missing_file_of_the_users_own_is_always_an_error(desk: Desk, policy: weights.Policy) -> None:
    with pytest.raises(WeightsError, match="does not exist"):
        desk.locate(WeightsRequest("x", "x.pth", path=Path("/nowhere/x.pth")), policy)


def test_nowhere_to_be_had_auto_starts_at_random_and_says_it_loudly(desk: Desk) -> None:
    located = desk.locate(REQUEST)
    assert (located.request, located.file, located.sha256) == ("imagenet1k_v1", None, None)
    assert located.provenance == "random"
    assert any("RANDOM" in line and "no connection" in line for line in desk.said)


def test_nowhere_to_be_had_real_says_what_to_put_where(desk: Desk) -> None:
    with pytest.raises(WeightsError) as caught:
        desk.locate(REQUEST, "real")
    for part in (REQUEST.filename, "https://example.org", str(desk.cache / "weights"), "--data"):
        assert part in str(caught.value)


def test_planning_answers_none_where_a_download_would_be_tried(desk: Desk) -> None:
    say = desk.said.append
    assert locate_weights(REQUEST, policy="auto", data=None, cache=desk.cache, download=False, say=say) is None


def test_sample_downloads_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: HttpDownloader, source: Source, target: Path) -> Path:
        raise AssertionError("a download was tried")

    monkeypatch.setattr(HttpDownloader, "file", never)
    assert desk.locate(REQUEST, "sample").provenance == "random"


def test_a_download_is_kept_in_the_cache(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpDownloader, "file", lambda self, source, target: put(target))
    located = desk.locate(REQUEST)
    assert (located.file, located.provenance) == (desk.cache / "weights" / REQUEST.filename, "official")


def test_a_download_with_other_bytes_is_a_weights_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: HttpDownloader, source: Source, target: Path) -> Path:
        raise DataError("the downloaded file is not the official one")

    monkeypatch.setattr(HttpDownloader, "file", wrong)
    with pytest.raises(WeightsError, match="not the official one"):
        desk.locate(REQUEST)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 46830571\n"


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (POINTER, "git-lfs pointer", "git lfs pull"),
        (b"\n  <!DOCTYPE html><html>Sign in</html>", "web page", "download it again"),
        (b"\xef\xbb\xbf<html></html>", "web page", "download it again"),
        (b'{"error": "not found"}', "JSON", "beside it"),
        (b"\x89HDF\r\n\x1a\n", "Keras", "PyTorch"),
        (b"\x1f\x8b\x08", "gzip", "unpack"),
        (b"BZh9", "bzip2", "unpack"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip", "unpack"),
        (b"%PDF-1.4", "PDF", "tensors"),
        (b"", "empty", "fetch it again"),
    ],
)
def test_what_was_brought_in_place_of_weights_is_named_when_planning(
    desk: Desk, tmp_path: Path, content: bytes, what: str, remedy: str
) -> None:
    mine = put(tmp_path / "mine.pth", content)
    with pytest.raises(WeightsError) as caught:
        desk.locate(WeightsRequest("mine.pth", "mine.pth", path=mine))
    assert what in caught.value.what
    assert remedy in (caught.value.remedy or "")
    put(desk.data / REQUEST.filename, content)
    with pytest.raises(WeightsError, match=what):
        desk.locate(REQUEST)


def test_a_folder_in_place_of_weights_is_called_one(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").mkdir()
    with pytest.raises(WeightsError, match="is a folder"):
        desk.locate(WeightsRequest("mine.pth", "mine.pth", path=tmp_path / "mine.pth"))
