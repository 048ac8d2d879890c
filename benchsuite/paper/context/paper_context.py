"""What every part of a composed paper shares: the material, the names of its cases and works, and quoted results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from benchsuite.analysis.findings import CaseFindings, Findings
from benchsuite.paper.context.case_names import CaseNames
from benchsuite.paper.context.conditions import is_met
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.context.result_quotes import ResultQuotes
from benchsuite.paper.document import markup
from benchsuite.paper.language.metrics import PrintedMetric, printed, spread_of
from benchsuite.paper.references.methods import (
    AUGMENTATIONS,
    CROSSED,
    EPSILON_SQUARED,
    IMPORTANCE,
    MIXING,
    OVERLAP,
    SPENDING,
)
from benchsuite.paper.references.works import Works, gather_works
from benchsuite.suite.prose.conditions import Condition
from benchsuite.suite.prose.references import Vocabulary


@dataclass(frozen=True)
class PaperContext:
    """The material of one paper while it is composed; `quotes` collects the numbers that its text quotes.

    A study within a report quotes into the report's, and lists its works in `listed`, which are the report's.
    """

    material: PaperMaterial
    quotes: ResultQuotes = field(default_factory=ResultQuotes)
    listed: Works | None = None

    @cached_property
    def names(self) -> CaseNames:
        material = self.material
        titles = {case.case.name: self._model(case)[0] for case in material.findings.cases}
        return CaseNames.of(material.suite, material.findings, titles, material.labels)

    @cached_property
    def findings(self) -> Findings:
        """The findings, their cases called as the paper calls them."""
        given = self.material.findings
        return replace(given, cases=tuple(replace(case, label=self.names.label(case)) for case in given.cases))

    @cached_property
    def metrics(self) -> Mapping[str, PrintedMetric]:
        """All metrics of the study by their names, those of plugins last, with titles in the mini grammar."""
        known = printed(self.findings.metrics).items()
        return {name: replace(one, titles=_in_grammar(one.titles)) if one.titles else one for name, one in known}

    @property
    def metric(self) -> PrintedMetric:
        """The metric that the suite compares."""
        return self.metrics[self.findings.metric]

    @property
    def asked_on_test(self) -> tuple[PrintedMetric, ...]:
        """The metrics of plugins on the test split, in the order of the suite."""
        return tuple(self.metrics[f"test_{one.id}"] for one in self.findings.asked)

    @property
    def done(self) -> tuple[CaseFindings, ...]:
        """Cases with at least one finished run."""
        return tuple(case for case in self.findings.cases if case.done)

    @property
    def compares_cases(self) -> bool:
        """Whether the study has more than one case."""
        return len(self.findings.cases) > 1

    @property
    def has_repeats(self) -> bool:
        """Whether some case has several runs, and so intervals."""
        return any(case.done > 1 for case in self.done)

    @property
    def headline(self) -> str:
        """The metric by which results are summed up: with folds that of validation, which all images take part in."""
        return "test_accuracy" if self.findings.folds is None else "validation_accuracy"

    @property
    def spread(self) -> str:
        """What bars on the means of the finished runs are, as `spread_of` calls it."""
        return spread_of(case.estimates["test_accuracy"] for case in self.done if "test_accuracy" in case.estimates)

    @property
    def at_once(self) -> tuple[int, int]:
        """The least and the most runs that a device carried at once; beside others, a run takes longer than alone."""
        counts = {count for case in self.done for count in case.at_once} or {1}
        return min(counts), max(counts)

    @property
    def has_phases(self) -> bool:
        """Whether some case was trained in several phases."""
        return any(len(case.phases) > 1 for case in self.done)

    @property
    def lacks_weights(self) -> bool:
        """Whether some network started at random although the study asks for weights."""
        known = [self.findings.weights, *(case.weights for case in self.done)]
        return any(w is not None and w.provenance == "random" and w.request not in ("", "none") for w in known)

    def asks_for(self, block: str) -> bool:
        """Whether the suite wants a figure or table that papers have only where it is asked for."""
        return block in self.material.suite.paper.further

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the prose of the suite may refer to."""
        return Vocabulary(self.material.suite, [case.case for case in self.material.findings.cases])

    def of(self, study: str) -> PaperContext:
        """The context of a study that a report's prose names: here this one itself."""
        return self

    def meets(self, condition: Condition) -> bool:
        """Whether the results meet a condition of the prose."""
        return is_met(self.findings, condition)

    @cached_property
    def case_labels(self) -> tuple[str, ...]:
        """How the paper calls each case, in the mini grammar."""
        return tuple(markup.literal(case.label) for case in self.findings.cases)

    def find_case(self, reference: object) -> CaseFindings:
        """The case that the suite means by a reference, which its checks have found to exist."""
        return self.findings.case(self.vocabulary.find(reference) or str(reference))

    def mention(self, *names: str) -> str:
        """The cases of these names in running text, in the mini grammar."""
        return self.names.mention(*map(self.findings.case, names))

    def subject(self, *names: str) -> str:
        """The same as the subject of a sentence."""
        return self.names.subject(*map(self.findings.case, names))

    def subjects(self, names: Iterable[str]) -> list[str]:
        """The same for cases that are told one by one."""
        return self.names.subjects([*map(self.findings.case, names)])

    def model_title(self, case: CaseFindings) -> str:
        """How the model of a case is called; cleaned, not in the mini grammar."""
        return markup.line(self._model(case)[0], "model title")

    def cite_model(self, case: CaseFindings) -> str:
        """The model of a case with the work that introduced it: «ResNet18 [4]», in the mini grammar."""
        return markup.literal(self.model_title(case)) + self.works.cite(self._model(case)[1])

    def _model(self, case: CaseFindings) -> tuple[str, str]:
        material = self.material
        return material.models.get(case.case.name, (material.model_title, material.model_bibtex))

    @property
    def _methods(self) -> list[tuple[str, str]]:
        """The works behind what the analysis does with these results."""
        found = self.findings
        used = [CROSSED] if any(one.crossed is not None for one in found.comparisons) else []
        used += [IMPORTANCE, EPSILON_SQUARED] if found.search is not None else []
        used += [SPENDING] if found.sequential is not None and found.sequential.repeats else []
        used += [OVERLAP] if found.folds is not None and self.has_repeats else []
        used += [AUGMENTATIONS[name] for names in self.augmentations for name in names if name in AUGMENTATIONS]
        used += [bibtex for name, bibtex in MIXING.items() if self.having("recipe", name)]
        return [("the analysis", bibtex) for bibtex in used]

    def having(self, kind: Literal["dataset", "model", "recipe"], parameter: str) -> list[CaseFindings]:
        """The cases of which a component has this parameter, and says something by it."""
        return [case for case in self.findings.cases if getattr(case.case, kind).parameters.get(parameter)]

    @property
    def augmentations(self) -> dict[tuple[str, ...], list[CaseFindings]]:
        """The lists of augmentations that data sets are asked for by their parameter `augmentation`, each with the
        cases that have it."""
        found: dict[tuple[str, ...], list[CaseFindings]] = {}
        for case in self.having("dataset", "augmentation"):
            given = case.case.dataset.parameters["augmentation"]
            if isinstance(given, list | tuple):
                names = (str(entry["name"]) if isinstance(entry, Mapping) else str(entry) for entry in given)
                found.setdefault(tuple(names), []).append(case)
        return found

    @cached_property
    def works(self) -> Works:
        """The works of the suite, of its data set, models, recipes and plugin figures, and of the analysis."""
        if self.listed is not None:
            return self.listed
        material = self.material
        models = [material.models[case.case.name] for case in self.findings.cases if case.case.name in material.models]
        sources = [
            (material.card.title, material.card.bibtex),
            (material.model_title, material.model_bibtex),
            *models,
            *material.recipes.items(),
            *((chart.figure, chart.bibtex) for chart in material.charts),
            *((one.component.name, one.bibtex) for one in self.findings.asked),
            *self._methods,
        ]
        return gather_works(material.suite.paper, dict.fromkeys(sources))


def _in_grammar(titles: Mapping[str, str]) -> dict[str, str]:
    """What a plugin calls something in each language, so that it means itself."""
    return {language: markup.literal(markup.line(title, "metric title")) for language, title in titles.items()}
