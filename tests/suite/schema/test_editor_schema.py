"""The JSON Schema describes exactly the suites that the installed components make possible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from benchsuite.api import hookimpl
from benchsuite.registry import Registry, discover
from benchsuite.suite import suite_schema
from support.executors import Threads
from support.fake_components import Announced, made


@pytest.fixture
def schema(registry: Registry) -> dict[str, Any]:
    return suite_schema(registry)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for below in value.values():
            yield from references(below)
    elif isinstance(value, list):
        for below in value:
            yield from references(below)


def test_it_names_its_dialect_and_is_json(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    found = set(references(schema))
    assert found
    for reference in found:
        name = reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
        assert name in schema["$defs"], reference


def test_executors_are_no_part_of_a_suite() -> None:
    class Plugin:
        benchsuite_api = "1.0"

        @hookimpl
        def benchsuite_executors(self) -> list[type[Threads]]:
            return [Threads]

    registry = discover([Announced("lanes", Plugin())])
    assert registry.names("executor") == ("threads",)
    written = json.dumps(suite_schema(registry))
    assert "threads" not in written
    assert "executor" not in written


def test_the_suites_own_fields_are_required_closed_and_described(schema: dict[str, Any]) -> None:
    assert schema["$defs"]["Suite"]["additionalProperties"] is False
    assert {"name", "size", "seeds"} == set(schema["$defs"]["Suite"]["required"])
    assert all(
        schema["$defs"]["Suite"]["properties"][name].get("description")
        for name in schema["$defs"]["Suite"]["properties"]
    )
    assert schema["$defs"]["Suite"]["properties"]["devices"]["enum"] == ["one", "by_seed"]


def test_a_component_stands_by_itself_or_is_varied_as_a_whole(schema: dict[str, Any]) -> None:
    part = {"anyOf": schema["$defs"]["Suite"]["allOf"][1]["anyOf"]}
    accepts = jsonschema.Draft202012Validator(part).is_valid
    assert accepts({"model": {"name": "mlp"}})
    assert accepts({"vary": {"model": [{"name": "mlp"}]}})
    assert not accepts({"vary": {"model.depth": [18]}})
    assert not accepts({})


def test_each_component_is_checked_by_its_name(schema: dict[str, Any]) -> None:
    model = schema["$defs"]["model"]
    assert model["properties"]["name"]["enum"] == ["mlp", "net", "pretend:mlp", "pretend:net"]
    rules = {tuple(rule["if"]["properties"]["name"]["enum"]): rule["then"]["$ref"] for rule in model["allOf"]}
    assert rules[("net", "pretend:net")] == "#/$defs/model:pretend:net"
    net = schema["$defs"]["model:pretend:net"]
    assert net["additionalProperties"] is False
    assert set(net["properties"]) == {"name", "depth", "weights"}
    assert net["properties"]["depth"]["enum"] == [18, 34, 50]
    assert net["properties"]["depth"]["description"] == "Number of layers."


def test_axes_are_offered_with_what_their_values_may_be(schema: dict[str, Any]) -> None:
    vary = schema["$defs"]["Suite"]["properties"]["vary"]
    assert vary["additionalProperties"] is False
    assert vary["properties"]["recipe.freeze.blocks"]["items"]["minimum"] == 0
    assert "frozen" in vary["properties"]["recipe.freeze.blocks"]["items"]["description"]
    assert vary["properties"]["model"]["items"] == {"$ref": "#/$defs/model"}
    assert "model.widths" in schema["$defs"]["NamedCase"]["properties"]["set"]["properties"]


def test_a_name_from_two_distributions_is_offered_with_its_distribution_only() -> None:
    names = suite_schema(made(None, "other"))["$defs"]["dataset"]["properties"]["name"]["enum"]
    assert names == ["other:leaves", "pretend:leaves"]


def test_metrics_are_checked_by_their_names_or_by_what_the_suite_calls_them() -> None:
    from support.metrics import Sureness, registry_with

    schema = suite_schema(registry_with(Sureness))
    asked = {"$defs": schema["$defs"], **schema["$defs"]["Suite"]["properties"]["metrics"]}
    accepts = jsonschema.Draft202012Validator(asked).is_valid
    assert accepts({"sureness": {}})
    assert accepts({"sureness": {"power": 2.0}, "squared": {"name": "sureness", "power": 2.0}})
    assert not accepts({"sureness": {"powr": 2.0}})
    assert not accepts({"sureness": {"power": 0}})
    assert not accepts({"squared": {"power": 2.0}})
    assert not accepts({"squared": {"name": "suren"}})
    assert not accepts({"No slug": {"name": "sureness"}})
