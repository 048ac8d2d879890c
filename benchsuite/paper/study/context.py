"""What every part of a composed paper shares: the material, its names, and quoted results."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchsuite.analysis.findings import CaseFindings, Comparison, Estimate, Findings
from benchsuite.errors import PaperError
from benchsuite.paper import spanish, text
from benchsuite.paper.document import Cell
from benchsuite.paper.material import PaperMaterial
from benchsuite.paper.metrics import METRICS, Metric
from benchsuite.paper.quantities import Quotes

_SIZES = {
    "seeds": ("semilla", "semillas"),
    "cases": ("configuración", "configuraciones"),
    "runs": ("ejecución", "ejecuciones"),
}
PENDING = "(sin resultados todavía)"
_REFERENCE = re.compile(r"\{\{([^{}]+)\}\}")
_BLOCK = re.compile(r"(?:fig|tab|eq|sec)-[\w-]+")


@dataclass(frozen=True)
class Study:
    """The material with ways to name its cases and to quote its numbers."""

    material: PaperMaterial
    quotes: Quotes = field(default_factory=Quotes)

    @property
    def findings(self) -> Findings:
        return self.material.findings

    @property
    def metric(self) -> Metric:
        """The metric that the suite compares."""
        return METRICS.get(self.findings.metric, Metric(self.findings.metric, 3))

    @property
    def done(self) -> tuple[CaseFindings, ...]:
        """Cases with at least one finished run."""
        return tuple(case for case in self.findings.cases if case.done)

    @property
    def factor(self) -> str:
        """What sets the cases apart, as axes and heads of tables say it; cleaned, not in the mini grammar."""
        paths = {path for case in self.findings.cases for path in case.case.settings}
        if len(paths) != 1:
            return "Configuración"
        path = next(iter(paths))
        return text.line(self.material.suite.paper.labels.get(path, path), f"paper.labels.{path}")

    def called(self, *cases: CaseFindings) -> str:
        """Cases in running text, in the mini grammar: «bloques congelados = 0 y 1»."""
        labels = [text.literal(case.label) for case in cases]
        if self.factor == "Configuración":
            return spanish.listing([f"«{label}»" for label in labels])
        factor = self.factor if self.factor[1:2].isupper() else self.factor[:1].lower() + self.factor[1:]
        return f"{text.literal(factor)}{spanish.NBSP}={spanish.NBSP}{spanish.listing(labels)}"

    def named(self, name: str) -> CaseFindings:
        return self.findings.case(name)

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
        whole = known.format(estimate.mean) if known.unit in ("duration", "MiB") else known.bare(estimate.mean)
        interval = known.interval(estimate) if known.unit not in ("duration", "MiB") else ""
        shown = f"{whole} {interval}".strip()
        return Cell(text.literal(shown), estimate.mean, estimate.runs, strong)

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

    def prose(self, source: str, where: str) -> str:
        """Foreign prose made safe, its quoted results exchanged for tokens. Raises PaperError for unknown ones."""
        return _REFERENCE.sub(lambda match: self._resolve(match[1].strip(), where), text.clean(source, where))

    def _resolve(self, reference: str, where: str) -> str:
        if _BLOCK.fullmatch(reference):
            return f"{{{{{reference}}}}}"
        head, _, rest = reference.partition(" ")
        if head == "difference":
            return self._difference(rest.strip(), reference, where)
        if head == "best":
            return self._best(rest.strip() or self.findings.metric, reference, where)
        if head in _SIZES and not rest:
            return self._size(head)
        if head == "trainable_parameters":
            case = self._find(rest.strip(), reference, where)
            return self.count(case.model.parameters_trainable) if case.model else PENDING
        if head not in METRICS:
            known = [*METRICS, "difference", "best", *_SIZES, "trainable_parameters"]
            raise _unknown(reference, head, known, where)
        return self.quote(head, self._find(rest.strip(), reference, where))

    def _size(self, of: str) -> str:
        """«10 semillas», «una configuración», «50 ejecuciones»."""
        findings = self.findings
        value = {"seeds": len(findings.seeds), "cases": len(findings.cases), "runs": findings.done}[of]
        return self.count(value, spanish.count(value, *_SIZES[of]))

    def _find(self, wanted: str, reference: str, where: str) -> CaseFindings:
        for case in self.findings.cases:
            settings = ", ".join(f"{path}={_written(value)}" for path, value in case.case.settings.items())
            if wanted in (case.label, case.case.name, settings):
                return case
        raise _unknown(reference, wanted, [case.label for case in self.findings.cases], where)

    def _best(self, metric: str, reference: str, where: str) -> str:
        if metric not in METRICS:
            raise _unknown(reference, metric, list(METRICS), where)
        if not self.order(metric):
            return PENDING
        lowest, highest = self.extremes(metric)
        return self.called(*(lowest if METRICS[metric].higher_better is False else highest))

    def _difference(self, wanted: str, reference: str, where: str) -> str:
        case = self._find(wanted, reference, where)
        for comparison in self.findings.comparisons:
            if comparison.case == case.case.name:
                return self.difference(comparison)
        return PENDING


def _written(value: object) -> str:
    """A setting as a suite file writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def significant(comparison: Comparison) -> bool:
    return comparison.p_adjusted is not None and comparison.p_adjusted < 0.05


def single_seed(estimates: Sequence[Estimate]) -> bool:
    """Whether no estimate has an interval, because every case has one run."""
    return bool(estimates) and all(estimate.n < 2 for estimate in estimates)


def _unknown(reference: str, word: str, known: Sequence[str], where: str) -> PaperError:
    near = difflib.get_close_matches(word, known, 1)
    return PaperError(
        f"the prose quotes {{{{{reference}}}}}, but «{word}» is unknown",
        where=where,
        expected=", ".join(known),
        remedy=f"did you mean «{near[0]}»?" if near else "name a metric and a case, as in {{test_accuracy 3}}",
    )
