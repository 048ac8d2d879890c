"""What cases are called whose model is varied as a whole: by the models' titles, where these tell them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from benchsuite.contracts.model import Model
from benchsuite.registry import Registry
from benchsuite.suite.cases.grid import Setting, put, settings_of, value_label
from benchsuite.suite.cases.resolver import resolve
from benchsuite.suite.schema.suite import LONGEST_CASE_NAME
from benchsuite.suite.source.yaml_nodes import Node


def model_titles(origin: Node, registry: Registry) -> Mapping[str, str]:
    """The title of each model on the axis `model`, written so that it can name a case, by the label of its value.

    Nothing where something else of the model changes too, or where two models have one title.
    """
    cases = origin.get("cases")
    settings = [*settings_of(origin.get("vary"))]
    settings += [own for node in (cases.elements if cases is not None else ()) for own in settings_of(node.get("set"))]
    axes = [setting for setting in settings if setting.parts[0] == "model"]
    if [axis.path for axis in axes] != ["model"]:
        return {}
    values = [Setting("model", axes[0].key, node) for node in axes[0].node.elements]
    titles = {value_label(value.node.plain()): _title(origin, value, registry) for value in values}
    return titles if all(titles.values()) and len(set(titles.values())) == len(titles) else {}


def _title(origin: Node, value: Setting, registry: Registry) -> str:
    """A model's title as the name of a case; empty where there is none."""
    component = resolve("model", put(origin, [value]).get("model") or value.node, registry).component
    if component is None:
        return ""
    entry = registry.model(component.qualified_name)
    try:
        title = str(cast("Model[Any]", entry.component).title(entry.parse(component.parameters)))
    except Exception:  # a defect of the plugin, which the paper tells
        return ""
    return _as_case_name(title)


def _as_case_name(title: str) -> str:
    """A title without the signs that mean something to a shell, a file system or the names of runs."""
    name = re.sub(r"[^\w .()+%-]+", "-", " ".join(title.split()))[:LONGEST_CASE_NAME]
    return re.sub(r"^\W+|[^\w)%+]+$", "", name)
