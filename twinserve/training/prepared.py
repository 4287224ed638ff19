"""The prepared rows, ``data/prepared/*.csv``: the features, then the class number."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinserve.config.training import Data
from twinserve.training.outputs import read_output, write_output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rows:
    """Features, shape (rows, features), and the class number of each row."""

    features: "NDArray[np.float64]"
    classes: "NDArray[np.int64]"

    def joined(self, other: "Rows") -> "Rows":
        """These rows, then the other ones."""
        import numpy as np

        return Rows(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.classes, other.classes]),
        )


def write_prepared(path: Path, data: Data, rows: Iterable[tuple[Sequence[float], int]]) -> None:
    """Write rows and class numbers; no number loses a digit."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(feature.name for feature in data.features), data.label])
    writer.writerows([*map(repr, features), number] for features, number in rows)
    write_output(path, text.getvalue().encode())


def read_prepared(path: Path) -> Rows:
    """Read what ``prepare`` wrote.

    Raises:
        UserError: the file is not there.
    """
    import numpy as np

    _, *records = csv.reader(io.StringIO(read_output(path).decode(), newline=""))
    return Rows(
        np.array([record[:-1] for record in records], dtype=np.float64),
        np.array([record[-1] for record in records], dtype=np.int64),
    )
