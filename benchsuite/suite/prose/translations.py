"""The prose of a suite in several languages: the suite as each of them says it, and what a translation lacks.

`paper`, the title and the claims hold the prose in one language; `translations` has its counterpart in others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from benchsuite.suite.schema.suite import LANGUAGES, Language, Section, Suite, Translation
from benchsuite.suite.source.problems import Problem, did_you_mean, one_of, shown
from benchsuite.suite.source.yaml_nodes import Item, Node

SHARED = ("abstract", "keywords", "labels", "sections")
"""What `paper` and a translation have under the same name."""
_CLAIM = re.compile(r"claims\[(\d+)\]\.text")


def in_language(suite: Suite, language: Language) -> Suite:
    """The suite with its paper in this language: its prose, too, where there is a translation, for which its own words
    become one; else the prose stays as it is, and is known to be in another language than the paper."""
    own, words = suite.paper.prose_language, suite.translations.get(language)
    if words is None or own == language:
        written_in = own if own != language else None
        paper = suite.paper.model_copy(update={"language": language, "written_in": written_in})
        return suite.model_copy(update={"paper": paper})
    before = Translation(
        title=suite.title,
        authors=suite.paper.authors if words.authors else (),
        claims={claim.id: claim.text for claim in suite.claims},
        **{name: getattr(suite.paper, name) for name in SHARED},
    )
    changed = {name: getattr(words, name) for name in SHARED}
    changed |= {"sections": _placed(suite.paper.sections, words.sections)}
    changed |= {"authors": words.authors or suite.paper.authors, "language": language, "written_in": None}
    translated = suite.model_copy(
        update={
            "title": words.title,
            "claims": tuple(claim.model_copy(update={"text": words.claims[claim.id]}) for claim in suite.claims),
            "paper": suite.paper.model_copy(update=changed),
            "translations": {own: before} | {name: of for name, of in suite.translations.items() if name != language},
        }
    )
    translated.placed(_nodes(suite, language))
    return translated


def in_each_language(suite: Suite) -> Iterator[Suite]:
    """The suite as it is written, then as each of its translations says it."""
    yield suite
    for language in suite.translations:
        yield in_language(suite, language)


def translation_problems(suite: Suite) -> list[Problem]:
    """What a translation lacks of what the suite says, and what it says that the suite does not."""
    said = suite.translations.items()
    return [problem for language, words in said for problem in _lacking(suite, language, words)]


def prose_problems(suite: Suite, check: Callable[[Suite], Iterable[Problem]]) -> list[Problem]:
    """What `check` finds in the prose of the suite, and in that of each translation which lacks nothing."""
    problems = [*check(suite)]
    for language, words in suite.translations.items():
        if not any(_lacking(suite, language, words)):
            problems += [_of_translation(suite, language, found) for found in check(in_language(suite, language))]
    return problems


def _placed(sections: Sequence[Section], words: Sequence[Section]) -> tuple[Section, ...]:
    """Translated sections where their originals stand."""
    return tuple(
        said.model_copy(update={"id": one.id, "place": one.place, "sections": _placed(one.sections, said.sections)})
        for one, said in zip(sections, words, strict=True)
    )


def _nodes(suite: Suite, language: Language) -> Node:
    """The nodes of the suite with those of a translation in their places, so that problems are told where they are."""
    origin = suite.origin
    said = origin.get("translations", language) or Node(origin.mark, {})
    paper, claims = origin.get("paper") or Node(origin.mark, {}), origin.get("claims")
    sentences = said.items["claims"].node.items if "claims" in said.items else {}
    items = {**origin.items, "title": said.items.get("title") or Item(said.mark, said)}
    shared = {name: item for name, item in said.items.items() if name in (*SHARED, "authors")}
    items["paper"] = Item(paper.mark, Node(paper.mark, {**paper.items, **shared}))
    if claims is not None:
        told = [
            Node(node.mark, {**node.items, "text": sentences.get(claim.id) or Item(node.mark, node)})
            for claim, node in zip(suite.claims, claims.elements, strict=True)
        ]
        items["claims"] = Item(claims.mark, Node(claims.mark, tuple(told)))
    return Node(origin.mark, items)


def _of_translation(suite: Suite, language: Language, problem: Problem) -> Problem:
    path = _CLAIM.sub(lambda found: f"claims.{suite.claims[int(found[1])].id}", problem.path.removeprefix("paper."))
    return replace(problem, path=f"translations.{language}.{path}")


def _lacking(suite: Suite, language: Language, words: Translation) -> Iterator[Problem]:
    path, called = f"translations.{language}", LANGUAGES[language]
    node = suite.origin.get("translations", language) or suite.origin
    if language == suite.paper.prose_language:
        remedy = f"remove {path}, or say in paper.written_in which language the suite itself is written in"
        yield Problem(node.mark, path, f"the suite's own prose is in {called} already", remedy=remedy)
        return
    for name, own in (("title", suite.title), ("abstract", suite.paper.abstract), ("keywords", suite.paper.keywords)):
        yield from _counterpart(name, bool(own), bool(getattr(words, name)), node, path, called)
    yield from _names("label", "labels", suite.paper.labels, words.labels, node, path, called)
    sentences = {claim.id: claim.text for claim in suite.claims}
    yield from _names("claim", "claims", sentences, words.claims, node, path, called)
    yield from _sections(suite.paper.sections, words.sections, node, path, called)


def _counterpart(name: str, own: bool, said: bool, node: Node, path: str, called: str) -> Iterator[Problem]:
    if own and not said:
        yield Problem(node.mark, path, f"the {called} prose has no {name}", remedy=f"write {path}.{name}")
    if said and not own:
        mark = (node.get(name) or node).mark
        yield Problem(mark, f"{path}.{name}", f"the suite has no {name} of which this were the {called} one")


def _names(
    word: str, name: str, own: Mapping[str, str], said: Mapping[str, str], node: Node, path: str, called: str
) -> Iterator[Problem]:
    """Labels or claims, by what they are of."""
    given = node.get(name)
    for missing in (one for one in own if one not in said):
        what = f"the {called} prose lacks the {word} {shown(missing)} ({shown(own[missing])})"
        yield Problem((given or node).mark, f"{path}.{name}", what, remedy=f"write it under {path}.{name}")
    for unknown in (one for one in said if one not in own):
        mark = given.items[unknown].key if given is not None and unknown in given.items else node.mark
        what = f"the suite has no {word} {shown(unknown)}"
        yield Problem(mark, f"{path}.{name}", what, unknown, one_of([*own]), did_you_mean(unknown, own))


def _sections(own: Sequence[Section], said: Sequence[Section], node: Node, path: str, called: str) -> Iterator[Problem]:
    """Sections that have no counterpart, by their ids; those without one correspond in their order."""
    given, at = node.get("sections"), f"{path}.sections"
    mark = (given or node).mark
    elements = given.elements if given is not None else ()
    ids, theirs = ([section.id for section in sections] for sections in (own, said))
    for section in own:
        if section.id is not None and section.id not in theirs:
            what = f"the {called} prose lacks the section {shown(section.id)} ({shown(section.title)})"
            yield Problem(mark, at, what, remedy=f"write it under {at}, with the same id")
    for index, section in enumerate(said):
        if section.id is not None and section.id not in ids:
            known = [one for one in ids if one is not None]
            place = elements[index].mark if index < len(elements) else mark
            what = f"the suite has no section {shown(section.id)}"
            yield Problem(place, f"{at}[{index}]", what, section.id, one_of(known), did_you_mean(section.id, known))
    nameless, others = ids.count(None), theirs.count(None)
    if nameless != others:
        what = f"of the sections without an id, the suite has {nameless} and the {called} prose {others}"
        yield Problem(mark, at, what, remedy="write them in the suite's order, with the same ids")
    elif set(ids) == set(theirs) and ids != theirs:
        what = f"the {called} sections stand in another order than the suite's"
        yield Problem(mark, at, what, remedy="write them in the suite's order, with the same ids")
    if ids != theirs:
        return
    for index, (one, other) in enumerate(zip(own, said, strict=True)):
        below, there = elements[index] if index < len(elements) else node, f"{at}[{index}]"
        yield from _counterpart("text", bool(one.text), bool(other.text), below, there, called)
        yield from _sections(one.sections, other.sections, below, there, called)
