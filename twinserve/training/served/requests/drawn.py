"""Rows that are drawn."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twinserve.config.card import Feature
from twinserve.inference.typed import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANDOM_ROWS = 100_000
# How far random rows go beyond the observed range, on either side, as a part of it.
_MARGIN = 0.25
# The share of a column's random values that are gaps, and of those that are unknown categories.
_STRANGE = 0.1
# What stands between two words of a text, or does not end one: letters of other scripts, letters
# whose lower case is another number of them, marks, digits, signs, blanks of each kind.
_JOINTS = (
    "é", "ß", "İ", "Σ", "\u017f", "Ⅷ", "²", "½", "語", "\uff41", "\u0308", "_", "7", "-", "'", ".",
    ",", "😀", "\0", "\t", "\n", "\r\n", "\xa0", "\u2028", " ", "",
)  # fmt: skip
_CHANGES = (str.upper, str.title, str.swapcase, str.strip, lambda text: text[::-1], lambda _: "")


def random_rows(
    observed: "NDArray[np.float64]", seed: int, columns: Sequence[Feature] = ()
) -> "NDArray[np.float64]":
    """Random rows in and around the observed range, shape (RANDOM_ROWS, features).

    Half put together observed values of each column, where the split points of trees lie; half
    are drawn evenly from the range and a margin beyond it, or from a category's values. Where a
    gap or an unknown category is allowed, a tenth of the values is one.
    """
    draw = np.random.default_rng(seed)
    half, width = RANDOM_ROWS // 2, observed.shape[1]
    mixed = observed[draw.integers(len(observed), size=(half, width)), np.arange(width)]
    low, high = np.nanmin(observed, axis=0), np.nanmax(observed, axis=0)
    # A column with one value only has no range; its own size stands in.
    span = np.where(high > low, high - low, np.maximum(np.abs(low), 1))
    limit = float(np.finfo(np.float32).max)
    around = draw.uniform(
        np.maximum(low - _MARGIN * span, -limit),
        np.minimum(high + _MARGIN * span, limit),
        size=(RANDOM_ROWS - half, width),
    )
    rows = np.concatenate([mixed, around])
    for place, column in enumerate(columns):
        if column.type in {"category", "boolean"}:
            kinds = len(column.values) or 2
            rows[half:, place] = draw.integers(kinds, size=len(around))
        if column.unknown:
            rows[draw.random(len(rows)) < _STRANGE, place] = UNKNOWN
        if column.missing:
            rows[draw.random(len(rows)) < _STRANGE, place] = np.nan
    return rows


def random_texts(
    cells: "NDArray[Any]", count: int, seed: int, strange: Sequence[Feature]
) -> "NDArray[Any]":
    """Rows put together from several; half of the ``strange`` texts nobody has written before."""
    width = cells.shape[1]
    picked = np.random.default_rng(seed).integers(len(cells), size=(count, width))
    rows = cells[picked, np.arange(width)]
    draw = random.Random(seed)  # noqa: S311 - rows, not a secret
    for place, column in enumerate(strange):
        if column.type == "text":
            rows[::2, place] = [_strange(text, draw) for text in rows[::2, place]]
    return rows


def _strange(text: Any, draw: random.Random) -> Any:  # noqa: ANN401 - a gap is no text
    """Words of the text joined by what need not end one, in the one case or the other."""
    if not isinstance(text, str):
        return text
    words = text.split() or [text]
    joined = draw.choice(words)
    for _ in range(draw.randrange(4)):
        joined += draw.choice(_JOINTS) + draw.choice(words)
    return draw.choice(_CHANGES)(joined) if draw.random() < 1 / 2 else joined
