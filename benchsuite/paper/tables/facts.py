"""Tables of facts: images by class and split, the environment, and the runs with their keys."""

from __future__ import annotations

from collections.abc import Mapping

from benchsuite.contracts.dataset import Provenance
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet, Table
from benchsuite.paper.language import spanish
from benchsuite.store.record import DatasetFacts, Environment

SPLITS = {"train": "Entrenam.", "validation": "Validación", "test": "Test"}
LONG_SPLITS = {"train": "Entrenamiento", "validation": "Validación", "test": "Test"}

ABREAST = 5
"""Most columns of runs that a page has room for."""
PROVENANCE: Mapping[Provenance, str] = {
    "official": "oficial",
    "unofficial copy": "copia no oficial",
    "own data": "datos propios",
    "synthetic sample": "muestra sintética",
}


FEW = 5
LISTED = 12
"""Most classes with a row of their own."""


def counts_table(facts: DatasetFacts, titles: Mapping[str, str], identifier: str) -> Table:
    """Images of each class in each split, with totals; of many classes or equal ones, how many a class has."""
    splits = [split for split in SPLITS if split in facts.counts]
    equal = len(facts.classes) > FEW and all(len(set(facts.counts[split])) == 1 for split in splits)
    if equal or len(facts.classes) > LISTED:
        return _splits_table(facts, splits, identifier)
    columns = (Column("Clase"), *(Column(SPLITS[split], "right") for split in splits), Column("Total", "right"))
    rows = []
    for i, name in enumerate(facts.classes):
        values = [facts.counts[split][i] for split in splits]
        rows.append((Cell(markup.literal(titles.get(name, name))), *_numbers([*values, sum(values)])))
    totals = [sum(facts.counts[split]) for split in splits]
    rows.append((Cell("Total"), *_numbers([*totals, sum(totals)])))
    return Table(identifier, "Imágenes por clase y partición", columns, tuple(rows))


def _splits_table(facts: DatasetFacts, splits: list[str], identifier: str) -> Table:
    whole = tuple(sum(counts) for counts in zip(*(facts.counts[split] for split in splits), strict=True))
    rows = tuple(
        (Cell(title), *_numbers([sum(counts), min(counts)]), Cell(spanish.number(sum(counts) / len(counts), 1)),
         *_numbers([max(counts)]))
        for title, counts in (*((LONG_SPLITS[split], facts.counts[split]) for split in splits), ("Total", whole))
    )  # fmt: skip
    titles: tuple[str, ...] = ("Mín.", "Media", "Máx.")
    note: str | None = "Mín., media y máx.: imágenes por clase."
    if all(row[2].value == row[4].value for row in rows):
        titles, note = ("Por clase",), None
        rows = tuple(row[:3] for row in rows)
    columns = (Column("Partición"), Column("Imágenes", "right"), *(Column(title, "right") for title in titles))
    return Table(identifier, "Imágenes por partición", columns, rows, note)


def _numbers(values: list[int]) -> list[Cell]:
    return [Cell(spanish.number(value), value) for value in values]


def environment_table(environment: Environment, identifier: str) -> Table:
    """Device, versions and arithmetic of the runs."""
    wanted = ("torch", "torchvision", "numpy", "pillow", "benchsuite")
    packages = {name.lower(): version for name, version in environment.packages.items()}
    facts: list[tuple[str, str | None]] = [
        ("Dispositivo", f"{environment.device_name} ({environment.device})"),
        ("Controlador", environment.driver),
        ("CUDA", environment.cuda),
        ("cuDNN", environment.cudnn),
        ("Hilos", str(environment.threads)),
        ("Precisión", environment.precision),
        ("Sistema", environment.platform),
        ("Python", environment.python),
        *((name, packages.get(name)) for name in wanted),
    ]
    if environment.git:
        dirty = " (con cambios)" if environment.git.get("dirty") else ""
        facts.append(("Revisión de git", f"{str(environment.git.get('commit', '—'))[:12]}{dirty}"))
    rows = tuple(
        (Cell(markup.literal(name)), Cell(markup.literal(markup.line(value, name)))) for name, value in facts if value
    )
    return Table(identifier, "Entorno de ejecución", (Column("Elemento"), Column("Valor")), rows, row_headers=False)


def runs_table(study: PaperContext, identifier: str) -> Table:
    """The key and the weights hash of every finished run: a grid of cases and seeds where it fits, else a list."""
    findings = study.findings
    by_place = {(case, seed): (key, weights) for key, case, seed, weights in findings.runs}
    seeds = sorted({seed for _, seed in by_place})
    note = "Cada celda: clave de la ejecución / huella SHA-256 de los pesos, abreviadas."
    if len(findings.cases) <= ABREAST:
        heads = (Column(case.label, "center", facet=Facet(case.case.name)) for case in findings.cases)
        columns = (Column("Semilla", "right"), *heads)
        rows = tuple(
            (Cell(str(seed), seed), *(_run(by_place.get((case.case.name, seed))) for case in findings.cases))
            for seed in seeds
        )
        title = "Ejecuciones por semilla"
        if len(findings.cases) > 1:
            title = markup.literal(f"{title} y {study.factor.lower()}")
        return Table(
            identifier, title, columns, rows, note, wide=len(findings.cases) > 2, long=len(seeds) > 40,
            facets=tuple(Facet(seed=seed) for seed in seeds),
        )  # fmt: skip
    if len(seeds) <= ABREAST:
        heads = (Column(f"Semilla {seed}", "center", facet=Facet(seed=seed)) for seed in seeds)
        columns = (Column(study.factor), *heads)
        rows = tuple(
            (Cell(markup.literal(case.label)), *(_run(by_place.get((case.case.name, seed))) for seed in seeds))
            for case in findings.cases
        )
        return Table(
            identifier, "Ejecuciones", columns, rows, note, wide=len(seeds) > 1, long=len(rows) > 40,
            facets=tuple(Facet(case.case.name) for case in findings.cases),
        )  # fmt: skip
    labels = {case.case.name: case.label for case in findings.cases}
    columns = (Column("Caso"), Column("Semilla", "right"), Column("Clave / pesos", "center"))
    runs = sorted(findings.runs, key=lambda run: list(labels).index(run[1]))
    rows = tuple(
        (Cell(markup.literal(labels.get(case, case))), Cell(str(seed), seed), _run((key, weights)))
        for key, case, seed, weights in runs
    )
    facets = tuple(Facet(case, seed) for _, case, seed, _ in runs)
    return Table(identifier, "Ejecuciones", columns, rows, note, long=True, facets=facets)


def _run(found: tuple[str, str] | None) -> Cell:
    if found is None:
        return Cell("—")
    key, weights = found
    return Cell(f"`{key[:8]}`/`{weights[:8]}`", None, (key,), of=key)
