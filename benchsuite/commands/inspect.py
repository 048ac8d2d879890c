"""`benchsuite inspect`: what a study would train on, looked at before a minute is spent on training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchsuite.commands.console import count, messages, out, print_json, say
from benchsuite.commands.data_lines import as_json as data_as_json
from benchsuite.commands.data_lines import class_words
from benchsuite.commands.findings import Finding, Verdict, findings_table
from benchsuite.commands.named_data import complete_data, find_data
from benchsuite.commands.options import Data, Json, Plugins

if TYPE_CHECKING:
    from benchsuite.sources.inspection import Inspection, Pair, Picture

UNEVEN = 3
"""How many times as large as the smallest class the largest may be without a word."""
SHOWN = 5
"""Files that a line names; --json and --html have them all."""


class Inspected(StrEnum):
    """What can be inspected."""

    data = "data"


def inspect(
    what: Annotated[Inspected, typer.Argument(help="What to look at.")],
    named: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|DATASET",
            help="A folder of photos with a folder for each class (and, if it has splits, one for each split round "
            "them), or the name of a data set.",
            autocompletion=complete_data,
        ),
    ],
    data: Data = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write a page that shows the photos and all that was found."),
    ] = None,
    plugins: Plugins = None,
    as_json: Json = False,
) -> None:
    """Look at every image of a data set: classes, counts, sizes, balance, broken and odd files, and copies.

    Copies are told byte by byte, and near ones by what they look like. A folder without splits is divided as a study
    with the default parameters of `image_folder` would. Trains nothing. Exit code 0: nothing stands in the way of a
    study; 1: some images cannot be decoded, or are in two splits or two classes; 2: there is nothing to look at.
    """
    from benchsuite.sources.inspection import inspect_data

    found = find_data(named).locate(data)
    total = sum(map(sum, found.counts.values()))
    with messages.status(f"looking at {count(total, 'image')}"):
        seen = inspect_data(found)
    findings = list(_findings(seen))
    if html is not None:
        from benchsuite.commands.contact_sheet import write_contact_sheet

        write_contact_sheet(seen, findings, html)
    if as_json:
        print_json(_as_json(seen, findings))
    else:
        out.print(findings_table(str(found.folder), findings))
    if html is not None:
        say(f"contact sheet: {html}")
    if any(one.verdict == "bad" for one in findings):
        raise typer.Exit(1)


def _findings(seen: Inspection) -> Iterator[Finding]:
    data = seen.data
    yield Finding("data", "good", f"{data.provenance}: {data.evidence}")
    for split, counts in data.counts.items():
        yield Finding(split, "good", class_words(data.index.classes, counts))
    yield _balance(seen)
    yield from _sizes(seen)
    yield from _single(seen)
    yield from _pairs("copies", seen.copies)
    yield from _pairs("near copies", seen.near)


def _balance(seen: Inspection) -> Finding:
    """How even the classes are, and what a model without eyes would reach."""
    counts = seen.data.counts
    totals = [sum(numbers) for numbers in zip(*counts.values(), strict=True)]
    classes = seen.data.index.classes
    most = max(range(len(totals)), key=totals.__getitem__)
    blind = counts["test"][most] / sum(counts["test"])
    each = (
        f"{min(totals)} to {max(totals)} images a class"
        if len(set(totals)) > 1
        else f"{totals[0]} images of each class"
    )
    found = f"{each}; to call every test image {classes[most]!r} is right for {blind:.0%} of them"
    if max(totals) > UNEVEN * min(totals):
        return Finding("balance", "note", found, "judge by macro F1 beside accuracy, or bring more of the rare classes")
    return Finding("balance", "good", found)


def _sizes(seen: Inspection) -> Iterator[Finding]:
    sizes = [picture.size for picture in seen.pictures if picture.size is not None]
    if not sizes:
        return
    sides = sorted((width * height, f"{width}x{height}") for width, height in sizes)
    short = median(min(size) for size in sizes)
    found = f"{sides[0][1]} to {sides[-1][1]} pixels; the shorter side has {short:.0f} in the median"
    yield Finding("sizes", "good", found)
    changes = Counter(change for picture in seen.pictures for change in picture.changes)
    if changes:
        done = ", ".join(f"{number} {what}" for what, number in sorted(changes.items()))
        yield Finding("shown", "note", f"{done}, to show them as people see them")


def _single(seen: Inspection) -> Iterator[Finding]:
    """What is wrong with, or unusual about, images by themselves."""
    broken = [picture for picture in seen.pictures if picture.fault is not None]
    if broken:
        remedy = "replace the files with intact copies, or leave them out with --skip-broken"
        yield Finding("broken", "bad", _listed(broken, "that cannot be decoded"), remedy)
    else:
        yield Finding("broken", "good", "every image can be decoded")
    for what in dict.fromkeys(what for picture in seen.pictures for what in picture.odd):
        odd = [picture for picture in seen.pictures if what in picture.odd]
        yield Finding("odd", "note", _listed(odd, what), "look whether they belong there")


def _pairs(part: str, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Copies by the harm that they do."""
    sure = part == "copies"
    if not pairs:
        yield Finding(part, "good", "none")
    for harm, words, remedy in (
        (2, "in another class", "one of the two labels is wrong: keep the right one"),
        (1, "in another split", "the test would tell too much: keep one of each"),
        (0, "in the same class and split", "keep one of each, unless they are meant to count twice"),
    ):
        if found := [pair for pair in pairs if pair.harm == harm]:
            named = ", ".join(f"{pair.second.name} = {pair.first.name}" for pair in found[:SHOWN])
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            verdict: Verdict = "bad" if sure and harm else "note"
            look = "" if sure else "look at them with --html FILE; if they are one photo, "
            yield Finding(part, verdict, f"{count(len(found), 'image')} {words}: {named}{more}", look + remedy)


def _listed(pictures: Sequence[Picture], what: str) -> str:
    named = ", ".join(picture.name for picture in pictures[:SHOWN])
    more = f" and {len(pictures) - SHOWN} more" if len(pictures) > SHOWN else ""
    return f"{count(len(pictures), 'image')} {what}: {named}{more}"


def _as_json(seen: Inspection, findings: Sequence[Finding]) -> Mapping[str, Any]:
    classes = seen.data.index.classes

    def told(picture: Picture) -> dict[str, Any]:
        return {"name": picture.name, "split": picture.split, "class": classes[picture.label]}

    sizes = Counter(picture.size for picture in seen.pictures if picture.size is not None)
    return {
        "data": data_as_json(seen.data),
        "findings": [asdict(one) for one in findings],
        "sizes": [{"width": size[0], "height": size[1], "images": number} for size, number in sizes.most_common()],
        "broken": [{**told(picture), "what": picture.fault} for picture in seen.pictures if picture.fault],
        "odd": [{**told(picture), "what": picture.odd} for picture in seen.pictures if picture.odd],
        "copies": [[told(pair.first), told(pair.second)] for pair in seen.copies],
        "near": [{"distance": pair.distance, "pair": [told(pair.first), told(pair.second)]} for pair in seen.near],
    }
