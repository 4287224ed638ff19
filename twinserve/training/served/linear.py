"""The coefficients of a fitted linear model, as arrays that a compiler can take."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import linear_model as linear
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.svm import LinearSVC, LinearSVR

from twinserve.training.estimator import Classifier, UnfitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOFTMAX = (
    LinearDiscriminantAnalysis,
    linear.LogisticRegression,
    linear.LogisticRegressionCV,
)
# Of these the largest sum tells the class, and there are no probabilities.
LABELS = (
    LinearSVC,
    linear.PassiveAggressiveClassifier,
    linear.Perceptron,
    linear.RidgeClassifier,
    linear.RidgeClassifierCV,
)
NUMBERS = (
    LinearSVR,
    linear.ARDRegression,
    linear.BayesianRidge,
    linear.ElasticNet,
    linear.ElasticNetCV,
    linear.HuberRegressor,
    linear.Lars,
    linear.LarsCV,
    linear.Lasso,
    linear.LassoCV,
    linear.LassoLars,
    linear.LassoLarsCV,
    linear.LassoLarsIC,
    linear.LinearRegression,
    linear.OrthogonalMatchingPursuit,
    linear.OrthogonalMatchingPursuitCV,
    linear.PassiveAggressiveRegressor,
    linear.QuantileRegressor,
    linear.Ridge,
    linear.RidgeCV,
    linear.SGDRegressor,
    linear.TheilSenRegressor,
)
# Their number is exp() of the sum.
EXPONENTIAL = (linear.GammaRegressor, linear.PoissonRegressor)


@dataclass(frozen=True, slots=True)
class Linear:
    """Sums of products, one of two classes or one a class.

    Attributes:
        classes: how many there are; 0 for a regression, whose one sum is the number.
        coefficients: shape (outputs, inputs).
        intercepts: shape (outputs,).
        one_vs_rest: more than one output is a class against the rest each, not one of a softmax.
        labels: the sums tell the class and no probability.
        exponential: of a regression, that its number is ``exp`` of the sum.
    """

    classes: int
    coefficients: "NDArray[np.float64]"
    intercepts: "NDArray[np.float64]"
    one_vs_rest: bool = False
    labels: bool = False
    exponential: bool = False


def read_linear(classifier: Classifier) -> Linear:
    """The estimator's coefficients.

    Raises:
        UnfitError: it is of another kind, or makes probabilities in a way that is not known here.
    """
    kind = type(classifier)
    fitted: Any = classifier
    if kind not in {*SOFTMAX, *LABELS, *NUMBERS, *EXPONENTIAL, linear.SGDClassifier}:
        raise UnfitError(f"{kind.__name__} is no linear model that is compiled")
    coefficients = np.atleast_2d(np.asarray(fitted.coef_, dtype=np.float64))
    intercepts = np.broadcast_to(
        np.asarray(fitted.intercept_, dtype=np.float64).ravel(), len(coefficients)
    )
    if kind in {*NUMBERS, *EXPONENTIAL}:
        if len(coefficients) > 1:
            raise UnfitError(f"{kind.__name__} predicts {len(coefficients)} targets, not one")
        return Linear(0, coefficients, intercepts, exponential=kind in EXPONENTIAL)
    classes = len(fitted.classes_)
    if kind is linear.SGDClassifier:
        if fitted.loss == "modified_huber":
            raise UnfitError(
                "SGDClassifier with the loss modified_huber makes probabilities otherwise"
            )
        return Linear(
            classes,
            coefficients,
            intercepts,
            one_vs_rest=True,
            labels=fitted.loss != "log_loss",
        )
    return Linear(classes, coefficients, intercepts, labels=kind in LABELS)
