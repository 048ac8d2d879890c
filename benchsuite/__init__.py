"""benchsuite: declare an image-classification study in YAML, run it bit for bit, read its paper.

`run`, `report` and `load` are for Python and notebooks; what they need is imported when they are first asked for (their
types are in the stub beside this file). What plugins import is in `benchsuite.api`.
"""

import logging

__version__ = "0.1.0"
__all__ = [
    "BenchsuiteError",
    "Claim",
    "Paper",
    "Report",
    "Run",
    "RunsFailed",
    "Step",
    "Studies",
    "Study",
    "load",
    "report",
    "run",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # whoever uses it as a library decides what is shown


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("benchsuite.study"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
