"""The metrics of plugins that a suite asks for, beside those that every suite has."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from benchsuite.metrics import METRICS, NUMBER, PERCENT, Metric, Unit, is_sealed, of_splits, reader_of
from benchsuite.registry import Registry
from benchsuite.registry.declarations import declared_metric
from benchsuite.suite.cases.plan import PlannedMetric
from benchsuite.suite.cases.resolver import Resolved, resolve
from benchsuite.suite.schema.claims import DIRECTED
from benchsuite.suite.schema.suite import Design, Suite
from benchsuite.suite.source.problems import Problem, did_you_mean, one_of, shown
from benchsuite.suite.source.yaml_nodes import Item, Node, from_plain


def metric_names(design: Design) -> tuple[str, ...]:
    """The metrics that a suite may name: those of benchsuite, and those that it asks for."""
    return (*METRICS, *(name for asked in design.metrics for name in of_splits(asked)))


def planned_metrics(design: Design, registry: Registry) -> tuple[PlannedMetric, ...]:
    """The metrics that a suite asks for, those with problems left out. Raises what a plugin raises that is asked."""
    found = (planned_metric(name, node, registry)[1] for name, node in _nodes(design))
    return tuple(metric for metric in found if metric is not None)


def planned_metric(name: str, node: Node, registry: Registry) -> tuple[Resolved, PlannedMetric | None]:
    """A metric that is asked for under a name, which is the plugin's own unless the node says another: looked up with
    its parameters, and as a plan has it, unless there are problems."""
    if node.get("name") is None:
        named = Item(node.mark, Node(node.mark, name))
        node = Node(node.mark, {"name": named, **node.items})
    resolved = resolve("metric", node, registry)
    if resolved.component is None:
        return resolved, None
    entry = registry.metric(resolved.component.qualified_name)
    told = declared_metric(entry, entry.parse(resolved.component.parameters))
    return resolved, PlannedMetric(id=name, component=resolved.component, **vars(told))


def metrics_of(asked: Iterable[PlannedMetric]) -> Mapping[str, Metric]:
    """All metrics of a plan by their names: those of benchsuite, and those that were asked for."""
    return {**METRICS, **{metric.name: metric for one in asked for metric in _on_each_split(one)}}


def giving(asked: Iterable[PlannedMetric], names: Collection[str]) -> tuple[PlannedMetric, ...]:
    """Those of these metrics that have to be computed for values of these names to be there."""
    return tuple(one for one in asked if any(name in names for name in of_splits(one.id)))


def guiding_metrics(design: Design) -> tuple[str, ...]:
    """Those by which a search may choose: of the validation split, with a better end."""
    own = (name for name, metric in METRICS.items() if metric.guides_search)
    return (*own, *(name for asked in design.metrics for name in of_splits(asked) if not is_sealed(name)))


def metric_problems(design: Design, registry: Registry) -> list[Problem]:
    """Metrics that there are not, parameters that are none, names that benchsuite's own metrics have, and a search by
    what it may not choose by."""
    problems = []
    for name, node in _nodes(design):
        resolved, _ = planned_metric(name, node, registry)
        if taken := [one for one in of_splits(name) if one in METRICS]:
            what = f"benchsuite has a metric called {' and '.join(taken)}, which needs no asking for"
            remedy = "leave it out, or call this one otherwise"
            problems.append(Problem(resolved.node.mark, f"metrics.{name}", what, name, None, remedy))
        else:
            problems += [replace(problem, path=_placed(problem.path, name)) for problem in resolved.problems]
    search = design.origin.get("search")
    if design.search is not None and search is not None:
        problems += _unknown(search, "search.metric", design.search.metric, guiding_metrics(design), design, registry)
    return problems


def naming_problems(suite: Suite, registry: Registry) -> list[Problem]:
    """Metrics that the comparison, claims and published figures of a suite name and that it does not have, or that have
    no better end."""
    known = metric_names(suite)
    problems: list[Problem] = []
    compare = suite.origin.get("compare")
    if suite.compare is not None and compare is not None:
        problems += _unknown(compare, "compare.metric", suite.compare.metric, known, suite, registry)
    nodes = suite.origin.get("claims")
    for index, (claim, node) in enumerate(zip(suite.claims, nodes.elements if nodes is not None else (), strict=False)):
        path = f"claims[{index}]"
        problems += _unknown(node, f"{path}.metric", claim.metric, known, suite, registry)
        if claim.condition in DIRECTED and claim.metric in METRICS and METRICS[claim.metric].higher_is_better is None:
            what = f"no value of {claim.metric} is better than another, so {claim.condition} means nothing"
            remedy = "take at_least, at_most, monotone or within, or another metric"
            problems.append(Problem(node.mark, path, what, claim.metric, None, remedy))
    figures = suite.origin.get("published")
    for index, figure in enumerate(suite.published):
        node = figures.elements[index] if figures is not None else suite.origin
        problems += _unknown(node, f"published[{index}].metric", figure.metric, known, suite, registry)
    return problems


def _unknown(
    node: Node, path: str, name: str, known: Sequence[str], design: Design, registry: Registry
) -> Iterator[Problem]:
    """The problem of a place that names a metric which is not `known` there."""
    if name in known:
        return
    plugin = name.partition("_")[2]
    remedy = did_you_mean(name, known)
    if plugin not in design.metrics and name in of_splits(plugin) and plugin in registry.names("metric"):
        remedy = f"ask for it: add `{plugin}: {{}}` to the `metrics` of the suite"
    mark = (node.get("metric") or node).mark
    yield Problem(mark, path, f"no metric here is named {shown(name)}", name, one_of(known, 60), remedy)


def _placed(path: str, name: str) -> str:
    """Where a problem of a metric's component is in the suite."""
    return f"metrics.{name}{path.removeprefix('metric')}"


def _nodes(design: Design) -> Iterator[tuple[str, Node]]:
    """What a suite calls each metric that it asks for, and the node of it."""
    nodes = design.origin.get("metrics")
    for name, given in design.metrics.items():
        node = nodes.get(name) if nodes is not None else None
        yield name, node or from_plain(given.model_dump(mode="json", exclude_unset=True), design.origin.mark)


def _on_each_split(one: PlannedMetric) -> Iterator[Metric]:
    unit = PERCENT if one.percent else NUMBER if one.decimals == NUMBER.decimals else Unit(decimals=one.decimals)
    for name in of_splits(one.id):
        yield Metric(
            name,
            f"{one.titles['en']}, computed from the predictions",
            reader_of(name),
            unit,
            one.higher_is_better,
            least=one.least,
            most=math.inf if one.most is None else one.most,
            quality=True,
            guides_search=not is_sealed(name),
            compared_as="quality" if is_sealed(name) else None,
            titles=one.titles,
            title_gender=one.gender,
        )
