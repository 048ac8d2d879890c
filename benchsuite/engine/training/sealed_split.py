"""The seal on the test split: it opens once a run, after training, and nothing else holds its images."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from benchsuite.engine.data.inputs import Inputs


class SealedSplit:
    """The test split. It opens once, after training, and nothing else in the engine holds its images."""

    def __init__(self, opener: Callable[[], tuple[Inputs, Tensor]]) -> None:
        self._opener: Callable[[], tuple[Inputs, Tensor]] | None = opener

    def unseal(self) -> tuple[Inputs, Tensor]:
        """The test inputs and labels. Raises RuntimeError at a second call."""
        if self._opener is None:
            raise RuntimeError("the test split was already evaluated in this run")
        opener, self._opener = self._opener, None
        return opener()
