"""What an estimator reads of encoded rows: an array of numbers, or a pandas DataFrame by name.

An array where every column is a number without gaps and the estimator names no columns; a DataFrame
otherwise. Encoded is as ``twinserve.config.card.Feature`` says.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Value = float | str
# The code of a category that is none of a column's values.
UNKNOWN = -1


class Column(Protocol):
    """What of a feature of ``params.yaml`` or of the model card is read here."""

    @property
    def name(self) -> str:
        """In the table's header."""

    @property
    def type(self) -> str:
        """Number, category, boolean or text."""

    @property
    def missing(self) -> bool:
        """Whether a gap is allowed."""

    @property
    def values(self) -> Sequence[str | int]:
        """The values of a category."""


def estimator_input(
    rows: "Sequence[Sequence[Value]] | NDArray[np.float64]",
    columns: Sequence[Column],
    *,
    named: bool,
) -> "NDArray[np.float64] | pd.DataFrame":
    """Encoded rows as the estimator reads them; ``named`` if it names columns."""
    if not named and all(column.type == "number" and not column.missing for column in columns):
        return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(columns))
    import pandas as pd

    by_column: Any = rows.T if isinstance(rows, np.ndarray) else list(zip(*rows, strict=True))
    if not len(rows):
        by_column = [()] * len(columns)
    return pd.DataFrame(
        {
            column.name: _series(column, cells)
            for column, cells in zip(columns, by_column, strict=True)
        }
    )


def _series(column: Column, cells: Any) -> Any:  # noqa: ANN401 - pandas' many kinds
    import pandas as pd

    if column.type == "text":
        gaps = {""} if column.missing else set()
        return pd.Series([np.nan if cell in gaps else cell for cell in cells], dtype=object)
    numbers = np.asarray([cell if cell != "" else np.nan for cell in cells], dtype=np.float64)
    if column.type != "category":
        return pd.Series(numbers)
    categories: list[Any] = list(column.values)
    if (numbers == UNKNOWN).any():
        # What is none of the values must not become a gap, for which pandas has the code -1.
        numbers = np.where(numbers == UNKNOWN, len(categories), numbers)
        categories.append(stranger(column.values))
    codes = np.where(np.isnan(numbers), -1, numbers).astype(np.int64)
    return pd.Series(pd.Categorical.from_codes(codes, categories=categories))


def stranger(values: Sequence[str | int]) -> str | int:
    """A value of the same kind that is none of these."""
    whole = [value for value in values if isinstance(value, int)]
    return max(whole) + 1 if whole else "?".join(["", *map(str, values), ""])
