"""Encoded rows that are numbers only, eight bytes each: as Python's own they would take thirty."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


class NumericRows(Sequence[list[Any]]):
    """Rows as a list of lists has them, kept by column."""

    def __init__(self, columns: Iterable[Iterable[float]]) -> None:
        """At least one column, all as long as each other."""
        self.columns = [array("d", column) for column in columns]

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[list[Any]]:
        return map(list, zip(*self.columns, strict=True))

    @overload
    def __getitem__(self, place: int) -> list[Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[list[Any]]: ...
    def __getitem__(self, place: int | slice) -> list[Any]:
        cells = [column[place] for column in self.columns]
        if isinstance(place, slice):
            return [*map(list, zip(*cells, strict=True))]
        return cells

    def __eq__(self, other: object) -> bool:
        """As of lists."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # as a list's

    def __array__(
        self,
        dtype: "DTypeLike | None" = None,
        *,
        copy: bool | None = None,
    ) -> "NDArray[Any]":
        """What NumPy makes of them at once: always a copy.

        Raises:
            ValueError: none is wanted.
        """
        import numpy as np

        if copy is False:
            raise ValueError("rows that are kept by column are copied")
        return np.column_stack([np.frombuffer(column) for column in self.columns]).astype(
            dtype or np.float64, copy=False
        )
