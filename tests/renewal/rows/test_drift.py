"""How far the rows that are new lie from either model's table."""

import math

import pytest

from twinserve.config.card import Feature
from twinserve.config.drift import stability_index
from twinserve.renewal.rows.drift import drift_of


def feature(name: str, *edges: float, shares: tuple[float, ...], missing: bool = False) -> Feature:
    return Feature(name, "", 0.0, 9.0, edges, shares, missing=missing)


OLD = feature("a", 1.0, 2.0, shares=(0.5, 0.4, 0.1))
NEW = feature("a", 1.0, 4.0, shares=(0.2, 0.3, 0.5))


def test_rows_are_counted_in_the_bins_of_each_card() -> None:
    """An edge belongs to the bin under it, as where the reference was taken."""
    rows = [[value] for value in (1.0, 2.0, 4.0, 5.0)]
    (drift,) = drift_of(rows, [OLD], [NEW])
    assert drift.before == pytest.approx(stability_index([1, 1, 2], OLD.shares))
    assert drift.after == pytest.approx(stability_index([1, 2, 1], NEW.shares))


def test_gaps_are_a_bin_of_their_own() -> None:
    """The last one."""
    gappy = feature("a", 1.0, shares=(0.4, 0.4, 0.2), missing=True)
    (drift,) = drift_of([[0.0], [math.nan]], [gappy], [gappy])
    assert drift.before == pytest.approx(stability_index([1, 0, 1], gappy.shares))


def test_feature_that_moved_most_comes_first() -> None:
    """Text, and a column that never varies, have no bins and so no drift."""
    row: list[float | str] = [0.0, 9.0, "some text", 3.0]
    text = Feature("t", "", 0.0, 0.0, type="text")
    still = feature("s", 1.0, shares=(0.9, 0.1))
    moved = feature("m", 1.0, shares=(0.9, 0.1))
    level = feature("l", shares=(1.0,))
    card = [still, moved, text, level]
    assert [drift.feature for drift in drift_of([row] * 20, card, card)] == ["m", "s"]


def test_no_row_that_is_new_has_no_drift() -> None:
    """A table that only lost rows, say."""
    assert drift_of([], [OLD], [NEW]) == ()
