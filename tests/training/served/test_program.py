"""Steps in front of a model and linear, bagged and adaptive models, compiled."""

import platform
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from tests.training.served.test_compilation import fitting
from twinserve.inference.runtimes import compiled
from twinserve.training.estimator import UnfitError
from twinserve.training.served.compilation import compile_object
from twinserve.training.served.program import read_program
from twinserve.training.served.source import write_source

SETS = {"two classes": load_breast_cancer, "three classes": load_iris}


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(20, random_state=1)


EXACT: dict[str, Callable[[], Any]] = {
    "scaled forest": lambda: make_pipeline(StandardScaler(), forest()),
    "scale alone": lambda: make_pipeline(StandardScaler(with_mean=False), forest()),
    "clipped tree": lambda: make_pipeline(
        MinMaxScaler(clip=True), DecisionTreeClassifier(random_state=1)
    ),
    "scaled twice": lambda: make_pipeline(MaxAbsScaler(clip=True), RobustScaler(), forest()),
    "selected columns": lambda: make_pipeline(VarianceThreshold(), SelectKBest(k=2), forest()),
    "nothing to fill": lambda: make_pipeline(SimpleImputer(), FunctionTransformer(), forest()),
    "by columns": lambda: make_pipeline(
        ColumnTransformer(
            [
                ("scaled", StandardScaler(), [2, 0]),
                ("twice", make_pipeline(MinMaxScaler(), RobustScaler()), slice(1, 3)),
                ("gone", "drop", [0]),
            ],
            remainder="passthrough",
            transformer_weights={"scaled": 0.3},
        ),
        forest(),
    ),
    "united": lambda: make_pipeline(
        FeatureUnion(
            [("one", StandardScaler()), ("two", "passthrough"), ("three", "drop")],
            transformer_weights={"one": 0.3},
        ),
        forest(),
    ),
    "bagged trees of some columns and rows": lambda: BaggingClassifier(
        n_estimators=20, max_features=0.5, max_samples=0.05, random_state=1
    ),
    "searched": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), forest()),
        {"randomforestclassifier__max_depth": [2, 4]},
        cv=2,
    ),
}
ROUNDED: dict[str, Callable[[], Any]] = {
    "scaled histograms": lambda: make_pipeline(
        RobustScaler(), HistGradientBoostingClassifier(max_iter=20, random_state=1)
    ),
    "adaptive boosting": lambda: AdaBoostClassifier(n_estimators=30, random_state=1),
    "adaptive boosting of deeper trees": lambda: make_pipeline(
        StandardScaler(),
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=10, random_state=1),
    ),
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "logistic regression, strength by folds": lambda: make_pipeline(
        StandardScaler(), LogisticRegressionCV(Cs=2, cv=2)
    ),
    "stochastic gradient descent": lambda: make_pipeline(
        StandardScaler(), SGDClassifier(loss="log_loss", random_state=1)
    ),
    "linear discriminant": LinearDiscriminantAnalysis,
}


def tried_rows(x: Any) -> Any:  # noqa: ANN401 - arrays
    """Rows of the table, mixed ones, and the midpoints of neighbouring values of each column."""
    draw = np.random.default_rng(1)
    mixed = x[draw.integers(len(x), size=(2000, x.shape[1])), np.arange(x.shape[1])]
    rows = [x, mixed]
    for column in range(x.shape[1]):
        values = np.unique(x[:, column])
        middle = values[:-1] / 2 + values[1:] / 2
        moved = x[draw.integers(len(x), size=len(middle))].copy()
        moved[:, column] = middle
        rows.append(moved)
    return np.concatenate(rows)


def answers(make: Callable[[], Any], name: str) -> tuple[Any, Any, Any, Any]:
    """Labels and probabilities of the object, then of the estimator."""
    x, y = SETS[name](return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = make().fit(x, y)
    rows = tried_rows(x)
    artifact = compile_object(write_source(read_program(estimator)), platform.machine())
    model = compiled.load(artifact, fitting(x.shape[1], len(set(y))))
    labels, probabilities = model.scores(rows.tolist())
    assert model.predict(rows[0].tolist()) == labels[0]
    return labels, np.array(probabilities), estimator.predict(rows), estimator.predict_proba(rows)


@pytest.mark.parametrize("make", EXACT.values(), ids=EXACT)
def test_trees_behind_steps_answer_to_the_last_bit(make: Callable[[], Any]) -> None:
    """What a tree compares is what scikit-learn's own step gives, in float64."""
    labels, probabilities, expected_labels, expected = answers(make, "three classes")
    assert (probabilities == expected).all()
    assert labels == expected_labels.tolist()


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("make", ROUNDED.values(), ids=ROUNDED)
def test_what_goes_through_exp_differs_in_the_last_bits_only(
    make: Callable[[], Any], name: str
) -> None:
    """Labels are equal on every row, probabilities within 1e-12."""
    labels, probabilities, expected_labels, expected = answers(make, name)
    assert np.abs(probabilities - expected).max() <= 1e-12
    assert labels == expected_labels.tolist()


def test_classes_that_are_all_unlikely_share_alike() -> None:
    """One class against the rest each, where every one of them is told to be impossible."""
    x, y = load_iris(return_X_y=True)
    estimator = SGDClassifier(loss="log_loss", random_state=1).fit(x, y)
    estimator.coef_[:], estimator.intercept_[:] = 0, -1e3
    artifact = compile_object(write_source(read_program(estimator)), platform.machine())
    _, probabilities = compiled.load(artifact, fitting(4, 3)).scores([x[0].tolist()])
    assert probabilities == estimator.predict_proba(x[:1]).tolist()


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (make_pipeline(PolynomialFeatures(), forest()), "the step PolynomialFeatures is not"),
        (BaggingClassifier(KNeighborsClassifier()), "KNeighborsClassifier is no tree ensemble"),
        (AdaBoostClassifier(LogisticRegression()), "AdaBoostClassifier of LogisticRegression"),
        (SGDClassifier(loss="modified_huber"), "with the loss modified_huber"),
    ],
)
def test_what_is_not_compiled_says_why(estimator: Any, reason: str) -> None:  # noqa: ANN401 - an estimator
    """A part of a line, for whoever chooses the runtime."""
    x, y = load_iris(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(x, y)
    with pytest.raises(UnfitError, match=reason):
        read_program(estimator)
