"""The bins that drift is measured in."""

from bisect import bisect_left

import pytest

from twinserve.training.reading.reference import BINS, reference_bins


def test_bins_of_distinct_values_hold_a_tenth_each() -> None:
    """Whatever order the rows come in."""
    column = [number * 7 % 200 / 3 for number in range(200)]
    edges, shares = reference_bins(column)
    assert len(edges) == BINS - 1
    assert shares == [0.1] * BINS


@pytest.mark.parametrize(
    "column",
    [[1.0] * 50, [0.0] * 90 + [1.0] * 10, [0.0, 1.0], [3.0], [1.0, 1.0, 2.0, 3.0, 3.0, 3.0] * 9],
)
def test_values_that_occur_often_make_fewer_bins(column: list[float]) -> None:
    """No bin is empty, shares are those of the rows, and an edge belongs to the bin under it."""
    edges, shares = reference_bins(column)
    assert len(shares) == len(edges) + 1 == len(set(column))
    for place, share in enumerate(shares):
        rows = sum(bisect_left(edges, value) == place for value in column)
        assert share > 0
        assert share == pytest.approx(rows / len(column), abs=1e-6)
