"""The figures of plugins that a suite asks for: their names in the paper, and what is wrong with the asking."""

from __future__ import annotations

from collections.abc import Iterator

from benchsuite.registry import Registry
from benchsuite.suite.cases.resolver import Resolved, resolve
from benchsuite.suite.prose.references import FLOATS, FLOATS_OF, FURTHER_FLOATS
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source.problems import Problem, shown
from benchsuite.suite.source.yaml_nodes import Node, from_plain


def resolved_figures(suite: Suite, registry: Registry) -> list[Resolved]:
    """Each figure that the suite asks for, looked up, with its parameters or its problems."""
    return [resolve("figure", node, registry) for node in _nodes(suite)]


def figure_problems(suite: Suite, registry: Registry) -> list[Problem]:
    """Figures that there are not, parameters that are none, names given twice or taken by a generated figure."""
    problems = [problem for found in resolved_figures(suite, registry) for problem in found.problems]
    taken = FLOATS.union(FURTHER_FLOATS, *FLOATS_OF.values())
    for asked, node in zip(suite.paper.figures, _nodes(suite), strict=True):
        if asked.block in taken:
            what = f"the paper has another figure called {shown(asked.block)}"
            remedy = "give this one an `id` of its own"
            problems.append(Problem(node.mark, "paper.figures", what, None, remedy=remedy))
        taken |= {asked.block}
    return problems


def _nodes(suite: Suite) -> Iterator[Node]:
    """The node of each asked figure's component."""
    paper = suite.origin.get("paper")
    asked = paper.get("figures") if paper is not None else None
    for index, one in enumerate(suite.paper.figures):
        node = asked.elements[index].get("figure") if asked is not None and index < len(asked.elements) else None
        yield node or from_plain(one.figure.model_dump(mode="json"), suite.origin.mark)
