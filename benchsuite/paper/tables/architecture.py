"""The architecture table: the layers of a network from image to logits, alike ones folded, with their sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import spanish
from benchsuite.paper.language.spanish import NBSP
from benchsuite.paper.tables import cells
from benchsuite.store.record import Layer

MOST_ROWS = 15
CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d")
NAMES = {
    **dict.fromkeys(CONVOLUTIONS, ("convolución", "convoluciones")),
    "Linear": ("capa densa", "capas densas"),
    "MaxPool2d": ("máximo", "máximos"),
    "AvgPool2d": ("promedio", "promedios"),
    "AdaptiveAvgPool2d": ("promedio adaptativo", "promedios adaptativos"),
    "BasicBlock": ("bloque residual", "bloques residuales"),
    "Bottleneck": ("bloque residual de tres capas", "bloques residuales de tres capas"),
    "InvertedResidual": ("bloque residual invertido", "bloques residuales invertidos"),
}
NORMALIZATIONS = frozenset({"BatchNorm2d", "LayerNorm", "LayerNorm2d", "GroupNorm", "LocalResponseNorm"})
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
    """Layers of one or several stages (`first` to `last`) that read alike: `name` in the singular and the plural."""

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
        one, many = self.name
        name = one if self.layers == 1 else f"{spanish.number(self.layers)}{NBSP}{many}"
        return f"{spanish.upper_first(name)}{self.settings}"

    @property
    def stages(self) -> str:
        names = dict.fromkeys((self.first, self.last))
        return " a ".join(markup.literal(markup.line(name, "stage")) for name in names)

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
        output = Cell("×".join(map(spanish.number, row.output)) or "—")
        sizes = _sizes(row.parameters, row.macs, decimals)
        rows.append((Cell("" if row.stages == previous else row.stages), Cell(row.words), output, *sizes))
        previous = row.stages
    parameters = sum(layer.parameters for layer in layers)
    rows.append((Cell("Total"), Cell(""), Cell(""), *_sizes(parameters, total, decimals)))
    columns = (Column("Etapa"), Column("Capa"), *cells.numeric_columns("Salida", "Parámetros", "MMAC"))
    title = f"Arquitectura de {markup.literal(study.model_title(case))}"
    long = len(rows) > 2 * MOST_ROWS
    return Table("tab-layers", title, columns, tuple(rows), _note(layers), long=long, row_headers=False)


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
    """What a layer is, in the singular and in the plural."""
    if layer.kind == "AdaptiveAvgPool2d" and layer.output[1:] == (1, 1):
        return "promedio global", "promedios globales"
    name = markup.code(layer.kind, "layer")
    return NAMES.get(layer.kind) or ((f"bloque {name}", f"bloques {name}") if layer.block else (name, name))


def _settings(layer: Layer) -> str:
    """What follows the name of a layer: « 3×3, 64, paso 2»."""
    # Convolutions mostly have the stride 1, poolings as much as their window: only another one is worth a word.
    usual = layer.kernel if "Pool" in layer.kind else (1,) * len(layer.stride)
    stride = f", paso{NBSP}{_window(layer.stride, same=True)}" if layer.stride != usual else ""
    if layer.kind in CONVOLUTIONS:
        channels = layer.output[0] if layer.output else None
        depthwise = layer.groups > 1 and layer.groups == (channels or 0)
        groups = f", {spanish.number(layer.groups)} grupos" if layer.groups > 1 and not depthwise else ""
        shown = "" if channels is None else spanish.number(channels)
        return f" {_window(layer.kernel)}{' por canales' if depthwise else ''}, {shown}{groups}{stride}"
    if layer.kind == "Linear":
        return f", {spanish.number(layer.output[-1]) if layer.output else ''}"
    return f" {_window(layer.kernel)}{stride}" if layer.kind in ("MaxPool2d", "AvgPool2d") else ""


def _window(sides: tuple[int, ...], *, same: bool = False) -> str:
    """«3×3»; with `same`, equal sides as one number."""
    return str(sides[0]) if same and len(set(sides)) == 1 else "×".join(map(str, sides))


def _sizes(parameters: int, macs: int, decimals: int) -> tuple[Cell, Cell]:
    millions, least = macs / 1e6, 10**-decimals
    shown = spanish.number(millions, decimals) if millions >= least / 2 else f"<{NBSP}{spanish.number(least)}"
    return (
        Cell(spanish.number(parameters) if parameters else "—", parameters),
        Cell(shown if macs else "—", millions),
    )


def _note(layers: Sequence[Layer]) -> str:
    kinds = list(dict.fromkeys(layer.kind for layer in layers))
    followers = []
    for name, family in (("la normalización", NORMALIZATIONS), ("la activación", ACTIVATIONS)):
        if found := [markup.code(kind, "layer") for kind in kinds if kind in family]:
            followers.append(f"{name} ({', '.join(found)})")
    followers += ["el *dropout*"] if DROPOUTS.intersection(kinds) else []
    text = "Salida: canales×alto×ancho. MMAC: millones de multiplicaciones con suma por imagen."
    if followers:
        verb = "que la sigue" if len(followers) == 1 else "que la siguen"
        text = f"Cada capa incluye {spanish.listing(followers)} {verb}. {text}"
    return text
