"""``data.step``: the step that makes the model's features of the table's rows, as of requests."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinserve.config.card import Card, Feature
from twinserve.config.errors import UserError
from twinserve.config.training import Data
from twinserve.config.training import Feature as Column
from twinserve.training.reading.cells import Value, encoded
from twinserve.training.reading.records import Records, check_names
from twinserve.training.reading.rule import cells_of

if TYPE_CHECKING:
    from twinserve.inference.steps import Steps

SETTING = "data.step"
# Types that a field of a TypedDict may have, and how its column is read.
KINDS: dict[Any, Any] = {float: "number", int: "number", bool: "boolean", str: "text"}


class TableStep:
    """The user's ``before``, for the rows of the table.

    The columns that it takes are the fields of its TypedDict, or, without one, ``data.features``.
    """

    def __init__(self, steps: "Steps", data: Data) -> None:
        """Raises UserError: it takes what no column of a table holds."""
        self._steps = steps
        if steps.row_type is None:
            self._taken = list(data.features)
            return
        for name, kind in steps.fields.items():
            if kind not in KINDS:
                raise UserError(
                    f"custom/steps.py: {name}: with {SETTING} a field is float, int, bool or str"
                )
        self._taken = [
            Column(name=name, type=KINDS[kind], missing=name not in steps.required)
            for name, kind in steps.fields.items()
        ]

    def columns(self, data: Data, records: Records) -> list[str]:
        """The columns to read: one that it can do without may be missing.

        Raises:
            UserError: the table lacks one that it cannot do without.
        """
        check_names(
            data, records.header, [feature.name for feature in self._taken if not feature.missing]
        )
        return [feature.name for feature in self._taken if feature.name in records.header]

    def sent(self, data: Data, records: Records) -> list[dict[str, Any]]:
        """Each row as a request gives it; what it can do without is left out where it is a gap.

        Raises:
            UserError: a cell is none of its column's type.
        """
        present = set(self.columns(data, records))
        rows: list[dict[str, Any]] = [{} for _ in records.rows]
        for column in self._taken:
            if column.name in present:
                for row, value in zip(rows, self._values(column, data, records), strict=True):
                    if value == value:  # noqa: PLR0124 - NaN is a gap
                        row[column.name] = value
        return rows

    def _values(self, column: Column, data: Data, records: Records) -> list[Any]:
        """The cells of a column as values of a request, a gap NaN."""
        from twinserve.inference.typed import as_sent

        cells = cells_of(data, records, column.name)
        feature = _typed(column)
        values: list[Any] = [
            # NaN is a gap.
            as_sent(feature, value) if value == value else value  # noqa: PLR0124
            for value in encoded(cells, column)
        ]
        if self._steps.row_type is None or self._steps.fields[column.name] is not int:
            # Every number of a request is a float.
            return [float(value) if type(value) is int else value for value in values]
        for place, value in enumerate(values):
            if value % 1 > 0:
                raise cells.refusal(place, "a whole number")
        return [int(value) if value == value else value for value in values]  # noqa: PLR0124

    def features(self, where: str, row: dict[str, Any]) -> list[Value]:
        """What the model is trained on of a row, encoded.

        Raises:
            UserError: the step refuses the row, or fails.
        """
        return self._told(where, lambda: self._steps.features(row))

    def requested(self, where: str, row: dict[str, Any]) -> list[Value]:
        """What the model reads of a request with the row.

        Raises:
            UserError: the row is no request, or the step refuses it, or fails.
        """
        body = json.dumps({"features": row}).encode()
        return self._told(where, lambda: self._steps.features(self._steps.read(body)))

    @staticmethod
    def _told(where: str, make: Callable[[], list[Any]]) -> list[Value]:
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - of the user's own code
            raise UserError(
                f"{where}: {SETTING}: before() of custom/steps.py: {type(error).__name__}: {error}"
            ) from None


def table_step(data: Data) -> TableStep | None:
    """The step that ``params.yaml`` names for the table; None if it names none.

    Raises:
        UserError: ``custom/steps.py`` has no ``before``, or cannot be imported.
    """
    if data.step is None:
        return None
    # Only where there is one: the stage has no other use for what serves.
    from twinserve.inference.steps import load_steps

    steps = load_steps(Path.cwd(), _draft(data))
    if steps is None or steps.before is None:
        raise UserError(
            f"params.yaml: {SETTING}: custom/steps.py has no before(); write it, or take the "
            "setting out"
        )
    return TableStep(steps, data)


def _typed(column: Column) -> Feature:
    """A column as the model card has it, but for what is seen in the table's rows."""
    return Feature(
        column.name,
        column.unit,
        0,
        0,
        type=column.type,
        missing=column.missing,
        values=tuple(column.values),
    )


def _draft(data: Data) -> Card:
    """As much of the model card as steps read."""
    blank: dict[str, Any] = dict.fromkeys(Card._fields)
    blank |= {"version": "", "features": [_typed(feature) for feature in data.features]}
    return Card(**{**blank, "classes": data.classes, "task": data.task or "classification"})
