"""The rules of figures: a chart that can be drawn, of any study, and the same one each time."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchsuite.suite.schema.suite import LANGUAGES
from benchsuite.testing.harness.outcomes import Broken, check, join_some, one_line
from benchsuite.testing.harness.reference_components import made_up_study
from benchsuite.testing.harness.subject import Subject
from benchsuite.testing.harness.subprocess_check import draw_chart, in_new_process
from benchsuite.testing.rules.rule import Rule, rule_declarer

if TYPE_CHECKING:
    from benchsuite.contracts.figure import Chart, StudyResult

RULES: list[Rule] = []
rule = rule_declarer(RULES)

UNFINISHED: Mapping[str, Any] = {
    "with no run finished": {"finished": 0},
    "with one run finished": {"finished": 1},
    "with a case that has no run": {"finished": 4},
    "of one case": {"cases": 1},
    "of one seed": {"seeds": 1},
    "of one epoch": {"epochs": 1},
    "of many cases": {"cases": 30, "seeds": 2},
}
"""Studies that papers are made of as well."""


@rule(
    "it makes a chart of a study that the paper can draw",
    means="The paper draws what the figure declares; what it cannot draw would end the making of the paper.",
    remedy="return a Chart whose series have as many values as places, all finite, with words for both axes, for what "
    "it shows and for who cannot see it.",
)
def draws(subject: Subject) -> str:
    chart = _chart(subject, _study(subject))
    check(chart is not None, "it returns None for a study of three cases with three finished runs each")
    assert chart is not None
    _draw(chart)
    check(any(letter.isdigit() for letter in chart.alt), f"the alternative text has no number: {chart.alt[:100]!r}")
    return f"{chart.kind}, {len(chart.series)} series, {sum(len(one.x) for one in chart.series)} points"


@rule(
    "an unfinished or a small study is no accident",
    means="Papers are made while runs are still missing, of one case, and of one seed; the figure must not end them.",
    remedy="return None where there is nothing to show, and look before dividing by the number of runs or taking the "
    "first of them.",
)
def unfinished(subject: Subject) -> str:
    said = []
    for what, sizes in UNFINISHED.items():
        try:
            chart = _chart(subject, _study(subject, **sizes))
        except Exception as error:
            raise Broken(f"a study {what}: {type(error).__name__}: {one_line(error)}") from error
        if chart is None:
            said.append(what)
        else:
            _draw(chart)
    return f"nothing to show {join_some(said)}" if said else "something to show in all of them"


@rule(
    "the same study gives the same chart",
    means="A paper can be built again to the byte, and checked where the plugin is, only if its charts can.",
    remedy="draw nothing at random, read no file and no clock, sort what comes from sets, and leave the study as it "
    "is.",
)
def same_chart(subject: Subject) -> None:
    study = _study(subject)
    # Arrays of predictions cannot be changed, and have no equals.
    arrays = {id(told): told for case in study.cases for run in case.runs for told in (run.validation, run.test)}
    before = copy.deepcopy(study, arrays)
    first, second = _chart(subject, study), _chart(subject, study)
    check(study == before, "it changes the study that it is given")
    check(first == second, "a second call gives another chart")
    there = in_new_process(subject, draw_chart, subject.origin, subject.given, hash_seed=4)
    check(first == there, "another process gives another chart")


@rule(
    "its words follow the language of the paper",
    means="A paper in English is in English throughout; a chart in Spanish would be the only such thing in it.",
    remedy="choose the words of the chart by study.language, which is es or en.",
)
def words_follow(subject: Subject) -> str:
    spanish, english = (_chart(subject, _study(subject, language=language)) for language in LANGUAGES)
    check((spanish is None) == (english is None), "it has a chart for papers in one language and None for the other")
    if spanish is None or english is None or (spanish.shows, spanish.alt) != (english.shows, english.alt):
        return join_some(LANGUAGES.values())
    return f"one language alone: papers in Spanish and in English both have {english.shows[:60]!r}"


def _study(subject: Subject, **sizes: Any) -> StudyResult:
    """The made-up study, as the figure is told of it."""
    return made_up_study(predictions=subject.component.sees_predictions, **sizes)


def _chart(subject: Subject, study: StudyResult) -> Chart | None:
    """The figure's chart. Raises Broken for one that cannot be drawn."""
    from benchsuite.paper.context.chart_checks import chart_faults

    chart: Any = subject.component.chart(subject.params, study)
    faults = [] if chart is None else list(chart_faults(chart, study))
    check(not faults, join_some(faults))
    return chart  # type: ignore[no-any-return]


def _draw(chart: Chart) -> None:
    from benchsuite.paper.figures.chart import draw_chart

    draw_chart("fig-check", chart)
