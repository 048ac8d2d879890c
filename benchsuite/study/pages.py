"""Studies as a notebook shows them: small tables without colours of their own, for light and dark alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from benchsuite.analysis.intervals import FEWEST_SEEDS, mean_estimate
from benchsuite.metrics import METRICS
from benchsuite.study.outcomes import Claim, Run, Step, standing
from benchsuite.suite.schema.folds import overlap_of

COLUMNS = {"validation_accuracy": "validation (%)", "test_accuracy": "test (%)"}
BEGUN = {"kept": "in all cases", "partly": "in some cases", "lost": "in none"}
SAMPLE = "<p><strong>Synthetic sample:</strong> a smoke run; these numbers mean nothing.</p>"
MOST_ROWS = 40
MOST_FAILURES = 5


def study_page(name: str, sample: bool, runs: Sequence[Run], claims: Sequence[Claim]) -> str:
    """A study: what is done, its cases with their means, its claims, and what failed."""
    return "".join(_study(name, sample, runs, claims))


def studies_page(
    studies: Iterable[tuple[str, Sequence[Run]]], reports: Iterable[tuple[str, Sequence[Step]]] = ()
) -> str:
    """A line for each study, given its name and its runs, and one for each report, given its name and its steps."""
    gathered = [(name, f"a report on {', '.join(step.study for step in steps)}") for name, steps in reports]
    return _table(("study", "runs"), [*((name, standing(runs)) for name, runs in studies), *gathered])


def report_page(name: str, sample: bool, steps: Sequence[Step]) -> str:
    """A report: what each study hands on, with its mean accuracies, whether the next begins from it, and its claims."""
    rows = [
        (
            step.study,
            step.chosen,
            _percent(step.validation_accuracy),
            _percent(step.test_accuracy),
            BEGUN[step.begun] if step.begun else "",
            ", ".join(f"{count} {verdict}" for verdict, count in Counter(one.verdict for one in step.claims).items()),
        )
        for step in steps
    ]
    heads = ("study", "hands on", *COLUMNS.values(), "the next begins from it", "claims")
    return f"<p><strong>{escape(name)}</strong>: a report</p>{SAMPLE if sample else ''}{_table(heads, rows)}"


def _percent(mean: float | None) -> str:
    return "" if mean is None else f"{100 * mean:.1f}"


def _study(name: str, sample: bool, runs: Sequence[Run], claims: Sequence[Claim]) -> Iterator[str]:
    yield f"<p><strong>{escape(name)}</strong>: {standing(runs)}</p>"
    if sample:
        yield SAMPLE
    cases: dict[str, list[Run]] = {}
    for run in runs:
        cases.setdefault(run.case, []).append(run)
    rows = [(case, *_case(own)) for case, own in cases.items()]
    more = [(f"… {len(rows) - MOST_ROWS:,} more", *[""] * (1 + len(COLUMNS)))] if rows[MOST_ROWS:] else []
    yield _table(("case", "runs", *COLUMNS.values()), [*rows[:MOST_ROWS], *more])
    if claims:
        yield _table(("claim", "verdict"), [(claim.text, claim.verdict) for claim in claims])
    for run in [run for run in runs if run.status == "failed"][:MOST_FAILURES]:
        yield f"<p>{escape(f'{run.case}, seed {run.seed} failed: {run.failure}')}</p>"


def _case(runs: Sequence[Run]) -> Iterator[str]:
    """How many of the runs are done, and the mean of each column with its 95 % interval; with few seeds, as in papers,
    with the smallest and largest value."""
    done = [run for run in runs if run.status == "done"]
    yield str(len(done))
    for metric in COLUMNS:
        values = [run.metrics[metric] for run in done if metric in run.metrics]
        if not values:
            yield ""
            continue
        overlap = max((overlap_of(run.folds) for run in done if run.folds is not None), default=0.0)
        found, of = mean_estimate(values, [run.key for run in done], overlap=overlap), METRICS[metric]
        shown = f"{100 * found.mean:.1f}"
        if found.n >= FEWEST_SEEDS and found.low is not None and found.high is not None:
            shown += f" [{100 * max(found.low, of.least):.1f}, {100 * min(found.high, of.most):.1f}]"
        elif found.n > 1:
            shown += f" ({100 * min(values):.1f} to {100 * max(values):.1f})"
        yield shown


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col" style="text-align:left">{escape(one)}</th>' for one in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
