"""The matrix on paper and in a terminal: ``matrix.json``, ``matrix.md``, ``matrix.html``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table as TerminalTable

from twinserve.config.deployment import MORE_CPU
from twinserve.measure.pages import stacked
from twinserve.measure.pages.files import write_files
from twinserve.measure.pages.plots import Stack
from twinserve.measure.pages.render import Cell, Fact, Row, Table, readable_time
from twinserve.measure.pages.text import interval, number
from twinserve.measure.run.matrix import Cell as Start
from twinserve.measure.run.matrix import Matrix, Setting

LEFT_OUT = "left out"


def write_matrix(matrix: Matrix, directory: Path) -> Path:
    """Write the three files; the page's path."""
    return write_files(directory, "matrix", matrix, _content(matrix))


def labels(settings: Sequence[Setting]) -> list[str]:
    """Each in few words; what is the same of all goes without saying."""
    runtimes = {setting.runtime for setting in settings}
    return [_label(setting, named=len(runtimes) > 1) for setting in settings]


def _label(setting: Setting, *, named: bool) -> str:
    """Where there is a size, it says enough of the place."""
    words = [setting.target, *([setting.runtime] if named else [])]
    words += [setting.memory, f"{setting.cpu:g} CPU"] if setting.memory else [setting.place]
    if setting.boost is not None:
        words.append("boost" if setting.boost else "no boost")
    return ", ".join(words)


def matrix_table(matrix: Matrix) -> Table:
    """A row each cell: the median with its interval, then its parts; or why there is none."""
    bars = _stacks(matrix)
    names = stacked.part_names(bars)
    columns = ("", "median", *map(stacked.short_name, names), "proven")
    rows = [
        Row(label, _figures(cell, names, matrix.rounds))
        for label, cell in zip(_labels(matrix), matrix.cells, strict=True)
        if cell.total_ms is not None
    ]
    return Table(f"Cold starts in milliseconds, {matrix.rounds} rounds", columns, tuple(rows))


def absences(matrix: Matrix) -> tuple[Fact, ...]:
    """The settings that were left out, by reason."""
    reasons: dict[str, list[str]] = {}
    for label, cell in zip(_labels(matrix), matrix.cells, strict=True):
        if cell.absence:
            reasons.setdefault(cell.absence, []).append(label)
    return tuple(Fact("; ".join(names), reason) for reason, names in reasons.items())


def terminal_table(matrix: Matrix) -> TerminalTable:
    """A row each cell, 80 columns wide; beneath it why some were left out."""
    table = TerminalTable(
        title="Cold starts, ms",
        title_justify="left",
        title_style="bold",
        caption="\n".join(
            f"Left out: {absence.label}: {escape(absence.value)}" for absence in absences(matrix)
        ),
        caption_justify="left",
    )
    table.add_column("", overflow="fold")
    for column in ("median", "95% interval", "proven"):
        table.add_column(column, justify="right")
    for label, cell in zip(_labels(matrix), matrix.cells, strict=True):
        if cell.total_ms is None:
            table.add_row(label, f"[yellow]{LEFT_OUT}[/yellow]")
            continue
        proven = f"{len(cell.samples)} of {matrix.rounds}"
        table.add_row(label, number(cell.total_ms.value), interval(cell.total_ms), proven)
    return table


def _labels(matrix: Matrix) -> list[str]:
    return labels([cell.setting for cell in matrix.cells])


def _stacks(matrix: Matrix) -> list[Stack]:
    return [
        Stack(label, cell.parts, LEFT_OUT if cell.absence else "")
        for label, cell in zip(_labels(matrix), matrix.cells, strict=True)
    ]


def _figures(cell: Start, names: Sequence[str], rounds: int) -> tuple[Cell, ...]:
    assert cell.total_ms is not None  # noqa: S101 - those without are not asked for
    parts = {part.name: number(part.ms) for part in cell.parts}
    reasons = ", ".join(f"{rejection.reason} ({rejection.count})" for rejection in cell.discarded)
    return (
        Cell(number(cell.total_ms.value), interval(cell.total_ms)),
        *(Cell(parts.get(name, "not told")) for name in names),
        Cell(f"{len(cell.samples)} of {rounds}", reasons),
    )


def _content(matrix: Matrix) -> dict[str, Any]:
    bars = _stacks(matrix)
    return {
        "title": f"{matrix.model} {matrix.version}: cold starts, setting by setting",
        "taken_at": readable_time(matrix.conditions.taken_at),
        "results": matrix,
        "picture": stacked.draw(bars, "Cold starts and their parts."),
        "part_legend": stacked.part_legend(bars),
        "table_of_cells": matrix_table(matrix),
        "absences": absences(matrix),
        "places": list(dict.fromkeys(cell.setting.place for cell in matrix.cells)),
        "runtimes": list(dict.fromkeys(cell.setting.runtime for cell in matrix.cells)),
        "method": _method(matrix),
    }


def _method(matrix: Matrix) -> str:
    return (
        f"In each of {matrix.rounds} rounds every setting was started once, another one first each "
        "time, and asked for a prediction. Counted is what the answer proves to be a cold start: "
        "the first answer of an instance never seen before, from a process begun after it was "
        "asked for. The parts of a bar are the shares of the middle half of its samples; the "
        f"interval is a 95% percentile-bootstrap interval of the median. Of CPUs: {MORE_CPU}."
    )
