"""The kit with which authors test their plugin: `benchsuite check-plugin`, and a plugin of pytest.

In a conftest.py, `pytest_plugins = ["benchsuite.testing"]`; then one test checks a whole contract:

    from benchsuite.testing import contract

    @contract(Digits, size=28)  # keyword arguments are the parameters to check with
    def test_keeps_the_contract(contract_check):
        contract_check()

pytest makes one test of it for each rule. This module imports neither pytest nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

pytest_plugins = ("benchsuite.testing.pytest_plugin",)
"""Where pytest, which takes this module for a plugin, finds the fixture and the marker."""


def contract(component: type, **parameters: Any) -> pytest.MarkDecorator:
    """Mark a test that takes `contract_check` with the component class that it checks, and its parameters.

    With parameters, `pytest.mark.contract(component, size=28)` is the same. Without any, pytest would take the class
    for what is to be marked.
    """
    import pytest

    return pytest.mark.contract.with_args(component, **parameters)
