"""Cells of a column as encoded values, by the column's type; the refusals of those that are none.

Encoded is as ``twinserve.config.card.Feature`` says.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from twinserve.config.cells import OF_NUMBERS, WHOLE, as_boolean, as_number
from twinserve.config.errors import UserError
from twinserve.config.training import Data, Feature
from twinserve.inference.problem import FLOAT32_MAX

# What others write for a gap; it is one here where ``data.missing_values`` says so.
GAP_WORDS = ("?", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None", "<NA>", "-")
_GAP_HINT = " (missing: true for this column in data.features would take it for a gap)"
LABEL_HINT = " (data.unlabelled: skip would leave such rows out)"
_SHOWN, _MANY = 40, 20
_OF_NUMBERS = frozenset(OF_NUMBERS)
Value = float | str


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of a column.

    Attributes:
        lines: the row of the file of each, for refusals.
    """

    data: Data
    name: str
    texts: Sequence[str]
    lines: Sequence[int]

    @property
    def of_label(self) -> bool:
        """Whether they are what is predicted."""
        return self.name == self.data.label

    def is_gap(self, cell: str) -> bool:
        """Whether it is empty, or stands for a gap by ``data.missing_values``."""
        text = cell.strip()
        return not text or text in self.data.missing_values

    def refusal(self, place: int, expected: str) -> UserError:
        """The line for one cell: file, row, column, what was found and what was expected."""
        return UserError(
            f"{self.data.table}: row {self.lines[place]}, column {self.name}: "
            f"found {shown(self.texts[place])}, expected {expected}"
        )

    def present(self) -> Iterator[tuple[int, str]]:
        """The place and the text of each cell that is no gap, without spaces around it."""
        for place, cell in enumerate(self.texts):
            if not self.is_gap(cell):
                yield place, cell.strip()


def encoded(cells: Cells, feature: Feature) -> list[Value]:
    """The values of a feature whose type is known, and its ``values`` if it is a category.

    Raises:
        UserError: a cell is none of the type's, or a gap where none is allowed.
    """
    if feature.type == "text":
        return _texts(cells, feature)
    if feature.type == "number" and not feature.missing and (fast := _plain(cells)) is not None:
        return fast
    read = {"number": _number, "boolean": _boolean, "category": _category(feature)}[feature.type]
    values: list[Value] = []
    for place, cell in enumerate(cells.texts):
        if cells.is_gap(cell):
            if not feature.missing:
                hint = LABEL_HINT if cells.of_label else _GAP_HINT
                raise cells.refusal(place, f"{_wanted(feature)}{hint}")
            values.append(math.nan)
        else:
            values.append(read(cells, place, cell.strip()))
    return values


def numbers(cells: Cells) -> list[float]:
    """The values of a column of numbers without gaps: a regression's label.

    Raises:
        UserError: a cell is no finite number.
    """
    return [float(value) for value in encoded(cells, Feature(name=cells.name))]


def listed(values: Sequence[object], most: int = _MANY) -> str:
    """Values in a line, the first of many."""
    return ", ".join([*map(str, values[:most]), *["…"] * (len(values) > most)])


def shown(cell: str) -> str:
    """A cell in a refusal."""
    if not cell.strip():
        return "an empty cell"
    return repr(cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…")


def _plain(cells: Cells) -> list[Value] | None:
    """All of a column at once, if each cell is a usual number; None if any is not."""
    gaps = any(set(word) <= _OF_NUMBERS for word in cells.data.missing_values)
    if cells.data.decimal != "." or cells.data.thousands or gaps:
        return None
    if not set("".join(cells.texts)) <= _OF_NUMBERS:
        return None
    try:
        values = list(map(float, cells.texts))
    except ValueError:
        return None
    within = not values or (min(values) >= -FLOAT32_MAX and max(values) <= FLOAT32_MAX)
    return [*values] if within else None


def _number(cells: Cells, place: int, text: str) -> float:
    value = as_number(cells.data, text)
    if value is None:
        raise cells.refusal(place, f"a finite number{_number_hint(cells.data, text)}")
    if not -FLOAT32_MAX <= value <= FLOAT32_MAX:
        raise cells.refusal(place, "a number within float32's range (up to 3.4e38)")
    return value


def _boolean(cells: Cells, place: int, text: str) -> float:
    value = as_boolean(text)
    if value is None:
        raise cells.refusal(place, "true or false, yes or no, 1 or 0 (type: category takes others)")
    return float(value)


def _category(feature: Feature) -> Callable[[Cells, int, str], float]:
    places: dict[str | int, int] = {value: place for place, value in enumerate(feature.values)}
    whole = any(isinstance(value, int) for value in feature.values)

    def read(cells: Cells, place: int, text: str) -> float:
        key: str | int = int(float(text)) if whole and WHOLE.fullmatch(text) else text
        if key not in places:
            raise cells.refusal(place, f"{_wanted(feature)} (values in data.features)")
        return float(places[key])

    return read


def _texts(cells: Cells, feature: Feature) -> list[Value]:
    if not feature.missing:
        return list(cells.texts)
    return [math.nan if cells.is_gap(cell) else cell for cell in cells.texts]


def _wanted(feature: Feature) -> str:
    if feature.type == "category":
        return f"one of {listed(feature.values)}"
    return {"number": "a finite number", "boolean": "true or false"}[feature.type]


def _number_hint(data: Data, text: str) -> str:
    """The setting that would read the cell."""
    if text in GAP_WORDS:
        return f" (data.missing_values: [{text!r}] would take it for a gap)"
    for decimal, thousands in ((",", None), (".", ","), (",", "."), (".", " "), (".", "'")):
        other = data.model_copy(update={"decimal": decimal, "thousands": thousands})
        if as_number(other, text) is not None:
            marks = f'data.decimal: "{decimal}"' if decimal != data.decimal else ""
            groups = f'data.thousands: "{thousands}"' if thousands else ""
            return f" ({' and '.join(filter(None, [marks, groups]))} would read it)"
    return " (type: category or text for this column in data.features would read it)"
