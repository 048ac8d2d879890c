"""What commands say of a study's data: where they lie, how many images each class has, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchsuite.commands.console import announce, count, say

if TYPE_CHECKING:
    from benchsuite.engine.task import RunTask
    from benchsuite.sources.data import LocatedData

_LISTED_CLASSES = 12
"""Classes that are told one by one; of more, the smallest and the largest are."""


def tell_data(tasks: Sequence[RunTask]) -> None:
    """Say which data the tasks use, and warn of copies and of what is left out."""
    for found in distinct_data(tasks):
        say(f"data: {found.provenance}, {found.folder} ({found.evidence})")
        for split, counts in found.counts.items():
            say(f"      {split}: {class_words(found.index.classes, counts)}")
        for warning in warnings(found):
            announce(f"warning: {warning}")


def distinct_data(tasks: Sequence[RunTask]) -> list[LocatedData]:
    """The data of the tasks, each once, as they were found."""
    found = [task.data.whole or task.data for task in tasks]
    return list({data.fingerprint: data for data in found}.values())


def as_json(found: LocatedData) -> Mapping[str, Any]:
    """The same for programs."""
    return {
        "folder": str(found.folder),
        "provenance": found.provenance,
        "evidence": found.evidence,
        "fingerprint": found.fingerprint,
        "classes": found.index.classes,
        "counts": found.counts,
        "duplicates": found.duplicates,
        "left_out": found.left_out,
    }


def warnings(found: LocatedData) -> Iterator[str]:
    """Copies within and across splits and classes, and images that are left out."""
    for what, number in found.duplicates.items():
        if what == "classes":
            yield f"{count(number, 'image')} with a copy in another class: one of the two labels is wrong"
        else:
            split, other = what.split(" in ")
            also = f"also in {other}, byte for byte" if other != split else "repeated in it, byte for byte"
            yield f"{number} of {count(sum(found.counts[split]), f'{split} image')} {also}"
    for split, names in found.left_out.items():
        left = "is left out, as it cannot" if len(names) == 1 else "are left out, as they cannot"
        yield f"{count(len(names), 'image')} of {split} {left} be decoded: {', '.join(names)}"


def tell_changes(changes: Mapping[str, int]) -> None:
    """Say what was done to photos to show them as people see them."""
    if changes:
        say("photos: " + ", ".join(f"{number} {what}" for what, number in sorted(changes.items())))


def class_words(classes: Sequence[str], counts: Sequence[int]) -> str:
    """How many images of a split are of which class."""
    if min(counts) == max(counts):
        return f"{sum(counts)} images, {counts[0]} of each of {len(classes)} classes"
    if len(classes) <= _LISTED_CLASSES:
        each = ", ".join(f"{name} {count}" for name, count in zip(classes, counts, strict=True))
        return f"{sum(counts)} images ({each})"
    return f"{sum(counts)} images of {len(classes)} classes, {min(counts)} to {max(counts)} each"
