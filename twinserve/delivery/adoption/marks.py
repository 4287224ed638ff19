"""How a file writes its cells: encoding, separator, marks of numbers, words for gaps."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinserve.config.card import read_file
from twinserve.config.cells import as_number
from twinserve.config.training import Data
from twinserve.training.reading.cells import GAP_WORDS
from twinserve.training.reading.records import PARQUET, Records, decoded, inflated

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SEPARATORS = (",", ";", "\t", "|")
_LOOKED_AT = 50
# Decimal mark and mark between thousands; of two that read as many columns the first.
_MARKS = ((".", None), (",", None), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))
# Words that nobody gives a category; the others are gaps where all else is numbers.
_ALWAYS = frozenset(GAP_WORDS) - {"None", "-"}


def file_settings(path: Path) -> dict[str, Any]:
    """Encoding and separator of a file, where they are not the usual ones.

    Raises:
        UserError: it cannot be read.
    """
    content = inflated(str(path), read_file(path, "expected a table", most=None))
    if content.startswith(PARQUET):
        return {}
    encoding = _encoding(content)
    text = decoded(str(path), encoding, content)
    separator = max(_SEPARATORS, key=lambda mark: _columns(text, mark))
    settings: dict[str, Any] = {}
    if encoding != "utf-8":
        settings["encoding"] = encoding
    if separator != ",":
        settings["separator"] = separator
    return settings


def cell_settings(data: Data, records: Records) -> dict[str, Any]:
    """Marks of numbers and words for gaps, where they are not the usual ones."""
    columns = [set(map(str.strip, records.column(name))) - {""} for name in records.header if name]
    decimal, thousands = max(_MARKS, key=lambda marks: _numeric(data, columns, *marks))
    other = data.model_copy(update={"decimal": decimal, "thousands": thousands})
    words = [
        word
        for word in GAP_WORDS
        if any(
            word in cells and (word in _ALWAYS or _is_numeric(other, cells - {*GAP_WORDS}))
            for cells in columns
        )
    ]
    settings: dict[str, Any] = {}
    if decimal != ".":
        settings["decimal"] = decimal
    if thousands:
        settings["thousands"] = thousands
    if words:
        settings["missing_values"] = words
    return settings


def _encoding(content: bytes) -> str:
    if content.startswith(_UTF16):
        return "utf-16"
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _columns(text: str, separator: str) -> int:
    """The number of cells in each of the first records, if it is the same in all."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        widths = {len(cells) for cells, _ in zip(reader, range(_LOOKED_AT), strict=False) if cells}
    except csv.Error:
        return 0
    return widths.pop() if len(widths) == 1 else 0


def _numeric(data: Data, columns: Sequence[set[str]], decimal: str, thousands: str | None) -> int:
    other = data.model_copy(update={"decimal": decimal, "thousands": thousands})
    return sum(_is_numeric(other, cells - {*GAP_WORDS}) for cells in columns)


def _is_numeric(data: Data, cells: set[str]) -> bool:
    return bool(cells) and all(as_number(data, cell) is not None for cell in cells)
