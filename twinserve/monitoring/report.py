"""The report of what was observed: JSON for programs, Markdown to quote, HTML to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table as TerminalTable

from twinserve.measure.pages.files import write_files
from twinserve.measure.pages.render import Cell, Fact, Row, Table, legend, readable_time, render
from twinserve.measure.pages.text import EN_DASH, number
from twinserve.monitoring.observed import FeatureSeen, Observed
from twinserve.monitoring.plots import drift_bars, shares_bars
from twinserve.monitoring.thresholds import Finding, State, worst

FORMAT = 1
WORDS = {
    State.KEPT: "within thresholds",
    State.UNKNOWN: "too little to know",
    State.PASSED: "threshold passed",
}
COLOURS = {State.KEPT: "green", State.UNKNOWN: "yellow", State.PASSED: "red"}
PERCENTILES = (50, 90, 99)
# Of a table with hundreds of features the head is what one reads, and all that an issue takes.
MOST_ROWS = 40
MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class Report:
    """``taken_at`` is UTC, ISO 8601; what was observed is of the hours before."""

    taken_at: str
    model: str
    hours: int
    targets: tuple[Observed, ...]
    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """The worst state of all findings."""
        return worst(self.findings)

    def state_of(self, target: str) -> State:
        """The state of one target."""
        return worst([finding for finding in self.findings if finding.target == target])


@dataclass(frozen=True, slots=True)
class MonitoringReport:
    """``monitoring.json``: ``format`` is raised when a reader would have to change."""

    format: int
    state: str
    report: Report


def write_report(report: Report, directory: Path) -> Path:
    """Write ``monitoring.json``, ``monitoring.md`` and ``monitoring.html``; the page's path."""
    document = MonitoringReport(FORMAT, report.state.name.lower(), report)
    return write_files(directory, "monitoring", document, _content(report))


def markdown(report: Report) -> str:
    """The report as it is quoted in a job's summary and in an issue."""
    return render("monitoring.md.j2", _content(report))


def terminal_table(report: Report) -> TerminalTable:
    """The findings, for a terminal."""
    table = TerminalTable("", "target", "found", "threshold", "", box=SIMPLE, pad_edge=False)
    for finding in report.findings:
        state = f"[{COLOURS[finding.state]}]{WORDS[finding.state]}[/]"
        table.add_row(
            escape(finding.figure),
            finding.target,
            _value(finding, finding.value),
            _limit(finding),
            state,
        )
    return table


def _content(report: Report) -> dict[str, Any]:
    return {
        "title": f"{report.model}: what was served in {report.hours} hours",
        "taken_at": readable_time(report.taken_at),
        "report": report,
        "words": WORDS,
        "cards": [_card(report, target) for target in report.targets],
        "legend": legend([target.target for target in report.targets], "s"),
        "plots": _plots(report),
        "tables": {
            "findings": findings_table(report),
            "answers": answers_table(report),
            "predictions": predictions_table(report),
            "features": features_table(report),
        },
        "sources": [Fact(target.target, _source(target)) for target in report.targets],
    }


def _card(report: Report, target: Observed) -> dict[str, Any]:
    most = _most_drifted(target)
    state = report.state_of(target.target)
    drift = Fact("largest drift", f"{most.psi:.2f}" if most else EN_DASH, most.name if most else "")
    return {
        "name": target.target,
        "outcome": str(state),
        "verdict": WORDS[state],
        "figures": [
            Fact("answers", f"{target.answered:,}"),
            Fact("of them 5xx", _percent(target.error_rate)),
            Fact("latency in the handler, p99", _latency(target, 99), "ms"),
            drift,
        ],
    }


def _most_drifted(target: Observed) -> FeatureSeen | None:
    return max(target.features, key=lambda feature: feature.psi, default=None)


def _plots(report: Report) -> dict[str, str]:
    seen = [
        target for target in report.targets if any(feature.values for feature in target.features)
    ]
    if not seen:
        return {}
    places = [report.targets.index(target) for target in seen]
    limit = next(
        (finding.threshold for finding in report.findings if finding.figure.startswith("drift")),
        None,
    )
    rows = [
        (name, [(place, _psi(target, name)) for place, target in zip(places, seen, strict=True)])
        for name in _features(report)[:MOST_BARS]
    ]
    plots = {"drift": drift_bars(rows, limit)}
    for place, target in zip(places, seen, strict=True):
        if (most := _most_drifted(target)) is not None:
            plots[target.target] = shares_bars(most, place)
    return plots


def _features(report: Report) -> list[str]:
    """Their names in the table's order; of more than fit a table, the most drifted first."""
    names = dict.fromkeys(feature.name for target in report.targets for feature in target.features)
    if len(names) <= MOST_BARS:
        return list(names)
    return sorted(names, key=lambda name: -max(_psi(target, name) for target in report.targets))


def _psi(target: Observed, name: str) -> float:
    return next((feature.psi for feature in target.features if feature.name == name), 0.0)


def findings_table(report: Report) -> Table:
    """A row each figure that has a threshold, the worst first where there are many."""
    figures: dict[str, dict[str, Finding]] = {}
    for finding in report.findings:
        figures.setdefault(finding.figure, {})[finding.target] = finding
    rows = list(figures.values())
    if len(rows) > MOST_ROWS:
        rows.sort(key=lambda row: list(WORDS).index(worst(list(row.values()))), reverse=True)
    names = [target.target for target in report.targets]
    return Table(
        "Thresholds",
        ("", *names, "threshold"),
        tuple(_findings_row(row, names) for row in rows[:MOST_ROWS]),
    )


def _findings_row(row: Mapping[str, Finding], names: Sequence[str]) -> Row:
    first = next(iter(row.values()))
    cells = [
        Cell(_value(row[name], row[name].value), WORDS[row[name].state])
        if name in row
        else Cell(EN_DASH)
        for name in names
    ]
    return Row(first.figure, (*cells, Cell(_limit(first))))


def answers_table(report: Report) -> Table:
    """Answers by status, and percentiles of the latency."""
    statuses = sorted({status for target in report.targets for status in target.answers})
    rows = []
    for status in statuses:
        counts = [f"{target.answers.get(status, 0):,}" for target in report.targets]
        rows.append(_row(f"status {status}", counts))
    for rank in PERCENTILES:
        latencies = [_latency(target, rank) for target in report.targets]
        rows.append(_row(f"latency p{rank}, ms", latencies))
    return Table("Answers", _columns(report), tuple(rows))


def predictions_table(report: Report) -> Table:
    """The share of each class."""
    names = dict.fromkeys(name for target in report.targets for name in target.predictions)

    def share(target: Observed, name: str) -> str:
        total = sum(target.predictions.values())
        return _percent(target.predictions.get(name, 0) / total) if total else EN_DASH

    rows = [
        _row(name, [share(target, name) for target in report.targets]) for name in sorted(names)
    ]
    return Table("Predictions", _columns(report), tuple(rows))


def features_table(report: Report) -> Table:
    """Drift and values out of range, a row each feature."""
    rows = []
    for name in _features(report)[:MOST_ROWS]:
        cells = []
        for target in report.targets:
            feature = next((feature for feature in target.features if feature.name == name), None)
            outside = f"{_percent(feature.out_of_range)} out of range" if feature else ""
            cells.append(Cell(f"{feature.psi:.3f}" if feature else EN_DASH, outside))
        rows.append(Row(name, tuple(cells)))
    return Table("Drift (population stability index)", _columns(report), tuple(rows))


def _columns(report: Report) -> tuple[str, ...]:
    return ("", *(target.target for target in report.targets))


def _row(label: str, cells: Sequence[str]) -> Row:
    return Row(label, tuple(map(Cell, cells)))


def _latency(seen: Observed, percentile: float) -> str:
    return number(seen.latency_ms(percentile)) if seen.answered else EN_DASH


def _source(seen: Observed) -> str:
    if not seen.lines:
        return "nothing was logged"
    cut = "the newest " if seen.cut else ""
    return (
        f"{cut}{seen.lines:,} lines of {seen.instances:,} instances; drift and predictions of "
        f"{seen.version}, bundle {seen.bundle[:12]}"
    )


def _value(finding: Finding, value: float) -> str:
    if finding.figure.startswith("drift"):
        return f"{value:.3f}"
    return f"{number(value)} {finding.unit}" if finding.unit else _percent(value)


def _limit(finding: Finding) -> str:
    return _value(finding, finding.threshold)


def _percent(share: float) -> str:
    return f"{share:.2%}" if 0 < share < 0.1 else f"{share:.0%}"  # noqa: PLR2004 - two digits that mean something
