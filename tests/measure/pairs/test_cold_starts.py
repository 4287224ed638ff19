"""Cold starts in two places, in turns."""

import pytest

from tests.measure.fakes import BODY, fake_target
from twinserve.config.errors import UserError
from twinserve.measure.pairs.cold_starts import compare_cold


def test_pair_is_measured_round_by_round() -> None:
    """Each round has a sample of both; the line names both, and the ratio is theirs."""
    pair = compare_cold(("here", fake_target()), ("there", fake_target()), BODY, rounds=3)
    assert len(pair.samples_ms) == 3
    ratios = sorted(one / other for one, other in pair.samples_ms)
    assert pair.ratio.value == pytest.approx(ratios[1])
    assert str(pair).startswith("cold start, median of 3 rounds: here ")
    assert ", there " in str(pair)


def test_start_that_is_not_proven_cold_is_told() -> None:
    """A pair with a warm half says nothing."""
    with pytest.raises(UserError, match=r"there: a start was not proven cold: .*before"):
        compare_cold(("here", fake_target()), ("there", fake_target("second")), BODY, rounds=1)
