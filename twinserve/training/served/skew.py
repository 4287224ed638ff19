"""Proof that a request's row becomes what the same row of the table became for training."""

import json
from typing import TYPE_CHECKING

from twinserve.config.errors import UserError
from twinserve.inference.contract import Problem
from twinserve.training.paths import TEST_PATH, TRAIN_PATH
from twinserve.training.prepare import held_out
from twinserve.training.prepared import read_prepared

if TYPE_CHECKING:
    from twinserve.config.params import Params
    from twinserve.inference.steps import Steps
    from twinserve.training.table import Table


def prove_no_skew(params: "Params", table: "Table", steps: "Steps") -> int:
    """Send every row of the table through ``before`` as a request; the number of rows.

    Raises:
        UserError: a row is no request, or the model was trained on other numbers.
    """
    held = held_out(table.classes, params.split)
    prepared = [iter(read_prepared(path).features.tolist()) for path in (TRAIN_PATH, TEST_PATH)]
    for place, (sent, line) in enumerate(zip(table.sent, table.lines, strict=True)):
        where = f"{params.data.table}: row {line}: data.step"
        try:
            served = steps.features(steps.read(json.dumps({"features": sent}).encode()))
        except (Problem, TypeError) as error:
            raise UserError(f"{where}: as a request: {error}") from None
        trained = next(prepared[place in held], None)
        if served != trained:
            raise UserError(
                f"{where}: before() of custom/steps.py gives {served} for a request, but "
                f"{trained} was trained on; it must give the same each time"
            )
    return len(table.sent)
