"""The kit with which authors test their plugin: `benchsuite check-plugin`, and a plugin of pytest.

In a conftest.py, `pytest_plugins = ["benchsuite.testing"]`; then one test checks a whole contract:

    @pytest.mark.contract(Digits, size=28)  # keyword arguments are the parameters to check with
    def test_keeps_the_contract(contract_check):
        contract_check()

pytest becomes one test for each rule. This module imports neither pytest nor torch.
"""

pytest_plugins = ("benchsuite.testing.pytest_plugin",)
"""Where pytest, which takes this module for a plugin, finds the fixture and the marker."""
