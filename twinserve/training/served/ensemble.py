"""The trees of a fitted estimator, as arrays that a compiler can take."""

from collections.abc import Callable
from typing import Any

from sklearn import ensemble

from twinserve.training.estimator import Classifier, UnfitError
from twinserve.training.served.trees.boosting import read_gradients, read_histograms
from twinserve.training.served.trees.catboost import KINDS as CATBOOST
from twinserve.training.served.trees.catboost import read_catboost
from twinserve.training.served.trees.forests import (
    BAGGING,
    FORESTS,
    TREES,
    read_adaptive,
    read_bagging,
    read_forest,
    read_tree,
)
from twinserve.training.served.trees.lightgbm import KINDS as LIGHTGBM
from twinserve.training.served.trees.lightgbm import read_lightgbm
from twinserve.training.served.trees.nodes import LEAF, NUMERIC, Ensemble
from twinserve.training.served.trees.xgboost import KINDS as XGBOOST
from twinserve.training.served.trees.xgboost import read_xgboost

__all__ = ["LEAF", "NUMERIC", "Ensemble", "read_ensemble"]

_READERS: dict[type, Callable[[Any], Ensemble]] = {
    **dict.fromkeys(FORESTS, read_forest),
    **dict.fromkeys(TREES, read_tree),
    **dict.fromkeys(BAGGING, read_bagging),
    ensemble.AdaBoostClassifier: read_adaptive,
    ensemble.GradientBoostingClassifier: read_gradients,
    ensemble.GradientBoostingRegressor: read_gradients,
    ensemble.HistGradientBoostingClassifier: read_histograms,
    ensemble.HistGradientBoostingRegressor: read_histograms,
}
# By name: no library is imported where the estimator is not of it.
_OTHERS: dict[tuple[str, str], Callable[[Any], Ensemble]] = {
    **{("catboost", name): read_catboost for name in CATBOOST},
    **{("lightgbm", name): read_lightgbm for name in LIGHTGBM},
    **{("xgboost", name): read_xgboost for name in XGBOOST},
}


def read_ensemble(classifier: Classifier) -> Ensemble:
    """The estimator's trees.

    Raises:
        UnfitError: it is of another kind, or uses what is not read here.
    """
    # A subclass may answer in a way of its own, so the type itself counts.
    kind = type(classifier)
    package = kind.__module__.partition(".")[0]
    read = _READERS.get(kind) or _OTHERS.get((package, kind.__name__))
    if read is None:
        raise UnfitError(f"{kind.__name__} is no tree ensemble of scikit-learn's")
    return read(classifier)
