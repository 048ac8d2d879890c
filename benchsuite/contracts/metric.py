"""The metric contract: a number that says how good a run is, computed from its stored predictions of one split.

Nothing is trained for it: what a run predicted lies beside its record, so that studies of before gain a metric by
naming it. Every metric of a suite has a value for validation and one for the test, and the search sees the former only.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from benchsuite.contracts.parameters import Parameters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

P = TypeVar("P", bound=Parameters)

HELD = ("predictions", "probabilities")
"""What is kept of the predictions of a run, and so what a metric may need: the most probable classes, and the
probabilities of all of them."""
TITLES_IN = ("es", "en")
"""The languages of papers, in each of which a metric has a title."""
Gender = Literal["feminine", "masculine"]


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a run predicted for the images of one split, in the order of the data set's index. The arrays are
    read-only."""

    probabilities: NDArray[np.float32]
    """(images, classes): the softmax of the logits in single precision, so that a row sums to 1 within 1e-5."""
    labels: NDArray[np.int64]
    """(images,): the numbers of the true classes."""
    classes: tuple[str, ...]
    """The names of the classes, in the order of their numbers."""

    @property
    def predictions(self) -> NDArray[np.int64]:
        """(images,): the numbers of the most probable classes; of equal ones, the first."""
        classes: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return classes


class Metric(ABC, Generic[P]):
    """A metric that suites can name under `metrics`. Subclass it; import libraries inside the methods, never at module
    level."""

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]

    higher_is_better: ClassVar[bool]
    """Which way it is better."""
    needs: ClassVar[tuple[str, ...]] = ("probabilities",)
    """What of the predictions it is computed from: `predictions`, `probabilities`, or both."""
    least: ClassVar[float] = 0.0
    """The smallest value that it can have; intervals are cut there, and a value below is an error."""
    most: ClassVar[float] = math.inf
    """The largest value that it can have."""
    percent: ClassVar[bool] = False
    """Whether papers print it as a percentage, and differences of it in points, from a fraction of 1."""
    decimals: ClassVar[int] = 3
    """Decimals of what is not printed as a percentage, which has one."""
    gender: ClassVar[Gender] = "feminine"
    """The grammatical gender of its title in Spanish: «la exactitud», «el error»."""

    @abstractmethod
    def title(self, params: P, language: str) -> str:
        """What papers in a language (`es` or `en`) call it within a sentence, without the split: "exactitud
        top-5", "top-5 accuracy". In Spanish it takes «la» or «el», as `gender` says."""

    @abstractmethod
    def compute(self, params: P, predicted: Predicted) -> float | None:
        """Its value for one split, a number between `least` and `most`; None where it has none, as where a class that
        it asks for has no image. It follows from the arguments alone: no files, no network, nothing drawn at random.

        The split has one image or more.
        """

    def require(self, params: P) -> None:
        """Raise SetupError where what it is computed with is not installed. It is asked before any run is made, so that
        nobody learns of it after hours of training."""

    def bibtex(self, params: P) -> str:
        """The BibTeX entries of the works that define it; empty where there is none to cite."""
        return ""
