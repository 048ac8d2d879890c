"""What the environment sets: numbers, and the folder of the cache."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from benchsuite.atomic_files import check_name
from benchsuite.errors import SetupError


@dataclass(frozen=True)
class Variable:
    """A number from 0 that the environment may set; `meaning` says of what, with its unit."""

    name: str
    default: float
    meaning: str

    def value(self) -> float:
        """What it is set to, else the default. Raises SetupError when that is no number from 0."""
        text = os.environ.get(self.name, "")
        try:
            value = float(text) if text else self.default
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            raise SetupError(
                f"{self.name} is {text!r}",
                where="environment",
                expected=f"{self.meaning}: a number from 0",
                remedy=f"correct it, or unset it for {self.default:g}",
            )
        return value


CACHE_GB = Variable("BENCHSUITE_CACHE_GB", 20, "GiB that decoded images may take in the cache, and features as many")
CHECK_SECONDS = Variable("BENCHSUITE_CHECK_SECONDS", 300, "seconds that one check of a plugin may take")
CHECKPOINT_SECONDS = Variable("BENCHSUITE_CHECKPOINT_SECONDS", 5, "seconds between the checkpoints of a run")
GRAPHS = Variable("BENCHSUITE_GRAPHS", 1, "0 to launch the training steps of a GPU one operation at a time, else 1")
HANG_SECONDS = Variable(
    "BENCHSUITE_HANG_SECONDS", 3600, "seconds without a sign of life after which a run is given up, or 0 for never"
)
THREADS = Variable("BENCHSUITE_THREADS", 1, "CPU threads of a run")


def cache_root() -> Path:
    """The user's cache folder of benchsuite, or the folder that BENCHSUITE_CACHE names."""
    named = os.environ.get("BENCHSUITE_CACHE")
    root = Path(named).expanduser().resolve() if named else Path(platformdirs.user_cache_dir("benchsuite"))
    check_name(root)
    return root
