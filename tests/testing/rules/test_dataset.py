"""Each rule of data sets is kept by a sound one, and broken by one that breaks it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchsuite.api import (
    Augmentation,
    CardTranslation,
    DataError,
    Dataset,
    DatasetCard,
    DatasetIndex,
    Found,
    PhotoFiles,
    Preprocessing,
    Split,
)
from benchsuite.testing.harness.outcomes import Broken, Inapplicable
from benchsuite.testing.rules.catalogue import rules_of
from benchsuite.testing.rules.dataset import RULES
from support.contract import Dots, check


class OtherClasses(Dots):
    def index(self, params: Any, folder: Path) -> DatasetIndex:
        return replace(super().index(params, folder), classes=("blue", "red", "green"))


class RandomSample(Dots):
    def sample(self, params: Any, folder: Path) -> None:
        super().sample(params, folder)
        (folder / "dots" / "readme.txt").write_bytes(os.urandom(8))


class SampleByHash(Dots):
    def sample(self, params: Any, folder: Path) -> None:
        super().sample(params, folder)
        (folder / "dots" / "readme.txt").write_text(" ".join({f"word{i}" for i in range(20)}))


class UnsortedIndex(Dots):
    def split(self, folder: Path, name: str) -> Split:
        files = tuple({path.relative_to(folder).as_posix() for path in (folder / name).glob("*.png")})
        return Split(PhotoFiles(folder, files), self.labels(files))


class AbsoluteNames(Dots):
    def split(self, folder: Path, name: str) -> Split:
        sound = super().split(folder, name)
        assert isinstance(sound.images, PhotoFiles)
        return replace(sound, images=PhotoFiles(folder, tuple(str(folder / name) for name in sound.images.names)))


class TestInTraining(Dots):
    __test__ = False

    def index(self, params: Any, folder: Path) -> DatasetIndex:
        sound = super().index(params, folder)
        return replace(sound, test=sound.train)


class LabelsFromOne(Dots):
    def labels(self, files: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(label + 1 for label in super().labels(files))


class ClassNeverTrained(Dots):
    def index(self, params: Any, folder: Path) -> DatasetIndex:
        sound = super().index(params, folder)
        return replace(sound, train=replace(sound.train, labels=tuple(min(n, 1) for n in sound.train.labels)))


class OneName(Dots):
    def index(self, params: Any, folder: Path) -> DatasetIndex:
        sound = super().index(params, folder)
        assert isinstance(sound.train.images, PhotoFiles)
        names = sound.train.images.names
        return replace(sound, train=replace(sound.train, images=PhotoFiles(folder, (names[0], *names[:-1]))))


class CallsItselfOfficial(Dots):
    def find(self, params: Any, root: Path, scratch: Path) -> Found | None:
        found = super().find(params, root, scratch)
        return found and Found(found.folder, "official", "it looks like it")


class FindsItAnywhere(Dots):
    def find(self, params: Any, root: Path, scratch: Path) -> Found | None:
        return Found(root / "dots", "unofficial copy", "none")


@dataclass(frozen=True)
class Forgiving(PhotoFiles):
    """Photos that are black where they cannot be read."""

    def decode(self, i: int, content: bytes) -> Any:
        from PIL import Image

        try:
            return super().decode(i, content)
        except DataError:
            return Image.new("RGB", (8, 8))


class BlackForBroken(Dots):
    def split(self, folder: Path, name: str) -> Split:
        sound = super().split(folder, name)
        return replace(sound, images=Forgiving(folder, tuple(sound.images.names)))


@dataclass(frozen=True)
class Nagging(PhotoFiles):
    """Photos whose errors do not say which of them is broken."""

    def decode(self, i: int, content: bytes) -> Any:
        try:
            return super().decode(i, content)
        except DataError:
            raise DataError("a photo is broken") from None


class NamesNoFile(Dots):
    def split(self, folder: Path, name: str) -> Split:
        sound = super().split(folder, name)
        return replace(sound, images=Nagging(folder, tuple(sound.images.names)))


class Telephoning(Dots):
    def index(self, params: Any, folder: Path) -> DatasetIndex:
        with suppress(OSError):
            socket.create_connection(("192.0.2.1", 80), timeout=0.1)
        return super().index(params, folder)


class DecodingIndex(Dots):
    def index(self, params: Any, folder: Path) -> DatasetIndex:
        index = super().index(params, folder)
        index.train.images.decode(0, index.train.images.read(0))
        return index


class TorchInIndex(Dots):
    def index(self, params: Any, folder: Path) -> DatasetIndex:
        import torch  # noqa: F401

        return super().index(params, folder)


@dataclass(frozen=True)
class Grey(PhotoFiles):
    def decode(self, i: int, content: bytes) -> Any:
        return super().decode(i, content).convert("L")


class GreyPhotos(Dots):
    def split(self, folder: Path, name: str) -> Split:
        sound = super().split(folder, name)
        return replace(sound, images=Grey(folder, tuple(sound.images.names)))


@dataclass(frozen=True)
class Reopened(PhotoFiles):
    """Photos that are hashed, and opened once more to be decoded."""

    def decode(self, i: int, content: bytes) -> Any:
        return super().decode(i, self.path(i).read_bytes())


class ReadsAgain(Dots):
    def split(self, folder: Path, name: str) -> Split:
        sound = super().split(folder, name)
        return replace(sound, images=Reopened(folder, tuple(sound.images.names)))


@dataclass(frozen=True)
class Stamped(PhotoFiles):
    """Photos with what is true at the moment before their bytes."""

    def read(self, i: int) -> bytes:
        return super().read(i) + str(time.perf_counter_ns()).encode()


class ReadsTheClock(Dots):
    def split(self, folder: Path, name: str) -> Split:
        sound = super().split(folder, name)
        return replace(sound, images=Stamped(folder, tuple(sound.images.names)))


class UnknownAugmentation(Dots):
    def preprocessing(self, params: Any) -> Preprocessing:
        return replace(super().preprocessing(params), augmentations=(Augmentation("swirl"),))


class Translated(Dots):
    """Tells its summary and a title of a class in English, too."""

    language: ClassVar[str] = "en"
    titles: ClassVar[Mapping[str, str]] = {"red": "scarlet"}

    def card(self, params: Any) -> DatasetCard:
        said = CardTranslation(summary="Three colours.", class_titles=self.titles)
        return replace(super().card(params), class_titles={"red": "rojo"}, translations={self.language: said})


class TitlesNoClass(Translated):
    """Has no class of this name."""

    titles: ClassVar[Mapping[str, str]] = {"purple": "violet"}


class SpeaksFrench(Translated):
    """In which there are no papers."""

    language = "fr"


BROKEN: list[tuple[str, type[Dots], str]] = [
    ("card-speaks", TitlesNoClass, "in English it has titles of classes that it does not have"),
    ("card-speaks", SpeaksFrench, "papers have no language fr"),
    ("sample-found", OtherClasses, "blue, red, green; the card has blue, green, red"),
    ("sample-twice", RandomSample, "a second call writes 1 of 37 files otherwise: dots/readme.txt"),
    ("sample-twice", SampleByHash, "another process writes 1 of 37 files otherwise: dots/readme.txt"),
    ("index-same", UnsortedIndex, "another process, in another folder, gives other names of train"),
    ("splits-disjoint", TestInTraining, "18 images are in two splits"),
    ("labels-right", LabelsFromOne, "no integer from 0 to 2: 3"),
    ("labels-right", ClassNeverTrained, "train has no image of red"),
    ("names-unique", OneName, "train: given more than once: train/blue_00.png"),
    ("names-unique", AbsoluteNames, "not relative"),
    ("provenance-honest", CallsItselfOfficial, "find() calls the sample official, since it looks like it"),
    ("provenance-honest", FindsItAnywhere, "takes an empty folder"),
    ("corrupt-refused", BlackForBroken, "nothing is refused"),
    ("corrupt-refused", NamesNoFile, "does not name it: a photo is broken"),
    ("no-network", Telephoning, "index() asks the network"),
    ("index-light", DecodingIndex, "index() decodes 1 images"),
    ("index-light", TorchInIndex, "find() and index() import torch"),
    ("images-decode", GreyPhotos, "decodes as 'L'"),
    ("images-decode", ReadsAgain, "is not decoded from the bytes that were read"),
    ("images-decode", ReadsTheClock, "other bytes the second time"),
    ("trains", UnknownAugmentation, "the run failed: "),
]


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_sound_data_set_keeps_the_rule(rule: str, tmp_path: Path) -> None:
    check(Dots, rule, tmp_path)


@pytest.mark.parametrize(("rule", "component", "words"), BROKEN, ids=[f"{r}-{c.__name__}" for r, c, _ in BROKEN])
def test_a_data_set_that_breaks_the_rule_is_caught(
    rule: str, component: type[Dots], words: str, tmp_path: Path
) -> None:
    with pytest.raises(Broken) as caught:
        check(component, rule, tmp_path)
    assert words in str(caught.value)


def test_what_a_card_does_not_say_in_a_language_is_told(tmp_path: Path) -> None:
    assert check(Translated, "card-speaks", tmp_path) == "in all"
    told = check(Dots, "card-speaks", tmp_path)
    assert told == "in English no summary: such papers give the title, and classes by their own names"


def test_every_rule_is_broken_by_something() -> None:
    assert {rule for rule, _, _ in BROKEN} == {rule.id for rule in RULES}


class WithoutSample(Dots):
    """The user's own dots, in the current folder."""

    origin = "own"
    sample = Dataset.sample  # type: ignore[assignment]  # as if it were not written

    def find(self, params: Any, root: Path, scratch: Path) -> Found | None:
        if not (root / "dots").is_dir():
            raise DataError("there are no dots", where=str(root), expected="a folder dots", remedy="bring them")
        return Found(root / "dots", "own data", "the user's own folder")


class PublishedWithoutSample(Dots):
    sample = Dataset.sample  # type: ignore[assignment]


@pytest.fixture
def own_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "mine"
    home.mkdir()
    Dots().sample(Dots.Parameters(), home)
    monkeypatch.chdir(home)
    return home


@pytest.mark.parametrize("rule", [rule.id for rule in rules_of("dataset") if rule.id != "bibtex-reads"])
def test_the_users_own_files_stand_in_for_a_sample_that_there_is_not(rule: str, own_dots: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in own_dots.rglob("*") if path.is_file()}
    with pytest.raises(Inapplicable, match="no sample") if rule == "sample-twice" else nullcontext():
        check(WithoutSample, rule, tmp_path / "checks")
    assert {path: path.read_bytes() for path in own_dots.rglob("*") if path.is_file()} == before


def test_what_is_not_the_users_own_has_a_sample(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"it has no sample\(\), and its origin is 'published'"):
        check(PublishedWithoutSample, "sample-found", tmp_path)


def test_files_that_are_not_here_are_told_by_the_data_set_itself(tmp_path: Path, own_dots: Path) -> None:
    (own_dots / "dots").rename(own_dots / "elsewhere")
    with pytest.raises(DataError, match="there are no dots"):
        check(WithoutSample, "sample-found", tmp_path / "checks")
