"""Tables of facts: images by class and split, the environment, and the runs with their keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchsuite.analysis.findings import CaseFindings, FoldFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Cell, Column, Facet, Table
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.tables import cells
from benchsuite.store.record import DatasetFacts, Environment

SPLITS = ("pool", "train", "validation", "test")
"""`pool` stands for training and validation where folds divide them."""

ABREAST = 5
"""Most columns of runs that a page has room for."""
KEYS_ABREAST = 8
"""Most of them where only the keys are told."""
FEW = 5
"""Most classes of one size with a row of their own."""
LISTED = 12
"""Most classes with a row of their own."""
PACKAGES = ("torch", "torchvision", "numpy", "pillow", "benchsuite")


def counts_table(facts: DatasetFacts, titles: Mapping[str, str]) -> Table:
    """Images of each class in each split, with totals; of many classes or equal ones, how many a class has. `titles`
    are in the mini grammar."""
    splits = [split for split in SPLITS if split in facts.counts]
    equal = len(facts.classes) > FEW and all(len(set(facts.counts[split])) == 1 for split in splits)
    if equal or len(facts.classes) > LISTED:
        return _splits_table(facts, splits)
    names = [Cell(titles.get(name) or markup.literal(name)) for name in facts.classes]
    counts = [*zip(*(facts.counts[split] for split in splits), strict=True), [sum(facts.counts[s]) for s in splits]]
    rows = tuple(
        (name, *map(cells.number, [*values, sum(values)]))
        for name, values in zip([*names, Cell(say("total"))], counts, strict=True)
    )
    heads = [*(say(f"column-split-short-{split}") for split in splits), say("total")]
    columns = (Column(say("column-class")), *cells.numeric_columns(*heads))
    return Table("tab-dataset", say("title-counts"), columns, rows)


def _splits_table(facts: DatasetFacts, splits: list[str]) -> Table:
    whole = tuple(map(sum, zip(*(facts.counts[split] for split in splits), strict=True)))
    sides = [*((say(f"column-split-{split}"), facts.counts[split]) for split in splits), (say("total"), whole)]
    equal = all(min(counts) == max(counts) for _, counts in sides)
    heads = ("column-per-class",) if equal else ("column-least", "column-mean", "column-most")
    note = None if equal else say("note-splits")
    rows = []
    for title, counts in sides:
        spread = [] if equal else [Cell(typography.number(sum(counts) / len(counts), 1)), cells.number(max(counts))]
        rows.append((Cell(title), cells.number(sum(counts)), cells.number(min(counts)), *spread))
    columns = (Column(say("column-split")), *cells.numeric_columns(say("column-images"), *map(say, heads)))
    return Table("tab-dataset", say("title-splits"), columns, tuple(rows), note)


def folds_table(folds: FoldFindings) -> Table:
    """Images of each fold for training and validation, and the fewest and most of a class: over all rounds."""
    rows = []
    for number in sorted({size.fold.number for size in folds.sizes}):
        own = [size for size in folds.sizes if size.fold.number == number]
        runs = tuple(size.run for size in own)
        sides = ([sum(size.train) for size in own], [sum(size.validation) for size in own])
        classes = [images for size in own for images in size.validation]
        rows.append((Cell(str(number + 1)), *(_span(values, runs) for values in (*sides, classes))))
    heads = [*(say(f"column-split-{split}") for split in ("train", "validation")), say("column-fold-classes")]
    columns = (Column(say("column-fold")), *cells.numeric_columns(*heads))
    return Table("tab-folds", say("title-folds"), columns, tuple(rows), long=cells.is_long(rows))


def _span(values: Sequence[int], runs: tuple[str, ...]) -> Cell:
    least, most = min(values), max(values)
    if least == most:
        return cells.number(least, runs=runs)
    return Cell(say("span", least=typography.number(least), most=typography.number(most)), None, runs)


def environment_table(environment: Environment) -> Table:
    """Device, versions and arithmetic of the runs."""
    packages = {name.lower(): version for name, version in environment.packages.items()}
    facts: dict[str, str | None] = {
        say("environment-device"): f"{environment.device_name} ({environment.device})",
        say("environment-driver"): environment.driver,
        say("environment-cuda"): environment.cuda,
        say("environment-cudnn"): environment.cudnn,
        say("environment-threads"): str(environment.threads),
        say("environment-precision"): environment.precision,
        say("environment-system"): environment.platform,
        say("environment-python"): environment.python,
        **{name: packages.get(name) for name in PACKAGES},
    }
    if environment.git:
        commit = str(environment.git.get("commit", "—"))[:12]
        dirty = say("environment-git-dirty", commit=commit)
        facts[say("environment-git")] = dirty if environment.git.get("dirty") else commit
    rows = tuple((Cell(name), cells.text(value, name)) for name, value in facts.items() if value)
    return Table(
        "tab-environment",
        say("title-environment"),
        (Column(say("column-item")), Column(say("column-value"))),
        rows,
        row_headers=False,
    )


def runs_table(study: PaperContext) -> Table:
    """The key and the weights hash of every finished run as a grid of cases and seeds; the keys alone where both would
    be too wide; how many runs a case has, and one hash of them all, where no grid fits."""
    findings = study.findings
    cases = findings.cases
    runs = {(case, seed): Cell(f"`{key[:8]}`/`{weights[:8]}`", None, (key,), of=key)
             for key, case, seed, weights in findings.runs}  # fmt: skip
    seeds = sorted({seed for _, seed in runs})
    title, wide, note = say("title-runs"), False, say("note-runs")
    if len(cases) <= ABREAST:
        heads = [Column(case.label, "center", facet=Facet(case.case.name)) for case in cases]
        columns = [Column(say("column-seed"), "right"), *heads]
        rows = [(Cell(str(s), s), *(runs.get((case.case.name, s), cells.EMPTY) for case in cases)) for s in seeds]
        facets = tuple(Facet(seed=seed) for seed in seeds)
        title, wide, long = say("title-runs-by-seed"), len(cases) > 2, cells.is_long(seeds)
        if len(cases) > 1:
            title = markup.literal(say("title-runs-by-seed-and", factor=typography.lower_first(study.names.factor)))
    elif len(seeds) <= KEYS_ABREAST:
        if len(seeds) > ABREAST:
            runs = {run: replace(cell, text=f"`{cell.of[:8]}`" if cell.of else "") for run, cell in runs.items()}
            note = say("note-runs-keys")
        heads = [Column(say("column-seed-number", seed=str(seed)), "center", facet=Facet(seed=seed)) for seed in seeds]
        columns = [Column(study.names.factor), *heads]
        rows = [
            (cells.case(case), *(runs.get((case.case.name, seed), cells.EMPTY) for seed in seeds)) for case in cases
        ]
        facets, wide, long = cells.case_facets(cases), len(seeds) > 1, cells.is_long(rows)
    else:
        columns = [
            Column(study.names.factor),
            *cells.numeric_columns(say("column-runs")),
            Column(say("column-runs-hash")),
        ]
        rows = [_sum_up(study, case) for case in cases]
        facets, long, note = cells.case_facets(cases), cells.is_long(rows), say("note-runs-attached")
    return Table("tab-runs", title, tuple(columns), tuple(rows), note, wide=wide, long=long, facets=facets)


def _sum_up(study: PaperContext, case: CaseFindings) -> tuple[Cell, ...]:
    """A case, how many runs it has, and the hash of their keys and weights in the order of their seeds."""
    found = sorted((seed, key, weights) for key, name, seed, weights in study.findings.runs if name == case.case.name)
    digest = hashlib.sha256("\n".join(f"{key} {weights}" for _, key, weights in found).encode()).hexdigest()
    runs = tuple(key for _, key, _ in found)
    return cells.case(case), cells.number(len(found), runs=runs), Cell(f"`{digest[:16]}`", None, runs)
