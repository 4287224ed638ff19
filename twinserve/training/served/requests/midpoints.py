"""Rows at and just beside the midpoints of neighbouring values of each column.

Estimators that split a column do it half-way between two values of the table, so there their answer
changes. Random rows, drawn from values or from a range, never fall there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinserve.config.card import Feature
from twinserve.training.served.requests.thresholds import neighbours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Of one column; and of all rows together, for which a wide table gets fewer midpoints a column.
MOST_A_COLUMN = 256
MOST_ROWS = 200_000
# The row under the gap, the row over it, and seeded rows of the table.
BASES = 4
# The midpoint as it is sent, and the float32 numbers under and over it; then those of float64.
VARIANTS = 5


@dataclass(frozen=True, slots=True)
class Midpoints:
    """Which midpoints of a table are compared.

    Attributes:
        places: of each column the row numbers under and over each of its gaps that is compared,
            shape (gaps, 2).
        total: gaps of all columns.
        bound: gaps that a column may have before only some of them are compared.
    """

    observed: "NDArray[np.float64]"
    places: "list[NDArray[np.int64]]"
    total: int
    bound: int
    seed: int

    @property
    def asked(self) -> int:
        """Gaps that are compared, of all columns."""
        return sum(map(len, self.places))

    def rows(self, *, single: bool) -> "Iterator[NDArray[np.float64]]":
        """For each column ``BASES`` rows a variant of a midpoint.

        Args:
            single: the runtime reads float32, so it cannot tell a float64 number from the next.
        """
        draw = np.random.default_rng(self.seed)
        for column, places in enumerate(self.places):
            if not len(places):
                continue
            under, over = self.observed[places[:, 0], column], self.observed[places[:, 1], column]
            # Halved first, so that the sum of two large numbers stays finite.
            middle = under / 2 + over / 2
            values = np.column_stack([middle, *neighbours(middle, single=True)])
            if not single:
                values = np.column_stack([values, *neighbours(middle, single=False)])
            others = draw.integers(len(self.observed), size=(len(places), BASES - 2))
            bases = np.column_stack([places, others])
            made = np.repeat(self.observed[bases.ravel()], values.shape[1], axis=0)
            made[:, column] = np.repeat(values, BASES, axis=0).ravel()
            yield made


def table_midpoints(
    observed: "NDArray[np.float64]", seed: int, columns: Sequence[Feature] = ()
) -> Midpoints:
    """All midpoints of each column; over the bound, the narrowest gaps and a seeded sample.

    Only numbers have any: there is nothing between two categories.
    """
    width = observed.shape[1]
    bound = max(1, min(MOST_A_COLUMN, MOST_ROWS // (width * VARIANTS * BASES)))
    draw = np.random.default_rng(seed)
    places, count = [], 0
    for place, column in enumerate(observed.T):
        values, rows = np.unique(column, return_index=True)
        if columns and columns[place].type != "number":
            values = values[:1]
        values = values[~np.isnan(values)]
        count += max(len(values) - 1, 0)
        gaps = _compared(np.diff(values / 2), bound, draw)
        places.append(np.column_stack([rows[gaps], rows[gaps + 1]]))
    return Midpoints(observed, places, count, bound, seed)


def _compared(
    widths: "NDArray[np.float64]", bound: int, draw: np.random.Generator
) -> "NDArray[np.int64]":
    """Numbers of the gaps to compare: half of them the narrowest ones, half drawn from the rest."""
    if len(widths) <= bound:
        return np.arange(len(widths))
    order = np.argsort(widths, kind="stable")
    narrow = bound // 2
    drawn = draw.choice(order[narrow:], bound - narrow, replace=False)
    return np.sort(np.concatenate([order[:narrow], drawn]))
