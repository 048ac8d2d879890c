"""The prose of a suite in several languages: the suite as each of them says it, and what a translation lacks.

`paper`, the title and the claims hold the prose in one language; `translations` has its counterpart in others. So it is
with a report, which has labels of its steps in the place of labels of parameters, and no claims.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from benchsuite.suite.prose.references import Declaration
from benchsuite.suite.schema.report import Report, ReportTranslation
from benchsuite.suite.schema.suite import LANGUAGES, Language, Section, Suite, Translation
from benchsuite.suite.source.problems import Problem, did_you_mean, one_of, shown
from benchsuite.suite.source.yaml_nodes import Item, Node

D = TypeVar("D", Suite, Report)
Words = Translation | ReportTranslation
SHARED = ("assignment", "rights", "abstract", "keywords", "sections")
"""What `paper` and a translation have under the same name."""
_CLAIM = re.compile(r"claims\[(\d+)\]\.text")


def in_language(suite: D, language: Language) -> D:
    """The suite with its paper in this language: its prose, too, where there is a translation, for which its own words
    become one; else the prose stays as it is, and is known to be in another language than the paper."""
    own, words = suite.paper.prose_language, suite.translations.get(language)
    if words is None or own == language:
        written_in = own if own != language else None
        paper = suite.paper.model_copy(update={"language": language, "written_in": written_in})
        return suite.model_copy(update={"paper": paper})
    changed = {name: getattr(words, name) for name in SHARED}
    changed |= {"sections": _placed(suite.paper.sections, words.sections)}
    changed |= {"authors": words.authors or suite.paper.authors, "language": language, "written_in": None}
    others = {name: of for name, of in suite.translations.items() if name != language}
    update: dict[str, Any] = {"title": words.title, "translations": {own: _as_translation(suite, words)} | others}
    if isinstance(suite, Report):
        steps = (step.model_copy(update={"label": words.labels.get(step.study)}) for step in suite.studies)
        update["studies"] = tuple(steps)
    else:
        changed["labels"] = words.labels
        said = _claims(words)
        update["claims"] = tuple(claim.model_copy(update={"text": said[claim.id]}) for claim in suite.claims)
    translated = suite.model_copy(update={**update, "paper": suite.paper.model_copy(update=changed)})
    translated.placed(_nodes(suite, language))
    return translated


def in_each_language(suite: D) -> Iterator[D]:
    """The suite as it is written, then as each of its translations says it."""
    yield suite
    for language in suite.translations:
        yield in_language(suite, language)


def translation_problems(suite: Declaration) -> list[Problem]:
    """What a translation lacks of what the suite says, and what it says that the suite does not."""
    said = suite.translations.items()
    return [problem for language, words in said for problem in _lacking(suite, language, words)]


def prose_problems(suite: D, check: Callable[[D], Iterable[Problem]]) -> list[Problem]:
    """What `check` finds in the prose of the suite, and in that of each translation which lacks nothing."""
    problems = [*check(suite)]
    for language, words in suite.translations.items():
        if not any(_lacking(suite, language, words)):
            problems += [_of_translation(suite, language, found) for found in check(in_language(suite, language))]
    return problems


def _as_translation(suite: Declaration, instead: Words) -> Words:
    """The suite's own words as a translation, for which `instead` takes their place."""
    own = {name: getattr(suite.paper, name) for name in SHARED}
    own |= {"title": suite.title, "authors": suite.paper.authors if instead.authors else (), "labels": _labels(suite)}
    if isinstance(suite, Report):
        return ReportTranslation(**own)
    return Translation(**own, claims={claim.id: claim.text for claim in suite.claims})


def _labels(suite: Declaration) -> Mapping[str, str]:
    """What it calls parameters, or a report its steps."""
    if isinstance(suite, Report):
        return {step.study: step.label for step in suite.studies if step.label is not None}
    return suite.paper.labels


def _claims(words: Words) -> Mapping[str, str]:
    return words.claims if isinstance(words, Translation) else {}


def _placed(sections: Sequence[Section], words: Sequence[Section]) -> tuple[Section, ...]:
    """Translated sections where their originals stand."""
    return tuple(
        said.model_copy(update={"id": one.id, "place": one.place, "sections": _placed(one.sections, said.sections)})
        for one, said in zip(sections, words, strict=True)
    )


def _nodes(suite: Declaration, language: Language) -> Node:
    """The nodes of the suite with those of a translation in their places, so that problems are told where they are."""
    origin = suite.origin
    said = origin.get("translations", language) or Node(origin.mark, {})
    paper, claims = origin.get("paper") or Node(origin.mark, {}), origin.get("claims")
    sentences = said.items["claims"].node.items if "claims" in said.items else {}
    items = {**origin.items, "title": said.items.get("title") or Item(said.mark, said)}
    taken = (*SHARED, "authors") if isinstance(suite, Report) else (*SHARED, "authors", "labels")
    shared = {name: item for name, item in said.items.items() if name in taken}
    items["paper"] = Item(paper.mark, Node(paper.mark, {**paper.items, **shared}))
    if claims is not None:
        told = [
            Node(node.mark, {**node.items, "text": sentences.get(claim.id) or Item(node.mark, node)})
            for claim, node in zip(suite.claims, claims.elements, strict=True)
        ]
        items["claims"] = Item(claims.mark, Node(claims.mark, tuple(told)))
    return Node(origin.mark, items)


def _of_translation(suite: Declaration, language: Language, problem: Problem) -> Problem:
    path = _CLAIM.sub(lambda found: f"claims.{suite.claims[int(found[1])].id}", problem.path.removeprefix("paper."))
    return replace(problem, path=f"translations.{language}.{path}")


@dataclass(frozen=True)
class _Side:
    """A translation: the word for what it is of, where it stands in the file, and what its language is called."""

    kind: str
    path: str
    called: str


def _lacking(suite: Declaration, language: Language, words: Words) -> Iterator[Problem]:
    kind = "report" if isinstance(suite, Report) else "suite"
    side = _Side(kind, f"translations.{language}", LANGUAGES[language])
    node = suite.origin.get("translations", language) or suite.origin
    if language == suite.paper.prose_language:
        remedy = f"remove {side.path}, or say in paper.written_in which language the {kind} itself is written in"
        what = f"the {kind}'s own prose is in {side.called} already"
        yield Problem(node.mark, side.path, what, remedy=remedy)
        return
    for name in ("title", *(one for one in SHARED if one != "sections")):
        own = suite.title if name == "title" else getattr(suite.paper, name)
        yield from _counterpart(name, bool(own), bool(getattr(words, name)), node, side.path, side)
    yield from _names("label", "labels", _labels(suite), words.labels, node, side)
    yield from _names("claim", "claims", {claim.id: claim.text for claim in suite.claims}, _claims(words), node, side)
    yield from _sections(suite.paper.sections, words.sections, node, side.path, side)


def _counterpart(name: str, own: bool, said: bool, node: Node, path: str, side: _Side) -> Iterator[Problem]:
    if own and not said:
        yield Problem(node.mark, path, f"the {side.called} prose has no {name}", remedy=f"write {path}.{name}")
    if said and not own:
        mark = (node.get(name) or node).mark
        yield Problem(mark, f"{path}.{name}", f"the {side.kind} has no {name} of which this were the {side.called} one")


def _names(
    word: str, name: str, own: Mapping[str, str], said: Mapping[str, str], node: Node, side: _Side
) -> Iterator[Problem]:
    """Labels or claims, by what they are of."""
    given, path = node.get(name), f"{side.path}.{name}"
    for missing in (one for one in own if one not in said):
        what = f"the {side.called} prose lacks the {word} {shown(missing)} ({shown(own[missing])})"
        yield Problem((given or node).mark, path, what, remedy=f"write it under {path}")
    for unknown in (one for one in said if one not in own):
        mark = given.items[unknown].key if given is not None and unknown in given.items else node.mark
        what = f"the {side.kind} has no {word} {shown(unknown)}"
        yield Problem(mark, path, what, unknown, one_of([*own]), did_you_mean(unknown, own))


def _sections(own: Sequence[Section], said: Sequence[Section], node: Node, path: str, side: _Side) -> Iterator[Problem]:
    """Sections that have no counterpart, by their ids; those without one correspond in their order."""
    given, at = node.get("sections"), f"{path}.sections"
    mark = (given or node).mark
    elements = given.elements if given is not None else ()
    ids, theirs = ([section.id for section in sections] for sections in (own, said))
    for section in own:
        if section.id is not None and section.id not in theirs:
            what = f"the {side.called} prose lacks the section {shown(section.id)} ({shown(section.title)})"
            yield Problem(mark, at, what, remedy=f"write it under {at}, with the same id")
    for index, section in enumerate(said):
        if section.id is not None and section.id not in ids:
            known = [one for one in ids if one is not None]
            place = elements[index].mark if index < len(elements) else mark
            what = f"the {side.kind} has no section {shown(section.id)}"
            yield Problem(place, f"{at}[{index}]", what, section.id, one_of(known), did_you_mean(section.id, known))
    nameless, others = ids.count(None), theirs.count(None)
    if nameless != others:
        what = f"of the sections without an id, the {side.kind} has {nameless} and the {side.called} prose {others}"
        yield Problem(mark, at, what, remedy=f"write them in the {side.kind}'s order, with the same ids")
    elif set(ids) == set(theirs) and ids != theirs:
        what = f"the {side.called} sections stand in another order than the {side.kind}'s"
        yield Problem(mark, at, what, remedy=f"write them in the {side.kind}'s order, with the same ids")
    if ids != theirs:
        return
    for index, (one, other) in enumerate(zip(own, said, strict=True)):
        below, there = elements[index] if index < len(elements) else node, f"{at}[{index}]"
        yield from _counterpart("text", bool(one.text), bool(other.text), below, there, side)
        yield from _sections(one.sections, other.sections, below, there, side)
