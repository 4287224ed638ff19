"""Made-up histories: noise around a level, and a step where a test wants one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from tests.measure.fakes import conditions, results
from twinserve.measure.history.document import Measurement, measurement_of, read_line
from twinserve.measure.run.results import Origin, Place, Subject
from twinserve.measure.statistics import Estimate

FIRST = datetime(2024, 2, 29, 3, 17, tzinfo=UTC)
LEVELS = {"service": (128.0, 0.55, 1.3), "function": (244.0, 0.69, 1.9)}


def noisy(
    level: float, count: int, rng: np.random.Generator, *, step: int = 0, ratio: float = 1.0
) -> list[float]:
    """Log-normal values with a spread of 6%, times ``ratio`` from ``step`` on; 3% far too high."""
    values = level * np.exp(rng.normal(0, 0.06, count))
    values[rng.random(count) < 0.03] *= 2
    values[step:] *= ratio
    return [float(value) for value in values]


def measurement(place: Place = "deployed", number: int = 0) -> Measurement:
    """The one of some night."""
    taken_at = (FIRST + timedelta(days=number)).isoformat(timespec="seconds")
    taken = replace(conditions(), taken_at=taken_at)
    origin = Origin(
        place,
        commit=f"{number + 1:02x}" * 20,
        release="v1.0-cdcdcdcdcdcd",
        images=(("service", f"sha256:{'ef' * 32}"), ("function", f"sha256:{'01' * 32}")),
    )
    bundles = tuple((name, "cd" * 32) for name in LEVELS)
    subject = Subject("flowers", "v1.0", bundles, origin)
    return read_line(
        measurement_of(replace(results(), conditions=taken, subject=subject)).to_line(), ""
    )


def history(
    count: int, *, step: int = 0, ratio: float = 1.0, place: Place = "deployed", seed: int = 1
) -> list[Measurement]:
    """So many nights; the service's cold start is ``ratio`` times as long from ``step`` on."""
    rng = np.random.default_rng(seed)
    values = {
        name: [
            noisy(level, count, rng, step=step, ratio=ratio if not row and name == "service" else 1)
            for row, level in enumerate(levels)
        ]
        for name, levels in LEVELS.items()
    }
    return [
        _with_values(
            measurement(place, number),
            {name: [row[number] for row in rows] for name, rows in values.items()},
        )
        for number in range(count)
    ]


def _with_values(measured: Measurement, values: dict[str, list[float]]) -> Measurement:
    targets = []
    for target in measured.targets:
        cold, p50, p99 = map(_estimate, values[target.name])
        figures: dict[str, Any] = {
            "cold": target.cold.model_copy(update={"median_ms": cold}),
            "warm": target.warm.model_copy(update={"p50_ms": p50, "p99_ms": p99}),
        }
        targets.append(target.model_copy(update=figures))
    return measured.model_copy(update={"targets": tuple(targets)})


def _estimate(value: float) -> Estimate:
    return Estimate(value, value * 0.95, value * 1.06)


def names(measurements: Sequence[Measurement]) -> list[str]:
    """Of the documents, in their order."""
    return [kept.name for kept in measurements]
