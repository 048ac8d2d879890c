"""Tables of facts: images by class and split, the environment, and the runs with their keys."""

from __future__ import annotations

from collections.abc import Mapping

from benchsuite.contracts.dataset import Provenance
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.tables import cells
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
"""Most classes of one size with a row of their own."""
LISTED = 12
"""Most classes with a row of their own."""
PACKAGES = ("torch", "torchvision", "numpy", "pillow", "benchsuite")


def counts_table(facts: DatasetFacts, titles: Mapping[str, str]) -> Table:
    """Images of each class in each split, with totals; of many classes or equal ones, how many a class has."""
    splits = [split for split in SPLITS if split in facts.counts]
    equal = len(facts.classes) > FEW and all(len(set(facts.counts[split])) == 1 for split in splits)
    if equal or len(facts.classes) > LISTED:
        return _splits_table(facts, splits)
    names = [Cell(markup.literal(titles.get(name, name))) for name in facts.classes]
    counts = [*zip(*(facts.counts[split] for split in splits), strict=True), [sum(facts.counts[s]) for s in splits]]
    rows = tuple(
        (name, *map(cells.number, [*values, sum(values)]))
        for name, values in zip([*names, Cell("Total")], counts, strict=True)
    )
    columns = (Column("Clase"), *cells.numeric_columns(*(SPLITS[split] for split in splits), "Total"))
    return Table("tab-dataset", "Imágenes por clase y partición", columns, rows)


def _splits_table(facts: DatasetFacts, splits: list[str]) -> Table:
    whole = tuple(map(sum, zip(*(facts.counts[split] for split in splits), strict=True)))
    sides = [*((LONG_SPLITS[split], facts.counts[split]) for split in splits), ("Total", whole)]
    equal = all(min(counts) == max(counts) for _, counts in sides)
    titles = ["Por clase"] if equal else ["Mín.", "Media", "Máx."]
    note = None if equal else "Mín., media y máx.: imágenes por clase."
    rows = []
    for title, counts in sides:
        spread = [] if equal else [Cell(spanish.number(sum(counts) / len(counts), 1)), cells.number(max(counts))]
        rows.append((Cell(title), cells.number(sum(counts)), cells.number(min(counts)), *spread))
    columns = (Column("Partición"), *cells.numeric_columns("Imágenes", *titles))
    return Table("tab-dataset", "Imágenes por partición", columns, tuple(rows), note)


def environment_table(environment: Environment) -> Table:
    """Device, versions and arithmetic of the runs."""
    packages = {name.lower(): version for name, version in environment.packages.items()}
    facts: dict[str, str | None] = {
        "Dispositivo": f"{environment.device_name} ({environment.device})",
        "Controlador": environment.driver,
        "CUDA": environment.cuda,
        "cuDNN": environment.cudnn,
        "Hilos": str(environment.threads),
        "Precisión": environment.precision,
        "Sistema": environment.platform,
        "Python": environment.python,
        **{name: packages.get(name) for name in PACKAGES},
    }
    if environment.git:
        dirty = " (con cambios)" if environment.git.get("dirty") else ""
        facts["Revisión de git"] = f"{str(environment.git.get('commit', '—'))[:12]}{dirty}"
    rows = tuple((Cell(name), cells.text(value, name)) for name, value in facts.items() if value)
    return Table(
        "tab-environment", "Entorno de ejecución", (Column("Elemento"), Column("Valor")), rows, row_headers=False
    )


def runs_table(study: PaperContext) -> Table:
    """The key and the weights hash of every finished run: a grid of cases and seeds where it fits, else a list."""
    findings = study.findings
    cases = findings.cases
    runs = {(case, seed): Cell(f"`{key[:8]}`/`{weights[:8]}`", None, (key,), of=key)
             for key, case, seed, weights in findings.runs}  # fmt: skip
    seeds = sorted({seed for _, seed in runs})
    title, wide = "Ejecuciones", False
    if len(cases) <= ABREAST:
        heads = [Column(case.label, "center", facet=Facet(case.case.name)) for case in cases]
        columns = [Column("Semilla", "right"), *heads]
        rows = [(Cell(str(s), s), *(runs.get((case.case.name, s), cells.EMPTY) for case in cases)) for s in seeds]
        facets = tuple(Facet(seed=seed) for seed in seeds)
        title, wide, long = "Ejecuciones por semilla", len(cases) > 2, cells.is_long(seeds)
        if len(cases) > 1:
            title = markup.literal(f"{title} y {study.names.factor.lower()}")
    elif len(seeds) <= ABREAST:
        heads = [Column(f"Semilla {seed}", "center", facet=Facet(seed=seed)) for seed in seeds]
        columns = [Column(study.names.factor), *heads]
        rows = [
            (cells.case(case), *(runs.get((case.case.name, seed), cells.EMPTY) for seed in seeds)) for case in cases
        ]
        facets, wide, long = cells.case_facets(cases), len(seeds) > 1, cells.is_long(rows)
    else:
        columns = [Column("Caso"), Column("Semilla", "right"), Column("Clave / pesos", "center")]
        order = {case.case.name: cells.case(case) for case in cases}
        listed = sorted(runs, key=lambda run: list(order).index(run[0]))
        rows = [(order[case], Cell(str(seed), seed), runs[case, seed]) for case, seed in listed]
        facets, long = tuple(Facet(case, seed) for case, seed in listed), True
    note = "Cada celda: clave de la ejecución / huella SHA-256 de los pesos, abreviadas."
    return Table("tab-runs", title, tuple(columns), tuple(rows), note, wide=wide, long=long, facets=facets)
