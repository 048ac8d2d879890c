"""The policy of where data come from, with a data set of three text files per class."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchsuite import file_stamps
from benchsuite.commands.data_lines import warnings
from benchsuite.contracts.dataset import (
    Dataset,
    DatasetCard,
    DatasetIndex,
    Downloader,
    Found,
    PhotoFiles,
    Preprocessing,
    Source,
    Split,
)
from benchsuite.contracts.parameters import Parameters
from benchsuite.errors import DataError, PluginError, StoreError
from benchsuite.sources import digests
from benchsuite.sources.data import LocatedData, add_remedy, locate_data
from benchsuite.sources.digests import content_fingerprint
from benchsuite.sources.download import Unreachable

CLASSES = ("cat", "dog")
SPLITS = ("train", "validation", "test")


class Letters(Dataset[Parameters]):
    name: ClassVar[str] = "letters"
    Parameters: ClassVar[type[Parameters]] = Parameters

    def __init__(self, fetch: Callable[[Path], None] | None = None) -> None:
        self.fetch = fetch
        self.downloads = self.samples = 0

    def card(self, params: Parameters) -> DatasetCard:
        source = Source("https://example.org/letters.zip", "letters.zip")
        return DatasetCard(
            "Letters", "", "MIT", "", "", (source,), CLASSES, dict.fromkeys(SPLITS, 2), layout="letters/<split>/*"
        )

    def preprocessing(self, params: Parameters) -> Preprocessing:
        return Preprocessing((8, 8), (0, 0, 0), (1, 1, 1))

    def find(self, params: Parameters, root: Path, scratch: Path) -> Found | None:
        home = root / "letters"
        if not home.is_dir():
            return None
        if not (home / "test").is_dir():
            raise DataError("the split test is missing", where=str(home))
        sealed = home / "official"
        if sealed.is_file():
            return Found(home, "official", "checked", fingerprint=sealed.read_text())
        return Found(home, "unofficial copy", "counts match")

    def download(self, params: Parameters, folder: Path, downloader: Downloader) -> None:
        self.downloads += 1
        if self.fetch is None:
            raise Unreachable("cannot download: no connection", where="https://example.org/letters.zip")
        self.fetch(folder)

    def sample(self, params: Parameters, folder: Path) -> None:
        self.samples += 1
        write(folder, "sample")

    def index(self, params: Parameters, folder: Path) -> DatasetIndex:
        def split(name: str) -> Split:
            return Split(PhotoFiles(folder, tuple(f"{name}/{label}" for label in CLASSES)), (0, 1))

        return DatasetIndex(CLASSES, *(split(name) for name in SPLITS))


def write(root: Path, text: str) -> Path:
    for split in SPLITS:
        for label in CLASSES:
            path = root / "letters" / split / label
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text} {split} {label}")
    return root


@dataclass
class Desk:
    """Locates letters with a cache of its own and remembers what was said."""

    cache: Path
    said: list[str] = field(default_factory=list)

    def locate(self, dataset: Letters, **options: Any) -> LocatedData | None:
        given: dict[str, Any] = {"policy": "auto", "data": None} | options
        return locate_data(dataset, Parameters(), cache=self.cache, say=self.said.append, **given)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return Desk(tmp_path / "cache")


def test_the_named_folder_comes_first(desk: Desk, tmp_path: Path) -> None:
    write(desk.cache / "datasets" / "letters", "cached")
    located = desk.locate(Letters(), data=write(tmp_path / "mine", "mine"))
    assert located is not None
    assert located.folder == tmp_path / "mine" / "letters"
    assert located.provenance == "unofficial copy"


def test_the_cache_comes_before_the_network(desk: Desk) -> None:
    write(desk.cache / "datasets" / "letters", "cached")
    dataset = Letters()
    located = desk.locate(dataset, policy="real")
    assert located is not None
    assert located.folder.is_relative_to(desk.cache / "datasets")
    assert dataset.downloads == 0


def test_a_download_ends_in_the_cache_and_is_made_once(desk: Desk) -> None:
    dataset = Letters(lambda folder: void(write(folder, "fetched")))
    first, second = desk.locate(dataset), desk.locate(dataset)
    assert first == second
    assert dataset.downloads == 1
    assert sorted(path.name for path in (desk.cache / "datasets").iterdir()) == ["letters"]


def void(value: object) -> None:
    return


def test_without_a_network_auto_uses_the_sample_and_says_why(desk: Desk) -> None:
    located = desk.locate(Letters())
    assert located is not None
    assert located.provenance == "synthetic sample"
    assert any("no connection" in line and "synthetic sample" in line for line in desk.said)


def test_without_a_network_real_says_what_to_put_where(desk: Desk) -> None:
    with pytest.raises(DataError) as caught:
        desk.locate(Letters(), policy="real")
    message = str(caught.value)
    for part in ("letters/<split>/*", "https://example.org/letters.zip", "--data", "BENCHSUITE_DATA", "no connection"):
        assert part in message


def test_sample_never_looks(desk: Desk, tmp_path: Path) -> None:
    dataset = Letters()
    located = desk.locate(dataset, policy="sample", data=write(tmp_path / "mine", "mine"))
    assert located is not None
    assert located.provenance == "synthetic sample"
    assert dataset.downloads == 0


def test_the_sample_is_made_once(desk: Desk) -> None:
    dataset = Letters()
    assert desk.locate(dataset, policy="sample") == desk.locate(dataset, policy="sample")
    assert dataset.samples == 1


def test_planning_downloads_nothing_and_answers_none(desk: Desk) -> None:
    dataset = Letters()
    assert desk.locate(dataset, download=False) is None
    assert desk.locate(dataset, policy="real", download=False) is None
    assert dataset.downloads == dataset.samples == 0


def test_offline_no_download_is_tried(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dataset = Letters(lambda folder: void(write(folder, "fetched")))
    located = desk.locate(dataset, download=False)
    assert located is not None
    assert located.provenance == "synthetic sample"
    assert dataset.downloads == 0
    assert any("HF_HUB_OFFLINE" in line for line in desk.said)


def test_a_named_folder_without_the_data_is_an_error_only_for_real(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="letters"):
        desk.locate(Letters(), policy="real", data=tmp_path)
    located = desk.locate(Letters(), data=tmp_path)
    assert located is not None
    assert located.provenance == "synthetic sample"
    assert any("looking further" in line for line in desk.said)


def test_a_named_folder_that_does_not_exist_is_an_error(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        desk.locate(Letters(), data=tmp_path / "typo")


def test_broken_data_never_fall_through_to_the_sample(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "letters" / "train").mkdir(parents=True)
    dataset = Letters()
    with pytest.raises(DataError, match="split test is missing"):
        desk.locate(dataset, data=tmp_path)
    assert dataset.samples == 0


def test_own_data_are_looked_for_in_the_current_folder_when_none_is_named(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Letters, "origin", "own")
    monkeypatch.chdir(write(tmp_path / "here", "mine"))
    located = desk.locate(Letters(), policy="real")
    assert located is not None
    assert located.folder == tmp_path / "here" / "letters"
    elsewhere = desk.locate(Letters(), data=write(tmp_path / "there", "mine"))
    assert elsewhere is not None
    assert elsewhere.folder == tmp_path / "there" / "letters"


@pytest.mark.parametrize("download", [True, False])
def test_own_data_that_are_absent_are_an_error_and_never_the_sample(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, download: bool
) -> None:
    class Absent(Letters):
        origin = "own"

        def find(self, params: Parameters, root: Path, scratch: Path) -> Found | None:
            raise DataError("not there", where=str(root))

    monkeypatch.chdir(tmp_path)
    dataset = Absent()
    with pytest.raises(DataError, match="not there"):
        desk.locate(dataset, download=download)
    assert dataset.samples == dataset.downloads == 0


@pytest.mark.parametrize("download", [True, False])
def test_generated_data_are_the_sample_and_nothing_is_looked_for(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, download: bool
) -> None:
    monkeypatch.setattr(Letters, "origin", "generated")
    dataset = Letters()
    located = desk.locate(dataset, data=write(tmp_path / "mine", "mine"), download=download)
    assert located is not None
    assert located.provenance == "synthetic sample"
    assert (dataset.downloads, desk.said) == (0, [])


def test_real_accepts_no_generated_data(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Letters, "origin", "generated")
    with pytest.raises(DataError, match="letters is generated"):
        desk.locate(Letters(), policy="real")


def test_a_broken_download_is_an_error_and_is_not_kept(desk: Desk) -> None:
    dataset = Letters(lambda folder: (folder / "letters" / "train").mkdir(parents=True))
    with pytest.raises(DataError, match="split test is missing"):
        desk.locate(dataset)
    assert list((desk.cache / "datasets").iterdir()) == []
    assert dataset.samples == 0


def test_a_download_that_find_does_not_see_is_the_plugins_fault(desk: Desk) -> None:
    with pytest.raises(PluginError, match="does not find its own"):
        desk.locate(Letters(lambda folder: None))


def test_something_else_in_the_caches_place_is_an_error(desk: Desk) -> None:
    (desk.cache / "datasets" / "letters" / "junk").mkdir(parents=True)
    with pytest.raises(DataError, match="something that is not"):
        desk.locate(Letters())


def test_official_data_that_were_changed_are_an_unofficial_copy(desk: Desk, tmp_path: Path) -> None:
    home = write(tmp_path / "mine", "mine") / "letters"
    (home / "official").write_text(content_fingerprint(Letters().index(Parameters(), home)))
    before = desk.locate(Letters(), data=tmp_path / "mine")
    (home / "test" / "cat").write_text("tampered with")
    after = desk.locate(Letters(), data=tmp_path / "mine")
    assert before is not None
    assert after is not None
    assert (before.provenance, after.provenance) == ("official", "unofficial copy")
    assert "changed" in after.evidence


def test_the_fingerprint_depends_on_content_and_not_on_the_folder(desk: Desk, tmp_path: Path) -> None:
    one, two, other = (
        desk.locate(Letters(), data=write(tmp_path / name, text))
        for name, text in (("a", "same"), ("b", "same"), ("c", "other"))
    )
    assert one is not None
    assert two is not None
    assert other is not None
    assert one.fingerprint == two.fingerprint != other.fingerprint
    assert one.ordered_fingerprint == two.ordered_fingerprint != other.ordered_fingerprint
    assert set(one.digests) == set(SPLITS)
    assert one.digests["test"][0] == hashlib.sha256(one.index.test.images.read(0)).hexdigest()


def test_the_order_of_the_images_counts_for_runs_and_not_for_the_data(desk: Desk, tmp_path: Path) -> None:
    found = desk.locate(Letters(), data=write(tmp_path, "same"))
    assert found is not None
    train = found.index.train
    names = tuple(reversed(train.images.names))
    turned = replace(train, images=replace(train.images, names=names), labels=tuple(reversed(train.labels)))
    index = replace(found.index, train=turned)
    other = replace(found, index=index, fingerprint=content_fingerprint(index))
    assert other.fingerprint == found.fingerprint
    assert other.ordered_fingerprint != found.ordered_fingerprint


def test_unchanged_files_are_not_read_again(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mine", "mine")
    monkeypatch.setattr(file_stamps, "SETTLED_NS", 0)
    first = desk.locate(Letters(), data=tmp_path / "mine")
    read: list[Path] = []
    original = digests.file_sha256
    monkeypatch.setattr(digests, "file_sha256", lambda path: (read.append(path), original(path))[1])
    assert desk.locate(Letters(), data=tmp_path / "mine") == first
    assert read == []
    (tmp_path / "mine" / "letters" / "train" / "dog").write_text("another")
    changed = desk.locate(Letters(), data=tmp_path / "mine")
    assert [path.name for path in read] == ["dog"]
    assert changed is not None
    assert first is not None
    assert changed.fingerprint != first.fingerprint


@pytest.mark.parametrize("how", ["in place", "by another file"])
def test_files_replaced_with_size_and_time_kept_are_read_again(
    how: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_stamps, "SETTLED_NS", 0)
    write(tmp_path / "mine", "mine")
    first = desk.locate(Letters(), data=tmp_path / "mine")
    file = tmp_path / "mine" / "letters" / "train" / "dog"
    status, other = file.stat(), file.with_name("new")
    other.write_bytes(bytes(status.st_size))
    if how == "in place":
        file.write_bytes(other.read_bytes())
        other.unlink()
    else:
        other.replace(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = desk.locate(Letters(), data=tmp_path / "mine")
    assert changed is not None
    assert first is not None
    assert changed.fingerprint != first.fingerprint


def test_files_that_changed_just_now_are_not_remembered(desk: Desk, tmp_path: Path) -> None:
    """They may change once more within one tick of the file system's clock."""
    write(tmp_path / "mine", "mine")
    desk.locate(Letters(), data=tmp_path / "mine")
    assert [json.loads(path.read_text()) for path in (desk.cache / "digests").iterdir()] == [{}]


def test_remembered_digests_that_are_nonsense_are_ignored(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "mine", "mine")
    first = desk.locate(Letters(), data=tmp_path / "mine")
    for content in ("[]", '{"train/cat": 3}', "{", json.dumps({"train/cat": [1, 2]})):
        for path in (desk.cache / "digests").iterdir():
            path.write_text(content)
        assert desk.locate(Letters(), data=tmp_path / "mine") == first


def test_two_at_once_download_once(desk: Desk) -> None:
    inside = threading.Barrier(2, timeout=10)

    def fetch(folder: Path) -> None:
        inside.wait()
        write(folder, "fetched")

    dataset = Letters(fetch)
    threads = [threading.Thread(target=desk.locate, args=(dataset,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait()
    for thread in threads:
        thread.join(20)
    assert dataset.downloads == 1


def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cache folder") as caught:
        Desk(tmp_path / "cache").locate(Letters(), policy="sample")
    assert "BENCHSUITE_CACHE" in str(caught.value)


def test_a_sample_is_drawn_anew_when_a_file_of_the_plugin_has_changed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "letters_plugin"
    package.mkdir()
    for name, content in {"__init__.py": "", "drawing.py": "", "dataset.py": "class Drawn:\n    pass\n"}.items():
        (package / name).write_text(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin: Any = importlib.import_module("letters_plugin.dataset")

    class Drawn(Letters):
        pass

    monkeypatch.setattr(Drawn, "__module__", plugin.__name__)
    monkeypatch.setattr("benchsuite.sources.data.inspect.getsourcefile", lambda cls: plugin.__file__)

    def sampled() -> int:
        dataset = Drawn()
        desk.locate(dataset, policy="sample")
        return dataset.samples

    assert (sampled(), sampled()) == (1, 0)
    (package / "drawing.py").write_text("INK = 'blue'\n")
    assert (sampled(), sampled()) == (1, 0)


@pytest.mark.parametrize(
    ("place", "remade"), [("datasets", "downloaded"), ("unpacked", "unpacked"), ("samples", "drawn")]
)
def test_only_what_the_cache_can_make_again_is_told_to_go(tmp_path: Path, place: str, remade: str) -> None:
    cache, broken = tmp_path / "cache", "replace the file with an intact copy"
    kept = add_remedy(DataError("broken", where=str(tmp_path / "photos" / place / "1.jpg"), remedy=broken), cache)
    assert kept.remedy == broken
    home = cache / place / "letters"
    said = add_remedy(DataError("broken", where=str(home / "train" / "1.jpg"), remedy=broken), cache)
    assert said.remedy == f"{broken}; without {home} it is {remade} again"


def test_nobody_is_told_to_delete_a_folder_of_photos(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8")
    images = PhotoFiles(tmp_path, ("cut.jpg",))
    with pytest.raises(DataError) as caught:
        images.decode(0, images.read(0))
    assert caught.value.remedy == "replace the file with an intact copy, or leave such photos out with --skip-broken"


def test_counts_and_copies_of_the_images_are_told(desk: Desk, tmp_path: Path) -> None:
    home = write(tmp_path / "mine", "mine")
    found = desk.locate(Letters(), data=home)
    assert found is not None
    assert found.counts == dict.fromkeys(SPLITS, (1, 1))
    assert found.duplicates == {}
    for copy, original in (("test/cat", "train/cat"), ("validation/dog", "train/dog"), ("test/dog", "train/cat")):
        (home / "letters" / copy).write_bytes((home / "letters" / original).read_bytes())
    copied = desk.locate(Letters(), data=home)
    assert copied is not None
    assert copied.duplicates == {"validation in train": 1, "test in train": 2, "test in test": 1, "classes": 3}


def test_copies_within_a_split_are_told(tmp_path: Path) -> None:
    put_in = {name: Split(PhotoFiles(tmp_path, ("a", "b", "c")), (0, 1, 0)) for name in SPLITS}
    digests = {"train": ["1", "1", "2"], "validation": ["3", "4", "5"], "test": ["6", "7", "6"]}
    index = DatasetIndex(("cat", "dog"), **put_in)
    found = LocatedData(tmp_path, "own data", "", index, "", digests)
    assert found.duplicates == {"train in train": 1, "test in test": 1, "classes": 2}
    assert list(warnings(found)) == [
        "1 of 3 train images repeated in it, byte for byte",
        "1 of 3 test images repeated in it, byte for byte",
        "2 images with a copy in another class: one of the two labels is wrong",
    ]


class OwnLetters(Letters):
    origin = "own"
    sample = Dataset.sample  # type: ignore[assignment]  # as if it were not written


def test_the_users_own_files_need_no_sample_and_one_that_is_asked_for_is_refused(desk: Desk, tmp_path: Path) -> None:
    found = desk.locate(OwnLetters(), data=write(tmp_path / "mine", "own"))
    assert found is not None
    with pytest.raises(DataError, match="the data set letters has no synthetic sample") as caught:
        desk.locate(OwnLetters(), policy="sample")
    assert "name the folder that holds its files with --data" in (caught.value.remedy or "")
    assert not list((desk.cache / "samples").iterdir())
