"""A block of CSV to the same lines with their results behind them."""

import csv
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from twinserve.config.errors import UserError
from twinserve.scoring.blocks import Block
from twinserve.scoring.options import Format
from twinserve.scoring.results import as_texts, quoted
from twinserve.scoring.scorer import Scorer
from twinserve.scoring.timing import Stages

if TYPE_CHECKING:
    from _csv import Reader


class Layout(NamedTuple):
    """How the file is laid out.

    Attributes:
        source: the file's name, for refusals.
        width: cells of a row.
        places: of the columns that the scorer needs.
        ending: of its lines.
    """

    source: str
    width: int
    places: tuple[int, ...]
    ending: str


class Scored(NamedTuple):
    """A block with its results.

    Attributes:
        content: the lines, with a result each.
        rows: how many there are.
        faults: what is wrong with rows, by the line on which each begins.
    """

    content: bytes
    rows: int
    faults: Sequence[tuple[int, str]]
    stages: Stages


def score_block(
    scorer: Scorer, block: Block, layout: Layout, marks: Format, *, mark: bool
) -> Scored:
    """Score the records of a block; with ``mark`` a wrong row keeps its place.

    Raises:
        UserError: the block is no CSV.
    """
    stages = Stages()
    with stages.timed("parse"):
        records = _records(block, layout.source, marks)
        records, misfits = _fitted(records, layout.width, marks)
        by_column = list(zip(*records.cells, strict=True)) if records.cells else []
        columns = [by_column[place] for place in layout.places] if by_column else []
    results = scorer.score(columns, stages)
    # A row of another width is wrong whatever its cells say.
    faults = {**results.faults, **misfits}
    lines = [(records.lines[place], faults[place]) for place in sorted(faults)]
    if faults and not mark:
        return Scored(b"", len(records.cells), lines, stages)
    with stages.timed("format"):
        shown = [list(as_texts(column, marks)) for column in results.columns]
        for place in misfits:
            for column in shown:
                column[place] = ""
        if mark:
            shown.append([""] * len(records.cells))
            for place, fault in faults.items():
                shown[-1][place] = quoted(" ".join(fault.split()), marks.separator)
        whole = map(marks.separator.join, zip(records.texts, *shown, strict=True))
        content = layout.ending.join([*whole, ""]).encode()
    return Scored(content, len(records.cells), lines, stages)


class _Records(NamedTuple):
    """Records that are not blank: their text, their cells, the line on which each begins."""

    texts: Sequence[str]
    cells: Sequence[Sequence[str]]
    lines: Sequence[int]


def _records(block: Block, source: str, marks: Format) -> _Records:
    try:
        text = block.content.decode()
    except UnicodeDecodeError as error:
        line = block.line + block.content.count(b"\n", 0, error.start)
        byte = block.content[error.start]
        why = f"found byte 0x{byte:02x}, expected UTF-8 text (data.encoding in params.yaml)"
        raise _refused(source, line, why) from None
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if '"' in text:
        rows = list(_quoted(lines, block.line, source, marks))
    else:
        if "\r" in text:
            lines = [line.removesuffix("\r") for line in lines]
        cells = _parsed(lines, block.line, source, marks)
        if all(cells):
            return _Records(lines, cells, range(block.line, block.line + len(lines)))
        rows = [
            (line, row, block.line + place)
            for place, (line, row) in enumerate(zip(lines, cells, strict=True))
            if row
        ]
    return _Records(*(list(column) for column in zip(*rows, strict=True))) if rows else _EMPTY


_EMPTY = _Records((), (), ())


def _reader(lines: Sequence[str], marks: Format) -> "Reader":
    # A space that is no separator itself may stand behind one.
    return csv.reader(
        lines,
        delimiter=marks.separator,
        skipinitialspace=marks.separator != " ",
        strict=True,
    )


def _parsed(lines: Sequence[str], first: int, source: str, marks: Format) -> list[list[str]]:
    reader = _reader(lines, marks)
    try:
        return list(reader)
    except csv.Error as error:
        why = f"found {error}, expected CSV"
        raise _refused(source, first + max(reader.line_num - 1, 0), why) from None


def _quoted(
    lines: Sequence[str], first: int, source: str, marks: Format
) -> Iterator[tuple[str, list[str], int]]:
    """Likewise where a record may take several lines."""
    reader = _reader([f"{line}\n" for line in lines], marks)
    begins = 0
    try:
        for cells in reader:
            if cells:
                text = "\n".join(lines[begins : reader.line_num]).removesuffix("\r")
                yield text, cells, first + begins
            begins = reader.line_num
    except csv.Error as error:
        raise _refused(source, first + begins, f"found {error}, expected CSV") from None


def _refused(source: str, line: int, why: str) -> UserError:
    return UserError(f"{source}: row {line}: {why}")


def _fitted(records: _Records, width: int, marks: Format) -> tuple[_Records, dict[int, str]]:
    """Each row with as many cells as the header; what is wrong with those that had another number.

    What is missing is empty, and what is too much is left out.
    """
    if set(map(len, records.cells)) <= {width}:
        return records, {}
    texts, every, misfits = list(records.texts), list(records.cells), {}
    for place, cells in enumerate(every):
        if len(cells) == width:
            continue
        misfits[place] = f"found {len(cells)} cells, expected {width} as in the header"
        every[place] = [*cells[:width], *repeat("", width - len(cells))]
        texts[place] = marks.separator.join(quoted(cell, marks.separator) for cell in every[place])
    return _Records(texts, every, records.lines), misfits
