"""Two sets of results of one study, from two machines or two versions, side by side with their differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchsuite.analysis.intervals import mean_estimate
from benchsuite.identity.key_diff import differences
from benchsuite.metrics import COMPARED_COST, COMPARED_QUALITY
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Cell, Column, Document, Heading, Paragraph, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.sections.claim_words import VERDICTS
from benchsuite.paper.sections.quoted import prose
from benchsuite.store.record import Environment, RunRecord

REASONS = 12
NAMES = ("A", "B")
FACTS: Mapping[str, Callable[[Environment], str]] = {
    "Dispositivo": lambda environment: environment.device_name,
    "Hilos": lambda environment: spanish.number(environment.threads),
    "Precisión": lambda environment: environment.precision,
    "Sistema": lambda environment: environment.platform,
    "Python": lambda environment: environment.python,
    "CUDA": lambda environment: environment.cuda or "—",
}


@dataclass(frozen=True)
class _Pair:
    """A run that both sides finished: the same case and seed."""

    case: str
    seed: int
    first: RunRecord
    second: RunRecord

    @property
    def same_weights(self) -> bool:
        return self.first.weights_hash == self.second.weights_hash

    @property
    def same_predictions(self) -> bool:
        return self.first.predictions_hash == self.second.predictions_hash


def compose_comparison(first: PaperMaterial, second: PaperMaterial) -> Document:
    """The document that sets two papers' results beside each other. Works on papers of different studies too, as far
    as these have cases of the same names."""
    studies = PaperContext(first), PaperContext(second)
    pairs = list(_pairs(first, second))
    title = markup.line(markup.plain(prose(studies[0], first.suite.title, "title")), "title")
    files = {f"{name.lower()}-{file}": content for name, material in zip(NAMES, (first, second), strict=True)
             for file, content in pack(material).items() if file.endswith((".json", ".yaml", ".txt"))}  # fmt: skip
    dates = [study.findings.finished for study in studies if study.findings.finished]
    return Document(
        title=f"Dos veces el mismo estudio: {markup.literal(title)}",
        authors=(),
        abstract=_abstract(pairs),
        keywords=(),
        body=tuple(_body(studies, pairs)),
        references={},
        quantities=(),
        date=max(dates, default=None),
        watermark="MUESTRA SINTÉTICA" if any(study.findings.sample for study in studies) else None,
        version=first.version,
        files=files,
    )


def _pairs(first: PaperMaterial, second: PaperMaterial) -> Iterator[_Pair]:
    known = {(case, seed): second.results.records.get(key) for (case, seed), key in second.results.keys.items()}
    for (case, seed), key in first.results.keys.items():
        one, other = first.results.records.get(key), known.get((case, seed))
        if one is not None and other is not None and one.status == other.status == "done":
            yield _Pair(case, seed, one, other)


def _abstract(pairs: Sequence[_Pair]) -> str:
    if not pairs:
        return "Los dos juegos de resultados, A y B, no tienen ninguna ejecución en común."
    equal = sum(pair.same_weights and pair.same_predictions for pair in pairs)
    runs = spanish.count(len(pairs), "ejecución común", "ejecuciones comunes")
    said = f"Se comparan dos juegos de resultados, A y B, con {runs}. "
    if equal == len(pairs):
        return said + "Todas tienen, bit a bit, los mismos pesos y las mismas predicciones."
    if not equal:
        return said + "Ninguna tiene los mismos pesos y predicciones bit a bit; se dan las diferencias y sus causas."
    return said + f"Coinciden bit a bit {spanish.number(equal)}; de las demás se dan las diferencias y sus causas."


def _body(studies: tuple[PaperContext, PaperContext], pairs: Sequence[_Pair]) -> Iterator[Block]:
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
    yield Paragraph(
        "El {{tab-quality}} compara las medidas y el {{tab-cost}} el coste, sobre las ejecuciones comunes. La "
        "diferencia es B menos A, media sobre semillas pareadas con su intervalo de confianza."
    )
    yield _table(studies[0], pairs, "tab-quality", "Medidas", COMPARED_QUALITY)
    yield _table(studies[0], pairs, "tab-cost", "Coste", COMPARED_COST)
    if claims := _claims(studies):
        yield Paragraph("El {{tab-claims}} da el veredicto de cada afirmación en cada juego de resultados.")
        yield claims


def _environments(studies: tuple[PaperContext, PaperContext]) -> Table:
    sides = [study.findings.environments[0] if study.findings.environments else None for study in studies]
    rows = [["Ejecuciones terminadas", *(spanish.number(study.findings.done) for study in studies)]]
    rows += [[title, *(read(side) if side is not None else "—" for side in sides)] for title, read in FACTS.items()]
    packages = [side.packages if side is not None else {} for side in sides]
    names = [name for name in packages[0] if packages[0].get(name) != packages[1].get(name)]
    names += [name for name in packages[1] if name not in packages[0]]
    rows += [[name, *(side.get(name, "—") for side in packages)] for name in dict.fromkeys(("torch", *names))]
    data = [study.findings.dataset for study in studies]
    rows.append(["Huella de los datos", *(facts.fingerprint[:16] if facts is not None else "—" for facts in data)])
    made = tuple(tuple(Cell(markup.literal(markup.line(cell, "environment"))) for cell in row) for row in rows)
    columns = (Column("Elemento"), *(Column(name) for name in NAMES))
    note = "De los paquetes solo figuran torch y los que tienen otra versión; de varios entornos, el más frecuente."
    return Table("tab-environments", "Entornos", columns, made, note, wide=True)


def _identity(study: PaperContext, pairs: Sequence[_Pair]) -> Table:
    rows = []
    for case, found in _by_case(pairs).items():
        counts = [
            len(found),
            sum(pair.first.key == pair.second.key for pair in found),
            sum(pair.same_weights for pair in found),
            sum(pair.same_predictions for pair in found),
        ]
        rows.append((Cell(markup.literal(study.named(case).label)), *(Cell(spanish.number(n), n) for n in counts)))
    titles = ("Comunes", "Misma clave", "Mismos pesos", "Mismas predicciones")
    factor = Column(study.factor if len(study.factor) < 20 else "Caso")
    columns = (factor, *(Column(title, "right") for title in titles))
    return Table("tab-identity", "Ejecuciones iguales bit a bit", columns, tuple(rows), wide=study.wordy)


def _reasons(pairs: Sequence[_Pair]) -> tuple[str, ...]:
    """Fields of the keys that differ, each once."""
    found = dict.fromkeys(
        reason for pair in pairs for reason in differences(pair.first.key_fields, pair.second.key_fields)
    )
    shown = [f"`{markup.file_name(markup.line(reason, 'reason')).replace('`', '')[:200]}`" for reason in found]
    more = [f"y {spanish.number(len(shown) - REASONS)} más"] if len(shown) > REASONS else []
    return tuple(shown[:REASONS] + more)


def _table(study: PaperContext, pairs: Sequence[_Pair], identifier: str, title: str, metrics: Sequence[str]) -> Table:
    """A row for each case and metric: the means of both sides, and the mean of the paired differences."""
    rows = []
    for case, found in _by_case(pairs).items():
        for metric in metrics:
            known = METRICS[metric]
            values = [(a, b) for pair in found if (a := known.read(pair.first)) is not None
                      and (b := known.read(pair.second)) is not None]  # fmt: skip
            if not values:
                continue
            runs = tuple(record.key for pair in found for record in (pair.first, pair.second))
            means = [sum(side) / len(values) for side in zip(*values, strict=True)]
            difference = mean_estimate([b - a for a, b in values], runs)
            rows.append(
                (
                    Cell(markup.literal(study.named(case).label)),
                    Cell(known.title),
                    *(Cell(markup.literal(known.format(mean)), known.scale * mean, runs) for mean in means),
                    Cell(markup.literal(known.difference(difference)), known.scale * difference.mean, runs),
                )
            )
    columns = (
        Column(study.factor if len(study.factor) < 20 else "Caso"),
        Column("Medida"),
        *(Column(name, "right") for name in NAMES),
        Column("Diferencia", "right"),
    )
    return Table(identifier, title, columns, tuple(rows), wide=True, long=len(rows) > 20)


def _claims(studies: tuple[PaperContext, PaperContext]) -> Table | None:
    others = {found.claim.id: found for found in studies[1].findings.claims}
    rows = tuple(
        (
            Cell(markup.literal(markup.plain(prose(studies[0], found.claim.text, "claims")))),
            Cell(VERDICTS[found.verdict], runs=found.runs),
            Cell(VERDICTS[others[found.claim.id].verdict], runs=others[found.claim.id].runs),
        )
        for found in studies[0].findings.claims
        if found.claim.id in others
    )
    columns = (Column("Afirmación"), *(Column(name) for name in NAMES))
    return Table("tab-claims", "Veredictos", columns, rows, wide=True) if rows else None


def _by_case(pairs: Sequence[_Pair]) -> dict[str, list[_Pair]]:
    found: dict[str, list[_Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.case, []).append(pair)
    return found
