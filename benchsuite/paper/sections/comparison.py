"""Two sets of results of one study, from two machines or two versions, side by side with their differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.analysis.kinds import kind_numbers
from benchsuite.identity.key_diff import differences
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.context.machine_kinds import kind_titles
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Cell, Column, Document, Heading, Paragraph, Table
from benchsuite.paper.document.style import Form
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.sections.front import paper_title
from benchsuite.paper.sections.prose import resolve_prose
from benchsuite.paper.tables import cells
from benchsuite.store.record import Environment, RunRecord

REASONS = 12
"""Most differing fields that are listed."""
LONG = 20
NAMES = ("A", "B")
FACTS: Mapping[str, Callable[[Environment], str]] = {
    "device": lambda environment: environment.device_name,
    "threads": lambda environment: typography.number(environment.threads),
    "precision": lambda environment: environment.precision,
    "system": lambda environment: environment.platform,
    "python": lambda environment: environment.python,
    "cuda": lambda environment: environment.cuda or "—",
}


Pair = tuple[RunRecord, RunRecord]
"""A run that both sides finished: the same case and seed."""
Pairs = Mapping[str, Sequence[Pair]]
"""Those of each case, by its name."""


def compose_comparison(first: PaperMaterial, second: PaperMaterial) -> Document:
    """The document that sets two papers' results beside each other. Works on papers of different studies too, as far
    as these have cases of the same names."""
    with speaking(first.suite.paper.language):
        return _compose(first, second)


def _compose(first: PaperMaterial, second: PaperMaterial) -> Document:
    studies = PaperContext(first), PaperContext(second)
    pairs = _pair_runs(first, second)
    title = markup.line(markup.plain(paper_title(studies[0])), "title")
    files = {f"{name.lower()}-{file}": content for name, material in zip(NAMES, (first, second), strict=True)
             for file, content in pack(material).items() if file.endswith((".json", ".yaml", ".txt"))}  # fmt: skip
    return Document(
        title=say("comparison-title", study=markup.literal(title)),
        authors=(),
        abstract=_abstract(pairs),
        keywords=(),
        body=tuple(_body(studies, pairs)),
        references={},
        quantities=(),
        date=max((study.findings.finished for study in studies if study.findings.finished), default=None),
        watermark=say("watermark-sample") if any(study.findings.sample for study in studies) else None,
        version=first.version,
        form=Form(language=first.suite.paper.language),
        files=files,
        name="comparison",
    )


def _pair_runs(first: PaperMaterial, second: PaperMaterial) -> Pairs:
    pairs: dict[str, list[Pair]] = {}
    for (case, seed), key in first.results.keys.items():
        one = first.results.records.get(key)
        other = second.results.records.get(second.results.keys.get((case, seed), ""))
        if one is None or other is None or one.spec.fold != other.spec.fold:
            continue
        if one.status == other.status == "done":
            pairs.setdefault(case, []).append((one, other))
    return pairs


def _count_equal(pairs: Sequence[Pair], *fields: str) -> int:
    return sum(all(getattr(one, field) == getattr(other, field) for field in fields) for one, other in pairs)


def _abstract(pairs: Pairs) -> str:
    if not pairs:
        return say("comparison-nothing-common")
    found = [pair for of_case in pairs.values() for pair in of_case]
    equal = _count_equal(found, "weights_hash", "predictions_hash")
    text = say("comparison-common", n=len(found))
    if equal == len(found):
        return f"{text} {say('comparison-all-equal')}"
    return f"{text} {say('comparison-some-equal', n=equal) if equal else say('comparison-none-equal')}"


def _body(studies: tuple[PaperContext, PaperContext], pairs: Pairs) -> Iterator[Block]:
    yield Heading("sec-environments", 1, say("comparison-environments"))
    yield Paragraph(say("comparison-environments-told"))
    yield _environments(studies)
    yield Heading("sec-identity", 1, say("comparison-identity"))
    if not pairs:
        yield Paragraph(say("comparison-none-in-both"))
        return
    yield Paragraph(say("comparison-identity-told"))
    yield _identity(studies[0], pairs)
    if reasons := _reasons(pairs):
        yield Paragraph(say("comparison-keys-differ"))
        yield Bullets(reasons)
    yield Heading("sec-results", 1, say("comparison-results"))
    alike, machines = _within_kinds(studies, pairs)
    beside = any(study.at_once[1] > 1 for study in studies)
    yield Paragraph(say("comparison-measures") + machines + (f" {say('comparison-beside')}" if beside else ""))
    yield _table(studies[0], pairs, "tab-quality", say("comparison-quality"), "quality")
    yield _table(studies[0], alike, "tab-cost", say("comparison-cost"), "cost")
    if claims := _claims(studies):
        yield Paragraph(say("comparison-claims-told"))
        yield claims


def _within_kinds(studies: tuple[PaperContext, PaperContext], pairs: Pairs) -> tuple[Pairs, str]:
    """The pairs by which costs are compared, all of one kind of machine on either side, and which these are, where a
    side has several."""
    every = [study.findings.kinds for study in studies]
    numbers = list(map(kind_numbers, every))

    def made_on(pair: Pair) -> tuple[int, ...]:
        return tuple(known.get(record.key, 0) for known, record in zip(numbers, pair, strict=True))

    chosen, _ = Counter(made_on(pair) for found in pairs.values() for pair in found).most_common(1)[0]
    kept = {case: [pair for pair in found if made_on(pair) == chosen] for case, found in pairs.items()}
    if all(len(kinds) < 2 for kinds in every):
        return kept, ""
    titles = [(kind_titles(kinds) or ["—"])[number] for kinds, number in zip(every, chosen, strict=True)]
    return kept, " " + say("comparison-machines", first=titles[0], second=titles[1])


def _environments(studies: tuple[PaperContext, PaperContext]) -> Table:
    sides = [study.findings.environments[0] if study.findings.environments else None for study in studies]
    packages = [side.packages if side is not None else {} for side in sides]
    differing = [name for name in {**packages[0], **packages[1]} if packages[0].get(name) != packages[1].get(name)]
    data = [study.findings.dataset for study in studies]
    beside = ["–".join(map(typography.number, dict.fromkeys(study.at_once))) for study in studies]
    rows = {
        say("comparison-done"): [typography.number(study.findings.done) for study in studies],
        **({say("comparison-at-once"): beside} if any(study.at_once[1] > 1 for study in studies) else {}),
        **{
            say(f"environment-{name}"): [read(side) if side is not None else "—" for side in sides]
            for name, read in FACTS.items()
        },
        **{name: [side.get(name, "—") for side in packages] for name in ("torch", *differing)},
        say("comparison-data"): [facts.fingerprint[:16] if facts is not None else "—" for facts in data],
    }
    shown = tuple(tuple(cells.text(text, "environment") for text in (name, *values)) for name, values in rows.items())
    columns = (Column(say("column-item")), *map(Column, NAMES))
    note = say("comparison-note-packages")
    return Table("tab-environments", say("comparison-environments"), columns, shown, note, wide=True)


def _identity(study: PaperContext, pairs: Pairs) -> Table:
    rows = []
    for case, found in pairs.items():
        equal = (_count_equal(found, field) for field in ("key", "weights_hash", "predictions_hash"))
        rows.append((cells.case(study.findings.case(case)), *map(cells.number, (len(found), *equal))))
    names = ("common", "key", "weights", "predictions")
    heads = cells.numeric_columns(*(say(f"column-identity-{name}") for name in names))
    columns = (cells.case_column(study), *heads)
    wide = cells.labels_are_long(study.findings.cases)
    return Table("tab-identity", say("comparison-equal-runs"), columns, tuple(rows), wide=wide)


def _reasons(pairs: Pairs) -> tuple[str, ...]:
    """Fields of the keys that differ, each once."""
    found = dict.fromkeys(
        markup.code(reason, "reason")
        for of_case in pairs.values()
        for one, other in of_case
        for reason in differences(one.key_fields, other.key_fields)
    )
    more = [say("and-more", count=len(found) - REASONS)] if len(found) > REASONS else []
    return (*list(found)[:REASONS], *more)


def _table(study: PaperContext, pairs: Pairs, identifier: str, title: str, group: str) -> Table:
    """A row for each case and metric: the means of both sides, and the mean of the paired differences."""
    rows = []
    compared = [metric for metric in study.metrics.values() if metric.compared_as == group]
    for case, found in pairs.items():
        runs, fold = tuple(record.key for pair in found for record in pair), found[0][0].spec.fold
        for known in compared:
            measured = [(known.read(one), known.read(other)) for one, other in found]
            values = [(a, b) for a, b in measured if a is not None and b is not None]
            if not values:
                continue
            overlap = 0.0 if fold is None else fold.overlap
            difference = mean_estimate([b - a for a, b in values], runs, overlap=overlap)
            means = [sum(side) / len(values) for side in zip(*values, strict=True)]
            shown = [*((known.format(mean), mean) for mean in means), (known.difference(difference), difference.mean)]
            sides = (Cell(markup.literal(text), known.scale * value, runs) for text, value in shown)
            rows.append((cells.case(study.findings.case(case)), Cell(known.title), *sides))
    columns = (
        cells.case_column(study),
        Column(say("column-measure")),
        *cells.numeric_columns(*NAMES, say("column-difference")),
    )
    return Table(identifier, title, columns, tuple(rows), wide=True, long=len(rows) > LONG)


def _claims(studies: tuple[PaperContext, PaperContext]) -> Table | None:
    others = {found.claim.id: found for found in studies[1].findings.claims}
    rows = tuple(
        (
            Cell(markup.literal(markup.plain(resolve_prose(studies[0], found.claim.text, "claims")))),
            *(Cell(say(f"verdict-{side.verdict}"), runs=side.runs) for side in (found, others[found.claim.id])),
        )
        for found in studies[0].findings.claims
        if found.claim.id in others
    )
    columns = (Column(say("column-claims-claim")), *map(Column, NAMES))
    return Table("tab-claims", say("comparison-verdicts"), columns, rows, wide=True) if rows else None
