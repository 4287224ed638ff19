"""Rows that lie on, just under and just over each threshold of an ensemble, and reach it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinserve.training.served.ensemble import LEAF, NUMERIC, Ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

VARIANTS = 3


@dataclass(frozen=True, slots=True)
class Splits:
    """Splits of one tree.

    Attributes:
        rows: a row that comes to each split, shape (splits, features).
        feature: the column that each split asks, shape (splits,).
        threshold: shape (splits,).
    """

    rows: "NDArray[np.float64]"
    feature: "NDArray[np.int32]"
    threshold: "NDArray[np.float64]"


def threshold_rows(
    ensemble: Ensemble,
    observed: "NDArray[np.float64]",
    seed: int,
    chosen: "NDArray[np.int64] | None" = None,
) -> "Iterator[NDArray[np.float64]]":
    """For each tree, three rows a split, shape (VARIANTS * splits, features).

    Each row that comes to a split is put under, on and over the split's threshold. Under and over
    mean the next number that the ensemble can tell apart, float32 or float64.
    """
    for splits in reached_splits(ensemble, observed, seed, chosen):
        under, over = neighbours(splits.threshold, single=ensemble.single)
        made = np.repeat(splits.rows, VARIANTS, axis=0)
        made[np.arange(len(made)), np.repeat(splits.feature, VARIANTS)] = np.column_stack(
            [under, splits.threshold, over]
        ).ravel()
        yield made


def reached_splits(
    ensemble: Ensemble,
    observed: "NDArray[np.float64]",
    seed: int,
    chosen: "NDArray[np.int64] | None" = None,
) -> "Iterator[Splits]":
    """For each tree its splits, or those whose nodes are ``chosen``.

    Each row begins as a seeded row of the table and is moved into the box of the splits above, so
    that it comes to the split in question.
    """
    draw = np.random.default_rng(seed)
    ends = [*ensemble.roots[1:].tolist(), len(ensemble.feature)]
    wanted = numeric = numeric_splits(ensemble)
    if chosen is not None:
        wanted = np.zeros(len(numeric), dtype=bool)
        wanted[chosen] = True
    for root, end in zip(ensemble.roots.tolist(), ends, strict=True):
        splits = np.flatnonzero(wanted[root:end]) + root
        if not splits.size:
            continue
        own = np.where(numeric[root:end], ensemble.compared_within(root, end), np.nan)
        low, high = (bound[splits - root] for bound in _boxes(ensemble, root, own))
        _, lowest = neighbours(low, single=ensemble.single)
        base = observed[draw.integers(len(observed), size=len(splits))]
        # A gap goes its own way, so where the splits above ask for a number there must be one.
        # A bound of its splits: float32's own end is out of range once a step before has scaled it.
        free = np.isneginf(low) & np.isposinf(high)
        base = np.where(np.isnan(base) & ~free, np.where(np.isneginf(low), high, lowest), base)
        rows = np.minimum(np.maximum(base, lowest), high)
        if ensemble.sets:
            codes = 1 + np.nan_to_num(np.nanmax(observed, axis=0)).astype(np.int64)
            rows = _within_sets(ensemble, root, end, splits - root, rows, codes)
        yield Splits(rows, ensemble.feature[splits], ensemble.threshold[splits])


def numeric_splits(ensemble: Ensemble) -> "NDArray[np.bool_]":
    """Whether each node asks a number and has a threshold."""
    inner = ensemble.feature != LEAF
    numeric: NDArray[np.bool_] = (
        inner & (ensemble.members == NUMERIC) & ~np.isnan(ensemble.threshold)
    )
    return numeric


def _within_sets(
    ensemble: Ensemble,
    root: int,
    end: int,
    nodes: "NDArray[np.int64]",
    rows: "NDArray[np.float64]",
    codes: "NDArray[np.int64]",
) -> "NDArray[np.float64]":
    """The rows; a category that a split above would turn aside becomes the first that it wants.

    ``codes``: how many a column has.
    """
    asking = np.flatnonzero(ensemble.members[root:end] != NUMERIC)
    most = 1 + max(max(members, default=0) for members in ensemble.sets)
    rows = rows.copy()
    for column in np.unique(ensemble.feature[root + asking]).tolist():
        allowed = _allowed(ensemble, root, end, column, most)[nodes, : codes[column]]
        own = rows[:, column]
        known = np.where((own >= 0) & (own < allowed.shape[1]), own, 0).astype(np.int64)
        fits = allowed[np.arange(len(rows)), known] & (own == known)
        wanted = ~fits & allowed.any(axis=1) & ~allowed.all(axis=1)
        rows[wanted, column] = allowed.argmax(axis=1)[wanted]
    return rows


def _allowed(
    ensemble: Ensemble, root: int, end: int, column: int, most: int
) -> "NDArray[np.bool_]":
    """Which codes of a column come to each node, shape (nodes, codes)."""
    allowed = np.ones((end - root, most), dtype=bool)
    holds = np.zeros((len(ensemble.sets), most), dtype=bool)
    for place, codes in enumerate(ensemble.sets):
        holds[place, list(codes)] = True
    level = np.zeros(1, dtype=np.int64)
    while level.size:
        inner = level[ensemble.feature[root + level] != LEAF]
        left = ensemble.following[root + inner] - root
        allowed[left] = allowed[left + 1] = allowed[inner]
        places = ensemble.members[root + inner]
        asking = (ensemble.feature[root + inner] == column) & (places != NUMERIC)
        allowed[left[asking]] &= holds[places[asking]]
        allowed[left[asking] + 1] &= ~holds[places[asking]]
        level = np.concatenate([left, left + 1])
    return allowed


def _boxes(
    ensemble: Ensemble, root: int, compared: "NDArray[np.float64]"
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """The range that comes to each node of a tree: above ``low``, at most ``high``."""
    low = np.full((len(compared), ensemble.features), -np.inf)
    high = np.full((len(compared), ensemble.features), np.inf)
    level = np.zeros(1, dtype=np.int64)
    while level.size:
        inner = level[ensemble.feature[root + level] != LEAF]
        left = ensemble.following[root + inner] - root
        right = left + 1
        feature, threshold = ensemble.feature[root + inner], compared[inner]
        for child in (left, right):
            low[child], high[child] = low[inner], high[inner]
        high[left, feature] = np.fmin(high[left, feature], threshold)
        low[right, feature] = np.fmax(low[right, feature], threshold)
        level = np.concatenate([left, right])
    return low, high


def neighbours(
    exact: "NDArray[np.float64]", *, single: bool
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """The next number below and above in float32 or float64; within float32's range."""
    limit = float(np.finfo(np.float32).max)
    if not single:
        below, above = np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf)
    else:
        near = np.clip(exact, -limit, limit).astype(np.float32)
        with np.errstate(over="ignore"):
            below = np.where(near < exact, near, np.nextafter(near, np.float32(-np.inf)))
            above = np.where(near > exact, near, np.nextafter(near, np.float32(np.inf)))
    return np.clip(below, -limit, limit), np.clip(above, -limit, limit)
