"""Rows at the thresholds of trees that stand anywhere in an estimator, behind steps that are known.

What a tree compares behind a scaler is not what a request gives. The number at which it changes its
mind is found by asking the fitted steps themselves, so it holds to the last bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, StackingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from twinserve.config.card import Feature
from twinserve.training.estimator import Classifier, UnfitError
from twinserve.training.frame import reads_names
from twinserve.training.served.ensemble import Ensemble, read_ensemble
from twinserve.training.served.program import read_program
from twinserve.training.served.requests.order import number_at, order_of
from twinserve.training.served.requests.splits import requested_ensembles
from twinserve.training.served.requests.thresholds import (
    neighbours,
    numeric_splits,
    reached_splits,
    threshold_rows,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of all trees together; over it, a seeded sample.
MOST_THRESHOLDS = 20_000
# How far beyond the observed range a number is looked for, on either side, as a part of it.
_MARGIN = 0.25
# Each column by itself, and a larger number never to a smaller one.
_KNOWN_STEPS = (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SimpleImputer,
    StandardScaler,
)
_GROUPS = (AdaBoostClassifier, StackingClassifier, VotingClassifier)


@dataclass(frozen=True, slots=True)
class _Trees:
    """Trees, and the fitted steps that a row goes through before them.

    Attributes:
        requested: the trees are told in a request's own columns.
    """

    steps: tuple[Any, ...]
    ensemble: Ensemble
    chosen: "NDArray[np.int64] | None" = None
    requested: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Which thresholds of an estimator are compared.

    Attributes:
        total: in all of its trees.
        bound: how many there may be before only some of them are compared; 0 is no bound.
    """

    observed: "NDArray[np.float64]"
    trees: tuple[_Trees, ...]
    asked: int
    total: int
    bound: int
    seed: int

    def rows(self, *, single: bool) -> "Iterator[NDArray[np.float64]]":
        """Rows under, on and over each threshold that come to its split.

        Args:
            single: the runtime reads float32, so it cannot tell a float64 number from the next.
        """
        for tree in self.trees:
            if tree.requested:
                yield from _at_splits(tree, self.observed, self.seed, single=single)
            elif tree.steps:
                yield from _preimages(tree, self.observed, self.seed, single=single)
            else:
                yield from threshold_rows(tree.ensemble, self.observed, self.seed, tree.chosen)


def estimator_thresholds(
    estimator: Classifier,
    observed: "NDArray[np.float64]",
    seed: int,
    bound: int = MOST_THRESHOLDS,
    columns: Sequence[Feature] = (),
) -> Thresholds:
    """All thresholds of the trees in an estimator; over the bound, a seeded sample of them."""
    plain = all(column.plain for column in columns) and not reads_names(estimator)
    trees = list(_trees(estimator, ()) if plain else _of_request(estimator, observed, columns))
    splits = [np.flatnonzero(numeric_splits(tree.ensemble)) for tree in trees]
    count = sum(map(len, splits))
    if not bound or count <= bound:
        return Thresholds(observed, tuple(trees), count, count, bound, seed)
    drawn = np.sort(np.random.default_rng(seed).choice(count, bound, replace=False))
    ends = np.cumsum([len(split) for split in splits])
    chosen = []
    for tree, nodes, end in zip(trees, splits, ends.tolist(), strict=True):
        own = drawn[(drawn >= end - len(nodes)) & (drawn < end)] - (end - len(nodes))
        chosen.append(replace(tree, chosen=nodes[own]))
    return Thresholds(observed, tuple(chosen), bound, count, bound, seed)


def _trees(estimator: Any, steps: tuple[Any, ...]) -> Iterator[_Trees]:  # noqa: ANN401 - scikit-learn has no types
    """The trees in an estimator that are reached through nothing but known steps."""
    if type(estimator) is Pipeline:
        *before, (_, last) = estimator.steps
        own = [step for _, step in before if step is not None and step != "passthrough"]
        if all(type(step) in _KNOWN_STEPS for step in own):
            yield from _trees(last, (*steps, *own))
        return
    try:
        yield _Trees(steps, read_ensemble(estimator))
    except UnfitError:
        for member in _members(estimator):
            yield from _trees(member, steps)


def _of_request(
    estimator: Classifier, observed: "NDArray[np.float64]", columns: Sequence[Feature]
) -> Iterator[_Trees]:
    """The trees of an estimator that reads columns of other kinds than numbers, or by name."""
    try:
        program = read_program(estimator, columns, observed.tolist())
    except UnfitError:
        return
    booleans = [place for place, column in enumerate(columns) if column.type == "boolean"]
    for ensemble in requested_ensembles(program, *_reach(observed), booleans):
        yield _Trees((), ensemble, requested=True)


def _at_splits(
    trees: _Trees, observed: "NDArray[np.float64]", seed: int, *, single: bool
) -> "Iterator[NDArray[np.float64]]":
    """For each tree the last number of a request that goes left at each split, and those beside."""
    for splits in reached_splits(trees.ensemble, observed, seed, trees.chosen):
        values = [splits.threshold, *neighbours(splits.threshold, single=True)]
        if not single:
            values += neighbours(splits.threshold, single=False)
        made = np.repeat(splits.rows, len(values), axis=0)
        places = np.repeat(splits.feature, len(values))
        made[np.arange(len(made)), places] = np.column_stack(values).ravel()
        yield made


def _members(estimator: Any) -> Iterable[Any]:  # noqa: ANN401 - likewise
    if type(estimator) in _GROUPS:
        return list(estimator.estimators_)
    if type(estimator) is CalibratedClassifierCV:
        return [calibrated.estimator for calibrated in estimator.calibrated_classifiers_]
    return ()


def _preimages(
    trees: _Trees, observed: "NDArray[np.float64]", seed: int, *, single: bool
) -> "Iterator[NDArray[np.float64]]":
    """For each tree the last row that goes left at each split, and the row's neighbours."""
    low, high = _reach(observed)
    transformed = _through(trees.steps, observed)
    for splits in reached_splits(trees.ensemble, transformed, seed, trees.chosen):
        places = np.arange(len(splits.rows))
        targets = splits.rows.copy()
        targets[places, splits.feature] = splits.threshold
        last, exists = _last_not_above(trees, targets, low, high)
        existing = np.flatnonzero(exists[places, splits.feature])
        feature = splits.feature[existing]
        left = last[existing, feature]
        values = [left, *neighbours(left, single=True)]
        if not single:
            values += neighbours(left, single=False)
        made = np.repeat(last[existing], len(values), axis=0)
        made[np.arange(len(made)), np.repeat(feature, len(values))] = np.column_stack(
            values
        ).ravel()
        yield made


def _last_not_above(
    trees: _Trees,
    targets: "NDArray[np.float64]",
    low: "NDArray[np.float64]",
    high: "NDArray[np.float64]",
) -> "tuple[NDArray[np.float64], NDArray[np.bool_]]":
    """The largest number whose image is at most the target, and whether there is one.

    Halves the range of float64's own order, so it ends at two neighbours. Where the target lies
    outside of what the range is mapped to, the end of the range stands.
    """

    def not_above(values: "NDArray[np.float64]") -> "NDArray[np.bool_]":
        image = _through(trees.steps, values)
        if trees.ensemble.single:
            with np.errstate(over="ignore"):
                image = image.astype(np.float32).astype(np.float64)
        return image <= targets

    under = order_of(np.broadcast_to(low, targets.shape))
    over = order_of(np.broadcast_to(high, targets.shape))
    exists = not_above(number_at(under)) & ~not_above(number_at(over))
    # Neither their sum nor their difference would always fit.
    while (under + 1 < over).any():
        middle = (under >> 1) + (over >> 1) + (under & over & 1)
        left = not_above(number_at(middle))
        under, over = np.where(left, middle, under), np.where(left, over, middle)
    return number_at(under), exists


def _reach(observed: "NDArray[np.float64]") -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """The range of each column, and a margin beyond it; within a quarter of float32's range."""
    limit = float(np.finfo(np.float32).max) / 4
    low, high = np.nanmin(observed, axis=0), np.nanmax(observed, axis=0)
    span = np.where(high > low, high - low, np.maximum(np.abs(low), 1))
    return (
        np.minimum(low, np.maximum(low - _MARGIN * span, -limit)),
        np.maximum(high, np.minimum(high + _MARGIN * span, limit)),
    )


def _through(steps: tuple[Any, ...], rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    # Some steps may be told to write to what they are given.
    rows = rows.copy()
    for step in steps:
        rows = step.transform(rows)
    return np.asarray(rows, dtype=np.float64)
