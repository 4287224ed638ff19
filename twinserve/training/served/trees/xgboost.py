"""XGBoost's trees, read from the JSON in which a booster keeps itself.

XGBoost compares and adds up in float32, so the object does. Its probabilities go through a float32
``exp``, for which the object's is the float64 one of Python.
"""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from twinserve.training.estimator import UnfitError
from twinserve.training.served.trees.forests import classes_of
from twinserve.training.served.trees.nodes import LEAF, Ensemble, Sums, Tree, as_ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("XGBClassifier", "XGBRFClassifier", "XGBRegressor", "XGBRFRegressor")
_IDENTITY = {
    "reg:squarederror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "reg:squaredlogerror",
}
_LOG_LINKED = {"count:poisson", "reg:gamma", "reg:tweedie"}
_SOFTMAX = {"multi:softprob", "multi:softmax"}
# Up to this margin the float32 probability is a half, which is class 0.
_HALF = 1.5 * 2.0**-24


def read_xgboost(fitted: Any) -> Ensemble:  # noqa: ANN401 - XGBoost's types are its own
    """The trees that the estimator predicts with.

    Raises:
        UnfitError: the booster, or its objective, is of a kind that is not read here.
    """
    booster = fitted.get_booster()
    end = fitted._get_iteration_range(None)[1]  # noqa: SLF001
    if end:
        booster = booster[:end]
    document = json.loads(booster.save_raw("json"))
    learner = document["learner"]
    kind = learner["gradient_booster"]["name"]
    if kind != "gbtree":
        raise UnfitError(f"XGBoost with the booster {kind}, not gbtree, is not read")
    classes = classes_of(fitted)
    link = _link(learner["objective"]["name"], classes)
    model = learner["gradient_booster"]["model"]
    outputs = max(1, int(learner["learner_model_param"]["num_class"]))
    # Trees of a round that belong to one class stand together only where there are several.
    order = np.arange(len(model["trees"]))
    if outputs > 1 and model["tree_info"] != (order % outputs).tolist():
        raise UnfitError("XGBoost with several trees a class and round is not read")
    return as_ensemble(
        [_tree(tree) for tree in model["trees"]],
        Sums(
            features=fitted.n_features_in_,
            classes=classes,
            initial=_initial(document, outputs),
            margins=link != "identity",
            single_sums=True,
            class_one=_HALF if outputs == 1 else 0.0,
        ),
    )


def _link(objective: str, classes: int) -> str:
    if not classes and objective in _IDENTITY:
        return "identity"
    if not classes and objective in _LOG_LINKED:
        return "log"
    if classes and objective == "binary:logistic":
        return "logistic"
    if classes and objective in _SOFTMAX:
        return "softmax"
    raise UnfitError(f"XGBoost with the objective {objective} answers in a way not known here")


def _initial(document: Any, outputs: int) -> "NDArray[np.float64]":  # noqa: ANN401 - JSON
    """What the sums begin with: what the booster itself gives where every leaf is 0."""
    import xgboost

    learner = document["learner"]
    model = learner["gradient_booster"]["model"]
    bare = {**model, "trees": [_without_leaves(tree) for tree in model["trees"]]}
    learner = {**learner, "gradient_booster": {**learner["gradient_booster"], "model": bare}}
    booster = xgboost.Booster()
    booster.load_model(bytearray(json.dumps({**document, "learner": learner}).encode()))
    width = int(learner["learner_model_param"]["num_feature"])
    row = xgboost.DMatrix(
        np.zeros((1, width), np.float32),
        feature_names=learner["feature_names"] or None,
        feature_types=learner["feature_types"] or None,
        enable_categorical=True,
    )
    margins: NDArray[np.float64] = booster.predict(row, output_margin=True).astype(np.float64)
    return margins.reshape(-1)[:outputs]


def _without_leaves(tree: Any) -> Any:  # noqa: ANN401 - JSON
    pairs = zip(tree["left_children"], tree["split_conditions"], strict=True)
    return {**tree, "split_conditions": [0.0 if left == LEAF else held for left, held in pairs]}


def _tree(tree: Any) -> Tree:  # noqa: ANN401 - JSON
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    leaf = left == LEAF
    held = np.array(tree["split_conditions"], dtype=np.float32)
    # A row goes left where it is less than the condition: at most the number before it.
    before = np.nextafter(held, np.float32(-np.inf)).astype(np.float64)
    gap_left = np.array(tree["default_left"], dtype=bool)
    sets = {}
    starts = zip(
        tree["categories_nodes"],
        tree["categories_segments"],
        tree["categories_sizes"],
        strict=True,
    )
    for node, start, size in starts:
        sets[node] = tuple(sorted(tree["categories"][start : start + size]))
        # The categories of a set go right; here they go left, so the children change places.
        left[node], right[node] = right[node], left[node]
        gap_left[node] = not gap_left[node]
    return Tree(
        np.where(leaf, LEAF, np.array(tree["split_indices"], dtype=np.int64)),
        np.where(leaf, 0.0, before),
        left,
        right,
        np.where(leaf, held.astype(np.float64), 0.0)[:, None],
        gap_left=gap_left,
        sets=sets,
    )
