"""The subject: a component with the parameters it is checked with, and the folders of its checks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from benchsuite.contracts.dataset import draws_sample
from benchsuite.contracts.parameters import Parameters
from benchsuite.registry import Entry
from benchsuite.suite.source.problems import SuiteError
from benchsuite.suite.source.validation import explain
from benchsuite.suite.source.yaml_nodes import parse_text
from benchsuite.testing.harness.component_source import Origin

if TYPE_CHECKING:
    from benchsuite.contracts.dataset import DatasetIndex


@dataclass
class Subject:
    """`given` are the parameters that the author asks for, `params` all of them; `folder` is the checks' own."""

    origin: Origin
    entry: Entry
    given: Mapping[str, Any]
    params: Parameters
    folder: Path
    notes: dict[str, Any] = field(default_factory=dict)
    """What one rule found out and others need."""
    _folders: int = field(default=0, repr=False)

    @property
    def component(self) -> Any:
        return self.entry.component

    def new_folder(self, name: str) -> Path:
        """An empty folder that nothing else uses."""
        self._folders += 1
        made = self.folder / f"{self._folders:03d}-{name}"
        made.mkdir(parents=True)
        return made

    @cached_property
    def sample(self) -> Path:
        """The root of a synthetic sample, made once; rules that change it make a copy of their own. Of a data set of
        the user's own files that has none, a copy of these, as it finds them in the current folder."""
        from benchsuite.testing.harness.outcomes import Broken, Inapplicable

        made = self.new_folder("sample")
        if self.draws_sample:
            self.component.sample(self.params, made)
            return made
        if self.component.origin != "own":
            raise Broken(f"it has no sample(), and its origin is {self.component.origin!r}")
        here = Path.cwd()
        found = self.component.find(self.params, here, self.new_folder("scratch"))
        if found is None:
            raise Broken("find() returned None for the current folder, where it is to raise DataError")
        if not Path(found.folder).is_relative_to(here):
            raise Inapplicable(f"it has no sample(), and its files are not below the current folder: {found.folder}")
        shutil.copytree(found.folder, made / Path(found.folder).relative_to(here), dirs_exist_ok=True)
        return made

    @property
    def draws_sample(self) -> bool:
        """Whether a data set has a synthetic sample."""
        return draws_sample(self.component)

    def copy_of_sample(self, name: str) -> Path:
        target = self.new_folder(name) / "copy"
        shutil.copytree(self.sample, target)
        return target

    def found(self, root: Path) -> Path:
        """The folder in which the data set finds itself below `root`. Raises Broken when it does not."""
        from benchsuite.testing.harness.outcomes import Broken

        found = self.component.find(self.params, root, self.new_folder("scratch"))
        if found is None:
            raise Broken("find() returned None for the folder that sample() wrote")
        return Path(found.folder)

    @cached_property
    def index(self) -> DatasetIndex:
        """The index of the sample."""
        index: DatasetIndex = self.component.index(self.params, self.found(self.sample))
        return index


def parsed(entry: Entry, given: Mapping[str, Any]) -> Parameters:
    """`given` (JSON values) as the component's parameters. Raises SuiteError that explains what is wrong."""
    try:
        return entry.parse(given)
    except ValidationError as error:
        node, _ = parse_text(json.dumps(dict(given)), f"parameters of {entry.name}", positions=False)
        raise SuiteError(explain(error, entry.component.Parameters, node, entry.kind)) from error
