"""Cold starts in two places, in turns."""

import pytest

from tests.measure.fakes import BODY, fake_target
from twinserve.config.errors import UserError
from twinserve.measure.pairs.cold_starts import take_pairs


def test_each_round_has_a_start_of_both() -> None:
    """Every one of an instance of its own, whichever began the round."""
    pairs = take_pairs(("here", fake_target()), ("there", fake_target()), BODY, rounds=3)
    assert len(pairs) == 3
    assert len({sample.instance for pair in pairs for sample in pair}) == 6


def test_start_that_is_not_proven_cold_is_told() -> None:
    """A pair with a warm half says nothing."""
    with pytest.raises(UserError, match=r"there: a start was not proven cold: .*before"):
        take_pairs(("here", fake_target()), ("there", fake_target("second")), BODY, rounds=1)
