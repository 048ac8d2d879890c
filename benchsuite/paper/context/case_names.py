"""How a paper calls the cases of a study, in labels and in running text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from benchsuite.analysis.findings import CaseFindings, Findings
from benchsuite.paper.context.parameter_words import name_axis, name_value
from benchsuite.paper.document import markup
from benchsuite.paper.language.catalogue import find, in_words, say
from benchsuite.paper.language.phrases import alternatives, listing
from benchsuite.paper.language.typography import lower_first, tie_numbers
from benchsuite.suite.prose.references import COUNTED, written
from benchsuite.suite.schema.suite import Suite

K = TypeVar("K")
MOST_NAMED = 4
"""Cases of a group that are named one by one beside other groups."""


@dataclass(frozen=True)
class CaseNames:
    """Names from `labels`, the words of the suite and of its components for paths, values and cases, all of them
    foreign text.

    `axes` are the paths by whose values the cases of a grid are told apart; none where the suite names its cases.
    """

    labels: Mapping[str, str]
    axes: tuple[str, ...]

    @classmethod
    def of(
        cls, suite: Suite, findings: Findings, titles: Mapping[str, str], words: Mapping[str, str] | None = None
    ) -> CaseNames:
        """The names that a suite gives to the cases of its findings, else `words` of its components; models that are
        varied as a whole go by their titles, which `titles` has by the name of the case."""
        paths = {tuple(case.case.settings) for case in findings.cases} if not suite.cases else set()
        own = suite.paper.labels
        if suite.paper.prose_language != suite.paper.language:  # what we have words for is said in those of the paper
            own = {path: label for path, label in own.items() if not _has_words(path, words or {})}
        labels = {**_model_labels(findings, titles), **(words or {}), **own}
        return cls(labels, next(iter(paths)) if len(paths) == 1 else ())

    @cached_property
    def factor(self) -> str:
        """What sets the cases apart, as axes and heads of tables say it; cleaned, not in the mini grammar."""
        return ", ".join(self.axis_names) or say("factor-none")

    @property
    def factors(self) -> str:
        """The same in running text: «Tasa de aprendizaje y tamaño de lote»."""
        return listing(self.axis_names) or say("factor-none")

    @property
    def axis_names(self) -> list[str]:
        """What sets the cases apart, one by one; cleaned, not in the mini grammar."""
        names = [name_axis(path, self.labels) for path in self.axes]
        return [*names[:1], *map(lower_first, names[1:])]

    @property
    def legend_title(self) -> str:
        """What stands before the names of the cases in a legend: the factor, or nothing."""
        return self.factor if self.axes else ""

    def label(self, case: CaseFindings) -> str:
        """How the paper calls a case: as the suite's labels say (under the case's name, or under «path=value»), else
        by the values that set it apart, else by its name."""
        name, settings = case.case.name, case.case.settings
        if name in self.labels:
            return markup.line(self.labels[name], f"paper.labels.{name}")
        values = [
            self.labels.get(f"{path}={written(settings[path])}") or name_value(path, settings[path], brief=True)
            for path in self.axes
        ]
        return markup.line(", ".join(values) or case.label, f"case {name}")

    def label_of_value(self, path: str, value: object) -> str | None:
        """How the suite's labels call a value of a path; cleaned, not in the mini grammar."""
        label = self.labels.get(f"{path}={written(value)}")
        return None if label is None else markup.line(label, f"paper.labels.{path}")

    def mention(self, *cases: CaseFindings) -> str:
        """Cases that have their labels in running text, in the mini grammar: «bloques congelados = 0 y 1», or models by
        their names alone."""
        labels = [markup.literal(tie_numbers(case.label)) for case in cases]
        if self.axes == ("model",):
            return listing(labels)
        if len(self.axes) != 1:
            return listing([say("case-quoted", case=label) for label in labels])
        return say("case-of-factor", factor=markup.literal(lower_first(self.factor)), cases=listing(labels))

    def mention_groups(self, groups: Mapping[K, Sequence[CaseFindings]]) -> list[tuple[K, str]]:
        """What sets groups of cases apart, and the cases that have it; the largest group comes last, and where it is
        large the others are all that it is called."""
        *smaller, (shared, rest) = sorted(groups.items(), key=lambda group: len(group[1]))
        others = say("case-others") if smaller and len(rest) > MOST_NAMED else self.mention(*rest)
        return [*((key, self.mention(*cases)) for key, cases in smaller), (shared, others)]

    def subject(self, *cases: CaseFindings) -> str:
        """The same as the subject of a sentence: «la configuración con un bloque congelado»."""
        return self._said("case-with", *cases)

    def again(self, *cases: CaseFindings) -> str:
        """The same where «configuración» has just been said: «la de dos bloques congelados»."""
        return self._said("case-again", *cases)

    def subjects(self, cases: Sequence[CaseFindings]) -> list[str]:
        """The same for cases that are told one by one."""
        return [self.again(case) if place else self.subject(case) for place, case in enumerate(cases)]

    def trait(self, *cases: CaseFindings) -> str:
        """What they have, behind «con»: «un bloque congelado»."""
        return (self._noun(*cases) if self._by_one_value else None) or self.mention(*cases)

    def _said(self, message: str, *cases: CaseFindings) -> str:
        return say(message, n=len(cases), what=self.trait(*cases)) if self._by_one_value else self.mention(*cases)

    @property
    def _by_one_value(self) -> bool:
        """Whether cases are told apart by the values of one parameter."""
        return len(self.axes) == 1 and self.axes != ("model",)

    def _noun(self, *cases: CaseFindings) -> str | None:
        """So much of what sets the cases apart: «tres capas», as the label of «path={n}» says it, or as we do."""
        path = self.axes[0]
        values = [case.case.settings[path] for case in cases]
        numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
        if len(numbers) < len(values) or [str(number) for number in numbers] != [case.label for case in cases]:
            return None
        if len(numbers) > 1 and 1 in numbers:  # «uno y cuatro bloques»: neither form is right for both
            each = [self._noun(case) for case in cases]
            return None if None in each else alternatives([noun for noun in each if noun is not None])
        count, one = listing([in_words(number) for number in numbers]), numbers == [1]
        forms = self.labels.get(f"{path}={COUNTED}")
        if forms is None:
            return find(f"noun-{path}", n=1 if one else 2, count=count)
        singular, _, plural = (form.strip() for form in forms.partition("|"))
        said = singular if one or not plural else plural
        return markup.literal(markup.line(said.replace(COUNTED, count), f"paper.labels.{path}"))


def _has_words(path: str, words: Mapping[str, str]) -> bool:
    """Whether what a label is of has words in the language of the paper."""
    return path in words or find(f"parameter-{path}") is not None or find(f"noun-{path.partition('=')[0]}") is not None


def _model_labels(findings: Findings, titles: Mapping[str, str]) -> dict[str, str]:
    """The titles of models as labels of the values of `model`; none unless each value has one, and another than the
    others."""
    found: dict[str, set[str]] = {}
    for case in findings.cases:
        if "model" in case.case.settings:
            found.setdefault(f"model={written(case.case.settings['model'])}", set()).add(titles[case.case.name])
    different = {title for several in found.values() for title in several}
    if len(different) < len(found) or any(len(several) > 1 for several in found.values()):
        return {}
    return {value: title for value, (title,) in found.items()}
