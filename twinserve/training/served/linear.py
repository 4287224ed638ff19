"""The coefficients of a fitted linear classifier, as arrays that a compiler can take."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier

from twinserve.training.estimator import Classifier, UnfitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOFTMAX = (LinearDiscriminantAnalysis, LogisticRegression, LogisticRegressionCV)


@dataclass(frozen=True, slots=True)
class Linear:
    """Sums of products, one of two classes or one a class.

    Attributes:
        coefficients: shape (outputs, inputs).
        intercepts: shape (outputs,).
        one_vs_rest: more than one output is a class against the rest each, not one of a softmax.
    """

    classes: int
    coefficients: "NDArray[np.float64]"
    intercepts: "NDArray[np.float64]"
    one_vs_rest: bool


def read_linear(classifier: Classifier) -> Linear:
    """The classifier's coefficients.

    Raises:
        UnfitError: it is of another kind, or makes probabilities in a way that is not known here.
    """
    kind = type(classifier)
    fitted: Any = classifier
    if kind is SGDClassifier and fitted.loss != "log_loss":
        raise UnfitError(f"SGDClassifier with the loss {fitted.loss} makes probabilities otherwise")
    if kind not in SOFTMAX and kind is not SGDClassifier:
        raise UnfitError(f"{kind.__name__} is no linear classifier that is compiled")
    coefficients = np.atleast_2d(np.asarray(fitted.coef_, dtype=np.float64))
    intercepts = np.broadcast_to(np.asarray(fitted.intercept_, dtype=np.float64), len(coefficients))
    return Linear(len(fitted.classes_), coefficients, intercepts, kind is SGDClassifier)
