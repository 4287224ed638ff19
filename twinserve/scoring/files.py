"""One file of CSV to one file of results, on all cores of a machine."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from twinserve import __version__
from twinserve.scoring.blocks import Content
from twinserve.scoring.options import Options
from twinserve.scoring.partial import Partial
from twinserve.scoring.rows import Rows
from twinserve.scoring.scorer import Scorer
from twinserve.scoring.timing import Stages

OnProgress = Callable[[int, float], None]


class Task(NamedTuple):
    """A file to score.

    Attributes:
        bundle: folder of the bundle.
        processes: that score.
        on_progress: told the rows so far, and the share of the file that was read.
    """

    source: Path
    target: Path
    bundle: Path
    options: Options
    processes: int
    on_progress: OnProgress


class Summary(NamedTuple):
    """What a run has done.

    Attributes:
        rows: of the file.
        wrong: those of them that have no prediction.
        resumed: rows that an earlier run had scored.
        stages: seconds, summed over processes.
    """

    rows: int
    wrong: int
    resumed: int
    seconds: float
    stages: Stages
    processes: int


class Counts(NamedTuple):
    """Rows so far."""

    rows: int = 0
    wrong: int = 0
    resumed: int = 0


def score_csv(task: Task) -> Summary:
    """Score a file of CSV, compressed by gzip or not.

    Raises:
        UserError: the file is none, lacks a column, or has a wrong row where none may be.
    """
    began = time.perf_counter()
    stages = Stages()
    with stages.timed("open"):
        scorer = Scorer(task.bundle, task.options)
        content = Content.of_file(task.source, task.options.format)
        rows = Rows(content, scorer, task.bundle, task.options)
    with closing(content), Partial(task.target, identity_of(task, scorer)) as partial:
        counts = _score(task, content, rows, partial, stages)
    seconds = time.perf_counter() - began
    return Summary(*counts, seconds, stages, task.processes)


def identity_of(task: Task, scorer: Scorer) -> dict[str, Any]:
    """What an unfinished result depends on: with any of it changed, it is begun anew."""
    status = task.source.stat()
    return {
        "engine": __version__,
        "source": [str(task.source.resolve()), status.st_size, status.st_mtime_ns],
        "bundle": scorer.bundle,
        "options": [scorer.names, task.options.on_error],
        "format": [*task.options.format[:-1], list(task.options.format.missing_values)],
    }


def _score(task: Task, content: Content, rows: Rows, partial: Partial, stages: Stages) -> Counts:
    state = partial.found
    if state is None:
        partial.append(rows.head)
        counts = Counts()
    else:
        content.skip_to(state["end"], state["line"])
        counts = Counts(state["rows"], state["wrong"], state["rows"])
    for reached in rows.results(task.processes, stages):
        with stages.timed("write"):
            partial.append(reached.content)
            wrong = counts.wrong + reached.wrong
            counts = Counts(counts.rows + reached.rows, wrong, counts.resumed)
            if partial.due():
                state = {"end": reached.end, "line": reached.line}
                partial.record({**state, "rows": counts.rows, "wrong": counts.wrong})
        task.on_progress(counts.rows, content.progress)
    with stages.timed("write"):
        partial.finish()
    return counts


def same_file(path: Path, other: Path) -> bool:
    """Whether two paths mean one file."""
    return other.exists() and path.exists() and path.samefile(other)
