"""The images of a study before anything trains on them: all are decoded, and what is broken is told, or left out.

Takes tasks and fills the cache of decoded images, or takes located data and gives them without those that cannot be
decoded. Imports no torch.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from benchsuite.atomic_files import write_text
from benchsuite.contracts.dataset import Dataset, DatasetIndex, Images, PhotoFiles, Preprocessing, Split
from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError, DataError
from benchsuite.machine import usable_cores
from benchsuite.registry import Registry
from benchsuite.sources.data import LocatedData
from benchsuite.sources.digests import broken_images, fingerprint, read_image, splits_of
from benchsuite.sources.folds import decoded_as

BROKEN = "broken"
"""Folder of the cache that remembers which images of a split cannot be decoded."""


def decode_images(tasks: Sequence[RunTask], registry: Registry, say: Callable[[str], None]) -> dict[str, int]:
    """Decode every image of every split that the tasks use into the cache, so that nothing is trained in vain. Returns
    how many were changed to show them as people see them, by what was done.

    Raises DataError naming every image that cannot be decoded, and StoreError where the cache cannot be written.
    """
    errors: list[DataError] = []
    changes: Counter[str] = Counter()
    for task in {id(task.data.whole or task.data): task for task in tasks}.values():
        try:
            entry = registry.dataset(task.spec.case.dataset.qualified_name)
            dataset = cast(Dataset[Any], entry.component)
            preprocessing = dataset.preprocessing(entry.parse(task.spec.case.dataset.parameters))
            changes += _decode(task.data, preprocessing, task.cache, say)
        except DataError as error:
            errors.append(error)
        except BenchsuiteError:
            raise
        except Exception:  # a defect of a plugin: the runs that meet it say so in their records
            continue
    if errors:
        raise broken_images(errors)
    return dict(changes)


def _decode(data: LocatedData, preprocessing: Preprocessing, cache: Path, say: Callable[[str], None]) -> Counter[str]:
    from benchsuite.engine.data.images import load_images

    errors: list[DataError] = []
    changes: Counter[str] = Counter()
    kept = [decoded_as(split.images, data.digests[name])[:2] for name, split in splits_of(data.index).items()]
    for images, digests in {id(images): (images, digests) for images, digests in kept}.values():
        try:
            changes.update(load_images(images, digests, preprocessing, cache, say).changes)
        except DataError as error:
            errors.append(error)
    if errors:
        raise broken_images(errors)
    return changes


def leave_out_broken(data: LocatedData, cache: Path, say: Callable[[str], None]) -> LocatedData:
    """The data without the photos that cannot be decoded. Raises DataError where a split or a class of the training
    split would then be empty."""
    parts, digests, left_out = {}, {}, {}
    for name, split in splits_of(data.index).items():
        broken = _find_broken(split.images, data.digests[name], cache, say)
        kept = [i for i in range(len(split)) if i not in broken]
        parts[name], digests[name] = split, data.digests[name]
        if broken and isinstance(split.images, PhotoFiles):
            names = split.images.names
            left_out[name] = tuple(names[i] for i in sorted(broken))
            parts[name] = Split(
                replace(split.images, names=tuple(names[i] for i in kept)), tuple(split.labels[i] for i in kept)
            )
            digests[name] = [data.digests[name][i] for i in kept]
    if not left_out:
        return data
    index = DatasetIndex(data.index.classes, **parts, redivisible=data.index.redivisible)
    found = replace(data, index=index, digests=digests, fingerprint=fingerprint(index, digests), left_out=left_out)
    empty = [name for name, counts in found.counts.items() if not sum(counts)]
    empty += [title for title, count in zip(index.classes, found.counts["train"], strict=True) if not count]
    if empty:
        raise DataError(
            f"without its broken photos nothing is left of {', '.join(map(repr, empty))}",
            where=str(data.folder),
            expected="photos of every split, and in training of every class",
            remedy="replace the broken files with intact copies",
        )
    return found


def _find_broken(images: Images, digests: Sequence[str], cache: Path, say: Callable[[str], None]) -> dict[int, str]:
    """What is wrong with each image that cannot be decoded, by its number; remembered, since it takes a while."""
    from benchsuite.engine.data.images import decoding_key

    path = cache / BROKEN / f"{decoding_key(images, digests)}.json"
    try:
        known = {int(i): str(what) for i, what in json.loads(path.read_text(encoding="utf-8")).items()}
        if all(0 <= i < len(images) for i in known):
            return known
    except (OSError, ValueError, AttributeError, RecursionError):
        pass
    say(f"decoding {len(images)} images once, to see which are broken")

    def fault(i: int) -> str | None:
        content = read_image(images, i, digests[i])
        try:
            images.decode(i, content)
        except DataError as error:
            return error.what
        return None

    with ThreadPoolExecutor(max_workers=usable_cores()) as pool:
        faults = pool.map(fault, range(len(images)))
        broken = {i: what for i, what in enumerate(faults) if what is not None}
    write_text(path, json.dumps(broken))
    return broken
