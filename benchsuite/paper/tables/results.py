"""The results table (one row a case, means with 95 % intervals, differences with Holm's p) and what training cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchsuite.analysis.findings import CaseFindings, Comparison
from benchsuite.metrics import COST_COLUMNS, RESULTS_COLUMNS, TRIAL_COLUMNS, of_splits
from benchsuite.paper.context.case_groups import rank_cases
from benchsuite.paper.context.machine_kinds import kind_titles
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet, Table
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.metrics import METRICS, spread_of
from benchsuite.paper.tables import cells


def results_table(study: PaperContext) -> Table:
    """Page wide. The best mean of the compared metric is bold when more than one case has a result.

    A study of one case has its measures below each other in a column.
    """
    cases, compared = study.findings.cases, bool(study.findings.comparisons)
    if len(cases) == 1:
        columns = (Column(say("column-measure")), Column(say("column-value"), "right"))
        quality = [metric for metric in METRICS.values() if metric.quality]
        measures = tuple((Cell(metric.heading), cells.estimate(metric, cases[0])) for metric in quality)
        return Table("tab-results", say("title-results-of-one"), columns, measures, _note(study, compared=False))
    heads = ["n", *(say(f"column-results-{name}") for name in RESULTS_COLUMNS)]
    if compared:
        unit = study.metric.difference_unit
        heads += [say("column-difference") + (f" ({unit})" if unit else ""), say("column-results-p")]
    best = _find_best(study)
    rows = tuple(
        (
            cells.case(case),
            Cell(f"{case.done}/{case.planned}" if case.done < case.planned else str(case.done), case.done),
            *(
                cells.estimate(METRICS[metric], case, strong=metric == "test_accuracy" and case.case.name == best)
                for metric in RESULTS_COLUMNS
            ),
            *(_compare(study, case) if compared else ()),
            cells.number(case.model.parameters_trainable if case.model else None),
        )
        for case in cases
    )
    titles = (cells.case_column(study), *cells.numeric_columns(*heads, say("column-results-trainable")))
    title, note = say("title-results-by-case"), _note(study, compared)
    return Table("tab-results", title, titles, rows, note, wide=True, facets=cells.case_facets(cases))


def losses_table(study: PaperContext) -> Table:
    """Accuracy and loss of each case in training and in validation, at the epoch that validation chose; page wide."""
    cases = study.done
    metrics = ("best_epoch", *TRIAL_COLUMNS)
    heads = (say("column-losses-epoch"), *(say(f"column-trial-{name}") for name in TRIAL_COLUMNS))
    rows = tuple((cells.case(case), *(cells.estimate(METRICS[metric], case) for metric in metrics)) for case in cases)
    spread = spread_of(case.estimates["best_epoch"] for case in cases if "best_epoch" in case.estimates)
    note = say(f"note-spread-{spread}") if spread else None
    columns = (cells.case_column(study), *cells.numeric_columns(*heads))
    return Table("tab-losses", say("title-losses"), columns, rows, note, wide=True, facets=cells.case_facets(cases))


def metrics_table(study: PaperContext) -> Table:
    """The metrics of plugins, in validation and in test: a row for each metric and case, grouped by metrics where the
    table does not break."""
    rows: list[tuple[Cell, ...]] = []
    facets = []
    long = len(study.findings.asked) * len(study.done) > cells.LONG_TABLE
    for asked in study.findings.asked:
        splits = [study.metrics[name] for name in of_splits(asked.id)]
        title, unit = typography.upper_first(splits[0].measure), splits[0].symbol
        for place, case in enumerate(study.done):
            heading = Cell(f"{title} ({unit})" if unit else title, again=place > 0 and not long)
            rows.append((heading, cells.case(case), *(cells.estimate(metric, case) for metric in splits)))
            facets.append(Facet(case.case.name))
    heads = cells.numeric_columns(say("column-split-validation"), say("column-split-test"))
    columns = (Column(say("column-measure")), cells.case_column(study), *heads)
    known = (
        case.estimates[metric.name]
        for metric in study.asked_on_test
        for case in study.done
        if metric.name in case.estimates
    )
    spread = spread_of(known)
    note = _brackets(study, spread) if spread else None
    return Table(
        "tab-metrics", say("title-metrics"), columns, tuple(rows), note, wide=True, facets=tuple(facets), long=long
    )


def _compare(study: PaperContext, case: CaseFindings) -> tuple[Cell, Cell]:
    """The difference of a case to its reference, and the p of the difference."""
    if case.case.name in study.findings.baselines:
        return Cell(say("cell-reference")), cells.EMPTY
    found = next((c for c in study.findings.comparisons if c.case == case.case.name), None)
    if found is None or found.difference is None:
        return cells.EMPTY, cells.EMPTY
    value, metric = found.difference, study.metric
    shown = f"{metric.signed(value.mean)} {metric.signed_interval(value)}".strip()
    bounds = metric.signed_bounds(value)
    interval = (metric.scale * bounds[0], metric.scale * bounds[1]) if bounds else None
    p = found.p_adjusted
    return (
        Cell(markup.literal(shown), metric.scale * value.mean, value.runs, interval=interval),
        Cell(say("cell-inconclusive")) if p is None else Cell(typography.p_value(p), p),
    )


def _find_best(study: PaperContext) -> str | None:
    """The case with the largest mean in test, where its difference to the reference is decided; the reference itself
    where those of all the others are."""
    findings = study.findings
    ranked = rank_cases(findings.cases, "test_accuracy")
    if len(ranked) < 2 or findings.metric != "test_accuracy":
        return None
    best = ranked[-1].case.name
    signs = {one.case: one.sign for one in findings.comparisons}
    led = [one.sign == "negative" for one in findings.comparisons if one.baseline == best]
    return best if signs.get(best) == "positive" or (led and all(led)) else None


def _note(study: PaperContext, compared: bool) -> str | None:
    estimates = [case.estimates["test_accuracy"] for case in study.done if "test_accuracy" in case.estimates]
    parts = [say("note-results-n")] if study.compares_cases else []
    if spread := spread_of(estimates):
        parts.append(_brackets(study, spread))
    elif estimates:
        parts.append(say("note-results-one-seed"))
    if compared:
        of = study.metric
        which = "note-results-difference" if of.name == "test_accuracy" else "note-results-difference-of"
        parts.append(say(which, metric=of.title))
        if any(c.p_adjusted is None for c in study.findings.comparisons):
            parts.append(say("note-results-inconclusive"))
    if _find_best(study):
        parts.append(say("note-results-bold"))
    return " ".join(parts) or None


def _brackets(study: PaperContext, spread: str) -> str:
    """What brackets hold, and what intervals of folds allow for."""
    corrected = study.findings.folds is not None and spread != "observed"
    return say(f"note-spread-{spread}") + (f" {say('note-folds')}" if corrected else "")


def images_table(study: PaperContext) -> Table:
    """Differences of test accuracy with both intervals: over seeds, and over seeds and images; with one seed, the
    images that only one of the two models has right."""
    compared = [c for c in study.findings.comparisons if c.difference is not None]
    single = all(c.single is not None for c in compared)
    if single:
        heads = [say("column-images-gained"), say("column-images-lost"), "p"]
        title, note = say("title-images-one-seed"), say("note-images-one-seed")
    else:
        heads = [say("column-images-seeds"), say("column-images-both")]
        title, note = say("title-images"), say("note-images")
    columns = (cells.case_column(study), *cells.numeric_columns(say("column-images-difference"), *heads))
    rows = tuple(_count_images(study, comparison, single=single) for comparison in compared)
    facets = tuple(Facet(c.case) for c in compared)
    wide = cells.labels_are_long(study.findings.cases)
    return Table("tab-images", title, columns, rows, note, wide=wide, facets=facets)


def _count_images(study: PaperContext, comparison: Comparison, *, single: bool) -> tuple[Cell, ...]:
    value, metric, images = comparison.difference, study.metric, comparison.single
    assert value is not None
    case = cells.case(study.findings.case(comparison.case))
    mean = Cell(metric.signed(value.mean), metric.scale * value.mean, value.runs)
    if single and images is not None:
        counts = (cells.number(count, runs=value.runs) for count in (images.gained, images.lost))
        return (case, mean, *counts, Cell(typography.p_value(images.p), images.p, value.runs))
    over_both = metric.signed_brackets(*comparison.crossed) if comparison.crossed is not None else "—"
    intervals = (metric.signed_interval(value) or "—", over_both)
    return (case, mean, *(Cell(markup.literal(interval), None, value.runs) for interval in intervals))


def cost_table(study: PaperContext) -> Table:
    """Epochs, time, memory and energy of each case, and what it was computed on; a row for each kind of machine."""
    findings = study.findings
    kinds = kind_titles(findings.kinds) if len(findings.kinds) > 1 else []
    shown = [
        (replace(case, estimates=case.costs[number]), title)
        for number, title in enumerate(kinds)
        for case in study.done
        if case.costs[number]
    ] or [(case, _join_devices(case.devices)) for case in study.done]
    columns = {
        metric: Column(title, "right", METRICS[metric].data_heading(title))
        for metric, title in ((metric, say(f"column-cost-{metric}")) for metric in COST_COLUMNS)
        if any(metric in case.estimates for case, _ in shown)
    }
    if "peak_device_memory_bytes" in columns:
        columns.pop("peak_memory_bytes", None)
    one = len(findings.seeds) < 2
    frozen = any(case.model is not None and case.model.frozen_stages for case in study.done)
    notes = [] if one else [say("note-cost-means")]
    notes.append(say("note-cost-time-frozen" if frozen else "note-cost-time"))
    if "data_time_share" in columns:
        notes.append(say("note-cost-data"))
    if "peak_device_memory_bytes" in columns:
        notes.append(say("note-cost-memory-of-gpu"))
    elif "peak_memory_bytes" in columns:
        gpu = any(environment.device == "cuda" for environment in findings.environments)
        notes.append(say("note-cost-memory-gpu" if gpu else "note-cost-memory"))
    if "energy_joules" in columns:
        notes.append(say("note-cost-energy"))
    devices = {device for case in study.done for device in case.devices}
    several = len(devices) > 1 or bool(kinds)
    if not several and devices:
        notes.append(say("note-cost-device", device=_join_devices(devices)))
    rows = tuple(
        (
            cells.case(case),
            *(cells.mean(METRICS[metric], case, [other for other, _ in shown]) for metric in columns),
            *([Cell(device)] if several else []),
        )
        for case, device in shown
    )
    heads = (cells.case_column(study), *columns.values(), *([Column(say("column-device"))] if several else []))
    return Table(
        "tab-cost",
        say("title-cost"),
        heads,
        rows,
        " ".join(notes),
        wide=several or cells.labels_are_long(findings.cases),
        facets=cells.case_facets(case for case, _ in shown),
    )


def _join_devices(names: Iterable[str]) -> str:
    return markup.literal("; ".join(markup.line(name, "device") for name in names))
