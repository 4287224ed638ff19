"""Change points of series whose change is known."""

import numpy as np
import pytest

from tests.measure.history.synthetic import noisy
from twinserve.measure.history.change import LEAST, change_points

SERIES = 200


@pytest.mark.parametrize("ratio", [1.3, 0.75])
def test_step_is_found_at_its_place(ratio: float) -> None:
    """Of 40 measurements the 26th is the first of another level: slower, or faster."""
    rng = np.random.default_rng(2)
    changes = [change_points(noisy(100, 40, rng, step=25, ratio=ratio)) for _ in range(50)]
    near = [points for points in changes if len(points) == 1 and abs(points[0] - 25) <= 1]
    assert len(near) >= 45


def test_noise_has_no_change() -> None:
    """In at least 95% of series without one, outliers included, none is found."""
    rng = np.random.default_rng(3)
    quiet = sum(not change_points(noisy(100, 40, rng)) for _ in range(SERIES))
    assert quiet >= 0.95 * SERIES


def test_there_and_back_are_two_changes() -> None:
    """A regression that is mended later."""
    level = [100.0 + place % 3 for place in range(15)]
    slow = [value * 1.5 for value in level]
    assert change_points([*level, *slow, *level]) == (15, 30)


def test_last_run_alone_is_no_change() -> None:
    """However slow it is, nor are as many as one short of a level."""
    level = [100.0 + place % 7 for place in range(30)]
    assert change_points([*level, 1_000.0]) == ()
    assert change_points([*level, *[1_000.0 + place for place in range(LEAST - 1)]]) == ()
    assert change_points([*level, *[1_000.0 + place for place in range(LEAST)]]) == (30,)


def test_change_that_nobody_would_notice_is_none() -> None:
    """Three per cent, however sure."""
    assert change_points([100.0] * 20 + [103.0] * 20) == ()


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 50])
def test_what_cannot_have_changed_has_not(values: list[float]) -> None:
    """Too short, or all alike."""
    assert change_points(values) == ()
