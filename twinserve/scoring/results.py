"""What rows are given: a column for each member of an answer, and the faults of wrong rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from twinserve.scoring.options import Format

PREDICTION, LABEL, ANSWER, ERROR = "prediction", "label", "answer", "error"
_PROBABILITY = "probability_"


class Results(NamedTuple):
    """Results of consecutive rows.

    Attributes:
        columns: values by row, in the order of ``Scorer.names``; None where a row has none.
        faults: what is wrong with a row, by its place among the rows.
    """

    columns: Sequence[Sequence[Any]]
    faults: Mapping[int, str]


def probability_of(class_name: str) -> str:
    """The column of a class's probability."""
    return f"{_PROBABILITY}{class_name}"


def spread(rows: int, right: Sequence[int], values: Sequence[Any]) -> Sequence[Any]:
    """A column of all rows of those that are right; None of the others."""
    if len(right) == rows:
        return values
    column: list[Any] = [None] * rows
    for place, value in zip(right, values, strict=True):
        column[place] = value
    return column


def as_texts(column: Sequence[Any], marks: Format) -> Iterable[str]:
    """Cells of CSV: numbers as JSON has them, but for the file's decimal mark."""
    texts = {value: _as_text(value, marks) for value in set(column)}
    return map(texts.__getitem__, column)


def quoted(text: str, separator: str) -> str:
    """A cell that holds any text."""
    if not any(mark in text for mark in (separator, '"', "\n", "\r")) and text == text.strip():
        return text
    return '"' + text.replace('"', '""') + '"'


def _as_text(value: object, marks: Format) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return quoted(value, marks.separator)
    # repr is what the endpoint writes: of a float the shortest text that is that very float.
    text = repr(value)
    return text if marks.decimal == "." else quoted(text.replace(".", ","), marks.separator)
