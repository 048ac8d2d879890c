"""Draws the picture of the architecture from the code: `make picture` writes `docs/guide/architecture.svg`.

Rooms are the modules and packages directly below `benchsuite`; the boxes of the larger ones name their sub-rooms, from
what imports to what is imported. Arrows are the imports between rooms, but for those that a path of other arrows shows
already. Where a room stands, and the words below its name, are written down here; a room without a place is an error,
and a test compares the file with what this would draw.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "pyproject.toml"
PICTURE = ROOT / "docs" / "guide" / "architecture.svg"
PLUGINS = "benchsuite_plugins"
NOT_DRAWN = frozenset({"benchsuite", "__main__"})
"""The version, and another name of `cli`."""

Imports = Mapping[str, frozenset[str]]
"""What each room imports directly."""


@dataclass(frozen=True)
class Place:
    """Where a room stands, what is said of it, and how far from its left edge its arrows go down (the middle)."""

    row: int
    column: int
    words: str
    lane: int | None = None


PLACES = {
    "cli": Place(0, 1, "the program: errors to one screen and an exit code"),
    "study": Place(0, 0, "from Python: run, load", lane=40),
    "commands": Place(1, 1, "a file a command"),
    "scaffold": Place(2, 0, "benchsuite new", lane=15),
    "site": Place(2, 2, "all studies as pages"),
    "testing": Place(2, 1, "the kit behind check-plugin: the contract, rule by rule"),
    "paper": Place(3, 1, "findings and prose to HTML and PDF, in Spanish"),
    "execution": Place(4, 1, "which runs are due; worker processes; searches"),
    "analysis": Place(4, 4, "records to findings"),
    PLUGINS: Place(4, 3, "first-party plugins"),
    "engine": Place(5, 1, "one run, bit for bit, with torch"),
    "api": Place(5, 3, "all that plugins import"),
    "store": Place(6, 1, "run folders, records and their migrations"),
    "sources": Place(6, 2, "finds data and weights"),
    "identity": Place(7, 1, "run keys, and why a run is due"),
    "suite": Place(8, 1, "a YAML file to a plan"),
    "registry": Place(9, 1, "which plugins are installed, and what is wrong with the others"),
    "hookspecs": Place(10, 1, "the hooks that plugins implement"),
    "contracts": Place(11, 1, "what a data set, a model, a recipe, a figure must be"),
}
BASE = (
    "atomic_files",
    "extras",
    "file_locks",
    "file_stamps",
    "legible",
    "machine",
    "metrics",
    "processes",
    "settings",
    "errors",
)
"""Rooms that any other may use; no arrows lead to them."""

SPINE = 1
COLUMNS = ((24, 176), (240, 496), (776, 172), (982, 172), (54, 146))
"""Left edge and width; the last is the first again, with room for an arrow on its left."""
WIDTH, MARGIN, GAP = 1178, 24, 30
CHIP_HEIGHT, CHIP_GAP, LETTER = 22, 6, 6.9
STYLE = """
  svg { --page: #ffffff; --box: #f4f6fa; --edge: #c3ccd9; --ink: #1c2530; --soft: #566273; --chip: #ffffff;
        --arrow: #5a78a8; --accent: #e6eefb; --outside: #fdf3e1; --outside-edge: #dfbf83; color-scheme: light dark }
  @media (prefers-color-scheme: dark) {
    svg { --page: #14181d; --box: #1e242c; --edge: #3d4856; --ink: #e8edf3; --soft: #a3afbd; --chip: #14181d;
          --arrow: #86a8dd; --accent: #22314a; --outside: #332915; --outside-edge: #7d6531 }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--soft) }
  .name { font-weight: 600; font-size: 15px; fill: var(--ink) }
  .chip { font: 11.5px ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; fill: var(--ink) }
  .page { fill: var(--page) } .box { fill: var(--box); stroke: var(--edge) }
  .chips { fill: var(--chip); stroke: var(--edge) }
  .base { fill: var(--accent); stroke: var(--edge) } .outside { fill: var(--outside); stroke: var(--outside-edge) }
  .arrow { fill: none; stroke: var(--arrow); stroke-width: 1.6 } .head { fill: var(--arrow) }
"""


@dataclass(frozen=True)
class Box:
    """A room on the page."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def room_of(module: str) -> str:
    """The room that a module belongs to: a child of `benchsuite`, or the plugins."""
    top, *below = module.split(".")
    return below[0] if below and top == "benchsuite" else top


def read_imports(graph: grimp.ImportGraph) -> Imports:
    """What each room imports directly, itself left out."""
    imports: dict[str, set[str]] = {}
    for module in graph.modules:
        room = imports.setdefault(room_of(module), set())
        room |= {room_of(other) for other in graph.find_modules_directly_imported_by(module)}
    return {room: frozenset(others - {room}) for room, others in imports.items()}


def read_sub_rooms() -> dict[str, list[str]]:
    """What the larger rooms hold, from what imports to what is imported, as import-linter's contracts have it: they are
    complete and in order, or `make lint` fails."""
    contracts = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return {
        container.removeprefix("benchsuite."): re.findall(r"\w+", " ".join(contract["layers"]))
        for contract in contracts
        for container in contract.get("containers", ())
    }


def arrows(imports: Imports) -> list[tuple[str, str]]:
    """The imports between rooms that are drawn: those that no path of others shows."""
    drawn = set(imports) - NOT_DRAWN - set(BASE)
    return [
        (room, other)
        for room in sorted(drawn)
        for other in sorted(imports[room] & drawn)
        if not any(other in _reachable(imports, step) for step in imports[room] - {other})
    ]


def _reachable(imports: Imports, room: str) -> set[str]:
    """The rooms that a room imports, directly or through others."""
    found: set[str] = set()
    waiting = [room]
    while waiting:
        for other in imports.get(waiting.pop(), frozenset()) - found:
            found.add(other)
            waiting.append(other)
    return found


def draw() -> str:
    """The picture of the code as it stands."""
    graph = grimp.build_graph("benchsuite", PLUGINS, cache_dir=None)
    imports = read_imports(graph)
    homeless = set(imports) - NOT_DRAWN - set(BASE) - set(PLACES)
    gone = ({*PLACES, *BASE}) - set(imports)
    if homeless or gone:
        raise SystemExit(f"docs/_ext/architecture.py: no place for {sorted(homeless)}, no room called {sorted(gone)}")
    inside = read_sub_rooms()
    chips = {room: inside.get(room, []) for room in PLACES}
    boxes = _place_boxes(chips)
    bottom = max(box.bottom for box in boxes.values())
    base = Box(MARGIN, bottom + GAP, WIDTH - 2 * MARGIN, 52)
    height = base.bottom + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        ' aria-labelledby="title">',
        '<title id="title">The rooms of benchsuite and the imports between them, all of which run downwards</title>',
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"'
        ' markerUnits="userSpaceOnUse"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="12"/>',
        *_draw_arrows(arrows(imports), boxes),
        *(line for room, box in boxes.items() for line in _draw_room(room, box, chips[room])),
        *_draw_base(base),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _chip_rows(names: list[str], width: float) -> list[list[tuple[str, float, float]]]:
    """Names with left edge and width, in rows that fit into `width`."""
    rows: list[list[tuple[str, float, float]]] = []
    x = width
    for name in names:
        wide = len(name) * LETTER + 16
        if x + wide > width:
            rows.append([])
            x = 0
        rows[-1].append((name, x, wide))
        x += wide + CHIP_GAP
    return rows


def _place_boxes(chips: Mapping[str, list[str]]) -> dict[str, Box]:
    heights = {
        room: 50 + len(_chip_rows(chips[room], COLUMNS[place.column][1] - 24)) * (CHIP_HEIGHT + CHIP_GAP)
        for room, place in PLACES.items()
    }
    tops: dict[int, float] = {}
    y: float = MARGIN
    for row in range(1 + max(place.row for place in PLACES.values())):
        tops[row] = y
        y += GAP + max(heights[room] for room, place in PLACES.items() if place.row == row)
    return {
        room: Box(COLUMNS[place.column][0], tops[place.row], COLUMNS[place.column][1], heights[room])
        for room, place in PLACES.items()
    }


def _draw_room(room: str, box: Box, chips: list[str]) -> Iterator[str]:
    kind = "outside" if room in (PLUGINS, "api") else "box"
    name = "plugins" if room == PLUGINS else room
    yield f'<rect class="{kind}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"/>'
    yield f'<text class="name" x="{box.x + 12}" y="{box.y + 21}">{name}</text>'
    yield f'<text x="{box.x + 12}" y="{box.y + 39}">{escape(PLACES[room].words)}</text>'
    for row, names in enumerate(_chip_rows(chips, box.width - 24)):
        y = box.y + 49 + row * (CHIP_HEIGHT + CHIP_GAP)
        for chip, x, wide in names:
            left = box.x + 12 + x
            yield f'<rect class="chips" x="{left:.1f}" y="{y}" width="{wide:.1f}" height="{CHIP_HEIGHT}" rx="11"/>'
            yield f'<text class="chip" x="{left + wide / 2:.1f}" y="{y + 15}" text-anchor="middle">{chip}</text>'


def _draw_base(box: Box) -> Iterator[str]:
    yield f'<rect class="base" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"/>'
    yield f'<text x="{box.x + 12}" y="{box.y + 31}">used by any room</text>'
    step = (box.width - 150) / len(BASE)
    for number, name in enumerate(BASE):
        yield f'<text class="name" x="{box.x + 170 + number * step:.1f}" y="{box.y + 32}">{name}</text>'


def _draw_arrows(pairs: Iterable[tuple[str, str]], boxes: Mapping[str, Box]) -> Iterator[str]:
    """Each from the room that imports to the one that is imported."""
    for room, other in pairs:
        if PLACES[other].row <= PLACES[room].row:
            raise SystemExit(f"docs/_ext/architecture.py: {other} must stand below {room}, which imports it")
        path = _route(PLACES[room], boxes[room], boxes[other])
        yield f'<path class="arrow" d="{path}" marker-end="url(#head)"><title>{room} imports {other}</title></path>'


def _route(place: Place, start: Box, end: Box) -> str:
    """An SVG path: straight down, or out of the spine's side and down, or down and into the other room's side."""
    if start.middle == end.middle:
        return f"M{start.middle} {start.bottom}V{end.y}"
    if place.column == SPINE:
        x, y = end.middle, start.y + start.height / 2
        side, turn = (start.x + start.width, -10) if x > start.middle else (start.x, 10)
        return f"M{side} {y}H{x + turn}Q{x} {y} {x} {y + 10}V{end.y}"
    x = start.middle if place.lane is None else start.x + place.lane
    y = end.y + end.height / 2
    side, turn = (end.x, 10) if x < end.x else (end.x + end.width, -10)
    return f"M{x} {start.bottom}V{y - 10}Q{x} {y} {x + turn} {y}H{side}"


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE)
