"""A report as Python sees it: the studies that it gathers, what each hands on to the next, and its paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchsuite.study.arguments import read_form
from benchsuite.study.family import only_our_errors
from benchsuite.study.outcomes import Step, step_of
from benchsuite.study.study import Paper

if TYPE_CHECKING:
    from benchsuite.commands.options import FormOptions
    from benchsuite.paper.context.material import PaperFiles, ReportMaterial


@dataclass(frozen=True, eq=False)
class Report:
    """A report on finished studies, whose paper is written. In a notebook it shows itself."""

    name: str
    """The report's name."""
    sample: bool
    """Whether some of its studies are smoke runs on the synthetic sample, whose results mean nothing."""
    folder: Path
    """Where its paper lies."""
    steps: tuple[Step, ...]
    """Its studies in order, as the paper tells of them."""
    _write: Callable[[FormOptions], PaperFiles] = field(repr=False)

    def paper(
        self,
        *,
        template: Literal["ieee", "report"] | None = None,
        page: Literal["a4", "letter"] | None = None,
        language: Literal["es", "en"] | None = None,
    ) -> Paper:
        """The paper that lies in the folder; set otherwise, it is composed anew, as `benchsuite paper` does.

        Raises PaperError where a study is not finished any more, SetupError or StoreError.
        """
        with only_our_errors():
            files = self._write(read_form(template, page, language))
        return Paper(files.html, files.pdf)

    def __repr__(self) -> str:
        sample = ", synthetic sample" if self.sample else ""
        return f"<report {self.name}{sample}: {', '.join(step.study for step in self.steps)}>"

    def _repr_html_(self) -> str:
        from benchsuite.study.pages import report_page

        return report_page(self.name, self.sample, self.steps)


def report_of(
    material: ReportMaterial, folder: Path, sample: bool, write: Callable[[FormOptions], PaperFiles]
) -> Report:
    """The report that a paper was made from. Raises PaperError for one that hands on a case of which there is none."""
    from benchsuite.paper.context.report_context import ReportContext

    told = ReportContext(material)
    steps = tuple(step_of(told.label(step.study), step) for step in told.chain)
    return Report(material.suite.name, sample, folder, steps, write)
