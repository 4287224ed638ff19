"""Trees of scikit-learn whose leaves are shares or numbers: alone, in forests, bagged, adaptive."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import ensemble, tree

from twinserve.training.estimator import UnfitError
from twinserve.training.served.trees.nodes import LEAF, Ensemble, Sums, Tree, as_ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORESTS = (
    ensemble.RandomForestClassifier,
    ensemble.ExtraTreesClassifier,
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesRegressor,
)
CLASSIFYING = (tree.DecisionTreeClassifier, tree.ExtraTreeClassifier)
TREES = (*CLASSIFYING, tree.DecisionTreeRegressor, tree.ExtraTreeRegressor)
BAGGING = (ensemble.BaggingClassifier, ensemble.BaggingRegressor)
TWO = 2


def read_forest(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    """The mean of a forest's trees."""
    return _mean(fitted, [_leaves(fitted, estimator.tree_) for estimator in fitted.estimators_])


def read_tree(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    """One tree."""
    return _mean(fitted, [_leaves(fitted, fitted.tree_)])


def bags_trees(fitted: Any) -> bool:  # noqa: ANN401 - scikit-learn has no types
    """Whether every member is a tree, so that all of them are one ensemble."""
    return all(type(estimator) in TREES for estimator in fitted.estimators_)


def read_bagging(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    """The mean of bagged trees, each of columns of its own.

    Raises:
        UnfitError: a member is no tree.
    """
    trees = []
    for estimator, columns in zip(fitted.estimators_, fitted.estimators_features_, strict=True):
        if type(estimator) not in TREES:
            raise UnfitError(f"{type(fitted).__name__} of {type(estimator).__name__}, not of trees")
        plain = _leaves(estimator, estimator.tree_)
        if classes_of(fitted):
            # A tree that was drawn no row of a class gives that class nothing.
            value = np.zeros((estimator.tree_.node_count, classes_of(fitted)))
            value[:, np.asarray(estimator.classes_, dtype=np.int64)] = plain.value
            plain = replace(plain, value=value)
        inner = plain.feature != LEAF
        feature = plain.feature.copy()
        feature[inner] = np.asarray(columns)[plain.feature[inner]]
        trees.append(replace(plain, feature=feature))
    return _mean(fitted, trees)


def read_adaptive(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    """The weighed votes of AdaBoost's trees.

    Raises:
        UnfitError: a member is no tree.
    """
    classes = len(fitted.classes_)
    trees = []
    for estimator, weight in zip(fitted.estimators_, fitted.estimator_weights_, strict=False):
        if type(estimator) not in CLASSIFYING:
            raise UnfitError(f"AdaBoostClassifier of {type(estimator).__name__}, not of trees")
        chosen = estimator.classes_[np.argmax(estimator.tree_.value[:, 0, :], axis=1)]
        votes = np.where(chosen[:, None] == fitted.classes_, weight, -1 / (classes - 1) * weight)
        # Of two classes the second's doubled share is the margin: the shares are each other's
        # opposites to the last bit.
        trees.append(plain_tree(estimator.tree_, 2.0 * votes[:, 1:] if classes == TWO else votes))
    return as_ensemble(
        trees,
        Sums(
            features=fitted.n_features_in_,
            classes=classes,
            initial=np.zeros(1 if classes == TWO else classes),
            divisor=fitted.estimator_weights_.sum(),
            margins=True,
            softness=classes - 1,
        ),
    )


def classes_of(fitted: Any) -> int:  # noqa: ANN401 - scikit-learn has no types
    """How many classes an estimator knows; 0 for a regressor."""
    return len(fitted.classes_) if hasattr(fitted, "classes_") else 0


def plain_tree(fitted_tree: Any, value: "NDArray[np.float64]") -> Tree:  # noqa: ANN401 - likewise
    """A tree of scikit-learn's, with values of its nodes."""
    leaf = fitted_tree.children_left == LEAF
    return Tree(
        np.where(leaf, LEAF, fitted_tree.feature),
        fitted_tree.threshold,
        fitted_tree.children_left,
        fitted_tree.children_right,
        value,
        gap_left=fitted_tree.missing_go_to_left.astype(bool),
    )


def _leaves(fitted: Any, fitted_tree: Any) -> Tree:  # noqa: ANN401 - likewise
    """A tree that gives what its leaves hold: shares of classes, or a number.

    Raises:
        UnfitError: it has more than one target.
    """
    if fitted.n_outputs_ > 1:
        raise UnfitError(f"{type(fitted).__name__} predicts {fitted.n_outputs_} targets, not one")
    return plain_tree(fitted_tree, fitted_tree.value[:, 0, :])


def _mean(fitted: Any, trees: list[Tree]) -> Ensemble:  # noqa: ANN401 - likewise
    classes = classes_of(fitted)
    return as_ensemble(
        trees,
        Sums(
            features=fitted.n_features_in_,
            classes=classes,
            initial=np.zeros(classes or 1),
            divisor=len(trees),
        ),
    )
