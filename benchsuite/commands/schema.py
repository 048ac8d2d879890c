"""`benchsuite schema`: how suites are written, for editors."""

from __future__ import annotations

from benchsuite.commands.console import print_json
from benchsuite.commands.options import Plugins


def schema(plugins: Plugins = None) -> None:
    """Print the JSON Schema of suites, with which an editor completes and checks them.

    Save it as suite.schema.json and begin a suite with: # yaml-language-server: $schema=suite.schema.json
    """
    from benchsuite.registry import registry
    from benchsuite.suite.schema.editor_schema import suite_schema

    print_json(suite_schema(registry()))
