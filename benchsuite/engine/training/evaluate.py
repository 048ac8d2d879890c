"""Evaluation of a whole split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchsuite.engine.data.inputs import Inputs

BATCH = 64


@dataclass(frozen=True)
class Evaluation:
    """Loss (mean cross-entropy over images) and class probabilities, float32 (N, classes), with their labels (N,)."""

    loss: float
    probabilities: np.ndarray
    labels: np.ndarray

    @property
    def confusion(self) -> np.ndarray:
        """Counts (true class, predicted class), int64 (classes, classes)."""
        classes = self.probabilities.shape[1]
        cells = self.labels * classes + self.probabilities.argmax(axis=1)
        return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)

    @property
    def accuracy(self) -> float:
        """Fraction of images whose most probable class is the true one."""
        return float((self.probabilities.argmax(axis=1) == self.labels).mean())

    @property
    def macro_f1(self) -> float:
        """Mean over classes of F1 = 2 TP / (2 TP + FP + FN); 0 for a class never present nor predicted."""
        confusion = self.confusion
        hits = np.diag(confusion)
        total = confusion.sum(axis=0) + confusion.sum(axis=1)
        return float(np.divide(2 * hits, total, out=np.zeros(len(hits)), where=total > 0).mean())


def evaluate(
    tail: nn.Module, inputs: Inputs, labels: Tensor, forward: Callable[[nn.Module, Tensor], Tensor]
) -> Evaluation:
    """Evaluate `tail` (put into eval mode) on a whole split, in order, no remainder dropped."""
    tail.eval()
    here = torch.arange(len(inputs))
    batches = zip(here.to(labels.device).split(BATCH), here.split(BATCH), strict=True)
    with torch.inference_mode():
        logits = torch.cat([forward(tail, inputs.batch(*samples)).float() for samples in batches])
        loss = cross_entropy(logits, labels)
        probabilities = logits.softmax(dim=1)
    return Evaluation(float(loss), probabilities.cpu().numpy(), labels.cpu().numpy())
