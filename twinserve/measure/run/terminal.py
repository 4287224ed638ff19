"""The measurement in a terminal, 80 columns wide."""

from rich.table import Table

from twinserve.config.card import Card
from twinserve.measure.pages.text import interval, megabytes, number
from twinserve.measure.run.report import VERDICTS
from twinserve.measure.run.results import COLD_MEDIAN, WARM_P99, Results, TargetResult
from twinserve.measure.statistics import Estimate, Outcome

LAST_FIGURE = "starts discarded"
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

    def add(label: str, *cells: str, budget: str = "") -> None:
        table.add_row(label, *cells, budgets.get(budget, ""), end_section=label == LAST_FIGURE)

    cold = [_estimate(target.cold.total_ms) for target in targets]
    add("cold start p50, ms", *cold, budget=COLD_MEDIAN)
    add("warm p50, ms", *(_estimate(target.warm.p50_ms) for target in targets))
    add("warm p90, ms", *(_estimate(target.warm.p90_ms) for target in targets))
    p99 = [_estimate(target.warm.p99_ms) for target in targets]
    add("warm p99, ms", *p99, budget=WARM_P99)
    for place, connections in enumerate(results.plan.connections):
        rates = [_estimate(target.throughput[place].per_second) for target in targets]
        add(f"requests/s, {connections} conn.", *rates)
    add("memory (PSS)", *(megabytes(target.memory_bytes) for target in targets))
    discarded = [sum(rejection.count for rejection in target.cold.discarded) for target in targets]
    add(LAST_FIGURE, *(str(count) for count in discarded))
    outcomes = [target.outcome for target in targets]
    add("verdict", *(f"[{COLOURS[outcome]}]{VERDICTS[outcome]}[/]" for outcome in outcomes))
    return table


def cost_line(card: Card, results: Results) -> str:
    """Which runtime serves the model, why none before it does, and what that costs each target."""
    costs = "; ".join(f"{target.name} {_cost(target)}" for target in results.targets)
    return f"serving.runtime {card.choice.asked} gives {card.chosen()}: measured here, {costs}"


def _cost(target: TargetResult) -> str:
    busiest = target.throughput[-1]
    held = f", {megabytes(target.memory_bytes)} of memory" if target.memory_bytes else ""
    connections = f"{busiest.connections} connection{'s' * (busiest.connections > 1)}"
    return (
        f"gives the first answer {target.cold.total_ms.value / 1e3:.2f} s after its start and "
        f"{busiest.per_second.value:,.0f} requests/s over {connections}{held}"
    )


def _estimate(estimate: Estimate) -> str:
    return f"{number(estimate.value)} [dim]{interval(estimate)}[/dim]"
