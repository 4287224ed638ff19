"""Check the whole table, then split it into rows to train on and rows held out."""

import random
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from twinserve.config.errors import UserError, run_as_command
from twinserve.config.params import Params, load_params
from twinserve.config.training import Data, Feature, Split
from twinserve.training.fitting.progress import said_while
from twinserve.training.paths import TEST_PATH, TRAIN_PATH
from twinserve.training.prepared import write_columns, write_prepared
from twinserve.training.reading.cells import listed
from twinserve.training.reading.records import count
from twinserve.training.table import Table, read_table

_MANY, _SIDE_BY_SIDE = 10, 20


def held_out(classes: Sequence[float], split: Split) -> set[int]:
    """Positions of the rows to hold out: the same fraction of each class.

    Every class keeps at least one row on either side. ``random.Random`` draws the same rows with
    every version of Python and of scikit-learn.
    """
    draw = random.Random(split.seed)  # noqa: S311 - a split, not a secret
    chosen: set[int] = set()
    for number in sorted(set(classes)):
        members = [position for position, label in enumerate(classes) if label == number]
        draw.shuffle(members)
        count = round(split.test_fraction * len(members))
        chosen.update(members[: min(max(count, 1), len(members) - 1)])
    return chosen


def held_out_of(table: Table, split: Split) -> set[int]:
    """Positions of the table's rows to hold out; a regression has no classes to be held apart."""
    return held_out(table.labels if table.data.classes else [0] * len(table.labels), split)


def prepare(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: the table is refused; nothing was written.
    """
    with said_while(f"prepare: {params.data.table}"):
        table = read_table(params.data)
        data = table.data
        _check_task(params, data)
        test = held_out_of(table, params.split)
        rows = [place not in test for place in range(len(table.rows))], table.rows, table.labels
        write_columns(data)
        for path, wanted in ((TRAIN_PATH, True), (TEST_PATH, False)):
            chosen = (
                (row, label)
                for trained_on, row, label in zip(*rows, strict=True)
                if trained_on is wanted
            )
            write_prepared(path, data, chosen)
    for line in _taken(params, table):
        sys.stdout.write(f"prepare: {line}\n")
    sys.stdout.write(
        f"prepare: {data.table} has {len(table.rows)} rows ({_labels(table)}): "
        f"{len(table.rows) - len(test)} to train on, {len(test)} held out\n"
    )


def _check_task(params: Params, data: Data) -> None:
    """Refuse before training what the task will not have.

    Raises:
        UserError: a gate is of another task, or a golden case does not fit the columns.
    """
    of_numbers = {"min_r2", "max_mae", "max_rmse"}
    for gate, limit in params.evaluation.gates:
        if limit is not None and (gate in of_numbers) != (data.task == "regression"):
            raise UserError(
                f"params.yaml: evaluation.gates.{gate}: is no gate of a {data.task}, which "
                f"{data.table} is, by data.task or its label {data.label}; leave it out"
            )
    width = len(data.features)
    for position, case in enumerate(params.golden):
        length = len(case.features)
        if isinstance(case.features, list) and length != width and not _own_steps():
            raise UserError(
                f"params.yaml: golden[{position}]: found {length} features, expected {width}: "
                f"{', '.join(feature.name for feature in data.features)}"
            )
        if data.classes and case.prediction not in range(len(data.classes)):
            raise UserError(
                f"params.yaml: golden[{position}]: found the prediction {case.prediction:g}, "
                f"expected the number of a class, 0 to {len(data.classes) - 1}"
            )


def _own_steps() -> bool:
    """Whether the user's own steps may read other rows than the model does."""
    return Path("custom/steps.py").exists()


def _labels(table: Table) -> str:
    if table.data.task == "regression":
        return f"{table.data.label} {min(table.labels):g} to {max(table.labels):g}"
    return ", ".join(
        f"{table.labels.count(number)} {name}" for number, name in enumerate(table.data.classes)
    )


def _taken(params: Params, table: Table) -> list[str]:
    """What was taken from the table because ``params.yaml`` leaves it out, and what is ignored."""
    given, data = params.data, table.data
    lines = []
    if given.task is None and not given.classes:
        lines.append(f"task {data.task}, by {data.label}")
    if not given.features:
        lines += [f"column {line}" for line in described_all(data.features)]
    if table.unlabelled:
        lines.append(f"left out: {count(table.unlabelled, 'row')} without {data.label}")
    if table.ignored:
        named = ", ".join(name or "one without a name" for name in table.ignored)
        lines.append(f"ignored, since data.features does not name them: {named}")
    return lines


def described_all(features: Sequence[Feature]) -> list[str]:
    """Each column and its type in a line; of many of a type side by side a line for all."""
    lines = []
    for kind, run in groupby(features, key=_kind):
        members = list(run)
        if len(members) <= _SIDE_BY_SIDE:
            lines += [f"{_named(member)}: {kind}" for member in members]
        else:
            ends = f"{_named(members[0])} … {_named(members[-1])}"
            lines.append(f"{ends}, {len(members)} columns: {kind}")
    return lines


def _kind(feature: Feature) -> str:
    of = f" of {listed(feature.values, _MANY)}" if feature.values else ""
    return f"{feature.type}{of}{', with gaps' * feature.missing}"


def _named(feature: Feature) -> str:
    """In a line, also where the table's header has a line break in the name."""
    return " ".join(feature.name.split())


def main() -> None:
    """Run the stage from ``params.yaml``."""
    prepare(load_params())


if __name__ == "__main__":
    run_as_command(main)
