"""Proof that a request's row becomes what the same row of the table became for training."""

from typing import TYPE_CHECKING

from twinserve.config.errors import UserError
from twinserve.training.paths import TEST_PATH, TRAIN_PATH
from twinserve.training.prepare import held_out_of
from twinserve.training.prepared import read_written, written
from twinserve.training.step import SETTING

if TYPE_CHECKING:
    from twinserve.config.params import Params
    from twinserve.training.step import TableStep
    from twinserve.training.table import Table


def prove_no_skew(params: "Params", table: "Table", step: "TableStep") -> int:
    """Send every row of the table through ``before`` as a request; the number of rows.

    Raises:
        UserError: a row is no request, or the model was trained on other numbers.
    """
    held = held_out_of(table, params.split)
    prepared = [iter(read_written(path)) for path in (TRAIN_PATH, TEST_PATH)]
    for place, (sent, line) in enumerate(zip(table.sent, table.lines, strict=True)):
        where = f"{params.data.table}: row {line}"
        served = written(step.requested(where, sent))
        trained = next(prepared[place in held], None)
        if served != trained:
            other = ", ".join(trained or ["nothing"])
            raise UserError(
                f"{where}: {SETTING}: before() of custom/steps.py gives {', '.join(served)} for a "
                f"request, but {other} was trained on; it must give the same each time"
            )
    return len(table.sent)
