"""Drift as one number."""

import math

import pytest

from twinserve.config.drift import in_bins, stability_index


def test_index_is_the_sum_over_the_bins() -> None:
    """Worked by hand: half a value is added to each bin, so 30 and 9 are 30.5 and 9.5 of 40."""
    served, table = (30.5 / 40, 9.5 / 40), (0.5, 0.5)
    expected = sum((s - t) * math.log(s / t) for s, t in zip(served, table, strict=True))
    assert stability_index([30, 9], table) == pytest.approx(expected) == pytest.approx(0.306, 0.01)


def test_same_shares_are_no_drift_and_an_empty_bin_is_finite() -> None:
    """Nothing moved: nothing; all in one bin of ten: a large number, not an infinite one."""
    shares = [0.1] * 10
    assert stability_index([100] * 10, shares) == pytest.approx(0)
    assert 2 < stability_index([1000, *[0] * 9], shares) < 10


def test_bin_that_the_table_had_no_row_in_is_finite() -> None:
    """Gaps that were allowed and never came, say: none since is no drift, many are a large one."""
    shares = [0.5, 0.5, 0.0]
    assert stability_index([500, 500, 0], shares) == pytest.approx(0, abs=1e-6)
    assert 1 < stability_index([300, 300, 400], shares) < 10


def test_values_out_of_range_are_of_the_outermost_bins() -> None:
    """Below goes with the first bin, above with the last; a single bin takes both."""
    assert in_bins([1, 10, 20, 30, 4]) == [11, 20, 34]
    assert in_bins([1, 10, 4]) == [15]
