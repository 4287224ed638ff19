"""Drift of one feature: how far what is served lies from the table, as one number."""

import math
from collections.abc import Sequence

_HALF = 0.5


def stability_index(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The population stability index of counted values against the reference's shares.

    Half a value is added to each bin, and a bin that no row of the table was in counts as half a
    value too, so that an empty one does not make it infinite. By custom, under 0.1 is no shift,
    over 0.25 a large one. Of n values that have not drifted at all it is about (bins - 1) / n: a
    few dozen say nothing.
    """
    total = sum(counts) + _HALF * len(counts)
    least = _HALF / total
    observed = [(count + _HALF) / total for count in counts]
    return sum(
        (share - other) * math.log(share / other)
        for share, other in zip(observed, (share or least for share in shares), strict=True)
    )


def in_bins(counts: Sequence[int], *, missing: bool = False) -> list[int]:
    """Counts of below, each bin, above, as those of the bins alone: the outermost ones are open.

    Of a feature that may be missing, the last count is of its gaps, which are a bin of their own.
    """
    gaps = [counts[-1]] if missing else []
    below, *bins, above = counts[:-1] if missing else counts
    bins[0] += below
    bins[-1] += above
    return [*bins, *gaps]
