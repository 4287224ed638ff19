"""The file of a table as records of cells: CSV, also compressed by gzip, or Parquet."""

import csv
import gzip
import hashlib
import io
import re
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinserve.config.card import read_file
from twinserve.config.errors import UserError
from twinserve.config.training import Data
from twinserve.training.reading.header import check_header

if TYPE_CHECKING:
    import pandas as pd

# What a file of Parquet begins with, and one of gzip.
PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_UTF8 = frozenset({"utf8", "utf-8", "utf_8"})
_SEPARATORS = ";\t|,"
_MANY = 12
_VALUE = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Records:
    """All cells as text; an empty one is a gap.

    Attributes:
        rows: each with as many cells as the header.
        lines: of the file, on which each row begins; the header is line 1. Of Parquet: the number
            of each row.
        sha256: of the file's bytes.
    """

    header: Sequence[str]
    rows: list[list[str]]
    lines: Sequence[int]
    sha256: str

    def column(self, name: str) -> list[str]:
        """The cells of the column of this name."""
        place = self.header.index(name)
        return [cells[place] for cells in self.rows]


def read_records(data: Data) -> Records:
    """Read the table that ``params.yaml`` names; every row has a cell for every column.

    Raises:
        UserError: it cannot be read, or is none.
    """
    remedy = "expected the table that data.table in params.yaml names"
    content = read_file(Path(data.table), remedy, most=None)
    digest = hashlib.sha256(content).hexdigest()
    content = inflated(data.table, content)
    if not content.strip():
        raise UserError(f"{data.table}: the file is empty; expected a header line and rows")
    lines: Sequence[int]
    if content.startswith(PARQUET):
        header, rows = _parquet(data.table, content)
        lines = range(1, len(rows) + 1)
    else:
        header, rows, lines = _csv(data, content)
    _check_each_once(data, header)
    features = [] if data.step else [feature.name for feature in data.features]
    check_names(data, header, [*features, data.label])
    if not content.startswith(PARQUET):
        check_header(data, header, rows)
    return Records(header, rows, lines, digest)


def inflated(path: str, content: bytes) -> bytes:
    """What a file holds, compressed by gzip or not.

    Raises:
        UserError: it is compressed, and cut short or damaged.
    """
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: found gzip that cannot be read: {error}") from None


def _csv(data: Data, content: bytes) -> tuple[list[str], list[list[str]], Sequence[int]]:
    records = _records(data, content)
    header = [name.strip() for name in next(records, (1, []))[1]]
    # Numbers of their own, which outlive the cells, would keep all of the cells' memory from being
    # given back.
    rows, lines = [], array("q")
    for line, cells in records:
        if len(cells) != len(header):
            raise UserError(
                f"{data.table}: row {line}: found {count(len(cells), 'cell')}, "
                f"expected {len(header)} as in the header{_other_separator(data, header)}"
            )
        rows.append(cells)
        lines.append(line)
    return header, rows, lines


def _records(data: Data, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the line on which it begins."""
    text = decoded(data.table, data.encoding, content)
    # A StringIO would hold four bytes a character.
    reader = csv.reader(
        io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline=""),
        delimiter=data.separator,
        # A space that is no separator itself may stand behind one.
        skipinitialspace=data.separator != " ",
        strict=True,
    )
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{data.table}: row {begins}: found {error}, expected CSV") from None


def decoded(path: str, encoding: str, content: bytes) -> str:
    """The text of a file.

    Raises:
        UserError: Python knows no such encoding, or the file is not of it.
    """
    # A spreadsheet's export may begin with a byte order mark.
    codec = "utf-8-sig" if encoding.lower() in _UTF8 else encoding
    try:
        return content.decode(codec).removeprefix("\ufeff")
    except LookupError:
        raise UserError(
            f"params.yaml: data.encoding: found {encoding!r}, expected an encoding that "
            "Python knows: utf-8, latin-1, cp1252, utf-16"
        ) from None
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, start) + 1
        named = "UTF-8" if codec == "utf-8-sig" else encoding
        raise UserError(
            f"{path}: row {line}: found byte 0x{content[start]:02x}, expected {named} text "
            "(data.encoding in params.yaml: cp1252, latin-1 or utf-16 may read it)"
        ) from None


def _parquet(path: str, content: bytes) -> tuple[list[str], list[list[str]]]:
    # Not by way of pandas, which has it make floats of whole numbers and booleans with gaps.
    import fastparquet

    try:
        frame = fastparquet.ParquetFile(io.BytesIO(content)).to_pandas()
    except Exception as error:  # noqa: BLE001 - a reader of Parquet raises anything
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: found Parquet that cannot be read: {why:.120}") from None
    columns = [as_cells(column) for _, column in frame.items()]
    return [str(name) for name in frame.columns], [
        list(cells) for cells in zip(*columns, strict=True)
    ]


def as_cells(column: "pd.Series") -> list[str]:
    """A column of Parquet as CSV would have it: no number loses a digit, a gap is empty."""
    return [
        "" if gap else value if isinstance(value, str) else str(value)
        for value, gap in zip(column, column.isna(), strict=True)
    ]


def _check_each_once(data: Data, header: Sequence[str]) -> None:
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"{data.table}: row 1, column {twice!r}: found {header.count(twice)} columns of "
            f"this name, expected one: rename the others{_without_names(header)}"
        )


def check_names(data: Data, header: Sequence[str], names: Sequence[str]) -> None:
    """Refuse a table that lacks a column.

    Raises:
        UserError: the first that is not in the header.
    """
    for name in names:
        if name not in header:
            named = [cell or "(no name)" for cell in header[:_MANY]]
            shown = ", ".join([*named, *["…"] * (len(header) > _MANY)])
            raise UserError(
                f"{data.table}: row 1, column {name}: not found among {shown}; "
                "expected every column that data in params.yaml names"
                f"{_other_separator(data, header)}{_without_names(header)}"
            )


def _without_names(header: Sequence[str]) -> str:
    """Whether the first line has values where names should be, as UCI's files have."""
    if not any(_VALUE.fullmatch(name) for name in header):
        return ""
    return " (the first line seems to hold values: write the columns' names above it)"


def _other_separator(data: Data, header: Sequence[str]) -> str:
    """Which setting reads a header that is a single cell."""
    separator = next((mark for mark in _SEPARATORS if len(header) == 1 and mark in header[0]), None)
    if separator is None and len(header) == 1:
        return " (lines above the columns' names, as a title, are to be removed)"
    if separator is None or separator == data.separator:
        return ""
    mark = r"\t" if separator == "\t" else separator
    return (
        f' (data.separator: "{mark}" in params.yaml would read {len(header[0].split(separator))})'
    )


def count(number: int, thing: str) -> str:
    """As ``1 cell`` or ``2 cells``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
