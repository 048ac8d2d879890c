"""Places of this machine that a paper names. A stranger may name any: repeated runs read the folder of data alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from benchsuite.contracts.model import Model
from benchsuite.errors import PaperError, on_one_line
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.registry import CASE_PARTS, registry
from benchsuite.suite.search.space import corners


def refuse_foreign_places(material: PaperMaterial, paper: Path, data: Path | None) -> None:
    """Raise PaperError where a run would read what the paper names outside the folder of data (without one, the current
    folder)."""
    plan, known, current = material.results.plan, registry(), Path.cwd()
    root = (data.expanduser() if data is not None else current).resolve()
    named: dict[str, Path] = {}
    for case in (*plan.cases, *(corners(plan.search, known) if plan.search else ())):
        for kind in CASE_PARTS:
            if kind == "dataset" and material.findings.sample:  # which looks for no photos but its own
                continue
            part = getattr(case, kind)
            entry = known.entry(kind, part.qualified_name)
            try:
                params = entry.parse(part.parameters)
            except ValidationError as error:
                raise PaperError(
                    f"the {kind} {part.name} of this paper has parameters that the one here does not take: "
                    f"{on_one_line(error)}",
                    where=str(paper),
                    expected=f"{part.distribution} {part.version}; here it is {entry.version}",
                    remedy="install that version; if it is there, this paper is damaged or hostile",
                ) from error
            asked = cast("Model[Any]", entry.component).weights(params) if kind == "model" else None
            for place in {*_places(params), *_places(asked.path if asked else None)}:
                # As those who read them do: data sets below the data, all else from here.
                named[f"{kind} {part.name}: {place}"] = (root if kind == "dataset" else current) / place.expanduser()
    foreign = sorted(title for title, place in named.items() if not place.resolve().is_relative_to(root))
    if foreign:
        raise PaperError(
            f"this paper names files of this machine outside the folder of data ({'; '.join(foreign[:5])})",
            where=str(paper),
            expected=f"photos and weights below {root}",
            remedy="if you trust the paper, name with --data a folder that holds all of them; else leave --runs out",
        )


def _places(value: object) -> Iterator[Path]:
    """The paths among the values of parameters, and texts that lead to a place of the machine."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, str):
        path = Path(value)
        if path.is_absolute() or value.startswith("~") or ".." in path.parts:
            yield path
    elif isinstance(value, BaseModel):
        yield from _places(vars(value))
    elif isinstance(value, Mapping | list | tuple | set | frozenset):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _places(one)
