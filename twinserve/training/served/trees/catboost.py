"""CatBoost's symmetric trees, read from the JSON in which it keeps a model.

It adds the leaves up in float64, tree by tree, and what it began with at the end.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinserve.training.estimator import UnfitError
from twinserve.training.served.trees.forests import classes_of
from twinserve.training.served.trees.nodes import LEAF, Ensemble, Sums, Tree, as_ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("CatBoostClassifier", "CatBoostRegressor")
_IDENTITY = {"RMSE", "MAE", "Quantile", "Huber", "LogCosh", "Expectile", "MAPE", "Lq"}
_LOG_LINKED = {"Poisson", "Tweedie"}
_BINARY = {"Logloss", "CrossEntropy"}
_GAP_RIGHT = "AsTrue"


def read_catboost(fitted: Any) -> Ensemble:  # noqa: ANN401 - CatBoost's types are its own
    """The trees that the estimator predicts with.

    Raises:
        UnfitError: the model, or its loss, is of a kind that is not read here.
    """
    if reason := own_columns(fitted):
        raise UnfitError(f"CatBoost with {reason} is not read")
    dump = _dump(fitted)
    scale, begun = dump["scale_and_bias"]
    if "oblivious_trees" not in dump or scale != 1:
        raise UnfitError("CatBoost with trees that are not symmetric (grow_policy) is not read")
    classes = classes_of(fitted)
    link = _link(dump["model_info"]["params"]["loss_function"]["type"], classes)
    outputs = classes if link == "softmax" else 1
    floats = dump["features_info"]["float_features"]
    places = {feature["feature_index"]: feature["flat_feature_index"] for feature in floats}
    right = {
        feature["feature_index"]
        for feature in floats
        if feature["nan_value_treatment"] == _GAP_RIGHT
    }
    trees = [_tree(tree, outputs, places, right) for tree in dump["oblivious_trees"]]
    return as_ensemble(
        [*trees, *_constant(begun, outputs)],
        Sums(
            features=fitted.n_features_in_,
            classes=classes,
            initial=np.zeros(outputs),
            margins=link != "identity",
        ),
    )


def own_columns(fitted: Any) -> str:  # noqa: ANN401 - likewise
    """The columns that are no numbers to it, as a part of a line; empty if there are none."""
    for argument, places in (
        ("cat_features", fitted.get_cat_feature_indices()),
        ("text_features", fitted.get_text_feature_indices()),
        ("embedding_features", fitted.get_embedding_feature_indices()),
    ):
        if places:
            names = ", ".join(str(fitted.feature_names_[place]) for place in places)
            return f"{argument} ({names})"
    return ""


def _dump(fitted: Any) -> Any:  # noqa: ANN401 - likewise
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.json")
        fitted.save_model(str(path), format="json")
        return json.loads(path.read_bytes())


def _link(loss: str, classes: int) -> str:
    if not classes and loss in _IDENTITY:
        return "identity"
    if not classes and loss in _LOG_LINKED:
        return "log"
    if classes and loss in _BINARY:
        return "logistic"
    if classes and loss == "MultiClass":
        return "softmax"
    raise UnfitError(f"CatBoost with the loss {loss} answers in a way not known here")


def _tree(one: Any, outputs: int, places: dict[int, int], right: set[int]) -> Tree:  # noqa: ANN401 - JSON
    """A tree whose every level asks a single question; of a leaf's number each answer is a bit."""
    # The first question is the lowest bit, so it stands at the bottom.
    splits = one["splits"][::-1]
    inner, depth = 2 ** len(splits) - 1, len(splits)
    asked = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    feature = np.full(2 * inner + 1, LEAF, dtype=np.int64)
    threshold, gap_left = np.zeros(len(feature)), np.zeros(len(feature), dtype=bool)
    left, children = np.full(len(feature), LEAF, dtype=np.int64), 2 * np.arange(inner) + 1
    left[:inner] = children
    if depth:
        columns = np.array([split["float_feature_index"] for split in splits])
        feature[:inner] = np.array([places[column] for column in columns.tolist()])[asked]
        # They are float32 numbers, written with as many digits as tell them apart.
        borders = np.array([split["border"] for split in splits], dtype=np.float32)
        threshold[:inner] = borders.astype(np.float64)[asked]
        gap_left[:inner] = ~np.isin(columns, [*right])[asked]
    values = np.zeros((len(feature), outputs))
    values[inner:] = np.array(one["leaf_values"], dtype=np.float64).reshape(-1, outputs)
    return Tree(
        feature, threshold, left, np.where(left == LEAF, LEAF, left + 1), values, gap_left=gap_left
    )


def _constant(begun: list[float], outputs: int) -> Iterator[Tree]:
    """A leaf that is added last, as CatBoost does with what it began with."""
    if not any(begun):
        return
    none: NDArray[np.int64] = np.full(1, LEAF, dtype=np.int64)
    values = np.array(begun, dtype=np.float64).reshape(1, outputs)
    yield Tree(none, np.zeros(1), none, none, values)
