"""The data set's subsection: what it is, how much of it there is, where this copy comes from, some photos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from benchsuite.paper.context.case_groups import group_cases
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Photos
from benchsuite.paper.document.thumbnails import as_thumbnail
from benchsuite.paper.figures import classes
from benchsuite.paper.language import spanish
from benchsuite.paper.language.spanish import NBSP
from benchsuite.paper.tables.facts import LONG_SPLITS, PROVENANCE, counts_table
from benchsuite.store.record import DatasetFacts

PER_CLASS = 4
MOST_CLASSES = 8
"""Classes with a row of photos each; of more, a gallery shows one photo a class."""
MOST_PHOTOS = 20
BARS = 5
"""Most classes that a table tells as well as a figure."""
_LEAKS = ("test in train", "test in validation")
CHANGES = {
    "turned upright": "{} giradas según sus datos EXIF",
    "transparency on white": "{} con transparencia, sobre fondo blanco",
    "first of several frames": "de {} con varios fotogramas, el primero",
}
ORIGINS = {
    "official": "Los ficheros coinciden, por sus sumas de comprobación, con los oficiales.",
    "unofficial copy": "Los datos son una copia no oficial: el conjunto está completo, pero sus bytes no son los de la "
    "distribución oficial.",
    "own data": "Los datos son propios: no hay una distribución publicada con la que compararlos.",
    "synthetic sample": "**Los datos son una muestra sintética generada por el programa, no el conjunto real**: las "
    "cifras de este informe solo prueban que el estudio funciona.",
}


def dataset_blocks(study: PaperContext) -> list[Block]:
    facts = study.findings.dataset
    photos = _photos(study)
    blocks: list[Block] = [Paragraph(_introduction(study)), *([photos] if photos else [])]
    if facts is not None:
        blocks.append(Paragraph(_counts(facts)))
        blocks += [Paragraph(" ".join(remarks)) for remarks in [_remarks(facts)] if remarks]
        blocks += _other_counts(study)
        blocks.append(counts_table(facts, class_titles(study)))
        blocks += _distribution(study, facts)
        blocks.append(Paragraph(_provenance(facts, study.material.card.licence)))
    return blocks


def class_titles(study: PaperContext) -> dict[str, str]:
    """How the paper calls each class; its own name where nobody says."""
    given = {**study.material.card.class_titles, **study.material.class_titles}
    return {name: markup.line(given.get(name, name), f"class {name}") for name in study.material.card.classes}


def resolution(facts: DatasetFacts | None) -> str | None:
    """What one test image more or less is worth, as a percentage; None when the test split is unknown."""
    images = sum(facts.counts.get("test", ())) if facts else 0
    return spanish.number(100 / images, 2) if images else None


def _introduction(study: PaperContext) -> str:
    card = study.material.card
    summary = markup.literal(" ".join(markup.clean(card.summary, f"dataset {card.title}").split()))
    title = markup.literal(markup.line(card.title, "dataset title"))
    text = summary or f"Se utiliza el conjunto de datos {title}."
    if cited := study.works.cite(card.bibtex):
        named = re.search(rf"(?<!\w){re.escape(title)}(?!\w)", text) if title else None
        end = named.end() if named else len(text.removesuffix("."))
        text = text[:end] + cited + text[end:]
    if study.material.samples:
        shown = len({title for title, _ in study.material.samples})
        some = "de cada clase" if shown <= MOST_PHOTOS else "de algunas clases"
        text += f" La {{{{fig-samples}}}} muestra imágenes {some}."
    return text


def _photos(study: PaperContext) -> Photos | None:
    grouped: dict[str, list[bytes]] = {}
    for title, photo in study.material.samples:
        grouped.setdefault(markup.line(title, "sample photo"), []).append(photo)
    if not grouped:
        return None
    titles, whose = list(grouped), "cada clase"
    if len(grouped) > MOST_PHOTOS:
        titles = [titles[i * len(titles) // MOST_PHOTOS] for i in range(MOST_PHOTOS)]
        whose = f"{spanish.number(len(titles))} de las {spanish.number(len(grouped))} clases"
    gallery = len(grouped) > MOST_CLASSES
    most = 1 if gallery else PER_CLASS
    rows = tuple((title, tuple(as_thumbnail(photo, title) for photo in grouped[title][:most])) for title in titles)
    origin = ": **muestra sintética**" if study.findings.sample else ", del conjunto de entrenamiento"
    return Photos("fig-samples", rows, f"Imágenes de ejemplo de {whose}{origin}.", wide=gallery, gallery=gallery)


def _counts(facts: DatasetFacts) -> str:
    totals = {split: sum(counts) for split, counts in facts.counts.items()}
    sides = [f"{spanish.number(totals[s])} de {title.lower()}" for s, title in LONG_SPLITS.items() if s in totals]
    size, original = _pixels(facts.image_size), facts.original_size
    scaled = f"Cada imagen se lleva a {size} píxeles."
    if original == facts.image_size:
        scaled = f"Cada imagen tiene {size} píxeles."
    elif original is not None:
        scaled = f"Las de entrenamiento miden de media {_pixels(original)} píxeles (alto por ancho). {scaled}"
    return (
        f"Se emplean {spanish.number(sum(totals.values()))} imágenes de {len(facts.classes)} clases: "
        f"{spanish.listing(sides)} ({{{{tab-dataset}}}}). {scaled} El conjunto de test permanece sellado: se evalúa "
        "una sola vez por ejecución, con los pesos que eligió la validación."
    )


def _pixels(size: tuple[float, float]) -> str:
    height, width = (spanish.number(round(side)) for side in size)
    return f"{height}{NBSP}×{NBSP}{width}"


def _remarks(facts: DatasetFacts) -> list[str]:
    """What a reader must know of the images: those left out, those shown otherwise than they are stored, and copies."""
    remarks = []
    if facts.left_out:
        each = {split: len(names) for split, names in facts.left_out.items()}
        sides = [f"{spanish.number(each[s])} de {title.lower()}" for s, title in LONG_SPLITS.items() if s in each]
        remarks.append(f"Se dejaron fuera imágenes que no se pueden decodificar: {spanish.listing(sides)}.")
    if facts.changes:
        done = [CHANGES.get(what, "{} ({})").format(spanish.number(n), what) for what, n in facts.changes.items()]
        remarks.append(f"Las imágenes se usan como se ven en pantalla: {spanish.listing(done)}.")
    return remarks + [f"**{_duplicated(what, n)}**." for what, n in facts.duplicates.items()]


def validity_blocks(facts: DatasetFacts | None) -> list[Block]:
    """What the copies among the images put in doubt; nothing where there are none."""
    duplicates = facts.duplicates if facts else {}
    doubts = []
    if leaks := [_duplicated(what, n) for what, n in duplicates.items() if what in _LEAKS]:
        doubts.append(
            f"{'; '.join(leaks)}: la exactitud en test sobrestima la que se obtendría con imágenes nuevas, y más cuanto"
            " más memoriza el modelo."
        )
    if "validation in train" in duplicates:
        doubts.append(
            f"{_duplicated('validation in train', duplicates['validation in train'])}: la validación, que elige los"
            " pesos, favorece a los que han memorizado el entrenamiento."
        )
    if "test in test" in duplicates:
        doubts.append(
            f"{_duplicated('test in test', duplicates['test in test'])}: lo que un modelo acierte o falle en esas"
            " imágenes pesa más de una vez en la exactitud en test."
        )
    if "classes" in duplicates:
        doubts.append(
            f"{_duplicated('classes', duplicates['classes'])}: al menos una de las dos etiquetas es errónea, y ningún"
            " modelo puede acertar ambas."
        )
    return [Paragraph(" ".join(doubts))] if doubts else []


def _duplicated(what: str, count: int) -> str:
    images = "Una imagen" if count == 1 else f"{spanish.number(count)}{NBSP}imágenes"
    if what == "classes":
        return f"{images} {'es copia exacta' if count == 1 else 'son copias exactas'} de otra de distinta clase"
    split, other = (LONG_SPLITS[name].lower() for name in what.split(" in "))
    if split == other:
        return f"{images} de {split} {'repite' if count == 1 else 'repiten'}, byte a byte, otra de la misma partición"
    return f"{images} de {split} {'está' if count == 1 else 'están'} también, byte a byte, en {other}"


def _other_counts(study: PaperContext) -> list[Block]:
    """Which cases train on how many images, where that is what sets them apart."""
    sizes = group_cases(
        study.done, lambda case: sum(case.dataset.counts.get("train", ())) or None if case.dataset else None
    )
    if len(sizes) < 2:
        return []
    each = [f"{spanish.number(size)} para {study.names.mention(*cases)}" for size, cases in sizes.items()]
    return [Paragraph(f"No todas las configuraciones usan las mismas imágenes de entrenamiento: {'; '.join(each)}.")]


def _distribution(study: PaperContext, facts: DatasetFacts) -> list[Block]:
    """How evenly the images are shared among the classes, drawn where there are many classes that differ."""
    totals = [sum(counts) for counts in zip(*facts.counts.values(), strict=True)]
    if len(totals) <= BARS:
        return []
    if min(totals) == max(totals):
        return [Paragraph(f"Todas las clases tienen el mismo número de imágenes, {spanish.number(totals[0])}.")]
    titles = class_titles(study)
    names = [titles.get(name, name) for name in facts.classes]
    sides = {title: facts.counts[split] for split, title in LONG_SPLITS.items() if split in facts.counts}
    least, most = (_holders(totals, names, end) for end in (min(totals), max(totals)))
    text = f"La {{{{fig-classes}}}} muestra cómo se reparten las imágenes entre las clases: de {least} a {most}."
    caption = "Imágenes de cada clase en cada partición."
    if len(names) > classes.LARGEST:
        caption = "Número de clases según cuántas imágenes tienen."
    draw = partial(classes.draw_distribution, counts=sides, classes=names)
    return [Paragraph(text), Figure("fig-classes", caption, draw)]


def _holders(totals: Sequence[int], names: Sequence[str], size: int) -> str:
    """«41 («Painted Bunting»)», or how many classes have that size."""
    found = [name for total, name in zip(totals, names, strict=True) if total == size]
    whose = f"«{markup.literal(found[0])}»" if len(found) == 1 else f"{spanish.number(len(found))} clases"
    return f"{spanish.number(size)} ({whose})"


def _provenance(facts: DatasetFacts, licence: str) -> str:
    terms = f" Licencia: {markup.literal(markup.line(licence, 'dataset licence'))}." if licence else ""
    return (
        f"Procedencia: {PROVENANCE[facts.provenance]}. {ORIGINS[facts.provenance]} Huella de los datos: "
        f"`{facts.fingerprint[:16]}`.{terms}"
    )
