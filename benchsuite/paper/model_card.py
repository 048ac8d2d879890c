"""The card of an exported network, in Spanish: Markdown with the tables of the paper, and metadata as the Hugging Face
Hub reads them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from benchsuite import __version__
from benchsuite.contracts.dataset import DatasetCard, Preprocessing
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.tables import cells
from benchsuite.paper.tables.facts import PROVENANCE, counts_table, environment_table
from benchsuite.paper.tables.results import results_table
from benchsuite.store.record import RunRecord

RESIZE = {
    "squash": "se escala cada lado por separado",
    "crop": "se escala el lado menor y se conserva el centro",
}
MEASURES = ("validation_accuracy", "validation_loss", "test_accuracy", "test_macro_f1", "test_loss")
READERS = {
    "safetensors": "from safetensors.torch import load_file\n\nweights = load_file({file!r})",
    "onnx": (
        "import onnxruntime\n\nsession = onnxruntime.InferenceSession({file!r})\n"
        '(logits,) = session.run(["logits"], {{"images": images}})  # float32 (N, 3, {height}, {width})'
    ),
    "pt2": (
        "import torch\n\nnetwork = torch.export.load({file!r}).module()\n"
        "logits = network(images)  # float32 (N, 3, {height}, {width})"
    ),
}
"""How a file is read, by how its name ends."""


def model_card(
    record: RunRecord,
    model: str,
    card: DatasetCard,
    preprocessing: Preprocessing,
    file: str,
    material: PaperMaterial | None,
) -> str:
    """The card of the network of a run, a `model` which lies beside it in `file`. `material` is that of the paper of
    its study, where there is one.

    Raises PaperError for words that cannot be set.
    """
    titles = {name: markup.line(title, "class title") for name, title in card.class_titles.items()}
    parts = (
        _front(record),
        _introduction(record, model, material),
        _use(record, preprocessing, titles, file),
        _tables(record, titles, material),
        _origin(record, card),
    )
    return "\n".join(line for part in parts for line in part)


def _front(record: RunRecord) -> Iterator[str]:
    assert record.dataset is not None
    assert record.test is not None
    title = markup.line(record.dataset.title, "dataset title")
    measured = {"accuracy": record.test.accuracy, "f1": record.test.macro_f1}
    told = {
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "benchsuite"],
        "model-index": [
            {
                "name": f"{record.spec.suite}/{record.spec.case.name}",
                "results": [
                    {
                        "task": {"type": "image-classification"},
                        "dataset": {"name": title, "type": "image-folder", "split": "test"},
                        "metrics": [{"type": kind, "value": value} for kind, value in measured.items()],
                    }
                ],
            }
        ],
    }
    yield f"---\n{yaml.safe_dump(told, allow_unicode=True, sort_keys=False)}---\n"


def _introduction(record: RunRecord, model: str, material: PaperMaterial | None) -> Iterator[str]:
    assert record.dataset is not None
    spec, data = record.spec, record.dataset
    context = PaperContext(material) if material is not None else None
    case = next((one for one in context.findings.cases if one.case.name == spec.case.name), None) if context else None
    label = case.label if case else spec.case.name
    yield f"# {_text(model)} · {_text(data.title)}\n"
    if data.provenance == "synthetic sample":
        yield "**MUESTRA SINTÉTICA: la red se ha entrenado con imágenes generadas y no sirve para fotografías.**\n"
    yield (
        f"Red {_text(model)} que distingue {len(data.classes)} clases de {_text(data.title)}. Es la semilla "
        f"{spec.seed} de la configuración «{_text(label)}» del estudio `{spec.suite}`, con los pesos de la época que "
        "eligió la validación.\n"
    )


def _use(record: RunRecord, preprocessing: Preprocessing, titles: Mapping[str, str], file: str) -> Iterator[str]:
    assert record.dataset is not None
    height, width = preprocessing.size
    reader = READERS[file.rpartition(".")[2]].format(file=file, height=height, width=width)
    yield f"## Uso\n\n```python\n{reader}\n```\n"
    yield (
        f"Entrada: fotografía en RGB a {height} × {width} píxeles (alto por ancho; {RESIZE[preprocessing.resize]}, "
        f"bilineal con antialias), dividida por 255, menos la media {list(preprocessing.mean)} y entre la desviación "
        f"{list(preprocessing.std)}. Salida: un logit por clase, en este orden:\n"
    )
    for number, name in enumerate(record.dataset.classes):
        yield f"{number}. {_text(name)}" + (f" ({_text(titles[name])})" if titles.get(name, name) != name else "")
    yield "\nEl fichero lleva en sus metadatos las clases, la preparación, las medidas, la clave y las versiones.\n"


def _tables(record: RunRecord, titles: Mapping[str, str], material: PaperMaterial | None) -> Iterator[str]:
    assert record.dataset is not None
    yield "## Resultados\n"
    values = {name: METRICS[name].read(record) for name in MEASURES}
    rows = tuple(
        (Cell(METRICS[name].heading), Cell(METRICS[name].in_column(value)))
        for name, value in values.items()
        if value is not None
    )
    yield from markdown(Table("tab-run", "Medidas de esta red", (Column("Medida"), Column("Valor", "right")), rows))
    if material is not None and len(material.results.plan.runs) > 1:
        yield from markdown(results_table(PaperContext(material)))
    yield "## Datos\n"
    yield from markdown(counts_table(record.dataset, titles))


def _origin(record: RunRecord, card: DatasetCard) -> Iterator[str]:
    assert record.dataset is not None
    start = record.weights
    licence = markup.line(card.licence, "licence")
    yield "## Procedencia y licencia\n"
    facts = {
        "Clave de la ejecución": record.key,
        "Huella de los pesos (SHA-256)": record.weights_hash or "—",
        "Datos": f"{record.dataset.title}, {PROVENANCE[record.dataset.provenance]}",
        "Licencia de los datos": licence or "no consta",
        "Pesos de partida": start.request if start is not None and start.sha256 is not None else "aleatorios",
        "Hecho con": f"benchsuite {__version__}",
    }
    rows = tuple((Cell(name), cells.text(value, name)) for name, value in facts.items())
    yield from markdown(Table("tab-origin", "Procedencia", (Column("Elemento"), Column("Valor")), rows))
    yield "La licencia de la red la elige quien la publica, según la de los datos y la de los pesos de partida.\n"
    yield from markdown(environment_table(record.environment))


def markdown(table: Table) -> Iterator[str]:
    """A table of the paper in Markdown, without its links."""
    marks = {"left": "---", "right": "--:", "center": ":-:"}
    yield f"**{_plain(table.title)}**\n"
    yield _row([_plain(column.title) for column in table.columns])
    yield _row([marks[column.align] for column in table.columns])
    yield from (_row([f"**{_plain(c.text)}**" if c.strong else _plain(c.text) for c in row]) for row in table.rows)
    yield f"\n{_plain(table.note)}\n" if table.note else ""


def _row(parts: Sequence[str]) -> str:
    return f"| {' | '.join(parts)} |"


def _plain(text: str) -> str:
    return _text(markup.plain(text))


def _text(text: str) -> str:
    """Foreign text that means itself in Markdown."""
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(markup.line(text, "model card"), quote=False))
