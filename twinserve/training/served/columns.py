"""The columns that a model reads, each made of one column of a request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

Operation = tuple[str, *tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A number by a number.

    Attributes:
        keys: numbers that are known.
        values: of each key.
        otherwise: of every other number.
        gap: of a gap.
    """

    keys: tuple[float, ...]
    values: tuple[float, ...]
    otherwise: float
    gap: float


@dataclass(frozen=True, slots=True)
class Codes:
    """A number by the code of a category.

    Attributes:
        values: of each code.
        unknown: of a category that is none of them.
        gap: of a gap.
    """

    values: tuple[float, ...]
    unknown: float
    gap: float


@dataclass(frozen=True, slots=True)
class Column:
    """A number that the model reads, made of one value of the request.

    Attributes:
        source: the request's column.
        operations: what is done to it, in this order, each rounded to float64: an operator of
            ``-``, ``/``, ``*``, ``+``; ``max`` and ``min`` for the ends of a range; ``fill`` for a
            gap; ``replace`` for one number by another; ``is gap`` and ``is`` for 1 or 0; ``over``
            for whether it is over a number; ``abs``, ``square`` and ``sqrt``; or a look-up.
        gaps: whether it may be a gap.
        coded: it is still a category; what becomes of each is read off the fitted steps at the end.
    """

    source: int
    operations: tuple[Operation | Lookup | Codes, ...] = ()
    gaps: bool = False
    coded: bool = False

    def then(self, operator: str, *operands: float) -> "Column":
        """The column with one operation more."""
        if self.coded:
            return self
        operation: Operation = (operator, *map(float, operands))
        return replace(self, operations=(*self.operations, operation))

    def looked_up(self, table: Lookup | Codes) -> "Column":
        """The column by a table."""
        values = (*table.values, table.otherwise if isinstance(table, Lookup) else table.unknown)
        # Where no gap comes, its value is never read.
        gaps = bool(np.isnan(values).any()) or (self.gaps and bool(np.isnan(table.gap)))
        return Column(self.source, (*self.operations, table), gaps=gaps)


def request_columns(width: int) -> tuple[Column, ...]:
    """The columns of a request of numbers as they come."""
    return tuple(map(Column, range(width)))


def each(columns: Sequence[Column], operator: str, operands: Sequence[float]) -> list[Column]:
    """Each column with one operation more, of an operand of its own."""
    return [
        column.then(operator, operand) for column, operand in zip(columns, operands, strict=True)
    ]


def clipped(columns: Sequence[Column], low: float, high: float) -> list[Column]:
    """The columns within a range."""
    return [column.then("max", low).then("min", high) for column in columns]
