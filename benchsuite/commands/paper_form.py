"""How a paper is set, as the options ask for it and as what sets papers here allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchsuite.commands.console import announce
from benchsuite.commands.options import FormOptions

if TYPE_CHECKING:
    from benchsuite.suite.schema.suite import PaperSection


def tell_of_renderer() -> None:
    """Say so where papers are set by a WeasyPrint whose layout is not known."""
    from benchsuite.paper.rendering.weasyprint_boxes import KNOWN, installed, is_known

    if not is_known():
        announce(
            f"WeasyPrint {installed()} is here and not {KNOWN}: the paper is set plainly, its wide figures and tables "
            f"after the text; for its usual form: pip install 'weasyprint=={KNOWN}.*'"
        )


def formed_paper(paper: PaperSection, form: FormOptions) -> PaperSection:
    """What a suite says of its paper, set as the options ask."""
    asked = asked_form(form)
    changed = asked | ({"written_in": paper.prose_language} if "language" in asked else {})
    return paper.model_copy(update=changed)


def form_arguments(form: FormOptions) -> tuple[str, ...]:
    """The options that ask for it."""
    return tuple(part for name, value in asked_form(form).items() for part in (f"--{name}", value))


def asked_form(form: FormOptions) -> dict[str, str]:
    """What the options say of it."""
    return {name: value.value for name, value in vars(form).items() if value}
