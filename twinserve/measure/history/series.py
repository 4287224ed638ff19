"""The page's series: a figure of each target over time, with its budget and its changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twinserve.measure.history.change import change_points
from twinserve.measure.history.document import Measurement, TargetFigures
from twinserve.measure.run.results import COLD_MEDIAN, WARM_P99, Place
from twinserve.measure.statistics import Estimate

Read = Callable[[TargetFigures], Estimate]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart: its title, the figure of a target that it draws, the verdict that has its budget."""

    key: str
    title: str
    about: str
    read: Read
    verdict: str | None = None


FIGURES = (
    Figure(
        "cold",
        "Cold start, median",
        "From the start being asked for to the first answer, of proven cold starts.",
        lambda record: record.cold.median_ms,
        COLD_MEDIAN,
    ),
    Figure(
        "p50",
        "Warm latency, p50",
        "Half of the requests at a fixed rate are answered within this.",
        lambda record: record.warm.p50_ms,
    ),
    Figure(
        "p99",
        "Warm latency, p99",
        "All but one in a hundred are answered within this.",
        lambda record: record.warm.p99_ms,
        WARM_P99,
    ),
)


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement of a target; ``position`` is its measurement's among all of the place."""

    position: int
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class LevelChange:
    """A level that gave way to another.

    Attributes:
        position: of the first measurement at the new level.
        ratio: of the medians, after over before.
    """

    position: int
    target: str
    figure: Figure
    before_ms: float
    after_ms: float

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after_ms / self.before_ms

    @property
    def is_regression(self) -> bool:
        """Whether it became slower."""
        return self.ratio > 1


@dataclass(frozen=True, slots=True)
class Series:
    """A target's points, and the changes found among them."""

    target: str
    points: tuple[Point, ...]
    changes: tuple[LevelChange, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """A figure of all targets; the newest budget."""

    figure: Figure
    series: tuple[Series, ...]
    budget_ms: float | None


def places_of(measurements: Sequence[Measurement]) -> tuple[Place, ...]:
    """The places that were measured, the deployed one first."""
    order: tuple[Place, ...] = ("deployed", "container", "local")
    places = {measurement.place for measurement in measurements}
    return tuple(place for place in order if place in places)


def track(measurements: Sequence[Measurement], figure: Figure) -> Track:
    """A figure over measurements of one place, the oldest first."""
    names = list(
        dict.fromkeys(target.name for measurement in measurements for target in measurement.targets)
    )
    series = tuple(_series(measurements, figure, name) for name in names)
    budgets = [
        verdict.budget
        for target in measurements[-1].targets
        for verdict in target.verdicts
        if verdict.figure == figure.verdict
    ]
    return Track(figure, series, budgets[0] if budgets else None)


def _series(measurements: Sequence[Measurement], figure: Figure, name: str) -> Series:
    points = tuple(
        Point(position, figure.read(target))
        for position, measurement in enumerate(measurements)
        for target in measurement.targets
        if target.name == name
    )
    values = [point.estimate.value for point in points]
    bounds = [0, *change_points(values), len(values)]
    levels = [float(np.median(values[start:end])) for start, end in pairwise(bounds)]
    changes = tuple(
        LevelChange(points[start].position, name, figure, before, after)
        for start, (before, after) in zip(bounds[1:-1], pairwise(levels), strict=True)
    )
    return Series(name, points, changes)
