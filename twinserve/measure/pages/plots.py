"""The plots of the reports, as SVG that takes its colours and its font from the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinserve.measure.cold.proof import Part
from twinserve.measure.pages import svg
from twinserve.measure.pages.svg import COLOURS, LEFT, RIGHT, WIDTH, Scale
from twinserve.measure.pages.text import milliseconds, number
from twinserve.measure.statistics import Estimate

AXIS = 34
ROW = 50
ROOM_FOR_FIGURE = 34
MOST_POINTS = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one target or variant, in milliseconds, and their median."""

    name: str
    values: tuple[float, ...]
    median: Estimate


@dataclass(frozen=True, slots=True)
class Curve:
    """Estimates of one target at each of some positions."""

    name: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """The parts of one bar; without any, ``absence`` says in few words why."""

    name: str
    parts: tuple[Part, ...]
    absence: str = ""

    @property
    def total(self) -> float:
        """The sum of all parts, in milliseconds."""
        return sum(part.ms for part in self.parts)


def strips(samples: Sequence[Sample], description: str) -> str:
    """Every sample as a dot, a row each target; the bar is the median with its interval."""
    highest = max(max(sample.values) for sample in samples)
    x = Scale(0, highest * 1.05, LEFT, WIDTH - RIGHT)
    bottom = ROW * len(samples)
    shapes = _bottom_axis(x, bottom, svg.ticks(0, x.high), "ms")
    for row, sample in enumerate(samples):
        middle = row * ROW + 33
        median = sample.median
        shapes += [
            svg.text(LEFT, row * ROW + 13, sample.name, style="name"),
            svg.text(
                WIDTH - RIGHT,
                row * ROW + 13,
                f"median {milliseconds(median.value)}",
                anchor="end",
                style="soft",
            ),
            svg.box(
                x(median.low), middle - 11, x(median.high) - x(median.low), 22, f"band s{row % 6}"
            ),
            svg.line(
                x(median.value), middle - 13, x(median.value), middle + 13, f"mark s{row % 6}"
            ),
        ]
        # Neighbours are set apart in height, so that equal samples are seen as several.
        shapes += [
            svg.dot(x(value), middle + (-6, 0, 6)[index % 3], 3, f"dot s{row % 6}")
            for index, value in enumerate(sample.values)
        ]
    return svg.picture(shapes, bottom + AXIS, description)


def stacks(bars: Sequence[Stack], legend: Sequence[str], description: str) -> str:
    """A bar each target, made of its parts; ``legend`` gives their order and so their colours."""
    longest = max((bar.total for bar in bars), default=0) or 1
    x = Scale(0, longest * 1.02, LEFT, WIDTH - RIGHT)
    bottom = ROW * len(bars)
    shapes = _bottom_axis(x, bottom, svg.ticks(0, x.high), "ms")
    for row, bar in enumerate(bars):
        said = milliseconds(bar.total) if bar.parts else bar.absence
        shapes += [
            svg.text(LEFT, row * ROW + 13, bar.name, style="name"),
            svg.text(WIDTH - RIGHT, row * ROW + 13, said, anchor="end", style="soft"),
        ]
        at = 0.0
        for part in bar.parts:
            width = x(at + part.ms) - x(at)
            colour = f"part p{legend.index(part.name) % COLOURS['p']}"
            shapes.append(svg.box(x(at), row * ROW + 20, width, 22, colour))
            if width > ROOM_FOR_FIGURE:
                figure = number(round(part.ms))
                middle = x(at) + width / 2
                shapes.append(
                    svg.text(middle, row * ROW + 35, figure, anchor="middle", style="inside")
                )
            at += part.ms
    return svg.picture(shapes, bottom + AXIS, description)


def distributions(samples: Sequence[Sample], description: str) -> str:
    """The share of requests answered within a time, a curve each target; time is logarithmic."""
    low = min(min(sample.values) for sample in samples)
    high = max(max(sample.values) for sample in samples)
    x = Scale(low * 0.9, max(high, low * 2) * 1.1, LEFT + 32, WIDTH - RIGHT, log=True)
    y = Scale(0, 100, 220, 20)
    shapes = _bottom_axis(x, 220, svg.log_ticks(x.low, x.high), "ms")
    for share in (0, 25, 50, 75, 90, 99):
        shapes += [
            svg.line(x.start, y(share), x.end, y(share), "grid"),
            # 99 and 100 would touch; the line at 99 is named, the top is not.
            svg.text(x.start - 6, y(share) + 4, f"{share}%", anchor="end", style="soft"),
        ]
    for number_of, sample in enumerate(samples):
        ordered = sorted(sample.values)
        step = max(len(ordered) // MOST_POINTS, 1)
        # Thinned in the body, whole in the tail, which is what one looks for.
        kept = [
            rank for rank in range(len(ordered)) if rank % step == 0 or rank > len(ordered) * 0.98
        ]
        points = [(x(ordered[rank]), y(100 * (rank + 1) / len(ordered))) for rank in kept]
        shapes.append(svg.path(points, f"curve s{number_of % 6}"))
    return svg.picture(shapes, 220 + AXIS, description)


def levels(curves: Sequence[Curve], positions: Sequence[str], unit: str, description: str) -> str:
    """Estimates over categories: points with their intervals, joined by a line each target."""
    highest = max(estimate.high for curve in curves for estimate in curve.estimates)
    y = Scale(0, highest * 1.05 or 1, 220, 20)
    start = LEFT + 48
    gap = (WIDTH - RIGHT - start) / len(positions)
    shapes = [svg.line(start, 220, WIDTH - RIGHT, 220, "axis")]
    for tick in svg.ticks(0, y.high, 4):
        shapes += [
            svg.line(start, y(tick), WIDTH - RIGHT, y(tick), "grid"),
            svg.text(start - 6, y(tick) + 4, number(tick), anchor="end", style="soft"),
        ]
    for place, position in enumerate(positions):
        middle = start + gap * (place + 0.5)
        shapes.append(svg.text(middle, 236, position, anchor="middle", style="soft"))
    shapes.append(svg.text(WIDTH - RIGHT, 251, unit, anchor="end", style="soft"))
    for row, curve in enumerate(curves):
        # Side by side, so that one does not hide the other.
        shift = (row - (len(curves) - 1) / 2) * 10
        at = [start + gap * (place + 0.5) + shift for place in range(len(positions))]
        joined = [(x, y(level.value)) for x, level in zip(at, curve.estimates, strict=True)]
        shapes.append(svg.path(joined, f"thin curve s{row % 6}"))
        for x, level in zip(at, curve.estimates, strict=True):
            shapes.append(svg.line(x, y(level.low), x, y(level.high), f"mark s{row % 6}"))
            shapes.append(svg.dot(x, y(level.value), 4, f"dot s{row % 6}"))
    return svg.picture(shapes, 220 + AXIS, description)


def _bottom_axis(x: Scale, bottom: float, marks: Sequence[float], unit: str) -> list[str]:
    shapes = [svg.line(x.start, bottom, x.end, bottom, "axis")]
    last = WIDTH * 1.0
    # From the right, where the unit stands; what would run into a neighbour goes without a figure.
    for mark in reversed(marks):
        at = x(mark)
        shapes.append(svg.line(at, bottom - 4, at, bottom, "axis"))
        label = f"{number(mark)} {unit}" if last == WIDTH else number(mark)
        room = 3.8 * len(label)
        centre = min(max(at, room), WIDTH - room)
        if centre + room <= last:
            shapes.append(svg.text(centre, bottom + 18, label, anchor="middle", style="soft"))
            last = centre - room - 6
    return shapes


def bars(rates: Sequence[tuple[str, Estimate]], unit: str, description: str) -> str:
    """A bar each variant with its interval, the figure beside its name."""
    x = Scale(0, max(estimate.high for _, estimate in rates) * 1.02, LEFT, WIDTH - RIGHT)
    bottom = ROW * len(rates)
    shapes = _bottom_axis(x, bottom, svg.ticks(0, x.high, 4), unit)
    for row, (name, estimate) in enumerate(rates):
        figure = f"{number(estimate.value)} {unit}"
        shapes += [
            svg.text(LEFT, row * ROW + 13, name, style="name"),
            svg.text(WIDTH - RIGHT, row * ROW + 13, figure, anchor="end", style="soft"),
            svg.box(LEFT, row * ROW + 20, x(estimate.value) - LEFT, 22, f"part s{row % 6}"),
            svg.line(x(estimate.low), row * ROW + 31, x(estimate.high), row * ROW + 31, "axis"),
        ]
    return svg.picture(shapes, bottom + AXIS, description)
