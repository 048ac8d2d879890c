"""The paper of a report: the chain of its studies, a subsection for each, and where all of it comes from.

What is told of a study is what its own paper tells, by the same functions; its figures and tables bear its name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from benchsuite.analysis.chain import CHOSEN_BY, ChainStep
from benchsuite.contracts.figure import Chart, ChartSeries
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.bundle.consistency import count_traced
from benchsuite.paper.context.material import ReportMaterial
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import name_axis
from benchsuite.paper.context.report_context import ReportContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Document, Figure, Paragraph, Photos, Table, figure
from benchsuite.paper.document.style import Form
from benchsuite.paper.figures.chart import draw_chart
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.phrases import articles, listing
from benchsuite.paper.language.typography import lower_first, upper_first
from benchsuite.paper.sections.claims import claims_table, count_verdicts
from benchsuite.paper.sections.dataset import dataset_blocks
from benchsuite.paper.sections.efficiency import describe_cost
from benchsuite.paper.sections.front import paper_title
from benchsuite.paper.sections.method import different_networks, network_blocks
from benchsuite.paper.sections.notices import language_notice, results_notices, running_head
from benchsuite.paper.sections.parts import (
    Subsections,
    authors_of,
    fitting,
    keywords_of,
    line_of,
    merge,
    placed,
    section_blocks,
)
from benchsuite.paper.sections.prose import resolve_prose
from benchsuite.paper.sections.readings import curves_figure
from benchsuite.paper.sections.reproducibility import command_line, deviation_blocks
from benchsuite.paper.sections.results import describe_performance, loss_blocks, losses_blocks, test_figure
from benchsuite.paper.sections.search import outcome_blocks
from benchsuite.paper.tables.chain import carried_table, chain_table, sources_table
from benchsuite.paper.tables.configuration import cases_table
from benchsuite.paper.tables.facts import environment_table
from benchsuite.paper.tables.results import results_table
from benchsuite.store.environment import distinct_environments
from benchsuite.suite.prose.references import PARTS

FEW = 4
"""Steps whose chart fits into a column."""
_BLOCK = re.compile(r"\{\{((?:fig|tab|eq)-[\w-]+)\}\}")


def compose_report(material: ReportMaterial, files: Mapping[str, bytes] | None = None) -> Document:
    """The document of a report. Raises PaperError for prose that cannot be set.

    `files` is the material as `pack` gives it, where that is at hand.
    """
    with speaking(material.suite.paper.language):
        return _compose(material, files)


def _compose(material: ReportMaterial, files: Mapping[str, bytes] | None) -> Document:
    report = ReportContext(material)
    paper, form = material.suite.paper, Form.of(material.suite.paper)
    title, found = report_title(report), tuple(_findings(report))
    abstract, body = _abstract(report, found), fitting(_body(report), form)
    studies = report.studies.values()
    return Document(
        title=title,
        title_lang=form.foreign if material.suite.title else "",
        authors=authors_of(paper),
        abstract=abstract,
        abstract_lang=form.foreign if paper.abstract else "",
        keywords=keywords_of(paper),
        assignment=line_of(paper, "assignment"),
        rights=line_of(paper, "rights"),
        body=tuple(body),
        references=report.works.references,
        quantities=report.quotes.quantities,
        date=max((study.findings.finished for study in studies if study.findings.finished), default=None),
        highlights=found,
        watermark=next(filter(None, map(running_head, studies)), None),
        notices=tuple(_notices(report)),
        version=material.version,
        files=pack(material) if files is None else files,
        bibtex=report.works.bibtex,
        form=form,
        verified=count_traced(material, body, report.quotes.quantities),
    )


def report_title(report: ReportContext) -> str:
    """In the mini grammar."""
    title = report.material.suite.title
    if title:
        return markup.line(resolve_prose(report, title, "title"), "title")
    return say("title-report", n=len(report.studies))


def _abstract(report: ReportContext, found: Iterable[str]) -> str:
    """The author's; in a report without any prose one that is made of what was found."""
    paper = report.material.suite.paper
    if paper.abstract or paper.sections:
        return markup.on_one_line(resolve_prose(report, paper.abstract, "paper.abstract"))
    labels = listing([markup.literal(report.label(name)) for name in report.studies])
    gathers = say("report-gathers", n=len(report.studies), studies=labels)
    return " ".join([gathers, *found, say("abstract-traced")])


def _notices(report: ReportContext) -> Iterator[str]:
    """What opens the paper: what holds of all studies once, and what of one with its name."""
    told = {name: results_notices(study) for name, study in report.studies.items()}
    counts = Counter(notice for notices in told.values() for notice in notices)
    for notice, count in counts.items():
        if count == len(told):
            yield notice
    yield from _language_notice(report)
    for name, notices in told.items():
        own = [notice for notice in notices if counts[notice] < len(told)]
        if own:
            yield say("notice-of-study", study=markup.literal(report.label(name)), notices=" ".join(own))


def _language_notice(report: ReportContext) -> Iterator[str]:
    """That prose is in another language than the report: its own, else claims of its studies."""
    own = tuple(language_notice(report.material.suite))
    claims = [study for study in report.studies.values() if study.findings.claims]
    foreign = next(filter(None, (Form.of(study.material.suite.paper).foreign for study in claims)), None)
    if not own and foreign:
        yield say("notice-language-claims", language=say(f"language-{foreign}"))
    yield from own


def _findings(report: ReportContext) -> Iterator[str]:
    """What was found, in sentences: how the accuracy went, whether steps began from choices, and the claims."""
    tested = [step for step in report.chain if "test_accuracy" in step.chosen.estimates]
    if len(tested) > 1:
        first, last = tested[0], tested[-1]
        yield say(
            "report-found-accuracy",
            first=markup.literal(report.label(first.study)),
            last=markup.literal(report.label(last.study)),
            least=report.quotes.estimate(METRICS["test_accuracy"], first.chosen),
            most=report.quotes.estimate(METRICS["test_accuracy"], last.chosen),
        )
    yield from _begun(report)
    claims = [study for study in report.studies.values() if study.findings.claims]
    if claims:
        number = sum(len(study.findings.claims) for study in claims)
        yield say("report-found-claims", n=number, verdicts=count_verdicts(*claims))


def _begun(report: ReportContext) -> Iterator[str]:
    """How many studies begin from what the one before hands on, and where that is not what validation ranks first."""
    steps = [step for step in report.chain if step.begun is not None]
    if not steps:
        return
    counts = Counter(step.begun for step in steps)
    parts = [say(f"report-begun-{begun}", n=counts[begun]) for begun in ("kept", "partly", "lost") if counts[begun]]
    yield say("report-begun", n=len(steps), parts=listing(parts))
    others = [step for step in report.chain if not step.by_validation]
    if others:
        labels = listing([markup.literal(report.label(step.study)) for step in others])
        yield say("report-against-validation", n=len(others), steps=labels)


def _body(report: ReportContext) -> list[Block]:
    sections = placed(report.material.suite.paper.sections)
    blocks: list[Block] = []
    for part in PARTS:
        given = sections.get(part, [])
        if part == "results":
            generated: dict[str, tuple[str, list[Block]]] = {"chain": (say("title-chain"), _chain_blocks(report))}
            generated |= {name: (_study_title(report, name), _study_blocks(report, name)) for name in report.studies}
            blocks += merge(report, given, part, say("title-results"), generated)
        elif part == "reproducibility":
            sources: Subsections = {}
            blocks += merge(report, given, part, say("title-sources"), sources, _source_blocks(report))
        else:
            blocks += [block for section in given for block in section_blocks(report, section, 1)]
    return blocks


def _study_title(report: ReportContext, name: str) -> str:
    declared = next(step for step in report.material.suite.studies if step.study == name)
    return declared.label or markup.plain(paper_title(report.of(name)))


def _chain_blocks(report: ReportContext) -> list[Block]:
    text = say("report-chain", n=len(report.chain))
    blocks: list[Block] = [Paragraph(text), chain_table(report)]
    if len(report.chain) == 1:
        return blocks
    if any(study.done for study in report.studies.values()):
        blocks += [Paragraph(say("report-chain-figure")), _chain_figure(report)]
    if any(step.handed for step in report.chain):
        blocks += [Paragraph(" ".join([say("report-carried"), *_begun(report)])), carried_table(report)]
    return blocks


def _chain_figure(report: ReportContext) -> Figure:
    """Test accuracy along the chain: of what each step hands on, with its interval, and of its other cases."""
    metric = METRICS["test_accuracy"]
    means: list[float] = []
    bounds: list[tuple[float, float]] = []
    places: list[float] = []
    others: list[tuple[float, float]] = []
    for place, step in enumerate(report.chain):
        for case in step.findings.cases:
            estimate = case.estimates.get(metric.name)
            if estimate is None:
                continue
            if case.case.name != step.chosen.case.name:
                others.append((place, metric.scale * estimate.mean))
                continue
            low, high = metric.bounds(estimate) or (estimate.mean, estimate.mean)
            places.append(place)
            means.append(metric.scale * estimate.mean)
            bounds.append((metric.scale * low, metric.scale * high))
    labels = tuple(report.label(step.study) for step in report.chain)
    chosen = ChartSeries(
        say("chain-chosen"), tuple(places), tuple(means), tuple(b[0] for b in bounds), tuple(b[1] for b in bounds)
    )
    series = [ChartSeries(say("chain-others"), tuple(x for x, _ in others), tuple(y for _, y in others))]
    told = "; ".join(
        f"{labels[int(place)]}, {metric.format(mean / metric.scale)}" for place, mean in zip(places, means, strict=True)
    )
    chart = Chart(
        shows=say("chain-shows"),
        alt=say("alt-chain", steps=told),
        kind="points",
        x=say("axis-chain"),
        y=say("axis-test-accuracy"),
        series=(chosen, *(series if others else ())),
        categories=labels,
        wide=len(labels) > FEW,
    )
    return figure("fig-chain", say("caption-chain"), partial(draw_chart, chart=chart), wide=chart.wide)


def _study_blocks(report: ReportContext, name: str) -> list[Block]:
    """What the report tells of a study."""
    study, step = report.of(name), report.step(name)
    before = list(report.studies.values())[: list(report.studies).index(name)]
    differences = cases_table(study)
    design = f"{_design(report, study, step)} {_choice(report, study, step)}"
    blocks: list[Block] = [Paragraph(design if differences is None else f"{design} {say('report-cases')}")]
    if differences is not None:
        blocks.append(differences)
    if study.done:  # as in every paper, but not yet where whoever writes its prose has no results
        if _data(study) not in map(_data, before):
            blocks += dataset_blocks(study)
        blocks += network_blocks(study, {stages for other in before for stages in different_networks(other)})
        blocks += _outcome_blocks(study)
    shown = {block.id for block in blocks if isinstance(block, Figure | Photos | Table)}
    label = markup.literal(report.label(name))
    return [_named_after(name, label, block, shown) for block in blocks]


def _data(study: PaperContext) -> object:
    """What tells the data of a study from those of another: of data that are told already nothing is said again."""
    facts = study.findings.dataset
    return None if facts is None else (facts.fingerprint, facts.classes, facts.counts)


def _outcome_blocks(study: PaperContext) -> list[Block]:
    """What came out of a study: results, trials, curves, cost and claims."""
    blocks: list[Block] = [Paragraph(describe_performance(study)), results_table(study)]
    if study.compares_cases:
        blocks += [Paragraph(say("report-figure")), test_figure(study)]
    search = study.findings.search
    if search is not None and search.best is not None:
        blocks += outcome_blocks(study, search, search.best)
    blocks += [*losses_blocks(study), *loss_blocks(study)]
    if study.asks_for("fig-curves") and study.compares_cases:
        blocks += [Paragraph(say("report-curves")), curves_figure(study)]
    blocks += describe_cost(study)
    if study.findings.claims:
        verdicts = count_verdicts(study)
        blocks += [Paragraph(say("report-claims", n=len(study.findings.claims), verdicts=verdicts))]
        blocks.append(claims_table(study))
    return blocks


def _design(report: ReportContext, study: PaperContext, step: ChainStep) -> str:
    """Which step it is, and what it varied."""
    cases = step.findings.cases if len(step.findings.cases) > 1 else ()
    paths = dict.fromkeys(path for case in cases for path in case.case.settings)
    names = list(dict.fromkeys(lower_first(name_axis(path, study.names.labels)) for path in paths))
    varied = listing([markup.literal(name) for name in names])
    return say(
        "report-step" if varied else "report-step-of-one",
        n=len(names),
        number=list(report.studies).index(step.study) + 1,
        steps=len(report.studies),
        study=markup.code(step.study, "study"),
        varied=varied,
        cases=say("count-configuration", n=len(step.findings.cases)),
        seeds=say("count-seed", n=len(step.findings.seeds)),
    )


def _choice(report: ReportContext, study: PaperContext, step: ChainStep) -> str:
    """What it hands on, with its accuracies, and whether that is what validation ranks first."""
    quoted = {
        "chosen": study.subject(step.chosen.case.name),
        "validation": report.quotes.estimate(METRICS[CHOSEN_BY], step.chosen),
        "test": report.quotes.estimate(METRICS["test_accuracy"], step.chosen),
    }
    if len(step.findings.cases) == 1:
        return say("report-choice-only", validation=quoted["validation"], test=quoted["test"])
    if step.by_validation:
        return say("report-choice", **quoted)
    first = study.subject(*(case.case.name for case in step.first))
    return say(
        "report-choice-other", first=first, best=report.quotes.estimate(METRICS[CHOSEN_BY], step.first[0]), **quoted
    )


def _named_after(study: str, label: str, block: Block, shown: set[str]) -> Block:
    """A block of a study as the report has it: it, and what it refers to, bear the name of the study, and the words
    below figures and above tables say whose they are."""

    right = articles(say("report-elsewhere-gender"))
    longest_first = "|".join(sorted(right, key=len, reverse=True))

    def renamed(found: re.Match[str]) -> str:
        if found[3] in shown:
            return f"{found[1] or ''}{{{{{found[3]}-{study}}}}}"
        article = right[found[2].lower()] if found[2] else next(iter(right.values()))
        begins = found[0][0].isupper() or found.string[: found.start()].rstrip()[-1:] in ("", ".")
        return f"{upper_first(article) if begins else article} {say('report-elsewhere')}"

    def rename(text: str) -> str:
        return re.sub(rf"(\b({longest_first})\s+)?{_BLOCK.pattern}", renamed, text, flags=re.IGNORECASE)

    def titled(words: str) -> str:
        return say("report-titled", study=label, words=lower_first(rename(words)))

    match block:
        case Paragraph():
            return replace(block, text=rename(block.text))
        case Bullets():
            return replace(block, items=tuple(map(rename, block.items)))
        case Figure() | Photos():
            return replace(block, id=f"{block.id}-{study}", caption=titled(block.caption))
        case Table():
            rows = tuple(tuple(replace(cell, text=rename(cell.text)) for cell in row) for row in block.rows)
            note = None if block.note is None else rename(block.note)
            return replace(block, id=f"{block.id}-{study}", title=titled(block.title), rows=rows, note=note)
        case _:
            return block


def _source_blocks(report: ReportContext) -> list[Block]:
    """The studies with their data and runs, what they were made with, what deviates, and how to make it all again."""
    blocks: list[Block] = [Paragraph(say("report-sources", n=len(report.studies))), sources_table(report)]
    made = distinct_environments(
        record.environment
        for study in report.material.studies
        for record in study.results.records.values()
        if record.status == "done"
    )
    if made:
        blocks += [Paragraph(say("report-environments", n=len(made))), environment_table(made[0])]
    for name, study in report.studies.items():
        if study.findings.changes or study.findings.deviations:
            blocks.append(Paragraph(say("report-deviations", study=markup.literal(report.label(name)))))
            blocks += deviation_blocks(study)
    return [*blocks, Paragraph(f"{say('report-papers')} {_repetition(report.material)}")]


def _repetition(material: ReportMaterial) -> str:
    """How the report is made again: what was changed from outside is part of the command."""
    arguments = material.study_arguments or (material.suite.name,)
    run = command_line("run", *arguments, *material.form_arguments)
    check, reproduce = command_line("check", "paper.pdf"), command_line("reproduce", "paper.pdf")
    return say("report-repetition", run=f"`{run}`", check=f"`{check}`", reproduce=f"`{reproduce}`")
