"""A comparison on paper and in a terminal: ``bench.*`` of our own, ``peers.*`` beside others."""

from pathlib import Path
from typing import Any

from rich.table import Table as TerminalTable

from benchmarks.compare import WARM_UP_SECONDS, Comparison, Ratio, VariantResult
from benchmarks.goals import Goal, Standing
from benchmarks.variants import DESCRIPTIONS
from twinserve.measure.pages import plots
from twinserve.measure.pages.files import write_files
from twinserve.measure.pages.publish import BENCHMARKS, as_markdown, publish, publish_picture
from twinserve.measure.pages.render import Cell, Fact, Row, Table, legend, readable_time
from twinserve.measure.pages.text import interval, megabytes, number, ratio
from twinserve.measure.statistics import Estimate

BENCH, PEERS = "bench", "peers"
COLOURS = {Standing.AIM: "green", Standing.HOLDS: "default", Standing.MISSED: "red"}


def write_comparison(comparison: Comparison, directory: Path, name: str = BENCH) -> Path:
    """Write the three files of this name; the page's path."""
    content = {**_content(comparison), "name": name}
    return write_files(directory, name, comparison, content, template=BENCH)


def publish_comparison(comparison: Comparison) -> None:
    """Put tables and pictures into docs/benchmarks.md.

    Raises:
        UserError: the marks are not there.
    """
    content = _content(comparison)
    cold = publish_picture("cold", content["plots"]["cold"])
    rates = publish_picture("throughput", content["plots"]["rates"])
    machine, tables = comparison.conditions.machine, content["tables"]
    parts = (
        f"![Cold starts]({Path(cold).name})\n![Throughput]({Path(rates).name})\n",
        as_markdown(tables["figures"]),
        as_markdown(tables["ratios"]) if tables["ratios"].rows else "",
        f"Taken {content['taken_at']} on {machine}, Python {machine.python}.\n",
    )
    publish(BENCHMARKS, "bench", "\n".join(part for part in parts if part))


def figures_table(comparison: Comparison) -> Table:
    """A row each variant; latency and room on disk where latency at a fixed rate was asked for."""
    columns = ["", "cold start, ms", "requests/s", "PSS, MB"]
    caption = f"Medians of {comparison.rounds} rounds; {comparison.connections} connections"
    if comparison.fixed_rate:
        rate = f"{comparison.fixed_rate.rate:g}/s"
        columns += [f"p50 at {rate}, ms", f"p99 at {rate}, ms", "on disk, MB"]
    rows = tuple(Row(variant.name, _figures(variant)) for variant in comparison.variants)
    return Table(caption, tuple(columns), rows)


def _figures(variant: VariantResult) -> tuple[Cell, ...]:
    cells = [
        Cell(number(variant.cold_ms.value), interval(variant.cold_ms)),
        Cell(number(variant.per_second.value), interval(variant.per_second)),
        Cell(_megabytes(variant.memory_bytes.value if variant.memory_bytes else None)),
    ]
    if variant.p50_ms and variant.p99_ms:
        cells += [Cell(number(variant.p50_ms.value)), Cell(number(variant.p99_ms.value))]
        cells.append(Cell(_megabytes(variant.environment_bytes)))
    return tuple(cells)


def _megabytes(size: float | None) -> str:
    return megabytes(size).removesuffix(" MB")


def ratios_table(comparison: Comparison) -> Table:
    """A row each goal."""
    rows = []
    for reached in comparison.ratios:
        cells = (
            Cell(ratio(reached.measured.value), interval(reached.measured)),
            Cell(goal_text(reached.goal)),
            Cell(str(reached.standing)),
        )
        rows.append(Row(_label(reached), cells))
    return Table("Ratios, round by round", ("", "ratio", "goal", ""), tuple(rows))


def goal_text(goal: Goal) -> str:
    """A goal in few characters."""
    sign = "\N{GREATER-THAN OR EQUAL TO}" if goal.more_is_better else "\N{LESS-THAN OR EQUAL TO}"
    aim = "" if goal.aim is None else f", aim {goal.aim:g}"
    return f"{sign} {goal.bound:.3g}{aim}"


def terminal_tables(comparison: Comparison) -> list[TerminalTable]:
    """Figures, and ratios if there are any, 80 columns wide."""
    figures, ratios = figures_table(comparison), ratios_table(comparison)
    first = _terminal(figures)
    for row in figures.rows:
        first.add_row(row.label, *(_inline(cell) for cell in row.cells))
    if not ratios.rows:
        return [first]
    second = _terminal(ratios)
    pair = ""
    for row, reached in zip(ratios.rows, comparison.ratios, strict=True):
        if pair != (pair := _pair(reached)):
            second.add_section()
            second.add_row(f"[bold]{pair}[/bold]")
        measured, goal, standing = row.cells
        shown = f"[{COLOURS[reached.standing]}]{standing.text}[/]"
        second.add_row(f"  {reached.goal.figure}", _inline(measured), goal.text, shown)
    return [first, second]


def _terminal(table: Table) -> TerminalTable:
    shown = TerminalTable(title=table.caption, title_justify="left", title_style="bold")
    for place, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if place else "left")
    return shown


def _inline(cell: Cell) -> str:
    return f"{cell.text} [dim]{cell.note}[/dim]" if cell.note else cell.text


def _label(measured: Ratio) -> str:
    return f"{_pair(measured)}: {measured.goal.figure}"


def _pair(measured: Ratio) -> str:
    return f"{measured.goal.variant} / {measured.goal.against}"


def _content(comparison: Comparison) -> dict[str, Any]:
    variants = comparison.variants
    names = [variant.name for variant in variants]
    cold = [
        plots.Sample(
            variant.name, tuple(reading.cold_ms for reading in variant.readings), variant.cold_ms
        )
        for variant in variants
    ]
    rates = [(variant.name, variant.per_second) for variant in variants]
    return {
        "title": f"{comparison.model} {comparison.version}: compared",
        "taken_at": readable_time(comparison.conditions.taken_at),
        "results": comparison,
        "legend": legend(names, "s"),
        "plots": {
            "cold": plots.strips(cold, f"Cold starts: {_spoken(cold)}."),
            "rates": plots.bars(rates, "/s", "Throughput, as in the table below."),
        },
        "tables": {"figures": figures_table(comparison), "ratios": ratios_table(comparison)},
        "variants": [Fact(variant.name, _described(variant)) for variant in variants],
        "method": _method(comparison),
    }


def _described(variant: VariantResult) -> str:
    described = DESCRIPTIONS.get(variant.name, "")
    return f"{described} (version {variant.version})" if variant.version else described


def _spoken(samples: list[plots.Sample]) -> str:
    return "; ".join(f"{sample.name} median {_milliseconds(sample.median)}" for sample in samples)


def _milliseconds(median: Estimate) -> str:
    return f"{number(median.value)} ms"


def _method(comparison: Comparison) -> str:
    wanted = comparison.fixed_rate
    steady = (
        f"asked {wanted.requests} times at {wanted.rate:g} a second, each latency from the "
        f"request's due moment, after {wanted.warm_up} such requests of warm-up, "
        if wanted
        else ""
    )
    ratios = (
        " A ratio is taken within each round; stated is its median with a 95% "
        "percentile-bootstrap interval."
        if comparison.ratios
        else ""
    )
    return (
        f"In each of {comparison.rounds} rounds every variant was started as a fresh process in "
        "its own locked environment with bytecode compiled, timed from spawn to its first answer "
        f"with status 200, asked for each case whose class is known, kept busy over "
        f"{comparison.connections} connections for {comparison.seconds:g} s after "
        f"{WARM_UP_SECONDS:g} s of warm-up, {steady}weighed, and stopped; each round began with "
        f"another variant.{ratios}"
    )
