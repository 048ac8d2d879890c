"""The contact sheet of a data set: one HTML file that shows photos of each class, and all that was found of them.

Everything is inside the file, photos included, so that it can be mailed; nothing in it is executed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.atomic_files import write_text
from benchsuite.commands.findings import Finding

if TYPE_CHECKING:
    from benchsuite.sources.inspection import Inspection, Pair, Picture

A_CLASS, IN_ALL, PAIRS = 12, 400, 100
"""Photos at most of a class, of all classes together, and pairs of copies of a kind: a file of a few megabytes."""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ folder }}</title>
<style>
:root { color-scheme: light dark }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top }
.photos { display: flex; flex-wrap: wrap; gap: .6rem } figure { margin: 0; width: 8rem } .pair { width: 17rem }
img { width: 8rem; height: 8rem; border-radius: 4px } figcaption { font-size: .75rem; overflow-wrap: anywhere }
.bad { color: #c0281c; font-weight: 600 } .note { color: #a06a00 } .good { color: #2e7d32 }
</style>
</head>
<body>
<h1>{{ folder }}</h1>
<table>
<tr><th>part<th><th>found<th>what to do</tr>
{% for one in findings %}<tr><td>{{ one.part }}<td class="{{ one.verdict }}">{{ one.verdict }}<td>{{ one.found }}<td>{{ one.remedy }}</tr>
{% endfor %}</table>
{% for title, pairs, all in copies if pairs %}<h2>{{ title }}: {{ all }}{% if all > pairs|length %}, of which {{ pairs|length }} are shown{% endif %}</h2>
<div class="photos">
{% for first, second, words in pairs %}<figure class="pair"><img src="{{ first }}" alt=""> <img src="{{ second }}" alt=""><figcaption>{{ words }}</figcaption></figure>
{% endfor %}</div>
{% endfor %}{% if broken %}<h2>Cannot be decoded: {{ broken|length }}</h2>
<ul>
{% for one in broken %}<li>{{ one.name }}: {{ one.fault }}</li>
{% endfor %}</ul>
{% endif %}{% for title, total, photos in classes %}<h2>{{ title }}: {{ total }}</h2>
<div class="photos">
{% for picture, photo in photos %}<figure><img src="{{ photo }}" alt="{{ picture.name }}"><figcaption>{{ picture.name }}, {{ picture.size[0] }}x{{ picture.size[1] }}</figcaption></figure>
{% endfor %}</div>
{% endfor %}</body>
</html>
"""  # noqa: E501


def write_contact_sheet(seen: Inspection, findings: Sequence[Finding], file: Path) -> None:
    """Write the page. Raises StoreError where the file cannot be written."""
    from jinja2 import Environment, StrictUndefined

    page = Environment(undefined=StrictUndefined, autoescape=True).from_string(PAGE)
    copies = [
        ("The same bytes", list(_pairs(seen, seen.copies)), len(seen.copies)),
        ("Nearly the same", list(_pairs(seen, seen.near)), len(seen.near)),
    ]
    broken = [picture for picture in seen.pictures if picture.fault is not None]
    write_text(
        file,
        page.render(
            folder=seen.data.folder, findings=findings, copies=copies, broken=broken, classes=list(_classes(seen))
        ),
    )


def _classes(seen: Inspection) -> Iterator[tuple[str, int, list[tuple[Picture, str]]]]:
    """Each class with how many images it has, and some of them, evenly spread over all its splits."""
    names = seen.data.index.classes
    most = max(1, min(A_CLASS, IN_ALL // len(names)))
    of: dict[int, list[Picture]] = {label: [] for label in range(len(names))}
    for picture in seen.pictures:
        of[picture.label].append(picture)
    for label, name in enumerate(names):
        whole = [picture for picture in of[label] if picture.fault is None]
        chosen = whole[:: -(-len(whole) // most)] if whole else []
        yield name, len(of[label]), list(zip(chosen, _photos(seen, chosen), strict=True))


def _pairs(seen: Inspection, pairs: Sequence[Pair]) -> Iterator[tuple[str, str, str]]:
    """The pairs that do most harm, with their photos."""
    classes = seen.data.index.classes
    whole = [pair for pair in pairs if pair.first.fault is None and pair.second.fault is None]
    for pair in sorted(whole, key=lambda pair: (-pair.harm, pair.distance or 0))[:PAIRS]:
        sides = (pair.first, pair.second)
        words = " = ".join(f"{side.name} ({side.split}, {classes[side.label]})" for side in sides)
        first, second = _photos(seen, sides)
        yield first, second, words


def _photos(seen: Inspection, pictures: Iterable[Picture]) -> Iterator[str]:
    """Small photos as addresses that hold them."""
    from benchsuite.paper.document.thumbnails import thumbnail
    from benchsuite.sources.digests import open_image, splits_of

    splits = splits_of(seen.data.index)
    for picture in pictures:
        photo = thumbnail(open_image(splits[picture.split].images, picture.number, picture.digest))
        yield f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"
