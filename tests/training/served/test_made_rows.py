"""Rows that are made for the parity are rows that a request could give."""

from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.training.served.asked import FEATURES, fitted, table
from twinserve.config.card import Feature
from twinserve.training.served.preimages import estimator_thresholds
from twinserve.training.served.requests.drawn import random_rows
from twinserve.training.served.requests.midpoints import table_midpoints

CATEGORIES = ["island", "zone"]
ENCODED = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
KINDS = {
    "native": HistGradientBoostingClassifier(max_iter=20, random_state=1),
    "ordinal": make_pipeline(
        make_column_transformer(
            (OrdinalEncoder(**ENCODED), CATEGORIES),
            (SimpleImputer(strategy="most_frequent"), ["tame"]),
            remainder="passthrough",
        ),
        RandomForestClassifier(20, random_state=1),
    ),
    "scaled": make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
            (make_pipeline(SimpleImputer(), StandardScaler()), ["depth", "tame"]),
            remainder="passthrough",
        ),
        RandomForestClassifier(20, random_state=1),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_one_that_a_request_could_give(kind: str) -> None:
    """Nothing between true and false, nor between two categories; a gap only where one may be."""
    data = table()
    native = kind == "native"
    estimator: Any = KINDS[kind]
    if native:
        estimator.set_params(categorical_features="from_dtype")
    model = fitted(estimator, FEATURES, data.rows, data.kinds)
    thresholds = estimator_thresholds(model, data.rows, 1, columns=FEATURES)
    assert thresholds.asked > 100
    made = [
        *thresholds.rows(single=False),
        *table_midpoints(data.rows, 1, FEATURES).rows(single=False),
        random_rows(data.rows, 1, FEATURES),
    ]
    # A split on another column is reached with a gap here too.
    assert np.isnan(np.concatenate(made[:-2])).any()
    rows = np.concatenate(made)
    for place, one in enumerate(FEATURES):
        present = rows[~np.isnan(rows[:, place]), place]
        assert one.missing or len(present) == len(rows), one.name
        if one.type != "number":
            assert set(np.unique(present)) <= set(range(len(one.values) or 2)), one.name


def test_row_with_a_gap_that_comes_to_a_split_is_moved_to_a_number_of_the_table() -> None:
    """Not to the end of float32, which a scaler in front of the trees would take beyond it."""
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(200, 2))
    labels = rows.sum(axis=1) > 0
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=1))
    holed = np.where(draw.random(rows.shape) < 0.3, np.nan, rows)
    columns = [Feature(name, "", -9.0, 9.0, missing=True) for name in ("one", "two")]
    fit = model.fit(holed, labels)
    made = [*estimator_thresholds(fit, holed, 1, columns=columns).rows(single=False)]
    assert made
    assert np.nanmax(np.abs(np.concatenate(made))) < 100
