"""Two sets of results of one study, from two machines or two versions, side by side with their differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.identity.key_diff import differences
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.context.machine_kinds import kind_titles
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Cell, Column, Document, Heading, Paragraph, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.sections.claim_words import VERDICTS
from benchsuite.paper.sections.compose import SAMPLE
from benchsuite.paper.sections.front import paper_title
from benchsuite.paper.sections.prose import resolve_prose
from benchsuite.paper.tables import cells
from benchsuite.store.record import Environment, RunRecord

REASONS = 12
"""Most differing fields that are listed."""
LONG = 20
NAMES = ("A", "B")
FACTS: Mapping[str, Callable[[Environment], str]] = {
    "Dispositivo": lambda environment: environment.device_name,
    "Hilos": lambda environment: spanish.number(environment.threads),
    "Precisión": lambda environment: environment.precision,
    "Sistema": lambda environment: environment.platform,
    "Python": lambda environment: environment.python,
    "CUDA": lambda environment: environment.cuda or "—",
}


Pair = tuple[RunRecord, RunRecord]
"""A run that both sides finished: the same case and seed."""
Pairs = Mapping[str, Sequence[Pair]]
"""Those of each case, by its name."""


def compose_comparison(first: PaperMaterial, second: PaperMaterial) -> Document:
    """The document that sets two papers' results beside each other. Works on papers of different studies too, as far
    as these have cases of the same names."""
    studies = PaperContext(first), PaperContext(second)
    pairs = _pair_runs(first, second)
    title = markup.line(markup.plain(paper_title(studies[0])), "title")
    files = {f"{name.lower()}-{file}": content for name, material in zip(NAMES, (first, second), strict=True)
             for file, content in pack(material).items() if file.endswith((".json", ".yaml", ".txt"))}  # fmt: skip
    return Document(
        title=f"Dos veces el mismo estudio: {markup.literal(title)}",
        authors=(),
        abstract=_abstract(pairs),
        keywords=(),
        body=tuple(_body(studies, pairs)),
        references={},
        quantities=(),
        date=max((study.findings.finished for study in studies if study.findings.finished), default=None),
        watermark=SAMPLE if any(study.findings.sample for study in studies) else None,
        version=first.version,
        files=files,
    )


def _pair_runs(first: PaperMaterial, second: PaperMaterial) -> Pairs:
    pairs: dict[str, list[Pair]] = {}
    for (case, seed), key in first.results.keys.items():
        one = first.results.records.get(key)
        other = second.results.records.get(second.results.keys.get((case, seed), ""))
        if one is not None and other is not None and one.status == other.status == "done":
            pairs.setdefault(case, []).append((one, other))
    return pairs


def _count_equal(pairs: Sequence[Pair], *fields: str) -> int:
    return sum(all(getattr(one, field) == getattr(other, field) for field in fields) for one, other in pairs)


def _abstract(pairs: Pairs) -> str:
    if not pairs:
        return "Los dos juegos de resultados, A y B, no tienen ninguna ejecución en común."
    found = [pair for of_case in pairs.values() for pair in of_case]
    equal = _count_equal(found, "weights_hash", "predictions_hash")
    text = f"Se comparan dos juegos de resultados, A y B, con {spanish.count(len(found), 'ejecución común')}. "
    if equal == len(found):
        return text + "Todas tienen, bit a bit, los mismos pesos y las mismas predicciones."
    if not equal:
        return text + "Ninguna tiene los mismos pesos y predicciones bit a bit; se dan las diferencias y sus causas."
    return text + f"Coinciden bit a bit {spanish.number(equal)}; de las demás se dan las diferencias y sus causas."


def _body(studies: tuple[PaperContext, PaperContext], pairs: Pairs) -> Iterator[Block]:
    yield Heading("sec-environments", 1, "Entornos")
    yield Paragraph("El {{tab-environments}} pone uno junto a otro los entornos en los que se hizo cada juego.")
    yield _environments(studies)
    yield Heading("sec-identity", 1, "Identidad bit a bit")
    if not pairs:
        yield Paragraph("Ninguna configuración con la misma semilla ha terminado en ambos juegos.")
        return
    yield Paragraph(
        "El {{tab-identity}} cuenta, por configuración, las ejecuciones comunes con la misma clave, los mismos pesos y "
        "las mismas probabilidades en validación y en test."
    )
    yield _identity(studies[0], pairs)
    if reasons := _reasons(pairs):
        yield Paragraph("Las claves difieren en los campos siguientes, cada uno causa posible de otros bits:")
        yield Bullets(reasons)
    yield Heading("sec-results", 1, "Resultados")
    alike, machines = _within_kinds(studies, pairs)
    beside = any(study.at_once[1] > 1 for study in studies)
    yield Paragraph(
        "El {{tab-quality}} compara las medidas y el {{tab-cost}} el coste, sobre las ejecuciones comunes. La "
        "diferencia es B menos A, media sobre semillas pareadas con su intervalo de confianza."
        + machines
        + (" Los tiempos de ejecuciones hechas a la vez son mayores que a solas." if beside else "")
    )
    yield _table(studies[0], pairs, "tab-quality", "Medidas", "quality")
    yield _table(studies[0], alike, "tab-cost", "Coste", "cost")
    if claims := _claims(studies):
        yield Paragraph("El {{tab-claims}} da el veredicto de cada afirmación en cada juego de resultados.")
        yield claims


def _within_kinds(studies: tuple[PaperContext, PaperContext], pairs: Pairs) -> tuple[Pairs, str]:
    """The pairs by which costs are compared, all of one kind of machine on either side, and which these are, where a
    side has several."""
    every = [study.findings.kinds for study in studies]
    numbers = [{run: number for number, kind in enumerate(kinds) for run in kind.runs} for kinds in every]

    def made_on(pair: Pair) -> tuple[int, ...]:
        return tuple(known.get(record.key, 0) for known, record in zip(numbers, pair, strict=True))

    chosen, _ = Counter(made_on(pair) for found in pairs.values() for pair in found).most_common(1)[0]
    kept = {case: [pair for pair in found if made_on(pair) == chosen] for case, found in pairs.items()}
    if all(len(kinds) < 2 for kinds in every):
        return kept, ""
    titles = [(kind_titles(kinds) or ["—"])[number] for kinds, number in zip(every, chosen, strict=True)]
    return kept, f" El coste es el de las ejecuciones que se hicieron en {titles[0]} en A y en {titles[1]} en B."


def _environments(studies: tuple[PaperContext, PaperContext]) -> Table:
    sides = [study.findings.environments[0] if study.findings.environments else None for study in studies]
    packages = [side.packages if side is not None else {} for side in sides]
    differing = [name for name in {**packages[0], **packages[1]} if packages[0].get(name) != packages[1].get(name)]
    data = [study.findings.dataset for study in studies]
    beside = ["–".join(map(spanish.number, dict.fromkeys(study.at_once))) for study in studies]
    rows = {
        "Ejecuciones terminadas": [spanish.number(study.findings.done) for study in studies],
        **({"Ejecuciones a la vez": beside} if any(study.at_once[1] > 1 for study in studies) else {}),
        **{title: [read(side) if side is not None else "—" for side in sides] for title, read in FACTS.items()},
        **{name: [side.get(name, "—") for side in packages] for name in ("torch", *differing)},
        "Huella de los datos": [facts.fingerprint[:16] if facts is not None else "—" for facts in data],
    }
    shown = tuple(tuple(cells.text(text, "environment") for text in (name, *values)) for name, values in rows.items())
    columns = (Column("Elemento"), *map(Column, NAMES))
    note = "De los paquetes solo figuran torch y los que tienen otra versión; de varios entornos, el más frecuente."
    return Table("tab-environments", "Entornos", columns, shown, note, wide=True)


def _identity(study: PaperContext, pairs: Pairs) -> Table:
    rows = []
    for case, found in pairs.items():
        equal = (_count_equal(found, field) for field in ("key", "weights_hash", "predictions_hash"))
        rows.append((cells.case(study.findings.case(case)), *map(cells.number, (len(found), *equal))))
    heads = cells.numeric_columns("Comunes", "Misma clave", "Mismos pesos", "Mismas predicciones")
    columns = (cells.case_column(study), *heads)
    wide = cells.labels_are_long(study.findings.cases)
    return Table("tab-identity", "Ejecuciones iguales bit a bit", columns, tuple(rows), wide=wide)


def _reasons(pairs: Pairs) -> tuple[str, ...]:
    """Fields of the keys that differ, each once."""
    found = dict.fromkeys(
        markup.code(reason, "reason")
        for of_case in pairs.values()
        for one, other in of_case
        for reason in differences(one.key_fields, other.key_fields)
    )
    more = [f"y {spanish.number(len(found) - REASONS)} más"] if len(found) > REASONS else []
    return (*list(found)[:REASONS], *more)


def _table(study: PaperContext, pairs: Pairs, identifier: str, title: str, group: str) -> Table:
    """A row for each case and metric: the means of both sides, and the mean of the paired differences."""
    rows = []
    compared = [metric for metric in METRICS.values() if metric.compared_as == group]
    for case, found in pairs.items():
        runs = tuple(record.key for pair in found for record in pair)
        for known in compared:
            measured = [(known.read(one), known.read(other)) for one, other in found]
            values = [(a, b) for a, b in measured if a is not None and b is not None]
            if not values:
                continue
            difference = mean_estimate([b - a for a, b in values], runs)
            means = [sum(side) / len(values) for side in zip(*values, strict=True)]
            shown = [*((known.format(mean), mean) for mean in means), (known.difference(difference), difference.mean)]
            sides = (Cell(markup.literal(text), known.scale * value, runs) for text, value in shown)
            rows.append((cells.case(study.findings.case(case)), Cell(known.title), *sides))
    columns = (cells.case_column(study), Column("Medida"), *cells.numeric_columns(*NAMES, "Diferencia"))
    return Table(identifier, title, columns, tuple(rows), wide=True, long=len(rows) > LONG)


def _claims(studies: tuple[PaperContext, PaperContext]) -> Table | None:
    others = {found.claim.id: found for found in studies[1].findings.claims}
    rows = tuple(
        (
            Cell(markup.literal(markup.plain(resolve_prose(studies[0], found.claim.text, "claims")))),
            *(Cell(VERDICTS[side.verdict], runs=side.runs) for side in (found, others[found.claim.id])),
        )
        for found in studies[0].findings.claims
        if found.claim.id in others
    )
    columns = (Column("Afirmación"), *map(Column, NAMES))
    return Table("tab-claims", "Veredictos", columns, rows, wide=True) if rows else None
