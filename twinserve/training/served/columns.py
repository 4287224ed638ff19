"""The steps in front of a model as arithmetic on one column each, as a compiler can take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import (
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from twinserve.training.estimator import UnfitError

_NOTHING = (None, "passthrough")


@dataclass(frozen=True, slots=True)
class Column:
    """A number that the model reads, made of one number of the request.

    Attributes:
        source: the request's column.
        operations: what is done to it, in this order, each rounded to float64: an operator of
            ``-``, ``/``, ``*``, ``+``, or ``max`` and ``min`` for the ends of a range.
    """

    source: int
    operations: tuple[tuple[str, float], ...] = ()

    def then(self, operator: str, operand: float) -> "Column":
        """The column with one operation more."""
        return replace(self, operations=(*self.operations, (operator, float(operand))))


def request_columns(width: int) -> tuple[Column, ...]:
    """The columns of a request as they come."""
    return tuple(map(Column, range(width)))


def transformed(step: Any, columns: Sequence[Column]) -> tuple[Column, ...]:  # noqa: ANN401 - scikit-learn has no types
    """The columns behind a fitted step.

    Raises:
        UnfitError: the step is of a kind that is not read here.
    """
    if step in _NOTHING:
        return tuple(columns)
    # A subclass may transform in a way of its own, so the type itself counts.
    read = _READERS.get(type(step))
    if read is None:
        raise UnfitError(f"the step {type(step).__name__} is not arithmetic on single columns")
    return tuple(read(step, columns))


def _standard(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    if step.with_mean:
        columns = _each(columns, "-", step.mean_)
    return _each(columns, "/", step.scale_) if step.with_std else list(columns)


def _robust(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    if step.with_centering:
        columns = _each(columns, "-", step.center_)
    return _each(columns, "/", step.scale_) if step.with_scaling else list(columns)


def _min_max(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    columns = _each(_each(columns, "*", step.scale_), "+", step.min_)
    return _clipped(columns, *step.feature_range) if step.clip else columns


def _max_abs(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    columns = _each(columns, "/", step.scale_)
    return _clipped(columns, -1.0, 1.0) if step.clip else columns


def _each(columns: Sequence[Column], operator: str, operands: Sequence[float]) -> list[Column]:
    return [column.then(operator, one) for column, one in zip(columns, operands, strict=True)]


def _clipped(columns: Sequence[Column], low: float, high: float) -> list[Column]:
    return [column.then("max", low).then("min", high) for column in columns]


def _imputed(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    # A request has no gaps, so an imputer that fills what is nan changes nothing.
    if step.add_indicator or not isinstance(step.missing_values, float):
        raise UnfitError("the step SimpleImputer fills more than gaps")
    kept = ~np.isnan(np.asarray(step.statistics_, dtype=np.float64))
    return [
        column for column, one in zip(columns, kept, strict=True) if one or step.keep_empty_features
    ]


def _selected(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    return [column for column, kept in zip(columns, step.get_support(), strict=True) if kept]


def _identity(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    if step.func is not None:
        raise UnfitError("the step FunctionTransformer runs Python")
    return list(columns)


def _in_turn(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    for _, inner in step.steps:
        columns = transformed(inner, columns)
    return list(columns)


def _united(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    united: list[Column] = []
    for name, inner in step.transformer_list:
        if inner == "drop":
            continue
        weight = (step.transformer_weights or {}).get(name)
        made = transformed(inner, columns)
        united += made if weight is None else [column.then("*", weight) for column in made]
    return united


def _by_columns(step: Any, columns: Sequence[Column]) -> list[Column]:  # noqa: ANN401 - likewise
    joined: list[Column] = []
    for name, inner, _ in step.transformers_:
        if inner == "drop":
            continue
        # The places that a slice, a mask or a list of numbers came to when the step was fitted.
        chosen = [columns[place] for place in step._transformer_to_input_indices[name]]  # noqa: SLF001
        weight = (step.transformer_weights or {}).get(name)
        made = transformed(inner, chosen)
        joined += made if weight is None else [column.then("*", weight) for column in made]
    return joined


_READERS: dict[type, Callable[[Any, Sequence[Column]], list[Column]]] = {
    ColumnTransformer: _by_columns,
    FeatureUnion: _united,
    FunctionTransformer: _identity,
    MaxAbsScaler: _max_abs,
    MinMaxScaler: _min_max,
    Pipeline: _in_turn,
    RobustScaler: _robust,
    SimpleImputer: _imputed,
    StandardScaler: _standard,
    **dict.fromkeys(
        (
            GenericUnivariateSelect,
            SelectFdr,
            SelectFpr,
            SelectFromModel,
            SelectFwe,
            SelectKBest,
            SelectPercentile,
            VarianceThreshold,
        ),
        _selected,
    ),
}
