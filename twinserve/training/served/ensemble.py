"""The trees of a fitted scikit-learn classifier, as arrays that a compiler can take."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import ensemble, tree
from sklearn.dummy import DummyClassifier

from twinserve.training.estimator import Classifier, UnfitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORESTS = (ensemble.RandomForestClassifier, ensemble.ExtraTreesClassifier)
TREES = (tree.DecisionTreeClassifier, tree.ExtraTreeClassifier)
ADAPTIVE = ensemble.AdaBoostClassifier
BAGGING = ensemble.BaggingClassifier
GRADIENTS = ensemble.GradientBoostingClassifier
HISTOGRAMS = ensemble.HistGradientBoostingClassifier
LEAF = -1
TWO = 2


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Trees whose leaves add up.

    Nodes of all trees stand in one sequence, each tree in breadth-first order, so that the two
    children of a node are neighbours. A row goes left where it is at most the threshold.

    Attributes:
        roots: node number, shape (trees,).
        feature: column that a node asks, or LEAF, shape (nodes,).
        threshold: shape (nodes,).
        following: of a node its left child, of a leaf its row in ``values``, shape (nodes,).
        values: distinct leaves, shape (leaves, outputs), or (leaves, 1) where tree ``t`` adds to
            output ``t % outputs``.
        initial: what the sums begin with, shape (outputs,).
        divisor: what the sums are divided by at the end.
        margins: the outputs are log-odds (one) or go through softmax (more), not probabilities.
        softness: what the outputs are divided by before the softmax; labels are told before that.
        zero_is_one: of one margin, that 0 is class 1.
        single: rows are rounded to float32 before they are compared.
    """

    features: int
    classes: int
    roots: "NDArray[np.int64]"
    feature: "NDArray[np.int64]"
    threshold: "NDArray[np.float64]"
    following: "NDArray[np.int64]"
    values: "NDArray[np.float64]"
    initial: "NDArray[np.float64]"
    divisor: float
    margins: bool
    zero_is_one: bool
    single: bool
    softness: float = 1.0

    @property
    def compared(self) -> "NDArray[np.float64]":
        """The thresholds as a row sees them, shape (nodes,).

        A float32 number is at most a float64 threshold exactly where it is at most the largest
        float32 that is not above that threshold; so for float32 rows half the memory does.
        """
        exact = self.threshold
        if not self.single:
            return exact
        with np.errstate(over="ignore"):
            near = exact.astype(np.float32)
        below = np.nextafter(near, np.float32(-np.inf))
        return np.where(near > exact, below, near).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree in its own numbering; the root is 0, leaves have no children."""

    feature: "NDArray[np.int64]"
    threshold: "NDArray[np.float64]"
    left: "NDArray[np.int64]"
    right: "NDArray[np.int64]"
    value: "NDArray[np.float64]"


def read_ensemble(classifier: Classifier) -> Ensemble:
    """The classifier's trees.

    Raises:
        UnfitError: it is of another kind, or uses what is not read here.
    """
    # A subclass may answer in a way of its own, so the type itself counts.
    kind = type(classifier)
    fitted: Any = classifier
    if kind in FORESTS:
        return _forest(fitted, [one.tree_ for one in fitted.estimators_])
    if kind in TREES:
        return _forest(fitted, [fitted.tree_])
    if kind is GRADIENTS:
        return _gradients(fitted)
    if kind is HISTOGRAMS:
        return _histograms(fitted)
    if kind is BAGGING:
        return _bagging(fitted)
    if kind is ADAPTIVE:
        return _adaptive(fitted)
    raise UnfitError(f"{kind.__name__} is no tree ensemble of scikit-learn's")


def _forest(fitted: Any, trees: list[Any]) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    return _ensemble(
        fitted,
        [_plain(one, one.value[:, 0, :]) for one in trees],
        np.zeros(len(fitted.classes_)),
        divisor=len(trees),
    )


def _bagging(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    trees = []
    for one, columns in zip(fitted.estimators_, fitted.estimators_features_, strict=True):
        if type(one) not in TREES:
            raise UnfitError(f"BaggingClassifier of {type(one).__name__}, not of trees")
        # A tree that was drawn no row of a class gives that class nothing.
        value = np.zeros((one.tree_.node_count, len(fitted.classes_)))
        value[:, np.asarray(one.classes_, dtype=np.int64)] = one.tree_.value[:, 0, :]
        plain = _plain(one.tree_, value)
        inner = plain.feature != LEAF
        feature = plain.feature.copy()
        feature[inner] = np.asarray(columns)[plain.feature[inner]]
        trees.append(replace(plain, feature=feature))
    return _ensemble(fitted, trees, np.zeros(len(fitted.classes_)), divisor=len(trees))


def _adaptive(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    classes = len(fitted.classes_)
    trees = []
    for one, weight in zip(fitted.estimators_, fitted.estimator_weights_, strict=False):
        if type(one) not in TREES:
            raise UnfitError(f"AdaBoostClassifier of {type(one).__name__}, not of trees")
        chosen = one.classes_[np.argmax(one.tree_.value[:, 0, :], axis=1)]
        votes = np.where(chosen[:, None] == fitted.classes_, weight, -1 / (classes - 1) * weight)
        # Of two classes the second's doubled share is the margin: the shares are each other's
        # opposites to the last bit.
        trees.append(_plain(one.tree_, 2.0 * votes[:, 1:] if classes == TWO else votes))
    return _ensemble(
        fitted,
        trees,
        np.zeros(1 if classes == TWO else classes),
        divisor=fitted.estimator_weights_.sum(),
        margins=True,
        softness=classes - 1,
    )


def _gradients(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    start = fitted.init_
    constant = isinstance(start, DummyClassifier) and start.strategy in {"prior", "most_frequent"}
    if not constant and not isinstance(start, str):
        raise UnfitError("its first guess (init) is an estimator of its own")
    # The exponential loss makes 1 / (1 + exp(-2 margin)) of a margin; to double every part of the
    # sum is exact.
    scale = 2.0 if fitted.loss == "exponential" else 1.0
    return _ensemble(
        fitted,
        [
            _plain(one.tree_, scale * (fitted.learning_rate * one.tree_.value[:, 0, :]))
            for one in fitted.estimators_.ravel()
        ],
        scale * fitted._raw_predict_init(np.zeros((1, fitted.n_features_in_)))[0],  # noqa: SLF001
        margins=True,
        zero_is_one=True,
    )


def _histograms(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    trees = []
    for predictor in (one for stage in fitted._predictors for one in stage):  # noqa: SLF001
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        if nodes["is_categorical"][~leaf].any():
            raise UnfitError("it splits by categories")
        trees.append(
            _Tree(
                np.where(leaf, LEAF, nodes["feature_idx"]),
                nodes["num_threshold"],
                nodes["left"].astype(np.int64),
                nodes["right"].astype(np.int64),
                nodes["value"].reshape(-1, 1),
            )
        )
    baseline = fitted._baseline_prediction[0]  # noqa: SLF001
    return _ensemble(fitted, trees, baseline, margins=True, single=False)


def _plain(one: Any, value: "NDArray[np.float64]") -> _Tree:  # noqa: ANN401 - likewise
    leaf = one.children_left == LEAF
    return _Tree(
        np.where(leaf, LEAF, one.feature),
        one.threshold,
        one.children_left,
        one.children_right,
        value,
    )


def _ensemble(
    fitted: Any,  # noqa: ANN401 - scikit-learn has no types
    trees: Iterable[_Tree],
    initial: "NDArray[np.float64]",
    *,
    divisor: float = 1.0,
    margins: bool = False,
    zero_is_one: bool = False,
    single: bool = True,
    softness: float = 1.0,
) -> Ensemble:
    """Put the trees into one sequence of nodes; leaves of the same values share a row."""
    roots, features, thresholds, followings, leaves = [], [], [], [], []
    nodes = found = 0
    for one in trees:
        order, first_child = _breadth_first(one)
        feature = one.feature[order]
        leaf = feature == LEAF
        following = first_child + nodes
        following[leaf] = np.arange(np.count_nonzero(leaf)) + found
        roots.append(nodes)
        features.append(feature)
        thresholds.append(one.threshold[order])
        followings.append(following)
        leaves.append(one.value[order][leaf])
        nodes += len(order)
        found += len(leaves[-1])
    values, shared = np.unique(np.concatenate(leaves), axis=0, return_inverse=True)
    feature, following = np.concatenate(features), np.concatenate(followings)
    leaf = feature == LEAF
    following[leaf] = shared.ravel()[following[leaf]]
    return Ensemble(
        features=fitted.n_features_in_,
        classes=len(fitted.classes_),
        roots=np.array(roots),
        feature=feature,
        threshold=np.concatenate(thresholds),
        following=following,
        values=values,
        initial=np.asarray(initial, dtype=np.float64),
        divisor=float(divisor),
        margins=margins,
        zero_is_one=zero_is_one,
        single=single,
        softness=float(softness),
    )


def _breadth_first(one: _Tree) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Old node numbers in their new order; of each new node the new number of its left child."""
    level = np.zeros(1, dtype=np.int64)
    order, first_child = [level], []
    made = 1
    while level.size:
        inner = one.feature[level] != LEAF
        first = np.full(level.size, LEAF, dtype=np.int64)
        first[inner] = made + 2 * np.arange(np.count_nonzero(inner))
        first_child.append(first)
        level = np.column_stack([one.left[level[inner]], one.right[level[inner]]]).ravel()
        order.append(level)
        made += level.size
    return np.concatenate(order), np.concatenate(first_child)
