"""The search's subsection: what was searched and how, its trials, the best of them, and which axes matter."""

from __future__ import annotations

from functools import partial

from benchsuite.analysis.findings import AxisImportance, SearchFindings, TrialFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import describe_value, name_axis
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Figure, Paragraph
from benchsuite.paper.figures.search import MOST_LINES, count_drawn, draw_importances, draw_trials
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.references.methods import EPSILON_SQUARED, IMPORTANCE
from benchsuite.paper.tables.search import trials_table

MOST_VALUES = 30


def search_blocks(study: PaperContext, found: SearchFindings) -> list[Block]:
    """The blocks of the subsection."""
    labels = study.names.labels
    blocks: list[Block] = [Paragraph(_design(study, found)), Bullets(_axes(study, found))]
    if found.best is None:
        return [*blocks, Paragraph(say("search-none-done"))]
    reached = sum(found.declared.metric in trial.values for trial in found.trials)
    some = f", {count_drawn(reached)}" if reached > MOST_LINES else ""
    early = say("caption-search-early") if found.declared.halving else ""
    return [
        *blocks,
        *outcome_blocks(study, found, found.best),
        Figure(
            "fig-search",
            say("caption-search", some=some, early=early),
            partial(draw_trials, found=found, labels=labels, asked=study.findings.asked),
            wide=True,
        ),
        Paragraph(_importance(study, found)),
        Figure("fig-importance", say("caption-importance"), partial(draw_importances, found=found, labels=labels)),
    ]


def outcome_blocks(study: PaperContext, found: SearchFindings, best: TrialFindings) -> list[Block]:
    """How far the search is, its best trial, and the table of all of them."""
    return [Paragraph(_outcome(study, found, best)), trials_table(found, study.names.labels, study.metrics)]


def _name(study: PaperContext, path: str) -> str:
    return markup.literal(name_axis(path, study.names.labels))


def _lower(study: PaperContext, path: str) -> str:
    return typography.lower_first(name_axis(path, study.names.labels))


def _design(study: PaperContext, found: SearchFindings) -> str:
    search = found.declared
    parts = [
        say(
            "search-beside" if study.compares_cases else "search-beside-one",
            space=say("search-space", n=found.points),
            sampler=say(f"sampler-{search.sampler}"),
            trials=say("count-trial", n=search.budget),
            seed=str(search.seed),
        )
    ]
    if search.sampler == "tpe" and search.lag is not None:
        parts.append(say("search-one-by-one", lag=search.lag))
    elif search.sampler == "tpe" and search.batch > 1:
        parts.append(say("search-batches", batch=str(search.batch)))
    if search.halving is not None:
        rungs = listing(list(map(typography.number, search.halving.rungs)))
        share = typography.percent(search.halving.keep, 0)
        parts.append(say("search-halving", path=_name(study, search.halving.path), rungs=rungs, share=share))
    metric = study.metrics[search.metric]
    parts.append(say("search-most" if metric.higher_is_better else "search-least", metric=metric.title))
    return " ".join(parts)


def _axes(study: PaperContext, found: SearchFindings) -> tuple[str, ...]:
    items = []
    for path, values in found.declared.space.items():
        listed = "; ".join(markup.literal(describe_value(value)) for value in values[:MOST_VALUES])
        items.append(f"**{_name(study, path)}**: {listed}{'; …' if len(values) > MOST_VALUES else ''}.")
    return tuple(items)


def _outcome(study: PaperContext, found: SearchFindings, best: TrialFindings) -> str:
    metric = found.declared.metric
    return say(
        "search-outcome",
        progress=_progress(found),
        best=str(best.number),
        metric=study.metrics[metric].title,
        value=_result(study, best, metric),
        settings=_settings(study, best),
    )


def _progress(found: SearchFindings) -> str:
    """How far the search is."""
    left = found.planned - found.done - found.failed
    text = say("search-done", n=found.done, runs=say("count-run", n=found.done))
    if found.failed:
        text += say("search-failed", n=found.failed)
    if left:
        text += say("search-left", n=left)
    return f"{typography.upper_first(text)}."


def quote_best_trial(study: PaperContext, metric: str) -> str:
    """The best trial for the prose: its values, or with a metric what it reached."""
    best = study.findings.search.best if study.findings.search else None
    if best is None or (metric and metric not in best.values):
        return say("pending")
    if metric:
        return _result(study, best, metric)
    return study.quotes.put(markup.plain(_settings(study, best)), None, (best.run or "",))


def _result(study: PaperContext, trial: TrialFindings, metric: str) -> str:
    value = trial.values[metric]
    return study.quotes.put(study.metrics[metric].format(value), value, (trial.run,) if trial.run else ())


def _settings(study: PaperContext, trial: TrialFindings) -> str:
    """The values of a trial in running text: «tasa de aprendizaje 0,01; momento 0,9»."""
    return "; ".join(
        markup.literal(typography.tie_numbers(f"{_lower(study, path)} {describe_value(value)}"))
        for path, value in trial.settings.items()
    )


def _importance(study: PaperContext, found: SearchFindings) -> str:
    known = [(axis, axis.share > axis.chance) for axis in found.importances
             if axis.share is not None and axis.chance is not None]  # fmt: skip
    clear, unclear = ([axis for axis, exceeds in known if exceeds is wanted] for wanted in (True, False))
    unknown = [axis for axis in found.importances if axis.share is None]
    cited = {"anova": study.works.cite(IMPORTANCE), "measure": study.works.cite(EPSILON_SQUARED)}
    parts = [say("importance", **cited)]
    if clear:
        parts.append(say("importance-clear", n=len(clear), axes=_list_axes(study, clear)))
    if unclear:
        parts.append(say("importance-unclear", n=len(unclear), axes=_list_axes(study, unclear)))
    if unknown:
        parts.append(say("importance-unknown", axes=_list_axes(study, unknown)))
    where = say("importance-of-tpe") if found.declared.sampler == "tpe" else ""
    rung = say("importance-of-first-rung") if found.declared.halving is not None else ""
    return " ".join([*parts, say("importance-limits", where=where, rung=rung)])


def _list_axes(study: PaperContext, axes: list[AxisImportance]) -> str:
    words = []
    for axis in axes:
        name, share = say("case-quoted", case=_name(study, axis.path)), axis.share
        if share is not None:
            name += f" ({study.quotes.number(share, typography.percent(share), axis.runs)})"
        words.append(name)
    return listing(words)
