"""What all that a suite file declares has in common: strict, frozen models, and the kinds of short text."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LONGEST_TEXT = 50_000
"""Characters of a text that a paper can set."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=80)]
Line = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Path = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_:.-]*$", max_length=80)]


class Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)
