"""The data that a command line names: a folder of photos with a folder for each class, or an installed data set."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchsuite.errors import DataError

if TYPE_CHECKING:
    from benchsuite.contracts.dataset import Dataset
    from benchsuite.contracts.parameters import Parameters
    from benchsuite.registry import Entry
    from benchsuite.sources.cache import Policy
    from benchsuite.sources.data import LocatedData

FOLDERS = "benchsuite:image_folder"
"""The data set that reads anyone's folders."""


@dataclass(frozen=True)
class NamedData:
    """A data set with its parameters as a suite would write them."""

    entry: Entry
    given: Mapping[str, Any]

    @property
    def dataset(self) -> Dataset[Any]:
        return cast("Dataset[Any]", self.entry.component)

    @property
    def parameters(self) -> Parameters:
        """The parameters, defaults included. Raises DataError where the data set needs more than its name."""
        from pydantic import ValidationError

        try:
            return self.entry.parse(dict(self.given))
        except ValidationError as error:
            missing = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
            raise DataError(
                f"the data set {self.entry.name} needs more than its name: {missing}",
                expected="a data set whose parameters all have a default, or a folder of photos",
                remedy="name the folder itself in place of the data set",
            ) from None

    def locate(self, data: Path | None) -> LocatedData:
        """The data themselves, downloaded if need be, never the sample in their place. Raises DataError."""
        from benchsuite.commands.console import say
        from benchsuite.settings import cache_root
        from benchsuite.sources.data import locate_data

        policy: Policy = "auto" if self.dataset.origin == "generated" else "real"
        return locate_data(self.dataset, self.parameters, policy=policy, data=data, cache=cache_root(), say=say)


def find_data(named: str) -> NamedData:
    """What `named` means: a folder that is there, or else a data set. Raises DataError where it is neither."""
    from benchsuite.registry import registry
    from benchsuite.registry.entry import UnknownComponent
    from benchsuite.suite.source.problems import nearest

    known, path = registry(), Path(named).expanduser()
    if path.is_dir():
        return NamedData(known.dataset(FOLDERS), {"folder": str(path.absolute())})
    if path.exists():
        raise DataError(
            "this is a file, not a folder of photos",
            where=str(path),
            expected="a folder that holds a folder for each class",
            remedy="name the folder; unpack an archive first",
        )
    try:
        return NamedData(known.dataset(named), {})
    except UnknownComponent:
        near = nearest(named, [*complete_data(""), *known.names("dataset")])
        raise DataError(
            f"there is no folder and no data set {named!r}",
            where=str(path.absolute().parent),
            expected=f"a folder of photos, or one of: {', '.join(known.names('dataset'))}",
            remedy=f"did you mean {near!r}?" if near else "name a folder that holds a folder of photos for each class",
        ) from None


def complete_data(incomplete: str) -> list[str]:
    """Folders and data sets for the shell's completion."""
    from benchsuite.registry import registry

    folders: list[str] = []
    inside = incomplete[: incomplete.rfind("/") + 1]
    with suppress(OSError):
        folders = sorted(inside + path.name for path in Path(inside or ".").expanduser().iterdir() if path.is_dir())
    shown = (name for name in folders if not name.removeprefix(inside).startswith("."))
    return [name for name in (*shown, *registry().names("dataset")) if name.startswith(incomplete)]
