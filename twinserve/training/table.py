"""The table as the user keeps it: read, every cell checked, each value encoded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twinserve.config.cells import WHOLE
from twinserve.config.errors import UserError
from twinserve.config.training import Data
from twinserve.training.reading.cells import (
    LABEL_HINT,
    Cells,
    Value,
    encoded,
    listed,
    numbers,
    shown,
)
from twinserve.training.reading.numeric import NumericRows
from twinserve.training.reading.records import count, read_records
from twinserve.training.reading.rule import cells_of, completed, labelled
from twinserve.training.step import table_step


@dataclass(frozen=True, slots=True)
class Table:
    """The checked content, in the table's own order.

    Attributes:
        data: the section of ``params.yaml`` with everything that it leaves out.
        rows: encoded, shape (rows, features), what the model reads, in the order of
            ``params.yaml``.
        sent: each row as a request gives it to ``data.step``, by name; none without such a step.
        labels: class number of each row; of a regression its number.
        lines: line of the file on which each row stands; the header is line 1.
        ignored: columns of the file that are neither read for a feature nor the label.
        unlabelled: number of rows that were left out for want of a label.
        sha256: of the file's bytes.
    """

    data: Data
    rows: Sequence[list[Value]]
    sent: list[dict[str, Any]]
    labels: list[float]
    lines: Sequence[int]
    ignored: list[str]
    unlabelled: int
    sha256: str

    @property
    def columns(self) -> Sequence[Sequence[Value]]:
        """The values of each feature, encoded."""
        if isinstance(self.rows, NumericRows):
            return self.rows.columns
        return list(zip(*self.rows, strict=True))


def read_table(data: Data) -> Table:
    """Read and check the table that ``params.yaml`` names.

    Raises:
        UserError: anything in it is not as ``params.yaml`` says; one line: file, row, column, what
            was found, what was expected, and the setting that would read it.
    """
    raw = read_records(data)
    records = labelled(data, raw)
    data = completed(data, records)
    step = table_step(data)
    sent: list[dict[str, Any]] = []
    rows: Sequence[list[Value]]
    if step is None:
        used = [feature.name for feature in data.features]
        columns: Iterator[Any] = (
            encoded(cells_of(data, records, feature.name), feature) for feature in data.features
        )
        if any(feature.type == "text" for feature in data.features):
            rows = [list(row) for row in zip(*columns, strict=True)]
        else:
            rows = NumericRows(columns)
    else:
        used = step.columns(data, records)
        sent = step.sent(data, records)
        lines = [f"{data.table}: row {line}" for line in records.lines]
        rows = [step.features(*pair) for pair in zip(lines, sent, strict=True)]
    label = cells_of(data, records, data.label)
    if data.task == "regression":
        labels = numbers(label)
        _check_length(data, labels)
    else:
        labels = _classes(label)
        _check_counts(data, labels)
    return Table(
        data=data,
        rows=rows,
        sent=sent,
        labels=labels,
        lines=records.lines,
        ignored=[name for name in records.header if name not in {*used, data.label}],
        unlabelled=len(raw.rows) - len(records.rows),
        sha256=records.sha256,
    )


def _classes(label: Cells) -> list[float]:
    """The class's number of each cell."""
    classes = label.data.classes
    known = {name: number for number, name in enumerate(classes)}
    labels: list[float] = []
    for place, cell in enumerate(label.texts):
        number = known.get(cell)
        if number is None:
            number = known[cell] = _class(label, place, classes)
        labels.append(number)
    return labels


def _class(label: Cells, place: int, classes: Sequence[str]) -> int:
    """The number of a class that the cell writes in another way: spaces, True, 1.0."""
    text = label.texts[place].strip()
    written = [text, text.lower()] if text.lower() in {"true", "false"} else [text]
    if WHOLE.fullmatch(text):
        written.append(str(int(float(text))))
    for name in written:
        if name in classes:
            return classes.index(name)
    hint = LABEL_HINT if label.is_gap(text) else " (data.classes in params.yaml)"
    raise label.refusal(place, f"one of {listed(classes)}{hint}")


def _check_counts(data: Data, labels: Sequence[float]) -> None:
    for number, name in enumerate(data.classes):
        size = labels.count(number)
        if size < data.min_rows_per_class:
            raise UserError(
                f"{data.table}: column {data.label}: found {count(size, 'row')} of class "
                f"{shown(name)}, expected at least {data.min_rows_per_class} "
                "(data.min_rows_per_class in params.yaml)"
            )


def _check_length(data: Data, labels: Sequence[float]) -> None:
    if len(labels) < data.min_rows_per_class:
        raise UserError(
            f"{data.table}: found {count(len(labels), 'row')}, expected at least "
            f"{data.min_rows_per_class} (data.min_rows_per_class in params.yaml)"
        )
