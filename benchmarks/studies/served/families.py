"""The estimators that are tried, small ones of each family."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Arguments = Mapping[str, Any]


class Family(NamedTuple):
    """Import paths of its classifier and regressor, empty where it has none; their arguments."""

    classifier: str
    regressor: str
    arguments: Arguments


def _pair(before: str, **arguments: Any) -> Family:  # noqa: ANN401 - scikit-learn's
    return Family(f"{before}Classifier", f"{before}Regressor", arguments)


_FEW = {"n_estimators": 10}
_TREE = "sklearn.tree.DecisionTree"
_LINEAR = "sklearn.linear_model"
_STACKED = [
    ["tree", {"import_path": f"{_TREE}{{}}", "arguments": {"max_depth": 3}}],
    ["near", {"import_path": "sklearn.neighbors.KNeighbors{}"}],
]
_VOTING = [_STACKED[0], ["forest", {"import_path": "sklearn.ensemble.RandomForest{}"}]]
FAMILIES: Mapping[str, Family] = {
    "decision tree": _pair(_TREE),
    "random forest": _pair("sklearn.ensemble.RandomForest", **_FEW),
    "extra trees": _pair("sklearn.ensemble.ExtraTrees", **_FEW),
    "gradient boosting": _pair("sklearn.ensemble.GradientBoosting", **_FEW),
    "histogram boosting": _pair("sklearn.ensemble.HistGradientBoosting", max_iter=10),
    "AdaBoost": _pair("sklearn.ensemble.AdaBoost", **_FEW),
    "Bagging of trees": _pair("sklearn.ensemble.Bagging", **_FEW),
    "XGBoost": Family("xgboost.XGBClassifier", "xgboost.XGBRegressor", _FEW),
    "LightGBM": Family(
        "lightgbm.LGBMClassifier", "lightgbm.LGBMRegressor", {**_FEW, "verbose": -1}
    ),
    "CatBoost": _pair("catboost.CatBoost", **_FEW),
    "logistic, ridge": Family(f"{_LINEAR}.LogisticRegression", f"{_LINEAR}.Ridge", {}),
    "linear support vectors": Family("sklearn.svm.LinearSVC", "sklearn.svm.LinearSVR", {}),
    "support vectors": Family("sklearn.svm.SVC", "sklearn.svm.SVR", {}),
    "neighbours": _pair("sklearn.neighbors.KNeighbors"),
    "neural network": _pair("sklearn.neural_network.MLP", hidden_layer_sizes=[8]),
    "Gaussian process": _pair("sklearn.gaussian_process.GaussianProcess"),
    "naive Bayes": Family("sklearn.naive_bayes.GaussianNB", "", {}),
    "Voting of trees and forest": _pair("sklearn.ensemble.Voting", estimators=_VOTING),
    "Stacking of tree and neighbours": _pair("sklearn.ensemble.Stacking", estimators=_STACKED),
}


def estimator(family: Family, *, regression: bool) -> dict[str, Any] | None:
    """The section of params.yaml; None where the family has no estimator for the task."""
    path = family.regressor if regression else family.classifier
    if not path:
        return None
    name = "Regressor" if regression else "Classifier"
    return {"import_path": path, "arguments": _filled(dict(family.arguments), name)}


def _filled(value: Any, name: str) -> Any:  # noqa: ANN401 - YAML's
    """The same, members of the task's own kind."""
    match value:
        case str():
            return value.replace("{}", name)
        case dict():
            return {key: _filled(item, name) for key, item in value.items()}
        case list():
            return [_filled(item, name) for item in value]
    return value
