"""LightGBM's trees, read from the text in which a booster keeps itself."""

from typing import TYPE_CHECKING, Any

import numpy as np

from twinserve.training.estimator import UnfitError
from twinserve.training.served.trees.forests import classes_of
from twinserve.training.served.trees.nodes import LEAF, Ensemble, Sums, Tree, as_ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("LGBMClassifier", "LGBMRegressor")
_IDENTITY = {"regression", "regression_l1", "huber", "fair", "quantile", "mape"}
_LOG_LINKED = {"poisson", "gamma", "tweedie"}
# Bits of a node's decision type.
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_SHIFT, _MISSING_NONE, _MISSING_ZERO = 2, 0, 1
_WORD_BITS = 32
# Up to this margin 1 / (1 + exp(-margin)) is rounded to a half, which is class 0.
_HALF = 1.5 * 2.0**-53
# A number that is no further from 0 is read as 0.
_ZERO = float(np.float32(1e-35))


def read_lightgbm(fitted: Any) -> Ensemble:  # noqa: ANN401 - LightGBM's types are its own
    """The trees that the estimator predicts with.

    Raises:
        UnfitError: the booster, or its objective, is of a kind that is not read here.
    """
    # As many iterations as it predicts with, where it stopped early.
    best = fitted.best_iteration_ or -1
    head, *blocks = fitted.booster_.model_to_string(num_iteration=best).split("\nTree=")
    settings = _settings(head)
    if "average_output" in settings:
        raise UnfitError("LightGBM of the type rf, whose trees are averaged, is not read")
    objective, *arguments = settings["objective"].split()
    classes = classes_of(fitted)
    link = _link(objective, dict(argument.partition(":")[::2] for argument in arguments), classes)
    outputs = int(settings["num_tree_per_iteration"])
    return as_ensemble(
        [_tree(_settings(block.partition("\n\n")[0])) for block in blocks],
        Sums(
            features=fitted.n_features_in_,
            classes=classes,
            initial=np.zeros(outputs),
            margins=link != "identity",
            single=False,
            class_one=_HALF if outputs == 1 else 0.0,
        ),
    )


def _link(objective: str, arguments: dict[str, str], classes: int) -> str:
    if not classes and objective in _IDENTITY and "sqrt" not in arguments:
        return "identity"
    if not classes and objective in _LOG_LINKED:
        return "log"
    if classes and objective == "binary" and float(arguments["sigmoid"]) == 1:
        return "logistic"
    if classes and objective == "multiclass":
        return "softmax"
    raise UnfitError(f"LightGBM with the objective {objective} answers in a way not known here")


def _settings(block: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in block.splitlines() if line)


def _tree(block: dict[str, str]) -> Tree:
    if block.get("is_linear", "0") != "0":
        raise UnfitError("LightGBM with linear models in its leaves (linear_tree) is not read")
    leaves = _numbers(block["leaf_value"])
    inner = int(block["num_leaves"]) - 1
    feature = np.full(inner + len(leaves), LEAF, dtype=np.int64)
    threshold = np.zeros(len(feature))
    left, right = np.full((2, len(feature)), LEAF, dtype=np.int64)
    gap_left = np.zeros(len(feature), dtype=bool)
    sets = {}
    if inner:
        feature[:inner] = _numbers(block["split_feature"])
        threshold[:inner] = _numbers(block["threshold"])
        # Of a child that is a leaf, the leaf's number is turned round.
        for children, name in ((left, "left_child"), (right, "right_child")):
            given = _numbers(block[name]).astype(np.int64)
            children[:inner] = np.where(given < 0, inner + ~given, given)
        kinds = _numbers(block["decision_type"]).astype(np.int64)
        gap_left[:inner] = [
            _gap_left(kind, end) for kind, end in zip(kinds, threshold[:inner], strict=True)
        ]
        for node in np.flatnonzero(kinds & _CATEGORICAL).tolist():
            gap_left[node] = False
            sets[node] = _set(block, int(threshold[node]))
            threshold[node] = 0.0
        numeric = np.flatnonzero(kinds & _CATEGORICAL == 0)
        threshold[numeric] = beside_zero(threshold[numeric])
    value = np.concatenate([np.zeros(inner), leaves])[:, None]
    return Tree(feature, threshold, left, right, value, gap_left=gap_left, sets=sets)


def beside_zero(threshold: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The thresholds, none where LightGBM reads 0: with what it reads so, or under it all."""
    under = np.nextafter(-_ZERO, -np.inf)
    within = np.where(threshold < 0, under, _ZERO)
    moved: NDArray[np.float64] = np.where(np.abs(threshold) <= _ZERO, within, threshold)
    return moved


def _gap_left(kind: int, threshold: float) -> bool:
    missing = kind >> _MISSING_SHIFT & 3
    if missing == _MISSING_ZERO and not kind & _CATEGORICAL:
        raise UnfitError("LightGBM with zeros for gaps (zero_as_missing) is not read")
    # A gap where training had none is read as 0.
    return threshold >= 0 if missing == _MISSING_NONE else bool(kind & _DEFAULT_LEFT)


def _set(block: dict[str, str], number: int) -> tuple[int, ...]:
    ends = _numbers(block["cat_boundaries"]).astype(np.int64)
    words = block["cat_threshold"].split()[ends[number] : ends[number + 1]]
    return tuple(
        _WORD_BITS * place + bit
        for place, word in enumerate(map(int, words))
        for bit in range(_WORD_BITS)
        if word >> bit & 1
    )


def _numbers(text: str) -> "NDArray[np.float64]":
    return np.array([float(number) for number in text.split()])
