"""What all that a suite file declares has in common: strict, frozen models, and the kinds of short text."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=80)]
Line = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=100_000)]
Path = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_:.-]*$", max_length=80)]


class Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)
