"""Directives that write reference pages from the program itself, so that they cannot fall behind it.

`{components} KIND` describes the first-party components of a kind with their parameters, `{fields}` the mappings of a
suite file, `{metrics}` the metrics of a run, `{commands}` the command line, `{rules}` what `check-plugin` checks. Each
makes Markdown, which is parsed where it stands.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from benchsuite.cli import app
from benchsuite.metrics import METRICS
from benchsuite.registry import KINDS, Entry, registry
from benchsuite.suite.schema.report import Report
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source import json_schema

HEADINGS = ("name", "type", "default", "what it is")


def cell(text: object) -> str:
    """A text as a cell of a table."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").strip()


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; nothing where there are no rows."""
    if rows:
        yield f"| {' | '.join(headings)} |"
        yield f"|{'---|' * len(headings)}"
        yield from (f"| {' | '.join(map(cell, row))} |" for row in rows)
        yield ""


def prose(docstring: str | None) -> str:
    """A docstring as Markdown."""
    return inspect.cleandoc(docstring or "")


def a(noun: str) -> str:
    """A noun after its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def title(name: str) -> str:
    """What a section about a model is called: `NamedCase` is «Named case»."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def mappings(root: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """The mappings of the file that a field may hold, by the names of their models."""
    found = [schema, schema.get("items", {}), *schema.get("anyOf", ())]
    names = [one["$ref"].rpartition("/")[2] for one in found if "$ref" in one]
    return [name for name in names if root["$defs"].get(name, {}).get("type") == "object"]


def row(root: Mapping[str, Any], name: str, schema: Mapping[str, Any], required: bool) -> list[str]:
    """Name, type with bounds, default and description of a field."""
    default = "**required**" if required else f"`{json.dumps(schema.get('default'), ensure_ascii=False)}`"
    if not required and "default" not in schema:
        default = "none"
    if "$ref" in schema and not required:
        default = "its own defaults"
    kind = json_schema.describe(root, schema) or "any value"
    links = [f"[{title(below).lower()}](#{title(below).lower().replace(' ', '-')})" for below in mappings(root, schema)]
    kind = kind.replace("a mapping", f"a mapping: {' or '.join(links)}") if links else kind
    return [f"`{name}`", kind, default, prose(schema.get("description"))]


def parameters(root: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "") -> Iterator[list[str]]:
    """A row for each parameter, those of mappings below it as dotted paths."""
    for name, field in schema.get("properties", {}).items():
        below = root["$defs"].get(field["$ref"].rpartition("/")[2], {}) if "$ref" in field else field
        if below.get("type") == "object" and below.get("properties"):
            yield from parameters(root, below, f"{prefix}{name}.")
        else:
            yield row(root, f"{prefix}{name}", {**below, **field}, name in schema.get("required", ()))


class Components(SphinxDirective):
    """The first-party components of one kind, a section each."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for entries in registry().entries(self.arguments[0]).values():
            for entry in entries:
                if entry.distribution == "benchsuite":
                    lines += [f"## {entry.name}", "", *self._about(entry)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)

    def _about(self, entry: Entry) -> Iterator[str]:
        yield from (prose(type(entry.component).__doc__), "")
        schema = json_schema.schema_of(entry.component.Parameters)
        yield from table(HEADINGS, list(parameters(schema, schema)))


class Fields(SphinxDirective):
    """Every mapping that a suite file may hold, then those of a report, a section each, from what reads them."""

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        told: set[str] = set()
        for model in (Suite, Report):
            schema = model.model_json_schema()
            lines += self._mapping(schema, model.__name__.lower(), model.__doc__, schema)
            for name, definition in schema["$defs"].items():
                if definition.get("type") == "object" and name not in told:
                    lines += self._mapping(schema, name, definition.get("description"), definition)
                    told.add(name)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)

    def _mapping(self, root: Mapping[str, Any], name: str, about: str | None, schema: Mapping[str, Any]) -> list[str]:
        rows = [
            row(root, field, below, field in schema.get("required", ()))
            for field, below in schema["properties"].items()
        ]
        return [f"## {title(name)}", "", prose(about), "", *table(HEADINGS, rows)]


class Metrics(SphinxDirective):
    """Every metric of a run."""

    def run(self) -> list[nodes.Node]:
        better = {True: "higher", False: "lower", None: "neither"}
        rows = [
            (f"`{name}`", metric.about, better[metric.higher_is_better], "yes" if metric.guides_search else "no")
            for name, metric in METRICS.items()
        ]
        lines = table(("metric", "what it is", "better", "may guide a search"), rows)
        return self.parse_text_to_nodes("\n".join(lines))


class Commands(SphinxDirective):
    """Every command of the program, a section each, as `--help` explains it."""

    def run(self) -> list[nodes.Node]:
        group = typer.main.get_command(app)
        lines: list[str] = []
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            context = command.context_class(command, info_name=name)
            records = [(given, given.get_help_record(context)) for given in command.params]
            usage = re.sub(r"[{}]|(?<=\[)\[|\](?=\])", "", " ".join(command.collect_usage_pieces(context)))
            lines += [f"## benchsuite {name}", "", f"`benchsuite {name} {usage}`", "", prose(command.help), ""]
            for kind, heading in (("argument", "argument"), ("option", "option")):
                rows = [(f"`{record[0]}`", record[1]) for given, record in records if given.param_type_name == kind]
                lines += table((heading, "what it does"), rows)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class Rules(SphinxDirective):
    """What `benchsuite check-plugin` checks: the rules of every kind, and then those of each."""

    def run(self) -> list[nodes.Node]:
        from benchsuite.testing.rules import component
        from benchsuite.testing.rules.catalogue import rules_of_its_own

        lines: list[str] = []
        groups = {"Of every component": component.RULES}
        groups |= {f"Of {a(about.noun)}": rules_of_its_own(kind) for kind, about in KINDS.items()}
        for heading, rules in groups.items():
            rows = [(f"**{rule.title}**", rule.means, rule.remedy) for rule in rules]
            lines += [f"## {heading}", "", *table(("rule", "why", "how to mend it"), rows)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(application: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    application.add_directive("components", Components)
    application.add_directive("fields", Fields)
    application.add_directive("metrics", Metrics)
    application.add_directive("commands", Commands)
    application.add_directive("rules", Rules)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
