"""What prose may quote between double braces, and which case a suite means by a name: checked before anything runs."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, get_args

from benchsuite.metrics import is_sealed
from benchsuite.suite.cases.asked_metrics import metric_names
from benchsuite.suite.cases.baselines import baseline_cases
from benchsuite.suite.cases.grid import spellings, value_label
from benchsuite.suite.cases.plan import Case
from benchsuite.suite.schema.report import Report
from benchsuite.suite.schema.suite import Further, Section, Suite
from benchsuite.suite.source.problems import Mark, Problem, did_you_mean, one_of, shown
from benchsuite.suite.source.yaml_nodes import Node

MARKERS = ("if", "elif", "else", "end")
"""Words between braces that open, part and close a choice, and quote nothing."""
REFERENCE = re.compile(rf"\{{\{{(?!\s*(?:{'|'.join(MARKERS)})(?=[\s}}]))([^{{}}]+)\}}\}}")
COUNTED = "{n}"
"""In the label of «path={n}», the number that a case has of something: «una capa | {n} capas»."""
SIZES = ("seeds", "cases", "runs")
COUNTS = ("trainable_parameters", "parameters")
CLAIMED = ("claim", "verdict")
FLOATS = frozenset(
    f"fig-{name}"
    for name in (
        "samples", "classes", "stages", "accuracies", "loss", "gap", "convergence", "cost", "test", "class-accuracy",
        "confusion", "mistakes",
    )
) | frozenset(
    f"tab-{name}"
    for name in (
        "dataset", "models", "layers", "configuration", "cases", "phases", "results", "images", "claims", "cost",
        "environment", "runs",
    )
)  # fmt: skip
"""Figures and tables that every paper generates."""
FLOATS_OF: Mapping[str, frozenset[str]] = {
    "metrics": frozenset({"tab-metrics"}),
    "search": frozenset({"tab-search", "fig-search", "fig-importance"}),
    "folds": frozenset({"tab-folds"}),
    "published": frozenset({"tab-published"}),
}
"""Those that come with a part of the suite, by its name."""
FURTHER_FLOATS = frozenset(get_args(Further))
"""Those that papers generate where their suite asks for them."""
PARTS = ("introduction", "background", "method", "results", "discussion", "conclusions", "reproducibility")
"""Where a section of the suite may stand in the paper."""
SUBSECTIONS = ("dataset", "model", "training", "analysis", "claims", "search")
"""Generated subsections."""
CITATION = re.compile(r"\[\[([^\[\]]+)\]\]")
_ENTRY = re.compile(r"@\w+\s*\{\s*([^\s,{}]+)\s*,")
_BRACES = re.compile(r"\{\{([^{}]+)\}\}")
BLOCK = re.compile(r"(?:fig|tab|eq|sec)-[\w-]+")
_RESULT = re.compile(r"(?<![\d,.])\d{1,3}(?:[,.]\d+)?\s?%")
SENTENCE = re.compile(r"(?<=[.;:!?])\s+")
_OF_RESULTS = frozenset({"results", "discussion", "conclusions"})


Declaration = Suite | Report
"""What has prose."""


@dataclass(frozen=True)
class Quoted:
    """What a reference asks for. `case` is a case's name, `of` a block, a claim, or what is counted; `study` is the one
    of a report that it asks of."""

    kind: Literal[
        "block", "metric", "difference", "best", "size", "count", "trials", "best_trial", "claim", "verdict",
        "choice", "first",
    ]  # fmt: skip
    of: str = ""
    metric: str = ""
    case: str = ""
    study: str = ""


class UnknownReference(ValueError):
    """A word of a reference that means nothing; `known` are those that would."""

    def __init__(self, word: str, known: Sequence[str]) -> None:
        super().__init__(f"{shown(word)} is unknown")
        self.word, self.known = word, tuple(known)


class ProseVocabulary(Protocol):
    """All that some prose may speak of: that of a study, or that of a report, which names studies."""

    @property
    def suite(self) -> Declaration: ...

    def of(self, study: str) -> Vocabulary: ...

    def within(self, words: str) -> tuple[str, Vocabulary, str]: ...

    def read(self, reference: str) -> Quoted: ...

    @property
    def steps(self) -> Sequence[str]: ...

    def find(self, reference: object) -> str | None: ...


@dataclass(frozen=True)
class Vocabulary:
    """All that the prose of a suite may speak of, given its cases."""

    suite: Suite
    cases: Sequence[Case]

    @property
    def steps(self) -> Sequence[str]:
        """The studies of a report in order; a study has none."""
        return ()

    def of(self, study: str) -> Vocabulary:
        """That of a study which a report names: here this one itself."""
        return self

    def within(self, words: str) -> tuple[str, Vocabulary, str]:
        """The study that words are about, its vocabulary, and the words as its own prose has them."""
        return "", self, words

    def read(self, reference: str) -> Quoted:
        """The meaning of the words between braces. Raises UnknownReference."""
        head, _, rest = reference.strip().partition(" ")
        rest = rest.strip()
        if BLOCK.fullmatch(reference.strip()):
            return Quoted("block", of=self._block(reference.strip()))
        if head == "difference":
            return Quoted("difference", case=self._case(rest))
        if head == "best":
            return Quoted("best", metric=self._one(rest, self.metrics) if rest else "")
        if head in SIZES and not rest:
            return Quoted("size", of=head)
        if head in COUNTS:
            return Quoted("count", of=head, case=self._case(rest))
        if head in CLAIMED:
            kind: Literal["claim", "verdict"] = "claim" if head == "claim" else "verdict"
            return Quoted(kind, of=self._one(rest, [claim.id for claim in self.suite.claims]))
        if self.suite.search is not None and head == "trials" and not rest:
            return Quoted("trials")
        if self.suite.search is not None and head == "best_trial":
            return Quoted("best_trial", metric=self._one(rest, self.trial_metrics) if rest else "")
        searched = ("trials", "best_trial") if self.suite.search is not None else ()
        metric = self._one(head, (*self.metrics, "difference", "best", *SIZES, *COUNTS, *CLAIMED, *searched))
        return Quoted("metric", metric=metric, case=self._case(rest))

    def references(self) -> Iterator[str]:
        """Every reference that `read` knows, but for equations, whose names the paper gives."""
        yield from SIZES
        if self.suite.search is not None:
            yield from ("trials", "best_trial", *(f"best_trial {metric}" for metric in self.trial_metrics))
        yield from ("best", *(f"best {metric}" for metric in self.metrics))
        yield from (f"{head} {claim.id}" for claim in self.suite.claims for head in CLAIMED)
        heads = (*self.metrics, *(("difference",) if self.suite.compare is not None else ()), *COUNTS)
        yield from (f"{head} {case.name}" for head in heads for case in self.cases)
        yield from self._blocks

    def find(self, reference: object) -> str | None:
        """The name of the case that is meant by its name, by «path=value, …», by how the paper calls it, or by its
        value of the compared factor when no other case has it."""
        wanted = written(reference)
        found = self._by_value.get(wanted, ())
        return self._by_name.get(wanted) or (found[0] if len(found) == 1 else None)

    def _labels(self, name: str) -> list[str | None]:
        """How the paper calls something, in each language of the suite."""
        every = (self.suite.paper.labels, *(words.labels for words in self.suite.translations.values()))
        return [labels.get(name) for labels in every]

    @cached_property
    def _by_name(self) -> Mapping[str, str]:
        known = dict[str, str]()
        for case in self.cases:
            grid = ", ".join(f"{path}={value_label(value)}" for path, value in case.settings.items())
            for name in (case.name, settings_text(case.settings), grid, *self._labels(case.name)):
                if name is not None:
                    known.setdefault(name, case.name)
        return known

    @cached_property
    def _by_value(self) -> Mapping[str, Sequence[str]]:
        """By a value of the compared factor, or of the only axis, the cases that have it."""
        factor = self.suite.compare.factor if self.suite.compare is not None else None
        path = factor if factor is not None else next(iter(self.suite.vary), "") if len(self.suite.vary) == 1 else ""
        known = dict[str, list[str]]()
        for case in self.cases:
            if path not in case.settings:
                continue
            value = case.settings[path]
            for name in {written(value), *spellings(value), *self._labels(f"{path}={written(value)}")} - {None}:
                known.setdefault(str(name), []).append(case.name)
        return known

    @cached_property
    def metrics(self) -> Sequence[str]:
        """The metrics that prose may quote."""
        return metric_names(self.suite)

    @cached_property
    def trial_metrics(self) -> Sequence[str]:
        """Those that it may quote of a search's trials, whose test split stays sealed."""
        return [name for name in self.metrics if not is_sealed(name)]

    @cached_property
    def compared(self) -> Sequence[str]:
        """The cases that are compared with another."""
        return list(baseline_cases(self.suite, self.cases))

    def _case(self, wanted: str) -> str:
        name = self.find(wanted)
        if name is None:
            raise UnknownReference(wanted, [case.name for case in self.cases])
        return name

    @cached_property
    def _blocks(self) -> Sequence[str]:
        known = {*generated_floats(self.suite), *(f"sec-{part}" for part in (*PARTS, *SUBSECTIONS))}
        known |= {f"sec-{section_name(section)}" for section in sections_below(self.suite.paper.sections)}
        known |= {asked.block for asked in self.suite.paper.figures}
        return sorted(known)

    def _block(self, name: str) -> str:
        # Equations are named when the paper is composed.
        return name if name.startswith("eq-") else self._one(name, self._blocks)

    def _one(self, word: str, known: Sequence[str]) -> str:
        if word not in known:
            raise UnknownReference(word, known)
        return word


def reference_problems(vocabulary: ProseVocabulary) -> list[Problem]:
    """References of the prose to results, figures, sections or claims that the suite will not have."""
    problems = []
    for path, mark, text in prose_texts(vocabulary.suite):
        for found in REFERENCE.finditer(text):
            try:
                vocabulary.read(found[1])
            except UnknownReference as unknown:
                what = f"{shown(found[0], 120)} quotes {shown(unknown.word)}, which is unknown"
                remedy = did_you_mean(unknown.word, (*unknown.known, *MARKERS))
                problems.append(Problem(mark, path, what, found[0], one_of(unknown.known), remedy))
    return problems


def citation_problems(suite: Declaration, of_plugins: Iterable[str]) -> list[Problem]:
    """Citations of works that neither the suite nor `of_plugins`, the BibTeX of its components, has."""
    known = work_keys(suite, of_plugins)
    problems = []
    for path, mark, text in prose_texts(suite):
        for key in dict.fromkeys(found.strip() for found in CITATION.findall(text)):
            if key not in known:
                what = f"{shown(f'[[{key}]]')} is not among the references"
                remedy = did_you_mean(key, known) or "add the work to paper.bibliography"
                problems.append(Problem(mark, path, what, key, one_of(known) if known else None, remedy))
    return problems


def work_keys(suite: Declaration, of_plugins: Iterable[str]) -> list[str]:
    """The keys of all works that a suite may cite: its own, and those of the BibTeX of its components."""
    paper = suite.paper
    typed = [typed.key for typed in paper.references]
    return typed + [key for part in (*paper.bibliography, *of_plugins) for key in _ENTRY.findall(part)]


def typed_results(suite: Declaration) -> list[Problem]:
    """Percentages that the author typed where results are told, unless their sentence cites a work: warnings."""
    warnings = []
    for path, mark, text in result_texts(suite):
        for sentence in SENTENCE.split(text):
            if "[[" in sentence:
                continue
            for found in _RESULT.finditer(REFERENCE.sub("", sentence)):
                what = f"{shown(found[0])} looks like a result that was typed"
                remedy = "quote it, as in {{test_accuracy CASE}}, so that it follows the runs"
                warnings.append(Problem(mark, path, what, found[0], remedy=remedy))
    return warnings


def named_metrics(suite: Suite) -> Iterator[tuple[str, str]]:
    """Each metric that the comparison, a claim, a published figure or the prose names, after the place that does."""
    known = metric_names(suite)
    if suite.compare is not None:
        yield "compare.metric", suite.compare.metric
    for claim in suite.claims:
        yield f"the claim {claim.id!r}", claim.metric
    for index, figure in enumerate(suite.published):
        yield f"published[{index}]", figure.metric
    for path, _, text in prose_texts(suite):
        for found in _BRACES.finditer(text):
            yield from ((path, word) for word in found[1].split()[:3] if word in known)


def generated_floats(suite: Suite) -> frozenset[str]:
    """The figures and tables that papers of a suite generate, those of plugins aside."""
    come = (floats for part, floats in FLOATS_OF.items() if getattr(suite, part))
    return FLOATS.union(suite.paper.further, *come)


def settings_text(settings: Mapping[str, object]) -> str:
    """What sets a case apart, as prose names it: «path=value, path=value»."""
    return ", ".join(f"{path}={written(value)}" for path, value in settings.items())


def written(value: object) -> str:
    """A setting as a suite file writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def section_name(section: Section) -> str:
    """The id of a section, or what its title gives in its place."""
    bare = unicodedata.normalize("NFKD", section.title.lower()).encode("ascii", "ignore").decode()
    slug = "-".join("".join(c if c.isalnum() else " " for c in bare).split())[:60]
    return section.id or slug or "section"


def prose_texts(suite: Declaration) -> Iterator[tuple[str, Mark, str]]:
    """Every text that may quote results, with its path and its place in the file."""
    origin = suite.origin
    paper = origin.get("paper")
    if suite.title:
        yield "title", _mark(origin, "title"), suite.title
    if suite.paper.abstract:
        yield "paper.abstract", _mark(paper or origin, "abstract"), suite.paper.abstract
    yield from _texts(suite.paper.sections, paper.get("sections") if paper else None, "paper.sections", origin)
    claims = origin.get("claims")
    for index, claim in enumerate(suite.claims):
        node = claims.elements[index] if claims is not None else origin
        yield f"claims[{index}].text", _mark(node, "text"), claim.text


def _texts(sections: Sequence[Section], nodes: Node | None, path: str, origin: Node) -> Iterator[tuple[str, Mark, str]]:
    for index, section in enumerate(sections):
        node = nodes.elements[index] if nodes is not None and index < len(nodes.elements) else origin
        if section.text:
            yield f"{path}[{index}].text", _mark(node, "text"), section.text
        yield from _texts(section.sections, node.get("sections"), f"{path}[{index}].sections", origin)


def result_texts(suite: Declaration) -> Iterator[tuple[str, Mark, str]]:
    """The texts that tell results: the abstract, and the sections of the paper's second half."""
    prefixes = {f"paper.sections[{index}]" for index in _result_sections(suite.paper.sections)}
    for path, mark, text in prose_texts(suite):
        if path == "paper.abstract" or any(path.startswith(f"{prefix}.") for prefix in prefixes):
            yield path, mark, text


def _result_sections(sections: Sequence[Section]) -> Iterator[int]:
    part = PARTS[0]
    for index, section in enumerate(sections):
        part = section.place or (section.id if section.id in PARTS else None) or part
        if part in _OF_RESULTS:
            yield index


def sections_below(sections: Sequence[Section]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from sections_below(section.sections)


def _mark(node: Node, name: str) -> Mark:
    return (node.get(name) or node).mark
