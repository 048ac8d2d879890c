"""Tables of facts: images by class and split, the configuration, the environment, and the runs with their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchsuite.contracts.dataset import Provenance
from benchsuite.paper import spanish, text
from benchsuite.paper.document import Cell, Column, Table
from benchsuite.paper.study.context import Study
from benchsuite.store.record import DatasetFacts, Environment

SPLITS = {"train": "Entrenam.", "validation": "Validación", "test": "Test"}

PARAMETERS = {
    "dataset": "Conjunto de datos",
    "model": "Modelo",
    "recipe": "Receta",
    "dataset.image_size": "Lado de la imagen (píxeles)",
    "dataset.augmentation": "Aumento de datos",
    "model.depth": "Profundidad",
    "model.weights": "Pesos iniciales",
    "recipe.learning_rate": "Tasa de aprendizaje",
    "recipe.batch_size": "Tamaño de lote",
    "recipe.max_epochs": "Épocas máximas",
    "recipe.patience": "Paciencia (épocas)",
    "recipe.optimizer": "Optimizador",
    "recipe.monitor": "Métrica vigilada",
    "recipe.precision": "Precisión numérica",
    "recipe.weight_decay": "Decaimiento de pesos",
    "recipe.log_every": "Registro cada (pasos)",
    "recipe.freeze.blocks": "Bloques congelados",
    "recipe.freeze.stem": "Congelación de la entrada",
    "recipe.freeze.batchnorm": "Normalización congelada",
    "recipe.freeze.stages": "Etapas congeladas",
}
PROVENANCE: Mapping[Provenance, str] = {
    "official": "oficial",
    "unofficial copy": "copia no oficial",
    "synthetic sample": "muestra sintética",
}


def counts_table(facts: DatasetFacts, titles: Mapping[str, str], identifier: str) -> Table:
    """Images of each class in each split, with totals."""
    splits = [split for split in SPLITS if split in facts.counts]
    columns = (Column("Clase"), *(Column(SPLITS[split], "right") for split in splits), Column("Total", "right"))
    rows = []
    shown = range(len(facts.classes)) if len(facts.classes) <= 20 else range(0)
    for i in shown:
        values = [facts.counts[split][i] for split in splits]
        title = titles.get(facts.classes[i], facts.classes[i])
        rows.append((Cell(text.literal(title)), *_numbers([*values, sum(values)])))
    totals = [sum(facts.counts[split]) for split in splits]
    rows.append((Cell("Total"), *_numbers([*totals, sum(totals)])))
    return Table(identifier, "Imágenes por clase y partición", columns, tuple(rows))


def _numbers(values: list[int]) -> list[Cell]:
    return [Cell(spanish.number(value), value) for value in values]


def configuration_table(study: Study, identifier: str) -> Table:
    """What all cases share, then what sets them apart, then the seeds."""
    labels = study.material.suite.paper.labels
    rows: list[tuple[Cell, ...]] = []
    varied = {path for case in study.findings.cases for path in case.case.settings}
    for path, value in study.findings.settings.items():
        if value is None or value in ({}, (), []) or path in varied:
            continue
        rows.append((_parameter(path, labels), Cell(_value(value))))
    for what, shown in study.material.configuration:
        row = (Cell(text.literal(text.line(what, "configuration"))), Cell(text.literal(text.line(shown, what))))
        rows.append(row)
    for path in dict.fromkeys(path for case in study.findings.cases for path in case.case.settings):
        values = dict.fromkeys(
            _value(case.case.settings[path]) for case in study.findings.cases if path in case.case.settings
        )
        name = _parameter(path, labels)
        rows.append((Cell(f"**{name.text}**" if "`" not in name.text else name.text), Cell("; ".join(values))))
    rows.append((Cell("Semillas"), Cell(_seeds(study.findings.seeds))))
    note = "En negrita, lo que distingue a las configuraciones." if varied else None
    return Table(
        identifier, "Configuración del estudio", (Column("Parámetro"), Column("Valor")), tuple(rows), note,
        row_headers=False, long=len(rows) > 40,
    )  # fmt: skip


def _parameter(path: str, labels: Mapping[str, str]) -> Cell:
    if path in labels:
        return Cell(text.literal(text.line(labels[path], f"paper.labels.{path}")))
    return Cell(PARAMETERS[path]) if path in PARAMETERS else Cell(f"`{text.line(path, path)}`")


def _value(value: Any) -> str:
    """A parameter's value in the mini grammar."""
    match value:
        case bool():
            return "sí" if value else "no"
        case int() | float():
            return spanish.number(value)
        case list() | tuple():
            return "; ".join(_value(item) for item in value) or "ninguno"
        case None:
            return "ninguno"
        case _:
            shown = text.line(str(value), "parameter").replace("`", "'")
            return f"`{shown[:200]}`" if shown else "—"


def _seeds(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{len(seeds)} ({seeds[0]} a {seeds[-1]})"
    return f"{len(seeds)} ({'; '.join(str(seed) for seed in seeds)})" if seeds else "0"


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
        (Cell(text.literal(name)), Cell(text.literal(text.line(value, name)))) for name, value in facts if value
    )
    return Table(identifier, "Entorno de ejecución", (Column("Elemento"), Column("Valor")), rows, row_headers=False)


def runs_table(study: Study, identifier: str) -> Table:
    """The key and the weights hash of every finished run: a grid of seeds by cases where it fits, else a list."""
    findings = study.findings
    by_place = {(case, seed): (key, weights) for key, case, seed, weights in findings.runs}
    seeds = sorted({seed for _, seed in by_place})
    note = "Cada celda: clave de la ejecución / huella SHA-256 de los pesos, abreviadas."
    if len(findings.cases) <= 5:
        columns = (Column("Semilla", "right"), *(Column(case.label, "center") for case in findings.cases))
        rows = tuple(
            (Cell(str(seed), seed), *(_run(by_place.get((case.case.name, seed))) for case in findings.cases))
            for seed in seeds
        )
        title = text.literal(f"Ejecuciones por semilla y {study.factor.lower()}")
        return Table(identifier, title, columns, rows, note, wide=len(findings.cases) > 2, long=len(seeds) > 40)
    labels = {case.case.name: case.label for case in findings.cases}
    columns = (Column("Caso"), Column("Semilla", "right"), Column("Clave / pesos", "center"))
    rows = tuple(
        (Cell(text.literal(labels.get(case, case))), Cell(str(seed), seed), _run((key, weights)))
        for key, case, seed, weights in findings.runs
    )
    return Table(identifier, "Ejecuciones", columns, rows, note, long=True)


def _run(found: tuple[str, str] | None) -> Cell:
    if found is None:
        return Cell("—")
    key, weights = found
    return Cell(f"`{key[:8]}`/`{weights[:8]}`", None, (key,))
