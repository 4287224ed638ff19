"""The measurement in a terminal, 80 columns wide."""

from rich.table import Table

from benchmarks.pages import Cell
from benchmarks.report import VERDICTS
from benchmarks.results import Results
from benchmarks.statistics import Estimate, Outcome
from benchmarks.text import interval, megabytes, number

COLOURS = {Outcome.KEPT: "green", Outcome.WARNING: "yellow", Outcome.BROKEN: "red"}


def summary_table(results: Results) -> Table:
    """Both targets side by side, with medians, 95% intervals and budgets."""
    targets = results.targets
    table = Table(
        title=f"{results.subject.model} {results.subject.version}, with 95% intervals",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("")
    for target in targets:
        table.add_column(target.name, justify="right")
    table.add_column("budget", justify="right")
    budgets = {verdict.figure: number(verdict.budget) for verdict in targets[0].verdicts}
    table.add_row(
        "cold start, median, ms",
        *(_estimate(target.cold.total_ms) for target in targets),
        budgets["cold start, median"],
    )
    table.add_row("warm p50, ms", *(_estimate(target.warm.p50_ms) for target in targets))
    table.add_row("warm p90, ms", *(_estimate(target.warm.p90_ms) for target in targets))
    table.add_row(
        "warm p99, ms",
        *(_estimate(target.warm.p99_ms) for target in targets),
        budgets["warm latency, p99"],
    )
    for place, connections in enumerate(results.plan.connections):
        table.add_row(
            f"requests/s, {connections} conn.",
            *(_estimate(target.throughput[place].per_second) for target in targets),
        )
    table.add_row("memory (PSS)", *(megabytes(target.memory_bytes) for target in targets))
    table.add_row(
        "starts discarded",
        *(str(sum(one.count for one in target.cold.discarded)) for target in targets),
        end_section=True,
    )
    table.add_row(
        "verdict",
        *(f"[{COLOURS[target.outcome]}]{VERDICTS[target.outcome]}[/]" for target in targets),
    )
    return table


def _estimate(estimate: Estimate) -> str:
    cell = Cell(number(estimate.value), interval(estimate))
    return f"{cell.text} [dim]{cell.note}[/dim]"
