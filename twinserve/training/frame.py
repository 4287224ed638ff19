"""Which estimators read a table's columns by name; what they then read of encoded rows."""

from typing import Any

from twinserve.inference.runtimes.frame import (
    Column,
    Value,
    estimator_input,
    fitted_parts,
    restore,
)

__all__ = [
    "Column",
    "Value",
    "estimator_input",
    "fitted_parts",
    "guesses_unknown",
    "names_columns",
    "reads_names",
    "restore",
]


# By these arguments CatBoost is told of columns that are no numbers.
_OWN_COLUMNS = ("cat_features", "text_features", "embedding_features")


def names_columns(estimator: object) -> bool:
    """Whether a ColumnTransformer anywhere in the estimator, or CatBoost, calls columns by name."""
    from sklearn.compose import ColumnTransformer

    parts = _parts(estimator)
    return any(map(_names_own, parts)) or any(
        isinstance(column, str)
        for part in parts
        if isinstance(part, ColumnTransformer)
        for _, _, columns in part.transformers
        for column in ([columns] if isinstance(columns, str) else columns)
    )


def _parts(estimator: object) -> list[Any]:
    """The estimator, and all that stands in its arguments."""
    get_params = getattr(estimator, "get_params", None)
    return [] if get_params is None else [estimator, *get_params(deep=True).values()]


def _names_own(part: Any) -> bool:  # noqa: ANN401 - of any library
    if type(part).__module__.partition(".")[0] != "catboost":
        return False
    given = part.get_params()
    return any(given.get(name) for name in _OWN_COLUMNS)


def reads_names(fitted: object) -> bool:
    """Whether a fitted estimator has learnt columns by name, so that it reads a DataFrame."""
    return hasattr(fitted, "feature_names_in_")


def guesses_unknown(estimator: object) -> bool:
    """Whether a category that is new to the estimator is answered as if it were some other one.

    XGBoost does so for what it reads as categories itself: by the place of the text in their order.
    """
    return any(
        type(part).__module__.partition(".")[0] == "xgboost"
        and bool(getattr(part, "enable_categorical", False))
        for part in _parts(estimator)
    )
