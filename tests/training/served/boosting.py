"""XGBoost and LightGBM, compiled from their own dumps: the same sums, to the last bit."""

import warnings
from typing import Any

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier, XGBRegressor, XGBRFRegressor

from tests.training.served.asked import (
    FEATURES,
    NUMBERS,
    PLAIN,
    compared,
    fitted,
    table,
)
from twinserve.training.estimator import UnfitError
from twinserve.training.served.program import read_program

LGBM = {"n_estimators": 15, "min_child_samples": 5, "verbose": -1, "random_state": 1, "n_jobs": 1}
LGBM |= {"min_data_per_group": 5, "cat_smooth": 1}
XGB = {"n_estimators": 15, "random_state": 1, "n_jobs": 1}
KINDS: dict[str, tuple[Any, Any]] = {
    "lightgbm": (LGBMClassifier(**LGBM), LGBMRegressor(**LGBM)),
    "xgboost": (
        XGBClassifier(**XGB, enable_categorical=True),
        XGBRegressor(**XGB, enable_categorical=True),
    ),
}
NUMERIC = {"plain": PLAIN, "gaps": NUMBERS, "typed": FEATURES}


def hot(model: Any) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """One-hot categories and scaled numbers in front."""
    front = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["island", "zone"]),
        (StandardScaler(), ["width", "depth"]),
        remainder="passthrough",
        sparse_threshold=0,
    )
    return make_pipeline(front, model)


@pytest.mark.parametrize("features", NUMERIC.values(), ids=NUMERIC)
@pytest.mark.parametrize("library", KINDS)
def test_regression_is_the_same_sum(library: str, features: Any) -> None:  # noqa: ANN401 - features
    """With gaps, default directions and splits by category, each sum in the library's own order."""
    data = table(features)
    comparison = compared(clone(KINDS[library][1]), features, data.rows, data.numbers)
    assert comparison.program.exact
    assert bool(comparison.program.body.sets) == (features is FEATURES)  # type: ignore[union-attr]
    assert comparison.off == 0


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("features", NUMERIC.values(), ids=NUMERIC)
@pytest.mark.parametrize("library", KINDS)
def test_classes_are_equal_everywhere(library: str, features: Any, classes: int) -> None:  # noqa: ANN401 - features
    """Probabilities within 1e-12, of XGBoost, which makes them in float32, within 1e-6."""
    data = table(features, classes=classes)
    comparison = compared(clone(KINDS[library][0]), features, data.rows, data.kinds)
    assert (comparison.served == comparison.expected).all()
    assert comparison.off <= (1e-6 if library == "xgboost" else 1e-12)


@pytest.mark.parametrize("library", KINDS)
def test_behind_encoders(library: str) -> None:
    """The rows at the ensemble's input are scikit-learn's own."""
    data = table()
    model = clone(KINDS[library][1])
    assert compared(hot(model), FEATURES, data.rows, data.numbers).off == 0


@pytest.mark.parametrize(
    "estimator",
    [
        LGBMRegressor(**LGBM, objective="poisson"),
        LGBMRegressor(**LGBM, objective="quantile"),
        XGBRegressor(**XGB, objective="count:poisson"),
        XGBRegressor(**XGB, objective="reg:absoluteerror"),
        XGBRFRegressor(**XGB),
    ],
)
def test_losses(estimator: Any) -> None:  # noqa: ANN401 - an estimator
    """Log-linked ones within 1e-12, of XGBoost within 1e-6; others to the last bit."""
    data = table(NUMBERS)
    comparison = compared(estimator, NUMBERS, data.rows, np.abs(data.numbers) + 0.1)
    rounded = 1e-6 if comparison.program.single else 1e-12
    assert comparison.off <= (0 if comparison.program.exact else rounded)


def test_rounds_after_the_best_are_left_out() -> None:
    """Where training stopped early, as many trees answer as the estimator itself asks."""
    data = table(PLAIN)
    rows, held = data.rows[:180], data.rows[180:]
    labels, kept = data.kinds[:180], data.kinds[180:]
    xgboost = XGBClassifier(n_estimators=200, early_stopping_rounds=2, n_jobs=1)
    xgboost.fit(rows, labels, eval_set=[(held, kept)], verbose=False)
    trees = len(read_program(xgboost).body.roots)  # type: ignore[union-attr]
    assert trees == 3 * (xgboost.best_iteration + 1) < len(xgboost.get_booster().get_dump())


def test_what_is_nearly_zero_is_zero_to_lightgbm() -> None:
    """On either side of 0, as near as LightGBM tells numbers apart, and nearer."""
    data = table(PLAIN)
    rows = data.rows - np.quantile(data.rows, 0.4, axis=0)
    nearly = float(np.float32(1e-35))
    near = [-2 * nearly, -nearly, -1e-36, 0.0, 1e-36, nearly, 2 * nearly]
    rows[: len(near), 1] = near
    comparison = compared(LGBMRegressor(**LGBM), PLAIN, rows, rows.sum(axis=1))
    assert np.count_nonzero(np.abs(comparison.rows[:, 1]) <= nearly) >= 5
    assert comparison.off == 0


def test_labels_of_margins_that_are_nothing_in_float32() -> None:
    """A margin above 0 whose probability is rounded to a half is class 0, as XGBoost says."""
    rows = np.linspace(-1, 1, 400)[:, None]
    kinds = (np.arange(400) % 2 == 0).astype(int)
    model = XGBClassifier(n_estimators=3, max_depth=1, learning_rate=1e-7, base_score=0.5, n_jobs=1)
    features = (PLAIN[0],)
    comparison = compared(model, features, rows, kinds)
    assert (comparison.served == comparison.expected).all()


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (LGBMRegressor(**LGBM, linear_tree=True), "linear_tree"),
        (LGBMRegressor(**LGBM, zero_as_missing=True), "zero_as_missing"),
        (
            LGBMRegressor(**LGBM, boosting_type="rf", bagging_freq=1, bagging_fraction=0.5),
            "of the type rf",
        ),
        (LGBMClassifier(**LGBM, sigmoid=2.0), "the objective binary answers in a way"),
        (XGBRegressor(**XGB, booster="gblinear"), "with the booster gblinear"),
        (XGBClassifier(**XGB, num_parallel_tree=2), "several trees a class and round"),
        (XGBClassifier(**XGB, objective="binary:hinge"), "the objective binary:hinge"),
    ],
)
def test_what_is_not_read_says_why(estimator: Any, reason: str) -> None:  # noqa: ANN401 - an estimator
    """A part of a line, for whoever chooses the runtime."""
    classes = 2 if "binary" in reason else 3
    data = table(PLAIN, classes=classes)
    labels = data.kinds if hasattr(estimator, "predict_proba") else data.numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fitted(estimator, PLAIN, data.rows, labels)
    with pytest.raises(UnfitError, match=reason):
        read_program(model)
