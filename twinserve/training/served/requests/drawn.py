"""Rows that are drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from twinserve.config.card import Feature
from twinserve.inference.typed import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANDOM_ROWS = 100_000
# How far random rows go beyond the observed range, on either side, as a part of it.
_MARGIN = 0.25
# The share of a column's random values that are gaps, and of those that are unknown categories.
_STRANGE = 0.1


def random_rows(
    observed: "NDArray[np.float64]", seed: int, columns: Sequence[Feature] = ()
) -> "NDArray[np.float64]":
    """Random rows in and around the observed range, shape (RANDOM_ROWS, features).

    Half put together observed values of each column, where the split points of trees lie; half
    are drawn evenly from the range and a margin beyond it, or from a category's values. Where a
    gap or an unknown category is allowed, a tenth of the values is one.
    """
    draw = np.random.default_rng(seed)
    half, width = RANDOM_ROWS // 2, observed.shape[1]
    mixed = observed[draw.integers(len(observed), size=(half, width)), np.arange(width)]
    low, high = np.nanmin(observed, axis=0), np.nanmax(observed, axis=0)
    # A column with one value only has no range; its own size stands in.
    span = np.where(high > low, high - low, np.maximum(np.abs(low), 1))
    limit = float(np.finfo(np.float32).max)
    around = draw.uniform(
        np.maximum(low - _MARGIN * span, -limit),
        np.minimum(high + _MARGIN * span, limit),
        size=(RANDOM_ROWS - half, width),
    )
    rows = np.concatenate([mixed, around])
    for place, column in enumerate(columns):
        if column.type in {"category", "boolean"}:
            kinds = len(column.values) or 2
            rows[half:, place] = draw.integers(kinds, size=len(around))
        if column.unknown:
            rows[draw.random(len(rows)) < _STRANGE, place] = UNKNOWN
        if column.missing:
            rows[draw.random(len(rows)) < _STRANGE, place] = np.nan
    return rows
