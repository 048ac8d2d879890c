"""The course of training, case by case: accuracy and its gap by epoch, and what each curve says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.case_groups import rank_cases
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Block, Bullets, Figure, Paragraph, figure
from benchsuite.paper.figures import curves
from benchsuite.paper.language.catalogue import in_words, say
from benchsuite.paper.language.metrics import METRICS
from benchsuite.paper.language.typography import upper_first

STEADY = 0.01
"""A curve that ends by less below its maximum holds it: what messages call one point."""
LATE = 0.9
"""The part of a training's epochs behind which a maximum comes at the end: messages name the rest."""
RISEN = 1.05
"""A validation loss that ends above this multiple of its minimum has risen again: what messages call 5 %."""


@dataclass(frozen=True)
class LossCourse:
    """How the loss went in a case: means over its runs, each with a minimum of its own."""

    case: CaseFindings
    least: float
    """The smallest validation loss."""
    at: float
    """The epoch that reached it first."""
    last: float
    """Validation loss of the last epoch."""
    trained: float
    """Training loss of the last epoch."""
    runs: tuple[str, ...]

    @classmethod
    def of(cls, case: CaseFindings) -> LossCourse | None:
        """None where no run has epochs."""
        if not case.curves:
            return None
        sides = (case.curves[f"{side}_loss"].each for side in ("validation", "train"))
        pairs = [(validated, trained) for validated, trained in zip(*sides, strict=True) if validated]
        if not pairs:
            return None
        return cls(
            case=case,
            least=fmean(min(validated) for validated, _ in pairs),
            at=fmean(1 + validated.index(min(validated)) for validated, _ in pairs),
            last=fmean(validated[-1] for validated, _ in pairs),
            trained=fmean(trained[-1] for _, trained in pairs),
            runs=case.curves["validation_loss"].runs,
        )


@dataclass(frozen=True)
class Course:
    """How accuracy went in a case: means over its runs, each with a maximum of its own."""

    peak: float
    """The largest validation accuracy."""
    at: float
    """The epoch that reached it first."""
    epochs: float
    last: float
    """Validation accuracy of the last epoch."""
    trained: float
    """Training accuracy of the last epoch."""
    runs: tuple[str, ...]

    @classmethod
    def of(cls, case: CaseFindings) -> Course | None:
        """None where no run has epochs."""
        pairs = [
            (validated, trained)
            for validated, trained in zip(
                case.curves["validation_accuracy"].each, case.curves["train_accuracy"].each, strict=True
            )
            if validated
        ] if case.curves else []  # fmt: skip
        if not pairs:
            return None
        return cls(
            peak=fmean(max(validated) for validated, _ in pairs),
            at=fmean(1 + validated.index(max(validated)) for validated, _ in pairs),
            epochs=fmean(len(validated) for validated, _ in pairs),
            last=fmean(validated[-1] for validated, _ in pairs),
            trained=fmean(trained[-1] for _, trained in pairs),
            runs=case.curves["validation_accuracy"].runs,
        )

    @property
    def shape(self) -> str:
        """What the curve does at the end: `rising`, `falling` or `steady`."""
        if self.at > LATE * self.epochs:
            return "rising"
        return "falling" if self.peak - self.last >= STEADY else "steady"


def reading_blocks(study: PaperContext) -> list[Block]:
    """Both accuracies of each case by epoch, and a sentence on each; the only case has its figure anyway."""
    if not study.asks_for("fig-curves"):
        return []
    courses = {case.case.name: course for case in study.done if (course := Course.of(case)) is not None}
    alike = {shape: names for shape, names in _by_shape(courses).items() if len(names) > 1}
    items = tuple(_readings(study, courses, told=tuple(alike)))
    terms = say("readings-terms")
    if len(study.done) == 1:
        return [Paragraph(" ".join([say("readings-of-one"), terms, *items]))]
    shared = (say(f"readings-{shape}", which=_which(study, names, courses)) for shape, names in alike.items())
    return [Paragraph(" ".join([say("readings"), terms, *shared])), Bullets(items), curves_figure(study)]


def _by_shape(courses: Mapping[str, Course]) -> dict[str, list[str]]:
    """The cases whose curves end alike, where that takes no number to tell."""
    shapes = ("rising", "steady")
    return {shape: [name for name, course in courses.items() if course.shape == shape] for shape in shapes}


def _which(study: PaperContext, names: Sequence[str], courses: Mapping[str, Course]) -> str:
    """«En todas las configuraciones salvo «estándar»», or with which."""
    others = [study.findings.case(name) for name in courses if name not in names]
    if not others:
        return say("readings-of-all")
    if len(others) == 1 and len(names) > 2:
        return say("readings-of-all-but", case=study.names.again(*others))
    return say("readings-of-some", cases=study.names.trait(*map(study.findings.case, names)))


def curves_figure(study: PaperContext) -> Figure:
    """Both accuracies by epoch, a panel for each case."""
    draw = partial(curves.draw_panels, cases=study.done, factor=study.names.legend_title, seeds=seeds_of_runs(study))
    caption = say("caption-curves", bands=bands(study)) + strokes(study)
    return figure("fig-curves", caption, draw, wide=True)


def _readings(study: PaperContext, courses: Mapping[str, Course], told: Sequence[str]) -> Iterator[str]:
    """A sentence on each curve; what its end does, unless that of its shape is `told` already."""
    for name, course in courses.items():
        case = study.findings.case(name)

        def quote(metric: str, value: float, runs: tuple[str, ...] = course.runs) -> str:
            return study.quotes.number(value, METRICS[metric].format(value), runs)

        reading = say(
            "reading",
            peak=quote("validation_accuracy", course.peak),
            epoch=quote("best_epoch", course.at),
            epochs=quote("epochs_run", course.epochs),
            last=quote("validation_accuracy", course.last),
            trained=quote("train_accuracy", course.trained),
            gap=quote("overfitting_gap", course.trained - course.last),
        )
        lost = quote("overfitting_gap", course.peak - course.last) if course.shape == "falling" else ""
        shape = "" if course.shape in told else f" {say(f'reading-{course.shape}', lost=lost)}"
        whose = f"{upper_first(study.names.mention(case))}: " if study.compares_cases else ""
        yield f"{whose}{reading if whose else upper_first(reading)}{shape}"


def describe_loss_course(study: PaperContext) -> str:
    """Where the validation loss is least, whether it rises again, and how far from the training loss it ends; nothing
    where no run has epochs."""
    courses = [course for case in study.done if (course := LossCourse.of(case)) is not None]
    if not courses:
        return ""

    def quote(metric: str, value: float, course: LossCourse) -> str:
        return study.quotes.number(value, METRICS[metric].format(value), course.runs)

    def printed(course: LossCourse) -> str:
        return METRICS["best_epoch"].format(course.at)

    def losses(course: LossCourse) -> dict[str, str]:
        named = {"least": course.least, "last": course.last, "trained": course.trained}
        return {name: quote("validation_loss", value, course) for name, value in named.items()}

    risen = [course for course in courses if course.last > RISEN * course.least]
    most = max(courses, key=lambda course: course.last / course.least if course.least else 1.0)
    if len(courses) == 1:
        only = courses[0]
        return say(
            "loss-course-of-one-risen" if risen else "loss-course-of-one",
            at=quote("best_epoch", only.at, only),
            **losses(only),
        )
    first, latest = ([course for course in courses if printed(course) == printed(end)] for end in _ends(courses))
    runs = tuple(dict.fromkeys(run for course in courses for run in course.runs))
    which = "all" if len(risen) == len(courses) else "some" if risen else "none"
    counted = say(f"gap-grows-in-{which}", grown=in_words(len(risen), "feminine"), cases=len(courses))
    ends = (first[0], latest[0])
    shown = METRICS["best_epoch"].together(*(course.at for course in ends))
    epochs = [study.quotes.number(end.at, text, end.runs) for end, text in zip(ends, shown, strict=True)]
    text = say(
        "loss-course-at-once" if first == latest else "loss-course",
        first=epochs[0],
        earliest=study.names.mention(*(course.case for course in first)),
        latest=epochs[1],
        slowest=study.names.mention(*(course.case for course in latest)),
        risen=study.quotes.number(len(risen), counted, runs),
    )
    if risen:
        text += " " + say("loss-course-most", case=study.names.trait(most.case), **losses(most))
    return text


def _ends(courses: Sequence[LossCourse]) -> tuple[LossCourse, LossCourse]:
    """Where the loss is least first, and where last."""
    return min(courses, key=lambda course: course.at), max(courses, key=lambda course: course.at)


def gap_blocks(study: PaperContext) -> list[Block]:
    """The gap by epoch, where it ends, and in how many cases it grows."""
    if not study.asks_for("fig-gap-epochs"):
        return []
    metric = METRICS["overfitting_gap"]
    known = [(case, case.curves["overfitting_gap"]) for case in study.done if case.curves]
    ends = [
        (case, fmean(each[0] for each in curve.each), fmean(each[-1] for each in curve.each), curve.runs)
        for case, curve in known
        if all(curve.each)
    ]
    if not ends:
        return []

    def quote(value: float, runs: tuple[str, ...]) -> str:
        return study.quotes.number(value, metric.format(value), runs)

    least, most = (end(ends, key=lambda one: one[2]) for end in (min, max))
    if len(ends) == 1:
        text = say("gap-epochs-of-one", first=quote(least[1], least[3]), last=quote(least[2], least[3]))
    else:
        grown = sum(last - first >= STEADY for _, first, last, _ in ends)
        runs = tuple(dict.fromkeys(run for *_, found in ends for run in found))
        which = "all" if grown == len(ends) else "some" if grown else "none"
        counted = say(f"gap-grows-in-{which}", grown=in_words(grown, "feminine"), cases=len(ends))
        text = say(
            "gap-epochs",
            lowest=quote(least[2], least[3]),
            least=study.names.mention(least[0]),
            highest=quote(most[2], most[3]),
            most=study.names.mention(most[0]),
            grown=study.quotes.number(grown, counted, runs),
        )
    shown = banded(study)
    draw = partial(
        curves.draw_gap,
        cases=study.done,
        factor=study.names.legend_title,
        seeds=seeds_of_runs(study),
        banded=shown,
    )
    caption = say("caption-gap-epochs", bands=bands(study, shown)) + strokes(study)
    return [Paragraph(text), Figure("fig-gap-epochs", caption, draw)]


def seeds_of_runs(study: PaperContext) -> dict[str, int]:
    """The seed of every finished run, by its key."""
    return {key: seed for key, _, seed, _ in study.findings.runs}


def banded(study: PaperContext) -> tuple[str, ...] | None:
    """The cases whose bands are drawn where all share one panel: of many the reference and the best one, since bands of
    all would hide each other."""
    best = rank_cases(study.done, "test_accuracy")[-1:]
    if len(study.done) <= curves.FEW or not best:
        return None
    reference = [case for case in study.done if study.findings.baselines == (case.case.name,)]
    return tuple(dict.fromkeys(case.case.name for case in (*reference, *best)))


def bands(study: PaperContext, drawn: Sequence[str] | None = None) -> str:
    """What bands around curves are, for a caption; nothing where there are none. `drawn` are the cases that have one,
    where not all do."""
    if not study.has_repeats:
        return ""
    of = "" if drawn is None else say("of-cases-only", cases=study.mention(*drawn))
    return say("caption-lines-and-band" if curves.have_lines(study.done) else "caption-band", of=of)


def strokes(study: PaperContext) -> str:
    """What strokes across curves are; likewise."""
    return f" {say('caption-strokes')}" if study.has_phases else ""
