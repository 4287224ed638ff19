"""Percentiles, ratios and the gate."""

import pytest

from benchmarks.statistics import Estimate, Outcome, estimate, judge_budget, paired_ratio


@pytest.mark.parametrize(("percentile", "value"), [(50, 50.5), (90, 90.1), (99, 99.01)])
def test_a_percentile_lies_in_its_interval(percentile: float, value: float) -> None:
    """Of 1 to 100, by linear interpolation."""
    found = estimate(range(1, 101), percentile)
    assert found.value == pytest.approx(value)
    assert 1 <= found.low < found.value <= found.high <= 100


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


def test_what_slows_both_halves_of_a_pair_cancels() -> None:
    """Rounds ten times slower than others give the same ratio."""
    found = paired_ratio([2, 20, 200], [1, 10, 100])
    assert found == Estimate(2.0, 2.0, 2.0)


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
