"""The grid as a table and a picture."""

from itertools import groupby
from pathlib import Path

from benchmarks.studies.large.grid import RUNTIMES, Cell, Grid
from twinserve.config.errors import UserError
from twinserve.measure.pages import svg
from twinserve.measure.pages.files import write_json
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.pages.render import Cell as Text
from twinserve.measure.pages.render import Row, Table, readable_time
from twinserve.measure.pages.svg import LEFT, RIGHT, WIDTH, Scale
from twinserve.measure.pages.text import number

_ROW = 40
_COLUMNS = (
    "trees and depth",
    "runtime",
    "made, s",
    "artifact, MB",
    "loaded, ms",
    "1 row, µs",
    "1,000 rows, ms",
    "PSS, MB",
)


def write_grid(grid: Grid, directory: Path) -> Path:
    """Write ``large.json`` and ``large.md``; the latter's path."""
    write_json(directory, "large", grid)
    page = directory / "large.md"
    page.write_text(markdown(grid), encoding="utf-8")
    return page


def markdown(grid: Grid) -> str:
    """The table, and where and when it was taken."""
    conditions, machine = grid.conditions, grid.conditions.machine
    return (
        f"{as_markdown(grid_table(grid))}\nTaken {readable_time(conditions.taken_at)} on "
        f"{machine}, Python {machine.python}; load average {conditions.load}.\n"
    )


def grid_table(grid: Grid) -> Table:
    """A row each cell; a fault in place of the figures that it prevented."""
    rows = tuple(Row(f"{cell.trees:,}, {cell.depth}", _figures(cell)) for cell in grid.cells)
    return Table("Forests on a table of 100 features and three classes", _COLUMNS, rows)


def picture(grid: Grid) -> str:
    """Microseconds for one row on a logarithmic axis: a line a forest, a dot a runtime."""
    timed = [cell for cell in grid.cells if not cell.fault]
    if not timed:
        raise UserError(f"no forest could be measured: {grid.cells[0].fault}")
    times = [cell.single_us for cell in timed]
    x = Scale(min(times) * 0.7, max(times) * 1.4, LEFT, WIDTH - RIGHT, log=True)
    shapes, row = [], 1
    for name, cells in groupby(timed, lambda cell: f"{cell.trees:,} trees, depth {cell.depth}"):
        middle = row * _ROW + 24
        shapes += [
            svg.text(LEFT, row * _ROW + 10, name, style="name"),
            svg.line(x.start, middle, x.end, middle, "grid"),
        ]
        for cell in cells:
            place = RUNTIMES.index(cell.runtime)
            shapes.append(svg.dot(x(cell.single_us), middle, 5, f"dot s{place}"))
        row += 1
    bottom = row * _ROW + 4
    shapes.append(svg.line(x.start, bottom, x.end, bottom, "axis"))
    for mark in svg.log_ticks(x.low, x.high):
        if f"{mark:.0e}".startswith("1"):
            label = svg.text(x(mark), bottom + 16, f"{number(mark)} µs", anchor="middle")
            shapes += [svg.line(x(mark), bottom - 4, x(mark), bottom, "axis"), label]
    for place, runtime in enumerate(RUNTIMES):
        at = LEFT + 90 * place
        shapes += [svg.dot(at + 5, 12, 5, f"dot s{place}"), svg.text(at + 16, 16, runtime)]
    return svg.picture(shapes, bottom + 24, f"One row alone: {_spoken(timed)}.")


def _figures(cell: Cell) -> tuple[Text, ...]:
    if cell.fault:
        return (Text(cell.runtime), Text(cell.fault), *[Text("")] * (len(_COLUMNS) - 3))
    return (
        Text(cell.runtime),
        Text(number(cell.make_s)),
        Text(number(cell.bytes / 1e6)),
        Text(number(cell.load_ms)),
        Text(number(cell.single_us)),
        Text(number(cell.batch_ms)),
        Text(number(cell.memory_bytes / 1e6)),
    )


def _spoken(cells: list[Cell]) -> str:
    return "; ".join(
        f"{cell.trees} trees of depth {cell.depth} by {cell.runtime} {number(cell.single_us)} µs"
        for cell in cells
    )
