"""The architecture table: the layers of a network from image to logits, alike ones folded, with their sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Table
from benchsuite.paper.language import spanish
from benchsuite.store.record import Layer

MOST_ROWS = 15
BLOCKS = {
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


@dataclass(frozen=True)
class _Row:
    """Layers of one or several stages (`first` to `last`) that read alike, in the mini grammar."""

    first: str
    last: str
    one: str
    many: str
    settings: str
    output: tuple[int, ...]
    parameters: int
    macs: int
    layers: int = 1

    @property
    def words(self) -> str:
        name = self.one if self.layers == 1 else f"{spanish.number(self.layers)}{spanish.NBSP}{self.many}"
        return f"{name[:1].upper()}{name[1:]}{self.settings}"

    def alike(self, other: _Row) -> bool:
        return (self.one, self.settings, self.output) == (other.one, other.settings, other.output)

    def joined(self, other: _Row) -> _Row:
        return replace(
            self,
            last=other.last,
            parameters=self.parameters + other.parameters,
            macs=self.macs + other.macs,
            layers=self.layers + other.layers,
        )


def layers_table(study: PaperContext, case: CaseFindings, identifier: str) -> Table | None:
    """The network of `case`; None where its record does not tell the layers."""
    layers = case.model.layers if case.model is not None else ()
    if not layers:
        return None
    rows = _rows(layers)
    total = sum(layer.macs for layer in layers)
    decimals = 1 if total >= 1e8 else 3
    cells: list[tuple[Cell, ...]] = []
    previous = ""
    for row in rows:
        stage = " a ".join(markup.literal(markup.line(name, "stage")) for name in dict.fromkeys((row.first, row.last)))
        shown = Cell("×".join(map(spanish.number, row.output)) or "—")
        cells.append((Cell("" if stage == previous else stage), Cell(row.words), shown, *_sizes(row, decimals)))
        previous = stage
    sums = _Row("", "", "", "", "", (), sum(layer.parameters for layer in layers), total)
    cells.append((Cell("Total"), Cell(""), Cell(""), *_sizes(sums, decimals)))
    columns = (
        Column("Etapa"),
        Column("Capa"),
        Column("Salida", "right"),
        Column("Parámetros", "right"),
        Column("MMAC", "right"),
    )
    title = f"Arquitectura de {markup.literal(study.model_title(case))}"
    return Table(
        identifier, title, columns, tuple(cells), _note(layers), long=len(cells) > 2 * MOST_ROWS, row_headers=False
    )


def _rows(layers: Sequence[Layer]) -> list[_Row]:
    """Alike neighbours folded within stages and, where that leaves too many rows, over stages."""
    rows = [
        row for _, stage in groupby(layers, key=lambda layer: layer.stage) for row in _folded(_absorbed(list(stage)))
    ]
    return rows if len(rows) <= MOST_ROWS else _folded(rows)


def _folded(rows: Iterable[_Row]) -> list[_Row]:
    out: list[_Row] = []
    for row in rows:
        if out and out[-1].alike(row):
            out[-1] = out[-1].joined(row)
        else:
            out.append(row)
    return out


def _absorbed(stage: Sequence[Layer]) -> Iterator[_Row]:
    """The rows of a stage: a layer takes in the normalization, activation and dropout after it."""
    held: _Row | None = None
    for layer in stage:
        if held is not None and _follows(layer):
            held = replace(held, parameters=held.parameters + layer.parameters, macs=held.macs + layer.macs)
        elif layer.parameters or layer.macs or not _follows(layer):
            if held is not None:
                yield held
            one, many, settings = _called(layer)
            held = _Row(layer.stage, layer.stage, one, many, settings, layer.output, layer.parameters, layer.macs)
    if held is not None:
        yield held


def _follows(layer: Layer) -> bool:
    return layer.kind in NORMALIZATIONS | ACTIVATIONS | DROPOUTS | SILENT


def _called(layer: Layer) -> tuple[str, str, str]:
    """What a layer is, in the singular and in the plural, and with which settings."""
    channels = spanish.number(layer.output[0]) if layer.output else ""
    kernel, stride = (
        _window(layer.kernel),
        f", paso{spanish.NBSP}{_window(layer.stride, same=True)}" if _strides(layer) else "",
    )
    match layer.kind:
        case "Conv1d" | "Conv2d" | "Conv3d":
            depthwise = layer.groups > 1 and layer.groups == (layer.output or (0,))[0]
            groups = f", {spanish.number(layer.groups)} grupos" if layer.groups > 1 and not depthwise else ""
            settings = f" {kernel}{' por canales' if depthwise else ''}, {channels}{groups}{stride}"
            return "convolución", "convoluciones", settings
        case "Linear":
            return "capa densa", "capas densas", f", {spanish.number(layer.output[-1]) if layer.output else ''}"
        case "MaxPool2d":
            return "máximo", "máximos", f" {kernel}{stride}"
        case "AvgPool2d":
            return "promedio", "promedios", f" {kernel}{stride}"
        case "AdaptiveAvgPool2d":
            which = ("global", "globales") if layer.output[1:] == (1, 1) else ("adaptativo", "adaptativos")
            return f"promedio {which[0]}", f"promedios {which[1]}", ""
        case _:
            name = _code(layer.kind)
            one, many = (f"bloque {name}", f"bloques {name}") if layer.block else (name, name)
            return (*BLOCKS.get(layer.kind, (one, many)), "")


def _strides(layer: Layer) -> bool:
    """Whether the stride is worth a word: convolutions mostly have 1, poolings as much as their window."""
    usual = layer.kernel if "Pool" in layer.kind else (1,) * len(layer.stride)
    return layer.stride != usual


def _window(sides: tuple[int, ...], *, same: bool = False) -> str:
    """«3×3»; with `same`, equal sides as one number."""
    if same and len(set(sides)) == 1:
        return str(sides[0])
    return "×".join(map(str, sides))


def _sizes(row: _Row, decimals: int) -> tuple[Cell, Cell]:
    millions = row.macs / 1e6
    least = 10**-decimals
    shown = spanish.number(millions, decimals) if millions >= least / 2 else f"<{spanish.NBSP}{spanish.number(least)}"
    return (
        Cell(spanish.number(row.parameters) if row.parameters else "—", row.parameters),
        Cell(shown if row.macs else "—", millions),
    )


def _note(layers: Sequence[Layer]) -> str:
    kinds = list(dict.fromkeys(layer.kind for layer in layers))
    followers = []
    for name, family in (
        ("la normalización", NORMALIZATIONS),
        ("la activación", ACTIVATIONS),
        ("el *dropout*", DROPOUTS),
    ):
        found = [_code(kind) for kind in kinds if kind in family]
        if found:
            followers.append(name if family is DROPOUTS else f"{name} ({', '.join(found)})")
    said = "Salida: canales×alto×ancho. MMAC: millones de multiplicaciones con suma por imagen."
    if followers:
        verb = "que la sigue" if len(followers) == 1 else "que la siguen"
        said = f"Cada capa incluye {spanish.listing(followers)} {verb}. {said}"
    return said


def _code(name: str) -> str:
    return f"`{markup.line(name, 'layer').replace('`', '')}`"
