"""``data.step``: the step that makes the model's features of the table's rows, as of requests."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinserve.config.card import Card, Feature
from twinserve.config.errors import UserError

if TYPE_CHECKING:
    from twinserve.config.training import Data
    from twinserve.inference.steps import Steps

SETTING = "data.step"
KINDS = (float, int, bool, str)


class TableStep:
    """The user's ``before``, for the rows of the table.

    Attributes:
        fields: columns of the table that it takes, each with its type.
        required: those that it cannot do without.
    """

    def __init__(self, steps: "Steps") -> None:
        """Raises UserError: it takes what no column of a table holds."""
        self._steps = steps
        self.fields: dict[str, Any] = steps.fields
        self.required: Collection[str] = steps.required
        for name, kind in self.fields.items():
            if kind not in KINDS:
                raise UserError(
                    f"custom/steps.py: {name}: with {SETTING} a field is float, int, bool or str"
                )

    def columns(self, header: Collection[str]) -> list[str]:
        """The columns to read: one that it can do without may be missing."""
        return [name for name in self.fields if name in header or name in self.required]

    def features(self, where: str, row: dict[str, Any]) -> list[float]:
        """What the model is trained on of a row.

        Raises:
            UserError: the step refuses the row, or fails.
        """
        return self._told(where, lambda: self._steps.features(row))

    def requested(self, where: str, row: dict[str, Any]) -> list[float]:
        """What the model reads of a request with the row.

        Raises:
            UserError: the row is no request, or the step refuses it, or fails.
        """
        body = json.dumps({"features": row}).encode()
        return self._told(where, lambda: self._steps.features(self._steps.read(body)))

    @staticmethod
    def _told(where: str, make: Callable[[], list[float]]) -> list[float]:
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - of the user's own code
            raise UserError(
                f"{where}: {SETTING}: before() of custom/steps.py: {type(error).__name__}: {error}"
            ) from None


def table_step(data: "Data") -> TableStep | None:
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
    return TableStep(steps)


def _draft(data: "Data") -> Card:
    """As much of the model card as steps read."""
    features = [Feature(feature.name, feature.unit, 0, 0) for feature in data.features]
    blank: dict[str, Any] = dict.fromkeys(Card._fields)
    return Card(**{**blank, "version": "", "features": features, "classes": data.classes})
