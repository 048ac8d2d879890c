"""The data set's subsection: what it is, how much of it there is, where this copy comes from, some photos."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

from benchsuite.contracts.dataset import DatasetCard, Source
from benchsuite.paper.context.case_groups import group_cases
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import word_for
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Photos
from benchsuite.paper.document.thumbnails import as_thumbnail
from benchsuite.paper.figures import classes
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import find, say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.language.typography import NBSP
from benchsuite.paper.references.methods import AUGMENTATIONS
from benchsuite.paper.tables.facts import SPLITS, counts_table
from benchsuite.store.record import DatasetFacts

PER_CLASS = 4
MOST_CLASSES = 8
"""Classes with a row of photos each; of more, a gallery shows one photo a class."""
MOST_PHOTOS = 20
BARS = 5
"""Most classes that a table tells as well as a figure."""
_LEAKS = ("test in train", "test in validation")
_DOUBTFUL = ("validation in train", "test in test", "classes")
"""Other copies than leaks that put results in doubt, in the order in which they are told."""


def dataset_blocks(study: PaperContext) -> list[Block]:
    facts = _as_divided(study)
    photos = _photos(study)
    blocks: list[Block] = [Paragraph(_introduction(study)), *([photos] if photos else [])]
    if facts is not None:
        blocks.append(Paragraph(f"{_counts(facts)}{_normalisation(study)}{_augmentation(study)}"))
        blocks += [Paragraph(" ".join(remarks)) for remarks in [_remarks(facts)] if remarks]
        blocks += _other_counts(study)
        words = {name: class_words(study, title) for name, title in class_titles(study).items()}
        blocks.append(counts_table(facts, words))
        blocks += _distribution(study, facts)
        blocks.append(Paragraph(_provenance(facts, study.material.card)))
    return blocks


def _as_divided(study: PaperContext) -> DatasetFacts | None:
    """The facts of the data; with folds, training and validation together, whose division each run has its own of."""
    facts = study.findings.dataset
    if facts is None or study.findings.folds is None:
        return facts
    pool = tuple(map(sum, zip(facts.counts["train"], facts.counts["validation"], strict=True)))
    return facts.model_copy(update={"counts": {"pool": pool, "test": facts.counts["test"]}})


def class_titles(study: PaperContext) -> dict[str, str]:
    """How the paper calls each class; its own name where nobody says."""
    given = {**study.material.card.class_titles, **study.material.class_titles}
    return {name: markup.line(given.get(name, name), f"class {name}") for name in study.material.card.classes}


def class_words(study: PaperContext, title: str) -> str:
    """The title of a class in the mini grammar, said to be of its language."""
    language, words = study.material.class_language, markup.literal(title)
    return markup.words_of(language, words) if language else words


def resolution(facts: DatasetFacts | None) -> str | None:
    """What one test image more or less is worth, as a percentage; None when the test split is unknown."""
    images = sum(facts.counts.get("test", ())) if facts else 0
    return typography.number(100 / images, 2) if images else None


def _introduction(study: PaperContext) -> str:
    card = study.material.card
    summary, aside = (
        markup.literal(markup.line(said, f"dataset {card.title}")) for said in (card.summary, card.validation)
    )
    title = markup.literal(markup.line(card.title, "dataset title"))
    text = summary or say("dataset-used", title=title)
    if cited := study.works.cite(card.bibtex):
        named = re.search(rf"(?<!\w){re.escape(title)}(?!\w)", text) if title else None
        end = named.end() if named else len(text.removesuffix("."))
        text = text[:end] + cited + text[end:]
    if study.findings.folds is not None:
        text += " " + say("dataset-folds")
    elif aside:
        text += f" {aside}"
    if study.material.samples:
        shown = len({title for title, _ in study.material.samples})
        text += " " + say("samples-shown" if shown <= MOST_PHOTOS else "samples-shown-of-some")
    return text


def _photos(study: PaperContext) -> Photos | None:
    grouped: dict[str, list[bytes]] = {}
    for title, photo in study.material.samples:
        grouped.setdefault(markup.line(title, "sample photo"), []).append(photo)
    if not grouped:
        return None
    titles, whose = list(grouped), say("samples-of-each")
    if len(grouped) > MOST_PHOTOS:
        titles = [titles[i * len(titles) // MOST_PHOTOS] for i in range(MOST_PHOTOS)]
        whose = say("samples-of-some", shown=len(titles), every=len(grouped))
    gallery = len(grouped) > MOST_CLASSES
    most = 1 if gallery else PER_CLASS
    rows = tuple((title, tuple(as_thumbnail(photo, title) for photo in grouped[title][:most])) for title in titles)
    caption = say("caption-samples-synthetic" if study.findings.sample else "caption-samples", classes=whose)
    return Photos("fig-samples", rows, caption, wide=gallery, gallery=gallery)


def _counts(facts: DatasetFacts) -> str:
    totals = {split: sum(counts) for split, counts in facts.counts.items()}
    size, original = _pixels(facts.image_size), facts.original_size
    scaled = say("images-scaled", size=size)
    if original == facts.image_size:
        scaled = say("images-sized", size=size)
    elif original is not None:
        scaled = f"{say('images-measure', size=_pixels(original))} {scaled}"
    return say(
        "dataset-counts",
        images=sum(totals.values()),
        classes=len(facts.classes),
        splits=listing(_by_split(totals)),
        scaled=scaled,
    )


def _normalisation(study: PaperContext) -> str:
    """What is done to the channels of an image before the network sees them, in numbers."""
    if study.material.normalisation is None:
        return ""
    sign = typography.list_sign()
    mean, deviation = (sign.join(map(typography.number, values)) for values in study.material.normalisation)
    return f" {say('normalisation', mean=mean, deviation=deviation)}"


def _augmentation(study: PaperContext) -> str:
    """How training images are changed at random; by cases where not all have the same changes."""
    told = []
    for names, having in study.augmentations.items():
        words = [word_for("dataset.augmentation", name) or markup.code(name, "augmentation") for name in names]
        works = [study.works.cite(AUGMENTATIONS.get(name, "")) for name in names]
        every = len(having) == len(study.findings.cases)
        where = "" if every else say("trained-where", cases=study.names.mention(*having))
        told.append(", ".join(word + work for word, work in zip(words, works, strict=True)) + where)
    return f" {say('augmentation', changes='; '.join(told))}" if told else ""


def _by_split(images: Mapping[str, int]) -> list[str]:
    """How many images are in each split."""
    return [say(f"images-of-{split}", images=images[split]) for split in SPLITS if split in images]


def _pixels(size: tuple[float, float]) -> str:
    height, width = (typography.number(round(side)) for side in size)
    return f"{height}{NBSP}×{NBSP}{width}"


def _remarks(facts: DatasetFacts) -> list[str]:
    """What a reader must know of the images: those left out, those shown otherwise than they are stored, and copies."""
    remarks = []
    if facts.left_out:
        each = {split: len(names) for split, names in facts.left_out.items()}
        remarks.append(say("images-left-out", splits=listing(_by_split(each))))
    if facts.changes:
        done = [_change(what, count) for what, count in facts.changes.items()]
        remarks.append(say("images-changed", changes=listing(done)))
    return remarks + [f"**{typography.upper_first(_duplicated(what, n))}**." for what, n in facts.duplicates.items()]


def _change(what: str, count: int) -> str:
    name = f"changed-{what.replace(' ', '-')}"
    return find(name, n=count) or say("changed-otherwise", n=count, change=what)


def validity_blocks(facts: DatasetFacts | None) -> list[Block]:
    """What the copies among the images put in doubt; nothing where there are none."""
    duplicates = facts.duplicates if facts else {}
    doubts = []
    if leaks := [_duplicated(what, n) for what, n in duplicates.items() if what in _LEAKS]:
        doubts.append(say("doubt-test-in-others", copies=typography.upper_first("; ".join(leaks))))
    for what in _DOUBTFUL:
        if what in duplicates:
            copies = typography.upper_first(_duplicated(what, duplicates[what]))
            doubts.append(say(f"doubt-{what.replace(' ', '-')}", copies=copies))
    return [Paragraph(" ".join(doubts))] if doubts else []


def _duplicated(what: str, count: int) -> str:
    if what == "classes":
        return say("copies-in-classes", n=count)
    split, other = what.split(" in ")
    words = {"split": say(f"split-{split}"), "other": say(f"split-{other}")}
    return say("copies-within" if split == other else "copies-in", n=count, **words)


def _other_counts(study: PaperContext) -> list[Block]:
    """Which cases train on how many images, where that is what sets them apart."""
    sizes = group_cases(
        study.done, lambda case: sum(case.dataset.counts.get("train", ())) or None if case.dataset else None
    )
    if len(sizes) < 2:
        return []
    each = [say("images-for", images=size, cases=cases) for size, cases in study.names.mention_groups(sizes)]
    return [Paragraph(say("images-differ", each="; ".join(each)))]


def _distribution(study: PaperContext, facts: DatasetFacts) -> list[Block]:
    """How evenly the images are shared among the classes, drawn where there are many classes that differ."""
    totals = [sum(counts) for counts in zip(*facts.counts.values(), strict=True)]
    if len(totals) <= BARS:
        return []
    if min(totals) == max(totals):
        return [Paragraph(say("classes-equal", images=totals[0]))]
    titles = class_titles(study)
    names = [titles.get(name, name) for name in facts.classes]
    sides = {say(f"column-split-{split}"): facts.counts[split] for split in SPLITS if split in facts.counts}
    words = [class_words(study, name) for name in names]
    least, most = (_holders(totals, words, end) for end in (min(totals), max(totals)))
    caption = say("caption-classes-many" if len(names) > classes.LARGEST else "caption-classes")
    draw = partial(classes.draw_distribution, counts=sides, classes=names)
    return [Paragraph(say("classes-differ", least=least, most=most)), Figure("fig-classes", caption, draw)]


def _holders(totals: Sequence[int], names: Sequence[str], size: int) -> str:
    """«41 («Painted Bunting»)», or how many classes have that size; `names` are in the mini grammar."""
    found = [name for total, name in zip(totals, names, strict=True) if total == size]
    if len(found) == 1:
        return say("class-of-size", images=size, title=found[0])
    return say("classes-of-size", images=size, classes=len(found))


def _provenance(facts: DatasetFacts, card: DatasetCard) -> str:
    """Whether these are the official bytes, under which terms, and where people read of them and get them. Their
    fingerprint stands with those of weights and runs."""
    origin = facts.provenance.replace(" ", "-")
    told = [say(f"origin-{origin}")]
    if card.licence:
        told.append(say("licence", licence=markup.literal(markup.line(card.licence, "dataset licence"))))
    if card.homepage:
        page = markup.link(re.sub(r"^https?://|/$", "", card.homepage), card.homepage, "dataset homepage")
        told.append(say("dataset-homepage", page=page))
    if card.sources:
        told.append(say("dataset-hosts", hosts=listing(_hosts(card.sources))))
    return " ".join(told)


def _hosts(sources: Sequence[Source]) -> list[str]:
    """The hosts of the official files; each leads to the first of its own, whose address tells the rest."""
    first: dict[str, str] = {}
    for source in sources:
        first.setdefault(urlsplit(source.url).hostname or source.url, source.url)
    return [markup.link(host, address, "dataset source") for host, address in first.items()]
