"""Where a data set comes from: the folder the user names, the cache, a download, or the synthetic sample.

Takes a dataset with its parameters and the policy; gives the folder, the index, the digest of every image and the
fingerprint of the whole, with an honest word on their provenance. What is there but broken is an error under every
policy: the sample stands in for data that are missing, never for data that are wrong.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, overload

from benchsuite.atomic_files import atomic_folder
from benchsuite.contracts.dataset import Dataset, DatasetIndex, Found, Provenance
from benchsuite.contracts.parameters import Parameters
from benchsuite.errors import DataError, PluginError
from benchsuite.sources.cache import Policy, Say, cannot_write, exclusive
from benchsuite.sources.digests import Digests, digest_index, file_sha256, fingerprint, splits_of
from benchsuite.sources.download import HttpDownloader, Unreachable, offline


@dataclass(frozen=True)
class LocatedData:
    """A data set that is there. `fingerprint` covers classes, splits, names and bytes of every image, in whatever
    order; `digests` gives each image's SHA-256 by split, so that nothing needs to be hashed again; `left_out` names
    the broken images of each split that the user wanted left out, which are in none of the others."""

    folder: Path
    provenance: Provenance
    evidence: str
    index: DatasetIndex
    fingerprint: str
    digests: Digests
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: LocatedData | None = None
    """Of a fold, the data as they were found."""

    @cached_property
    def counts(self) -> dict[str, tuple[int, ...]]:
        """For each split, the number of images of each class."""
        classes = range(len(self.index.classes))
        per_split = {split: Counter(part.labels) for split, part in splits_of(self.index).items()}
        return {split: tuple(count[label] for label in classes) for split, count in per_split.items()}

    @cached_property
    def duplicates(self) -> dict[str, int]:
        """How many images are, byte for byte, also elsewhere: those of validation and test that are in an earlier
        split too (`test in train`), those that repeat an earlier one of their own split (`test in test`), and those
        that bear another class, too (`classes`). Without zeros."""
        found: Counter[str] = Counter()
        seen: dict[str, set[str]] = {}
        labels: dict[str, set[int]] = {}
        for split, part in splits_of(self.index).items():
            own = self.digests[split]
            for earlier, digests in seen.items():
                found[f"{split} in {earlier}"] = sum(digest in digests for digest in own)
            seen[split] = set(own)
            found[f"{split} in {split}"] = len(own) - len(seen[split])
            for digest, label in zip(own, part.labels, strict=True):
                labels.setdefault(digest, set()).add(label)
        found["classes"] = sum(len(labels[digest]) > 1 for digests in self.digests.values() for digest in digests)
        return {what: count for what, count in found.items() if count}

    @cached_property
    def ordered_fingerprint(self) -> str:
        """One SHA-256 of all that a run sees of the data: their order decides which image a random draw takes."""
        order = [list(split.images.names) for split in splits_of(self.index).values()]
        return hashlib.sha256(json.dumps([self.fingerprint, order]).encode()).hexdigest()


@overload
def locate_data(
    dataset: Dataset[Any],
    params: Parameters,
    *,
    policy: Policy,
    data: Path | None,
    cache: Path,
    download: Literal[True] = True,
    say: Say,
) -> LocatedData: ...
@overload
def locate_data(
    dataset: Dataset[Any],
    params: Parameters,
    *,
    policy: Policy,
    data: Path | None,
    cache: Path,
    download: bool,
    say: Say,
) -> LocatedData | None: ...
def locate_data(
    dataset: Dataset[Any],
    params: Parameters,
    *,
    policy: Policy,
    data: Path | None,
    cache: Path,
    download: bool = True,
    say: Say,
) -> LocatedData | None:
    """Find or make the data of `dataset`; see the module for the order. `data` is the folder that --data or
    BENCHSUITE_DATA names.

    With `download=False` nothing is fetched and None says that a download would be tried. Raises DataError when the
    data are broken, or missing under the policy `real`.
    """
    with exclusive(cache, dataset.name, say):
        if dataset.origin == "generated" and policy == "real":
            raise DataError(
                f"the data set {dataset.name} is generated, and the policy `real` accepts no generated data",
                remedy="leave the policy out, or name another data set",
            )
        if policy == "sample" or dataset.origin == "generated":
            return _sample(dataset, params, cache)
        if dataset.origin == "own" and data is None:
            data = Path.cwd()
        search = _Search(dataset, params, policy, cache, say)
        if dataset.origin == "packaged":
            return _described(dataset, params, search.in_package(), cache)
        if found := search.in_folder(data) or search.in_cache():
            return _described(dataset, params, found, cache)
        if not download and not offline():
            return None
        try:
            return _described(dataset, params, search.from_the_network(), cache)
        except Unreachable as error:
            if policy == "real":
                raise _missing(dataset, params, data, cache, error) from error
            say(f"{dataset.name}: {error.what} ({error.where}); using the synthetic sample instead")
        return _sample(dataset, params, cache)


@dataclass(frozen=True)
class _Search:
    """The places where real data may lie, asked one after the other."""

    dataset: Dataset[Any]
    params: Parameters
    policy: Policy
    cache: Path
    say: Say

    def in_folder(self, data: Path | None) -> Found | None:
        if data is None:
            return None
        if not data.is_dir():
            raise DataError(
                "the data folder does not exist" if not data.exists() else "the data folder is not a folder",
                where=str(data),
                expected="the folder that holds the data sets",
                remedy="correct --data or BENCHSUITE_DATA, or leave it out",
            )
        found = self._look(data)
        if found is None and self.policy == "real":
            raise _missing(self.dataset, self.params, data, self.cache, None)
        if found is None:
            self.say(f"{self.dataset.name} is not in {data}; looking further")
        return found

    def in_package(self) -> Found:
        found = self._look(self.cache)
        if found is None:
            raise DataError(
                f"the package that brings the data set {self.dataset.name} is not installed",
                expected=self.dataset.card(self.params).layout or "its files in an installed package",
                remedy="install what the plugin depends on, or ask for the sample with --policy sample",
            )
        return found

    def in_cache(self) -> Found | None:
        if not self._home.is_dir():
            return None
        found = self._look(self._home)
        if found is None and any(self._home.iterdir()):
            raise DataError(
                f"this folder of the cache holds something that is not the data set {self.dataset.name}",
                where=str(self._home),
                expected=self.dataset.card(self.params).layout or "the official files",
                remedy="correct its content, or move it elsewhere to have the data set downloaded",
            )
        return found

    def from_the_network(self) -> Found:
        """Download into a folder that becomes the cache's own once it is whole; an interrupted one is taken up."""
        if offline():
            raise Unreachable("HF_HUB_OFFLINE forbids downloads", where="environment", remedy="unset it to download")
        incoming = self._home.with_name(f"{self._home.name}.incoming")
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            self.dataset.download(self.params, incoming, HttpDownloader(self.say))
            if self._look(incoming) is None:
                raise _not_found_again(self.dataset, "downloaded")
            incoming.rename(self._home)
        except Unreachable:
            raise
        except DataError:
            shutil.rmtree(incoming, ignore_errors=True)
            raise
        except OSError as error:
            raise cannot_write(error, incoming) from error
        found = self._look(self._home)
        if found is None:
            raise _not_found_again(self.dataset, "downloaded")
        return found

    @property
    def _home(self) -> Path:
        return self.cache / "datasets" / self.dataset.folder_name(self.params)

    def _look(self, root: Path) -> Found | None:
        return self.dataset.find(self.params, root, self.cache / "unpacked")


def _described(dataset: Dataset[Any], params: Parameters, found: Found, cache: Path) -> LocatedData:
    index = dataset.index(params, found.folder)
    for split, images in splits_of(index).items():
        if len(images) == 0 or len(images.images) != len(images):
            raise DataError(
                f"the split {split!r} of {dataset.name} has {len(images.images)} images and {len(images)} labels",
                where=str(found.folder),
                expected="at least one image, and a label for each",
                remedy="replace the folder with an intact copy",
            )
    if len(index.classes) < 2:
        raise DataError(
            f"{dataset.name} has fewer than two classes here ({', '.join(index.classes)}), and nothing to tell apart",
            where=str(found.folder),
            expected="two classes or more",
            remedy="add images of another class, or ask for more classes in the suite's `dataset`",
        )
    digests = digest_index(index, cache)
    whole = fingerprint(index, digests)
    provenance, evidence = found.provenance, found.evidence
    if provenance == "official" and found.fingerprint is not None and found.fingerprint != whole:
        provenance = "unofficial copy"
        evidence = "the folder was unpacked from verified official files, but its content has been changed since"
    return LocatedData(found.folder, provenance, evidence, index, whole, digests)


def _sample(dataset: Dataset[Any], params: Parameters, cache: Path) -> LocatedData:
    folder = cache / "samples" / f"{dataset.name}-{_sample_key(dataset, params)}"
    if not folder.is_dir():
        try:
            with atomic_folder(folder) as making:
                dataset.sample(params, making)
        except OSError as error:
            raise cannot_write(error, folder) from error
    found = dataset.find(params, folder, cache / "unpacked")
    if found is None:
        raise _not_found_again(dataset, "sample")
    genuine = Found(found.folder, "synthetic sample", f"generated by the dataset plugin {dataset.name}")
    return _described(dataset, params, genuine, cache)


def _sample_key(dataset: Dataset[Any], params: Parameters) -> str:
    """Tells samples apart that other parameters, or another version of the plugin's source, would draw."""
    canonical = json.dumps([params.model_dump(mode="json"), *_drawn_by(type(dataset))], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _drawn_by(dataset: type[Dataset[Any]]) -> list[str]:
    """Digests of the source file of a plugin and, in a package, of those beside it, which may do the drawing."""
    name = inspect.getsourcefile(dataset)
    if name is None or not Path(name).is_file():
        return [dataset.__qualname__]
    beside = Path(name).parent.glob("*.py") if "." in dataset.__module__ else [Path(name)]
    return [file_sha256(path) for path in sorted(beside)]


def _missing(
    dataset: Dataset[Any], params: Parameters, data: Path | None, cache: Path, error: Unreachable | None
) -> DataError:
    card = dataset.card(params)
    official = "\n".join(f"              {source.url}" for source in card.sources)
    tried = "; ".join(
        part
        for part in (
            f"not in {data}" if data is not None else "no folder named with --data or BENCHSUITE_DATA",
            f"not in {cache / 'datasets' / dataset.folder_name(params)}" if error else "",
            f"{error.what} ({error.where})" if error else "",
        )
        if part
    )
    return DataError(
        f"the data set {dataset.name} ({card.title}) is not here, and the policy `real` accepts nothing else",
        where=tried,
        expected=card.layout or f"the official files of {dataset.name}",
        remedy=f"put them in a folder DIR and name it with --data DIR or BENCHSUITE_DATA=DIR\n"
        f"            (in the user cache: {cache / 'datasets'}); official sources:\n{official}",
    )


REMADE = {"datasets": "downloaded", "unpacked": "unpacked", "samples": "drawn"}
"""Folders of the cache, and what happens to a data set that is missing there."""


def add_remedy(error: DataError, cache: Path) -> DataError:
    """The error, with one more remedy where what is broken lies in the cache, not in a folder of the user's."""
    for name, remade in REMADE.items():
        folder = cache / name
        if error.where is not None and error.where.startswith(f"{folder}{os.sep}"):
            own = folder / Path(error.where).relative_to(folder).parts[0]
            remedy = "; ".join(part for part in (error.remedy, f"without {own} it is {remade} again") if part)
            return DataError(error.what, where=error.where, expected=error.expected, remedy=remedy)
    return error


def _not_found_again(dataset: Dataset[Any], what: str) -> PluginError:
    return PluginError(
        f"the dataset plugin {dataset.name} does not find its own {what} files",
        where=f"{type(dataset).__module__}.{type(dataset).__qualname__}",
        expected="find() recognises the layout that download() and sample() write",
        remedy="tell the plugin's author",
    )
