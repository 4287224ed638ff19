"""Encoders of categories, as tables that the fitted encoder itself was asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from twinserve.training.estimator import UnfitError, first_line
from twinserve.training.served.columns import Column, Lookup
from twinserve.training.served.steps.probe import Probe, dense


def one_hot(step: Any, columns: Sequence[Column], before: Probe) -> list[Column]:  # noqa: ANN401 - scikit-learn has no types
    """A column for each category that is not dropped."""
    return _encoded(step, columns, before, step._n_features_outs)  # noqa: SLF001


def ordinal(step: Any, columns: Sequence[Column], before: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    """A number for each category."""
    return _encoded(step, columns, before, [1] * len(columns))


def target(step: Any, columns: Sequence[Column], before: Probe) -> list[Column]:  # noqa: ANN401 - likewise
    """The mean of the target of each category, for several classes one of each."""
    several = len(step.classes_) if step.target_type_ == "multiclass" else 1
    return _encoded(step, columns, before, [several] * len(columns))


def _encoded(
    step: Any,  # noqa: ANN401 - likewise
    columns: Sequence[Column],
    before: Probe,
    widths: Sequence[int],
) -> list[Column]:
    made: list[Column] = []
    for place, (column, width) in enumerate(zip(columns, widths, strict=True)):
        if column.coded:
            made += [column] * width
        else:
            made += _by_number(step, column, before, place, (len(made), width))
    return made


def _by_number(
    step: Any,  # noqa: ANN401 - likewise
    column: Column,
    before: Probe,
    place: int,
    answered: tuple[int, int],
) -> list[Column]:
    """The columns made from one of numbers, which are taken for categories.

    Raises:
        UnfitError: the encoder refuses a number that training had not, or a gap.
    """
    keys = [
        float(category)
        for category in step.categories_[place]
        if category is not None and category == category  # noqa: PLR0124 - nan
    ]
    other = (max(keys) if keys else 0.0) + 1.0
    gap = [np.nan] if column.gaps else []
    try:
        codes = dense(step.transform(before.varied(place, [*keys, other, *gap])))
    except Exception as error:  # noqa: BLE001 - an encoder says what it likes
        raise UnfitError(
            f"the step {type(step).__name__} reads numbers as categories and refuses others "
            f"({first_line(error)})"
        ) from None
    first, width = answered
    made = []
    for values in np.asarray(codes, dtype=np.float64)[:, first : first + width].T.tolist():
        *known, otherwise = values[: len(keys) + 1]
        told = [
            (key, value)
            for key, value in zip(keys, known, strict=True)
            if not (value == otherwise or (value != value and otherwise != otherwise))  # noqa: PLR0124 - nan
        ]
        table = Lookup(
            tuple(key for key, _ in told),
            tuple(value for _, value in told),
            otherwise,
            values[-1] if gap else otherwise,
        )
        made.append(column.looked_up(table))
    return made
