"""The history as one page that needs no network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinserve.measure.history.challenge import Challenge, challenge_rows
from twinserve.measure.history.change import LEAST, SIGNIFICANCE, SMALLEST
from twinserve.measure.history.chart import chart
from twinserve.measure.history.document import SHORT, Measurement, TargetFigures
from twinserve.measure.history.series import FIGURES, LevelChange, places_of, track
from twinserve.measure.pages.render import legend, readable_time, render
from twinserve.measure.pages.text import interval, milliseconds, number
from twinserve.measure.run.report import VERDICTS
from twinserve.measure.run.results import Place
from twinserve.measure.statistics import worst

# The newest of each place that are drawn and listed; all of them are searched for changes.
SHOWN = 60
TITLES: dict[Place, str] = {
    "deployed": "On Google Cloud",
    "container": "In a container of this machine",
    "local": "On this machine",
}


def write_history(
    measurements: Sequence[Measurement],
    repository: str | None,
    directory: Path,
    challenges: Sequence[Challenge] = (),
) -> Path:
    """Write the page; its path.

    ``repository`` is the URL that commits are found at.
    """
    directory.mkdir(parents=True, exist_ok=True)
    content = {
        "title": "Cold and warm over time",
        "places": [_place(place, measurements, repository) for place in places_of(measurements)],
        "count": len(measurements),
        "challenges": challenge_rows(challenges),
        "rule": (
            f"A change is marked where the measurements before and after differ in rank more than "
            f"chance would have them (p {SIGNIFICANCE:g}, by permutation), their medians by at "
            f"least {SMALLEST:.0%}, with {LEAST} or more on either side: one slow run is none."
        ),
    }
    page = directory / "index.html"
    page.write_text(render("history.html.j2", content), encoding="utf-8")
    return page


def _place(place: Place, every: Sequence[Measurement], repository: str | None) -> dict[str, Any]:
    measurements = [measurement for measurement in every if measurement.place == place]
    first = max(0, len(measurements) - SHOWN)
    tracks = [track(measurements, figure) for figure in FIGURES]
    anchor = "m-"
    changes = sorted(
        (change for tracked in tracks for series in tracked.series for change in series.changes),
        key=lambda change: -change.position,
    )
    names = [series.target for series in tracks[0].series]
    return {
        "key": place,
        "title": TITLES[place],
        "legend": legend(names, "s"),
        "names": names,
        "charts": [
            (tracked.figure.about, chart(tracked, measurements, first, anchor))
            for tracked in tracks
        ],
        "changes": [_change(change, measurements, anchor) for change in changes],
        "rows": [
            _row(measurement, names, repository, anchor)
            for measurement in reversed(measurements[first:])
        ],
        "left_out": first,
    }


def _change(
    change: LevelChange, measurements: Sequence[Measurement], anchor: str
) -> dict[str, Any]:
    now, before = measurements[change.position], measurements[change.position - 1]
    return {
        "kind": "worse" if change.is_regression else "better",
        "word": "slower" if change.is_regression else "faster",
        "series": f"{change.target}: {change.figure.title.lower()}",
        "how_much": (
            f"{milliseconds(change.before_ms)} to {milliseconds(change.after_ms)} "
            f"({change.ratio - 1:+.0%})"
        ),
        "when": readable_time(now.taken_at),
        "link": f"#{anchor}{now.name}",
        "commits": (before.commit[:SHORT], now.commit[:SHORT]),
        "machine_changed": before.machine.cpu != now.machine.cpu,
    }


def _row(
    measurement: Measurement, names: Sequence[str], repository: str | None, anchor: str
) -> dict[str, Any]:
    by_name = {target.name: target for target in measurement.targets}
    first = measurement.targets[0]
    outcome = worst(
        verdict.outcome for target in measurement.targets for verdict in target.verdicts
    )
    known = (
        repository is not None and measurement.commit.isalnum() and measurement.commit != "unknown"
    )
    return {
        "id": f"{anchor}{measurement.name}",
        "when": readable_time(measurement.taken_at),
        "taken_at": measurement.taken_at,
        "model": f"{measurement.model} {measurement.version}",
        "release": measurement.release,
        "commit": measurement.commit[:SHORT],
        "commit_url": f"{repository}/commit/{measurement.commit}" if known else None,
        "bundle": (first.bundle or "none")[:SHORT],
        "images": [
            (target.name, target.image.removeprefix("sha256:")[:SHORT])
            for target in measurement.targets
            if target.image
        ],
        "machine": str(measurement.machine),
        "load": measurement.load_before,
        "targets": [_figures(by_name.get(name)) for name in names],
        "outcome": outcome,
        "verdict": VERDICTS[outcome],
    }


def _figures(target: TargetFigures | None) -> list[tuple[str, str, str]]:
    """Label, figure and interval of each."""
    if target is None:
        return []
    read = ((figure.key, figure.read(target)) for figure in FIGURES)
    return [(key, number(estimate.value), interval(estimate)) for key, estimate in read]
