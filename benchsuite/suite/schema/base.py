"""What all that a suite file declares has in common: strict, frozen models, and the kinds of short text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def require_visible(text: str) -> str:
    """The text, which must have a letter or a sign that can be seen."""
    if not any(category(character)[0] not in "CZ" for character in text):
        raise ValueError("nothing of this text can be seen; write one")
    return text


LONGEST_TEXT = 50_000
"""Characters of a text that a paper can set."""
Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=80)]
Line = Annotated[str, Field(max_length=500)]
Heading = Annotated[Line, AfterValidator(require_visible)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Path = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_:.-]*$", max_length=80)]


class Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def require_one(declared: Declared, fields: Sequence[str], subject: str, without: str) -> str:
    """The one of the fields that is given; ValueError unless it is exactly one. `without` is said of a subject that has
    none."""
    said = [name for name in fields if getattr(declared, name) is not None]
    if len(said) != 1:
        found = f"has {' and '.join(said)}" if said else without
        raise ValueError(f"{subject} {found}; it needs exactly one of {', '.join(fields)}")
    return said[0]
