"""What drift is measured against: of each feature, bins that hold about as many rows each."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from twinserve.config.card import Feature as Observed
from twinserve.config.errors import UserError
from twinserve.config.training import Feature

BINS = 10
# A category with no more values has a bin for each.
_MOST_BINS = 20


def reference_bins(column: Sequence[float]) -> tuple[list[float], list[float]]:
    """The edges between a column's bins, and the share of the rows in each bin.

    An edge is a value of the column and belongs to the bin under it. Values that occur often make
    fewer bins, of unequal shares: a column that never varies has one.
    """
    ordered = np.sort(np.asarray(column, dtype=np.float64), kind="stable")
    # The last row of each tenth.
    last = [-(-len(ordered) * number // BINS) - 1 for number in range(1, BINS)]
    edges = sorted({float(ordered[place]) for place in last} - {float(ordered[-1])})
    counts = np.bincount(np.searchsorted(edges, ordered), minlength=len(edges) + 1)
    return edges, [round(count / len(ordered), 6) for count in counts.tolist()]


def observed(feature: Feature, column: Sequence[Any]) -> Observed:
    """A feature as the card has it: its type, and the range and bins of its encoded values."""
    if feature.type == "text":
        return Observed(feature.name, feature.unit, 0.0, 0.0, type="text", missing=feature.missing)
    values = [value for value in column if value == value]  # noqa: PLR0124 - NaN is a gap
    if not values:
        raise UserError(
            f"column {feature.name}: found no value in any row; leave it out of data.features"
        )
    if feature.type == "category":
        low, high = 0.0, len(feature.values) - 1.0
    else:
        low, high = min(values), max(values)
    edges, shares = _bins(feature, values)
    if feature.missing:
        present = len(values) / len(column)
        shares = [round(share * present, 6) for share in shares] + [round(1 - present, 6)]
    return Observed(
        feature.name,
        feature.unit,
        low,
        high,
        edges,
        shares,
        type=feature.type,
        missing=feature.missing,
        values=tuple(feature.values),
    )


def _bins(feature: Feature, values: Sequence[float]) -> tuple[list[float], list[float]]:
    if feature.type != "category" or len(feature.values) > _MOST_BINS:
        return reference_bins(values)
    counts = Counter(values)
    places = range(len(feature.values))
    return [float(place) for place in places[:-1]], [
        round(counts[place] / len(values), 6) for place in places
    ]
