"""The card of an exported network, in the paper's language: Markdown with its tables, and metadata as the Hugging Face
Hub reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from benchsuite import __version__
from benchsuite.contracts.dataset import DatasetCard, Preprocessing
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.rendering.markdown import escaped, markdown
from benchsuite.paper.tables import cells
from benchsuite.paper.tables.facts import counts_table, environment_table
from benchsuite.paper.tables.results import results_table
from benchsuite.store.record import RunRecord

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
    language = material.suite.paper.language if material is not None else "es"
    with speaking(language):
        card = card.in_language(language)
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
    yield f"# {escaped(model)} · {escaped(data.title)}\n"
    if data.provenance == "synthetic sample":
        yield f"**{say('card-sample')}**\n"
    told = say(
        "card-introduction",
        model=escaped(model),
        classes=len(data.classes),
        data=escaped(data.title),
        seed=str(spec.seed),
        case=escaped(label),
        suite=spec.suite,
    )
    yield f"{told}\n"


def _use(record: RunRecord, preprocessing: Preprocessing, titles: Mapping[str, str], file: str) -> Iterator[str]:
    assert record.dataset is not None
    height, width = preprocessing.size
    reader = READERS[file.rpartition(".")[2]].format(file=file, height=height, width=width)
    yield f"## {say('card-use')}\n\n```python\n{reader}\n```\n"
    resize = say(f"card-resize-{preprocessing.resize}")
    if preprocessing.crop_fraction < 1:
        resize = say("card-fraction", fraction=typography.number(preprocessing.crop_fraction), resize=resize)
    told = say(
        "card-input",
        height=str(height),
        width=str(width),
        resize=resize,
        interpolation=say(f"card-interpolation-{preprocessing.interpolation}"),
        mean=str(list(preprocessing.mean)),
        std=str(list(preprocessing.std)),
    )
    yield f"{told}\n"
    for number, name in enumerate(record.dataset.classes):
        yield f"{number}. {escaped(name)}" + (f" ({escaped(titles[name])})" if titles.get(name, name) != name else "")
    yield f"\n{say('card-metadata')}\n"


def _tables(record: RunRecord, titles: Mapping[str, str], material: PaperMaterial | None) -> Iterator[str]:
    assert record.dataset is not None
    yield f"## {say('card-results')}\n"
    values = {name: METRICS[name].read(record) for name in MEASURES}
    heads = (Column(say("column-measure")), Column(say("column-value"), "right"))
    rows = tuple(
        (Cell(METRICS[name].heading), Cell(METRICS[name].in_column(value)))
        for name, value in values.items()
        if value is not None
    )
    yield from markdown(Table("tab-run", say("card-measures"), heads, rows))
    if material is not None and len(material.results.plan.runs) > 1:
        yield from markdown(results_table(PaperContext(material)))
    yield f"## {say('card-data')}\n"
    yield from markdown(counts_table(record.dataset, titles))


def _origin(record: RunRecord, card: DatasetCard) -> Iterator[str]:
    assert record.dataset is not None
    start = record.weights
    licence = markup.line(card.licence, "licence")
    provenance = f"provenance-{record.dataset.provenance.replace(' ', '-')}"
    begun = start.request if start is not None and start.sha256 is not None else say("card-start-random")
    heads = (Column(say("column-item")), Column(say("column-value")))
    yield f"## {say('card-origin')}\n"
    facts = {
        say("card-key"): record.key,
        say("card-weights"): record.weights_hash or "—",
        say("card-data"): f"{record.dataset.title}, {say(provenance)}",
        say("card-licence"): licence or say("card-licence-unknown"),
        say("card-start"): begun,
        say("card-made-with"): f"benchsuite {__version__}",
    }
    rows = tuple((Cell(name), cells.text(value, name)) for name, value in facts.items())
    yield from markdown(Table("tab-origin", say("card-provenance"), heads, rows))
    yield f"{say('card-licence-of-network')}\n"
    yield from markdown(environment_table(record.environment))
