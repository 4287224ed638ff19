"""The history as github-action-benchmark keeps it, for who has charts or alerts made of that.

``data.js`` is what its page reads, with everything; ``latest.json`` is the newest measurement in
its ``customSmallerIsBetter`` form, the input of the action itself.
Source: github-action-benchmark, README, "Charts on GitHub Pages" and "Tool specific setup".
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from twinserve.measure.history.document import Measurement
from twinserve.measure.history.series import FIGURES, places_of

TOOL = "customSmallerIsBetter"


def write(measurements: Sequence[Measurement], repository: str | None, directory: Path) -> None:
    """Write both files."""
    url = repository or ""
    entries = {
        f"Latency, {place}": [_entry(one, url) for one in measurements if one.place == place]
        for place in places_of(measurements)
    }
    updated = _milliseconds(measurements[-1]) if measurements else 0
    data = {"lastUpdate": updated, "repoUrl": url, "entries": entries}
    text = f"window.BENCHMARK_DATA = {json.dumps(data, indent=2)}\n"
    (directory / "data.js").write_text(text, encoding="utf-8")
    latest = benches(measurements[-1]) if measurements else []
    (directory / "latest.json").write_text(json.dumps(latest, indent=2) + "\n", encoding="utf-8")


def benches(measurement: Measurement) -> list[dict[str, Any]]:
    """Each figure of each target."""
    found = []
    for target in measurement.targets:
        for figure in FIGURES:
            estimate = figure.read(target)
            half = max(estimate.high - estimate.value, estimate.value - estimate.low)
            found.append(
                {
                    "name": f"{target.name}: {figure.title.lower()}",
                    "unit": "ms",
                    "value": estimate.value,
                    "range": f"± {half:.3g}",
                    "extra": (
                        f"95% interval {estimate.low} to {estimate.high}\n"
                        f"model {measurement.model} {measurement.version}\n"
                        f"bundle {target.bundle or 'none'}\nimage {target.image or 'none'}"
                    ),
                }
            )
    return found


def _entry(measurement: Measurement, url: str) -> dict[str, Any]:
    # Whose commit it is, is not in a measurement; the page shows id, message, time and link.
    nobody = {"name": "", "username": ""}
    commit = {
        "author": nobody,
        "committer": nobody,
        "id": measurement.commit,
        "message": f"{measurement.model} {measurement.version}, {measurement.place}",
        "timestamp": measurement.taken_at,
        "url": f"{url}/commit/{measurement.commit}",
    }
    return {
        "commit": commit,
        "date": _milliseconds(measurement),
        "tool": TOOL,
        "benches": benches(measurement),
    }


def _milliseconds(measurement: Measurement) -> int:
    return int(datetime.fromisoformat(measurement.taken_at).timestamp() * 1e3)
