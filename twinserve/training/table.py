"""The table as the user keeps it: read from CSV, every cell checked."""

import csv
import hashlib
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinserve.config.card import read_file
from twinserve.config.errors import UserError
from twinserve.config.training import Data
from twinserve.training.step import TableStep, table_step

# float() alone would also take "1_000", "nan" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Table:
    """The checked content, in the table's own order.

    Attributes:
        rows: shape (rows, features), what the model reads, in the order of ``params.yaml``.
        sent: each row as a request gives it: the same, or by name where ``data.step`` reads it.
        classes: class number of each row.
        lines: line of the file on which each row stands; the header is line 1.
        sha256: of the file's bytes.
    """

    rows: list[list[float]]
    sent: list[Any]
    classes: list[int]
    lines: list[int]
    sha256: str


def read_table(data: Data) -> Table:
    """Read and check the table that ``params.yaml`` names.

    Raises:
        UserError: anything in it is not as ``params.yaml`` says; one line: file, row, column, what
            was found, what was expected.
    """
    content = _read(data.table)
    records = _records(data.table, content)
    header = next(records, (1, []))[1]
    step = table_step(data)
    names = [feature.name for feature in data.features] if step is None else step.columns(header)
    places = _places(data, header, names)
    rows, classes, lines = [], [], []
    sent: list[Any] = []
    for line, cells in records:
        if len(cells) != len(header):
            raise UserError(
                f"{data.table}: row {line}: found {_count(len(cells), 'cell')}, "
                f"expected {len(header)} as in the header"
            )
        where = f"{data.table}: row {line}"
        found = {name: cells[places[name]] for name in names}
        if step is None:
            sent.append([_number(where, name, cell) for name, cell in found.items()])
            rows.append(sent[-1])
        else:
            sent.append(_by_name(where, step, found))
            rows.append(step.features(where, sent[-1]))
        classes.append(_class(where, data, cells[places[data.label]]))
        lines.append(line)
    _check_counts(data, classes)
    return Table(rows, sent, classes, lines, hashlib.sha256(content).hexdigest())


def _read(path: str) -> bytes:
    remedy = "expected the table that data.table in params.yaml names"
    content = read_file(Path(path), remedy, most=None)
    if not content.strip():
        raise UserError(f"{path}: the file is empty; expected a header line and rows")
    return content


def _records(path: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the line on which it begins."""
    try:
        # A spreadsheet's export may begin with a byte order mark.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x}"
        raise UserError(f"{path}: row {line}: found {found}, expected UTF-8 text") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}: row {begins}: found {error}, expected CSV") from None


def _places(data: Data, header: list[str], names: list[str]) -> dict[str, int]:
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"{data.table}: row 1, column {_shown(twice)}: found {header.count(twice)} columns of "
            "this name, expected one"
        )
    for name in [*names, data.label]:
        if name not in header:
            raise UserError(
                f"{data.table}: row 1, column {name}: not found among {', '.join(header)}; "
                "expected every column that data in params.yaml names"
            )
    return {name: place for place, name in enumerate(header)}


def _by_name(where: str, step: TableStep, cells: dict[str, str]) -> dict[str, Any]:
    """A row as the step takes it; what it can do without is left out where the cell is empty."""
    row: dict[str, Any] = {}
    for name, cell in cells.items():
        kind = step.fields[name]
        text = cell.strip()
        if not text and name not in step.required:
            continue
        if kind is str:
            row[name] = cell
        elif kind is bool:
            if text.lower() not in {"true", "false"}:
                raise UserError(
                    f"{where}, column {name}: found {_shown(cell)}, expected true or false"
                )
            row[name] = text.lower() == "true"
        else:
            number = _number(where, name, cell)
            if kind is int and number % 1:
                raise UserError(
                    f"{where}, column {name}: found {_shown(cell)}, expected a whole number"
                )
            row[name] = int(number) if kind is int else number
    return row


def _number(where: str, column: str, cell: str) -> float:
    text = cell.strip()
    if not _NUMBER.fullmatch(text):
        raise UserError(f"{where}, column {column}: found {_shown(cell)}, expected a finite number")
    value = float(text)
    try:
        struct.pack("<f", value)  # infinity passes, any other number beyond the range does not
        beyond = value in {float("inf"), float("-inf")}
    except OverflowError:
        beyond = True
    if beyond:
        raise UserError(
            f"{where}, column {column}: found {_shown(cell)}, expected a number within float32's "
            "range (up to 3.4e38)"
        )
    return value


def _class(where: str, data: Data, cell: str) -> int:
    if cell not in data.classes:
        raise UserError(
            f"{where}, column {data.label}: found {_shown(cell)}, "
            f"expected one of {', '.join(data.classes)} (data.classes in params.yaml)"
        )
    return data.classes.index(cell)


def _check_counts(data: Data, classes: list[int]) -> None:
    for number, name in enumerate(data.classes):
        count = classes.count(number)
        if count < data.min_rows_per_class:
            raise UserError(
                f"{data.table}: column {data.label}: found {_count(count, 'row')} of class "
                f"{_shown(name)}, expected at least {data.min_rows_per_class} "
                "(data.min_rows_per_class in params.yaml)"
            )


def _shown(cell: str) -> str:
    if not cell.strip():
        return "an empty cell"
    return repr(cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
