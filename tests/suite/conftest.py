"""The registry of pretended components, and a reader of suite texts over it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pretended import REGISTRY

from benchsuite.registry import Registry
from benchsuite.suite import Suite, parse_suite


@pytest.fixture(scope="session")
def registry() -> Registry:
    return REGISTRY


@pytest.fixture
def read(registry: Registry) -> Callable[[str], Suite]:
    """Reads the text of a suite."""
    return lambda text: parse_suite(text.encode(), "tiny.yaml", registry)
