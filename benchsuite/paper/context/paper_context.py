"""What every part of a composed paper shares: the material, its names, and quoted results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from benchsuite.analysis.findings import CaseFindings, ClaimFindings, Comparison, Estimate, Findings
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell
from benchsuite.paper.document.quantities import Quotes
from benchsuite.paper.language import spanish
from benchsuite.paper.language.metrics import METRICS, Metric
from benchsuite.paper.language.parameters import PARAMETERS
from benchsuite.paper.references.works import Works, gathered
from benchsuite.suite.prose.references import Vocabulary, written

WORDY = 14
"""Characters of a case's name that still fit beside numbers in a column."""
PENDING = "(sin resultados todavía)"


@dataclass(frozen=True)
class PaperContext:
    """The material with ways to name its cases and to quote its numbers."""

    material: PaperMaterial
    quotes: Quotes = field(default_factory=Quotes)

    @cached_property
    def findings(self) -> Findings:
        """The findings, their cases called as the paper calls them."""
        given = self.material.findings
        names = self.material.suite.paper.labels
        return replace(given, cases=tuple(replace(case, label=_label(case, self.axes, names)) for case in given.cases))

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """The paths by whose values the cases of a grid are told apart; none where the suite names its cases."""
        cases = self.material.findings.cases
        paths = tuple(cases[0].case.settings) if cases and not self.material.suite.cases else ()
        return paths if all(tuple(case.case.settings) == paths for case in cases) else ()

    @property
    def metric(self) -> Metric:
        """The metric that the suite compares."""
        return METRICS[self.findings.metric]

    @property
    def done(self) -> tuple[CaseFindings, ...]:
        """Cases with at least one finished run."""
        return tuple(case for case in self.findings.cases if case.done)

    @property
    def lacks_weights(self) -> bool:
        """Whether some network started at random although the study asks for weights."""
        known = [self.findings.weights, *(case.weights for case in self.done)]
        return any(w is not None and w.provenance == "random" and w.request not in ("", "none") for w in known)

    @property
    def factor(self) -> str:
        """What sets the cases apart, as axes and heads of tables say it; cleaned, not in the mini grammar."""
        if not self.axes:
            return "Configuración"
        labels = self.material.suite.paper.labels
        names = [
            markup.line(labels.get(path) or markup.plain(PARAMETERS.get(path, path)), f"paper.labels.{path}")
            for path in self.axes
        ]
        return ", ".join([names[0], *map(lowered, names[1:])])

    def value_name(self, path: str, value: object) -> str | None:
        """How the suite's labels call a value of a path; cleaned, not in the mini grammar."""
        name = self.material.suite.paper.labels.get(f"{path}={written(value)}")
        return None if name is None else markup.line(name, f"paper.labels.{path}")

    @property
    def legend(self) -> str:
        """What stands before the names of the cases in a legend: the factor, or nothing."""
        return self.factor if self.axes else ""

    @property
    def wordy(self) -> bool:
        """Whether the cases have names that need room of their own in a table."""
        return max((len(case.label) for case in self.findings.cases), default=0) > WORDY

    def model_title(self, case: CaseFindings) -> str:
        """How the model of a case is called; cleaned, not in the mini grammar."""
        return markup.line(self._model(case)[0], "model title")

    def model_named(self, case: CaseFindings) -> str:
        """The model of a case with the work that introduced it: «ResNet18 [4]», in the mini grammar."""
        return markup.literal(self.model_title(case)) + self.works.citation(self._model(case)[1])

    def _model(self, case: CaseFindings) -> tuple[str, str]:
        material = self.material
        return material.models.get(case.case.name, (material.model_title, material.model_bibtex))

    @cached_property
    def works(self) -> Works:
        """The works of the suite, of the data set, of each model, each recipe and each figure of a plugin."""
        material = self.material
        models = [material.models[case.case.name] for case in self.findings.cases if case.case.name in material.models]
        named = [(material.card.title, material.card.bibtex), (material.model_title, material.model_bibtex), *models]
        named += material.recipes.items()
        named += [(made.figure, made.bibtex) for made in material.charts]
        return gathered(material.suite.paper, dict.fromkeys(named))

    def called(self, *cases: CaseFindings) -> str:
        """Cases in running text, in the mini grammar: «bloques congelados = 0 y 1»."""
        labels = [markup.literal(case.label) for case in cases]
        if len(self.axes) != 1:
            return spanish.listing([f"«{label}»" for label in labels])
        return f"{markup.literal(lowered(self.factor))}{spanish.NBSP}={spanish.NBSP}{spanish.listing(labels)}"

    def named(self, name: str) -> CaseFindings:
        return self.findings.case(name)

    def meant(self, reference: object) -> CaseFindings:
        """The case that the suite means by a reference, which its checks have found to exist."""
        return self.named(self.vocabulary.find(reference) or str(reference))

    def quote(self, metric: str, case: CaseFindings) -> str:
        """A token for a metric of a case: its mean with the interval, or word that it is not known yet."""
        estimate = case.estimates.get(metric)
        if estimate is None:
            return PENDING
        return self.quotes.put(METRICS[metric].quote(estimate), estimate.mean, estimate.runs)

    def mean(self, metric: str, case: CaseFindings) -> str:
        """A token for the mean alone."""
        estimate = case.estimates.get(metric)
        if estimate is None:
            return PENDING
        return self.quotes.put(METRICS[metric].format(estimate.mean), estimate.mean, estimate.runs)

    def difference(self, comparison: Comparison) -> str:
        if comparison.difference is None:
            return PENDING
        value = comparison.difference
        return self.quotes.put(self.metric.difference(value), value.mean, value.runs)

    def count(self, value: float, words: str | None = None, runs: Sequence[str] = ()) -> str:
        """A token for a number that is no metric: sizes, counts, parameters."""
        return self.quotes.put(words or spanish.number(value), value, tuple(runs))

    def cell(self, metric: str, case: CaseFindings, *, strong: bool = False) -> Cell:
        """A metric of a case for a table: mean and interval without the unit."""
        estimate = case.estimates.get(metric)
        if estimate is None:
            return Cell("—")
        known = METRICS[metric]
        interval = "" if known.unit.recorded else known.interval(estimate)
        shown = f"{known.in_column(estimate.mean)} {interval}".strip()
        bounds = known.bounds(estimate)
        scaled = (known.scale * bounds[0], known.scale * bounds[1]) if bounds else None
        return Cell(markup.literal(shown), known.scale * estimate.mean, estimate.runs, strong, scaled)

    def mean_cell(self, metric: str, case: CaseFindings) -> Cell:
        """The mean alone, with its unit where the head of the column does not say it."""
        estimate = case.estimates.get(metric)
        if estimate is None:
            return Cell("—")
        known = METRICS[metric]
        return Cell(markup.literal(known.in_column(estimate.mean)), known.scale * estimate.mean, estimate.runs)

    def order(self, metric: str) -> tuple[CaseFindings, ...]:
        """Cases by the mean of a metric, smallest first; the order of the suite among equals."""
        known = [case for case in self.findings.cases if metric in case.estimates]
        return tuple(sorted(known, key=lambda case: case.estimates[metric].mean))

    def extremes(self, metric: str) -> tuple[list[CaseFindings], list[CaseFindings]]:
        """The cases with the smallest and with the largest mean; several when they print alike."""
        order = self.order(metric)
        least, most = (METRICS[metric].format(order[at].estimates[metric].mean) for at in (0, -1))
        cases = [case for case in self.findings.cases if metric in case.estimates]
        shown = [(case, METRICS[metric].format(case.estimates[metric].mean)) for case in cases]
        return [case for case, value in shown if value == least], [case for case, value in shown if value == most]

    def claim(self, identifier: str) -> ClaimFindings:
        """The findings of the claim of this name."""
        return next(found for found in self.findings.claims if found.claim.id == identifier)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the prose of the suite may refer to."""
        return Vocabulary(self.material.suite, [case.case for case in self.material.findings.cases])


def lowered(name: str) -> str:
    """A name within a sentence; one that begins with several capitals keeps them."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _label(case: CaseFindings, axes: Sequence[str], names: Mapping[str, str]) -> str:
    """How the paper calls a case: as the suite's labels say (under the case's name, or under «path=value»), else by
    the values that set it apart, else by its name."""
    settings = case.case.settings
    if case.case.name in names:
        return markup.line(names[case.case.name], f"paper.labels.{case.case.name}")
    values = [names.get(f"{path}={written(settings[path])}") or _spoken(settings[path]) for path in axes]
    return markup.line(", ".join(values) or case.label, f"case {case.case.name}")


def _spoken(value: object) -> str:
    """A value of a setting as a label says it."""
    match value:
        case None:
            return "ninguno"
        case bool():
            return "sí" if value else "no"
        case int() | float():
            return spanish.number(value)
        case list() | tuple():
            return "-".join(map(_spoken, value)) or "ninguno"
        case Mapping():
            rest = ", ".join(_spoken(below) for name, below in value.items() if name != "name")
            return " ".join(part for part in (_spoken(value["name"]) if "name" in value else "", rest) if part)
        case _:
            return markup.file_name(str(value))


def significant(comparison: Comparison) -> bool:
    return comparison.p_adjusted is not None and comparison.p_adjusted < 0.05


def single_seed(estimates: Sequence[Estimate]) -> bool:
    """Whether no estimate has an interval, because every case has one run."""
    return bool(estimates) and all(estimate.n < 2 for estimate in estimates)
