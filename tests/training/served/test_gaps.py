"""Gaps, compiled: where a tree sends them, what an imputer puts in their place."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Binarizer, FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.training.served.asked import NUMBERS, cases, compared, table


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(9, random_state=1)


EXACT: dict[str, Any] = {
    "tree": DecisionTreeClassifier(random_state=1),
    "forest": forest(),
    "extra trees": ExtraTreesClassifier(9, random_state=1),
    "scaled forest": make_pipeline(StandardScaler(), forest()),
    "mean": make_pipeline(SimpleImputer(), forest()),
    "median and indicator": make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), forest()
    ),
    "most frequent": make_pipeline(SimpleImputer(strategy="most_frequent"), forest()),
    "constant": make_pipeline(SimpleImputer(strategy="constant", fill_value=-7.5), forest()),
    "a number for a gap": make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0.0),
        SimpleImputer(missing_values=0.0, strategy="median", add_indicator=True),
        forest(),
    ),
    "indicators beside the columns": make_pipeline(
        make_union(MissingIndicator(), SimpleImputer(), MinMaxScaler(clip=True)), forest()
    ),
    "arithmetic that each processor rounds alike": make_pipeline(
        SimpleImputer(),
        make_union(
            Binarizer(threshold=0.1),
            FunctionTransformer(np.square),
            make_pipeline(FunctionTransformer(np.abs), FunctionTransformer(np.sqrt)),
        ),
        forest(),
    ),
}


@pytest.mark.parametrize(
    "name", cases(EXACT, "forest", "median and indicator", "indicators beside the columns")
)
def test_gaps_go_where_the_estimator_sends_them(name: str) -> None:
    """To the last bit, with a gap in the table, in rows of the table that had none, and beside."""
    data = table(NUMBERS)
    assert compared(EXACT[name], NUMBERS, data.rows, data.kinds).off == 0


def test_gaps_in_a_column_that_had_none_in_training() -> None:
    """A forest has a direction there too."""
    data = table(NUMBERS)
    full = np.nan_to_num(data.rows)
    assert compared(forest(), NUMBERS, full, data.kinds).off == 0


@pytest.mark.parametrize("classes", [2, 3])
def test_histograms_learn_the_direction_of_a_gap(classes: int) -> None:
    """Labels are equal, probabilities within 1e-12."""
    data = table(NUMBERS, classes=classes)
    comparison = compared(
        HistGradientBoostingClassifier(max_iter=15), NUMBERS, data.rows, data.kinds
    )
    assert comparison.off <= 1e-12
    assert (comparison.served == comparison.expected).all()


def test_regressors_take_gaps_too() -> None:
    """Forests and histograms, to the last bit."""
    data = table(NUMBERS)
    for member in (RandomForestRegressor(9, random_state=1), HistGradientBoostingRegressor()):
        assert compared(member, NUMBERS, data.rows, data.numbers).off == 0


def test_filled_columns_of_a_linear_model() -> None:
    """Within 1e-12."""
    data = table(NUMBERS)
    pipeline = make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression())
    assert compared(pipeline, NUMBERS, data.rows, data.kinds).off <= 1e-12
