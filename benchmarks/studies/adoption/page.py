"""The times as a table of docs/tables.md."""

from collections.abc import Sequence

from benchmarks.studies.adoption.known import TABLES
from benchmarks.studies.adoption.run import Adopted
from twinserve.measure.machine.conditions import Conditions
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.pages.render import Cell, Row, Table, readable_time


def markdown(tables: Sequence[Adopted], conditions: Conditions) -> str:
    """A row a table, and where and when it was taken."""
    rows = tuple(Row(_described(timed), _cells(timed)) for timed in tables)
    heads = ("table", "served", "`make adopt`", "`make run`, until both endpoints have answered")
    return (
        f"{as_markdown(Table('From the file to two endpoints', heads, rows))}\nTaken "
        f"{readable_time(conditions.taken_at)} on {conditions.machine}; load average "
        f"{conditions.load}.\n"
    )


def _described(timed: Adopted) -> str:
    return f"{timed.name}: {timed.rows:,} rows, {timed.columns} columns; {TABLES[timed.name].about}"


def _cells(timed: Adopted) -> tuple[Cell, ...]:
    return (
        Cell(timed.runtime),
        Cell(f"{timed.adopt_s:.1f} s"),
        Cell(f"{timed.served_s:.0f} s"),
    )
