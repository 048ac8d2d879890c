"""What `benchsuite doctor` finds: how each part of the machine is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    part: str
    verdict: Verdict
    found: str
    remedy: str = ""
