"""The suite as declared: what a file in `suites/` may say, apart from the parameters that plugins define."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, JsonValue, PrivateAttr, Tag

from benchsuite.suite.schema.base import Declared, Heading, Key, Line, Path, Slug, Text, require_visible
from benchsuite.suite.schema.claims import Claim, MetricName
from benchsuite.suite.schema.folds import FoldCount, Folds
from benchsuite.suite.schema.published import Published
from benchsuite.suite.schema.sequential import Sequential
from benchsuite.suite.source.problems import Mark
from benchsuite.suite.source.yaml_nodes import Node, from_plain

MOST_TRIALS, MOST_SEEDS = 100_000, 10_000
MOST_RUNS = 200_000
"""Of a study, its trials on every rung included: so many are planned in some ten seconds and half a gigabyte."""
Template = Literal["ieee", "report"]
PageSize = Literal["a4", "letter"]
Language = Literal["es", "en"]
LANGUAGES: Mapping[Language, str] = {"es": "Spanish", "en": "English"}
"""What messages call the languages of papers."""
Devices = Literal["one", "by_seed"]
Further = Literal[
    "fig-networks", "fig-algorithm", "fig-listing", "fig-source", "fig-curves", "fig-gap-epochs", "fig-size-time",
    "fig-class-panels", "tab-losses",
]  # fmt: skip


ComponentName = Annotated[str, Field(min_length=1, max_length=200)]
LONGEST_CASE_NAME = 80
CaseName = Annotated[str, Field(pattern=r"^\w(?:[\w .()+%-]*[\w)%+])?$", max_length=LONGEST_CASE_NAME)]
Settings = Annotated[dict[Path, JsonValue], Field(min_length=1, max_length=100)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


def _form_of_seeds(value: object) -> str:
    if isinstance(value, Mapping | Sequential):
        return "sequential"
    return "list" if isinstance(value, list | tuple) else "number"


Seeds = Annotated[
    Annotated[Annotated[int, Field(ge=1, le=MOST_SEEDS)], Tag("number")]
    | Annotated[Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MOST_SEEDS)], Tag("list")]
    | Annotated[Sequential, Tag("sequential")],
    Discriminator(_form_of_seeds),
]


DeclaredFolds = Annotated[
    Annotated[FoldCount, Tag("number")] | Annotated[Folds, Tag("folds")],
    Discriminator(lambda value: "folds" if isinstance(value, Mapping | Folds) else "number"),
]


class Size(Declared):
    """The size of the study, stated so that a slip in the grid is noticed before days of training."""

    cases: int = Field(ge=1)
    """How many cases the suite expands to."""

    seeds: int = Field(ge=1)
    """How many seeds each case runs with; at most, where the claims decide."""

    trials: int | None = Field(default=None, ge=1)
    """How many trials the search makes; stated when there is a search."""


class ComponentChoice(Declared):
    """A dataset, model, recipe or figure by name, with its parameters beside the name."""

    model_config = ConfigDict(extra="allow")

    name: ComponentName
    """Name of the component, or `distribution:name` where two distributions provide one of that name."""


class MetricChoice(Declared):
    """A metric of a plugin, with its parameters beside the name."""

    model_config = ConfigDict(extra="allow")

    name: ComponentName | None = None
    """Name of the metric, or `distribution:name`; left out, it is what the suite calls it."""


class NamedCase(Declared):
    """One case that is no cell of a grid: named changes to the base."""

    name: CaseName
    """What figures and tables call the case."""

    set: dict[Path, JsonValue] = Field(default_factory=dict, max_length=100)
    """Dotted paths with their values in this case."""


class Compare(Declared):
    """What is compared with what."""

    factor: Path | None = None
    """The varied path whose values are compared; left out, whole cases are compared."""

    baseline: JsonValue
    """The value of the factor, or without a factor the name of the case, that the others are compared with."""

    metric: MetricName = "test_accuracy"
    """What is compared."""


def _unsealed(metric: object) -> object:
    """Choosing by the test split would make its accuracy an estimate of nothing."""
    if isinstance(metric, str) and metric.startswith("test_"):
        raise ValueError(f"{metric} is sealed until the search has chosen; take validation_accuracy or validation_loss")
    return metric


class Halving(Declared):
    """Synchronous successive halving: all trials begin with little, and only the best go on with more.

    Jamieson and Talwalkar, «Non-stochastic best arm identification and hyperparameter optimization», AISTATS 2016.
    """

    path: Path
    """What grows from rung to rung, such as `recipe.max_epochs`; no axis of the space."""

    rungs: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=2, max_length=20)]
    """Its value on each rung, rising. A rung begins when every run of the one before has ended."""

    keep: float = Field(gt=0, lt=1)
    """The share of a rung's trials that go on, rounded up."""


class Search(Declared):
    """A search over a space of parameters: trials around the base, each an ordinary run with the search's seed."""

    space: Annotated[
        dict[Path, Annotated[tuple[JsonValue, ...], Field(min_length=1, max_length=1000)]],
        Field(min_length=1, max_length=20),
    ]
    """Axes: dotted paths (or `dataset`, `model`, `recipe`) with the values they may take."""

    sampler: Literal["grid", "random", "tpe"]
    """`grid` takes every point, `random` draws without repeating, `tpe` learns from the trials before (Optuna's)."""

    budget: int = Field(ge=1, le=MOST_TRIALS)
    """How many trials are made."""

    metric: Annotated[MetricName, BeforeValidator(_unsealed)] = "validation_accuracy"
    """What the best trial is best in, at the epoch that validation chose: `validation_accuracy`, `validation_loss`, or
    a metric of `metrics` on the validation split."""

    batch: int = Field(default=4, ge=1, le=1000)
    """With `tpe`: trials proposed at once, which do not see each other's results."""

    lag: int | None = Field(default=None, ge=1, le=MOST_TRIALS)
    """With `tpe`, in place of `batch`: trial n is proposed from the results of the trials 1 to n - lag, so that as many
    runs as the lag can be made at the same time without waiting for a whole batch."""

    halving: Halving | None = None
    """Left out, every trial is one run."""

    seed: Seed = 0
    """Seed of the draws, and of every trial's run."""


def _named(name: str) -> str:
    try:
        return require_visible(name)
    except ValueError:
        raise ValueError("an author has no name; write the full name, or leave the author out") from None


class Author(Declared):
    """An author of the paper."""

    name: Annotated[Line, AfterValidator(_named)]
    """Full name."""

    affiliation: Line | None = None
    """Department and institution."""

    place: Line | None = None
    """City and country."""

    email: Line | None = None
    """Electronic mail address."""


class Section(Declared):
    """A section of the paper's prose."""

    title: Heading
    """Heading."""

    id: Slug | None = None
    """Name by which prose refers to the section."""

    place: Slug | None = None
    """Which part of the paper the section belongs to, such as `introduction` or `method`."""

    text: Text = ""
    """Prose in the paper's small markup."""

    sections: Annotated[tuple[Section, ...], Field(max_length=1000)] = ()
    """Subsections."""


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


LONGEST_BIBTEX = 200_000
BibTeX = Annotated[str, Field(max_length=LONGEST_BIBTEX)]
Bibliography = Annotated[
    Annotated[tuple[BibTeX, ...], Field(max_length=100)],
    BeforeValidator(_several, json_schema_input_type=BibTeX | Annotated[list[BibTeX], Field(max_length=100)]),
]


class Reference(Declared):
    """A work that the prose cites, typed by hand because BibTeX cannot say it."""

    key: Key
    """Name by which prose cites it."""

    text: Text
    """The reference as IEEE style prints it, in the paper's small markup."""


class Words(Declared):
    """What the paper calls its parts, where usage differs."""

    abstract: Literal["Resumen", "Abstract"] = "Resumen"
    """What opens the abstract: `Resumen` (then «Palabras clave») or `Abstract` (then «Index Terms»)."""

    table: Literal["Cuadro", "Tabla"] | None = None
    """What a table is called; left out, `Cuadro` in the template `ieee` and `Tabla` in `report`."""


class AskedFigure(Declared):
    """A figure that a plugin makes for the paper."""

    figure: ComponentChoice
    """The figure and its parameters."""

    id: Slug | None = None
    """Name by which prose refers to it, as in `{{fig-reached}}`; left out, the figure's own."""

    place: Literal["performance", "generalization", "efficiency", "test"] = "test"
    """After which part of the results it stands."""

    @property
    def block(self) -> str:
        """What the paper calls it."""
        return f"fig-{self.id or self.figure.name.rpartition(':')[2]}"


class PaperSection(Declared):
    """What the suite's author writes for the paper."""

    template: Template = "ieee"
    """`ieee`, a conference paper in two columns, or `report`, one column with a title page and an index."""

    page: PageSize = "a4"
    """The size of the PDF's pages: A4 or US Letter."""

    language: Language = "es"
    """The language of the paper: Spanish, or English."""

    written_in: Language | None = None
    """The language of the prose, where it is another than the paper's: the first page then says so."""

    words: Words = Words()
    """What the abstract and tables are called in Spanish."""

    authors: Annotated[tuple[Author, ...], Field(max_length=1000)] = ()
    """Authors in the order of the paper."""

    assignment: Line | None = None
    """The course and the assignment that it is handed in for, on the cover of a report and at the foot of an article's
    first page."""

    rights: Line | None = None
    """Whose rights it is under and which licence it has, in the same places."""

    abstract: Text = ""
    """Abstract; a paper without any prose has one that is made from its results."""

    keywords: Annotated[tuple[Heading, ...], Field(max_length=1000)] = ()
    """Index terms."""

    labels: dict[Path, Line] = Field(default_factory=dict, max_length=1000)
    """How the paper calls varied paths and metrics."""

    sections: Annotated[tuple[Section, ...], Field(max_length=1000)] = ()
    """Prose."""

    further: Annotated[tuple[Further, ...], Field(max_length=50)] = ()
    """Figures and tables beside those that every paper has, by the names that prose has for them; one that has nothing
    to show is left out."""

    figures: Annotated[tuple[AskedFigure, ...], Field(max_length=50)] = ()
    """Figures of plugins, beside those that every paper has."""

    bibliography: Bibliography = ()
    """Works that prose may cite by their keys, in BibTeX, or a file of them beside the suite, such as `references.bib`;
    or a list of these. Reading a suite puts what a file says in the place of its name."""

    references: Annotated[tuple[Reference, ...], Field(max_length=1000)] = ()
    """Works cited, typed by hand."""

    @property
    def prose_language(self) -> Language:
        """The language in which the authors have written."""
        return self.written_in or self.language


class TranslatedProse(Declared):
    """What the author says in another language, of a study or of a report."""

    title: Line = ""
    """The title."""

    authors: Annotated[tuple[Author, ...], Field(max_length=1000)] = ()
    """The authors, where their affiliations read otherwise; left out, the same as in the other language."""

    assignment: Line | None = None
    """The course and the assignment."""

    rights: Line | None = None
    """The rights and the licence."""

    abstract: Text = ""
    """The abstract."""

    keywords: Annotated[tuple[Heading, ...], Field(max_length=1000)] = ()
    """Index terms."""

    sections: Annotated[tuple[Section, ...], Field(max_length=1000)] = ()
    """The sections in the same order, with the same ids."""


class Translation(TranslatedProse):
    """The suite's prose in another language: all that the suite itself says, so that a paper is in one language."""

    labels: dict[Path, Line] = Field(default_factory=dict, max_length=1000)
    """What `paper.labels` calls, each under the same path or name."""

    claims: dict[Slug, Heading] = Field(default_factory=dict, max_length=200)
    """The sentence of each claim, by its id."""


class FromFile(Declared):
    """What was read from a file of `suites/`, with the places of its values and its text."""

    _origin: Node | None = PrivateAttr(default=None)
    _text: str = PrivateAttr(default="")
    _beside: Mapping[str, str] = PrivateAttr(default={})

    @property
    def origin(self) -> Node:
        """The file's nodes with their positions; made up from the values when they come from no file."""
        if self._origin is not None:
            return self._origin
        values: Mapping[str, Any] = self.model_dump(mode="json", exclude_unset=True)
        return from_plain(values, Mark("suite"))

    def placed(self, origin: Node) -> None:
        """Remember the nodes this was read from."""
        self._origin = origin

    @property
    def text(self) -> str:
        """The file as it was written; empty when there is none."""
        return self._text

    @property
    def beside(self) -> Mapping[str, str]:
        """The files beside it that it names, with their text."""
        return self._beside

    def keep(self, text: str, beside: Mapping[str, str]) -> None:
        """Remember the file's text and those of the files that it names, which the paper carries inside."""
        self._text, self._beside = text, beside


class Design(FromFile):
    """The part of a suite that decides its runs."""

    size: Size
    """The number of cases and seeds; an error when the suite expands to another."""

    dataset: ComponentChoice
    """The data set and its parameters."""

    model: ComponentChoice
    """The model and its parameters."""

    recipe: ComponentChoice
    """The training recipe and its parameters."""

    vary: dict[Path, Annotated[tuple[JsonValue, ...], Field(min_length=1, max_length=1000)]] = Field(
        default_factory=dict, max_length=20
    )
    """Axes of the grid: dotted paths (or `dataset`, `model`, `recipe`, which then need not stand above) with the values
    they take."""

    cases: Annotated[tuple[NamedCase, ...], Field(max_length=1000)] = ()
    """Named changes to the base, each combined with the grid."""

    exclude: Annotated[tuple[Settings, ...], Field(max_length=1000)] = ()
    """Combinations to leave out: a case that agrees with all the paths of an entry is not part of the suite."""

    seeds: Seeds
    """A number n for the seeds 0 to n-1, the list of seeds, or how few and how many there are until the claims are
    decided."""

    folds: DeclaredFolds | None = None
    """Into how many folds training and validation are divided: the run of seed n is validated on fold n mod k, and
    trained on the others. A number, or a mapping where an official division is to be given up."""

    search: Search | None = None
    """A search beside the cases; its trials change the base."""

    metrics: dict[Slug, MetricChoice] = Field(default_factory=dict, max_length=50)
    """Metrics of plugins, computed from the stored predictions of each run, old ones too: under what the suite calls
    each, its parameters, and its name where that is another. `auc: {}` gives `validation_auc` and `test_auc`."""

    _remembered: Any = PrivateAttr(default=None)

    @property
    def seed_values(self) -> tuple[int, ...]:
        """The seeds themselves: all that there may be."""
        if isinstance(self.seeds, tuple):
            return self.seeds
        return tuple(range(self.seeds.at_most if isinstance(self.seeds, Sequential) else self.seeds))

    @property
    def sequential(self) -> Sequential | None:
        """How seeds are made until the claims are decided; None where their number is fixed."""
        return self.seeds if isinstance(self.seeds, Sequential) else None

    @property
    def folding(self) -> Folds | None:
        """How the images are divided into folds; None where they are not."""
        return Folds(k=self.folds) if isinstance(self.folds, int) else self.folds

    @property
    def remembered(self) -> Any:
        """What `expand.expansion` made of it, for whoever asks next."""
        return self._remembered

    def remember(self, expansion: Any) -> None:
        self._remembered = expansion


def _visible_or_none(text: str) -> str:
    return text and require_visible(text)


PaperTitle = Annotated[Line, AfterValidator(_visible_or_none)]


class Suite(Design):
    """A declared study."""

    name: Slug
    """Name of the suite; the file is called after it."""

    title: PaperTitle = ""
    """Title of the paper; left out, it says what is compared on which data."""

    plugins: Annotated[tuple[Path, ...], Field(max_length=50)] = ()
    """Python files, or folders of them, with components of this study's own; relative to the suite's folder."""

    devices: Devices = "one"
    """On which machines of a cluster the runs are made: on those of `one` kind, or `by_seed` on those of several, with
    all cases of a seed on one kind. On this machine alone it changes nothing."""

    compare: Compare | None = None
    """The comparison that the paper reports; left out, cases are only described."""

    claims: Annotated[tuple[Claim, ...], Field(max_length=200)] = ()
    """Sentences that the results confirm, refute or leave open; the paper says which."""

    published: Annotated[tuple[Published, ...], Field(max_length=200)] = ()
    """Figures that other works publish; the paper sets them beside its own."""

    paper: PaperSection = PaperSection()
    """What the author writes for the paper."""

    translations: dict[Language, Translation] = Field(default_factory=dict)
    """The prose in other languages; a paper in one of them has no word of another. They decide no run."""
