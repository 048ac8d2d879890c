"""What a paper is made from: plain data, so that it can be rendered elsewhere, or again, from what was stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchsuite.analysis.findings import Findings
from benchsuite.analysis.results import Results
from benchsuite.contracts.dataset import DatasetCard
from benchsuite.contracts.figure import Chart
from benchsuite.contracts.recipe import Phase
from benchsuite.suite.schema.report import Report
from benchsuite.suite.schema.suite import Suite


@dataclass(frozen=True)
class Mistake:
    """A test photo that a run takes for another class, with the probability that it gives to that class."""

    true: str
    predicted: str
    probability: float
    run: str
    photo: bytes


@dataclass(frozen=True)
class PaperMaterial:
    """A suite with its results, and what its plugins say about themselves.

    `class_titles` maps a class to how the paper calls it (left empty, the card's titles are used); `configuration`
    adds rows (what, value) to the configuration table, such as what a recipe resolves only when it runs; `samples`
    are (class title, photo) pairs, the photo an encoded PNG or JPEG file; `mistakes` are of the best case's first run,
    the surest first; `models` are the title and the BibTeX entry of each case's model, by the case's name, where cases
    have models of their own; `recipes` is the BibTeX of each training recipe, by its name; `recipe_words` are the title
    and the summary of each case's recipe, where it has any, by the case's name; `phases` are those that it declares, by
    the same; `licences` are those of pretrained weights, by what these are called; `charts` are the figures of plugins;
    `normalisation` is what is subtracted from each channel and what it is divided by; `source` is the code that builds
    the network of the reference, or of the first case, where the suite asks for it.
    """

    results: Results
    card: DatasetCard
    model_title: str
    model_bibtex: str = ""
    class_titles: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    recipes: Mapping[str, str] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    recipe_words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    samples: Sequence[tuple[str, bytes]] = ()
    mistakes: Sequence[Mistake] = ()
    charts: tuple[PluginChart, ...] = ()
    normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    source: str = ""
    phases: Mapping[str, tuple[Phase, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the components call their parameters, in the language of the paper."""
    configuration: tuple[tuple[str, str], ...] = ()
    study_arguments: tuple[str, ...] = ()
    """What makes a command work on this study, where that is more than the suite's name."""
    form_arguments: tuple[str, ...] = ()
    """What sets the paper otherwise than its suite says."""
    version: str = ""
    renderer: Mapping[str, str] = field(default_factory=dict)
    """What decides the paper's bytes besides the material: versions of libraries, and a fingerprint of our code."""

    @property
    def suite(self) -> Suite:
        return self.results.suite

    @property
    def studies(self) -> tuple[PaperMaterial, ...]:
        """The studies that the paper tells of: this one."""
        return (self,)

    @cached_property
    def findings(self) -> Findings:
        return self.results.findings()


@dataclass(frozen=True)
class ReportMaterial:
    """A report with the material of each of its studies, in order, without the charts of plugins and the photos of
    mistakes; with samples where a study is the first of its data."""

    suite: Report
    studies: tuple[PaperMaterial, ...]
    study_arguments: tuple[str, ...] = ()
    form_arguments: tuple[str, ...] = ()
    version: str = ""
    renderer: Mapping[str, str] = field(default_factory=dict)

    @property
    def charts(self) -> tuple[PluginChart, ...]:
        """None: those of plugins are in the papers of the studies."""
        return ()


Material = PaperMaterial | ReportMaterial
"""What a paper is made from, that of a study or that of a report."""


@dataclass(frozen=True)
class PaperFiles:
    html: Path
    pdf: Path


@dataclass(frozen=True)
class PluginChart:
    """A chart in a paper, with who made it. `block` is what prose calls it."""

    block: str
    place: str
    figure: str
    distribution: str
    version: str
    bibtex: str
    chart: Chart
