"""Rows, a block of them at a time, so that a long or wide table does not fill the memory."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

BLOCK = 10_000


def in_blocks(
    parts: "Iterable[NDArray[np.float64]]",
) -> "Iterator[tuple[int, NDArray[np.float64]]]":
    """The same rows, ``BLOCK`` at a time, each block after the number of rows before it."""
    waiting: list[NDArray[np.float64]] = []
    before = 0
    for part in parts:
        for start in range(0, len(part), BLOCK):
            waiting.append(part[start : start + BLOCK])
            if sum(map(len, waiting)) >= BLOCK:
                block = np.concatenate(waiting)
                yield before, block
                before += len(block)
                waiting = []
    if waiting:
        yield before, np.concatenate(waiting)
