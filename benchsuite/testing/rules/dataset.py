"""The rules of data sets: the sample, the index, the images, and honesty about where they come from."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from benchsuite.contracts.dataset import DatasetIndex
from benchsuite.errors import DataError
from benchsuite.sources.digests import splits_of
from benchsuite.suite.schema.suite import LANGUAGES
from benchsuite.testing.harness import subprocess_check
from benchsuite.testing.harness.outcomes import Broken, Inapplicable, check, join_some, one_line
from benchsuite.testing.harness.reference_components import Blocks, OnePhase
from benchsuite.testing.harness.subject import Subject
from benchsuite.testing.harness.subprocess_check import Listing, in_new_process, listing_of
from benchsuite.testing.rules.rule import Rule, rule_declarer

RULES: list[Rule] = []
rule = rule_declarer(RULES)

MOST_CORRUPTED = 8
"""Files of the sample that are spoilt, one at a time."""
MOST_DECODED = 48
"""Images that are decoded of each split."""
NETWORK_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")

_forbidden: list[str] | None = None
"""While the network is forbidden: what was tried nevertheless."""


@rule(
    "the sample is found, with the official layout",
    means="Every suite can be tried without the data, through the very code that reads the real ones.",
    remedy="let sample() write the folders and files of the official distribution, and find() recognise them (only "
    "a data set of the user's own files, origin = 'own', does without, and is checked in the folder of these); the "
    "index must have the splits and the classes of the card.",
)
def sample_found(subject: Subject) -> str:
    card, index = subject.component.card(subject.params), subject.index
    check(isinstance(index, DatasetIndex), f"index() returned {type(index).__name__}; expected a DatasetIndex")
    check(
        not card.classes or tuple(index.classes) == tuple(card.classes),
        f"the index has the classes {join_some(index.classes)}; the card has {join_some(card.classes)}",
    )
    named = set(card.splits)
    check(not named or named == set(splits_of(index)), f"the card has the splits {join_some(sorted(named))}")
    for name, split in splits_of(index).items():
        check(len(split) > 0, f"the split {name} is empty")
        images = len(split.images)
        check(images == len(split.labels), f"{name} has {images} images and {len(split.labels)} labels")
    return ", ".join(f"{len(split)} {name}" for name, split in splits_of(index).items())


@rule(
    "its card speaks the languages of papers",
    means="A paper is in one language: what a card does not say in it, the paper goes without.",
    remedy="give the card translations={'en': CardTranslation(summary=..., class_titles=...)}, with the classes' own "
    "names as keys.",
)
def card_speaks(subject: Subject) -> str:
    card = subject.component.card(subject.params)
    foreign = card.translations.keys() - LANGUAGES.keys()
    check(not foreign, f"papers have no language {join_some(sorted(foreign))}")
    told = []
    for language, called in LANGUAGES.items():
        said = card.in_language(language)
        strange = set(said.class_titles) - set(card.classes)
        check(not strange, f"in {called} it has titles of classes that it does not have: {join_some(sorted(strange))}")
        lacking = [] if said.summary else ["no summary"]
        lacking += ["no sentence on validation"] if card.validation and not said.validation else []
        lacking += ["no titles of classes"] if card.class_titles and not said.class_titles else []
        told += [f"in {called} {' and '.join(lacking)}"] if lacking else []
    return f"{'; '.join(told)}: such papers give the title, and classes by their own names" if told else "in all"


@rule(
    "the sample is the same bytes twice",
    means="Smoke runs are compared between machines; a sample that changes makes all of them due again.",
    remedy="draw from a generator with a fixed key (numpy.random.Philox), write no dates, and depend on no set's "
    "order.",
)
def sample_twice(subject: Subject) -> str:
    if not subject.draws_sample:
        raise Inapplicable("it has no sample; the user's own files stand in for it")
    again, foreign = subject.new_folder("again"), subject.new_folder("foreign")
    subject.component.sample(subject.params, again)
    in_new_process(subject, subprocess_check.write_sample, subject.origin, subject.given, foreign, hash_seed=2)
    first = _digests(subject.sample)
    for what, other in (("a second call", again), ("another process", foreign)):
        written = _digests(other)
        different = sorted(name for name in {*first, *written} if first.get(name) != written.get(name))
        check(not different, f"{what} writes {len(different)} of {len(first)} files otherwise: {join_some(different)}")
    return f"{len(first)} files"


@rule(
    "the index is the same everywhere",
    means="The order of the images decides which one a random draw takes; the run key holds names and digests.",
    remedy="sort what the file system lists, never iterate over a set, and name images relative to the folder.",
)
def index_same(subject: Subject) -> str:
    first = listing_of(subject.index)
    again = listing_of(subject.component.index(subject.params, subject.found(subject.sample)))
    check(first == again, _differing("a second call", first, again))
    # Copied backwards, so that a folder's order on disk is another one, and read with other hash seeds.
    copy = subject.new_folder("elsewhere") / "backwards"
    _copy_backwards(subject.sample, copy)
    there = _index_in_new_process(subject, copy, hash_seed=3).listing
    check(first == there, _differing("another process, in another folder,", first, there))
    return f"{sum(len(names) for names, _, _ in first[1].values())} images"


@rule(
    "no image is in two splits",
    means="A test image that was trained on makes every accuracy of every paper too good.",
    remedy="divide before copying, and compare contents, not names; draw other samples for other splits.",
)
def splits_disjoint(subject: Subject) -> None:
    seen: dict[str, tuple[str, str]] = {}
    twice = []
    for split, (names, _, digests) in listing_of(subject.index)[1].items():
        for name, digest in zip(names, digests, strict=True):
            first = seen.setdefault(digest, (split, name))
            if first[0] != split:
                twice.append(f"{first[0]} {first[1]} is {split} {name}")
    check(not twice, f"{len(twice)} images are in two splits: {join_some(twice)}")


@rule(
    "labels are class numbers, and training sees every class",
    means="A class that is never trained on cannot be learnt; a label out of range ends the run on a GPU without a "
    "word.",
    remedy="number the classes from 0 in the order of `classes`, with plain integers.",
)
def labels_right(subject: Subject) -> str:
    classes = len(subject.index.classes)
    check(classes >= 2, f"there are {classes} classes")
    check(len(set(subject.index.classes)) == classes, f"a class is named twice: {join_some(subject.index.classes)}")
    for name, split in splits_of(subject.index).items():
        wrong = [label for label in split.labels if type(label) is not int or not 0 <= label < classes]
        check(
            not wrong, f"{name} has labels that are no integer from 0 to {classes - 1}: {join_some(map(repr, wrong))}"
        )
    absent = [subject.index.classes[i] for i in range(classes) if i not in set(subject.index.train.labels)]
    check(not absent, f"train has no image of {join_some(absent)}")
    return f"{classes} classes"


@rule(
    "image names are unique in their split",
    means="Records and papers tell images apart by name; predictions of two with one name would be mixed up.",
    remedy="use the path relative to the data set's folder, with forward slashes.",
)
def names_unique(subject: Subject) -> None:
    for split, images in splits_of(subject.index).items():
        names = tuple(images.images.names)
        check(len(names) == len(images.images), f"{split}: {len(names)} names for {len(images.images)} images")
        twice = [name for name, count in Counter(names).items() if count > 1]
        check(not twice, f"{split}: given more than once: {join_some(twice)}")
        foreign = [name for name in names if "\\" in name or Path(name).is_absolute()]
        check(not foreign, f"{split}: not relative, with forward slashes: {join_some(foreign)}")


@rule(
    "a sample never passes for official data",
    means="Generated pictures that are reported as the official data set would be a false paper.",
    remedy="say `official` only when every published checksum matches, and `synthetic sample` or `unofficial copy` "
    "else.",
)
def provenance_honest(subject: Subject) -> str:
    from benchsuite.sources.data import locate_data

    found = subject.component.find(subject.params, subject.sample, subject.new_folder("scratch"))
    check(found is not None, "find() returned None for the folder that sample() wrote")
    check(found.provenance != "official", f"find() calls the sample official, since {found.evidence}")
    if subject.component.origin == "published":
        check(found.provenance != "own data", "find() calls the sample the user's own data")
    check(bool(found.evidence.strip()), "find() gives no evidence for the provenance")
    if subject.draws_sample:
        cache = subject.new_folder("cache")
        located = locate_data(subject.component, subject.params, policy="sample", data=None, cache=cache, say=print)
        check(located.provenance == "synthetic sample", f"asked for as a sample it is {located.provenance}")
    if subject.component.origin in ("generated", "packaged"):
        return str(found.provenance)
    empty = subject.new_folder("empty")
    try:
        nothing = subject.component.find(subject.params, empty, subject.new_folder("scratch"))
    except DataError:
        nothing = None  # what is the user's own must be there
    check(nothing is None, "find() takes an empty folder for the data set")
    return f"in a data folder it would be: {found.provenance}"


@rule(
    "a corrupt file is refused by name",
    means="Half a photo, or a table cut off by a broken download, must stop a study, not bend it.",
    remedy="raise DataError with the file in `where` for what cannot be read; PhotoFiles does so for photos. Compare "
    "counts with the official ones, so that a shortened table is noticed.",
)
def corrupt_refused(subject: Subject) -> str:
    if subject.component.origin == "generated":
        raise Inapplicable("its images are computed, not read")
    whole = listing_of(subject.index)
    copy = subject.copy_of_sample("corrupt")
    files = sorted((path for path in copy.rglob("*") if path.is_file()), key=lambda path: path.as_posix())
    chosen = _spread(files, MOST_CORRUPTED)
    for file in chosen:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        name = file.relative_to(copy).as_posix()
        try:
            fault = _refused(subject, copy, whole, name)
        finally:
            file.write_bytes(content)
        if fault is not None and not isinstance(fault, DataError):
            raise Broken(f"with half of {name}, no DataError but {type(fault).__name__}: {one_line(fault)}") from fault
        if fault is not None and file.name not in str(fault):
            raise Broken(f"with half of {name}, the DataError does not name it: {fault.what}")
    return f"{len(chosen)} of {len(files)} files cut in half, one at a time"


@rule(
    "nothing but download() uses the network",
    means="Runs are repeated on machines without a network, and what it answers today it may not answer tomorrow.",
    remedy="fetch in download(), through the downloader that it is given, which verifies and resumes.",
)
def no_network(subject: Subject) -> None:
    component, params = subject.component, subject.params
    said = []
    folder = subject.new_folder("offline") if subject.draws_sample else subject.sample
    with _no_network() as tried:
        for name, call in (
            ("card()", lambda: component.card(params)),
            ("sample()", lambda: component.sample(params, folder) if subject.draws_sample else None),
            ("find()", lambda: subject.found(folder)),
            ("index()", lambda: component.index(params, subject.found(folder))),
        ):
            tried.clear()
            try:
                call()
            except Exception as error:
                print(f"{name} raised {type(error).__name__}: {error}")
                if not tried:
                    raise
            said += [f"{name} {tried[0]}"] if tried else []
            if said:
                break
    check(not said, f"with the network forbidden, {join_some(said)}")


@rule(
    "the index decodes nothing and imports no torch",
    means="Planning a study reads every index; it must stay a matter of moments.",
    remedy="read names and metadata only; decode() decodes, and the engine calls it once for each image.",
)
def index_light(subject: Subject) -> None:
    found = _index_in_new_process(subject, subject.sample)
    check(not found.heavy, f"find() and index() import {join_some(found.heavy)}")
    check(found.decoded == 0, f"index() decodes {found.decoded} images")


@rule(
    "every image decodes to RGB, from the bytes that were read",
    means="The key of a run holds the hash of these bytes; pixels that come from elsewhere would be in no key.",
    remedy="decode the `content` that is given, and nothing else: open no file and draw nothing at random in decode(), "
    'convert with picture.convert("RGB"), and let read() put before the bytes what else decides the pixels.',
)
def images_decode(subject: Subject) -> str:
    copy = subject.copy_of_sample("changing")
    decoded = 0
    for name, split in splits_of(subject.component.index(subject.params, subject.found(copy))).items():
        chosen = _spread(range(len(split)), MOST_DECODED)
        contents = {i: split.images.read(i) for i in chosen}
        pictures = {i: split.images.decode(i, content) for i, content in contents.items()}
        # Whatever is read again from here on is something else, or nothing.
        _spoil(copy)
        for i, picture in pictures.items():
            what = f"{name} {split.images.names[i]}"
            check(getattr(picture, "mode", None) == "RGB", f"{what} decodes as {getattr(picture, 'mode', picture)!r}")
            try:
                again = split.images.decode(i, contents[i])
            except Exception as error:
                raise Broken(f"{what} is not decoded from the bytes that were read: {one_line(error)}") from error
            check(picture.tobytes() == again.tobytes(), f"{what} has other pixels the second time, from the same bytes")
        _restore(copy, subject.sample)
        for i, content in contents.items():
            check(split.images.read(i) == content, f"{name} {split.images.names[i]}: other bytes the second time")
        decoded += len(chosen)
    return f"{decoded} images, each from its own bytes"


@rule(
    "a network trains on the sample for an epoch",
    means="This is what the first try of every suite does: decoding, resizing, normalising, augmenting, training.",
    remedy="read what the run says; preprocessing() and smoke() are the usual places.",
)
def trains(subject: Subject) -> str:
    from benchsuite.testing.harness.small_run import BoundComponent, RunSetup, bind_reference

    folder = subject.new_folder("run")
    bound = BoundComponent(subject.entry, subject.params)
    setup = RunSetup(folder, bound, bind_reference(Blocks), bind_reference(OnePhase))
    if not subject.draws_sample:
        shutil.copytree(subject.sample, folder / "data")
    pinned = [f"dataset.{name}" for name in subject.given]
    record = setup.execute(setup.task("results", sample=subject.draws_sample, pinned=pinned))
    size = " x ".join(map(str, record.dataset.image_size)) if record.dataset else "?"
    return f"{len(subject.index.train)} images of {size}, training loss {record.epochs[0].train_loss:.3g}"


def _digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _spoil(root: Path) -> None:
    """Put other bytes, as many, in place of every file's."""
    for path in root.rglob("*"):
        if path.is_file():
            path.write_bytes(bytes(path.stat().st_size))


def _restore(root: Path, original: Path) -> None:
    for path in original.rglob("*"):
        if path.is_file():
            shutil.copyfile(path, root / path.relative_to(original))


def _copy_backwards(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*"), reverse=True):
        if path.is_file():
            new = target / path.relative_to(source)
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, new)


def _index_in_new_process(subject: Subject, root: Path, hash_seed: int = 1) -> subprocess_check.Indexing:
    scratch = subject.new_folder("scratch")
    return in_new_process(
        subject, subprocess_check.index, subject.origin, subject.given, root, scratch, hash_seed=hash_seed
    )


def _differing(what: str, first: Listing, other: Listing) -> str:
    """Where two listings differ."""
    if first[0] != other[0]:
        return f"{what} gives the classes {join_some(other[0])} for {join_some(first[0])}"
    for split, (names, labels, digests) in first[1].items():
        there = other[1][split]
        for title, mine, its in zip(("names", "labels", "digests"), (names, labels, digests), there, strict=True):
            if mine != its:
                count = sum(a != b for a, b in zip(mine, its, strict=False)) + abs(len(mine) - len(its))
                where = next((i for i, (a, b) in enumerate(zip(mine, its, strict=False)) if a != b), len(mine))
                return f"{what} gives other {title} of {split}: {count} of {len(mine)} differ, from image {where} on"
    return f"{what} gives the same"


def _refused(subject: Subject, root: Path, whole: Listing, spoilt: str) -> Exception | None:
    """What refuses the data set at `root`; None where the file `spoilt` decides nothing. Raises Broken when it does and
    nothing refuses it."""
    try:
        index = subject.component.index(subject.params, subject.found(root))
        listing = listing_of(index)
        if listing == whole:
            return None
        for name, split in splits_of(index).items():
            before = whole[1][name][2]
            changed = [i for i, digest in enumerate(listing[1][name][2]) if i >= len(before) or digest != before[i]]
            for i in changed:
                split.images.decode(i, split.images.read(i))
    except Exception as error:
        return error
    raise Broken(f"with half of {spoilt}, nothing is refused, but {_differing('the data set', whole, listing)}")


def _spread(values: Any, most: int) -> list[Any]:
    """At most so many of `values`, from the first to the last."""
    listed = list(values)
    if len(listed) <= most:
        return listed
    return [listed[round(i * (len(listed) - 1) / (most - 1))] for i in range(most)]


@contextmanager
def _no_network() -> Iterator[list[str]]:
    """Refuse every connection of this process; yields what was tried."""
    global _forbidden
    _watch_network()
    _forbidden = []
    try:
        yield _forbidden
    finally:
        _forbidden = None


@cache
def _watch_network() -> None:
    # Such a hook stays for the life of the process.
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _forbidden is not None and event in NETWORK_EVENTS:
        _forbidden.append(f"asks the network ({event} {arguments[-1] if event == 'socket.connect' else arguments[0]})")
        raise OSError("the network is forbidden in this check")
