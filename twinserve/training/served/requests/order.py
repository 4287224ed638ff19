"""The numbers of float64 in their order, as whole numbers without a gap."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIGN = np.int64(2**63 - 1)


def order_of(values: "NDArray[np.float64]") -> "NDArray[np.int64]":
    """The places of numbers in the order."""
    bits = np.ascontiguousarray(values).view(np.int64)
    return np.where(bits < 0, bits ^ _SIGN, bits)


def number_at(order: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """The numbers at these places of the order."""
    return np.where(order < 0, order ^ _SIGN, order).view(np.float64)
