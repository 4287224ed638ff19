"""What drift is measured against: of each feature, bins that hold about as many rows each."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

BINS = 10


def reference_bins(column: Sequence[float]) -> tuple[list[float], list[float]]:
    """The edges between a column's bins, and the share of the rows in each bin.

    An edge is a value of the column and belongs to the bin under it. Values that occur often make
    fewer bins, of unequal shares: a column that never varies has one.
    """
    ordered = sorted(column)
    # The last row of each tenth.
    quantiles = {ordered[-(-len(ordered) * number // BINS) - 1] for number in range(1, BINS)}
    edges = sorted(quantiles - {ordered[-1]})
    counts = Counter(bisect_left(edges, value) for value in ordered)
    return edges, [round(counts[place] / len(ordered), 6) for place in range(len(edges) + 1)]
