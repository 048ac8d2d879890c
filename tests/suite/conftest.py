"""The registry of pretended components, and a reader of suite texts over it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchsuite.registry import Registry
from benchsuite.suite import Suite, parse_suite
from support.fake_components import REGISTRY


@pytest.fixture(scope="session")
def registry() -> Registry:
    return REGISTRY


@pytest.fixture
def read(registry: Registry) -> Callable[[str], Suite]:
    """Reads the text of a suite."""
    return lambda text: parse_suite(text.encode(), "tiny.yaml", registry)
