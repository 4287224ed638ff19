"""Regressors, compiled: one number, the same sum or within a rounding of it."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.linear_model import (
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    PoissonRegressor,
    Ridge,
    SGDRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVR
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from tests.training.served.asked import PLAIN, cases, compared, fitted, table
from twinserve.training.estimator import UnfitError
from twinserve.training.served.program import read_program

EXACT: dict[str, Any] = {
    "tree": DecisionTreeRegressor(random_state=1),
    "extra tree": ExtraTreeRegressor(random_state=1),
    "tree of absolute errors": DecisionTreeRegressor(
        criterion="absolute_error", max_depth=4, random_state=1
    ),
    "forest": RandomForestRegressor(20, random_state=1),
    "extra trees": ExtraTreesRegressor(20, bootstrap=True, random_state=1),
    "scaled forest": make_pipeline(StandardScaler(), RandomForestRegressor(9, random_state=1)),
    "gradients": GradientBoostingRegressor(n_estimators=20, random_state=1),
    "gradients of a quantile": GradientBoostingRegressor(
        loss="quantile", n_estimators=9, random_state=1
    ),
    "gradients from zero": GradientBoostingRegressor(n_estimators=9, init="zero"),
    "histograms": HistGradientBoostingRegressor(max_iter=20),
    "histograms of absolute errors": HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=9
    ),
    "bagged trees": BaggingRegressor(n_estimators=9, max_features=0.5, random_state=1),
    "bagged gradients": BaggingRegressor(
        GradientBoostingRegressor(n_estimators=5), n_estimators=3, random_state=1
    ),
    "adaptive": AdaBoostRegressor(n_estimators=9, random_state=1),
}
ROUNDED: dict[str, Any] = {
    "histograms of counts": HistGradientBoostingRegressor(loss="poisson", max_iter=20),
    "histograms of a gamma": HistGradientBoostingRegressor(loss="gamma", max_iter=20),
    "linear": LinearRegression(),
    "ridge": make_pipeline(StandardScaler(), Ridge()),
    "lasso": Lasso(0.1),
    "elastic net": ElasticNet(0.1),
    "huber": HuberRegressor(),
    "descent": make_pipeline(StandardScaler(), SGDRegressor(random_state=1)),
    "support vectors": LinearSVR(random_state=1),
    "counts": PoissonRegressor(),
    "vote": VotingRegressor(
        [("ridge", Ridge()), ("tree", DecisionTreeRegressor(max_depth=3))], weights=[1, 3]
    ),
}


@pytest.mark.parametrize("name", cases(EXACT, "forest", "gradients", "histograms", "adaptive"))
def test_regressors_of_trees_answer_to_the_last_bit(name: str) -> None:
    """On the table, between its values, and one row at a time."""
    data = table(PLAIN)
    comparison = compared(EXACT[name], PLAIN, data.rows, data.numbers)
    assert comparison.program.exact
    assert comparison.off == 0


@pytest.mark.parametrize("name", cases(ROUNDED, "histograms of counts", "ridge", "vote"))
def test_sums_of_products_and_exp_differ_in_the_last_bits_only(name: str) -> None:
    """Within 1e-12 of the number."""
    data = table(PLAIN)
    comparison = compared(ROUNDED[name], PLAIN, data.rows, np.abs(data.numbers) + 0.1)
    assert not comparison.program.exact
    assert comparison.off <= 1e-12


@pytest.mark.parametrize("estimator", [DecisionTreeRegressor(), Ridge()])
def test_several_targets_are_not_compiled(estimator: Any) -> None:  # noqa: ANN401 - scikit-learn has no types
    """An answer is one number."""
    data = table(PLAIN)
    several = np.column_stack([data.numbers, data.numbers])
    with pytest.raises(UnfitError, match="predicts 2 targets, not one"):
        read_program(fitted(estimator, PLAIN, data.rows, several))
