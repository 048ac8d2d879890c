"""The metrics that scikit-learn computes, each by the function that its own documentation has for it.

They see all classes of the data set, those without an image in the split, too.
"""

from __future__ import annotations

from importlib.util import find_spec

from pydantic import Field

from benchsuite.api import Metric, Parameters, PluginError, Predicted, SetupError


class NoParameters(Parameters):
    """There is nothing to choose."""


class ByScikitLearn(Metric[NoParameters]):
    """What those without parameters have in common."""

    Parameters = NoParameters

    def require(self, params: NoParameters) -> None:
        require_sklearn(self.name)


def require_sklearn(metric: str) -> None:
    """Raise SetupError where scikit-learn is not installed."""
    if find_spec("sklearn") is None:
        raise SetupError(
            f"the metric {metric} needs scikit-learn, which is not installed",
            expected="the extra metrics of benchsuite",
            remedy="pip install 'benchsuite[metrics]', or leave the metric out of the suite: its runs need it not",
        )


class Auc(ByScikitLearn):
    """Area under the ROC curve, each class against the rest, mean over classes."""

    name = "auc"
    higher_is_better = True
    most = 1.0
    gender = "masculine"

    def title(self, params: NoParameters, language: str) -> str:
        return {"es": "AUC (área bajo la curva ROC)", "en": "area under the ROC curve (AUC)"}[language]

    def compute(self, params: NoParameters, predicted: Predicted) -> float | None:
        from sklearn.metrics import roc_auc_score

        classes = list(range(len(predicted.classes)))
        if len(set(predicted.labels.tolist())) < len(classes):  # a class without images has no curve
            return None
        if len(classes) == 2:
            return float(roc_auc_score(predicted.labels, predicted.probabilities[:, 1]))
        scores = predicted.probabilities
        return float(roc_auc_score(predicted.labels, scores, multi_class="ovr", average="macro", labels=classes))

    def bibtex(self, params: NoParameters) -> str:
        return """@article{hanley1982auc,
  title = {The Meaning and Use of the Area under a Receiver Operating Characteristic ({ROC}) Curve},
  author = {Hanley, James A. and McNeil, Barbara J.}, journal = {Radiology}, volume = {143}, number = {1},
  pages = {29--36}, year = {1982}, doi = {10.1148/radiology.143.1.7063747}}"""


class BalancedAccuracy(ByScikitLearn):
    """Mean over classes of the share of their images that the model has right."""

    name = "balanced_accuracy"
    higher_is_better = True
    needs = ("predictions",)
    most = 1.0
    percent = True

    def title(self, params: NoParameters, language: str) -> str:
        return {"es": "exactitud equilibrada", "en": "balanced accuracy"}[language]

    def compute(self, params: NoParameters, predicted: Predicted) -> float | None:
        from sklearn.metrics import recall_score

        present = sorted(set(predicted.labels.tolist()))
        return float(recall_score(predicted.labels, predicted.predictions, labels=present, average="macro"))


class Brier(ByScikitLearn):
    """Brier score: the squared distance of the probabilities to the true class, mean over images."""

    name = "brier"
    higher_is_better = False
    most = 2.0

    def title(self, params: NoParameters, language: str) -> str:
        return {"es": "puntuación de Brier", "en": "Brier score"}[language]

    def compute(self, params: NoParameters, predicted: Predicted) -> float | None:
        from sklearn.metrics import brier_score_loss

        classes = list(range(len(predicted.classes)))
        scores = predicted.probabilities
        return float(brier_score_loss(predicted.labels, scores, labels=classes, scale_by_half=False))

    def bibtex(self, params: NoParameters) -> str:
        return """@article{brier1950verification,
  title = {Verification of Forecasts Expressed in Terms of Probability},
  author = {Brier, Glenn W.}, journal = {Monthly Weather Review}, volume = {78}, number = {1}, pages = {1--3},
  year = {1950}, doi = {10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2}}"""


class LogLoss(ByScikitLearn):
    """Logarithmic loss: minus the logarithm of the probability of the true class, mean over images."""

    name = "log_loss"
    higher_is_better = False

    def title(self, params: NoParameters, language: str) -> str:
        return {"es": "pérdida logarítmica", "en": "logarithmic loss"}[language]

    def compute(self, params: NoParameters, predicted: Predicted) -> float | None:
        from sklearn.metrics import log_loss

        return float(log_loss(predicted.labels, predicted.probabilities, labels=list(range(len(predicted.classes)))))


class F1Parameters(Parameters):
    """Parameters of `f1`."""

    of: str | None = Field(default=None, min_length=1, max_length=200)
    """The class whose F1 it is; left out, the mean over classes."""


class F1(Metric[F1Parameters]):
    """F1 score of one class, or the mean over classes."""

    name = "f1"
    Parameters = F1Parameters
    higher_is_better = True
    needs = ("predictions",)
    most = 1.0

    def require(self, params: F1Parameters) -> None:
        require_sklearn(self.name)

    def title(self, params: F1Parameters, language: str) -> str:
        if params.of is None:
            return {"es": "F1 macro", "en": "macro F1"}[language]
        return {"es": f"F1 de la clase {params.of}", "en": f"F1 of class {params.of}"}[language]

    def compute(self, params: F1Parameters, predicted: Predicted) -> float | None:
        from sklearn.metrics import f1_score

        classes = list(range(len(predicted.classes)))
        if params.of is not None:
            classes = [class_number(params.of, predicted.classes)]
        return float(
            f1_score(predicted.labels, predicted.predictions, labels=classes, average="macro", zero_division=0.0)
        )


def class_number(name: str, classes: tuple[str, ...]) -> int:
    """The number of a class. Raises PluginError where the data set has none of this name."""
    if name in classes:
        return classes.index(name)
    raise PluginError(
        f"the metric f1 is to be that of the class {name!r}, which the data set has not",
        expected=f"one of: {', '.join(classes[:15])}" + (" and others" if classes[15:] else ""),
        remedy="correct `of` in the metrics of the suite: benchsuite inspect data lists the classes",
    )


class TopKParameters(Parameters):
    """Parameters of `top_k`."""

    k: int = Field(default=5, ge=1, le=100_000)
    """So many of the most probable classes."""


class TopK(Metric[TopKParameters]):
    """Share of the images whose true class is among the k most probable ones."""

    name = "top_k"
    Parameters = TopKParameters
    higher_is_better = True
    most = 1.0
    percent = True

    def require(self, params: TopKParameters) -> None:
        require_sklearn(self.name)

    def title(self, params: TopKParameters, language: str) -> str:
        return {"es": f"exactitud top-{params.k}", "en": f"top-{params.k} accuracy"}[language]

    def compute(self, params: TopKParameters, predicted: Predicted) -> float | None:
        from sklearn.metrics import top_k_accuracy_score

        classes = list(range(len(predicted.classes)))
        if params.k >= len(classes):  # it would be 1 for any model
            return None
        scores = predicted.probabilities if len(classes) > 2 else predicted.probabilities[:, 1]
        return float(top_k_accuracy_score(predicted.labels, scores, k=params.k, labels=classes))
