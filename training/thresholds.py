"""Rows that lie on, just under and just over each threshold of an ensemble, and reach it."""

from typing import TYPE_CHECKING

import numpy as np

from training.ensemble import LEAF, Ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

VARIANTS = 3


def threshold_rows(
    ensemble: Ensemble, observed: "NDArray[np.float64]", seed: int
) -> "Iterator[NDArray[np.float64]]":
    """For each tree, three rows a split, shape (VARIANTS * splits, features).

    Each begins as a seeded row of the table, is moved into the box of the splits above, so that it
    comes to the one in question, and is then put under, on and over that one's threshold. Under
    and over mean the next number that the ensemble can tell apart, float32 or float64.
    """
    draw = np.random.default_rng(seed)
    ends = [*ensemble.roots[1:].tolist(), len(ensemble.feature)]
    for root, end in zip(ensemble.roots.tolist(), ends, strict=True):
        splits = np.flatnonzero(ensemble.feature[root:end] != LEAF) + root
        if not splits.size:
            continue
        low, high = _boxes(ensemble, root, end)
        _, lowest = _neighbours(low[splits - root], single=ensemble.single)
        base = observed[draw.integers(len(observed), size=len(splits))]
        rows = np.minimum(np.maximum(base, lowest), high[splits - root])
        feature, threshold = ensemble.feature[splits], ensemble.threshold[splits]
        under, over = _neighbours(threshold, single=ensemble.single)
        made = np.repeat(rows, VARIANTS, axis=0)
        made[np.arange(len(made)), np.repeat(feature, VARIANTS)] = np.column_stack(
            [under, threshold, over]
        ).ravel()
        yield made


def _boxes(
    ensemble: Ensemble, root: int, end: int
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Of each node the range that comes to it: above ``low``, at most ``high``."""
    low = np.full((end - root, ensemble.features), -np.inf)
    high = np.full((end - root, ensemble.features), np.inf)
    compared = ensemble.compared
    level = np.zeros(1, dtype=np.int64)
    while level.size:
        inner = level[ensemble.feature[root + level] != LEAF]
        left = ensemble.following[root + inner] - root
        right = left + 1
        feature, threshold = ensemble.feature[root + inner], compared[root + inner]
        for child in (left, right):
            low[child], high[child] = low[inner], high[inner]
        high[left, feature] = np.minimum(high[left, feature], threshold)
        low[right, feature] = np.maximum(low[right, feature], threshold)
        level = np.concatenate([left, right])
    return low, high


def _neighbours(
    exact: "NDArray[np.float64]", *, single: bool
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """The next number below and above that the ensemble can tell apart; finite."""
    limit = float(np.finfo(np.float32).max)
    if not single:
        below, above = np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf)
    else:
        near = np.clip(exact, -limit, limit).astype(np.float32)
        with np.errstate(over="ignore"):
            below = np.where(near < exact, near, np.nextafter(near, np.float32(-np.inf)))
            above = np.where(near > exact, near, np.nextafter(near, np.float32(np.inf)))
    return np.clip(below, -limit, limit), np.clip(above, -limit, limit)
