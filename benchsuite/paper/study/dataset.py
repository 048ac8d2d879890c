"""The data set's subsection: what it is, how much of it there is, where this copy comes from, some photos."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchsuite.errors import PaperError
from benchsuite.paper import spanish, text
from benchsuite.paper.document import Block, Paragraph, Photos
from benchsuite.paper.study.context import Study
from benchsuite.paper.tables.facts import PROVENANCE, counts_table
from benchsuite.store.record import DatasetFacts

if TYPE_CHECKING:
    from PIL import Image

SIDE = 192
PER_CLASS = 4
MOST_CLASSES = 8
ARTICLES = {"train": "entrenamiento", "validation": "validación", "test": "test"}


def dataset_blocks(study: Study) -> list[Block]:
    card, facts = study.material.card, study.findings.dataset
    blocks: list[Block] = [Paragraph(_introduction(study))]
    photos = _photos(study)
    if photos:
        blocks.append(photos)
    if facts is not None:
        blocks.append(Paragraph(_counts(facts)))
        blocks.append(counts_table(facts, class_titles(study), "tab-dataset"))
        blocks.append(Paragraph(_provenance(facts, card.licence)))
    return blocks


def class_titles(study: Study) -> dict[str, str]:
    """How the paper calls each class; its own name where nobody says."""
    given = {**study.material.card.class_titles, **study.material.class_titles}
    return {name: text.line(given.get(name, name), f"class {name}") for name in study.material.card.classes}


def _introduction(study: Study) -> str:
    card = study.material.card
    summary = text.clean(card.summary, f"dataset {card.title}").strip()
    parts = [text.literal(summary)] if summary else []
    if study.material.samples:
        parts.append("La {{fig-samples}} muestra imágenes de cada clase.")
    return " ".join(parts) or f"Se utiliza el conjunto de datos {text.literal(card.title)}."


def _counts(facts: DatasetFacts) -> str:
    totals = {split: sum(counts) for split, counts in facts.counts.items()}
    spoken = [f"{spanish.number(totals[split])} de {ARTICLES[split]}" for split in ARTICLES if split in totals]
    height, width = facts.image_size
    return (
        f"Se emplean {spanish.number(sum(totals.values()))} imágenes de {len(facts.classes)} clases: "
        f"{spanish.listing(spoken)} ({{{{tab-dataset}}}}). Cada imagen se lleva a "
        f"{spanish.number(height)}{spanish.NBSP}×{spanish.NBSP}{spanish.number(width)} píxeles. "
        "El conjunto de test permanece sellado: se evalúa una sola vez "
        "por ejecución, con los pesos que eligió la validación."
    )


def _provenance(facts: DatasetFacts, licence: str) -> str:
    said = {
        "official": "Los ficheros coinciden, por sus sumas de comprobación, con los oficiales.",
        "unofficial copy": "Los datos son una copia no oficial: el conjunto está completo, pero sus bytes no son los "
        "de la distribución oficial.",
        "synthetic sample": "**Los datos son una muestra sintética generada por el programa, no el conjunto real**: "
        "las cifras de este informe solo prueban que el estudio funciona.",
    }[facts.provenance]
    terms = f" Licencia: {text.literal(text.line(licence, 'dataset licence'))}." if licence else ""
    return (
        f"Procedencia: {PROVENANCE[facts.provenance]}. {said} Huella de los datos: `{facts.fingerprint[:16]}`.{terms}"
    )


def _photos(study: Study) -> Photos | None:
    grouped: dict[str, list[bytes]] = {}
    for title, photo in study.material.samples:
        files = grouped.setdefault(text.line(title, "sample photo"), [])
        if len(files) < PER_CLASS:
            files.append(_thumbnail(photo, title))
    rows = tuple((title, tuple(files)) for title, files in grouped.items())[:MOST_CLASSES]
    if not rows:
        return None
    caption = "Imágenes de ejemplo de cada clase, del conjunto de entrenamiento."
    if study.findings.sample:
        caption = "Imágenes de ejemplo de cada clase: **muestra sintética**."
    return Photos("fig-samples", rows, caption)


def _thumbnail(photo: bytes | Image.Image, title: str) -> bytes:
    """A square JPEG from the middle of the photo, the same bytes for the same photo."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(photo)) if isinstance(photo, bytes) else photo
        square = ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE), Image.Resampling.BILINEAR)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PaperError(
            f"a sample photo of the class «{title}» cannot be decoded: {error}",
            expected="a PNG or JPEG file",
            remedy="leave the photo out, or give an intact one",
        ) from error
    target = io.BytesIO()
    square.save(target, "JPEG", quality=85)
    return target.getvalue()


def resolution(facts: DatasetFacts | None) -> str | None:
    """What one test image more or less is worth, as a percentage; None when the test split is unknown."""
    counts: Sequence[int] = facts.counts.get("test", ()) if facts else ()
    return f"{spanish.number(100 / sum(counts), 2)}" if sum(counts) else None
