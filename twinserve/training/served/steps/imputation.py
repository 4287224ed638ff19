"""Imputers and indicators of gaps, as operations on single columns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from twinserve.training.estimator import UnfitError
from twinserve.training.served.columns import Column
from twinserve.training.served.steps.probe import Probe


def filled(step: Any, columns: Sequence[Column], _: Probe) -> list[Column]:  # noqa: ANN401 - scikit-learn has no types
    """Each column with its gaps filled, then the indicators."""
    made = []
    for column, fill in zip(columns, step.statistics_, strict=True):
        nothing = isinstance(fill, float) and np.isnan(fill)
        if nothing and not step.keep_empty_features:
            continue
        made.append(_filled(step, column, fill))
    return made + ([] if step.indicator_ is None else indicated(step.indicator_, columns, _))


def indicated(step: Any, columns: Sequence[Column], _: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    """For each column that may have a gap, 1 where there is one and 0 elsewhere."""
    gap = step.missing_values
    return [
        replace(_told(column, gap, "is gap", "is"), gaps=False)
        for column in (columns[place] for place in step.features_)
    ]


def _filled(step: Any, column: Column, value: Any) -> Column:  # noqa: ANN401 - likewise
    gap = step.missing_values
    if column.coded:
        return column
    if _is_nan(gap):
        return replace(column.then("fill", value), gaps=column.gaps and _is_nan(value))
    return _told(column, gap, "fill", "replace", value)


def _told(
    column: Column,
    gap: Any,  # noqa: ANN401 - whatever an imputer takes for a gap
    by_gap: str,
    by_number: str,
    *value: float,
) -> Column:
    """An operation on gaps, or on the number that stands for them."""
    if column.coded:
        return column
    if _is_nan(gap):
        return column.then(by_gap, *value)
    if isinstance(gap, int | float | np.number):
        return column.then(by_number, float(gap), *value)
    raise UnfitError(f"a step takes {gap!r} for a gap in a column of numbers")


def _is_nan(value: Any) -> bool:  # noqa: ANN401 - likewise
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
