"""Numbers and lists as C has them."""

from collections.abc import Iterable

import numpy as np

_PER_LINE = 8


def exact(number: float) -> str:
    """A C literal of the very same double."""
    if np.isnan(number):
        return '__builtin_nan("")'
    if np.isinf(number):
        return "-__builtin_inf()" if number < 0 else "__builtin_inf()"
    return float(number).hex()


def lines(items: Iterable[str]) -> str:
    """A list as C has it, several on a line."""
    listed = list(items)
    rows = (listed[start : start + _PER_LINE] for start in range(0, len(listed), _PER_LINE))
    return ",\n".join(",".join(row) for row in rows)
