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
FAMILIES: Mapping[str, Family] = {
    "decision tree": _pair(_TREE),
    "random forest": _pair("sklearn.ensemble.RandomForest", **_FEW),
    "extra trees": _pair("sklearn.ensemble.ExtraTrees", **_FEW),
    "gradient boosting": _pair("sklearn.ensemble.GradientBoosting", **_FEW),
    "histogram boosting": _pair("sklearn.ensemble.HistGradientBoosting", max_iter=10),
    "AdaBoost": _pair("sklearn.ensemble.AdaBoost", **_FEW),
    "Bagging of trees": _pair("sklearn.ensemble.Bagging", **_FEW),
    "XGBoost": Family("xgboost.XGBClassifier", "xgboost.XGBRegressor", _FEW),
    "CatBoost": _pair("catboost.CatBoost", **_FEW),
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
