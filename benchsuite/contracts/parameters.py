"""The base of every component's parameter model.

Parameters come from YAML, so they are validated as JSON is: strictly (no `true` where a number is due, no "30" for
30), but lists become tuples and strings become paths. Unknown names are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Parameters(BaseModel):
    """Parameters of a component; subclass it and give every field a description and a bound."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, use_attribute_docstrings=True
    )

    labels: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """What papers call a component's parameters, by language and dotted path: `{"es": {"alpha": "Intensidad"}, "en":
    {"alpha": "Strength"}}`; a value, as `"mode=fast"`; and a case by its value, as `"layers={n}"` with the forms for
    one and for several, `"one layer | {n} layers"`. What has no label is printed as it stands in the suite."""
