"""A study as Python sees it: its runs, a frame of them, what became of its claims, and its paper.

Plain values that nobody changes. In a notebook a study and its paper show themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchsuite.errors import BenchsuiteError
from benchsuite.extras import require
from benchsuite.study.arguments import choose, read_form
from benchsuite.study.family import only_our_errors
from benchsuite.study.outcomes import Claim, Run, claim_of, standing

if TYPE_CHECKING:
    import pyarrow

    from benchsuite.analysis.results import Results
    from benchsuite.commands.options import FormOptions
    from benchsuite.paper.context.material import PaperFiles


@dataclass(frozen=True)
class Paper:
    """A paper that is written. In a notebook it shows itself, in a frame of its own."""

    html: Path
    """The web page."""
    pdf: Path
    """The PDF, which carries all that it was made from."""

    def _repr_html_(self) -> str:
        # With its text inside it needs no server, as on Colab; apart, its scripts and styles meet nothing of the page.
        page = escape(self.html.read_text(encoding="utf-8"))
        style = "width:100%;height:75vh;min-height:30rem;border:1px solid #8888"
        return (
            f'<iframe srcdoc="{page}" sandbox="allow-scripts allow-popups" title="{escape(str(self.html))}"'
            f' style="{style}"></iframe>'
        )


@dataclass(frozen=True, eq=False)
class Study:
    """A study and its runs, as `run` made them or `load` found them. In a notebook it shows itself."""

    name: str
    """The suite's name."""
    sample: bool
    """Whether it is a smoke run on the synthetic sample, whose results mean nothing."""
    folder: Path
    """Where its paper lies, or will."""
    runs: tuple[Run, ...]
    """Its runs, those that failed and those of a search included."""
    _define: Callable[[], Results] = field(repr=False)
    _write: Callable[[FormOptions], PaperFiles] = field(repr=False)

    @property
    def done(self) -> tuple[Run, ...]:
        """The runs that were finished."""
        return tuple(run for run in self.runs if run.status == "done")

    @property
    def failed(self) -> tuple[Run, ...]:
        """The runs that failed."""
        return tuple(run for run in self.runs if run.status == "failed")

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The claims of the suite with their verdicts. Raises BenchsuiteError where the suite of a stored study can
        neither be found nor read from its paper."""
        with only_our_errors():
            return tuple(map(claim_of, self._define().findings().claims))

    def frame(
        self, by: Literal["run", "epoch"] = "run", *, metrics: Iterable[str] | Mapping[str, Mapping[str, Any]] = ()
    ) -> pyarrow.Table:
        """A table with a row for each run, or for each epoch of each run.

        A run has its case, seed, key and status, the settings that set cases apart, and every metric, as fractions of
        1, seconds and bytes; what a run lacks is null. `metrics` are those of plugins that are wanted besides, computed
        from the stored predictions: their names, or what a suite would say of them, as in
        {"auc": {}, "top_3": {"name": "top_k", "k": 3}}; each is a column for validation and one for the test. A study
        that was run has those of its suite in any case; one that was loaded, only what is asked for here.

        The table is an Arrow table: pandas and polars take it as it is (`polars.DataFrame(table)`), and
        `table.to_pandas()` is there where pandas is.
        """
        require("study.frame()", "pyarrow")
        from benchsuite.study.frames import epochs_table, runs_table

        with only_our_errors():
            make, runs = choose("by", by, {"run": runs_table, "epoch": epochs_table}), self.runs
            if metrics:
                from benchsuite.study.added_metrics import with_metrics

                runs = with_metrics(runs, metrics)
            table: pyarrow.Table = make(runs)
        return table

    def paper(
        self,
        *,
        template: Literal["ieee", "report"] | None = None,
        page: Literal["a4", "letter"] | None = None,
        language: Literal["es", "en"] | None = None,
    ) -> Paper:
        """Write the paper of the runs that are done, as `benchsuite paper` does, and return it.

        Nothing is done again for a paper that is there and has not changed. That of a stored study is what lies in its
        folder, unless it is to be set otherwise. Raises PaperError, SetupError or StoreError.
        """
        with only_our_errors():
            files = self._write(read_form(template, page, language))
        return Paper(files.html, files.pdf)

    def __repr__(self) -> str:
        sample = ", synthetic sample" if self.sample else ""
        return f"<study {self.name}{sample}: {standing(self.runs)}>"

    def _repr_html_(self) -> str:
        from benchsuite.study.pages import study_page

        try:
            claims = self.claims
        except BenchsuiteError:  # neither the suite nor a paper is here
            claims = ()
        return study_page(self.name, self.sample, self.runs, claims)
