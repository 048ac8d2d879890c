"""The reproducibility section: what the runs were made with, their keys, what deviates, and how to repeat them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from benchsuite.identity.numerics import BF16_SETS
from benchsuite.paper.context.material import PaperMaterial, PluginChart
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import as_code
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Paragraph
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.language.typography import seconds
from benchsuite.paper.sections.notices import changes_in_words
from benchsuite.paper.tables.facts import environment_table, runs_table
from benchsuite.registry import OURS
from benchsuite.store.record import Deviation, Environment


def reproducibility_blocks(study: PaperContext) -> list[Block]:
    findings = study.findings
    blocks: list[Block] = [Paragraph(_principle(study))]
    if findings.environments:
        blocks += [Paragraph(_environments(study)), environment_table(findings.environments[0])]
    if text := " ".join([*_foreign_code(study), *map(_drawn_by, study.material.charts)]):
        blocks.append(Paragraph(text))
    if findings.runs:
        searched = findings.search is not None and findings.search.best is not None
        blocks += [Paragraph(say("runs-and-search" if searched else "runs")), runs_table(study)]
    return [*blocks, *(deviation_blocks(study) if findings.environments else []), *_repetition(study.material)]


def _repetition(material: PaperMaterial) -> list[Block]:
    """How the study is made again: what was changed from outside is part of the command."""
    name, form = material.suite.name, material.form_arguments
    arguments = material.study_arguments or (name,)
    run = f"make suite SUITE={name}"
    if arguments != (name,) or form:
        run = command_line("run", *arguments, *form)
    verify, reproduce = command_line("verify", *arguments), command_line("reproduce", "paper.pdf")
    commands = {"run": run, "verify": verify, "reproduce": reproduce}
    items = (say(f"repetition-{name}", command=f"`{command}`") for name, command in commands.items())
    return [Paragraph(say("repetition")), Bullets(tuple(items))]


def command_line(*words: str) -> str:
    """A command of the program as text, to be set as code."""
    return markup.line(f"benchsuite {shlex.join(words)}", "command").replace("`", "")


def _foreign_code(study: PaperContext) -> list[str]:
    """Whose code took part besides ours: the distributions of the components, with their versions."""
    provided: dict[str, dict[str, None]] = {}
    for case in study.material.results.plan.cases:
        for part in (case.dataset, case.model, case.recipe):
            if part.distribution != OURS:
                owner = markup.code(f"{part.distribution} {part.version}", "distribution")
                provided.setdefault(owner, {})[markup.code(part.name, "component")] = None
    if not provided:
        return []
    owners = listing([f"{owner} ({listing(list(names))})" for owner, names in provided.items()])
    return [say("foreign-code", n=len(provided), owners=owners)]


def _drawn_by(made: PluginChart) -> str:
    owner = markup.code(f"{made.distribution} {made.version}", "distribution")
    figure = f"{{{{{made.block}}}}}"
    return say("drawn-by", figure=figure, owner=owner, component=markup.code(made.figure, "figure"))


def _principle(study: PaperContext) -> str:
    findings = study.findings
    parts = [say("principle")]
    if (facts := findings.dataset) is not None:
        parts.append(say("principle-data", hash=facts.fingerprint[:16]))
    weights = [findings.weights, *(case.weights for case in study.done)]
    digests = dict.fromkeys(f"`{start.sha256[:16]}`" for start in weights if start is not None and start.sha256)
    if digests:
        parts.append(say("principle-weights", digests=listing(list(digests))))
    return " ".join(parts)


def _environments(study: PaperContext) -> str:
    findings = study.findings
    total = study.quotes.number(findings.total_seconds, seconds(findings.total_seconds))
    parts = [say("environment-at-once" if study.at_once[1] > 1 else "environment", total=total)]
    if len(findings.environments) > 1:
        parts.append(say("environments-differ", environments=len(findings.environments)))
    if all(environment.device == "cpu" for environment in findings.environments):
        parts.append(say("environment-cpu"))
    return " ".join(parts) + _arithmetic(findings.environments)


def _arithmetic(environments: Sequence[Environment]) -> str:
    """What mixed precision means; nothing where all was computed in fp32."""
    mixed = list(dict.fromkeys(made.precision for made in environments if made.precision != "fp32"))
    if not mixed:
        return ""
    several = len({made.precision for made in environments}) > 1
    of_cpu = {title for _, title in BF16_SETS}
    in_fp32 = all(made.capability in of_cpu for made in environments if made.precision != "fp32")
    told = say(
        "mixed-precision",
        which=say("mixed-precision-runs", precisions=listing(mixed)) if several else say("mixed-precision-all"),
        mantissas=listing([say(f"mantissa-{precision}") for precision in mixed]),
        sums=say("mixed-precision-sums") if in_fp32 else "",
    )
    return f" {told}"


def deviation_blocks(study: PaperContext) -> list[Block]:
    """Everything that is not as the suite asked: changes from the command line, and what the program deviated in."""
    findings = study.findings
    lists = {
        "deviations-changes": changes_in_words(study),
        "deviations": [*map(_describe, findings.deviations)],
    }
    if not any(lists.values()):
        return [Paragraph(say("deviations-none"))]
    blocks = ((Paragraph(say(lead)), Bullets(tuple(items))) for lead, items in lists.items() if items)
    return [block for pair in blocks for block in pair]


def _describe(deviation: Deviation) -> str:
    detail = as_code(deviation.detail, "deviation")
    return say(f"deviation-{deviation.kind.replace(' ', '-')}", detail=detail)
