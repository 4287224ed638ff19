"""A file of Parquet to a file of results, a group of its rows at a time in each process."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import fastparquet
import pandas as pd

from twinserve.config.errors import UserError
from twinserve.scoring.files import Counts, Summary, Task, identity_of
from twinserve.scoring.options import Options
from twinserve.scoring.partial import Partial
from twinserve.scoring.pool import in_order
from twinserve.scoring.results import ANSWER, ERROR, LABEL, PREDICTION
from twinserve.scoring.rows import added_names, places_of, stopped
from twinserve.scoring.scorer import Scorer
from twinserve.scoring.timing import Stages
from twinserve.training.reading.records import as_cells

# What a file ends with: the size of its description, which stands before it, and a mark.
_END_BYTES = 8
# Rows that are scored at once.
_AT_ONCE = 20_000


class Group(NamedTuple):
    """A group of rows of a file: its number, and how many rows there are before it."""

    path: Path
    number: int
    before: int


class ScoredGroup(NamedTuple):
    """A group's rows with their results, and what is wrong with some, by their number."""

    frame: "pd.DataFrame"
    faults: Sequence[tuple[int, str]]
    stages: Stages


def score_parquet(task: Task) -> Summary:
    """Score a file of Parquet.

    Raises:
        UserError: the file is none, lacks a column, or has a wrong row where none may be.
    """
    began = time.perf_counter()
    stages = Stages()
    with stages.timed("open"):
        scorer = Scorer(task.bundle, task.options)
        file = _opened_file(task.source)
        added = added_names(scorer, task.options)
        places_of(str(task.source), file.columns, scorer.needs, added)
    with Partial(task.target, identity_of(task, scorer)) as partial:
        counts = _score(task, file, partial, stages)
    return Summary(*counts, time.perf_counter() - began, stages, task.processes)


def _opened_file(path: Path) -> Any:  # noqa: ANN401 - it ships no types
    try:
        return fastparquet.ParquetFile(str(path))
    except Exception as error:  # noqa: BLE001 - a reader of Parquet raises anything
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: found Parquet that cannot be read: {why:.120}") from None


def _score(
    task: Task,
    file: Any,  # noqa: ANN401 - likewise
    partial: Partial,
    stages: Stages,
) -> Counts:
    state = partial.found or {"groups": 0, "rows": 0, "wrong": 0}
    counts = Counts(state["rows"], state["wrong"], state["rows"])
    sizes = [group.num_rows for group in file.row_groups]
    groups = [
        Group(task.source, number, sum(sizes[:number]))
        for number in range(state["groups"], len(sizes))
    ]
    work = in_order(_score_group, groups, task.processes, _begin, task.bundle, task.options)
    for done, number in zip(work, range(state["groups"], len(sizes)), strict=True):
        stages.add_all(done.stages)
        if done.faults and not task.options.marks:
            raise stopped(str(task.source), *done.faults[0])
        with stages.timed("write"):
            first = number == 0
            fastparquet.write(str(partial.path), done.frame, append=not first, write_index=False)
            wrong = counts.wrong + len(done.faults)
            counts = Counts(counts.rows + len(done.frame), wrong, counts.resumed)
            if partial.due():
                reached = {"groups": number + 1, "rows": counts.rows, "wrong": counts.wrong}
                partial.record(reached, tail=_description_bytes(partial))
        task.on_progress(counts.rows, (number + 1) / len(sizes))
    with stages.timed("write"):
        if not sizes:
            # An empty file still tells which columns results have.
            _begin(task.bundle, task.options)
            frame = file.to_pandas()
            _with_results(frame, stages)
            fastparquet.write(str(partial.path), frame, write_index=False)
        partial.finish()
    return counts


def _description_bytes(partial: Partial) -> int:
    """What the next group is written over."""
    with partial.path.open("rb") as file:
        file.seek(-_END_BYTES, 2)
        return int.from_bytes(file.read(4), "little") + _END_BYTES


_scorer: Scorer | None = None
_options = Options()


def _begin(bundle: Path, options: Options) -> None:
    """Once in each process that scores."""
    global _scorer, _options
    _scorer, _options = Scorer(bundle, options), options


def _score_group(group: Group) -> ScoredGroup:
    stages = Stages()
    with stages.timed("parse"):
        frame = _opened_file(group.path)[group.number].to_pandas().reset_index(drop=True)
    faults = _with_results(frame, stages)
    return ScoredGroup(frame, [(group.before + row + 1, why) for row, why in faults], stages)


def _with_results(frame: "pd.DataFrame", stages: Stages) -> list[tuple[int, str]]:
    """Add the columns of results to rows; what is wrong with some of them, by their place."""
    assert _scorer is not None  # noqa: S101 - `_begin` has run
    scored: dict[str, list[Any]] = {name: [] for name in _scorer.names}
    faults: list[tuple[int, str]] = []
    for start in range(0, len(frame), _AT_ONCE):
        with stages.timed("parse"):
            part = frame.iloc[start : start + _AT_ONCE]
            columns = [as_cells(part[name]) for name in _scorer.needs]
        results = _scorer.score(columns, stages)
        for name, column in zip(_scorer.names, results.columns, strict=True):
            scored[name] += column
        faults += [(start + place, results.faults[place]) for place in sorted(results.faults)]
    with stages.timed("format"):
        for name, column in scored.items():
            frame[name] = _series(name, column)
        if _options.marks:
            reasons = dict(faults)
            frame[ERROR] = pd.Series([reasons.get(row) for row in range(len(frame))], dtype=object)
    return faults


def _series(name: str, column: Sequence[Any]) -> "pd.Series":
    """Numbers with gaps, whole ones as such; or texts. The same type in each group."""
    if name in {LABEL, ANSWER}:
        return pd.Series(column, dtype=object)
    if name == PREDICTION and _scorer is not None and _scorer.whole:
        return pd.Series(column, dtype="Int64")
    return pd.Series(column, dtype="float64")
