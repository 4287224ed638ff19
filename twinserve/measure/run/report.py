"""The report of one measurement: JSON for programs, Markdown to quote, HTML to look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinserve.config.card import Card
from twinserve.measure.cold.anatomy import PARTS
from twinserve.measure.cold.proof import TICK_MS
from twinserve.measure.pages import plots, stacked
from twinserve.measure.pages.files import write_files
from twinserve.measure.pages.render import Cell, Fact, Row, Table, legend, readable_time
from twinserve.measure.pages.text import interval, megabytes, milliseconds, number, per_second
from twinserve.measure.run.results import Results, TargetResult
from twinserve.measure.statistics import Estimate, Outcome

FORMAT = 3
VERDICTS = {
    Outcome.KEPT: "within budgets",
    Outcome.WARNING: "perhaps over budget",
    Outcome.BROKEN: "over budget",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """Checks that passed before the measurement.

    Attributes:
        what: they were, in words that begin a sentence.
    """

    what: str
    passed: int


@dataclass(frozen=True, slots=True)
class MeasurementReport:
    """``report.json``: ``format`` is raised when a reader would have to change."""

    format: int
    results: Results
    checks: tuple[Checked, ...]


def write_report(results: Results, card: Card, checks: Sequence[Checked], directory: Path) -> Path:
    """Write ``report.json``, ``report.md`` and ``report.html``; the page's path."""
    document = MeasurementReport(FORMAT, results, tuple(checks))
    return write_files(directory, "report", document, _content(results, card, checks))


def _content(results: Results, card: Card, checks: Sequence[Checked]) -> dict[str, Any]:
    names = [target.name for target in results.targets]
    return {
        "title": f"{results.subject.model} {results.subject.version}: cold and warm",
        "taken_at": readable_time(results.conditions.taken_at),
        "results": results,
        "checks": checks,
        "cards": [_card(target) for target in results.targets],
        "legend": legend(names, "s"),
        "part_legend": stacked.part_legend(_stacks(results)),
        "plots": _plots(results),
        "tables": {
            "cold": cold_table(results),
            "warm": warm_table(results),
            "capacity": capacity_table(results),
            "budgets": budget_table(results),
        },
        "model": _model_facts(results, card),
        "method": method(results),
    }


def _card(target: TargetResult) -> dict[str, Any]:
    busiest = target.throughput[-1]
    memory = megabytes(target.memory_bytes).removesuffix(" MB")
    return {
        "name": target.name,
        "outcome": target.outcome,
        "verdict": VERDICTS[target.outcome],
        "figures": [
            Fact("cold start, median", number(target.cold.total_ms.value), "ms"),
            Fact("warm latency, p99", number(target.warm.p99_ms.value), "ms"),
            Fact(
                f"throughput, {busiest.connections} connections",
                f"{busiest.per_second.value:,.0f}",
                "/s",
            ),
            Fact("memory (PSS)", memory, "" if target.memory_bytes is None else "MB"),
        ],
    }


def _stacks(results: Results) -> list[plots.Stack]:
    return [plots.Stack(target.name, target.cold.parts) for target in results.targets]


def _plots(results: Results) -> dict[str, str]:
    targets = results.targets
    cold = [
        plots.Sample(
            target.name,
            tuple(sample.total_ms for sample in target.cold.samples),
            target.cold.total_ms,
        )
        for target in targets
    ]
    warm = [
        plots.Sample(target.name, target.warm.latencies_ms, target.warm.p50_ms)
        for target in targets
    ]
    curves = [
        plots.Curve(target.name, tuple(level.per_second for level in target.throughput))
        for target in targets
    ]
    medians = "; ".join(f"{s.name} median {milliseconds(s.median.value)}" for s in cold)
    slowest = "; ".join(
        f"{target.name} p99 {milliseconds(target.warm.p99_ms.value)}" for target in targets
    )
    busiest = "; ".join(
        f"{target.name} {per_second(target.throughput[-1].per_second.value)}" for target in targets
    )
    return {
        "cold": plots.strips(cold, f"Cold starts. {medians}."),
        "parts": stacked.draw(_stacks(results), "Parts of a cold start."),
        "warm": plots.distributions(warm, f"Warm latency. {slowest}."),
        "throughput": plots.levels(
            curves,
            [str(connections) for connections in results.plan.connections],
            "connections",
            f"Throughput over connections; at the most: {busiest}.",
        ),
    }


def _columns(results: Results, *more: str) -> tuple[str, ...]:
    return ("", *(target.name for target in results.targets), *more)


def _row(results: Results, label: str, cell: Callable[[TargetResult], Cell]) -> Row:
    return Row(label, tuple(cell(target) for target in results.targets))


def _with_interval(estimate: Estimate) -> Cell:
    return Cell(number(estimate.value), interval(estimate))


def cold_table(results: Results) -> Table:
    """Cold starts: median, range, parts, and what was discarded."""

    def total(target: TargetResult, percentile: float) -> Cell:
        values = [sample.total_ms for sample in target.cold.samples]
        return Cell(number(float(np.percentile(values, percentile))))

    def part(target: TargetResult, name: str) -> Cell:
        durations = [part.ms for part in target.cold.parts if part.name == name]
        return Cell(number(durations[0]) if durations else "not told")

    def discarded(target: TargetResult) -> Cell:
        reasons = ", ".join(
            f"{rejection.reason} ({rejection.count})" for rejection in target.cold.discarded
        )
        return Cell(str(sum(rejection.count for rejection in target.cold.discarded)), reasons)

    rows = [
        _row(results, "median", lambda target: _with_interval(target.cold.total_ms)),
        _row(results, "fastest", lambda target: total(target, 0)),
        _row(results, "slowest", lambda target: total(target, 100)),
        *(
            _row(results, PARTS.get(name, name), lambda target, name=name: part(target, name))  # type: ignore[misc]
            for name in stacked.part_names(_stacks(results))
        ),
        _row(results, "proven samples", lambda target: Cell(str(len(target.cold.samples)))),
        _row(results, "discarded samples", discarded),
    ]
    return Table("Cold start, milliseconds", _columns(results), tuple(rows))


def warm_table(results: Results) -> Table:
    """Percentiles of the latency at a fixed rate, and how good a clock the client was."""
    rows = (
        _row(results, "p50", lambda target: _with_interval(target.warm.p50_ms)),
        _row(results, "p90", lambda target: _with_interval(target.warm.p90_ms)),
        _row(results, "p99", lambda target: _with_interval(target.warm.p99_ms)),
        _row(
            results,
            "client's own delay, p99",
            lambda target: Cell(number(target.warm.client_late_p99_ms)),
        ),
        _row(results, "requests", lambda target: Cell(number(len(target.warm.latencies_ms)))),
        _row(results, "failed requests", lambda target: Cell(number(target.warm.errors))),
    )
    return Table("Warm latency, milliseconds", _columns(results), rows)


def capacity_table(results: Results) -> Table:
    """Throughput at each number of connections, and memory."""
    rows = [
        _row(
            results,
            f"{connections} connection{'s' * (connections != 1)}, requests/s",
            lambda target, place=place: _with_interval(target.throughput[place].per_second),  # type: ignore[misc]
        )
        for place, connections in enumerate(results.plan.connections)
    ]
    rows.append(
        _row(
            results,
            "failed requests",
            lambda target: Cell(number(sum(level.errors for level in target.throughput))),
        )
    )
    rows.append(
        _row(
            results,
            "memory after it (PSS of all processes)",
            lambda target: Cell(megabytes(target.memory_bytes)),
        )
    )
    return Table("Throughput and memory", _columns(results), tuple(rows))


def budget_table(results: Results) -> Table:
    """Each budget beside what was measured."""
    first = results.targets[0]
    rows = []
    for place, verdict in enumerate(first.verdicts):
        cells = [
            Cell(_with_unit(verdict.measured.value, verdict.unit), str(verdict.outcome))
            for verdict in (target.verdicts[place] for target in results.targets)
        ]
        rows.append(Row(verdict.figure, (*cells, Cell(_with_unit(verdict.budget, verdict.unit)))))
    return Table("Budgets", _columns(results, "budget"), tuple(rows))


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def _model_facts(results: Results, card: Card) -> list[Fact]:
    """The card in a few lines."""
    figures = [
        f"{name.replace('_', ' ')} {value:.3f}"
        for name, value in card.metrics.items()
        if isinstance(value, int | float)
    ]
    parity = card.parity
    rows = f"{parity.table_rows:,} rows of the table, {parity.random_rows:,} random ones"
    if parity.midpoint_rows:
        rows += f", {parity.midpoint_rows:,} at midpoints"
    if parity.threshold_rows:
        rows += f" and {parity.threshold_rows:,} at thresholds"
    difference = parity.largest_difference
    agreed = f"probabilities within {difference:.1e}" if difference else "no difference"
    facts = [
        Fact("Model", f"{card.name} {card.version}"),
        Fact("Estimator", str(card.estimator["import_path"])),
        Fact("Served as", f"{card.served} ({card.chosen()})"),
        Fact("Features", ", ".join(feature.name for feature in card.features)),
        Fact("Classes", ", ".join(card.classes)),
        Fact("Held-out rows", ", ".join(figures) or "no figures"),
        Fact("Parity", f"{agreed} on {rows}"),
        Fact("SHA-256", f"{card.artifacts[card.served][:12]} ({card.served})"),
    ]
    bundles = ", ".join(f"{name} {digest[:12]}" for name, digest in results.subject.bundles)
    return [*facts, Fact("Bundles", bundles)] if bundles else facts


def method(results: Results) -> str:
    """How it was measured, in few sentences."""
    plan = results.plan
    return (
        f"The targets took turns on this machine: {plan.cold_samples} proven cold starts each, "
        f"then {plan.rounds} rounds of {plan.warm_requests // plan.rounds:,} requests at "
        f"{plan.warm_rate} a second, the first {plan.warm_up_requests} of each round sent besides "
        f"and dropped, and of {plan.throughput_seconds:g} s at each number of connections. "
        "Intervals are 95% percentile-bootstrap intervals, and a process's own account of its age "
        f"is taken as exact to {TICK_MS:g} ms, the tick of its kernel. The parts of a cold start "
        "are the shares of its middle half of samples: the server tells its own with the answer, "
        "the client's clock gives the network's (address, connection, TLS, one more round trip "
        "for request and answer, last byte after first), and what passed from the demand to the "
        "process's beginning is the platform's."
    )
