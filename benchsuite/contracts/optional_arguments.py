"""What a method of a component may ask for beyond its contract: an override that names an argument is given it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def asked_for(method: Callable[..., Any], offered: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Of the arguments that are offered, each as what makes it, those that a method names."""
    named = inspect.signature(method).parameters
    return {name: make() for name, make in offered.items() if name in named}
