"""``twinserve bench imports``: the import budget in a terminal of 80 columns, and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from twinserve.config.errors import UserError
from twinserve.measure.imports.growth import Growth, explain, measure_growth
from twinserve.measure.imports.trace import TARGETS, Imports, summarize, watch, watched
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.pages.files import write_json
from twinserve.measure.pages.text import interval, number, ratio
from twinserve.measure.statistics import Outcome

DIST = Path("dist")
WIDTH = 80
# What takes less of the whole stands together in one line; the JSON has every package.
LEAST_SHARE = 0.01
MOST_CHANGES = 12


@dataclass(frozen=True, slots=True)
class ImportsReport:
    """``imports.json``.

    Attributes:
        growth: against another tree, if a tree was named.
    """

    conditions: Conditions
    targets: tuple[Imports, ...]
    growth: tuple[Growth, ...]


def show_imports(
    console: Console, directory: Path, *, starts: int, base: Path | None, budget: float
) -> None:
    """Print each target's imports, and what ``base`` has otherwise; write ``imports.json``.

    Raises:
        UserError: a bundle cannot be started, or the imports are over their budget against base.
    """
    end = begin_measurement()
    imports, growth = [], []
    for target in TARGETS:
        process = watched(target, DIST / target)
        imports.append(summarize(target, [watch(process) for _ in range(starts)]))
        console.print(budget_table(imports[-1]), width=min(console.width, WIDTH))
        if base is not None:
            growth.append(measure_growth(target, base / DIST / target, DIST / target, starts))
            console.print(growth_table(growth[-1]), width=min(console.width, WIDTH))
    document = ImportsReport(end(), tuple(imports), tuple(growth))
    console.print(f"written: {write_json(directory, 'imports', document)}")
    judge(growth, budget)


def judge(growths: Sequence[Growth], budget: float) -> None:
    """Fail where a ratio's whole interval is over the budget.

    Raises:
        UserError: naming the modules that make it so.
    """
    broken = [
        explain(growth.target, growth.ratio, budget, growth.changes)
        for growth in growths
        if growth.judge(budget) is Outcome.BROKEN
    ]
    if broken:
        raise UserError("; ".join(broken))


def budget_table(imports: Imports) -> Table:
    """A row each package, what costs most first; its own milliseconds add up to the total."""
    total = imports.total_ms
    title = f"{imports.target}: imports before the first prediction, median of {imports.starts}"
    table = _table(title, "package", "modules", "ms", "share", "ms with all it brings")
    least = total.value * LEAST_SHARE
    shown = [package for package in imports.packages if package.self_ms >= least]
    for package in shown:
        share = f"{package.self_ms / total.value:.0%}"
        figures = (
            f"{package.modules:,}",
            f"{package.self_ms:.2f}",
            share,
            f"{package.cumulative_ms:.2f}",
        )
        table.add_row(package.name, *figures)
    others = imports.packages[len(shown) :]
    rest = sum(package.self_ms for package in others)
    table.add_row(
        f"{len(others)} others",
        f"{sum(package.modules for package in others):,}",
        f"{rest:.2f}",
        f"{rest / total.value:.0%}",
        "",
        end_section=True,
    )
    all_of_it = f"{number(total.value)} [dim]{interval(total)}[/dim]"
    table.add_row("total", f"{imports.modules:,}", all_of_it, "", "")
    return table


def growth_table(growth: Growth) -> Table:
    """Totals of both sides, and the packages and modules that differ."""
    grown = f"{ratio(growth.ratio.value)} ({interval(growth.ratio)})"
    table = _table(
        f"{growth.target}, ms: {number(growth.base_ms.value)} before, "
        f"{number(growth.head_ms.value)} now, {grown}",
        "package or module",
        "before",
        "now",
        "difference",
        "asked for by",
    )
    for change in growth.changes[:MOST_CHANGES]:
        name = escape(change.name) if change.root else f"  {escape(change.name)}"
        times = (_time(change.base_ms), _time(change.head_ms))
        table.add_row(name, *times, f"{change.weight_ms:+.2f}", escape(change.importer or ""))
    left = len(growth.changes) - MOST_CHANGES
    if left > 0:
        table.add_row(f"{left} others")
    if not growth.changes:
        table.add_row("none differs", "", "", "", "")
    return table


def _time(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first, overflow="fold")
    for column in others:
        table.add_column(column, justify="right", overflow="fold")
    return table
