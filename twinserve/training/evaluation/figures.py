"""The figures by which a model is judged, and the gates that they must pass."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

from twinserve.config.errors import UserError
from twinserve.config.training import Gates
from twinserve.training.estimator import Classifier, tells_probabilities
from twinserve.training.fitting.cores import side_by_side
from twinserve.training.prepared import Rows

_DIGITS = 6
_SHUFFLES = 10


@dataclass(frozen=True, slots=True)
class Importance:
    """How much accuracy, or R², is lost when a feature's column is shuffled: mean and spread."""

    feature: str
    importance: float
    spread: float


def held_out_figures(classifier: Classifier, rows: Rows, class_names: list[str]) -> dict[str, Any]:
    """Figures of the held-out rows, rounded."""
    numbers = list(range(len(class_names)))
    predicted = classifier.predict(rows.features)
    columns = precision_recall_fscore_support(
        rows.labels, predicted, labels=numbers, zero_division=0.0
    )
    loss = {}
    if tells_probabilities(classifier):
        probabilities = classifier.predict_proba(rows.features)
        loss["log_loss"] = _rounded(log_loss(rows.labels, probabilities, labels=numbers))
    return {
        "accuracy": _rounded(accuracy_score(rows.labels, predicted)),
        "macro_f1": _rounded(f1_score(rows.labels, predicted, labels=numbers, average="macro")),
        **loss,
        "classes": {
            name: {
                "precision": _rounded(precision),
                "recall": _rounded(recall),
                "f1": _rounded(f1),
                "support": int(support),
            }
            for name, precision, recall, f1, support in zip(class_names, *columns, strict=True)
        },
    }


def regression_figures(regressor: Classifier, rows: Rows) -> dict[str, Any]:
    """Figures of the held-out rows, rounded to as many digits as say something."""
    predicted = regressor.predict(rows.features)
    return {
        "r2": _rounded(r2_score(rows.labels, predicted)),
        "mae": _significant(mean_absolute_error(rows.labels, predicted)),
        "rmse": _significant(root_mean_squared_error(rows.labels, predicted)),
    }


def cross_validated_regression(
    regressor: Classifier, rows: Rows, folds: int, seed: int
) -> dict[str, Any]:
    """R² over shuffled folds: mean and standard deviation.

    Raises:
        UserError: there are fewer rows than two a fold.
    """
    if len(rows.labels) < 2 * folds:
        raise UserError(
            f"params.yaml: evaluation.folds: found {folds}, expected at most "
            f"{len(rows.labels) // 2}, half of the table's rows"
        )
    splitter = KFold(folds, shuffle=True, random_state=seed)
    scores = _scores(regressor, rows, splitter)
    return {"folds": folds, "r2_mean": _rounded(scores.mean()), "r2_std": _rounded(scores.std())}


def cross_validated(classifier: Classifier, rows: Rows, folds: int, seed: int) -> dict[str, Any]:
    """Accuracy over stratified, shuffled folds: mean and standard deviation.

    Raises:
        UserError: a class has fewer rows than there are folds.
    """
    fewest = int(np.bincount(rows.labels).min())
    if fewest < folds:
        raise UserError(
            f"params.yaml: evaluation.folds: found {folds}, expected at most {fewest}, "
            "the rows of the smallest class"
        )
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    scores = _scores(classifier, rows, splitter)
    return {
        "folds": folds,
        "accuracy_mean": _rounded(scores.mean()),
        "accuracy_std": _rounded(scores.std()),
    }


def _scores(estimator: Classifier, rows: Rows, splitter: Any) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """The score of each fold, by a copy that is trained on the other folds."""
    with side_by_side(estimator) as jobs:
        return cross_val_score(
            clone(estimator), rows.features, rows.labels, cv=splitter, n_jobs=jobs
        )


def importances(
    classifier: Classifier, rows: Rows, names: list[str], seed: int
) -> list[Importance]:
    """Permutation importance of each feature, which every classifier has; the largest first."""
    with side_by_side(classifier) as jobs:
        shuffled = permutation_importance(
            classifier,
            rows.features,
            rows.labels,
            n_repeats=_SHUFFLES,
            random_state=seed,
            n_jobs=jobs,
        )
    listed = [
        Importance(name, _rounded(mean), _rounded(spread))
        for name, mean, spread in zip(
            names, shuffled.importances_mean, shuffled.importances_std, strict=True
        )
    ]
    return sorted(listed, key=lambda feature: -feature.importance)


def broken_gates(figures: dict[str, Any], gates: Gates) -> list[str]:
    """A phrase for each gate that a figure of the held-out rows does not pass."""
    broken = []
    for gate, limit in gates.model_dump().items():
        side, _, name = gate.partition("_")
        if limit is not None and name not in figures:
            why = f"is no gate of a {task_of(figures)}"
            if name == "log_loss" and "accuracy" in figures:
                why = "asks for what it cannot tell: the estimator gives no probabilities"
            broken.append(f"evaluation.gates.{gate} {why}")
            continue
        figure = cast("float", figures.get(name, 0.0))
        if limit is not None and (figure < limit if side == "min" else figure > limit):
            word = "below" if side == "min" else "above"
            broken.append(f"{name} {figure:g} is {word} evaluation.gates.{gate} {limit:g}")
    return broken


def task_of(figures: dict[str, Any]) -> str:
    """What the figures are of."""
    return "regression" if "r2" in figures else "classification"


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)


def _significant(value: float) -> float:
    return float(f"{float(value):.{_DIGITS}g}")
