"""The notices that open a paper, and its running head: what is not as the suite declares, for every reader to see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import describe_setting, name_parameter
from benchsuite.paper.document import markup
from benchsuite.paper.document.style import Form
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import find, say
from benchsuite.suite.prose.references import Declaration

MOST_CHANGES = 6
_CHANGE = re.compile(r"(?P<path>[\w.]+) = (?P<now>.*) \((?:smoke; )?suite: (?P<declared>.*)\)", re.DOTALL)
_LEFT_OUT = re.compile(r"search\.space without (?P<path>[\w.]+) \(smoke; suite: (?P<values>\d+) values\)")
_WORDS = re.compile(r"(?:[\w.-]+|not given)(?:, (?:[\w.-]+|not given))+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")

Change = tuple[str, bool]
"""A change in words, and whether it makes the study smaller."""


def paper_notices(study: PaperContext) -> tuple[str, ...]:
    """In the mini grammar, the gravest first."""
    return (*_gravest(study), *language_notice(study.material.suite), *_others(study))


def results_notices(study: PaperContext) -> tuple[str, ...]:
    """Those of its results, which a report tells, too."""
    return (*_gravest(study), *_others(study))


def language_notice(suite: Declaration) -> Iterator[str]:
    """That the author's prose is in another language than the paper, where it is."""
    paper = suite.paper
    if (foreign := Form.of(paper).foreign) and (paper.abstract or paper.sections):
        yield say("notice-language", language=say(f"language-{foreign}"))


def running_head(study: PaperContext) -> str | None:
    """What every page says."""
    if study.findings.sample:
        return say("watermark-sample")
    if changes := _changes(study):
        return say(f"watermark-{_extent(changes)}")
    return say("watermark-partial") if study.findings.partial else None


def _gravest(study: PaperContext) -> Iterator[str]:
    if study.findings.sample:
        yield say("notice-sample")
    if changes := _changes(study):
        told = [text for text, _ in changes[:MOST_CHANGES]]
        if (more := len(changes) - MOST_CHANGES) > 0:
            told.append(say("changes-more", more=more))
        yield say(f"notice-{_extent(changes)}", changes="; ".join(told))


def _others(study: PaperContext) -> Iterator[str]:
    findings = study.findings
    if study.lacks_weights:
        yield say("notice-weights")
    if any(deviation.kind == "left out" for deviation in findings.deviations):
        yield say("notice-left-out")
    if findings.partial:
        parts = [part for part in (findings, findings.search) if part is not None]
        done, planned = sum(part.done for part in parts), sum(part.planned for part in parts)
        yield say("notice-partial", done=str(done), planned=str(planned))


def _extent(changes: list[Change]) -> Literal["reduced", "changed"]:
    return "reduced" if any(smaller for _, smaller in changes) else "changed"


def changes_in_words(study: PaperContext) -> list[str]:
    """What was changed from outside, each change a text of the mini grammar."""
    return [text for text, _ in _changes(study)]


def _changes(study: PaperContext) -> list[Change]:
    suite, findings = study.material.suite, study.findings
    found: list[Change] = []
    cases, declared = len(findings.cases), suite.size.cases
    if findings.changes and cases != declared:
        words = say("change-cases", cases=say("count-configuration", n=cases), declared=declared)
        found.append((words, cases < declared))
    for change in findings.changes:
        if change.startswith("seeds = "):
            now, then = len(findings.seeds), len(suite.seed_values)
            seeds = say("count-seed", n=now)
            words = say("change-seeds", seeds=seeds, declared=then)
            found.append((words if now != then else say("change-other-seeds", seeds=seeds), now < then))
        else:
            found.append(_in_words(study, change))
    return found


def _in_words(study: PaperContext, change: str) -> Change:
    if left := _LEFT_OUT.fullmatch(change):
        return say("change-without", name=_name(study, left["path"]), n=int(left["values"])), True
    parts = _CHANGE.fullmatch(change)
    if parts is None:
        return markup.code(change, "change"), False
    path, now, declared = parts["path"], parts["now"], parts["declared"]
    if _NUMBER.fullmatch(now):
        before = say("value-all") if declared == "null" else _value(path, declared)
        # Parameters that say how large a study is have messages of their own.
        amount = f"change-amount-{path.rpartition('.')[2]}"
        if counted := find(amount, n=1 if float(now) == 1 else 2, now=_value(path, now), declared=before):
            return counted, _NUMBER.fullmatch(declared) is None or float(now) < float(declared)
    return say(
        "change-parameter", name=_name(study, path), now=_value(path, now), declared=_value(path, declared)
    ), False


def _name(study: PaperContext, path: str) -> str:
    return typography.lower_first(name_parameter(path, study.names.labels))


def _value(path: str, text: str) -> str:
    """A value, or several with commas between them, as the line of a change has it: JSON, or words without quotes."""
    if text == "not given":
        return say("value-not-given")
    for whole in (text, f"[{text}]"):
        with suppress(ValueError):
            return describe_setting(path, json.loads(whole))
    if _WORDS.fullmatch(text):
        return typography.list_sign().join(_value(path, word) for word in text.split(", "))
    return describe_setting(path, text)
