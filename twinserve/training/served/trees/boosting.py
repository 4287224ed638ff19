"""Gradient and histogram boosting of scikit-learn."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from twinserve.training.estimator import UnfitError
from twinserve.training.served.trees.forests import classes_of, plain_tree
from twinserve.training.served.trees.nodes import LEAF, Ensemble, Sums, Tree, as_ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PRIOR = {"prior", "most_frequent"}
# Losses of HistGradientBoostingRegressor whose number is exp() of the sum.
_LOG_LINKED = {"gamma", "poisson"}
_WORD_BITS = 32


def read_gradients(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    """GradientBoosting's trees, each times the learning rate.

    Raises:
        UnfitError: the sums do not begin with a constant.
    """
    start = fitted.init_
    constant = type(start) is DummyRegressor or (
        type(start) is DummyClassifier and start.strategy in _PRIOR
    )
    if not constant and not isinstance(start, str):
        raise UnfitError("its first guess (init) is an estimator of its own")
    # The exponential loss makes 1 / (1 + exp(-2 margin)) of a margin; to double every part of the
    # sum is exact.
    scale = 2.0 if fitted.loss == "exponential" else 1.0
    classes = classes_of(fitted)
    return as_ensemble(
        [
            plain_tree(tree.tree_, scale * (fitted.learning_rate * tree.tree_.value[:, 0, :]))
            for tree in fitted.estimators_.ravel()
        ],
        Sums(
            features=fitted.n_features_in_,
            classes=classes,
            initial=scale * fitted._raw_predict_init(np.zeros((1, fitted.n_features_in_)))[0],  # noqa: SLF001
            margins=bool(classes),
            zero_is_one=True,
        ),
    )


def read_histograms(fitted: Any) -> Ensemble:  # noqa: ANN401 - scikit-learn has no types
    """HistGradientBoosting's trees, behind the encoder of categories that it has of its own."""
    known = _known_categories(fitted)
    trees = [
        _tree(predictor, known)
        for stage in fitted._predictors  # noqa: SLF001
        for predictor in stage
    ]
    classes = classes_of(fitted)
    return as_ensemble(
        trees,
        Sums(
            features=fitted.n_features_in_,
            classes=classes,
            initial=fitted._baseline_prediction[0],  # noqa: SLF001
            margins=bool(classes) or fitted.loss in _LOG_LINKED,
            single=False,
        ),
    )


def _known_categories(fitted: Any) -> "dict[int, set[int]]":  # noqa: ANN401 - likewise
    """The codes that were there in training, by column of categories."""
    bitsets, places = fitted._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001
    flags = fitted._bin_mapper.is_categorical_  # noqa: SLF001
    return {
        column: set(_codes(bitsets[places[column]])) for column in np.flatnonzero(flags).tolist()
    }


def _tree(predictor: Any, known: "dict[int, set[int]]") -> Tree:  # noqa: ANN401 - likewise
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    gap_left = nodes["missing_go_to_left"].astype(bool)
    sets = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf).tolist():
        left = set(_codes(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]))
        if gap_left[node]:
            # What was not there in training goes where a gap goes.
            every = set(range(8 * _WORD_BITS))
            left |= every - known[int(nodes["feature_idx"][node])]
        sets[node] = tuple(sorted(left))
    return Tree(
        np.where(leaf, LEAF, nodes["feature_idx"]).astype(np.int64),
        nodes["num_threshold"],
        nodes["left"].astype(np.int64),
        nodes["right"].astype(np.int64),
        nodes["value"].reshape(-1, 1),
        gap_left=gap_left,
        sets=sets,
    )


def _codes(words: "NDArray[np.uint32]") -> list[int]:
    """The numbers whose bits are set."""
    return [
        _WORD_BITS * place + bit
        for place, word in enumerate(words.tolist())
        for bit in range(_WORD_BITS)
        if word >> bit & 1
    ]
