"""Check the whole table, then split it into rows to train on and rows held out."""

import random
import sys

from twinserve.config.errors import run_as_command
from twinserve.config.params import Params, load_params
from twinserve.config.training import Split
from twinserve.training.paths import TEST_PATH, TRAIN_PATH
from twinserve.training.prepared import write_prepared
from twinserve.training.table import read_table


def held_out(classes: list[int], split: Split) -> set[int]:
    """Positions of the rows to hold out: the same fraction of each class.

    Every class keeps at least one row on either side. ``random.Random`` draws the same rows with
    every version of Python and of scikit-learn.
    """
    draw = random.Random(split.seed)  # noqa: S311 - a split, not a secret
    chosen: set[int] = set()
    for number in sorted(set(classes)):
        members = [position for position, one in enumerate(classes) if one == number]
        draw.shuffle(members)
        count = round(split.test_fraction * len(members))
        chosen.update(members[: min(max(count, 1), len(members) - 1)])
    return chosen


def prepare(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: the table is refused; nothing was written.
    """
    table = read_table(params.data)
    test = held_out(table.classes, params.split)
    rows = list(zip(table.rows, table.classes, strict=True))
    write_prepared(
        TRAIN_PATH, params.data, (row for place, row in enumerate(rows) if place not in test)
    )
    write_prepared(TEST_PATH, params.data, (row for place, row in enumerate(rows) if place in test))
    counts = ", ".join(
        f"{table.classes.count(number)} {name}" for number, name in enumerate(params.data.classes)
    )
    sys.stdout.write(
        f"prepare: {params.data.table} has {len(rows)} rows ({counts}): "
        f"{len(rows) - len(test)} to train on, {len(test)} held out\n"
    )


def main() -> None:
    """Run the stage from ``params.yaml``."""
    prepare(load_params())


if __name__ == "__main__":
    run_as_command(main)
