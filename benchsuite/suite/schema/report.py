"""The report as declared: a file of `suites/` that gathers finished studies, and makes no run of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from benchsuite.suite.schema.base import Declared, Heading, Slug
from benchsuite.suite.schema.claims import CaseReference, Claim
from benchsuite.suite.schema.suite import FromFile, Language, PaperSection, PaperTitle, TranslatedProse

MOST_STUDIES = 25
"""As many subsections as there are letters for, with that of the chain."""


class Step(Declared):
    """A study of a report; its name alone says as much as `{study: NAME}`."""

    study: Slug
    """Name of the study: that of a suite beside the report, or of one that `benchsuite list` shows."""

    label: Heading | None = None
    """What figures and tables call the step; left out, the name of the study."""

    carries: CaseReference | None = None
    """The case that the next study is to begin from; left out, the one that validation ranks first."""


StepOrName = Annotated[
    Step,
    BeforeValidator(
        lambda value: {"study": value} if isinstance(value, str) else value, json_schema_input_type=Slug | Step
    ),
]


class ReportTranslation(TranslatedProse):
    """The report's prose in another language; that of its studies is in their suites."""

    labels: dict[Slug, Heading] = Field(default_factory=dict, max_length=MOST_STUDIES)
    """The label of each step that has one, by the name of its study."""


class Report(FromFile):
    """A report on finished studies: their results side by side, and what each hands to the next."""

    kind: Literal["report"]
    """What tells a report from a study, which has no `kind`."""

    name: Slug
    """Name of the report; the file is called after it."""

    title: PaperTitle = ""
    """Title of the paper; left out, it says how many studies it gathers."""

    studies: Annotated[tuple[StepOrName, ...], Field(min_length=1, max_length=MOST_STUDIES)]
    """The studies, in the order of the chain: each is a step, and its choice is carried to the next one."""

    paper: PaperSection = PaperSection()
    """What the author writes for the paper; `labels`, `figures` and `further` are those of the studies."""

    translations: dict[Language, ReportTranslation] = Field(default_factory=dict)
    """The prose in other languages."""

    @property
    def claims(self) -> Sequence[Claim]:
        """None of its own: prose names those of the studies."""
        return ()
