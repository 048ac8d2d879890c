"""What the registry knows of a component or of a plugin that was set aside, and the answers to a wrong name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchsuite.contracts.kinds import Kind
from benchsuite.contracts.parameters import Parameters
from benchsuite.errors import BenchsuiteError
from benchsuite.registry.kinds import Component

OURS = "benchsuite"
"""The distribution whose components are our own."""


@dataclass(frozen=True)
class Entry:
    """One component with the distribution that provides it.

    `component` is an instance of the plugin's class; `module` names the module whose source defines it.
    """

    name: str
    kind: Kind
    component: Component
    distribution: str
    version: str
    module: str

    @property
    def qualified_name(self) -> str:
        """The name that stays unambiguous when another distribution provides a component of the same name."""
        return f"{self.distribution}:{self.name}"

    def parse(self, parameters: Mapping[str, Any]) -> Parameters:
        """Validate JSON values as this component's parameters. Raises pydantic's ValidationError."""
        model = self.component.Parameters
        # Defaults are validated as JSON, too, which has no paths.
        paths = {name: str(f.default) for name, f in model.model_fields.items() if isinstance(f.default, Path)}
        return model.model_validate_json(json.dumps(paths | dict(parameters)))


@dataclass(frozen=True)
class Quarantined:
    """A plugin that is not used, and why. `entry_point` is its name in the entry-point group."""

    distribution: str
    version: str
    entry_point: str
    reason: str


class UnknownComponent(BenchsuiteError):
    """No installed plugin provides a component of this name. `allowed` lists the names that would do."""

    kind = "plugin"
    allowed: tuple[str, ...] = ()
    suggestion: str | None = None


class AmbiguousComponent(BenchsuiteError):
    """Several distributions provide a component of this name. `allowed` lists the names that tell them apart."""

    kind = "plugin"
    allowed: tuple[str, ...] = ()
