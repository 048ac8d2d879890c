"""Expected calibration error: how far confidence is from accuracy."""

from __future__ import annotations

from pydantic import Field

from benchsuite.api import Metric, Parameters, Predicted


class EceParameters(Parameters):
    """Parameters of `ece`."""

    bins: int = Field(default=15, ge=1, le=1000)
    """Into so many bins of equal width the confidences from 0 to 1 are divided."""


class Ece(Metric[EceParameters]):
    """Expected calibration error: between confidence and accuracy, mean over bins of confidence.

    The confidence of an image is the probability of its most probable class. Within each bin (low, high] the mean
    confidence is set against the accuracy; the distances are weighted by the images of the bin (Guo et al., 2017,
    equation 3).
    """

    name = "ece"
    Parameters = EceParameters
    higher_is_better = False
    most = 1.0
    gender = "masculine"

    def title(self, params: EceParameters, language: str) -> str:
        return {"es": "error de calibración esperado (ECE)", "en": "expected calibration error (ECE)"}[language]

    def compute(self, params: EceParameters, predicted: Predicted) -> float | None:
        import numpy as np

        confidence = predicted.probabilities.max(axis=1).astype(np.float64)
        right = predicted.predictions == predicted.labels
        edges = np.linspace(0, 1, params.bins + 1)
        bins = np.searchsorted(edges[1:-1], confidence)
        # Of each bin, its images times the distance of its means.
        distances = np.bincount(bins, weights=confidence - right, minlength=params.bins)
        return float(np.abs(distances).sum() / len(confidence))

    def bibtex(self, params: EceParameters) -> str:
        return """@inproceedings{guo2017calibration,
  title = {On Calibration of Modern Neural Networks},
  author = {Guo, Chuan and Pleiss, Geoff and Sun, Yu and Weinberger, Kilian Q.},
  booktitle = {Proceedings of the 34th International Conference on Machine Learning (ICML)}, pages = {1321--1330},
  year = {2017}}"""
