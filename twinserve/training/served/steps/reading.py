"""The steps in front of a model as arithmetic and tables, as a compiler can take them."""

from collections.abc import Callable, Sequence
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
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import check_array

from twinserve.training.estimator import UnfitError
from twinserve.training.served.columns import Column, Operation, clipped, each
from twinserve.training.served.steps.encoders import one_hot, ordinal, target
from twinserve.training.served.steps.imputation import filled, indicated
from twinserve.training.served.steps.probe import Probe

Columns = Sequence[Column]

_NOTHING = (None, "passthrough")
# What is rounded alike by every library, since IEEE 754 says how.
_FUNCTIONS: dict[Any, Operation] = {
    np.abs: ("abs",),
    np.fabs: ("abs",),
    np.square: ("square",),
    np.sqrt: ("sqrt",),
    np.negative: ("*", -1.0),
}


def transformed(step: Any, columns: Columns, probe: Probe) -> tuple[tuple[Column, ...], Probe]:  # noqa: ANN401 - scikit-learn has no types
    """The columns, and the probe, behind a fitted step.

    Raises:
        UnfitError: the step is of a kind that is not read here.
    """
    if step in _NOTHING:
        return tuple(columns), probe
    # A subclass may transform in a way of its own, so the type itself counts.
    read = _READERS.get(type(step))
    if read is None:
        raise UnfitError(f"the step {type(step).__name__} is not arithmetic on single columns")
    return tuple(read(step, columns, probe)), probe.through(step)


def _standard(step: Any, columns: Columns, _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    if step.with_mean:
        columns = each(columns, "-", step.mean_)
    return each(columns, "/", step.scale_) if step.with_std else list(columns)


def _robust(step: Any, columns: Columns, _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    if step.with_centering:
        columns = each(columns, "-", step.center_)
    return each(columns, "/", step.scale_) if step.with_scaling else list(columns)


def _min_max(step: Any, columns: Columns, _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    columns = each(each(columns, "*", step.scale_), "+", step.min_)
    return clipped(columns, *step.feature_range) if step.clip else columns


def _max_abs(step: Any, columns: Columns, _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    columns = each(columns, "/", step.scale_)
    return clipped(columns, -1.0, 1.0) if step.clip else columns


def _binary(step: Any, columns: Columns, _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    return [column.then("over", step.threshold) for column in columns]


def _selected(step: Any, columns: Columns, _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    return [column for column, kept in zip(columns, step.get_support(), strict=True) if kept]


def _function(step: Any, columns: Columns, _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    # What histogram boosting has in front of its numbers checks them and gives them back.
    if step.func is None or getattr(step.func, "func", None) is check_array:
        return list(columns)
    operation = _FUNCTIONS.get(step.func) if not step.kw_args else None
    # Of categories a table is made; of numbers, only what every processor rounds alike.
    if operation is None and not (isinstance(step.func, np.ufunc) and _all_coded(columns)):
        name = getattr(step.func, "__name__", str(step.func))
        raise UnfitError(f"the step FunctionTransformer calls {name}, which is not compiled")
    return [column.then(*operation) if operation else column for column in columns]


def _all_coded(columns: Columns) -> bool:
    return all(column.coded for column in columns)


def _in_turn(step: Any, columns: Columns, probe: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    for _, inner in step.steps:
        columns, probe = transformed(inner, columns, probe)
    return list(columns)


def _united(step: Any, columns: Columns, probe: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    united: list[Column] = []
    for name, inner in step.transformer_list:
        if inner == "drop":
            continue
        weight = (step.transformer_weights or {}).get(name)
        made, _ = transformed(inner, columns, probe)
        united += made if weight is None else [column.then("*", weight) for column in made]
    return united


def _by_columns(step: Any, columns: Columns, probe: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    joined: list[Column] = []
    for name, inner, _ in step.transformers_:
        # The places that names, a slice, a mask or a list came to when the step was fitted.
        places = list(step._transformer_to_input_indices[name])  # noqa: SLF001
        if inner == "drop" or not places:
            continue
        weight = (step.transformer_weights or {}).get(name)
        made, _ = transformed(inner, [columns[place] for place in places], probe.chosen(places))
        joined += made if weight is None else [column.then("*", weight) for column in made]
    return joined


_READERS: dict[type, Callable[[Any, Columns, Probe], list[Column]]] = {
    Binarizer: _binary,
    ColumnTransformer: _by_columns,
    FeatureUnion: _united,
    FunctionTransformer: _function,
    MaxAbsScaler: _max_abs,
    MinMaxScaler: _min_max,
    MissingIndicator: indicated,
    OneHotEncoder: one_hot,
    OrdinalEncoder: ordinal,
    Pipeline: _in_turn,
    RobustScaler: _robust,
    SimpleImputer: filled,
    StandardScaler: _standard,
    TargetEncoder: target,
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
