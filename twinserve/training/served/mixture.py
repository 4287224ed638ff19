"""Estimators made of others: votes, means and medians of what each of them answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sklearn import ensemble

from twinserve.training.served.trees.forests import BAGGING, bags_trees, classes_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VOTING = (ensemble.VotingClassifier, ensemble.VotingRegressor)
MEDIAN = ensemble.AdaBoostRegressor


class Members:
    """The fitted members of an estimator, and how their answers become its own.

    Attributes:
        kind: ``mean`` of probabilities or numbers, or their weighed ``average``; ``labels``, the
            class with most votes; ``votes``, the same with shares of the votes as probabilities;
            ``median`` of numbers.
        estimators: fitted.
        weights: of each.
        columns: the places of the columns that each reads, or None for all.
        classes: of the whole.
        places: the classes of each, as numbers of the whole's.
    """

    __slots__ = ("classes", "columns", "estimators", "kind", "places", "weights")

    def __init__(
        self,
        kind: str,
        fitted: Any,  # noqa: ANN401 - scikit-learn has no types
        weights: Sequence[float] | None = None,
        columns: "Sequence[NDArray[np.int64]] | None" = None,
    ) -> None:
        """Read the members of a fitted estimator."""
        self.kind = kind
        self.estimators = list(fitted.estimators_)
        self.weights = tuple(map(float, weights or [1.0] * len(self.estimators)))
        self.columns = columns
        self.classes = classes_of(fitted)
        self.places = [
            tuple(map(int, estimator.classes_)) if self.classes else ()
            for estimator in self.estimators
        ]


def read_members(fitted: Any) -> Members | None:  # noqa: ANN401 - scikit-learn has no types
    """The members, or None where the estimator is not made of others."""
    kind = type(fitted)
    if kind in VOTING:
        hard = classes_of(fitted) and fitted.voting == "hard"
        return Members("labels" if hard else "average", fitted, fitted._weights_not_none)  # noqa: SLF001
    if kind in BAGGING and not bags_trees(fitted):
        told = not classes_of(fitted) or hasattr(fitted.estimators_[0], "predict_proba")
        columns = fitted.estimators_features_
        return Members("mean" if told else "votes", fitted, columns=columns)
    if kind is MEDIAN:
        count = len(fitted.estimators_)
        return Members("median", fitted, list(fitted.estimator_weights_[:count]))
    return None
