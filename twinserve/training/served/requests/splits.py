"""A program's trees as if they read requests: each split moved in front of the steps.

What a tree compares behind a step is not what a request gives. The largest number of a request that
goes left is found by halving, through the same operations; a split on what a code has become is a
set of codes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twinserve.training.served.columns import Codes, Column, Lookup, Operation
from twinserve.training.served.ensemble import LEAF, NUMERIC, Ensemble
from twinserve.training.served.program import Mixture, Program
from twinserve.training.served.requests.order import number_at, order_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A larger number never becomes a smaller one, unless a factor is below 0.
_RISING = {"-", "/", "*", "+", "max", "min", "fill"}
_FACTORS = {"/", "*"}
_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "-": np.subtract,
    "+": np.add,
    "*": np.multiply,
    "/": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "fill": lambda numbers, value: np.where(np.isnan(numbers), value, numbers),
    "replace": lambda numbers, old, new: np.where(numbers == old, new, numbers),
    "is gap": lambda numbers: np.isnan(numbers).astype(np.float64),
    "is": lambda numbers, value: (numbers == value).astype(np.float64),
    "over": lambda numbers, value: (numbers > value).astype(np.float64),
    "abs": np.abs,
    "square": np.square,
    "sqrt": np.sqrt,
}


def requested_ensembles(
    program: Program,
    low: "NDArray[np.float64]",
    high: "NDArray[np.float64]",
    booleans: Collection[int] = (),
) -> Iterator[Ensemble]:
    """The trees of a program, in each part of it, in terms of a request's columns.

    A split without a place in the range from ``low`` to ``high`` of its column gets a threshold
    that is not a number. One on a column of the ``booleans`` is a set of 0 and 1: there is nothing
    between them that a request could give.
    """
    if isinstance(program.body, Mixture):
        for part in program.body.parts:
            yield from requested_ensembles(part, low, high, booleans)
    elif isinstance(program.body, Ensemble):
        yield _requested(program.body, program, low, high, booleans)


def _requested(
    ensemble: Ensemble,
    program: Program,
    low: "NDArray[np.float64]",
    high: "NDArray[np.float64]",
    booleans: Collection[int],
) -> Ensemble:
    feature = ensemble.feature.copy()
    threshold = ensemble.threshold.copy()
    members = np.full(len(feature), NUMERIC)
    sets: dict[tuple[int, ...], int] = {}
    compared = ensemble.compared
    for place, column in enumerate(program.columns):
        nodes = np.flatnonzero(ensemble.feature == place)
        if not nodes.size:
            continue
        feature[nodes] = column.source
        images = _images(column, booleans)
        if images is not None:
            for node in nodes.tolist():
                own = _codes_left(ensemble, node, compared[node], images)
                members[node] = sets.setdefault(own, len(sets))
            continue
        ends = low[column.source], high[column.source]
        targets, shared = np.unique(compared[nodes], return_inverse=True)
        greatest = _last_left(column, targets, *ends, single=ensemble.single)
        threshold[nodes] = np.where(ensemble.members[nodes] == NUMERIC, greatest[shared], np.nan)
    return replace(
        ensemble,
        features=program.features,
        feature=feature,
        threshold=np.where(feature == LEAF, 0.0, threshold),
        members=members,
        sets=tuple(sets),
        single=False,
    )


def _images(column: Column, booleans: Collection[int]) -> "NDArray[np.float64] | None":
    """What each code of a category, or either boolean, becomes; None of a number."""
    codes = column.operations[0] if column.operations else None
    if isinstance(codes, Codes):
        return np.array(codes.values)
    return _through(column.operations, np.array([0.0, 1.0])) if column.source in booleans else None


def _codes_left(
    ensemble: Ensemble, node: int, threshold: float, values: "NDArray[np.float64]"
) -> tuple[int, ...]:
    """Which codes go left at a node that asks what they have become."""
    if ensemble.single:
        values = values.astype(np.float32).astype(np.float64)
    if ensemble.members[node] == NUMERIC:
        left = values <= threshold
    else:
        held = ensemble.sets[ensemble.members[node]]
        left = np.isin(values, held)
    left = np.where(np.isnan(values), ensemble.gap_left[node], left)
    return tuple(np.flatnonzero(left).tolist())


def _last_left(
    column: Column, targets: "NDArray[np.float64]", low: float, high: float, *, single: bool
) -> "NDArray[np.float64]":
    """The largest number of a request that becomes at most the target, for each target."""
    if not _rises(column.operations):
        return np.full(len(targets), np.nan)

    def left(numbers: "NDArray[np.float64]") -> "NDArray[np.bool_]":
        image = _through(column.operations, numbers)
        if single:
            with np.errstate(over="ignore"):
                image = image.astype(np.float32).astype(np.float64)
        return image <= targets

    under, over = order_of(np.full(len(targets), low)), order_of(np.full(len(targets), high))
    exists = left(number_at(under)) & ~left(number_at(over))
    # Neither their sum nor their difference would always fit.
    while (under + 1 < over).any():
        middle = (under >> 1) + (over >> 1) + (under & over & 1)
        goes = left(number_at(middle))
        under, over = np.where(goes, middle, under), np.where(goes, over, middle)
    return np.where(exists, number_at(under), np.nan)


def _rises(operations: Sequence[Operation | Lookup | Codes]) -> bool:
    """Whether a larger number never becomes a smaller one."""
    for operation in operations:
        if isinstance(operation, Lookup | Codes):
            return False
        operator, *operands = operation
        if operator not in _RISING or (operator in _FACTORS and operands[0] <= 0):
            return False
    return True


def _through(
    operations: Sequence[Operation | Lookup | Codes], numbers: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """What numbers of a request become, none of which is a gap."""
    for operation in operations:
        if isinstance(operation, Lookup):
            known = dict(zip(operation.keys, operation.values, strict=True))
            translated = [known.get(number, operation.otherwise) for number in numbers.tolist()]
            numbers = np.where(np.isnan(numbers), operation.gap, translated)
        elif not isinstance(operation, Codes):
            operator, *operands = operation
            # As the object has them: what is not a number stays so, unless it is filled.
            numbers = _OPERATORS[operator](numbers, *operands)
    return numbers
