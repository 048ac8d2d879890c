"""Prose that follows the verdict: `{{if claim ID holds}} … {{elif open}} … {{else}} … {{end}}`.

A condition asks what became of a claim, of a difference, of all of them, or of the best case. Everything that is wrong
with the conditions of a text is found before anything runs: a choice says something, if only nothing, whatever comes
out. The paper then keeps one branch of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from benchsuite.suite.prose.references import (
    MARKERS,
    ProseVocabulary,
    UnknownReference,
    Vocabulary,
    citation_problems,
    prose_texts,
    reference_problems,
)
from benchsuite.suite.source.problems import Mark, Problem, did_you_mean, one_of, shown

MARKER = re.compile(rf"\{{\{{\s*({'|'.join(MARKERS)})(?=[\s}}])([^{{}}]*)\}}\}}")
_ALONE = re.compile(rf"^[ \t]*(?:{MARKER.pattern}[ \t]*)+(?:\n|\Z)", re.MULTILINE)
"""A line of markers and nothing else, which is no line of the text."""
DEEPEST = 10
"""Choices within choices."""

Kind = Literal["claim", "difference", "differences", "best", "step", "choice"]
VERDICTS: dict[Kind, tuple[str, ...]] = {
    "claim": ("holds", "fails", "open"),
    "difference": ("positive", "negative", "open"),
    "differences": ("all", "some", "none"),
    "best": ("baseline", "decided", "open"),
    "step": ("kept", "partly", "lost"),
    "choice": ("first", "other"),
}
"""What may become of each; exactly one of them does. `decided` is a difference that is positive or negative, too."""
OF_REPORTS: tuple[Kind, ...] = ("step", "choice")
"""What only the prose of a report asks: of how many cases of the next study begin from what a step carries on (all,
some or none), and whether validation ranks that first."""
_SIGNED = {"decided": ("positive", "negative")}


@dataclass(frozen=True)
class Subject:
    """What a condition is about: a claim by its id, the difference of a case, or the best case in a metric, which is
    empty for the one that is compared; in a report, that of a `study`."""

    kind: Kind
    of: str = ""
    study: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(filter(None, (self.study, self.of)))}".rstrip()


@dataclass(frozen=True)
class Condition:
    """Whether this became of the subject. The best case may also be asked to be `case`."""

    subject: Subject
    verdict: str
    case: str = ""

    def __str__(self) -> str:
        return f"{self.subject} {self.verdict} {self.case}".rstrip()

    @property
    def meets(self) -> tuple[str, ...]:
        """Those verdicts on the subject that meet it; none where it asks for a case, which goes across them."""
        if self.case:
            return ()
        return _SIGNED.get(self.verdict, (self.verdict,)) if self.subject.kind == "difference" else (self.verdict,)


@dataclass(frozen=True)
class Branch:
    """A text and when it is kept: where its condition is met and none before it; without one, where none is."""

    condition: Condition | None
    parts: tuple[str | Choice, ...]


@dataclass(frozen=True)
class Choice:
    branches: tuple[Branch, ...]


Parts = tuple[str | Choice, ...]


@dataclass(frozen=True)
class Fault:
    """What is wrong at a position of the text."""

    position: int
    what: str
    expected: str | None = None
    remedy: str | None = None


def parse(text: str, vocabulary: ProseVocabulary) -> tuple[Parts, tuple[Fault, ...]]:
    """The text with its choices taken apart, and everything that is wrong with them."""
    reader = _Reader(vocabulary)
    # A line that only has markers goes with them, so that it does not part the paragraph that it stands in.
    source, position = _ALONE.sub(lambda line: _bare(line[0]), text), 0
    for found in MARKER.finditer(source):
        reader.add(source[position : found.start()])
        reader.mark(found)
        position = found.end()
    reader.add(source[position:])
    return reader.end()


def keep(parts: Parts, met: Callable[[Condition], bool]) -> str:
    """The text of a paper: of each choice the first branch whose condition is met."""
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
            continue
        kept = next((branch for branch in part.branches if branch.condition is None or met(branch.condition)), None)
        out.append(keep(kept.parts, met) if kept is not None else "")
    text = "".join(out)
    return re.sub(r"(?<=\S) {2,}(?=\S)", " ", text) if len(parts) > 1 else text


def outside(parts: Parts) -> str:
    """What is said whatever comes out: the text with an ellipsis in the place of each choice."""
    return "".join(part if isinstance(part, str) else "…" for part in parts)


def quotation_problems(vocabulary: ProseVocabulary, lines: Sequence[str], works: Iterable[str]) -> list[Problem]:
    """What is wrong with all that the prose quotes, follows and cites: with its references, its conditions in the
    file's `lines`, and its citations, for which `works` are known besides the suite's own."""
    quoted = reference_problems(vocabulary) + condition_problems(vocabulary, lines)
    return quoted + citation_problems(vocabulary.suite, works)


def condition_problems(vocabulary: ProseVocabulary, lines: Sequence[str]) -> list[Problem]:
    """What is wrong with the conditions of the prose, each where its marker stands in the file's `lines`."""
    problems = []
    for path, mark, text in prose_texts(vocabulary.suite):
        for fault in parse(text, vocabulary)[1] if "{{" in text else ():
            place = _locate(mark, text[: fault.position].count("{{"), lines)
            problems.append(Problem(place, path, fault.what, None, fault.expected, fault.remedy))
    return problems


def askable(vocabulary: ProseVocabulary) -> Iterator[Condition]:
    """Every condition that prose may name; whether a case is the best is here asked of what is compared alone."""
    for study in vocabulary.steps:
        subjects = [Subject("choice", study=study), *([Subject("step", study=study)] * (study != vocabulary.steps[-1]))]
        yield from (Condition(subject, verdict) for subject in subjects for verdict in VERDICTS[subject.kind])
        for condition in _askable(vocabulary.of(study)):
            yield replace(condition, subject=replace(condition.subject, study=study))
    if not vocabulary.steps:
        yield from _askable(vocabulary.of(""))


def _askable(vocabulary: Vocabulary) -> Iterator[Condition]:
    suite = vocabulary.suite
    subjects = [Subject("claim", claim.id) for claim in suite.claims]
    subjects += [Subject("difference", case) for case in vocabulary.compared]
    subjects += [Subject("differences"), Subject("best")] if suite.compare is not None else []
    for subject in subjects:
        yield from (Condition(subject, verdict) for verdict in VERDICTS[subject.kind])
    if len(vocabulary.cases) > 1:
        yield from (Condition(Subject("best"), "is", case.name) for case in vocabulary.cases)


def _bare(line: str) -> str:
    """A line of markers with everything else made NUL, so that positions stay."""
    out, position = [], 0
    for found in MARKER.finditer(line):
        out += ["\0" * (found.start() - position), found[0]]
        position = found.end()
    return "".join([*out, "\0" * (len(line) - position)])


@dataclass
class _Open:
    """A choice whose end has not come yet; `condition` is that of the branch being read."""

    position: int
    condition: Condition | None
    subject: Subject | None
    parts: list[str | Choice] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    otherwise: bool = False
    """Its `{{else}}` has come."""
    faulty: bool = False

    def next(self, condition: Condition | None) -> None:
        self.branches.append(Branch(self.condition, tuple(self.parts)))
        self.condition, self.parts = condition, []


class _Reader:
    def __init__(self, vocabulary: ProseVocabulary) -> None:
        self._vocabulary = vocabulary
        self._whole: list[str | Choice] = []
        self._open: list[_Open] = []
        self._faults: list[Fault] = []

    def add(self, text: str) -> None:
        if shown := text.replace("\0", ""):
            self._parts.append(shown)

    @property
    def _parts(self) -> list[str | Choice]:
        return self._open[-1].parts if self._open else self._whole

    def mark(self, found: re.Match[str]) -> None:
        word, rest = found[1], " ".join(found[2].split())
        written = shown(f"{{{{{f'{word} {rest}'.rstrip()}}}}}", 120)
        here = found.start()
        if word == "if":
            if len(self._open) == DEEPEST:
                what = f"{written} is the {DEEPEST + 1}th choice within another"
                self._fault(here, what, f"at most {DEEPEST}", "put the inner one into a sentence of its own")
            condition = self._condition(here, rest, None, written)
            subject = condition.subject if condition is not None else None
            self._open.append(_Open(here, condition, subject, faulty=condition is None))
            return
        if not self._open:
            self._fault(here, f"{written} has no {{{{if …}}}} before it", remedy="remove it, or open the choice")
            return
        choice = self._open[-1]
        if word == "end":
            self._close(choice)
            return
        if choice.otherwise:
            self._fault(here, f"{written} comes after {{{{else}}}}", remedy="let {{else}} be the last branch")
        if word == "elif":
            condition = self._condition(here, rest, choice.subject, written)
            choice.faulty = choice.faulty or condition is None
            choice.next(condition)
            choice.subject = condition.subject if condition is not None else choice.subject
            return
        if rest:
            self._fault(here, f"{written} has words after else", remedy="write {{else}}, or {{elif …}} with a verdict")
        choice.next(None)
        choice.otherwise = True

    def end(self) -> tuple[Parts, tuple[Fault, ...]]:
        while self._open:
            choice = self._open.pop()
            what = "this {{if …}} is not closed"
            self._fault(choice.position, what, remedy="write {{end}} where the choice ends")
            choice.next(None)
            self._parts.append(Choice(tuple(choice.branches)))
        return tuple(self._whole), tuple(sorted(self._faults, key=lambda fault: fault.position))

    def _fault(self, position: int, what: str, expected: str | None = None, remedy: str | None = None) -> None:
        self._faults.append(Fault(position, what, expected, remedy))

    def _close(self, choice: _Open) -> None:
        choice.next(None)
        self._open.pop()
        self._parts.append(Choice(tuple(choice.branches)))
        if not choice.faulty:
            self._check(choice)

    def _check(self, choice: _Open) -> None:
        """That every branch can be reached, and that one of them always is."""
        asked = [branch.condition for branch in choice.branches if branch.condition is not None]
        met: dict[Subject, set[str]] = {}
        for index, condition in enumerate(asked):
            known = met.setdefault(condition.subject, set())
            if condition in asked[:index] or (condition.meets and known.issuperset(condition.meets)):
                what = f"the branch for {shown(str(condition))} of this choice is never reached"
                self._fault(choice.position, what, remedy="the branches before it have all that meets it: remove it")
            known.update(condition.meets)
        whole = any(known.issuperset(VERDICTS[subject.kind]) for subject, known in met.items())
        if choice.otherwise and whole:
            what = "the {{else}} of this choice is never reached"
            self._fault(choice.position, what, remedy="every verdict has its branch: remove {{else}}")
        if not choice.otherwise and not whole:
            subject = asked[0].subject
            left = [verdict for verdict in VERDICTS[subject.kind] if verdict not in met[subject]]
            what = f"nothing is said where {shown(str(subject))} is {' or '.join(left)}"
            also = [verdict for verdict in left if verdict in _verdicts(self._vocabulary, subject)]
            more = f"{{{{elif {also[0]}}}}} or " if also else ""
            self._fault(choice.position, what, remedy=f"add {more}{{{{else}}}}, which may be left empty")

    def _condition(self, position: int, words: str, before: Subject | None, written: str) -> Condition | None:
        try:
            return read_condition(self._vocabulary, words, before)
        except UnknownReference as unknown:
            what = f"{written} asks for {shown(unknown.word)}, which is unknown"
            if not unknown.word:
                what = f"{written} does not say what it asks for"
            elif self._vocabulary.find(unknown.word) is not None:
                what = f"{written} asks for the difference of {shown(unknown.word)}, which is not compared with another"
            remedy = did_you_mean(unknown.word, unknown.known) or "see benchsuite references SUITE if"
            self._fault(position, what, one_of(unknown.known), remedy)
        return None


def read_condition(vocabulary: ProseVocabulary, words: str, before: Subject | None = None) -> Condition:
    """The meaning of what stands after `if`; after `elif` a verdict alone is on the subject `before`. Raises
    UnknownReference."""
    head, _, rest = words.partition(" ")
    if before is not None and (head in _verdicts(vocabulary, before) or (before.kind == "best" and head == "is")):
        return _verdict(vocabulary, before, words)
    known = _kinds(vocabulary)
    if head not in known:
        raise UnknownReference(head, known if before is None else [*_verdicts(vocabulary, before), *known])
    study, own, rest = vocabulary.within(rest)
    match head:
        case "step" | "choice":
            if head == "step" and study == vocabulary.steps[-1]:
                raise UnknownReference(study, vocabulary.steps[:-1])
            return _verdict(vocabulary, Subject("step" if head == "step" else "choice", study=study), rest)
        case "claim":
            name, _, verdict = rest.partition(" ")
            identifier = _one(name, [claim.id for claim in own.suite.claims])
            return _verdict(vocabulary, Subject("claim", identifier, study), verdict)
        case "difference":
            name, _, verdict = rest.rpartition(" ")
            if (whole := own.find(rest)) is not None:
                return _verdict(vocabulary, Subject("difference", whole, study), "")
            case = own.find(name)
            if case is None or case not in own.compared:
                raise UnknownReference(name, own.compared)
            return _verdict(vocabulary, Subject("difference", case, study), verdict)
        case "differences":
            if own.suite.compare is None:
                raise UnknownReference(study, [one for one in vocabulary.steps if vocabulary.of(one).suite.compare])
            return _verdict(vocabulary, Subject("differences", study=study), rest)
        case _:
            metric, _, verdict = rest.partition(" ")
            if metric in own.metrics:
                return _verdict(vocabulary, Subject("best", metric, study), verdict)
            return _verdict(vocabulary, Subject("best", study=study), rest)


def _kinds(vocabulary: ProseVocabulary) -> list[Kind]:
    """What its prose may ask of."""
    if vocabulary.steps:
        return list(VERDICTS)
    compared = vocabulary.of("").suite.compare is not None
    return [kind for kind in VERDICTS if kind not in OF_REPORTS and (kind != "differences" or compared)]


def _verdict(vocabulary: ProseVocabulary, subject: Subject, words: str) -> Condition:
    if subject.kind == "best" and words.split(" ", 1)[0] == "is":
        name, own = words.partition(" ")[2], vocabulary.of(subject.study)
        case = own.find(name)
        if case is None:
            raise UnknownReference(name, [case.name for case in own.cases])
        return Condition(subject, "is", case)
    return Condition(subject, _one(words, _verdicts(vocabulary, subject)))


def _verdicts(vocabulary: ProseVocabulary, subject: Subject) -> tuple[str, ...]:
    """The words that a condition on this subject may end in."""
    if subject.kind == "best":
        compare = vocabulary.of(subject.study).suite.compare
        compared = compare is not None and subject.of in ("", compare.metric)
        return (*(VERDICTS["best"] if compared else ()), "is CASE")
    return (*VERDICTS[subject.kind], *(("decided",) if subject.kind == "difference" else ()))


def _one(word: str, known: Sequence[str]) -> str:
    if word not in known:
        raise UnknownReference(word, known)
    return word


def _locate(mark: Mark, nth: int, lines: Sequence[str]) -> Mark:
    """Where the nth pair of braces of a text stands, which begins at the mark; a file has the same ones in the same
    order as the text, however YAML folds its lines."""
    if mark.line is None or mark.column is None:
        return mark
    for number in range(mark.line, len(lines) + 1):
        start = mark.column - 1 if number == mark.line else 0
        for found in re.finditer(r"\{\{", lines[number - 1][start:]):
            if nth == 0:
                return Mark(mark.source, number, start + found.start() + 1)
            nth -= 1
    return mark
