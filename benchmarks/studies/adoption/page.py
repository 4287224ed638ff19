"""The times as a table of docs/tables.md."""

from collections.abc import Sequence

from benchmarks.studies.adoption.known import TABLES
from benchmarks.studies.adoption.run import Adopted
from twinserve.measure.machine.conditions import Conditions
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.pages.render import Cell, Row, Table, readable_time


def markdown(tables: Sequence[Adopted], conditions: Conditions) -> str:
    """A row a table, and where and when it was taken."""
    rows = tuple(Row(_described(one), _cells(one)) for one in tables)
    heads = ("table", "served", "`make adopt`", "`make run`, until both endpoints have answered")
    return (
        f"{as_markdown(Table('From the file to two endpoints', heads, rows))}\nTaken "
        f"{readable_time(conditions.taken_at)} on {conditions.machine}; load average "
        f"{conditions.load}.\n"
    )


def _described(one: Adopted) -> str:
    return f"{one.name}: {one.rows:,} rows, {one.columns} columns; {TABLES[one.name].about}"


def _cells(one: Adopted) -> tuple[Cell, ...]:
    return Cell(one.runtime), Cell(f"{one.adopt_s:.1f} s"), Cell(f"{one.served_s:.0f} s")
