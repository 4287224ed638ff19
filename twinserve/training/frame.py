"""Which estimators read a table's columns by name; what they then read of encoded rows."""

from twinserve.inference.runtimes.frame import Column, Value, estimator_input

__all__ = ["Column", "Value", "estimator_input", "guesses_unknown", "names_columns", "reads_names"]


def names_columns(estimator: object) -> bool:
    """Whether a ColumnTransformer anywhere in the estimator calls columns by name."""
    from sklearn.compose import ColumnTransformer

    get_params = getattr(estimator, "get_params", None)
    parts = [] if get_params is None else [estimator, *get_params(deep=True).values()]
    return any(
        isinstance(column, str)
        for part in parts
        if isinstance(part, ColumnTransformer)
        for _, _, columns in part.transformers
        for column in ([columns] if isinstance(columns, str) else columns)
    )


def reads_names(fitted: object) -> bool:
    """Whether a fitted estimator has learnt columns by name, so that it reads a DataFrame."""
    return hasattr(fitted, "feature_names_in_")


def guesses_unknown(estimator: object) -> bool:
    """Whether a category that is new to the estimator is answered as if it were some other one.

    XGBoost does so for what it reads as categories itself: by the place of the text in their order.
    """
    get_params = getattr(estimator, "get_params", None)
    parts = [] if get_params is None else [estimator, *get_params(deep=True).values()]
    return any(
        type(part).__module__.partition(".")[0] == "xgboost"
        and bool(getattr(part, "enable_categorical", False))
        for part in parts
    )
