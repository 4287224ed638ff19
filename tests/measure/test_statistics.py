"""Percentiles, ratios and the gate."""

import numpy as np
import pytest

from twinserve.measure.statistics import (
    BLOCK,
    Estimate,
    Outcome,
    estimate,
    estimate_series,
    estimates,
    judge_budget,
    paired_ratio,
    worst,
)


@pytest.mark.parametrize(("percentile", "value"), [(50, 50.5), (90, 90.1), (99, 99.01)])
def test_a_percentile_lies_in_its_interval(percentile: float, value: float) -> None:
    """Of 1 to 100, by linear interpolation."""
    measured = estimate(range(1, 101), percentile)
    assert measured.value == pytest.approx(value)
    assert 1 <= measured.low < measured.value <= measured.high <= 100


def test_the_same_samples_give_the_same_interval() -> None:
    """The resampling is seeded."""
    assert estimate([1, 5, 2, 8, 3]) == estimate([1, 5, 2, 8, 3])


@pytest.mark.parametrize("samples", [[3.0], [3.0, 3.0, 3.0]])
def test_equal_samples_have_an_interval_without_width(samples: list[float]) -> None:
    """No spread, no error: ties are no special case."""
    assert estimate(samples) == Estimate(3.0, 3.0, 3.0)


def test_no_sample_has_no_estimate() -> None:
    """An empty sample is a mistake of the caller."""
    with pytest.raises(ValueError, match="no samples"):
        estimate([])


def test_many_samples_at_once_have_the_estimates_of_each() -> None:
    """The simulation judges exactly as the gate does."""
    rows = np.random.default_rng(1).lognormal(size=(3, 25))
    intervals = estimates(rows)
    for place, row in enumerate(rows):
        low, high = intervals.lows[place], intervals.highs[place]
        assert Estimate(intervals.values[place], low, high) == estimate(list(row))


def test_what_comes_in_stretches_has_a_wider_interval() -> None:
    """Of 50 stretches, a third of them twice as slow, the median is known worse than of 1,000."""
    rng = np.random.default_rng(1)
    levels = np.where(rng.random(50) < 0.4, 2.0, 1.0).repeat(BLOCK)
    samples = list(levels * rng.lognormal(sigma=0.3, size=len(levels)))
    series, alone = estimate_series([samples]), estimate(samples)
    assert series.value == alone.value
    assert series.high - series.low > 1.5 * (alone.high - alone.low)


def test_short_series_is_taken_one_by_one() -> None:
    """Fewer than two stretches cannot be drawn from; what is left over of a run still counts."""
    assert estimate_series([[1.0, 2.0, 9.0]]) == estimate([1.0, 2.0, 9.0])
    runs = [[1.0] * BLOCK, [1.0] * BLOCK, [5.0] * (BLOCK - 1) + [5.0] * BLOCK]
    assert estimate_series(runs, 99).value == 5.0


def test_what_slows_both_halves_of_a_pair_cancels() -> None:
    """Rounds ten times slower than others give the same ratio."""
    ratio = paired_ratio([2, 20, 200], [1, 10, 100])
    assert ratio == Estimate(2.0, 2.0, 2.0)


def test_only_pairs_have_a_ratio() -> None:
    """A missing partner is a mistake of the caller."""
    with pytest.raises(ValueError, match="shorter"):
        paired_ratio([1, 2], [1])


@pytest.mark.parametrize(
    ("measured", "outcome"),
    [
        (Estimate(90, 80, 99), Outcome.KEPT),
        (Estimate(90, 80, 120), Outcome.KEPT),
        (Estimate(100, 100, 100), Outcome.KEPT),
        (Estimate(101, 99, 120), Outcome.WARNING),
        (Estimate(101, 100, 120), Outcome.WARNING),
        (Estimate(110, 101, 120), Outcome.BROKEN),
    ],
)
def test_a_budget_of_100_is_broken_only_by_a_whole_interval(
    measured: Estimate, outcome: Outcome
) -> None:
    """The middle alone warns."""
    assert judge_budget(measured, 100) is outcome


def test_worst_outcome_counts() -> None:
    """Whatever the order."""
    assert worst([Outcome.WARNING, Outcome.BROKEN, Outcome.KEPT]) is Outcome.BROKEN
    assert worst([Outcome.WARNING, Outcome.KEPT]) is Outcome.WARNING
