"""The page of predictions: each photo as the network sees it, where it looked, and the classes it thinks of."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.atomic_files import write_text
from benchsuite.commands.trained_runs import title
from benchsuite.legible import legible

if TYPE_CHECKING:
    from benchsuite.execution.predict import Predicted
    from benchsuite.store.record import RunRecord

CLASSES = 3
"""Classes that are shown of each photo, at most."""
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Predictions of {{ networks[0] }}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
  ul { list-style: none; padding: 0; display: grid; gap: 1.5rem;
       grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)) }
  li > div { display: flex; gap: .25rem } img { flex: 1; min-width: 0; max-width: 50%; object-fit: contain }
  li p { margin: .25rem 0; overflow-wrap: anywhere } td { padding-right: 1rem } td + td { text-align: right }
</style>
<h1>Predictions</h1>
<p>{% if networks|length > 1 %}The mean of {{ networks|length }} networks: {% endif %}{{ networks|join("; ") }}.
Each photo is shown as the network sees it.
{% if maps %}The colours, from blue to red, tell which parts speak for the first class (Grad-CAM, Selvaraju et al.,
2017);
they show where the network looked, coarsely, and do not prove why it decided so.
{% else %}There are no heat maps: no stage of this network leaves maps of the photo.{% endif %}</p>
<ul>
{% for photo in photos %}
<li><div>{% for picture, alt in photo.pictures %}
<img src="data:image/jpeg;base64,{{ picture }}" alt="{{ alt }}">{% endfor %}</div>
<p>{{ photo.name }}</p>
<table>{% for label, probability in photo.classes %}
<tr><td>{{ label }}</td><td>{{ "%.1f"|format(100 * probability) }} %</td></tr>
{% endfor %}</table></li>
{% endfor %}
</ul>
</html>
"""


def write_page(predicted: Predicted, records: Sequence[RunRecord], file: Path) -> None:
    """Write the page as one file that needs no other. Raises StoreError."""
    from jinja2 import Environment

    photos = []
    for number, (name, (photo, heat)) in enumerate(zip(predicted.photos, predicted.pictures, strict=True)):
        classes = predicted.ranked(number, CLASSES)
        pictures = [(photo, name), (heat, f"heat map of {classes[0][0]}")]
        encoded = [(base64.b64encode(one).decode(), alt) for one, alt in pictures if one is not None]
        photos.append({"name": name, "classes": classes, "pictures": encoded})
    page = Environment(autoescape=True).from_string(PAGE)
    maps = any(heat is not None for _, heat in predicted.pictures)
    write_text(
        file, page.render(legible({"networks": [title(one) for one in records], "maps": maps, "photos": photos}))
    )
