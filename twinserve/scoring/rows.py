"""The rows of an opened file, scored in order on all cores, wherever file and results lie."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from twinserve.config.errors import UserError
from twinserve.scoring.blocks import Block, Content
from twinserve.scoring.csv_rows import Layout, Scored, score_block
from twinserve.scoring.options import Options
from twinserve.scoring.pool import in_order
from twinserve.scoring.results import ERROR, quoted
from twinserve.scoring.scorer import Scorer
from twinserve.scoring.timing import Stages

_SHOWN = 12
Piece = TypeVar("Piece")


class Reached(NamedTuple):
    """The results of a block, and where the file goes on behind it.

    Attributes:
        content: lines with results.
        rows: how many there are.
        wrong: those of them that have no prediction.
        end: of the block in the file's content.
        line: of the file, on which the next block begins.
    """

    content: bytes
    rows: int
    wrong: int
    end: int
    line: int


class Rows:
    """An opened file, held against what a bundle needs.

    Attributes:
        head: the first line of the results.
    """

    def __init__(self, content: Content, scorer: Scorer, bundle: Path, options: Options) -> None:
        """Raises UserError: the file lacks a column, or has one of a result's name."""
        self._content, self._bundle, self._options = content, bundle, options
        added = added_names(scorer, options)
        places = places_of(content.name, content.header, scorer.needs, added)
        self._layout = Layout(content.name, len(content.header), places, content.ending)
        separator = options.format.separator
        names = [content.header_text, *(quoted(name, separator) for name in added)]
        self.head = (separator.join(names) + content.ending).encode()

    def results(self, processes: int, stages: Stages) -> Iterator[Reached]:
        """The results of each block, in order.

        Raises:
            UserError: the file is none, or has a wrong row where none may be.
        """
        ends: deque[tuple[int, int]] = deque()

        def blocks() -> Iterator[Block]:
            for block in _timed(self._content.blocks(), stages, "read"):
                ends.append((block.end, block.end_line))
                yield block

        arguments = (self._bundle, self._options, self._layout)
        for done in in_order(_score_block, blocks(), processes, _begin, *arguments):
            stages.add_all(done.stages)
            if done.faults and not self._options.marks:
                raise stopped(self._content.name, *done.faults[0])
            yield Reached(done.content, done.rows, len(done.faults), *ends.popleft())


def added_names(scorer: Scorer, options: Options) -> list[str]:
    """The columns of results."""
    return [*scorer.names, *([ERROR] if options.marks else [])]


def places_of(
    source: str, header: Sequence[str], needs: Sequence[str], added: Sequence[str]
) -> tuple[int, ...]:
    """The place of each column that is needed.

    Raises:
        UserError: one is not in the header, or is there twice, or a result's name is there.
    """
    shown = ", ".join([*(name or "(no name)" for name in header[:_SHOWN])])
    shown += ", …" * (len(header) > _SHOWN)
    for name in needs:
        if header.count(name) != 1:
            count = "not found" if name not in header else f"found {header.count(name)} times"
            raise UserError(f"{source}: row 1, column {name}: {count} among {shown}; expected once")
    for name in added:
        if name in header:
            raise UserError(
                f"{source}: row 1, column {name}: found a column of the name that results have; "
                "rename it"
            )
    return tuple(header.index(name) for name in needs)


def stopped(source: str, line: int, fault: str) -> UserError:
    """At the first wrong row."""
    return UserError(
        f"{source}: row {line}: {fault} (--on-error mark keeps such rows, with the reason in the "
        "place of a prediction)"
    )


def _timed(pieces: Iterable[Piece], stages: Stages, name: str) -> Iterator[Piece]:
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
