"""`benchsuite check`: whether a finished paper says what the results inside it give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchsuite.atomic_files import scratch_folder
from benchsuite.commands.console import announce, count, print_json, say
from benchsuite.commands.options import Json, Plugins
from benchsuite.commands.paper import paper_in
from benchsuite.commands.paper_form import tell_of_renderer
from benchsuite.errors import PaperError

if TYPE_CHECKING:
    from benchsuite.paper.bundle.reader import PaperReader
    from benchsuite.paper.context.material import Material
    from benchsuite.paper.rendering.process import Renderer

SHOWN = 20

PaperFile = Annotated[
    Path, typer.Argument(metavar="PAPER", help="A paper.pdf that benchsuite wrote.", show_default=False)
]


def check(paper: PaperFile, plugins: Plugins = None, as_json: Json = False) -> None:
    """Compute every number of PAPER again from the records it carries, and compare: words, then drawings.

    Needs no data, no GPU and no results folder; the figure of a plugin is computed again where the plugin is. Exit code
    0: the paper says what its records give; 1: it does not.
    """
    from benchsuite.paper.rendering.process import Renderer

    file = paper_in(paper)
    with Renderer.of_stranger(file) as renderer, scratch_folder("check") as folder:
        from benchsuite.paper.bundle.reader import PaperReader  # while the renderer reads in its own libraries

        with PaperReader(file) as reader:
            material, inconsistent = reader.read()
            faults = [*inconsistent, *_other_charts(material)]
            for fault in faults[:SHOWN]:
                announce(fault)
            found = report(reader, rebuild(material, Path(folder), renderer), material)
    if as_json:
        print_json({"paper": str(paper), "faults": faults, **asdict(found)})
    if faults or not found.same:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Comparison:
    """How a paper compares with the one that its results give here."""

    same: bool
    """Whether it says what they give."""
    equal_bytes: bool
    words: Sequence[Mapping[str, Any]] = ()
    """Where it prints other words: `page`, `after`, `printed` and `expected`."""
    drawings: Sequence[int] = ()
    """Pages on which something is drawn differently."""
    other_versions: Sequence[str] = ()
    """What sets papers here in other versions."""


def _other_charts(material: Material) -> list[str]:
    """Which charts their plugins give otherwise here; says which could not be computed again."""
    from benchsuite.paper.context.material import ReportMaterial
    from benchsuite.paper.plugin_figures import charts_apart, compared

    if isinstance(material, ReportMaterial):  # the papers of its studies have them
        return []
    again = list(compared(material.charts, charts_apart(material)))
    for made, same in again:
        if same is None:
            owner = f"{made.distribution} {made.version}"
            lacking = "which is not here, or made of predictions, which the paper does not carry"
            say(f"{made.block} is a chart of {owner}, {lacking}: its points were not computed again")
    return [
        f"{made.block}: {made.figure} of {made.distribution} {made.version} gives another chart for these runs"
        for made, same in again
        if same is False
    ]


def rebuild(material: Material, folder: Path, renderer: Renderer) -> bytes:
    """The PDF that this material gives here and now; the HTML lies beside it in `folder`."""
    from benchsuite.paper.build import build_paper
    from benchsuite.paper.bundle.attachments import damaged

    tell_of_renderer()
    try:
        return build_paper(material, folder, renderer=renderer).pdf.read_bytes()
    except PaperError as error:
        raise damaged(f"it cannot be built again: {error.what}", error.where) from error


def report(paper: PaperReader, rebuilt: bytes, material: Material) -> Comparison:
    """Say how a paper compares with the one built again."""
    runs = {key for study in material.studies for key in study.results.records}
    base = count(len(runs), "attached run") + (" and the attached charts" if material.charts else "")
    if paper.given == rebuilt:
        say(f"the same bytes: every number, table and figure follows from the {base}")
        return Comparison(same=True, equal_bytes=True)
    others = changed_renderer(material)
    found = paper.compare(rebuilt)
    different = found.words
    words = [
        {"page": one.page, "after": one.after, "printed": one.printed, "expected": one.recomputed} for one in different
    ]
    for one in different[:SHOWN]:
        printed, expected = (f"«{words[:80]}»" if words else "nothing" for words in (one.printed, one.recomputed))
        announce(f"page {one.page}, after «{one.after[-80:]}»: printed {printed}, its results give {expected}")
    if len(different) > SHOWN:
        say(f"and {len(different) - SHOWN} more differences")
    if others:
        say(f"made with other versions, so pages may be set differently: {'; '.join(others)}")
    if different:
        return Comparison(False, False, words, found.drawings, others)
    if others:
        say(f"every word and number follows from the {base}; drawings could not be compared bit by bit")
        return Comparison(same=True, equal_bytes=False, other_versions=others)
    for page in found.drawings:
        announce(f"page {page}: the words are right, but something is drawn differently")
    announce("the bytes differ although the same versions made both: this copy was changed after it was made")
    return Comparison(False, False, (), found.drawings)


def changed_renderer(material: Material) -> list[str]:
    """What sets papers here in other versions than set this one."""
    from benchsuite.paper.bundle.renderer_versions import renderer

    here = renderer()
    return [
        "benchsuite's own code" if name == "benchsuite" else f"{name} {then} (here {here.get(name, 'absent')})"
        for name, then in material.renderer.items()
        if here.get(name) != then
    ]
