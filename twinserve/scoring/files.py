"""One file of CSV to one file of results, on all cores of a machine."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from twinserve import __version__
from twinserve.config.errors import UserError
from twinserve.scoring.blocks import Block, Content
from twinserve.scoring.csv_rows import Layout, Scored, score_block
from twinserve.scoring.options import Options
from twinserve.scoring.partial import Partial
from twinserve.scoring.pool import EndedError, in_order
from twinserve.scoring.results import ERROR, quoted
from twinserve.scoring.scorer import Scorer
from twinserve.scoring.timing import Stages

_SHOWN = 12
Piece = TypeVar("Piece")
OnProgress = Callable[[int, float], None]


class Task(NamedTuple):
    """What is scored.

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
        content = Content(task.source, task.options.format)
        added = [*scorer.names, *([ERROR] if task.options.marks else [])]
        places = places_of(task.source, content.header, scorer.needs, added)
    layout = Layout(task.source, len(content.header), places, content.ending)
    partial = Partial(task.target, identity_of(task, scorer))
    try:
        counts = _score(task, content, layout, partial, added, stages)
    except EndedError:
        raise
    except UserError:
        partial.discard()
        raise
    finally:
        partial.leave()
        content.close()
    seconds = time.perf_counter() - began
    return Summary(*counts, seconds, stages, task.processes)


def places_of(
    source: Path, header: Sequence[str], needs: Sequence[str], added: Sequence[str]
) -> tuple[int, ...]:
    """The place of each column that is needed.

    Raises:
        UserError: one is not in the header, or is there twice, or a result's name is there.
    """
    shown = ", ".join([*(name or "(no name)" for name in header[:_SHOWN])])
    shown += ", …" * (len(header) > _SHOWN)
    for name in needs:
        if header.count(name) != 1:
            found = "not found" if name not in header else f"found {header.count(name)} times"
            raise UserError(f"{source}: row 1, column {name}: {found} among {shown}; expected once")
    for name in added:
        if name in header:
            raise UserError(
                f"{source}: row 1, column {name}: found a column of the name that results have; "
                "rename it"
            )
    return tuple(header.index(name) for name in needs)


def identity_of(task: Task, scorer: Scorer) -> dict[str, Any]:
    """What an unfinished result depends on: with any of it changed, it is begun anew."""
    found = task.source.stat()
    return {
        "engine": __version__,
        "source": [str(task.source.resolve()), found.st_size, found.st_mtime_ns],
        "bundle": scorer.bundle,
        "options": [list(task.options.include), task.options.on_error],
        "format": [*task.options.format[:-1], list(task.options.format.missing_values)],
    }


def _score(
    task: Task,
    content: Content,
    layout: Layout,
    partial: Partial,
    added: Sequence[str],
    stages: Stages,
) -> Counts:
    separator = task.options.format.separator
    state = partial.found
    if state is None:
        names = [content.header_text, *(quoted(name, separator) for name in added)]
        partial.append((separator.join(names) + content.ending).encode())
        counts = Counts()
    else:
        content.skip_to(state["end"], state["line"])
        counts = Counts(state["rows"], state["wrong"], state["rows"])
    ends: deque[tuple[int, int]] = deque()

    def blocks() -> Iterator[Block]:
        for block in timed(content.blocks(), stages, "read"):
            ends.append((block.end, block.end_line))
            yield block

    arguments = (task.bundle, task.options, layout)
    for done in in_order(_score_block, blocks(), task.processes, _begin, *arguments):
        stages.add_all(done.stages)
        end, line = ends.popleft()
        if done.faults and not task.options.marks:
            raise stopped(task.source, *done.faults[0])
        with stages.timed("write"):
            partial.append(done.content)
            wrong = counts.wrong + len(done.faults)
            counts = Counts(counts.rows + done.rows, wrong, counts.resumed)
            if partial.due():
                partial.record(
                    {"end": end, "line": line, "rows": counts.rows, "wrong": counts.wrong}
                )
        task.on_progress(counts.rows, content.progress)
    with stages.timed("write"):
        partial.finish()
    return counts


def stopped(source: Path, line: int, fault: str) -> UserError:
    """At the first wrong row."""
    return UserError(
        f"{source}: row {line}: {fault} (--on-error mark keeps such rows, with the reason in the "
        "place of a prediction)"
    )


def timed(pieces: Iterable[Piece], stages: Stages, name: str) -> Iterator[Piece]:
    """The pieces, what it takes to have each of them counted."""
    iterator = iter(pieces)
    while True:
        with stages.timed(name):
            piece = next(iterator, None)
        if piece is None:
            return
        yield piece


_opened: tuple[Scorer, Options, Layout] | None = None


def _begin(bundle: Path, options: Options, layout: Layout) -> None:
    """Once in each process that scores."""
    global _opened  # noqa: PLW0603 - a process scores one file
    _opened = Scorer(bundle, options), options, layout


def _score_block(block: Block) -> Scored:
    assert _opened is not None  # noqa: S101 - `_begin` has run
    scorer, options, layout = _opened
    return score_block(scorer, block, layout, options.format, mark=options.marks)


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths mean one file."""
    return other.exists() and one.exists() and one.samefile(other)
