"""What a cell of a table means: the marks of its numbers, and the words for true and false.

Standard library only: whole files are scored where nothing else is installed.
"""

import csv
import re
import sys
from typing import Protocol

# A text may be longer than the 131,072 characters at which Python's own reader of CSV stops.
csv.field_size_limit(sys.maxsize)
# float() alone would also take "1_000", "nan" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# What float() takes and consists of these is a number.
OF_NUMBERS = "0123456789+-.eE "
# With more digits a float would be another number, and two categories one: those are texts.
WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,14})(\.0*)?", re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})


class Marks(Protocol):
    """How a table writes its numbers; ``data`` of params.yaml is one."""

    @property
    def decimal(self) -> str:
        """Between whole and fraction."""

    @property
    def thousands(self) -> str | None:
        """Between the thousands."""


def as_number(marks: Marks, text: str) -> float | None:
    """The number that a cell means by the table's marks, infinite beyond float64; or none."""
    if marks.thousands is not None and marks.thousands in text:
        mark = re.escape(marks.thousands)
        if not re.match(rf"[+-]?\d{{1,3}}({mark}\d{{3}})+(?!\d)", text, re.ASCII):
            return None
        text = text.replace(marks.thousands, "")
    if marks.decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def as_boolean(text: str) -> bool | None:
    """True or false, if a cell says either."""
    word = text.lower()
    return True if word in _TRUE else False if word in _FALSE else None
