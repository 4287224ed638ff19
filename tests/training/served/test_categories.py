"""Categories, compiled: what encoders and histogram boosting make of each, known or not."""

from typing import Any

import pytest
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from tests.training.served.asked import FEATURES, asked_rows, cases, compared, fitted, table
from twinserve.training.estimator import UnfitError
from twinserve.training.served.program import read_program

NUMBERS, CATEGORIES = ["width", "depth"], ["island", "zone"]


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(9, random_state=1)


def encoded(encoder: Any, model: Any = None, **arguments: Any) -> Pipeline:  # noqa: ANN401 - scikit-learn has no types
    """A column transformer by name in front of a forest, or of another model."""
    transformer = make_column_transformer(
        (encoder, CATEGORIES), remainder="passthrough", **arguments
    )
    return make_pipeline(transformer, model or forest())


EXACT: dict[str, Any] = {
    "one-hot, unknown ignored": encoded(OneHotEncoder(handle_unknown="ignore")),
    "one-hot, unknown refused": encoded(OneHotEncoder()),
    "one-hot, first dropped": encoded(OneHotEncoder(drop="first", handle_unknown="ignore")),
    "one-hot, of two dropped": encoded(OneHotEncoder(drop="if_binary", sparse_output=False)),
    "one-hot, rare ones together": encoded(
        OneHotEncoder(min_frequency=0.1, handle_unknown="infrequent_if_exist")
    ),
    "one-hot, most categories": encoded(OneHotEncoder(max_categories=3, handle_unknown="ignore")),
    "ordinal": encoded(OrdinalEncoder()),
    "ordinal, unknown by a number": encoded(
        OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
        )
    ),
    "ordinal, unknown as a gap": encoded(
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    ),
    "by the target": encoded(TargetEncoder(random_state=1)),
    "filled, then one-hot, then scaled": encoded(
        make_pipeline(
            SimpleImputer(strategy="most_frequent", add_indicator=False),
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            StandardScaler(),
        )
    ),
    "filled with a word": make_pipeline(
        make_column_transformer(
            (
                make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), OrdinalEncoder()),
                ["island"],
            ),
            (SimpleImputer(strategy="most_frequent", add_indicator=True), ["zone"]),
            ("passthrough", NUMBERS),
            ("drop", ["tame"]),
        ),
        forest(),
    ),
    "nested": make_pipeline(
        make_column_transformer(
            (
                make_column_transformer(
                    (OneHotEncoder(handle_unknown="ignore"), ["island"]),
                    (OrdinalEncoder(encoded_missing_value=-1), ["zone"]),
                    remainder=SimpleImputer(),
                ),
                ["zone", "island", "depth"],
            ),
            ("passthrough", ["width"]),
            sparse_threshold=0,
        ),
        VarianceThreshold(),
        SelectKBest(k=4),
        forest(),
    ),
    "weighed, pandas between": make_pipeline(
        ColumnTransformer(
            [
                ("hot", OneHotEncoder(sparse_output=False, handle_unknown="ignore"), CATEGORIES),
                ("scaled", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ],
            transformer_weights={"hot": 0.3, "scaled": 1.7},
        ).set_output(transform="pandas"),
        forest(),
    ),
    "numbers that are taken for categories": make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", max_categories=9), ["width", "depth", "tame"]),
            (
                OrdinalEncoder(
                    handle_unknown="use_encoded_value",
                    unknown_value=-1,
                    encoded_missing_value=-5,
                ),
                ["depth", "island"],
            ),
        ),
        forest(),
    ),
    "codes through a function": encoded(
        make_pipeline(OrdinalEncoder(), FunctionTransformer(), StandardScaler())
    ),
    "categories that are whole numbers": make_pipeline(
        make_column_transformer(("passthrough", ["width", "zone"])), forest()
    ),
}


@pytest.mark.parametrize(
    "name",
    cases(
        EXACT,
        "one-hot, unknown ignored",
        "one-hot, rare ones together",
        "ordinal, unknown by a number",
        "nested",
        "numbers that are taken for categories",
    ),
)
def test_trees_behind_encoders_answer_to_the_last_bit(name: str) -> None:
    """Each category, unknown ones where the encoder takes them, and gaps."""
    data = table()
    assert compared(EXACT[name], FEATURES, data.rows, data.kinds).off == 0


def test_linear_models_behind_encoders() -> None:
    """Within 1e-12, classifier and regressor."""
    data = table()
    front = SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    hot = make_column_transformer(
        (make_pipeline(*front), CATEGORIES),
        remainder=make_pipeline(SimpleImputer(), StandardScaler()),
    )
    classifier = make_pipeline(hot, LogisticRegression())
    assert compared(classifier, FEATURES, data.rows, data.kinds).off <= 1e-12
    assert compared(make_pipeline(hot, Ridge()), FEATURES, data.rows, data.numbers).off <= 1e-12


@pytest.mark.parametrize("chosen", ["from_dtype", ["zone", "tame"]])
def test_histograms_split_by_categories(chosen: object) -> None:
    """Natively, by the type of a column or by name; what is unknown goes where a gap goes."""
    features = FEATURES if chosen == "from_dtype" else [FEATURES[0], *FEATURES[3:]]
    data = table(features)
    arguments = {"categorical_features": chosen, "max_iter": 15, "min_samples_leaf": 5}
    classifier = HistGradientBoostingClassifier(**arguments)
    found = compared(classifier, features, data.rows, data.kinds)
    assert found.off <= 1e-12
    assert (found.served == found.expected).all()
    regressor = HistGradientBoostingRegressor(**arguments)
    found = compared(regressor, features, data.rows, data.numbers)
    assert found.program.body.sets  # type: ignore[union-attr]
    assert found.off == 0


def test_rows_that_are_asked_have_what_they_are_to_have() -> None:
    """Otherwise the tests here would pass by asking nothing."""
    rows = asked_rows(FEATURES, table().rows, [2, 3])
    for place in (2, 3):
        assert (rows[:, place] == -1).sum() > 100
    assert set(rows[:, 2]) == {-1, 0, 1, 2, 3}


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (encoded(OneHotEncoder(), None), "refuses island = 'rare', which no row"),
        (
            make_pipeline(make_column_transformer((OrdinalEncoder(), ["width"])), forest()),
            "OrdinalEncoder reads numbers as categories and refuses others",
        ),
    ],
)
def test_what_an_encoder_refuses_is_told(estimator: Any, reason: str) -> None:  # noqa: ANN401 - scikit-learn has no types
    """A category that the card names must have an answer; a number that is new must too."""
    data = table()
    seen = data.rows[:, 2] != 3
    model = fitted(estimator, FEATURES, data.rows[seen], data.kinds[seen])
    with pytest.raises(UnfitError, match=reason):
        read_program(model, FEATURES, data.rows.tolist())
