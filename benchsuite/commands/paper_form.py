"""How a paper is set, as the options ask for it and as what sets papers here allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from benchsuite.commands.console import announce
from benchsuite.commands.options import FormOptions

if TYPE_CHECKING:
    from benchsuite.suite.prose.references import Declaration
    from benchsuite.suite.schema.report import Report
    from benchsuite.suite.schema.suite import Suite

D = TypeVar("D", "Suite", "Report")


def tell_of_renderer() -> None:
    """Say so where papers are set by a WeasyPrint whose layout is not known."""
    from benchsuite.paper.rendering.weasyprint_boxes import KNOWN, installed, is_known

    if not is_known():
        announce(
            f"WeasyPrint {installed()} is here and not {KNOWN}: the paper is set plainly, its wide figures and tables "
            f"after the text; for its usual form: pip install 'weasyprint=={KNOWN}.*'"
        )


def formed(suite: D, form: FormOptions) -> D:
    """A suite, or a report, with its paper set as the options ask."""
    from benchsuite.suite.prose.translations import in_language

    if form.language is not None:
        suite = in_language(suite, form.language.value)
    asked = {name: value for name, value in asked_form(form).items() if name != "language"}
    return suite.model_copy(update={"paper": suite.paper.model_copy(update=asked)})


def tell_of_languages(suite: Declaration) -> None:
    """Say so where the prose is in another language than the paper: the paper says it, too."""
    from benchsuite.suite.schema.suite import LANGUAGES

    own, language = suite.paper.prose_language, suite.paper.language
    if own != language and (suite.title or suite.paper.abstract or suite.paper.sections):
        announce(
            f"{suite.name} is written in {LANGUAGES[own]} alone, and its paper in {LANGUAGES[language]} has that prose "
            f"as it is, and says so; for a paper in one language, write translations.{language} in the suite"
        )


def form_arguments(form: FormOptions) -> tuple[str, ...]:
    """The options that ask for it."""
    return tuple(part for name, value in asked_form(form).items() for part in (f"--{name}", value))


def asked_form(form: FormOptions) -> dict[str, str]:
    """What the options say of it."""
    return {name: value.value for name, value in vars(form).items() if value}
