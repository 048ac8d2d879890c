"""The architecture table: the layers of a network from image to logits, alike ones folded, with their sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.language.typography import NBSP
from benchsuite.paper.tables import cells
from benchsuite.store.record import Layer

MOST_ROWS = 15
CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d", "Conv2dSame")
NAMES = {
    **dict.fromkeys(CONVOLUTIONS, "convolution"),
    "Linear": "dense",
    "MaxPool2d": "maximum",
    "AvgPool2d": "average",
    "AdaptiveAvgPool2d": "adaptive-average",
    "SelectAdaptivePool2d": "global-pooling",
    "BasicBlock": "residual",
    "Bottleneck": "bottleneck",
    "InvertedResidual": "inverted-residual",
    "DepthwiseSeparableConv": "separable",
}
"""What the messages that name kinds of layers call them."""
NORMALIZATIONS = frozenset(
    {"BatchNorm2d", "BatchNormAct2d", "LayerNorm", "LayerNorm2d", "GroupNorm", "LocalResponseNorm"}
)
ACTIVATIONS = frozenset(
    {"ReLU", "LeakyReLU", "ReLU6", "ELU", "Tanh", "SiLU", "Sigmoid", "Softmax", "GELU", "Hardswish", "PReLU"}
)
DROPOUTS = frozenset({"Dropout", "Dropout2d"})
SILENT = frozenset({"Flatten", "Identity"})
"""Layers that compute nothing: no row tells of them."""
FOLLOWERS = NORMALIZATIONS | ACTIVATIONS | DROPOUTS | SILENT
"""Layers that belong to the one before them."""


@dataclass(frozen=True)
class _Row:
    """Layers of one or several stages (`first` to `last`) that read alike; `name`: a message and the kind it names."""

    first: str
    last: str
    name: tuple[str, str]
    settings: str
    output: tuple[int, ...]
    parameters: int
    macs: int
    layers: int = 1

    @classmethod
    def of(cls, layer: Layer) -> _Row:
        return cls(layer.stage, layer.stage, _name(layer), _settings(layer), layer.output, layer.parameters, layer.macs)

    @property
    def words(self) -> str:
        message, kind = self.name
        name = say(message, n=self.layers, kind=kind)
        return f"{typography.upper_first(name)}{self.settings}"

    @property
    def stages(self) -> str:
        names = dict.fromkeys((self.first, self.last))
        shown = [markup.literal(markup.line(name, "stage")) for name in names]
        return shown[0] if len(shown) == 1 else say("layer-stages", first=shown[0], last=shown[-1])

    def is_alike(self, other: _Row) -> bool:
        return (self.name, self.settings, self.output) == (other.name, other.settings, other.output)

    def add(self, parameters: int, macs: int) -> _Row:
        return replace(self, parameters=self.parameters + parameters, macs=self.macs + macs)

    def join(self, other: _Row) -> _Row:
        added = self.add(other.parameters, other.macs)
        return replace(added, last=other.last, layers=self.layers + other.layers)


def layers_table(study: PaperContext, case: CaseFindings) -> Table | None:
    """The network of `case`; None where its record does not tell the layers."""
    layers = case.model.layers if case.model is not None else ()
    if not layers:
        return None
    total = sum(layer.macs for layer in layers)
    decimals = 1 if total >= 1e8 else 3
    rows: list[tuple[Cell, ...]] = []
    previous = ""
    for row in _rows(layers):
        output = Cell("×".join(map(typography.number, row.output)) or "—")
        sizes = _sizes(row.parameters, row.macs, decimals)
        rows.append((Cell("" if row.stages == previous else row.stages), Cell(row.words), output, *sizes))
        previous = row.stages
    parameters = sum(layer.parameters for layer in layers)
    rows.append((Cell(say("total")), Cell(""), Cell(""), *_sizes(parameters, total, decimals)))
    heads = {name: say(f"column-layers-{name}") for name in ("stage", "layer", "output", "parameters")}
    columns = (
        Column(heads["stage"]),
        Column(heads["layer"]),
        *cells.numeric_columns(heads["output"], heads["parameters"], "MMAC"),
    )
    title = say("title-layers", model=markup.literal(study.model_title(case)))
    long = len(rows) > 2 * MOST_ROWS
    return Table("tab-layers", title, columns, tuple(rows), _note(layers), long=long, row_headers=False)


def describe_stages(layers: Sequence[Layer]) -> tuple[tuple[str, tuple[str, ...], str, int], ...]:
    """The name of each stage, its layers in words, the size of what leaves it, and its parameters, without markup."""
    return tuple(_describe_stage(name, list(stage)) for name, stage in groupby(layers, key=lambda layer: layer.stage))


def _describe_stage(name: str, layers: Sequence[Layer]) -> tuple[str, tuple[str, ...], str, int]:
    rows = _fold(_absorb(layers))
    output = "×".join(map(typography.number, rows[-1].output)) if rows else ""
    parameters = sum(layer.parameters for layer in layers)
    return markup.line(name, "stage"), tuple(markup.plain(row.words) for row in rows), output, parameters


def _rows(layers: Sequence[Layer]) -> list[_Row]:
    """Alike neighbours folded within stages and, where that leaves too many rows, over stages."""
    stages = groupby(layers, key=lambda layer: layer.stage)
    rows = [row for _, stage in stages for row in _fold(_absorb(stage))]
    return rows if len(rows) <= MOST_ROWS else _fold(rows)


def _fold(rows: Iterable[_Row]) -> list[_Row]:
    """Alike neighbours as one row."""
    out: list[_Row] = []
    for row in rows:
        if out and out[-1].is_alike(row):
            out[-1] = out[-1].join(row)
        else:
            out.append(row)
    return out


def _absorb(stage: Iterable[Layer]) -> list[_Row]:
    """The rows of a stage: a layer takes in the normalization, activation and dropout after it."""
    out: list[_Row] = []
    for layer in stage:
        if out and layer.kind in FOLLOWERS:
            out[-1] = out[-1].add(layer.parameters, layer.macs)
        elif layer.parameters or layer.macs or layer.kind not in FOLLOWERS:
            out.append(_Row.of(layer))
    return out


def _name(layer: Layer) -> tuple[str, str]:
    """The message that says what a layer is, and what a message for any kind needs to know."""
    if layer.kind == "AdaptiveAvgPool2d" and layer.output[1:] == (1, 1):
        return "layer-global-average", ""
    if layer.kind in NAMES:
        return f"layer-{NAMES[layer.kind]}", ""
    return "layer-block" if layer.block else "layer-other", markup.code(layer.kind, "layer")


def _settings(layer: Layer) -> str:
    """What follows the name of a layer: « 3×3, 64, paso 2»."""
    # Convolutions mostly have the stride 1, poolings as much as their window: only another one is worth a word.
    usual = layer.kernel if "Pool" in layer.kind else (1,) * len(layer.stride)
    stride = f", {say('layer-stride', stride=_window(layer.stride, same=True))}" if layer.stride != usual else ""
    if layer.kind in CONVOLUTIONS:
        channels = layer.output[0] if layer.output else None
        depthwise = layer.groups > 1 and layer.groups == (channels or 0)
        groups = f", {say('layer-groups', groups=layer.groups)}" if layer.groups > 1 and not depthwise else ""
        shown = "" if channels is None else typography.number(channels)
        window = _window(layer.kernel)
        return f" {say('layer-depthwise', window=window) if depthwise else window}, {shown}{groups}{stride}"
    if layer.kind == "Linear":
        return f", {typography.number(layer.output[-1]) if layer.output else ''}"
    return f" {_window(layer.kernel)}{stride}" if layer.kind in ("MaxPool2d", "AvgPool2d") else ""


def _window(sides: tuple[int, ...], *, same: bool = False) -> str:
    """«3×3»; with `same`, equal sides as one number."""
    return str(sides[0]) if same and len(set(sides)) == 1 else "×".join(map(str, sides))


def _sizes(parameters: int, macs: int, decimals: int) -> tuple[Cell, Cell]:
    millions, least = macs / 1e6, 10**-decimals
    shown = typography.number(millions, decimals) if millions >= least / 2 else f"<{NBSP}{typography.number(least)}"
    return (
        Cell(typography.number(parameters) if parameters else "—", parameters),
        Cell(shown if macs else "—", millions),
    )


def _note(layers: Sequence[Layer]) -> str:
    kinds = list(dict.fromkeys(layer.kind for layer in layers))
    followers = []
    for message, family in (("layer-normalization", NORMALIZATIONS), ("layer-activation", ACTIVATIONS)):
        if found := [markup.code(kind, "layer") for kind in kinds if kind in family]:
            followers.append(say(message, kinds=", ".join(found)))
    followers += [say("layer-dropout")] if DROPOUTS.intersection(kinds) else []
    if not followers:
        return say("note-layers")
    return f"{say('note-layers-followers', n=len(followers), layers=listing(followers))} {say('note-layers')}"
