"""What ``prepare`` leaves in ``data/prepared``: encoded rows, and what their columns are.

A row is its features, encoded, then the class number or, of a regression, the number; a gap is an
empty cell.
"""

import csv
import io
import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import twinserve.config.cells  # noqa: F401 - which lets a text be of any length
from twinserve.config.params import Params
from twinserve.config.training import Data
from twinserve.training.outputs import read_output, write_output
from twinserve.training.paths import COLUMNS_PATH

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# What the table may have said in the place of params.yaml.
_FILLED_IN = frozenset({"task", "classes", "features"})


@dataclass(frozen=True, slots=True)
class Rows:
    """Features as the estimator reads them, and the label of each row: its class number.

    Of a regression, the label is a number, float64.
    """

    features: "NDArray[np.float64] | pd.DataFrame"
    labels: "NDArray[Any]"

    def joined(self, other: "Rows") -> "Rows":
        """These rows, then the other ones."""
        import numpy as np

        labels = np.concatenate([self.labels, other.labels])
        if isinstance(self.features, np.ndarray):
            return Rows(np.concatenate([self.features, other.features]), labels)
        import pandas as pd

        return Rows(pd.concat([self.features, other.features], ignore_index=True), labels)

    def drawn(self, most: int, seed: int) -> "Rows":
        """A seeded part of them, in their order, where there are more."""
        import numpy as np

        if len(self.labels) <= most:
            return self
        places = np.sort(np.random.default_rng(seed).choice(len(self.labels), most, replace=False))
        if isinstance(self.features, np.ndarray):
            return Rows(self.features[places], self.labels[places])
        return Rows(self.features.iloc[places], self.labels[places])


def write_prepared(
    path: Path, data: Data, rows: Iterable[tuple[Sequence[float | str], float]]
) -> None:
    """Write encoded rows and labels; no number loses a digit."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(feature.name for feature in data.features), data.label])
    writer.writerows([*written(features), label] for features, label in rows)
    write_output(path, text.getvalue().encode())


def written(features: Iterable[float | str]) -> list[str]:
    """The cells of an encoded row."""
    return [_written(value) for value in features]


def read_written(path: Path) -> list[list[str]]:
    """The cells of each row, without the label's.

    Raises:
        UserError: the file is not there.
    """
    _, *records = csv.reader(io.StringIO(read_output(path).decode(), newline=""))
    return [record[:-1] for record in records]


def _written(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return repr(value) if value == value else ""  # noqa: PLR0124 - NaN is a gap


def write_columns(data: Data) -> None:
    """Write task, classes and features, whether ``params.yaml`` or the table gave them."""
    content = data.model_dump(include=set(_FILLED_IN))
    write_output(COLUMNS_PATH, (json.dumps(content, indent=2) + "\n").encode())


def with_columns(params: Params) -> Params:
    """The parameters with what ``write_columns`` wrote.

    Raises:
        UserError: the file is not there.
    """
    columns = json.loads(read_output(COLUMNS_PATH))
    data = Data.model_validate({**params.data.model_dump(), **columns})
    return params.model_copy(update={"data": data})


def read_prepared(path: Path, data: Data, *, named: bool = False) -> Rows:
    """Read what ``write_prepared`` wrote, for an estimator that names columns or does not.

    Raises:
        UserError: the file is not there.
    """
    import numpy as np

    from twinserve.training.frame import estimator_input

    records = csv.reader(io.StringIO(read_output(path).decode(), newline=""))
    next(records)
    rows: Any
    if any(feature.type == "text" for feature in data.features):
        rows = list(records)
        last = [row.pop() for row in rows]
    else:
        # Of a long table the cells as texts would take twenty times what the numbers do.
        numbers, last = array("d"), []
        for record in records:
            last.append(record.pop())
            numbers.extend(float(cell or "nan") for cell in record)
        rows = np.frombuffer(numbers).reshape(len(last), len(data.features))
    labels = np.array(last, dtype=np.float64 if data.task == "regression" else np.int64)
    return Rows(estimator_input(rows, data.features, named=named), labels)
