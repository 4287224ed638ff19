"""The plots of the monitoring report, as SVG that takes its colours and its font from the page."""

from collections.abc import Sequence

from twinserve.config.drift import in_bins
from twinserve.measure.pages import svg
from twinserve.measure.pages.svg import LEFT, RIGHT, WIDTH, Scale
from twinserve.monitoring.observed import FeatureSeen

BAR = 14
NAME = 20
GAP = 12
FIGURE = 44
AXIS = 34
HEIGHT = 160


def drift_bars(
    rows: Sequence[tuple[str, Sequence[tuple[int, float]]]], threshold: float | None
) -> str:
    """A bar each target in a group each feature; the upright lines are the threshold.

    A bar is given as (place of its target, population stability index).
    """
    highest = max([threshold or 0.0, 0.1, *(value for _, bars in rows for _, value in bars)])
    x = Scale(0, highest * 1.05, LEFT, WIDTH - RIGHT - FIGURE)
    shapes, top = [], 0.0
    for name, bars in rows:
        shapes.append(svg.text(LEFT, top + 13, name, style="name"))
        for line, (place, value) in enumerate(bars):
            at = top + NAME + line * BAR
            figure = f"{value:.3f}"
            shapes += [
                svg.box(LEFT, at, x(value) - LEFT, BAR - 2, f"part s{place % 6}"),
                svg.text(WIDTH - RIGHT, at + 10, figure, anchor="end", style="soft"),
            ]
        if threshold is not None:
            end = top + NAME + len(bars) * BAR
            shapes.append(svg.line(x(threshold), top + NAME - 3, x(threshold), end, "mark s5"))
        top += NAME + len(bars) * BAR + GAP
    shapes.append(svg.line(LEFT, top, x(x.high), top, "axis"))
    for mark in svg.ticks(0, x.high, 4):
        shapes.append(svg.line(x(mark), top, x(mark), top + 4, "axis"))
        shapes.append(svg.text(x(mark), top + 18, f"{mark:g}", anchor="middle", style="soft"))
    said = "; ".join(
        f"{name} {', '.join(f'{value:.2f}' for _, value in bars)}" for name, bars in rows
    )
    return svg.picture(shapes, top + AXIS, f"Population stability index of each feature. {said}.")


def shares_bars(feature: FeatureSeen, place: int) -> str:
    """How one feature's values fall into the bins: in the table (grey), and as served."""
    counts = in_bins(feature.counts, missing=feature.missing)
    served = [count / max(sum(counts), 1) for count in counts]
    y = Scale(0, max(*served, *feature.shares, 0.1) * 1.05, HEIGHT, 24)
    room = (WIDTH - RIGHT - LEFT - 36) / len(served)
    shapes = [svg.text(LEFT, 13, feature.name, style="name")]
    for mark in svg.ticks(0, y.high, 4):
        shapes += [
            svg.line(LEFT + 36, y(mark), WIDTH - RIGHT, y(mark), "grid"),
            svg.text(LEFT + 30, y(mark) + 4, f"{mark:.0%}", anchor="end", style="soft"),
        ]
    for number, (before, now) in enumerate(zip(feature.shares, served, strict=True)):
        at = LEFT + 36 + number * room
        width = (room - 4) / 2
        shapes += [
            svg.box(at + 2, y(before), width, HEIGHT - y(before), "part s4"),
            svg.box(at + 2 + width, y(now), width, HEIGHT - y(now), f"part s{place % 6}"),
        ]
    shapes += [
        svg.line(LEFT + 36, HEIGHT, WIDTH - RIGHT, HEIGHT, "axis"),
        svg.text(LEFT + 36, HEIGHT + 18, "lowest values", style="soft"),
        svg.text(WIDTH - RIGHT, HEIGHT + 18, "highest values", anchor="end", style="soft"),
    ]
    said = ", ".join(f"{now:.0%}" for now in served)
    return svg.picture(shapes, HEIGHT + AXIS, f"{feature.name} as served, by bin: {said}.")
