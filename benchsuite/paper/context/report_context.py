"""What every part of a composed report shares: the contexts of its studies, their chain, and what all of them quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from benchsuite.analysis.chain import ChainStep, chain
from benchsuite.errors import PaperError
from benchsuite.paper.context.material import PaperMaterial, ReportMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.result_quotes import ResultQuotes
from benchsuite.paper.document import markup
from benchsuite.paper.references.works import Works, gather_works, merge_works
from benchsuite.suite.prose.conditions import OF_REPORTS, Condition
from benchsuite.suite.prose.report_references import ReportVocabulary


@dataclass(frozen=True)
class ReportContext:
    """The material of one report while it is composed; `quotes` collects the numbers that its text quotes."""

    material: ReportMaterial
    quotes: ResultQuotes = field(default_factory=ResultQuotes)

    @cached_property
    def studies(self) -> Mapping[str, PaperContext]:
        """Its studies by name, in order. They speak the report's language, and quote and cite into it."""
        return {
            one.suite.name: PaperContext(one, self.quotes, works)
            for one, works in zip(self._materials, self._all_works[1:], strict=True)
        }

    @cached_property
    def vocabulary(self) -> ReportVocabulary:
        """What its prose may refer to."""
        known = {name: study.vocabulary for name, study in self.studies.items()}
        return ReportVocabulary(self.material.suite, known)

    @property
    def works(self) -> Works:
        """The works of the report and of all its studies."""
        return self._all_works[0]

    @cached_property
    def chain(self) -> tuple[ChainStep, ...]:
        """Its steps, in order, cases called as the papers of the studies call them."""
        findings = {name: study.findings for name, study in self.studies.items()}
        carried = {
            step.study: self._find_case(step.study, step.carries)
            for step in self.material.suite.studies
            if step.carries is not None
        }
        return chain(findings, carried)

    @cached_property
    def runs(self) -> Mapping[str, tuple[str, int]]:
        """The case and seed of every finished run, by its key; studies may share runs."""
        return {key: (case, seed) for study in self.studies.values() for key, case, seed, _ in study.findings.runs}

    @property
    def case_labels(self) -> tuple[str, ...]:
        """How the papers of its studies call each case, in the mini grammar."""
        return tuple(label for study in self.studies.values() for label in study.case_labels)

    def of(self, study: str) -> PaperContext:
        """A study that the prose names."""
        return self.studies[study]

    def step(self, study: str) -> ChainStep:
        """The step that a study is."""
        return next(step for step in self.chain if step.study == study)

    def label(self, study: str) -> str:
        """What the report calls a step; cleaned, not in the mini grammar."""
        declared = next(step for step in self.material.suite.studies if step.study == study)
        return markup.line(declared.label or study, "studies")

    def meets(self, condition: Condition) -> bool:
        """Whether the results meet a condition of the prose."""
        subject = condition.subject
        if subject.kind not in OF_REPORTS:
            return self.of(subject.study).meets(condition)
        step = self.step(subject.study)
        return condition.verdict == (
            step.begun if subject.kind == "step" else "first" if step.by_validation else "other"
        )

    @cached_property
    def _all_works(self) -> tuple[Works, ...]:
        """Those of the report, then those of each study, as one list of references."""
        own = gather_works(self.material.suite.paper, ())
        return merge_works(own, [PaperContext(study).works for study in self._materials])

    @cached_property
    def _materials(self) -> tuple[PaperMaterial, ...]:
        return tuple(_speaking_as(study, self.material) for study in self.material.studies)

    def _find_case(self, study: str, reference: object) -> str:
        found = self.studies[study].vocabulary.find(reference)
        if found is None:
            names = [case.case.name for case in self.studies[study].findings.cases]
            raise PaperError(
                f"the report hands on {markup.line(str(reference), 'studies')} of {study}, which has no such case",
                expected=", ".join(names),
                remedy="correct what the report says under `carries`",
            )
        return found


Context = PaperContext | ReportContext
"""What prose is resolved in."""


def _speaking_as(study: PaperMaterial, report: ReportMaterial) -> PaperMaterial:
    """The material of a study whose words are in the report's language; its prose stays in its own."""
    paper = study.suite.paper
    spoken = paper.model_copy(update={"language": report.suite.paper.language, "written_in": paper.prose_language})
    suite = study.suite.model_copy(update={"paper": spoken})
    return replace(study, results=replace(study.results, suite=suite))
