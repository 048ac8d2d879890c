"""The results section: the tables and the figures, and sentences that the numbers choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from benchsuite.contracts.figure import Chart
from benchsuite.errors import cut
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Drawing, Figure, Paragraph, figure
from benchsuite.paper.figures import curves, intervals
from benchsuite.paper.figures.chart import draw_chart
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import in_words, say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.language.typography import upper_first
from benchsuite.paper.sections.classes import class_blocks
from benchsuite.paper.sections.dataset import resolution
from benchsuite.paper.sections.efficiency import efficiency_blocks
from benchsuite.paper.sections.metric_range import End, describe_order, describe_range, find_ends
from benchsuite.paper.sections.readings import (
    banded,
    bands,
    describe_loss_course,
    gap_blocks,
    reading_blocks,
    seeds_of_runs,
    strokes,
)
from benchsuite.paper.sections.verdicts import describe_verdicts, image_blocks
from benchsuite.paper.tables.results import losses_table, metrics_table, results_table

MOST_FAILURES = 12


def results_blocks(study: PaperContext) -> list[Block]:
    """Performance, generalization, efficiency and test, each followed by the figures of plugins that belong there."""
    findings = study.findings
    if not study.done:
        text = say("results-none-of-cases" if findings.search else "results-none", n=findings.planned)
        return [Paragraph(text), *_failures(study)]
    parts = {
        "performance": _performance(study),
        "generalization": _generalization(study),
        "efficiency": efficiency_blocks(study),
        "test": _test(study),
    }
    return [block for name, blocks in parts.items() for block in (*blocks, *_plugin_figures(study, name))]


def _plugin_figures(study: PaperContext, place: str) -> list[Block]:
    """The figures of plugins that the suite wants after this part."""
    blocks: list[Block] = []
    for made in study.material.charts:
        if made.place == place:
            chart = made.chart
            shows = markup.literal(markup.line(chart.shows, made.block).rstrip(" ."))
            draw = partial(draw_chart, chart=_clean(chart, made.block))
            cited = study.works.cite(made.bibtex)
            blocks += [
                Paragraph(say("plugin-figure", figure=f"{{{{{made.block}}}}}", shows=shows, cited=cited)),
                figure(made.block, f"{upper_first(shows)}.", draw, wide=chart.wide),
            ]
    return blocks


def _clean(chart: Chart, where: str) -> Chart:
    """The chart with its words made safe to set."""
    words: dict[str, Any] = {name: markup.line(getattr(chart, name), where) for name in ("alt", "x", "y")}
    series = tuple(replace(one, title=markup.line(one.title, where)) for one in chart.series)
    categories = tuple(markup.line(name, where) for name in chart.categories)
    return replace(chart, **words, series=series, categories=categories)


def _figure(
    study: PaperContext, name: str, draw: Callable[..., Drawing], caption: str, *, wide: bool = False
) -> Figure:
    """A figure of all finished cases."""
    return figure(name, caption, partial(draw, cases=study.done, factor=study.names.legend_title), wide=wide)


def _bars(study: PaperContext) -> str:
    """What bars are, for a caption; nothing where there are none."""
    return say(f"caption-bars-{study.spread}") if study.spread else ""


def describe_performance(study: PaperContext) -> str:
    """What the table of results shows: between which cases the test accuracy lies, and what the comparisons tell."""
    text = say("performance-all" if study.compares_cases else "performance")
    text += f" {upper_first(describe_range(study, study.headline))}."
    return f"{text} {describe_verdicts(study)}" if study.findings.comparisons else text


def _performance(study: PaperContext) -> list[Block]:
    told = Paragraph(describe_performance(study), lead=say("lead-performance"))
    blocks: list[Block] = [told, results_table(study), *image_blocks(study)]
    blocks += losses_blocks(study)
    if study.compares_cases:
        trained, validated = (describe_range(study, f"{side}_accuracy") for side in ("train", "validation"))
        caption = say("caption-accuracies", bars=_bars(study))
        blocks += [
            Paragraph(say("accuracies", trained=trained, validated=upper_first(validated))),
            _figure(study, "fig-accuracies", intervals.draw_accuracies, caption),
        ]
    return [*blocks, *loss_blocks(study), *reading_blocks(study), *_failures(study)]


def losses_blocks(study: PaperContext) -> list[Block]:
    """Accuracy and loss of each case at its best epoch, where the suite asks for their table."""
    if not (study.asks_for("tab-losses") and study.compares_cases):
        return []
    return [Paragraph(say("losses", range=describe_range(study, "train_loss"))), losses_table(study)]


def loss_blocks(study: PaperContext) -> list[Block]:
    """The loss by epoch, and its course in words."""
    above = f" {say('caption-loss-cut')}" if curves.is_cut(study.done) else ""
    caption = say("caption-loss", bands=bands(study, banded(study))) + strokes(study) + above
    draw = partial(curves.draw_loss, seeds=seeds_of_runs(study), banded=banded(study))
    return [Paragraph(_loss(study)), _figure(study, "fig-loss", draw, caption, wide=len(study.done) > 1)]


def _loss(study: PaperContext) -> str:
    if len(study.done) == 1:
        text = say("loss-of-one", loss=find_ends(study, "validation_loss")[0].quote())
    else:
        text = say("loss", range=describe_range(study, "validation_loss"))
    return f"{text} {describe_loss_course(study)}".rstrip()


def _generalization(study: PaperContext) -> list[Block]:
    blocks: list[Block] = [Paragraph(_gap(study), lead=say("lead-generalization"))]
    if study.compares_cases:
        blocks.append(_figure(study, "fig-gap", intervals.draw_gap, say("caption-gap", bars=_bars(study))))
    blocks += gap_blocks(study)
    which = "caption-convergence-of-one" if len(study.done) == 1 else "caption-convergence"
    caption = say(which, bands=bands(study, banded(study))) + strokes(study)
    draw = partial(curves.draw_convergence, seeds=seeds_of_runs(study), banded=banded(study))
    return [*blocks, Paragraph(_convergence(study)), _figure(study, "fig-convergence", draw, caption)]


def _gap(study: PaperContext) -> str:
    low, high = find_ends(study, "overfitting_gap")
    if not study.compares_cases:
        return f"{say('gap-of-one', gap=high.quote())} {say('gap-moving')}"
    text = f"{say('gap')} {say('gap-moving')} "
    if low != high:
        return text + say("gap-ends", overlap=describe_order(low, high), **_ends(low, high))
    if len(study.done) == 1:
        return text + say("gap-of-one-done", gap=high.quote())
    return text + say("gap-equal", gap=high.quote_mean())


def _ends(low: End, high: End) -> dict[str, str]:
    """Both ends of a range, for a message."""
    return {"most": high.subject(), "highest": high.quote(), "least": low.subject(), "lowest": low.quote()}


def _convergence(study: PaperContext) -> str:
    low, high = find_ends(study, "epochs_to_95")
    if not study.compares_cases:
        total = find_ends(study, "epochs_run")[0].quote()
        return say("convergence-of-one", epochs=_epochs(high, high.quote()), total=total)
    if low != high:
        fastest = say("convergence-fastest", n=len(low.cases), cases=low.subject(), epochs=_epochs(low, low.quote()))
        slowest = say(
            "convergence-slowest", n=len(high.cases), cases=high.subject(), epochs=_epochs(high, high.quote())
        )
        text = say("convergence-ends", fastest=fastest, slowest=slowest, overlap=describe_order(low, high))
    elif len(study.done) == 1:
        text = say("convergence-of-one-done", epochs=_epochs(high, high.quote()))
    else:
        text = say("convergence-equal", epochs=_epochs(high, _epochs_in_words(study, high) or high.quote_mean()))
    return say("convergence", told=text, duration=describe_range(study, "epochs_run"))


def _epochs(end: End, quoted: str) -> str:
    """«1 época», «2,5 [1,9; 3,1] épocas»: until 95 % of the best accuracy."""
    mean = end.cases[0].estimates[end.metric.name].mean
    return say("epochs", n=1 if mean == 1 else 2, epochs=quoted)


def _epochs_in_words(study: PaperContext, end: End) -> str | None:
    """«tres», where the mean is so whole and so small."""
    estimate = end.cases[0].estimates[end.metric.name]
    words = in_words(int(estimate.mean), "feminine") if estimate.mean == int(estimate.mean) else ""
    return study.quotes.number(estimate.mean, words, estimate.runs) if words.isalpha() else None


def _test(study: PaperContext) -> list[Block]:
    blocks: list[Block] = [Paragraph(_test_accuracy(study), lead=say("lead-test"))]
    if study.compares_cases:
        blocks.append(test_figure(study))
    return [*blocks, *_metrics(study), *class_blocks(study)]


def _metrics(study: PaperContext) -> list[Block]:
    """The metrics that the suite asks for beside those of every paper: what they are, how they range, and the table."""
    asked = [metric for metric in study.asked_on_test if any(metric.name in case.estimates for case in study.done)]
    if not study.asked_on_test:
        return []
    defined = zip(study.asked_on_test, study.findings.asked, strict=True)
    names = [metric.measure + study.works.cite(one.bibtex) for metric, one in defined]
    ranges = [f"{upper_first(describe_range(study, metric.name))}." for metric in asked]
    text = " ".join([say("metrics", n=len(names), metrics=listing(names)), *ranges])
    return [Paragraph(text), metrics_table(study)]


def test_figure(study: PaperContext) -> Figure:
    """The test accuracy of each case, with its runs."""
    marks = say("caption-test-marks") if study.has_repeats else ""
    caption = say("caption-test", bars=_bars(study), marks=marks)
    return _figure(study, "fig-test", partial(intervals.draw_test_accuracy, seeds=seeds_of_runs(study)), caption)


def _test_accuracy(study: PaperContext) -> str:
    low, high = find_ends(study, "test_accuracy")
    if low != high:
        text = say("test-ends", n=len(high.cases), overlap=describe_order(low, high), **_ends(low, high))
    elif len(study.done) > 1:
        text = say("test-equal", accuracy=high.quote_mean())
    elif study.compares_cases:
        text = say("test-of-one-done", accuracy=high.quote())
    else:
        text = say("test-of-one", accuracy=high.quote())
    if step := resolution(study.findings.dataset):
        text += " " + say("test-resolution", step=step)
    first = study.done[0]
    if first.accuracy_wilson is not None and not study.has_repeats:
        bounds = [typography.number(100 * value, 1) for value in first.accuracy_wilson]
        whose = say("test-wilson-of", case=study.names.mention(first)) if study.compares_cases else ""
        interval = typography.with_unit(markup.literal(say("interval", low=bounds[0], high=bounds[1])), "%")
        text += " " + say("test-wilson", whose=whose, interval=interval)
    return text


def _failures(study: PaperContext) -> list[Block]:
    """Failed runs, each with its reason as the program gave it (in English)."""
    failed = [(case, *failure) for case in study.findings.cases for failure in case.failures]
    if not failed:
        return []
    items = [
        say("failure", case=study.names.mention(case), seed=seed, reason=f"*{markup.literal(cut(reason, 300))}*")
        for case, seed, failure in failed[:MOST_FAILURES]
        for reason in [markup.line(failure.what, "failure")]
    ]
    if len(failed) > MOST_FAILURES:
        items.append(say("and-more", count=len(failed) - MOST_FAILURES))
    return [Paragraph(upper_first(say("failures", n=len(failed)))), Bullets(tuple(items))]
