"""From a cell of a file to the value that a request would give, by the feature's type."""

from collections.abc import Callable, Sequence
from typing import Any

from twinserve.config.card import Feature
from twinserve.config.cells import OF_NUMBERS, WHOLE, as_boolean, as_number
from twinserve.inference.problem import FLOAT32_MAX
from twinserve.scoring.options import Format

Read = Callable[[str], Any]
_NUMBERS = OF_NUMBERS.encode()


def reader_of(feature: Feature, marks: Format) -> Read:
    """What a request would give for a cell; None for a gap.

    A cell that is no value of the type stays text, which the contract then refuses.
    """
    if feature.type == "text":
        return lambda cell: None if feature.missing and marks.is_gap(cell) else cell
    whole = feature.type == "category" and isinstance(feature.values[0], int)
    by_type: dict[str, Read] = {"number": _number(marks), "boolean": _boolean}
    read = by_type.get(feature.type, _whole if whole else _text)
    return _present(read, marks)


def reader_of_kind(kind: object, marks: Format) -> Read:
    """Likewise for a field of the user's own step, by its type in Python."""
    by_kind: dict[object, Read] = {bool: _boolean, float: _number(marks), int: _number(marks)}
    read = by_kind.get(kind)
    if read is None:
        return lambda cell: cell
    return _present(read, marks)


def plain_numbers(columns: Sequence[Sequence[str]], marks: Format) -> list[list[float]] | None:
    """Columns of numbers all at once; None where any cell is none that the model can take.

    What has a mark of its own, or a gap's, is left to the reader of single cells.
    """
    if not marks.plain or any(not set(word) - set(OF_NUMBERS) for word in marks.missing_values):
        return None
    floats = []
    for cells in columns:
        joined = "".join(cells)
        # float() alone would take more than numbers.
        if not joined.isascii() or joined.encode().translate(None, _NUMBERS):
            return None
        try:
            numbers = list(map(float, cells))
        except ValueError:
            return None
        if max(numbers) > FLOAT32_MAX or min(numbers) < -FLOAT32_MAX:
            return None
        floats.append(numbers)
    return floats


def _present(read: Read, marks: Format) -> Read:
    return lambda cell: None if marks.is_gap(cell) else read(cell.strip())


def _number(marks: Format) -> Read:
    def read(text: str) -> Any:  # noqa: ANN401 - a number, or the text that is none
        number = as_number(marks, text)
        return text if number is None else number

    return read


def _boolean(text: str) -> Any:  # noqa: ANN401 - likewise
    value = as_boolean(text)
    return text if value is None else value


def _text(text: str) -> str:
    return text


def _whole(text: str) -> Any:  # noqa: ANN401 - likewise
    return float(text) if WHOLE.fullmatch(text) else text
